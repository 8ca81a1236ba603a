// Package requestapproval is the RequestApproval task: a plan goes in, approval.json comes out: the question, bound to the
// plan's digest, and the token with which the answer wakes the run.
package requestapproval

import (
	"context"
	"time"

	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
)

// Handler asks people.
type Handler struct {
	Objects objects.Store
	Now     func() time.Time
}

// In is the plan to be approved and the token of the waiting task.
type In struct {
	Run  run.Ref `json:"run"`
	Plan struct {
		Digest          string `json:"digest"`
		ApprovalTimeout int    `json:"approvalTimeout"`
	} `json:"plan"`
	Token string `json:"token"`
}

// Out is empty: the answer comes by the token.
type Out struct{}

// Handle writes approval.json. It may be written again: a task that is retried gets another token.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	now := h.Now().UTC()
	return Out{}, run.Archive{Store: h.Objects, Ref: in.Run}.Replace(ctx, run.ApprovalArtifact, run.Approval{
		SchemaVersion: run.ApprovalVersion, Run: in.Run.ID, PlanDigest: in.Plan.Digest, Token: in.Token, RequestedAt: now,
		ExpiresAt: now.Add(time.Duration(in.Plan.ApprovalTimeout) * time.Second)})
}

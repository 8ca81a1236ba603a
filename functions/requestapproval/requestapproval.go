// Package requestapproval is the RequestApproval task: a plan goes in, approval.json comes out: the question, bound to the
// plan, its state and its bundle, and the token with which the answer wakes the run.
package requestapproval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/functions/decide"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

// Handler asks people.
type Handler struct {
	Objects objects.Store
	Answers decide.Answers
	Now     func() time.Time
	// Signer and BaseURL make links to approve and to reject by; without them there are none.
	Signer  decide.Signer
	BaseURL string
	Teller  Teller // may be nil
}

// Teller tells people that a run waits for them.
type Teller interface {
	ApprovalWanted(ctx context.Context, wanted Wanted) error
}

// Wanted is what people are told.
type Wanted struct {
	Run         run.Ref     `json:"run"`
	StartedBy   string      `json:"startedBy,omitempty"`
	Summary     string      `json:"summary"` // the plan in one line
	Counts      plan.Counts `json:"counts"`
	Missing     int         `json:"missing"` // how many have to agree
	ExpiresAt   time.Time   `json:"expiresAt"`
	ApproveURL  string      `json:"approveUrl,omitempty"` // works once
	RejectURL   string      `json:"rejectUrl,omitempty"`
	ApproveWith string      `json:"approveWith"` // the command that does the same
}

// In is the plan to be approved, the environment's conditions, and the token of the waiting task.
type In struct {
	Run  run.Ref `json:"run"`
	Plan struct {
		Digest          string `json:"digest"`
		ApprovalTimeout int    `json:"approvalTimeout"` // seconds
		MinApprovals    int    `json:"minApprovals"`
		AllowSelf       bool   `json:"allowSelf"`
	} `json:"plan"`
	Token string `json:"token"`
}

// Out says why people could not be told, if so; the answer comes by the token.
type Out struct {
	Untold string `json:"untold,omitempty"`
}

// LinkHolders is whose decision one counts that came by a link which was sent to a channel.
const LinkHolders = "a holder of the approval link"

// Handle writes approval.json. A task that is tried again gets another token; decisions about the same plan are kept, and
// when they suffice, the run is woken at once. The error is *run.StalePlan when the plan is not the archive's.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	archive := run.Archive{Store: h.Objects, Ref: in.Run}
	var made plan.Plan
	if err := archive.Read(ctx, run.PlanArtifact, &made); err != nil {
		return Out{}, err
	}
	if made.Digest != in.Plan.Digest {
		return Out{}, &run.StalePlan{Run: in.Run.ID, Reason: "another plan stands in its archive"}
	}
	var request run.Request
	if err := archive.Read(ctx, run.RequestArtifact, &request); err != nil {
		return Out{}, err
	}
	now := h.Now().UTC()
	asked, err := ask(ctx, archive, run.Approval{
		SchemaVersion: run.ApprovalVersion, Run: in.Run.ID, PlanDigest: made.Digest, Serial: made.Base.Serial, Bundle: made.Bundle,
		StartedBy: request.StartedBy, MinApprovals: max(in.Plan.MinApprovals, 1), AllowSelf: in.Plan.AllowSelf,
		OverrideFreeze: request.OverrideFreeze, Token: in.Token, RequestedAt: now,
		ExpiresAt: now.Add(time.Duration(in.Plan.ApprovalTimeout) * time.Second)})
	if err != nil {
		return Out{}, err
	}
	if asked.Verdict() != run.Pending {
		_, err := decide.Wake(ctx, h.Answers, asked)
		return Out{}, err
	}
	// That people cannot be told does not stop the run: who looks finds it, and the command decides as well as a link.
	return Out{Untold: because(h.tell(ctx, in.Run, &made, asked))}, nil
}

// ask writes the question over an earlier one. What was decided about the same plan stays, so that nobody's decision is lost
// between two tries of the task.
func ask(ctx context.Context, archive run.Archive, question run.Approval) (run.Approval, error) {
	const tries = 8
	key := archive.Key(run.ApprovalArtifact)
	for range tries {
		condition := objects.IfAbsent()
		object, err := archive.Store.Get(ctx, key)
		switch {
		case err == nil:
			var before run.Approval
			if err := json.Unmarshal(object.Data, &before); err != nil {
				return question, fmt.Errorf("decode %s: %w", key, err)
			}
			if condition = objects.IfMatch(object.ETag); before.PlanDigest == question.PlanDigest {
				question.Decisions, question.RequestedAt, question.ExpiresAt = before.Decisions, before.RequestedAt, before.ExpiresAt
			}
		case !errors.Is(err, objects.ErrNotFound):
			return question, err
		}
		data, err := run.Encode(question)
		if err != nil {
			return question, err
		}
		_, err = archive.Store.Put(ctx, key, data, condition)
		if !errors.Is(err, objects.ErrPrecondition) && !errors.Is(err, objects.ErrConflict) {
			return question, err
		}
	}
	return question, fmt.Errorf("%s: others keep writing it", key)
}

// tell lets people know.
func (h Handler) tell(ctx context.Context, ref run.Ref, made *plan.Plan, asked run.Approval) error {
	if h.Teller == nil {
		return nil
	}
	wanted := Wanted{Run: ref, StartedBy: asked.StartedBy, Summary: report.PlanSummary(made), Counts: made.Counts, Missing: asked.Missing(),
		ExpiresAt: asked.ExpiresAt, ApproveWith: "deployer approve " + ref.ID}
	if h.Signer != nil && h.BaseURL != "" {
		link := decide.Link{Run: ref.ID, Stack: ref.Stack, Environment: ref.Environment, Plan: asked.PlanDigest, By: LinkHolders,
			Decision: run.Approve, Expires: asked.ExpiresAt}
		var err error
		// A link does not know who holds it: it may be the one who started the run, or the same person twice. It approves only
		// where neither matters; to reject is for everybody.
		if asked.AllowSelf && asked.MinApprovals <= 1 {
			if wanted.ApproveURL, err = link.URL(ctx, h.BaseURL, h.Signer); err != nil {
				return err
			}
		}
		link.Decision = run.Reject
		if wanted.RejectURL, err = link.URL(ctx, h.BaseURL, h.Signer); err != nil {
			return err
		}
	}
	return h.Teller.ApprovalWanted(ctx, wanted)
}

// because is an error's text; "" when there is none.
func because(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

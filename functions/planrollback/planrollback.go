// Package planrollback is the PlanRollback task: a run whose rollout failed goes in; where what it did is to be taken back,
// the plan that does so comes out, as a part of the run with an archive of its own.
package planrollback

import (
	"context"
	"errors"
	"time"

	"github.com/deployer-io/deployer/functions/settlewave"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// Handler plans rollbacks.
type Handler struct {
	Objects     objects.Store
	Locker      *lock.Locker
	Now         func() time.Time
	PerLevel    bool // see plan.Options
	Parallelism int
}

// In refers to the run whose rollout failed.
type In struct {
	Run   run.Ref    `json:"run"`
	Lease lock.Lease `json:"lease"`
}

// Out says how many waves take back what was done; none: it stays as it is.
type Out struct {
	Run   run.Ref `json:"run"` // the part of the run that takes it back
	Waves int     `json:"waves"`
	Steps int     `json:"steps"`
}

// Handle plans once: called again, it returns the plan that is there, whatever was done of it. The error is *lock.LockLost
// when the run may not act any more, *run.Halted when it was asked to begin nothing new: a rollback would be something new. A
// rollback that has begun is not halted, since half of it is worse than either.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	if err := h.Locker.Check(ctx, in.Lease); err != nil {
		return Out{}, err
	}
	archive := run.Archive{Store: h.Objects, Ref: in.Run}
	undo := run.Archive{Store: h.Objects, Ref: in.Run.Undo()}
	there, err := Read(ctx, archive)
	if err != nil {
		return Out{}, err
	}
	if there == nil {
		if err := archive.Halted(ctx); err != nil {
			return Out{}, err
		}
		if there, err = h.plan(ctx, archive, undo, in.Lease); err != nil {
			return Out{}, err
		}
	}
	return Out{Run: undo.Ref, Waves: len(there.Waves), Steps: len(there.Steps)}, nil
}

// Read returns the plan that takes back what a run did; nil when there is none.
func Read(ctx context.Context, archive run.Archive) (*plan.Plan, error) {
	archive.Ref = archive.Ref.Undo()
	var there plan.Plan
	err := archive.Read(ctx, run.PlanArtifact, &there)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil
	}
	return &there, err
}

// plan looks at what was done and, where the failures ask for it, plans to take it back.
func (h Handler) plan(ctx context.Context, archive, undo run.Archive, lease lock.Lease) (*plan.Plan, error) {
	var done plan.Plan
	if err := archive.Read(ctx, run.PlanArtifact, &done); err != nil {
		return nil, err
	}
	store := state.NewStore(h.Objects, archive.Ref.Scope(), state.WithClock(h.Now))
	outcomes, err := settlewave.Gather(ctx, archive, &done, done.Steps, h.Now())
	if err != nil {
		return nil, err
	}
	now, err := settlewave.Merge(ctx, store, archive.Ref, lease, &done, outcomes)
	if err != nil {
		return nil, err
	}
	answer := execution.Answer(&done, outcomes)
	if answer == "" { // every component is fine, and the rollout failed all the same
		answer = done.Answer(nil)
	}
	if answer != resource.OnFailureRollback {
		return &plan.Plan{}, nil
	}
	before, err := former(ctx, store, &done)
	if err != nil {
		return nil, err
	}
	var request run.Request
	if err := archive.Read(ctx, run.RequestArtifact, &request); err != nil {
		return nil, err
	}
	approved, err := agreed(ctx, archive, request)
	if err != nil {
		return nil, err
	}
	options := plan.Options{Run: undo.Ref.ID, PerLevel: h.PerLevel, Parallelism: h.Parallelism,
		Bundle: run.BundleRef{Key: before.Bundle.Key, VersionID: before.Bundle.VersionID, SHA256: before.Bundle.SHA256}}
	if request.Parallelism > 0 {
		options.Parallelism = request.Parallelism
	}
	made, set, err := plan.Rollback(plan.Undoing{Plan: &done, Fates: execution.Fates(outcomes), Before: &before, Now: &now, Approved: approved}, options)
	if err != nil {
		return nil, err
	}
	return made, write(ctx, undo, request, set, made)
}

// former is the state that a plan started from.
func former(ctx context.Context, store *state.Store, p *plan.Plan) (state.Snapshot, error) {
	if p.Base.Serial == 0 {
		return state.Snapshot{SchemaVersion: state.SchemaVersion, Scope: p.Scope}, nil
	}
	return store.At(ctx, p.Base.Serial)
}

// agreed reports whether a person has agreed to the plan, and so to what it says of its rollback.
func agreed(ctx context.Context, archive run.Archive, request run.Request) (bool, error) {
	var approval run.Approval
	err := archive.Read(ctx, run.ApprovalArtifact, &approval)
	switch {
	case err == nil:
		return approval.Verdict() == run.Approved, nil
	case !errors.Is(err, objects.ErrNotFound):
		return false, err
	case !request.AutoApprove:
		return false, nil
	}
	var set resource.Set
	if err := archive.Read(ctx, run.ResourcesArtifact, &set); err != nil {
		return false, err
	}
	return set.Environment.Approval.AllowSelf, nil
}

// write puts down the plan last: with it, the rollback exists.
func write(ctx context.Context, undo run.Archive, request run.Request, set *resource.Set, made *plan.Plan) error {
	request.Operation = run.Rollback
	if err := undo.Replace(ctx, run.RequestArtifact, request); err != nil {
		return err
	}
	if err := undo.Replace(ctx, run.ResourcesArtifact, set); err != nil {
		return err
	}
	return undo.Write(ctx, run.PlanArtifact, made)
}

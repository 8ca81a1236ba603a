// Package savestate is the SaveState task: whatever became of the rollout, every outcome that is not yet in the state is
// merged, and the run's Ending comes out. What was rolled back is held: the same is not deployed again by itself.
package savestate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deployer-io/deployer/functions/planrollback"
	"github.com/deployer-io/deployer/functions/settlewave"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// Handler saves the state.
type Handler struct {
	Objects objects.Store
	Now     func() time.Time
	// Workers may be nil where a rollout that has ended has nothing at work any more.
	Workers Workers
}

// Workers stops what a rollout has started. One that a person stopped leaves tasks behind which go on for up to two
// minutes: until they have ended, nobody knows what they did, and nobody else may have the lock.
type Workers interface {
	// StopWorkers returns an error as long as something has not ended.
	StopWorkers(ctx context.Context, run string) error
}

// In refers to the run and tells why its rollout failed, if it did.
type In struct {
	Run     run.Ref      `json:"run"`
	Lease   lock.Lease   `json:"lease"`
	Failure *run.Failure `json:"failure"`
}

// Out is how the run ended.
type Out struct {
	Ending  run.Ending   `json:"ending"`
	Failure *run.Failure `json:"failure"`
}

// Handle merges and judges. A lock that was lost meanwhile makes the run dirty: what it left is for its successor.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	if in.Failure != nil && h.Workers != nil {
		if err := h.Workers.StopWorkers(ctx, in.Run.ID); err != nil {
			return Out{}, err
		}
	}
	archive := run.Archive{Store: h.Objects, Ref: in.Run}
	var p plan.Plan
	if err := archive.Read(ctx, run.PlanArtifact, &p); err != nil {
		return Out{}, err
	}
	undo, err := planrollback.Read(ctx, archive)
	if err != nil {
		return Out{}, err
	}
	store := state.NewStore(h.Objects, in.Run.Scope(), state.WithClock(h.Now))
	outcomes, err := settlewave.Gather(ctx, archive, &p, p.Steps, h.Now())
	if err != nil {
		return Out{}, err
	}
	var taken []execution.Outcome
	if undo == nil {
		_, err = settlewave.Merge(ctx, store, in.Run, in.Lease, &p, outcomes)
	} else { // the run's own outcomes were merged before that was planned; merged again they would hide what was taken back
		taken, err = h.takeBack(ctx, store, in, undo, outcomes)
	}
	var fenced *state.FencedOut
	if errors.As(err, &fenced) {
		return Out{Ending: run.FailedDirty, Failure: &run.Failure{Error: "LockLost", Cause: err.Error()}}, nil
	}
	if err != nil {
		return Out{}, err
	}
	if undo != nil {
		return judgeRollback(in, outcomes, undo, taken), nil
	}
	out := judge(in, outcomes)
	if in.Run.Operation == run.Rollback && out.Ending == run.Succeeded {
		err = h.holdReplaced(ctx, store, in, &p)
	}
	return out, err
}

// holdReplaced holds what was deployed before the run went back to an earlier serial.
func (h Handler) holdReplaced(ctx context.Context, store *state.Store, in In, p *plan.Plan) error {
	before, err := store.At(ctx, p.Base.Serial)
	if err != nil {
		return err
	}
	ref := in.Run
	ref.ID = before.Run
	var replaced, asked run.Request
	err = run.Archive{Store: h.Objects, Ref: ref.Whole()}.Read(ctx, run.RequestArtifact, &replaced)
	if errors.Is(err, objects.ErrNotFound) { // kept no longer: then nothing starts it again by itself either
		return nil
	}
	if err != nil {
		return err
	}
	if err := (run.Archive{Store: h.Objects, Ref: in.Run}).Read(ctx, run.RequestArtifact, &asked); err != nil {
		return err
	}
	return h.hold(ctx, store, in, p, state.Hold{Run: in.Run.ID, Input: replaced.Input(), Reason: fmt.Sprintf("back to serial %d", asked.To)})
}

// hold keeps an input from being deployed by itself.
func (h Handler) hold(ctx context.Context, store *state.Store, in In, p *plan.Plan, hold state.Hold) error {
	var touched []address.Address
	for _, step := range p.Steps {
		touched = append(touched, step.Address)
	}
	hold.At = h.Now().UTC()
	_, err := store.Commit(ctx, state.Fence{Keys: in.Lease.Keys, Number: in.Lease.Fence}, touched, func(s *state.Snapshot) error {
		if s.Hold != nil && s.Hold.Run == hold.Run {
			return state.ErrNoChange
		}
		s.Run, s.Hold = p.Run, &hold
		return nil
	})
	return err
}

// takeBack merges what became of the rollback, and holds what was rolled back.
func (h Handler) takeBack(ctx context.Context, store *state.Store, in In, undo *plan.Plan, outcomes []execution.Outcome) ([]execution.Outcome, error) {
	archive := run.Archive{Store: h.Objects, Ref: in.Run.Undo()}
	taken, err := settlewave.Gather(ctx, archive, undo, undo.Steps, h.Now())
	if err != nil {
		return nil, err
	}
	if _, err = settlewave.Merge(ctx, store, archive.Ref, in.Lease, undo, taken); err != nil || len(undo.Steps) == 0 {
		return taken, err
	}
	var request run.Request
	if err := (run.Archive{Store: h.Objects, Ref: in.Run}).Read(ctx, run.RequestArtifact, &request); err != nil {
		return nil, err
	}
	return taken, h.hold(ctx, store, in, undo, state.Hold{Run: in.Run.ID, Reason: reason(outcomes, in), Input: request.Input()})
}

// reason is why the run was rolled back, short.
func reason(outcomes []execution.Outcome, in In) string {
	for _, o := range outcomes {
		if o.Outcome == execution.Failed {
			return o.Address.Short() + ": " + firstLine(o.Message)
		}
	}
	if failure := inner(in.Failure); failure != nil {
		return failure.Error + ": " + firstLine(failure.Cause)
	}
	return "its rollout failed"
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// judgeRollback says how a run ended whose doings were to be taken back: clean when all of them were, or what is left
// stands as the rollback's plan said and is whole. A rollback that failed is never clean, though all it did be known by
// now: a person is waited for, and learns it from how the run ended.
func judgeRollback(in In, outcomes []execution.Outcome, undo *plan.Plan, taken []execution.Outcome) Out {
	out := judge(in, outcomes)
	if out.Failure == nil {
		out.Failure = &run.Failure{Error: settlewave.WaveFailed, Cause: "the rollout failed"}
	}
	left := 0
	for _, o := range taken {
		if !o.Outcome.Fine() {
			left++
		}
	}
	half := slices.ContainsFunc(undo.Kept, func(k plan.Kept) bool { return k.Half })
	second := inner(in.Failure)
	switch {
	case left > 0:
		out.Ending = run.FailedDirty
		out.Failure = &run.Failure{Error: run.RollbackFailed, Cause: fmt.Sprintf(
			"%s; taking back what the run had done failed as well: %d of %d components are not as they were before", out.Failure.Cause, left, len(taken))}
	case second.NeedsPerson():
		out.Ending, out.Failure = run.FailedDirty, &run.Failure{Error: run.RollbackFailed, Cause: second.Cause +
			"; by now the state says of every component that it was taken back, so look whether that is so"}
	case half:
		out.Ending = run.FailedDirty
	default:
		out.Ending = run.FailedClean
	}
	return out
}

func judge(in In, outcomes []execution.Outcome) Out {
	failed, dirty := 0, 0
	for _, o := range outcomes {
		if !o.Outcome.Fine() {
			failed++
		}
		if o.Dirty {
			dirty++
		}
	}
	out := Out{Ending: run.Succeeded}
	switch {
	case dirty > 0:
		out.Ending = run.FailedDirty
	case failed > 0 || in.Failure != nil:
		out.Ending = run.FailedClean
	default:
		return out
	}
	out.Failure = inner(in.Failure)
	if out.Failure == nil {
		out.Failure = &run.Failure{Error: settlewave.WaveFailed, Cause: fmt.Sprintf("%d components failed or were skipped", failed)}
	}
	return out
}

// inner is the failure of the execution that a failed one was waiting for, however deep: Step Functions wraps it as
// States.TaskFailed with the description of the execution as JSON.
func inner(failure *run.Failure) *run.Failure {
	for failure != nil && failure.Error == "States.TaskFailed" {
		var execution run.Failure
		// The description's fields are called Error and Cause; names are matched whatever their case.
		if json.Unmarshal([]byte(failure.Cause), &execution) != nil || execution.Error == "" {
			break
		}
		failure = &execution
	}
	return failure
}

// Package savestate is the SaveState task: whatever became of the rollout, every outcome that is not yet in the state is
// merged, and the run's Ending comes out.
package savestate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/functions/settlewave"
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
	archive := run.Archive{Store: h.Objects, Ref: in.Run}
	var p plan.Plan
	if err := archive.Read(ctx, run.PlanArtifact, &p); err != nil {
		return Out{}, err
	}
	store := state.NewStore(h.Objects, in.Run.Scope(), state.WithClock(h.Now))
	outcomes, err := settlewave.Gather(ctx, archive, &p, p.Steps, h.Now())
	if err != nil {
		return Out{}, err
	}
	_, err = settlewave.Merge(ctx, store, in.Run, in.Lease, &p, outcomes)
	var fenced *state.FencedOut
	if errors.As(err, &fenced) {
		return Out{Ending: run.FailedDirty, Failure: &run.Failure{Error: "LockLost", Cause: err.Error()}}, nil
	}
	if err != nil {
		return Out{}, err
	}
	return judge(in, outcomes), nil
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
		out.Failure = &run.Failure{Error: "WaveFailed", Cause: fmt.Sprintf("%d components failed or were skipped", failed)}
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

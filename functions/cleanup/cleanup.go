// Package cleanup is the Cleanup task: a run whose execution ended without seeing to its own end goes in; its outcomes are
// in the state, its lock is free and it has a report when this comes out.
package cleanup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/functions/makereport"
	"github.com/deployer-io/deployer/functions/savestate"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

// Handler cleans up.
type Handler struct {
	Objects objects.Store
	Locker  *lock.Locker
	Now     func() time.Time
}

// In is the run and why it has to be cleaned up: how its execution ended.
type In struct {
	Run     run.Ref     `json:"run"`
	Request run.Request `json:"request"`
	Why     string      `json:"why"`
}

// Out says what there was to do.
type Out struct {
	Released int        `json:"released"` // locks
	Ending   run.Ending `json:"ending,omitempty"`
}

// Handle may be called again and for a run that has ended well: it then finds nothing to do.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	held, err := h.Locker.Held(ctx, in.Run.Scope())
	if err != nil {
		return Out{}, err
	}
	out := Out{}
	failure := &run.Failure{Error: run.Stopped, Cause: fmt.Sprintf("the run was stopped (%s) before it had ended", in.Why)}
	ending := run.FailedClean
	for _, holding := range held {
		if holding.Run != in.Run.ID {
			continue
		}
		lease := holding.Lease()
		saved, err := savestate.Handler{Objects: h.Objects, Now: h.Now}.Handle(ctx, savestate.In{Run: in.Run, Lease: lease, Failure: failure})
		switch {
		case errors.Is(err, objects.ErrNotFound): // it had no plan yet: nothing was changed
		case err != nil:
			return out, err
		default:
			ending, failure = saved.Ending, saved.Failure
		}
		if err := h.Locker.Release(ctx, lease); err != nil {
			return out, err
		}
		out.Released++
	}
	reported, err := h.reported(ctx, in.Run)
	if err != nil || reported {
		return out, err
	}
	out.Ending = ending
	return out, h.report(ctx, in, ending, failure)
}

func (h Handler) reported(ctx context.Context, ref run.Ref) (bool, error) {
	var there report.Report
	err := run.Archive{Store: h.Objects, Ref: ref}.Read(ctx, run.ReportArtifact, &there)
	if errors.Is(err, objects.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (h Handler) report(ctx context.Context, in In, ending run.Ending, failure *run.Failure) error {
	started := h.Now()
	if request, err := h.Objects.Get(ctx, run.Archive{Ref: in.Run}.Key(run.RequestArtifact)); err == nil {
		started = request.Modified
	} else if !errors.Is(err, objects.ErrNotFound) {
		return err
	}
	_, err := makereport.Handler{Objects: h.Objects, Now: h.Now}.Handle(ctx, makereport.In{Run: &in.Run, Execution: in.Run.ID,
		StartedAt: started, Request: in.Request, Ending: ending, Failure: failure})
	return err
}

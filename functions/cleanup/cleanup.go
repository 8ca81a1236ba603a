// Package cleanup is the Cleanup task: a run whose execution ended without seeing to its own end goes in; nothing of it
// runs any more, its outcomes are in the state, its lock is free and it has a report when this comes out.
package cleanup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/deployer-io/deployer/functions/makereport"
	"github.com/deployer-io/deployer/functions/quarantine"
	"github.com/deployer-io/deployer/functions/savestate"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

// Executions is what has to be known and done about the executions of runs.
type Executions interface {
	// Stop ends everything that still runs for a run, as lock.Stopper says.
	Stop(ctx context.Context, run string) error
	// Request returns what a run was started with; nil where nobody knows that any more.
	Request(ctx context.Context, run string) (*run.Request, error)
}

// Handler cleans up.
type Handler struct {
	Objects objects.Store
	Locker  *lock.Locker
	// Executions may be nil where nothing can run any more: the process that carried the run out is dead.
	Executions Executions
	Now        func() time.Time
	Teller     Teller // may be nil
}

// Teller tells people how a run ended that nobody else tells of, that a lock was freed by force, and that one waits for them.
type Teller interface {
	Ended(ctx context.Context, r report.Report) (told []string, err error)
	Unlocked(ctx context.Context, at address.Address, holder, actor, reason string) error
	quarantine.Teller
}

// Out says what there was to do.
type Out struct {
	Released int `json:"released"` // locks
	// Quarantined are the locks that wait for a person from now on.
	Quarantined int        `json:"quarantined,omitempty"`
	Ending      run.Ending `json:"ending,omitempty"`
	// Unsaved says why what a run did could not be merged into the state although its lock was freed, by force; "" when it
	// was, or there was nothing.
	Unsaved   string     `json:"unsaved,omitempty"`
	Recovered *Recovered `json:"recovered,omitempty"`
	// Pruned is how many snapshots were thrown away.
	Pruned int `json:"pruned,omitempty"`
}

// actor is who frees the lock, in the audit row.
const actor = "cleanup"

// Handle may be called again and for a run that has ended well: it then finds nothing to do. A quarantined lock stays: it
// waits for a person, who frees it by In.Force. So does, from now on, that of a run which was cut off while it was being
// taken back.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	if in.Force != nil {
		return h.force(ctx, *in.Force)
	}
	if in.Recover != nil {
		return h.recover(ctx, *in.Recover)
	}
	if in.Prune {
		return h.prune(ctx)
	}
	held, err := h.Locker.Held(ctx, in.scope())
	if err != nil {
		return Out{}, err
	}
	held = slices.DeleteFunc(held, func(holding lock.Holding) bool { return holding.Run != in.id() })
	known, err := h.complete(ctx, &in, held)
	if err != nil || !known {
		return Out{}, err
	}
	settled, err := h.settle(ctx, in, held)
	if err != nil {
		return Out{}, err
	}
	out := Out{}
	for _, holding := range held {
		if holding.Quarantine == "" {
			if err := h.free(ctx, in, holding, settled, &out); err != nil {
				return out, err
			}
		}
	}
	out.Ending, err = h.conclude(ctx, in, settled)
	return out, err
}

// free frees a lock, or leaves it to a person where what the run had done was not taken back.
func (h Handler) free(ctx context.Context, in In, holding lock.Holding, settled savestate.Out, out *Out) error {
	if settled.Failure.NeedsPerson() {
		_, err := quarantine.Handler{Locker: h.Locker, Teller: h.Teller}.Handle(ctx, quarantine.In{Run: in.Run, Lease: holding.Lease(), Cause: settled.Failure.Cause})
		if err == nil {
			out.Quarantined++
		}
		return err
	}
	if err := h.Locker.Evict(ctx, holding, actor, "its execution ended: "+in.Why); err != nil {
		return err
	}
	out.Released++
	return nil
}

// settle stops what still runs of the run and merges what it did into the state, under the locks that it holds.
func (h Handler) settle(ctx context.Context, in In, held []lock.Holding) (savestate.Out, error) {
	settled := savestate.Out{Ending: run.FailedClean,
		Failure: &run.Failure{Error: run.Stopped, Cause: fmt.Sprintf("the run was stopped (%s) before it had ended", in.Why)}}
	if h.Executions != nil {
		if err := h.Executions.Stop(ctx, in.Run.ID); err != nil {
			return settled, fmt.Errorf("stop run %s: %w", in.Run.ID, err)
		}
	}
	for _, lease := range leases(held) {
		saved, err := h.save(ctx, in.Run, lease, settled.Failure)
		if err != nil {
			return settled, err
		}
		if saved != nil {
			settled = *saved
		}
	}
	for _, holding := range held {
		if holding.Quarantine != "" && !settled.Failure.NeedsPerson() {
			settled.Ending, settled.Failure = run.FailedDirty, &run.Failure{Error: run.RollbackFailed, Cause: holding.Quarantine}
		}
	}
	return settled, nil
}

// conclude gives a run that has no report one; the ending is "" when it had one.
func (h Handler) conclude(ctx context.Context, in In, settled savestate.Out) (run.Ending, error) {
	reported, err := h.reported(ctx, in.Run)
	if err != nil || reported {
		return "", err
	}
	return settled.Ending, h.report(ctx, in, settled.Ending, settled.Failure)
}

// complete finds out which run is meant: an event knows only its execution's name. A run that holds a lock has its scope
// there; of another one the request tells it. False: nobody knows the run, so there is nothing to clean up.
func (h Handler) complete(ctx context.Context, in *In, held []lock.Holding) (known bool, err error) {
	if in.Run.ID != "" {
		return true, nil
	}
	var scope address.Address
	switch {
	case len(held) > 0:
		scope = held[0].Address.Scope()
	case in.requested():
		scope, err = in.Request.Scope()
	case h.Executions != nil:
		var request *run.Request
		if request, err = h.Executions.Request(ctx, in.Execution); err == nil && request != nil {
			in.Request = *request
			scope, err = request.Scope()
		}
	}
	if err != nil || scope == (address.Address{}) {
		return false, err
	}
	in.Run, err = run.Locate(ctx, h.Objects, scope, in.Execution)
	var unknown *run.RunUnknown
	if errors.As(err, &unknown) { // it ended before it wrote anything; it shall have a report all the same
		in.Run, err = run.Ref{Stack: scope.Stack, Environment: scope.Environment, ID: in.Execution, Operation: in.operation()}, nil
	}
	return err == nil, err
}

// requested reports whether it is known what was asked for.
func (in In) requested() bool { return in.Request.Bundle.Key != "" || in.Request.Stack != "" }

func (in In) operation() run.Operation {
	if in.Request.Operation == "" {
		return run.Deploy
	}
	return in.Request.Operation
}

// leases puts together again what was granted together.
func leases(held []lock.Holding) []lock.Lease {
	var all []lock.Lease
	for _, holding := range held {
		i := slices.IndexFunc(all, func(l lock.Lease) bool { return l.LockID == holding.LockID && l.Fence == holding.Fence })
		if i < 0 {
			all = append(all, holding.Lease())
			continue
		}
		all[i].Keys = append(all[i].Keys, holding.Address.LockKey())
	}
	return all
}

// save merges what the run did; nil: it had no plan yet, so it did nothing.
func (h Handler) save(ctx context.Context, ref run.Ref, lease lock.Lease, failure *run.Failure) (*savestate.Out, error) {
	saved, err := savestate.Handler{Objects: h.Objects, Now: h.Now}.Handle(ctx, savestate.In{Run: ref, Lease: lease, Failure: failure})
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &saved, nil
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
	archive := run.Archive{Store: h.Objects, Ref: in.Run}
	request, err := h.Objects.Get(ctx, archive.Key(run.RequestArtifact))
	switch {
	case err == nil:
		started = request.Modified
		if !in.requested() {
			err = archive.Read(ctx, run.RequestArtifact, &in.Request)
		}
	case errors.Is(err, objects.ErrNotFound):
		err = nil
	}
	if err != nil {
		return err
	}
	_, err = makereport.Handler{Objects: h.Objects, Now: h.Now}.Handle(ctx, makereport.In{Run: &in.Run, Execution: in.Run.ID,
		StartedAt: started, Request: in.Request, Ending: ending, Failure: failure})
	if err != nil || h.Teller == nil {
		return err
	}
	var made report.Report
	if err := archive.Read(ctx, run.ReportArtifact, &made); err != nil {
		return err
	}
	if _, err := h.Teller.Ended(ctx, made); err != nil {
		return fmt.Errorf("tell how run %s ended: %w", in.Run.ID, err)
	}
	return nil
}

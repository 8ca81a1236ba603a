package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/deployer-io/deployer/functions/cleanup"
	"github.com/deployer-io/deployer/functions/keeplocks"
	"github.com/deployer-io/deployer/functions/makereport"
	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// keepEvery is how often a running process sees to the locks, as the schedule does on AWS; leases last much longer.
const keepEvery = time.Minute

// RunAlive is the error of taking a lock away from a run that another process is carrying out.
type RunAlive struct{ Run string }

func (e *RunAlive) Error() string {
	return fmt.Sprintf("run %s is being carried out by another process; wait for it, or stop that process", e.Run)
}

// executions is what this environment knows of the executions of runs: its own by the engine, those of other processes by
// the book.
type executions struct{ *Environment }

var (
	_ keeplocks.Executions = executions{}
	_ cleanup.Executions   = executions{}
)

// Running implements keeplocks.Executions.
func (e executions) Running(_ context.Context, id string) (bool, error) {
	if x, here := e.engine.Execution(id); here {
		return x.Status() == asl.StatusRunning, nil
	}
	return e.book.running(id)
}

// Request implements cleanup.Executions.
func (e executions) Request(_ context.Context, id string) (*run.Request, error) {
	data, err := os.ReadFile(filepath.Join(e.book.dir, filepath.Base(id), entryFile))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var there entry
	if err := json.Unmarshal(data, &there); err != nil {
		return nil, fmt.Errorf("%s of run %s: %w", entryFile, id, err)
	}
	return &there.Request, nil
}

// Stop implements lock.Stopper. A run of another process that is alive cannot be stopped from here; of a process that died
// nothing runs any more.
func (e executions) Stop(ctx context.Context, id string) error {
	if x, here := e.engine.Execution(id); here {
		x.Stop(run.Stopped, "its lock is taken away") // the executions that it started end with it
		if _, err := x.Wait(ctx); err != nil {
			return err
		}
		for _, part := range run.Parts(id) {
			if err := e.tasks.wait(ctx, part); err != nil {
				return err
			}
		}
		return nil
	}
	if _, known := e.book.ended(id); !known {
		return nil
	}
	ended, err := e.abandon(ctx, id)
	if err != nil || ended {
		return err
	}
	alive, err := e.book.running(id)
	if err == nil && alive {
		return &RunAlive{Run: id}
	}
	return err
}

// abandon ends a run that was left to wait: it has begun nothing, so it is told to people and that is all.
func (e executions) abandon(ctx context.Context, id string) (ended bool, err error) {
	closeAlive, taken, err := e.book.takeUp(id)
	if err != nil || !taken {
		return false, err
	}
	there, err := e.book.entered(id)
	if err == nil {
		_, err = makereport.Handler{Objects: e.Objects, Now: e.options.Now}.Handle(ctx, makereport.In{Run: &there.Run, Execution: id,
			StartedAt: e.options.Now(), Request: there.Request, Ending: run.Rejected,
			Failure: &run.Failure{Error: run.Stopped, Cause: "its lock was taken away while it waited for approval; start a new run"}})
	}
	if err == nil {
		err = e.book.end(id)
	}
	return err == nil, errors.Join(err, closeAlive())
}

// Running reports whether a run is being carried out, by whatever process, or waits for a person.
func (e *Environment) Running(ctx context.Context, id string) (bool, error) {
	return executions{e}.Running(ctx, id)
}

// CleanUp sees to the end of a run that nobody carries out any more: its outcomes are saved, its locks come free, it has a
// report. It returns how many locks that were. The error is *RunAlive where another process is at work on the run.
func (e *Environment) CleanUp(ctx context.Context, id, why string) (released int, err error) {
	out, err := e.cleaner().Handle(ctx, cleanup.In{Execution: id, Why: why})
	return out.Released, err
}

// ForceUnlock stops the run that holds the lock with that id, saves what it did, and frees the lock. Unsaved says why what
// the run did could not be saved, "" when it was.
func (e *Environment) ForceUnlock(ctx context.Context, at address.Address, lockID, actor, reason string) (unsaved string, err error) {
	out, err := e.cleaner().Handle(ctx, cleanup.In{Force: &cleanup.Force{Address: at, LockID: lockID, Actor: actor, Reason: reason}})
	return out.Unsaved, err
}

// Recover merges what a run did into the state although its lock is gone. Merged are the components of which the state says
// so now; passed are those that a later run has worked on.
func (e *Environment) Recover(ctx context.Context, ref run.Ref, actor string) (serial int64, merged, passed []string, err error) {
	out, err := e.cleaner().Handle(ctx, cleanup.In{Recover: &cleanup.Recover{Run: ref, Actor: actor}})
	if err != nil {
		return 0, nil, nil, err
	}
	return out.Recovered.Serial, out.Recovered.Merged, out.Recovered.Passed, nil
}

func (e *Environment) cleaner() cleanup.Handler {
	return cleanup.Handler{Objects: e.Objects, Locker: e.Locker, Executions: executions{e}, Now: e.options.Now}
}

// keep renews the locks of the runs under way and frees those of runs that have died, by the function that does so on AWS.
func (e *Environment) keep(ctx context.Context) {
	if _, err := e.functions["KeepLocks"].Invoke(ctx, []byte("{}")); err != nil {
		e.options.Log.Warn("not all locks could be seen to", "error", err)
	}
}

// finishDead cleans up after the runs whose process died. One whose state is refused waits until that has been restored: a
// folder that could not be opened could not be repaired either.
func (e *Environment) finishDead(ctx context.Context) error {
	dead, release, err := e.book.dead()
	if err != nil {
		return err
	}
	defer release()
	for _, one := range dead {
		err := e.cleanUp(ctx, one, "its process died")
		var refused *state.StateCorrupt
		if errors.As(err, &refused) {
			e.options.Log.Warn("a run whose process died could not be cleaned up after", "run", one.Run.ID, "error", err)
			continue
		}
		if err != nil {
			return fmt.Errorf("clean up after run %s: %w", one.Run.ID, err)
		}
		if err := e.book.end(one.Run.ID); err != nil {
			return err
		}
	}
	return nil
}

func (e *Environment) cleanUp(ctx context.Context, of entry, why string) error {
	_, err := e.cleaner().Handle(ctx, cleanup.In{Run: of.Run, Request: of.Request, Why: why})
	return err
}

package statemachines_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/wiring"
)

// stops are the ways to stop a run that is at some Task of its rollout: the name of the execution that is stopped.
var stops = map[string]string{
	"the run is stopped":     "r1",
	"its rollout is stopped": "r1-rollout",
	"the wave is stopped":    "r1-rollback-wave-0",
}

// stop stops an execution while one of its Tasks is at work.
func stop(name string) func(*faulty, context.Context) error {
	return func(f *faulty, ctx context.Context) error {
		x, ok := f.engine.Execution(name)
		if !ok {
			return fmt.Errorf("no execution %s", name)
		}
		x.Stop("Aborted", "by a person in the console")
		return f.hang(ctx)
	}
}

// A run that is stopped while what it did is being taken back has left something that is neither the one nor the other. It
// is dirty, and its lock waits for a person, whatever was stopped and by whom.
func TestARunThatIsStoppedWhileItIsTakenBackWaitsForAPerson(t *testing.T) {
	for _, at := range []string{"wave/PrepareWave", "wave/ExecuteBatch", "wave/SettleWave", "rollout/RunRollbackWave"} {
		for _, name := range slices.Sorted(maps.Keys(stops)) {
			if at == "rollout/RunRollbackWave" && name == "the wave is stopped" {
				continue // there is none yet
			}
			t.Run(at+": "+name, func(t *testing.T) {
				t.Parallel()
				f := newFaulty(t, at)
				f.fault = stop(stops[name])
				f.cloud.fails["apply orders/third"] = errors.New("TopicLimitExceeded")
				if f.machine == "wave" {
					f.within = "r1-rollback"
				}
				f.walk()
				require.Positive(t, f.met, "the run never came to the task")
				require.True(t, f.quarantined())
				f.truthful()
				ending, failure := f.told()
				require.Equal(t, run.FailedDirty, ending)
				require.Equal(t, run.RollbackFailed, failure.Error)
				f.afterAPerson()
			})
		}
	}
}

// A run that is stopped on its way there leaves what it did, as the state has it; nobody has to be waited for.
func TestARunThatIsStoppedBeforeAnythingFailedLeavesWhatItDid(t *testing.T) {
	for _, name := range []string{"r1", "r1-rollout"} {
		t.Run(name, func(t *testing.T) {
			f := newFaulty(t, "wave/ExecuteBatch")
			f.fault, f.within = stop(name), "r1-wave-1"
			f.walk()
			require.Positive(t, f.met)
			f.truthful()
			ending, _ := f.told()
			require.Equal(t, run.FailedClean, ending)
			require.Len(t, f.snapshot().Components, 1)
			f.free()
		})
	}
}

// afterAPerson frees the quarantined lock, as a person does who has looked, and deploys.
func (f *faulty) afterAPerson() {
	f.t.Helper()
	held, err := f.locker.Held(f.t.Context(), scope)
	require.NoError(f.t, err)
	require.Len(f.t, held, 1)
	_, err = f.functions["Cleanup"].Invoke(f.t.Context(), []byte(`{"force":{"address":"`+held[0].Address.String()+`","lockId":"`+held[0].LockID+
		`","actor":"bo","reason":"looked at"}}`))
	require.NoError(f.t, err)
	f.free()
	if service := serviceOf(f.t, f.machine+"/"+f.state); service == "states:startExecution.sync:2" {
		f.define("arn:aws:states:::" + service)
	}
	f.fault, f.cloud.fails = nil, map[string]error{}
	next := f.chain("rollback")
	next.Release = true
	_, result := f.deploy("r2", next)
	require.Equal(f.t, asl.StatusSucceeded, result.Status, "the next run: %s: %s", result.Error, result.Cause)
	require.Empty(f.t, f.halves())
	f.free()
}

// Whoever stops only the rollout leaves its tasks, which have two minutes to end. Until then the lock is nobody else's.
func TestTheLockIsKeptUntilWhatAStoppedRolloutLeftAtWorkHasEnded(t *testing.T) {
	f := newFaulty(t, "wave/ExecuteBatch")
	f.fault, f.within = stop("r1-rollout"), "r1-wave-1"
	var since time.Time
	f.lingering = func() error {
		if since.IsZero() {
			since = f.clock.Now()
		}
		held, err := f.locker.Held(t.Context(), scope)
		require.NoError(t, err)
		require.Len(t, held, 1, "somebody else could deploy beside it")
		if f.clock.Now().Sub(since) < 2*time.Minute {
			return &wiring.RunStopping{Run: "r1", Tasks: 1}
		}
		return nil
	}
	f.walk()
	require.False(t, since.IsZero(), "nobody looked")
	require.Greater(t, f.freed.Sub(since), 2*time.Minute)
	f.truthful()
	ending, _ := f.told()
	require.Equal(t, run.FailedClean, ending)
	f.free()
}

// What does not end keeps the lock: the keeper comes again and again until it can be freed.
func TestWhatDoesNotEndKeepsTheLock(t *testing.T) {
	w := newWorld(t)
	w.cloud.fails = map[string]error{"apply orders/first": errors.New("TopicLimitExceeded")}
	looks := 0
	w.lingering = func() error { looks++; return &wiring.RunStopping{Run: "r1", Tasks: 1} }
	_, result := w.deploy("r1", w.chain("stop"))
	require.Equal(t, asl.StatusFailed, result.Status)
	require.Greater(t, looks, 10)
	held, err := w.locker.Held(t.Context(), scope)
	require.NoError(t, err)
	require.Len(t, held, 1)
}

package cleanup_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/cleanup"
	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

func recoverRun(t *testing.T, w *functionstest.World, ref run.Ref) (*cleanup.Recovered, error) {
	t.Helper()
	out, err := cleanup.Handler{Objects: w.Objects, Locker: w.Locker, Executions: &functionstest.Executions{}, Now: w.Now}.Handle(t.Context(),
		cleanup.In{Recover: &cleanup.Recover{Run: ref, Actor: "bob"}})
	held, listErr := w.Locker.Held(t.Context(), ref.Scope())
	require.NoError(t, listErr)
	for _, holding := range held {
		require.NotContains(t, holding.LockedBy, "state recover", "the lock is free again")
	}
	return out.Recovered, err
}

// restore makes an earlier serial the state, as a person does.
func restore(t *testing.T, w *functionstest.World, serial int64) {
	t.Helper()
	scope := w.At("queue").Scope()
	lease, err := w.Locker.Acquire(t.Context(), lock.Request{Addresses: []address.Address{scope}, LockedBy: "bob"})
	require.NoError(t, err)
	_, err = state.NewStore(w.Objects, scope, state.WithClock(w.Now)).Restore(t.Context(), state.Fence{Keys: lease.Keys, Number: lease.Fence}, serial, "by-hand")
	require.NoError(t, err)
	require.NoError(t, w.Locker.Release(t.Context(), lease))
}

func TestWhatARunDidIsMergedAfterItsLockIsGone(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	r.Execute(r.Prepare(0)) // and then it died; its lock is freed while the state is refused, and nothing is saved
	r.Release()
	require.Empty(t, w.State().Components)
	recovered, err := recoverRun(t, w, r.Ref)
	require.NoError(t, err)
	require.Equal(t, &cleanup.Recovered{Serial: w.State().Serial, Merged: []string{"intake/queue", "intake/table"}, Passed: []string{}}, recovered)
	require.Equal(t, state.Deployed, w.State().Components["intake/queue"].Status)

	again, err := recoverRun(t, w, r.Ref)
	require.NoError(t, err)
	require.Empty(t, again.Merged)
	require.Equal(t, recovered.Serial, again.Serial, "once more writes nothing")

	w.Pass(time.Minute)
	next := w.Discover("r2", run.Deploy, functionstest.Bundle).MakePlan()
	require.Equal(t, 1, next.Plan.Changes, "only the topic is left to do")
}

func TestWhatALaterRunDidHolds(t *testing.T) {
	w := functionstest.New(t)
	first := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan().Rollout()
	first.Release()
	one := w.State()
	w.Pass(time.Minute)
	changed := map[string]string{"stack.yaml": functionstest.Bundle["stack.yaml"],
		"intake.yaml": replaced(t, functionstest.Bundle["intake.yaml"], "visibilityTimeout: 90s", "visibilityTimeout: 120s")}
	second := w.Discover("r2", run.Deploy, changed).MakePlan().Rollout()
	second.Release()
	two := w.State()

	t.Run("the earlier run brings nothing back", func(t *testing.T) {
		recovered, err := recoverRun(t, w, first.Ref)
		require.NoError(t, err)
		require.Empty(t, recovered.Merged)
		require.Contains(t, recovered.Passed, "intake/queue")
		require.Equal(t, two.Components, w.State().Components)
	})
	t.Run("both of them in any order come to the same", func(t *testing.T) {
		for _, refs := range [][]run.Ref{{first.Ref, second.Ref}, {second.Ref, first.Ref}} {
			restore(t, w, 1) // of the first wave of the first run
			require.NotEqual(t, two.Components, w.State().Components)
			for _, ref := range refs {
				_, err := recoverRun(t, w, ref)
				require.NoError(t, err)
			}
			require.Equal(t, unnumbered(two.Components), unnumbered(w.State().Components))
		}
	})
	t.Run("a later run that was refused has changed nothing", func(t *testing.T) {
		w.Pass(time.Minute)
		w.Fails = map[string]execution.Result{"queue": {}}
		third := w.Discover("r3", run.Deploy, functionstest.Bundle).MakePlan().Rollout()
		third.Release()
		restore(t, w, one.Serial)
		recovered, err := recoverRun(t, w, second.Ref)
		require.NoError(t, err)
		require.Contains(t, recovered.Merged, "intake/queue")
	})
}

func TestARunIsNotRecoveredWhileSomebodyHoldsTheLock(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	r.Execute(r.Prepare(0))
	_, err := recoverRun(t, w, r.Ref)
	var held *lock.LockHeld
	require.ErrorAs(t, err, &held)
	require.Empty(t, w.State().Components)
}

func TestARunWithoutAPlanCannotBeRecovered(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle)
	_, err := recoverRun(t, w, r.Ref)
	var unknown *run.RunUnknown
	require.ErrorAs(t, err, &unknown)
}

func replaced(t *testing.T, text, old, by string) string {
	t.Helper()
	require.Contains(t, text, old)
	return strings.Replace(text, old, by, 1)
}

// unnumbered are the records without the serials in which they came.
func unnumbered(components map[string]state.Record) map[string]state.Record {
	all := map[string]state.Record{}
	for short, record := range components {
		record.Serial = 0
		all[short] = record
	}
	return all
}

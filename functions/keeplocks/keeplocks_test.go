package keeplocks_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/events"
	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/keeplocks"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// keeper is a world with a keeper in it.
type keeper struct {
	*functionstest.World
	executions *functionstest.Executions
	prunes     bool
}

func newKeeper(t *testing.T) *keeper {
	return &keeper{World: functionstest.New(t), executions: &functionstest.Executions{Live: map[string]bool{}, Stuck: map[string]error{}}}
}

func (k *keeper) tick() (keeplocks.Out, error) {
	return keeplocks.Handler{Objects: k.Objects, Locker: k.Locker, Executions: k.executions, Now: k.Now, Prunes: k.prunes}.Handle(k.T.Context(), keeplocks.In{})
}

// ticks is a tick that goes well.
func (k *keeper) ticks() keeplocks.Out {
	k.T.Helper()
	out, err := k.tick()
	require.NoError(k.T, err)
	return out
}

func (k *keeper) held() []lock.Holding {
	k.T.Helper()
	held, err := k.Locker.Held(k.T.Context(), address.Address{})
	require.NoError(k.T, err)
	return held
}

func TestTheEventIsTheSchedules(t *testing.T) {
	var in keeplocks.In
	require.NoError(t, json.Unmarshal(events.Sample("schedule-keeplocks"), &in))
	require.Equal(t, time.Date(2026, 11, 24, 10, 45, 0, 0, time.UTC), in.ScheduledAt)
}

func TestTheLockOfARunningExecutionNeverEnds(t *testing.T) {
	k := newKeeper(t)
	r := k.Discover("r1", run.Deploy, functionstest.Bundle).Lock()
	k.executions.Live["r1"] = true
	renewed := 0
	for range 7 * 60 { // an approval that takes seven hours
		k.Pass(time.Minute)
		renewed += k.ticks().Renewed
	}
	require.Equal(t, 7*60/5, renewed, "every five minutes")
	require.NoError(t, k.Locker.Check(t.Context(), r.Lease))
	require.Empty(t, k.executions.Stopped)
}

func TestARunWhoseExecutionEndedIsCleanedUpAfterWithinAMinute(t *testing.T) {
	k := newKeeper(t)
	r := k.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	r.Execute(r.Prepare(0))
	k.Pass(time.Minute)
	require.Equal(t, keeplocks.Out{Reaped: 1}, k.ticks())
	require.Equal(t, []string{"r1"}, k.executions.Stopped, "what still runs of it is stopped first")
	require.Empty(t, k.held())
	require.Equal(t, state.Deployed, k.State().Components["intake/queue"].Status, "what it did is saved")
	var made report.Report
	require.NoError(t, r.Archive().Read(t.Context(), run.ReportArtifact, &made))
	require.Equal(t, "the run was stopped (no execution of it is running) before it had ended", made.Failure.Cause)
	audit, err := k.Locker.Audit(t.Context(), r.Ref.Scope())
	require.NoError(t, err)
	require.Len(t, audit, 1)
	require.Equal(t, "cleanup", audit[0].Actor)
	require.Equal(t, keeplocks.Out{}, k.ticks())
}

func TestARunThatBeganJustNowIsBelieved(t *testing.T) {
	k := newKeeper(t)
	k.Discover("r1", run.Deploy, functionstest.Bundle).Lock()
	k.Pass(20 * time.Second)
	require.Equal(t, keeplocks.Out{}, k.ticks())
	require.Len(t, k.held(), 1)
}

// unfinished is the answer of a run whose tasks take their time to stop.
type unfinished struct{ error }

func (unfinished) Stopping() bool { return true }

func TestALockStaysUntilEverythingOfItsRunHasStopped(t *testing.T) {
	k := newKeeper(t)
	k.Discover("r1", run.Deploy, functionstest.Bundle).Lock()
	k.Pass(time.Minute)
	k.executions.Stuck["r1"] = unfinished{errors.New("two tasks are left")}
	require.Equal(t, keeplocks.Out{Stopping: 1}, k.ticks())
	require.Len(t, k.held(), 1)
	delete(k.executions.Stuck, "r1")
	require.Equal(t, keeplocks.Out{Reaped: 1}, k.ticks())
	require.Empty(t, k.held())
}

func TestOneLockThatCannotBeFreedHarmsNoOther(t *testing.T) {
	k := newKeeper(t)
	for environment, id := range map[string]string{"production": "dead", "staging": "alive"} {
		_, err := k.Locker.Acquire(t.Context(), lock.Request{Addresses: []address.Address{address.Scope("orders", environment)}, Run: id})
		require.NoError(t, err)
	}
	k.executions.Live["alive"] = true
	k.executions.Stuck["dead"] = errors.New("the service does not answer")
	k.Pass(10 * time.Minute)
	out, err := k.tick()
	require.ErrorContains(t, err, "clean up after run dead: stop run dead: the service does not answer")
	require.Equal(t, keeplocks.Out{Renewed: 1}, out)
}

func TestAQuarantinedLockWaitsForAPerson(t *testing.T) {
	k := newKeeper(t)
	r := k.Discover("r1", run.Deploy, functionstest.Bundle).Lock()
	require.NoError(t, k.Locker.Quarantine(t.Context(), r.Lease, "the rollback failed"))
	k.Pass(24 * time.Hour)
	require.Equal(t, keeplocks.Out{Quarantined: 1}, k.ticks())
	require.Len(t, k.held(), 1)
}

func TestTheLockOfACommandEndsWithItsLease(t *testing.T) {
	k := newKeeper(t)
	_, err := k.Locker.Acquire(t.Context(), lock.Request{Addresses: []address.Address{address.Scope("orders", "staging")},
		LockedBy: "ana, restoring the state", Lease: 10 * time.Minute})
	require.NoError(t, err)
	k.Pass(5 * time.Minute)
	require.Equal(t, keeplocks.Out{}, k.ticks())
	k.Pass(6 * time.Minute)
	require.Equal(t, keeplocks.Out{Reaped: 1}, k.ticks())
	require.Empty(t, k.held())
}

func TestOldHistoryIsLeftToTheScheduleWhereThereIsOne(t *testing.T) {
	k := newKeeper(t)
	k.Deploy("r1", functionstest.Bundle)
	k.Pass(state.Retention + time.Hour)
	for range 24 * 60 {
		k.Pass(time.Minute)
		require.Zero(t, k.ticks().Pruned)
	}
}

func TestOldHistoryGoesWithinADay(t *testing.T) {
	k := newKeeper(t)
	k.prunes = true
	k.Deploy("r1", functionstest.Bundle)
	serial := k.State().Serial
	k.Pass(state.Retention + time.Hour)
	pruned := 0
	for range 24 * 60 {
		k.Pass(time.Minute)
		if out := k.ticks(); out.Pruned > 0 {
			pruned++
			require.Equal(t, int(serial)-1, out.Pruned)
		}
	}
	require.Equal(t, 1, pruned)
}

package cleanup_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/cleanup"
	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// force sends what the command line sends.
func force(t *testing.T, w *functionstest.World, e *functionstest.Executions, at address.Address, lockID, reason string) (cleanup.Out, error) {
	t.Helper()
	sent, err := json.Marshal(map[string]any{"force": cleanup.Force{Address: at, LockID: lockID, Actor: "bob", Reason: reason}})
	require.NoError(t, err)
	var in cleanup.In
	require.NoError(t, json.Unmarshal(sent, &in))
	return cleanup.Handler{Objects: w.Objects, Locker: w.Locker, Executions: e, Now: w.Now}.Handle(t.Context(), in)
}

func heldIn(t *testing.T, w *functionstest.World) []lock.Holding {
	t.Helper()
	held, err := w.Locker.Held(t.Context(), address.Scope("orders", "staging"))
	require.NoError(t, err)
	return held
}

func TestAForcedUnlockStopsTheRunSavesWhatItDidAndReports(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	r.Execute(r.Prepare(0))
	e := &functionstest.Executions{Live: map[string]bool{"r1": true}}
	forced, err := force(t, w, e, r.Ref.Scope(), r.Lease.LockID, "it hangs")
	require.NoError(t, err)
	require.Equal(t, run.FailedClean, forced.Ending)
	require.Equal(t, []string{"r1"}, e.Stopped)
	require.Equal(t, state.Deployed, w.State().Components["intake/queue"].Status)
	require.Empty(t, heldIn(t, w))
	audit, err := w.Locker.Audit(t.Context(), r.Ref.Scope())
	require.NoError(t, err)
	require.Equal(t, "force-unlock", audit[0].Event)
	require.Equal(t, "bob", audit[0].Actor)
	require.Equal(t, "it hangs", audit[0].Reason)
	var made report.Report
	require.NoError(t, r.Archive().Read(t.Context(), run.ReportArtifact, &made))
	require.Contains(t, made.Failure.Cause, "freed by force: it hangs")
}

func TestAForcedUnlockNamesTheVeryLock(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).Lock()
	e := &functionstest.Executions{}
	var mismatch *lock.LockMismatch
	_, err := force(t, w, e, r.Ref.Scope(), "another", "it hangs")
	require.ErrorAs(t, err, &mismatch)
	require.Equal(t, r.Lease.LockID, mismatch.Found)
	_, err = force(t, w, e, r.Ref.Scope().In("intake", ""), r.Lease.LockID, "it hangs")
	require.ErrorAs(t, err, &mismatch)
	require.Empty(t, mismatch.Found)
	require.Empty(t, e.Stopped)
	require.Len(t, heldIn(t, w), 1)
}

func TestARunThatCannotBeStoppedKeepsItsLock(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).Lock()
	e := &functionstest.Executions{Stuck: map[string]error{"r1": errors.New("a task is left")}}
	_, err := force(t, w, e, r.Ref.Scope(), r.Lease.LockID, "it hangs")
	require.ErrorContains(t, err, "a task is left")
	require.Len(t, heldIn(t, w), 1)
}

func TestAQuarantinedLockIsFreedByForce(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan().Rollout()
	require.NoError(t, w.Locker.Quarantine(t.Context(), r.Lease, "the rollback failed"))
	forced, err := force(t, w, &functionstest.Executions{}, r.Ref.Scope(), heldIn(t, w)[0].LockID, "looked at")
	require.NoError(t, err)
	require.Equal(t, 1, forced.Released)
	require.Empty(t, heldIn(t, w))
}

func TestTheLockOfACommandIsFreedByForce(t *testing.T) {
	w := functionstest.New(t)
	at := address.Scope("orders", "staging")
	lease, err := w.Locker.Acquire(t.Context(), lock.Request{Addresses: []address.Address{at}, LockedBy: "ana (state restore)", Lease: time.Minute})
	require.NoError(t, err)
	e := &functionstest.Executions{}
	forced, err := force(t, w, e, at, lease.LockID, "ana went home")
	require.NoError(t, err)
	require.Empty(t, forced.Ending)
	require.Empty(t, heldIn(t, w))
}

func TestARefusedStateDoesNotKeepALockFromBeingFreed(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	r.Execute(r.Prepare(0))
	_, err := w.Objects.Put(t.Context(), r.Ref.Scope().Prefix()+"state.json", []byte("{"), objects.Always())
	require.NoError(t, err)
	forced, err := force(t, w, &functionstest.Executions{}, r.Ref.Scope(), r.Lease.LockID, "to restore the state")
	require.NoError(t, err)
	require.Contains(t, forced.Unsaved, "is refused")
	require.Empty(t, heldIn(t, w))
}

package settlewave_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/settlewave"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

func TestAWaveIsMergedOnceAndAgain(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	r.Execute(r.Prepare(0))
	first := r.Settle(0)
	require.Equal(t, settlewave.Out{Serial: 1}, first)
	w.Pass(time.Minute)
	require.Equal(t, first, r.Settle(0), "once more writes nothing")
	snapshot := w.State()
	require.Len(t, snapshot.Components, 2)
	require.Equal(t, state.Deployed, snapshot.Components["intake/queue"].Status)
	require.Equal(t, "r1", snapshot.Run)
	require.NotEmpty(t, snapshot.Bundle.SHA256)
}

func TestAWaveInWhichSomethingFailedStopsTheOnesAfterIt(t *testing.T) {
	w := functionstest.New(t)
	w.Fails["table"] = execution.Result{}
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	r.Execute(r.Prepare(0))
	out := r.Settle(0)
	require.True(t, out.Failed)
	require.Equal(t, "1 of 2 components in wave 1 failed or were skipped; the report says which", out.Cause)
	require.Len(t, w.State().Components, 1, "what went well is kept")
}

// begin makes it look as if an executor had begun a step, and touched something, and died.
func begin(t *testing.T, r *functionstest.Run, component string, touched bool) {
	t.Helper()
	var batch execution.Batch
	require.NoError(t, r.Archive().Read(t.Context(), run.BatchArtifact(0, 0), &batch))
	for _, a := range batch.Assignments {
		if a.Order.Address != r.At(component) {
			continue
		}
		_, _, err := r.Journal().Begin(t.Context(), a)
		require.NoError(t, err)
		if touched {
			_, err = r.Objects.Put(t.Context(), a.Order.Address.PulumiPrefix(a.Order.Epoch)+"checkpoint.json", []byte("{}"), objects.Always())
			require.NoError(t, err)
		}
	}
}

func TestStepsWhoseExecutorDied(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	r.Prepare(0)
	begin(t, r, "queue", true)
	begin(t, r, "table", false)
	require.True(t, r.Settle(0).Failed)
	snapshot := w.State()
	require.NotContains(t, snapshot.Components, "intake/table", "nothing of it is there")
	queue := snapshot.Components["intake/queue"]
	require.Equal(t, state.Failed, queue.Status)
	require.Equal(t, execution.Epoch(r.Lease.Fence), queue.Epoch)
	require.Equal(t, "eu-west-1", queue.Region)
	require.NotEmpty(t, queue.Spec, "it can be deleted by what it was ordered to be")
	var told execution.Outcome
	require.NoError(t, r.Archive().Read(t.Context(), run.OutcomeArtifact(w.At("queue")), &told))
	require.Equal(t, run.Stopped, told.Error)
	w.Pass(10 * time.Minute)
	require.EqualValues(t, snapshot.Serial, r.Settle(0).Serial, "once more finds the same")
	r.Release()

	w.Pass(time.Minute)
	w.Deploy("r2", functionstest.Bundle)
	for short, record := range w.State().Components {
		require.Equal(t, state.Deployed, record.Status, short)
	}
	require.Len(t, w.State().Components, 3)
}

func TestAComponentWhoseUpdateWasLostCanStillBeDeleted(t *testing.T) {
	w := functionstest.New(t)
	w.Deploy("r1", functionstest.Bundle)
	r := w.Discover("r2", run.Destroy, nil).MakePlan()
	r.Prepare(0)
	begin(t, r, "events", true)
	require.True(t, r.Settle(0).Failed)
	events := w.State().Components["intake/events"]
	require.Equal(t, state.Deleting, events.Status)
	require.Equal(t, []string{"intake/queue"}, events.DependsOn, "its place in the order is not lost")
	r.Release()
	w.Discover("r3", run.Destroy, nil).MakePlan().Rollout()
	require.Empty(t, w.State().Components)
}

func TestARunThatLostItsLockSettlesNothing(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	r.Execute(r.Prepare(0))
	r.Release()
	_, err := settlewave.Handler{Objects: w.Objects, Locker: w.Locker, Now: w.Now}.Handle(t.Context(), settlewave.In{Run: r.Ref, Lease: r.Lease})
	var lost *lock.LockLost
	require.ErrorAs(t, err, &lost)
	require.Empty(t, w.State().Components)
}

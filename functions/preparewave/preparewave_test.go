package preparewave_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/preparewave"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/run"
)

func TestAWaveIsPreparedOnceAndAgain(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	first := r.Prepare(0)
	require.Equal(t, preparewave.Out{Batches: []preparewave.Batch{{Number: 0, Key: "stacks/orders/staging/runs/r1/waves/0/0.json"}}}, first)
	require.Equal(t, first, r.Prepare(0))
	r.Execute(first)
	require.Equal(t, first, r.Prepare(0), "also when its steps are under way")
}

func TestALaterWaveKnowsWhatTheEarlierOneGave(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	r.Execute(r.Prepare(0))
	r.Settle(0)
	r.Prepare(1)
	var batch execution.Batch
	require.NoError(t, r.Archive().Read(t.Context(), run.BatchArtifact(1, 0), &batch))
	require.Len(t, batch.Assignments, 1)
	require.Equal(t, "intake/events", batch.Assignments[0].Order.Address.Short())
	require.JSONEq(t, `"arn:queue"`, string(batch.Assignments[0].Order.Upstreams["intake/queue"].Outputs["arn"]))
}

func TestARunThatLostItsLockPreparesNothing(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	r.Release()
	_, err := preparewave.Handler{Objects: w.Objects, Locker: w.Locker}.Handle(t.Context(), preparewave.In{Run: r.Ref, Lease: r.Lease})
	var lost *lock.LockLost
	require.ErrorAs(t, err, &lost)
}

func TestAWaveThatThePlanDoesNotHaveIsAnError(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	_, err := preparewave.Handler{Objects: w.Objects, Locker: w.Locker}.Handle(t.Context(), preparewave.In{Run: r.Ref, Lease: r.Lease, Wave: 7})
	require.ErrorContains(t, err, "no wave 7")
}

package planrollback_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/planrollback"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
)

func handler(w *functionstest.World) planrollback.Handler {
	return planrollback.Handler{Objects: w.Objects, Locker: w.Locker, Now: w.Now, PerLevel: true}
}

func with(policy string) map[string]string {
	files := map[string]string{}
	for name, text := range functionstest.Bundle {
		files[name] = strings.Replace(text, "approval: {mode: auto}}", "approval: {mode: auto}, onFailure: "+policy+"}", 1)
	}
	return files
}

func TestWhatWasDoneIsPlannedToBeTakenBackOnce(t *testing.T) {
	w := functionstest.New(t)
	w.Fails["events"] = execution.Result{Changes: []execution.ResourceChange{{Operation: "create", ID: "topic"}}}
	r := w.Discover("r1", run.Deploy, with("rollback")).MakePlan().Rollout()
	in := planrollback.In{Run: r.Ref, Lease: r.Lease}
	first, err := handler(w).Handle(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, planrollback.Out{Run: run.Ref{Stack: "orders", Environment: "staging", ID: "r1-rollback", Operation: run.Rollback}, Waves: 1, Steps: 1}, first)
	again, err := handler(w).Handle(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, first, again)
	made, err := planrollback.Read(t.Context(), r.Archive())
	require.NoError(t, err)
	require.Equal(t, plan.Delete, made.Steps[0].Action)
	require.Equal(t, "intake/events", made.Steps[0].Address.Short())
	require.Len(t, made.Kept, 2, "the queue and the table hold data")
	ids, err := run.IDs(t.Context(), w.Objects, r.Ref.Scope())
	require.NoError(t, err)
	require.Equal(t, []string{"r1"}, ids, "it is a part of the run")
}

func TestWhatIsToStayIsNotTakenBack(t *testing.T) {
	for _, policy := range []string{"stop", "continue"} {
		w := functionstest.New(t)
		w.Fails["events"] = execution.Result{}
		r := w.Discover("r1", run.Deploy, with(policy)).MakePlan().Rollout()
		out, err := handler(w).Handle(t.Context(), planrollback.In{Run: r.Ref, Lease: r.Lease})
		require.NoError(t, err)
		require.Zero(t, out.Waves)
		made, err := planrollback.Read(t.Context(), r.Archive())
		require.NoError(t, err)
		require.Nil(t, made, policy)
	}
}

func TestARunThatLostItsLockTakesNothingBack(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, with("rollback")).MakePlan()
	r.Release()
	_, err := handler(w).Handle(t.Context(), planrollback.In{Run: r.Ref, Lease: r.Lease})
	var lost *lock.LockLost
	require.True(t, errors.As(err, &lost))
	require.ErrorIs(t, r.Archive().Read(t.Context(), run.Artifact("none"), nil), objects.ErrNotFound)
}

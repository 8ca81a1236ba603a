package recovery_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/cleanup"
	"github.com/deployer-io/deployer/localstack/asl"
)

// forceUnlock is a person's.
func (w *world) forceUnlock(actor string) error {
	held, err := w.locker.Held(w.ctx, scope)
	if err != nil || len(held) != 1 {
		return fmt.Errorf("want one lock: %v %w", held, err)
	}
	asked, err := json.Marshal(cleanup.In{Force: &cleanup.Force{Address: scope, LockID: held[0].LockID, Actor: actor, Reason: "looked at"}})
	if err == nil {
		_, err = w.invoke(w.ctx, "Cleanup", asked)
	}
	return err
}

func (w *world) quarantined(t *testing.T) bool {
	t.Helper()
	held := w.held(t)
	return len(held) == 1 && held[0].Quarantine != ""
}

func TestALockThatAPersonTakesAwayLosesNothing(t *testing.T) {
	_, truth := scenarios[0].points(t)
	for i := range 12 {
		at := point{fmt.Sprintf("Executor run/waves/%d/0.json", i/4), "provisioner", "Apply", fmt.Sprintf("orders/q%d", i), 1}
		w := mustWorld(t)
		w.scissors.aim(at, delayed)
		x, err := w.start("run", first)
		require.NoError(t, err)
		w.minutes(1, func() bool { return false })
		require.True(t, w.scissors.cut)
		require.Len(t, w.held(t), 1, "it is at work on q%d", i)
		require.NoError(t, w.forceUnlock("bob"))
		require.Empty(t, w.held(t))
		require.NotEqual(t, asl.StatusRunning, x.Status())
		came := scenarios[0].after(t, w, x, truth)
		w.rest()
		require.Empty(t, came.problems, "after q%d", i)
	}
}

// What is broken must be found out, or a sweep that finds nothing says nothing.

func TestAProvisionerThatForgetsIsFoundOut(t *testing.T) {
	_, truth := scenarios[0].points(t)
	w := mustWorld(t)
	defer w.rest()
	w.forgetful = true
	w.scissors.aim(point{"Executor run/waves/1/0.json", "cloud", "Create", "orders/q5", 1}, dies)
	x, err := w.start("run", first)
	require.NoError(t, err)
	w.minutes(60, func() bool { return x.Status() != asl.StatusRunning })
	require.Contains(t, scenarios[0].after(t, w, x, truth).problems, "orders/q5 was created twice")
}

func TestALockThatNobodyKeepsIsFoundOut(t *testing.T) {
	w, _ := killed(t)
	defer w.rest()
	w.unkept = true
	require.Equal(t, 61, w.minutes(61, func() bool { return len(w.held(t)) == 0 }))
	require.Equal(t, "SUCCEEDED", w.finish(t, "next", first), "the next run takes it over all the same: its lease has ended")
}

func TestAStateThatLagsBehindTheCloudIsFoundOut(t *testing.T) {
	w := mustWorld(t, first)
	defer w.rest()
	truth := w.cloud.truth()
	for id, there := range w.cloud.things {
		if there.component == "orders/q3" {
			w.cloud.remove(id)
		}
	}
	problems := w.problems(t.Context(), "before0", truth)
	require.Len(t, problems, 3, "%v", problems)
}

package savestate_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/savestate"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/run"
)

func TestHowARunEndedIsSaidOnceAndAgain(t *testing.T) {
	stopped := &run.Failure{Error: run.Stopped, Cause: "it was interrupted"}
	for sentence, test := range map[string]struct {
		fails   map[string]execution.Result
		rollout bool
		failure *run.Failure
		want    savestate.Out
		known   int
	}{
		"everything went well": {nil, true, nil, savestate.Out{Ending: run.Succeeded}, 3},
		"something failed and left nothing": {map[string]execution.Result{"queue": {}}, true, nil,
			savestate.Out{Ending: run.FailedClean, Failure: &run.Failure{Error: "WaveFailed", Cause: "3 components failed or were skipped"}}, 0},
		"something failed half-way": {map[string]execution.Result{"queue": {Pending: []string{"creating"}}}, true, nil,
			savestate.Out{Ending: run.FailedDirty, Failure: &run.Failure{Error: "WaveFailed", Cause: "3 components failed or were skipped"}}, 1},
		"it was stopped before it began": {nil, false, stopped, savestate.Out{Ending: run.FailedClean, Failure: stopped}, 0},
		"it was stopped while something was half done": {map[string]execution.Result{"queue": {Pending: []string{"creating"}}}, true, stopped,
			savestate.Out{Ending: run.FailedDirty, Failure: stopped}, 1},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := functionstest.New(t)
			w.Fails = test.fails
			r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
			if test.rollout {
				r.Rollout()
			}
			serial := int64(0)
			for range 2 {
				out, err := savestate.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), savestate.In{Run: r.Ref, Lease: r.Lease, Failure: test.failure})
				require.NoError(t, err)
				require.Equal(t, test.want, out)
				require.Len(t, w.State().Components, test.known)
				require.True(t, serial == 0 || serial == w.State().Serial, "once more writes nothing")
				serial = w.State().Serial
				w.Pass(time.Minute)
			}
		})
	}
}

func TestOutcomesThatNoWaveSettledAreSaved(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	r.Execute(r.Prepare(0)) // and the wave died
	out, err := savestate.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), savestate.In{Run: r.Ref, Lease: r.Lease,
		Failure: &run.Failure{Error: "WaveFailed", Cause: "x"}})
	require.NoError(t, err)
	require.Equal(t, run.FailedClean, out.Ending)
	require.Len(t, w.State().Components, 2)
}

func TestARunThatWasFencedOutIsDirtyAndWritesNothing(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	r.Execute(r.Prepare(0))
	r.Release()
	w.Discover("r2", run.Deploy, functionstest.Bundle).Lock()
	for range 2 {
		out, err := savestate.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), savestate.In{Run: r.Ref, Lease: r.Lease})
		require.NoError(t, err)
		require.Equal(t, run.FailedDirty, out.Ending)
		require.Equal(t, "LockLost", out.Failure.Error)
	}
	require.Empty(t, w.State().Components)
}

// workers have something at work for some more looks.
type workers struct {
	left  int
	asked []string
}

func (w *workers) StopWorkers(_ context.Context, run string) error {
	w.asked = append(w.asked, run)
	if w.left--; w.left >= 0 {
		return errors.New("a task has not ended")
	}
	return nil
}

func TestNothingIsSavedBeforeWhatAFailedRolloutLeftAtWorkHasEnded(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	r.Execute(r.Prepare(0))
	atWork := &workers{left: 2}
	handler := savestate.Handler{Objects: w.Objects, Now: w.Now, Workers: atWork}
	in := savestate.In{Run: r.Ref, Lease: r.Lease, Failure: &run.Failure{Error: run.Stopped, Cause: "by a person"}}
	for range 2 {
		_, err := handler.Handle(t.Context(), in)
		require.ErrorContains(t, err, "has not ended")
		require.Empty(t, w.State().Components)
	}
	_, err := handler.Handle(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, w.State().Components, 2)
	require.Equal(t, []string{"r1", "r1", "r1"}, atWork.asked)
	in.Failure = nil
	_, err = handler.Handle(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, atWork.asked, 3, "a rollout that went well leaves nothing at work")
}

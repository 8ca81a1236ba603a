package cleanup_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/cleanup"
	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/makereport"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

func handle(t *testing.T, r *functionstest.Run) cleanup.Out {
	t.Helper()
	out, err := cleanup.Handler{Objects: r.Objects, Locker: r.Locker, Now: r.Now}.Handle(t.Context(), cleanup.In{Run: r.Ref, Request: r.Request, Why: "ABORTED"})
	require.NoError(t, err)
	return out
}

func TestARunThatDiedIsCleanedUpOnce(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	r.Execute(r.Prepare(0)) // and then nobody went on
	w.Pass(10 * time.Minute)
	require.Equal(t, cleanup.Out{Released: 1, Ending: run.FailedClean}, handle(t, r))
	require.Equal(t, cleanup.Out{}, handle(t, r), "once more finds nothing to do")

	held, err := w.Locker.Held(t.Context(), r.Ref.Scope())
	require.NoError(t, err)
	require.Empty(t, held)
	require.Equal(t, state.Deployed, w.State().Components["intake/queue"].Status, "what it did is saved")
	var made report.Report
	require.NoError(t, r.Archive().Read(t.Context(), run.ReportArtifact, &made))
	require.Equal(t, "the run was stopped (ABORTED) before it had ended", made.Failure.Cause)
	require.Equal(t, functionstest.Start, made.StartedAt)
}

func TestARunThatDiedBeforeItsPlanIsReported(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).Lock()
	require.Equal(t, cleanup.Out{Released: 1, Ending: run.FailedClean}, handle(t, r))
	require.Equal(t, cleanup.Out{}, handle(t, r))
}

func TestARunThatEndedWellIsLeftAlone(t *testing.T) {
	w := functionstest.New(t)
	r := w.Deploy("r1", functionstest.Bundle)
	_, err := makereport.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), makereport.In{Run: &r.Ref, Execution: "r1", StartedAt: functionstest.Start,
		Request: r.Request, Ending: run.Succeeded})
	require.NoError(t, err)
	require.Equal(t, cleanup.Out{}, handle(t, r))
}

func TestTheLockOfTheNextRunIsNotTouched(t *testing.T) {
	w := functionstest.New(t)
	r := w.Deploy("r1", functionstest.Bundle)
	w.Discover("r2", run.Deploy, functionstest.Bundle).Lock()
	handle(t, r)
	held, err := w.Locker.Held(t.Context(), r.Ref.Scope())
	require.NoError(t, err)
	require.Len(t, held, 1)
	require.Equal(t, "r2", held[0].Run)
}

package makereport_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/makereport"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

func TestAReportIsWrittenInEachFormOnceAndAgain(t *testing.T) {
	w := functionstest.New(t)
	w.Fails["queue"] = execution.Result{Pending: []string{"creating queue"}}
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan().Rollout()
	w.Pass(5 * time.Minute)
	in := makereport.In{Run: &r.Ref, Execution: "r1", StartedAt: functionstest.Start, Request: r.Request, Ending: run.FailedDirty,
		Failure: &run.Failure{Error: "WaveFailed", Cause: "2 components failed or were skipped"}}
	h := makereport.Handler{Objects: w.Objects, Now: w.Now}
	written := map[run.Artifact]string{}
	for attempt := range 2 {
		out, err := h.Handle(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, "stacks/orders/staging/runs/r1/report.json", out.Key)
		for artifact, says := range map[run.Artifact]string{run.ReportArtifact: `"ending": "FailedDirty"`, run.ReportTextArtifact: "Left half-done:\n  intake/queue", run.ReportHTMLArtifact: "<h2>Left half-done</h2>"} {
			object, err := w.Objects.Get(t.Context(), r.Archive().Key(artifact))
			require.NoError(t, err)
			require.Contains(t, string(object.Data), says)
			if attempt > 0 {
				require.Equal(t, written[artifact], string(object.Data), "the same again")
			}
			written[artifact] = string(object.Data)
		}
		w.Pass(time.Minute)
	}
	var made report.Report
	require.NoError(t, r.Archive().Read(t.Context(), run.ReportArtifact, &made))
	require.Equal(t, run.FailedDirty, made.Ending)
	require.Len(t, made.Rows, 3)
	require.Equal(t, 5*time.Minute, made.EndedAt.Sub(made.StartedAt))
	require.Equal(t, []string{"creating queue"}, made.LeftBehind[0].Resources)
}

func TestARunThatNeverHadAReferenceIsReportedAsWell(t *testing.T) {
	w := functionstest.New(t)
	out, err := makereport.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), makereport.In{Execution: "r1", StartedAt: functionstest.Start,
		Request: run.Request{Stack: "orders", Environment: "staging"}, Ending: run.FailedClean, Failure: &run.Failure{Error: "BundleRejected", Cause: "gone"}})
	require.NoError(t, err)
	object, err := w.Objects.Get(t.Context(), out.Key)
	require.NoError(t, err)
	require.Contains(t, string(object.Data), `"BundleRejected"`)
}

func TestARunOfNoScopeCannotBeReported(t *testing.T) {
	w := functionstest.New(t)
	_, err := makereport.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), makereport.In{Execution: "r1", Ending: run.FailedClean})
	require.ErrorContains(t, err, "bundles/{stack}/{environment}")
}

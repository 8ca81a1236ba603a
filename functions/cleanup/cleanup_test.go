package cleanup_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/events"
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

func TestARunIsFoundByTheEventOfItsExecution(t *testing.T) {
	w := functionstest.New(t)
	var in cleanup.In
	require.NoError(t, json.Unmarshal(events.Sample("run-aborted"), &in))
	require.Equal(t, "ABORTED", in.Why)
	r := w.Discover(in.Execution, run.Deploy, functionstest.Bundle).MakePlan()
	r.Execute(r.Prepare(0))
	executions := &functionstest.Executions{}
	h := cleanup.Handler{Objects: w.Objects, Locker: w.Locker, Executions: executions, Now: w.Now}
	out, err := h.Handle(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, cleanup.Out{Released: 1, Ending: run.FailedClean}, out)
	require.Equal(t, []string{in.Execution}, executions.Stopped)
	require.Contains(t, w.State().Components, "intake/queue")

	t.Run("without its lock by what it was started with", func(t *testing.T) {
		out, err = h.Handle(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, cleanup.Out{}, out, "nobody knows where it was")
		executions.Requests = map[string]run.Request{in.Execution: r.Request}
		require.NoError(t, w.Objects.Delete(t.Context(), r.Archive().Key(run.ReportArtifact)))
		out, err = h.Handle(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, cleanup.Out{Ending: run.FailedClean}, out, "it had no report")
	})
}

func TestARunThatDiedBeforeItWroteAnythingIsReported(t *testing.T) {
	w := functionstest.New(t)
	request := run.Request{Stack: "orders", Environment: "staging", Bundle: w.Upload(functionstest.Bundle)}
	h := cleanup.Handler{Objects: w.Objects, Locker: w.Locker, Now: w.Now,
		Executions: &functionstest.Executions{Requests: map[string]run.Request{"r1": request}}}
	out, err := h.Handle(t.Context(), cleanup.In{Execution: "r1", Why: "TIMED_OUT"})
	require.NoError(t, err)
	require.Equal(t, cleanup.Out{Ending: run.FailedClean}, out)
	var made report.Report
	require.NoError(t, run.Archive{Store: w.Objects, Ref: run.Ref{Stack: "orders", Environment: "staging", ID: "r1"}}.Read(t.Context(), run.ReportArtifact, &made))
	require.Equal(t, run.Deploy, made.Operation)
}

func TestEventsAreDecoded(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want cleanup.In
		err  string
	}{
		"a run":    {`{"run":{"stack":"a","environment":"b","id":"r1"},"why":"its process died"}`, cleanup.In{Run: run.Ref{Stack: "a", Environment: "b", ID: "r1"}, Why: "its process died"}, ""},
		"an event": {`{"detail":{"name":"r1","status":"TIMED_OUT","input":null}}`, cleanup.In{Execution: "r1", Why: "TIMED_OUT"}, ""},
		"an event with its input": {`{"detail":{"name":"r1","status":"FAILED","input":"{\"stack\":\"a\",\"environment\":\"b\"}"}}`,
			cleanup.In{Execution: "r1", Why: "FAILED", Request: run.Request{Stack: "a", Environment: "b"}}, ""},
		"an event of something else": {`{"detail":{}}`, cleanup.In{}, "look at the rule"},
		"an input that is none":      {`{"detail":{"name":"r1","input":"no JSON"}}`, cleanup.In{}, "the input of execution r1"},
	} {
		t.Run(name, func(t *testing.T) {
			var in cleanup.In
			err := json.Unmarshal([]byte(c.text), &in)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, in)
		})
	}
}

func TestAQuarantinedLockStays(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).Lock()
	require.NoError(t, w.Locker.Quarantine(t.Context(), r.Lease, "the rollback failed"))
	require.Equal(t, cleanup.Out{Ending: run.FailedDirty}, handle(t, r), "a person has to look, so it is not clean")
	held, err := w.Locker.Held(t.Context(), r.Ref.Scope())
	require.NoError(t, err)
	require.Len(t, held, 1)
	var made report.Report
	require.NoError(t, r.Archive().Read(t.Context(), run.ReportArtifact, &made))
	require.Equal(t, &run.Failure{Error: run.RollbackFailed, Cause: "the rollback failed"}, made.Failure)
}

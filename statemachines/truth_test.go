package statemachines_test

import (
	"maps"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// told is how run r1 said that it ended: by its report, or, where that could not be written, by its final state. It is ""
// where nobody has said anything: the run was cut off and left nothing to clean up.
func (w *world) told() (run.Ending, *run.Failure) {
	w.t.Helper()
	var made report.Report
	err := w.archive("r1").Read(w.t.Context(), run.ReportArtifact, &made)
	if err == nil {
		return made.Ending, made.Failure
	}
	require.ErrorIs(w.t, err, objects.ErrNotFound)
	for _, x := range w.engine.Executions() {
		names := strings.Fields(path(x))
		if x.Name() != "r1" || x.Status() == asl.StatusAborted || len(names) < 2 || names[1] != "Discover" {
			continue
		}
		ending := run.Ending(names[len(names)-1])
		if result, err := x.Wait(w.t.Context()); err == nil && result.Error != "" {
			return ending, &run.Failure{Error: result.Error, Cause: result.Cause}
		}
		return ending, nil
	}
	return "", nil
}

// halves are the components about which state and cloud do not agree, or of which only a part is there.
func (w *world) halves() []string {
	w.t.Helper()
	snapshot, _, err := state.NewStore(w.objects, scope).Read(w.t.Context())
	require.NoError(w.t, err)
	w.cloud.mu.Lock()
	defer w.cloud.mu.Unlock()
	wrong := map[string]bool{}
	for short, record := range snapshot.Components {
		if record.Status != state.Deployed || !w.cloud.there[short] {
			wrong[short] = true
		}
	}
	for short := range w.cloud.there {
		if _, known := snapshot.Components[short]; !known {
			wrong[short] = true
		}
	}
	return slices.Sorted(maps.Keys(wrong))
}

// truthful compares what run r1 says of its end with what there is: only a dirty ending may leave something half-done, and
// a lock that waits for a person is announced as such.
func (w *world) truthful() {
	w.t.Helper()
	ending, failure := w.told()
	if ending != run.FailedDirty {
		require.Empty(w.t, w.halves(), "the run ended %q", ending)
	}
	if ending != "" {
		require.Equal(w.t, w.quarantined(), failure.NeedsPerson(), "it ended %s, %+v", ending, failure)
	}
	if w.quarantined() {
		require.Equal(w.t, run.FailedDirty, ending, "%+v", failure)
	}
}

// cleanUp is what the rule on execution status does for a run that did not end well.
func (w *world) cleanUp(id string) {
	w.t.Helper()
	_, err := w.functions["Cleanup"].Invoke(w.t.Context(), []byte(`{"detail":{"name":"`+id+`","status":"FAILED"}}`))
	require.NoError(w.t, err)
}

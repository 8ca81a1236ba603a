package notify_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/catalog"
	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/metric"
	"github.com/deployer-io/deployer/shared/run"
)

// TestEveryFunctionThatKnowsNewsTellsThem calls the functions as the state machines, the schedule and the command do.
func TestEveryFunctionThatKnowsNewsTellsThem(t *testing.T) {
	w, o, h, _ := told(t)
	executions := &functionstest.Executions{Live: map[string]bool{}}
	var measured bytes.Buffer
	functions := catalog.New(catalog.Ports{Objects: w.Objects, Locker: w.Locker, Now: w.Now, Executions: executions, Teller: h.Teller,
		Metrics: &metric.Writer{Installation: "staging", Out: &measured, Now: w.Now}})
	call := func(name string, payload map[string]any) {
		t.Helper()
		data, err := json.Marshal(payload)
		require.NoError(t, err)
		_, err = functions[name].Invoke(t.Context(), data)
		require.NoError(t, err)
	}
	news := func() []string {
		told := o.published
		o.published = nil
		return told
	}
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	call("ConfirmPlan", map[string]any{"run": r.Ref, "lease": r.Lease, "digest": r.Plan.Digest})
	require.Equal(t, []string{"deployments: orders/staging: deploy begins"}, news())

	w.Pass(time.Minute)
	call("Cleanup", map[string]any{"run": r.Ref, "request": r.Request, "why": "ABORTED"})
	require.Equal(t, []string{"deployments: FailedClean: deploy of orders/staging"}, news(), "nobody else tells of it")
	call("Cleanup", map[string]any{"run": r.Ref, "request": r.Request, "why": "ABORTED"})
	require.Empty(t, news(), "once is enough")

	r = w.Discover("r2", run.Deploy, functionstest.Bundle).Lock()
	call("Quarantine", map[string]any{"run": r.Ref, "lease": r.Lease, "cause": "the cloud refused"})
	require.Equal(t, []string{"operations: orders/staging: its lock waits for a person", "security: orders/staging: its lock waits for a person"}, news())
	call("KeepLocks", map[string]any{})
	require.Contains(t, measured.String(), `"StuckLocks":1`)
	held, err := w.Locker.Held(t.Context(), r.Ref.Scope())
	require.NoError(t, err)
	call("Cleanup", map[string]any{"force": map[string]any{"address": r.Ref.Scope(), "lockId": held[0].LockID, "actor": "mona", "reason": "it is mended"}})
	require.Contains(t, news(), "security: orders/staging: a lock was freed by force")
	measured.Reset()
	call("KeepLocks", map[string]any{})
	require.Contains(t, measured.String(), `"StuckLocks":0`, "that ends the alarm")
	held, err = w.Locker.Held(t.Context(), r.Ref.Scope())
	require.NoError(t, err)
	require.Empty(t, held)
}

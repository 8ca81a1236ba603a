package catalog_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/catalog"
	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/shared/run"
)

func functions(w *functionstest.World) map[string]catalog.Function {
	return catalog.New(catalog.Ports{Objects: w.Objects, Locker: w.Locker, Now: w.Now, PerLevel: true})
}

// invoke calls a function as Lambda does.
func invoke(t *testing.T, w *functionstest.World, name string, payload any) (json.RawMessage, error) {
	t.Helper()
	data, err := json.Marshal(payload)
	require.NoError(t, err)
	return functions(w)[name].Invoke(t.Context(), data)
}

func TestEveryNameHasAFunction(t *testing.T) {
	w := functionstest.New(t)
	require.Len(t, functions(w), len(catalog.Names()))
	require.IsIncreasing(t, catalog.Names())
	for _, name := range catalog.Names() {
		require.NotNil(t, functions(w)[name], name)
	}
}

func TestAFunctionSpeaksJSON(t *testing.T) {
	w := functionstest.New(t)
	out, err := invoke(t, w, "Discover", map[string]any{"run": "r1", "request": run.Request{Stack: "orders", Environment: "staging", Bundle: w.Upload(functionstest.Bundle)}})
	require.NoError(t, err)
	require.JSONEq(t, `{"run":{"stack":"orders","environment":"staging","id":"r1","operation":"deploy"},"components":3}`, string(out))
}

func TestAnErrorIsNamedAsTheStateMachinesNameIt(t *testing.T) {
	w := functionstest.New(t)
	held := w.Discover("r1", run.Deploy, functionstest.Bundle).Lock()
	other := w.Discover("r2", run.Deploy, functionstest.Bundle)
	for name, test := range map[string]struct {
		payload any
		want    string
	}{
		"Discover":    {map[string]any{"run": "r3", "request": run.Request{Stack: "orders", Environment: "staging", Bundle: run.BundleRef{Key: "bundles/gone"}}}, "BundleRejected"},
		"AcquireLock": {map[string]any{"run": other.Ref, "request": other.Request, "startedAt": w.Now()}, "LockHeld"},
		"PrepareWave": {map[string]any{"run": held.Ref, "lease": held.Lease, "wave": 0}, run.Unexpected},
	} {
		_, err := invoke(t, w, name, test.payload)
		var named messages.InvokeResponse_Error
		require.True(t, errors.As(err, &named), name)
		require.Equal(t, test.want, named.Type)
		require.NotEmpty(t, named.Message)
	}
}

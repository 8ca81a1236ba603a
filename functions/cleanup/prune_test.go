package cleanup_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/cleanup"
	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/state"
)

func TestHistoryIsThrownAwayAfterNinetyDays(t *testing.T) {
	w := functionstest.New(t)
	w.Deploy("r1", functionstest.Bundle)
	first := w.State().Serial
	require.Greater(t, first, int64(1))
	var in cleanup.In
	require.NoError(t, json.Unmarshal([]byte(`{"prune": true}`), &in))
	prune := func() (cleanup.Out, error) {
		return cleanup.Handler{Objects: w.Objects, Locker: w.Locker, Now: w.Now}.Handle(t.Context(), in)
	}
	out, err := prune()
	require.NoError(t, err)
	require.Zero(t, out.Pruned, "it is young")
	w.Pass(state.Retention + time.Hour)
	out, err = prune()
	require.NoError(t, err)
	require.Equal(t, int(first)-1, out.Pruned, "the present one stays")
	require.Equal(t, first, w.State().Serial)

	_, err = w.Objects.Put(t.Context(), address.Scope("orders", "staging").Prefix()+"state.json", []byte("{"), objects.Always())
	require.NoError(t, err)
	_, err = prune()
	require.ErrorContains(t, err, "orders/staging")
}

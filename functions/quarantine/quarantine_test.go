package quarantine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/quarantine"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/run"
)

func TestALockUnderQuarantineIsFreedByNobodyButAPerson(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).Lock()
	in := quarantine.In{Run: r.Ref, Lease: r.Lease, Cause: strings.Repeat("the topic could not be deleted; ", 50)}
	for range 2 {
		_, err := quarantine.Handler{Locker: w.Locker}.Handle(t.Context(), in)
		require.NoError(t, err)
	}
	require.NoError(t, w.Locker.Release(t.Context(), r.Lease), "the run goes on to its end")
	w.Pass(1000 * time.Hour)
	held, err := w.Locker.Held(t.Context(), r.Ref.Scope())
	require.NoError(t, err)
	require.Len(t, held, 1)
	require.Contains(t, held[0].Quarantine, "run r1 failed, and so did taking back what it had done: the topic")
	require.LessOrEqual(t, len(held[0].Quarantine), 500)
	_, err = w.Locker.Acquire(t.Context(), lock.Request{Addresses: []address.Address{r.Ref.Scope()}, Run: "r2"})
	var refused *lock.LockHeld
	require.ErrorAs(t, err, &refused)
}

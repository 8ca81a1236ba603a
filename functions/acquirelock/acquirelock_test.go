package acquirelock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/acquirelock"
	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/run"
)

func TestALockIsTakenOnceAndAskingAgainGivesTheSame(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle)
	h := acquirelock.Handler{Objects: w.Objects, Locker: w.Locker, Now: w.Now}
	in := acquirelock.In{Run: r.Ref, Request: r.Request, StartedAt: w.Now()}
	first, err := h.Handle(t.Context(), in)
	require.NoError(t, err)
	require.True(t, first.Taken)
	require.Equal(t, map[string]int64{first.Lease.Keys[0]: first.Lease.Fence}, w.State().Floors, "the fence is in the state before anything else")
	second, err := h.Handle(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, first.Lease.LockID, second.Lease.LockID)
	require.Equal(t, first.Lease.Fence, second.Lease.Fence)
	held, err := w.Locker.Held(t.Context(), r.Ref.Scope())
	require.NoError(t, err)
	require.Len(t, held, 1)
	require.Equal(t, "ana", held[0].LockedBy)
}

func TestAnothersLockIsWaitedForAsLongAsAsked(t *testing.T) {
	w := functionstest.New(t)
	w.Discover("r1", run.Deploy, functionstest.Bundle).Lock()
	r := w.Discover("r2", run.Deploy, functionstest.Bundle)
	r.Request.LockTimeout = 60
	h := acquirelock.Handler{Objects: w.Objects, Locker: w.Locker, Now: w.Now}
	in := acquirelock.In{Run: r.Ref, Request: r.Request, StartedAt: w.Now()}
	for range 2 {
		out, err := h.Handle(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, acquirelock.Out{Holder: "r1", Wait: 10}, out)
		w.Pass(20 * time.Second)
	}
	w.Pass(time.Minute)
	_, err := h.Handle(t.Context(), in)
	var held *lock.LockHeld
	require.ErrorAs(t, err, &held)
	require.Equal(t, "r1", held.Run)
}

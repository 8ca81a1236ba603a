package releaselock_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/releaselock"
	"github.com/deployer-io/deployer/shared/run"
)

func TestALockIsReleasedOnceAndAgain(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).Lock()
	for range 2 {
		out, err := releaselock.Handler{Locker: w.Locker}.Handle(t.Context(), releaselock.In{Run: &r.Ref, Lease: &r.Lease})
		require.NoError(t, err)
		require.True(t, out.Released)
	}
	held, err := w.Locker.Held(t.Context(), r.Ref.Scope())
	require.NoError(t, err)
	require.Empty(t, held)
	w.Discover("r2", run.Deploy, functionstest.Bundle).Lock()
	held, err = w.Locker.Held(t.Context(), r.Ref.Scope())
	require.NoError(t, err)
	require.Equal(t, "r2", held[0].Run, "and the next one's is left alone")
}

func TestARunWithoutALockHasNothingToRelease(t *testing.T) {
	out, err := releaselock.Handler{Locker: functionstest.New(t).Locker}.Handle(t.Context(), releaselock.In{})
	require.NoError(t, err)
	require.False(t, out.Released)
}

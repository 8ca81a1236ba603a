package releaselock_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/releaselock"
	"github.com/deployer-io/deployer/shared/address"
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

type told []string

func (a *told) Locked(_ context.Context, at address.Address, holder, reason string) error {
	*a = append(*a, at.String()+" "+holder+" "+reason)
	return nil
}

func TestTheLockOfARunThatCouldNotBeTakenBackWaitsForAPerson(t *testing.T) {
	failure := &run.Failure{Error: run.RollbackFailed, Cause: "the rollout was stopped"}
	for sentence, before := range map[string]func(*functionstest.Run){
		"nobody came to it before": func(*functionstest.Run) {},
		"it was quarantined before": func(r *functionstest.Run) {
			require.NoError(t, r.Locker.Quarantine(t.Context(), r.Lease, "looked bad"))
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := functionstest.New(t)
			r := w.Discover("r1", run.Deploy, functionstest.Bundle).Lock()
			before(r)
			teller := &told{}
			for range 2 {
				out, err := releaselock.Handler{Locker: w.Locker, Teller: teller}.Handle(t.Context(),
					releaselock.In{Run: &r.Ref, Lease: &r.Lease, Ending: run.FailedDirty, Failure: failure})
				require.NoError(t, err)
				require.Equal(t, releaselock.Out{Ending: run.FailedDirty, Failure: failure}, out)
			}
			held, err := w.Locker.Held(t.Context(), r.Ref.Scope())
			require.NoError(t, err)
			require.NotEmpty(t, held[0].Quarantine)
			require.LessOrEqual(t, len(*teller), 1, "people are told once")
		})
	}
}

func TestARunWhoseLockIsQuarantinedIsNotClean(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).Lock()
	require.NoError(t, w.Locker.Quarantine(t.Context(), r.Lease, "it could not be taken back"))
	out, err := releaselock.Handler{Locker: w.Locker}.Handle(t.Context(), releaselock.In{Run: &r.Ref, Lease: &r.Lease, Ending: run.FailedClean,
		Failure: &run.Failure{Error: "WaveFailed", Cause: "x"}})
	require.NoError(t, err)
	require.Equal(t, releaselock.Out{Ending: run.FailedDirty, Failure: &run.Failure{Error: run.RollbackFailed, Cause: "it could not be taken back"}}, out)
}

package lock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
)

func TestAHolderStopsBeforeItsLeaseEnds(t *testing.T) {
	r := newRig(t)
	lease := r.acquire("one", db, queue)
	r.pass(time.Hour - lock.Margin - time.Second)
	require.NoError(t, r.locker.Check(t.Context(), lease))
	r.pass(time.Second)
	lost := r.lost(r.locker.Check(t.Context(), lease))
	require.Equal(t, db, lost.Address)
	require.ErrorContains(t, lost, "its lease ends at 2026-03-04T06:00:00Z and was not renewed in time (it is 2026-03-04T05:59:30Z here)")
	renewed, err := r.locker.Renew(t.Context(), lease)
	require.NoError(t, err, "nobody has taken it")
	require.Equal(t, r.now.Add(time.Hour), renewed.ExpiresAt)
	require.NoError(t, r.locker.Check(t.Context(), renewed))
}

func TestTheEndCountsFromWhenTheRequestWasSent(t *testing.T) {
	r := newRig(t)
	sent := r.now
	r.fault = func(_ int, apply func() error) error {
		defer r.pass(10 * time.Minute) // the answer is long on its way
		return apply()
	}
	lease := r.acquire("one", db)
	require.Equal(t, sent.Add(time.Hour), lease.ExpiresAt)
	sent = r.now
	renewed, err := r.locker.Renew(t.Context(), lease)
	require.NoError(t, err)
	require.Equal(t, sent.Add(time.Hour), renewed.ExpiresAt)
}

func TestAKeeperRenewsWithWhatTheTableHolds(t *testing.T) {
	r := newRig(t)
	lease := r.acquire("one", db, queue)
	r.pass(50 * time.Minute)
	held, err := r.locker.Held(t.Context(), scope)
	require.NoError(t, err)
	require.Len(t, held, 2)
	for _, h := range held {
		_, err := r.locker.Renew(t.Context(), h.Lease())
		require.NoError(t, err)
	}
	r.pass(50 * time.Minute)
	require.NoError(t, r.locker.Check(t.Context(), lease), "the holder itself did not renew")
}

func TestRenewalNeverMovesTheEndBack(t *testing.T) {
	r := newRig(t)
	lease := r.acquire("one", db, queue)
	ahead := lease
	ahead.Keys = lease.Keys[:1]
	ahead.Seconds = 2 * 3600
	_, err := r.locker.Renew(t.Context(), ahead) // a keeper whose clock is ahead has renewed one of them
	require.NoError(t, err)
	r.pass(time.Minute)
	renewed, err := r.locker.Renew(t.Context(), lease)
	require.NoError(t, err)
	require.Equal(t, r.now.Add(time.Hour), renewed.ExpiresAt, "the other one was renewed all the same")
	held, err := r.locker.Held(t.Context(), scope)
	require.NoError(t, err)
	require.Equal(t, []time.Time{r.now.Add(119 * time.Minute), r.now.Add(time.Hour)}, []time.Time{held[0].ExpiresAt, held[1].ExpiresAt})
}

func TestUnclearAnswersToARenewal(t *testing.T) {
	r := newRig(t)
	lease := r.acquire("one", db)
	r.pass(time.Minute)
	r.fault = func(_ int, apply func() error) error {
		_ = apply()
		return errNoAnswer
	}
	renewed, err := r.locker.Renew(t.Context(), lease)
	require.NoError(t, err, "every reply was lost, but the table has it")
	require.True(t, renewed.ExpiresAt.After(lease.ExpiresAt))
	r.fault = func(int, func() error) error { return errNoAnswer }
	r.calls = 0
	r.pass(time.Minute)
	_, err = r.locker.Renew(t.Context(), lease)
	var unavailable *lock.TableUnavailable
	require.ErrorAs(t, err, &unavailable)
	require.ErrorIs(t, err, errNoAnswer)
	require.Equal(t, 9, r.calls)
}

func TestLeasesThatAreNone(t *testing.T) {
	r := newRig(t)
	none := lock.Lease{Scope: scope, LockID: "id", Fence: 1}
	require.ErrorContains(t, r.locker.Check(t.Context(), none), "without keys")
	_, err := r.locker.Renew(t.Context(), none)
	require.ErrorContains(t, err, "without keys")
	forged := r.acquire("one", db)
	forged.LockID = "another"
	r.lost(r.locker.Check(t.Context(), forged))
	_, err = r.locker.Renew(t.Context(), forged)
	r.lost(err)
	forged.Keys = []string{"nonsense"}
	require.ErrorContains(t, r.locker.Release(t.Context(), forged), `"nonsense" is no lock key`)
}

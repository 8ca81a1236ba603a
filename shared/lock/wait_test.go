package lock_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
)

func TestWaitingEndsWhenTheHolderReleases(t *testing.T) {
	r := newRig(t)
	lease := r.acquire("one", db)
	var waited []string
	got, err := r.locker.AcquireWithin(t.Context(), request("two", db), time.Hour, func(held *lock.LockHeld) {
		if waited = append(waited, held.Run); len(waited) == 3 {
			require.NoError(t, r.locker.Release(t.Context(), lease))
		}
	})
	require.NoError(t, err)
	require.Equal(t, []string{"one", "one", "one"}, waited)
	require.Equal(t, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}, r.slept)
	require.NoError(t, r.locker.Check(t.Context(), got))
}

func TestWaitingEndsWithTheHoldersLease(t *testing.T) {
	r := newRig(t)
	r.acquire("one", db)
	start := r.now
	_, err := r.locker.AcquireWithin(t.Context(), request("two", db), 2*time.Hour, nil)
	require.NoError(t, err)
	require.InDelta(t, time.Hour+lock.Margin, r.now.Sub(start), float64(10*time.Second))
}

func TestWaitingEndsInTime(t *testing.T) {
	r := newRig(t)
	r.acquire("one", db)
	start := r.now
	_, err := r.locker.AcquireWithin(t.Context(), request("two", db), 10*time.Minute, nil)
	var held *lock.LockHeld
	require.ErrorAs(t, err, &held)
	require.Equal(t, 10*time.Minute, r.now.Sub(start))
	_, err = r.locker.AcquireWithin(t.Context(), request("two", db), 0, func(*lock.LockHeld) { t.Error("there is no waiting") })
	require.ErrorAs(t, err, &held)
}

func TestWaitingIsInVainForAQuarantinedLock(t *testing.T) {
	r := newRig(t)
	require.NoError(t, r.locker.Quarantine(t.Context(), r.acquire("one", db), "the rollback failed"))
	_, err := r.locker.AcquireWithin(t.Context(), request("two", db), time.Hour, func(*lock.LockHeld) { t.Error("there is no waiting") })
	var held *lock.LockHeld
	require.ErrorAs(t, err, &held)
	require.Empty(t, r.slept)
}

func TestWaitingCanBeCancelled(t *testing.T) {
	r := newRig(t)
	r.acquire("one", db)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := r.locker.AcquireWithin(ctx, request("two", db), time.Hour, func(*lock.LockHeld) { cancel() })
	require.ErrorIs(t, err, context.Canceled)
}

func TestHeldTellsOneScopeOrAll(t *testing.T) {
	r := newRig(t)
	staging := address.Scope("shop", "staging").In("data", "db")
	longer := address.Scope("shop", "production-2")
	r.acquire("one", db)
	r.acquire("two", staging)
	r.acquire("three", longer)
	require.Equal(t, []string{"shop/production/data/db"}, r.held())
	all, err := r.locker.Held(t.Context(), address.Address{})
	require.NoError(t, err)
	require.Len(t, all, 3)
	require.Equal(t, "one", all[1].Run)
	require.Equal(t, lock.Holding{Address: longer, LockID: all[0].LockID, Fence: 1, LockedBy: "ann", Run: "three", GitCommit: "4f2c", CIRun: "77",
		Since: r.now, ExpiresAt: r.now.Add(time.Hour)}, withoutVersion(all[0]))
	none, err := r.locker.Audit(t.Context(), staging)
	require.NoError(t, err)
	require.Empty(t, none)
}

// withoutVersion copies what is public.
func withoutVersion(h lock.Holding) lock.Holding {
	return lock.Holding{Address: h.Address, LockID: h.LockID, Fence: h.Fence, LockedBy: h.LockedBy, Run: h.Run, GitCommit: h.GitCommit, CIRun: h.CIRun,
		Since: h.Since, ExpiresAt: h.ExpiresAt, Quarantine: h.Quarantine}
}

func TestMessagesSayWhoSinceWhenAndWhatToDo(t *testing.T) {
	r := newRig(t)
	r.acquire("one", scope)
	r.pass(time.Minute)
	require.EqualError(t, r.refused("two", db), "shop/production/data/db is locked through shop/production by ann (run one, commit 4f2c) "+
		"since 2026-03-04T05:00:00Z until 2026-03-04T06:00:00Z or longer: wait for it to end (--lock-timeout), or look at it with "+
		"'deployer lock show shop/production'")
	require.EqualError(t, &lock.LockLost{Address: db, Fence: 3, Reason: "why"},
		"the lock on shop/production/data/db (fence 3) is lost: why; this run must stop, start a new one")
	require.EqualError(t, &lock.ClockSkewed{Address: db, Skew: time.Minute}, "the lease on shop/production/data/db seems to have ended, but the clock "+
		"here is off by 1m0s (at most 5s is allowed): correct the clock, then try again")
	_, err := r.locker.Acquire(t.Context(), lock.Request{Addresses: []address.Address{db}})
	require.ErrorContains(t, err, "by ann")
	r.fault = func(int, func() error) error { return lock.ErrInvalidWrite }
	_, err = r.locker.Acquire(t.Context(), request("three", scope))
	require.ErrorContains(t, err, "a mistake of deployer itself; report it")
}

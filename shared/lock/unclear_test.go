package lock_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
)

// What the table may answer to an acquisition, and what comes of it.
func TestUnclearAnswersAreCleared(t *testing.T) {
	refuse := func(err error, times int) func(int, func() error) error {
		return func(call int, apply func() error) error {
			if call <= times {
				return err
			}
			return apply()
		}
	}
	for name, c := range map[string]struct {
		fault   func(call int, apply func() error) error
		granted bool
		calls   int
	}{
		"the request is lost once": {refuse(errNoAnswer, 1), true, 2},
		"the reply is lost once": {func(call int, apply func() error) error {
			if err := apply(); call > 1 {
				return err
			}
			return errNoAnswer
		}, true, 2},
		"every reply to the grant is lost": {func(call int, apply func() error) error {
			if err := apply(); call > 9 {
				return err
			}
			return errNoAnswer
		}, true, 9}, // the read-back sees that the fence is drawn and the lock is there
		"conflicts, eight times":    {refuse(lock.ErrTransactConflict, 8), true, 9},
		"throttling, eight times":   {refuse(lock.ErrThrottled, 8), true, 9},
		"throttling, nine times":    {refuse(lock.ErrThrottled, 9), false, 9},
		"every request is lost":     {refuse(errNoAnswer, 9), false, 10}, // the tenth burns the fence
		"the request is impossible": {refuse(lock.ErrInvalidWrite, 1), false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.fault = c.fault
			lease, err := r.locker.Acquire(t.Context(), request("one", db, queue))
			require.Equal(t, c.calls, r.calls)
			if !c.granted {
				var unavailable *lock.TableUnavailable
				require.ErrorAs(t, err, &unavailable)
				require.False(t, unavailable.Unsettled)
				r.empty()
				return
			}
			require.NoError(t, err)
			require.NoError(t, r.locker.Check(t.Context(), lease))
			require.Equal(t, "id-1", lease.LockID)
			require.EqualValues(t, 1, lease.Fence)
			r.fault = nil
			require.NoError(t, r.locker.Release(t.Context(), lease))
			r.empty()
		})
	}
}

func TestWaitsGrowAndAreDrawn(t *testing.T) {
	r := newRig(t)
	r.fault = func(int, func() error) error { return lock.ErrThrottled }
	_, err := r.locker.Acquire(t.Context(), request("one", db))
	require.ErrorIs(t, err, lock.ErrThrottled)
	require.Equal(t, []time.Duration{25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond,
		400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond, 2500 * time.Millisecond}, r.slept)
}

func TestARequestThatComesAfterItsClientGaveUpIsDead(t *testing.T) {
	r := newRig(t)
	var late []func() error
	r.fault = func(call int, apply func() error) error {
		if call <= 9 {
			late = append(late, apply)
			return errNoAnswer
		}
		return apply()
	}
	_, err := r.locker.Acquire(t.Context(), request("one", db))
	require.ErrorIs(t, err, errNoAnswer)
	r.fault = nil
	for _, apply := range late {
		require.Error(t, apply())
	}
	r.empty()
	require.EqualValues(t, 2, r.acquire("two", db).Fence, "the first fence was burnt")
}

func TestATableThatNeverAnswersLeavesTheAcquisitionUnsettled(t *testing.T) {
	r := newRig(t)
	r.fault = func(int, func() error) error { return errNoAnswer }
	_, err := r.locker.Acquire(t.Context(), request("one", db))
	var unavailable *lock.TableUnavailable
	require.ErrorAs(t, err, &unavailable)
	require.True(t, unavailable.Unsettled)
	require.ErrorContains(t, err, "find out whether stack:shop:env:production:component:data/db was acquired")
}

func TestACancelledAcquisitionLeavesNothingBehind(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	r.fault = func(call int, apply func() error) error {
		if call > 1 {
			return apply()
		}
		cancel()
		return errNoAnswer
	}
	_, err := r.locker.Acquire(ctx, request("one", db))
	require.ErrorIs(t, err, context.Canceled)
	r.empty()
	require.EqualValues(t, 2, r.acquire("two", db).Fence)
}

func TestACancelledAcquisitionThatWasGrantedIsGranted(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	r.fault = func(_ int, apply func() error) error {
		defer cancel()
		require.NoError(t, apply())
		return errNoAnswer
	}
	lease, err := r.locker.Acquire(ctx, request("one", db))
	require.NoError(t, err)
	require.NoError(t, r.locker.Check(t.Context(), lease))
}

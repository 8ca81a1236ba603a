package lock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
)

func TestReleasingMayBeRepeated(t *testing.T) {
	r := newRig(t)
	lease := r.acquire("one", db, front)
	require.NoError(t, r.locker.Release(t.Context(), lease))
	require.NoError(t, r.locker.Release(t.Context(), lease))
	r.empty()
	require.ErrorContains(t, r.lost(r.locker.Check(t.Context(), lease)), "it was released, or it expired and was removed")
}

func TestReleasingFreesWhatIsLeftWhenAPartIsAnothers(t *testing.T) {
	r := newRig(t)
	lease := r.acquire("one", db, queue)
	require.NoError(t, r.locker.ForceUnlock(t.Context(), db, lease.LockID, "bob", "it hangs"))
	other := r.acquire("two", db)
	require.Equal(t, db, r.lost(r.locker.Release(t.Context(), lease)).Address)
	require.Equal(t, []string{db.String()}, r.held())
	require.NoError(t, r.locker.Check(t.Context(), other))
}

func TestReleasingWhatTheTableDeletedTakesBackTheIntents(t *testing.T) {
	r := newRig(t)
	lease := r.acquire("one", db)
	require.Len(t, r.table.ExpireBefore(r.now.Add(2*time.Hour)), 1)
	require.NoError(t, r.locker.Release(t.Context(), lease))
	r.empty()
}

func TestUnclearAnswersToARelease(t *testing.T) {
	r := newRig(t)
	lease := r.acquire("one", db)
	r.fault = func(int, func() error) error { return errNoAnswer }
	err := r.locker.Release(t.Context(), lease)
	var unavailable *lock.TableUnavailable
	require.ErrorAs(t, err, &unavailable)
	require.NoError(t, r.locker.Check(t.Context(), lease), "it is held as before")
	r.fault = func(_ int, apply func() error) error {
		_ = apply()
		return errNoAnswer
	}
	require.NoError(t, r.locker.Release(t.Context(), lease), "every reply was lost, but the table has it")
	r.empty()
}

func TestAQuarantinedLockIsFreedByAnOperatorOnly(t *testing.T) {
	r := newRig(t)
	lease := r.acquire("one", db, queue)
	for range 2 {
		require.NoError(t, r.locker.Quarantine(t.Context(), lease, "the rollback failed"))
	}
	require.ErrorContains(t, r.lost(r.locker.Check(t.Context(), lease)), "it was quarantined: the rollback failed")
	require.NoError(t, r.locker.Release(t.Context(), lease))
	_, err := r.locker.Renew(t.Context(), lease)
	r.lost(err)
	for _, after := range []time.Duration{0, 24 * time.Hour, 100 * 365 * 24 * time.Hour} {
		r.pass(after)
		require.Empty(t, r.table.ExpireBefore(r.now))
		n, err := r.locker.Reap(t.Context(), scope)
		require.NoError(t, err)
		require.Zero(t, n)
		for _, run := range []string{"one", "two"} {
			held := r.refused(run, db)
			require.False(t, held.CanWait)
			require.ErrorContains(t, held, "quarantined (the rollback failed): look at what the run left, then free it with"+
				" 'deployer lock force-unlock shop/production/data/db --lock-id "+held.LockID+" --reason ...'")
		}
	}
	held := r.refused("two", db)
	require.ErrorContains(t, r.locker.Evict(t.Context(), held.Holding, "keeper", "its run has ended"), "quarantined")
	require.NoError(t, r.locker.ForceUnlock(t.Context(), db, held.LockID, "bob", "looked at it"))
	r.acquire("two", db)
}

func TestWhatIsNotOnesOwnCannotBeQuarantined(t *testing.T) {
	r := newRig(t)
	lease := r.acquire("one", db)
	require.NoError(t, r.locker.Release(t.Context(), lease))
	r.lost(r.locker.Quarantine(t.Context(), lease, "too late"))
	r.acquire("two", db)
	r.lost(r.locker.Quarantine(t.Context(), lease, "too late"))
}

func TestForceUnlockWantsTheLockThatTheOperatorSaw(t *testing.T) {
	r := newRig(t)
	stop := &stopper{}
	r.locker.Stopper = stop
	var mismatch *lock.LockMismatch
	require.ErrorAs(t, r.locker.ForceUnlock(t.Context(), db, "id-1", "bob", "it hangs"), &mismatch)
	require.ErrorContains(t, mismatch, "shop/production/data/db is not locked; there is nothing to free")
	lease := r.acquire("one", db)
	require.ErrorAs(t, r.locker.ForceUnlock(t.Context(), db, "id-0", "bob", "it hangs"), &mismatch)
	require.ErrorContains(t, mismatch, "shop/production/data/db is locked with id "+lease.LockID+", not id-0: look again")
	require.Empty(t, stop.stopped)
	require.NoError(t, r.locker.ForceUnlock(t.Context(), db, lease.LockID, "bob", "it hangs"))
	require.Equal(t, []string{"one"}, stop.stopped)
	r.empty()
	rows, err := r.locker.Audit(t.Context(), scope)
	require.NoError(t, err)
	require.Equal(t, []lock.AuditRow{{Address: db, Fence: 1, At: r.now, Event: "force-unlock", Actor: "bob", Reason: "it hangs",
		Previous: lease.LockID, LockedBy: "ann", Run: "one"}}, rows)
	require.EqualValues(t, 3, r.acquire("two", db).Fence, "the force-unlock drew the second")
}

func TestTheKeeperReapsWhatHasExpired(t *testing.T) {
	r := newRig(t)
	r.acquire("one", db)
	r.pass(30 * time.Minute)
	r.acquire("two", queue)
	r.pass(31 * time.Minute)
	n, err := r.locker.Reap(t.Context(), scope)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, []string{queue.String()}, r.held())
	n, err = r.locker.Reap(t.Context(), queue)
	require.NoError(t, err)
	require.Zero(t, n)
	r.pass(time.Hour)
	n, err = r.locker.Reap(t.Context(), queue)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	r.empty()
	require.Equal(t, []string{"reap shop/production/data/db id-1", "reap shop/production/data/queue id-3"}, r.audit())
}

func TestTheKeeperEvictsWhatAnEndedRunLeft(t *testing.T) {
	r := newRig(t)
	stop := &stopper{}
	r.locker.Stopper = stop
	r.acquire("one", db)
	held, err := r.locker.Held(t.Context(), scope)
	require.NoError(t, err)
	require.NoError(t, r.locker.Evict(t.Context(), held[0], "keeper", "its run has ended"))
	require.Equal(t, []string{"one"}, stop.stopped)
	require.Equal(t, []string{"reap shop/production/data/db id-1"}, r.audit())
	other := r.acquire("two", db)
	require.NoError(t, r.locker.Evict(t.Context(), held[0], "keeper", "its run has ended"), "it is gone already")
	require.NoError(t, r.locker.Check(t.Context(), other))
	require.Equal(t, []string{db.String()}, r.held())
}

package lock_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
)

func TestALockExcludesWhatIsAboveAndBelowItAndNothingElse(t *testing.T) {
	nodes := []address.Address{scope, data, web, db, queue, front}
	for _, first := range nodes {
		for _, second := range nodes {
			r := newRig(t)
			r.acquire("one", first)
			if !first.Contains(second) && !second.Contains(first) {
				r.acquire("two", second)
				continue
			}
			held := r.refused("two", second)
			require.Equal(t, first, held.Address, "%s after %s", second, first)
			require.Equal(t, second, held.Wanted)
			require.True(t, held.CanWait)
		}
	}
}

func TestAGrantIsALeaseThatTravelsAsJSON(t *testing.T) {
	r := newRig(t)
	lease := r.acquire("one", queue, db, queue)
	require.Equal(t, lock.Lease{Scope: scope, Keys: []string{db.LockKey(), queue.LockKey()}, LockID: "id-1", Fence: 1, Run: "one",
		ExpiresAt: r.now.Add(time.Hour)}, lease)
	data, err := json.Marshal(lease)
	require.NoError(t, err)
	require.JSONEq(t, `{"scope":"shop/production","keys":["stack:shop:env:production:component:data/db",
		"stack:shop:env:production:component:data/queue"],"lockId":"id-1","fence":1,"run":"one","expiresAt":"2026-03-04T06:00:00Z"}`, string(data))
	var back lock.Lease
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, lease, back)
	require.NoError(t, r.locker.Check(t.Context(), back))
}

func TestFencesRiseOverReleases(t *testing.T) {
	r := newRig(t)
	for n := range int64(5) {
		lease := r.acquire(fmt.Sprint("run", n), scope)
		require.Equal(t, n+1, lease.Fence)
		require.NoError(t, r.locker.Release(t.Context(), lease))
	}
}

func TestARefusalLeavesNothingBehind(t *testing.T) {
	r := newRig(t)
	r.acquire("one", db)
	before, err := r.table.List(t.Context(), "")
	require.NoError(t, err)
	r.refused("two", queue, db)
	r.refused("two", data, web)
	after, err := r.table.List(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestARunThatAsksAgainGetsTheLeaseThatItHas(t *testing.T) {
	r := newRig(t)
	first := r.acquire("one", db, queue)
	r.pass(10 * time.Minute)
	again := r.acquire("one", db, queue)
	require.Equal(t, first.LockID, again.LockID)
	require.Equal(t, first.Fence, again.Fence)
	require.Equal(t, r.now.Add(time.Hour), again.ExpiresAt)
	require.Equal(t, db, r.refused("one", db, front).Address, "what it has does not cover this")
}

func TestRequestsThatCannotBe(t *testing.T) {
	r := newRig(t)
	for name, addresses := range map[string][]address.Address{
		"no address":                {},
		"two levels":                {data, front},
		"a scope with a service":    {scope, data},
		"two environments":          {db, address.Scope("shop", "staging").In("data", "db")},
		"an address without names":  {{}},
		"a component of no service": {{Stack: "shop", Environment: "production", Component: "db"}},
	} {
		_, err := r.locker.Acquire(t.Context(), request("one", addresses...))
		require.ErrorContains(t, err, "lock: ", name)
	}
	require.Zero(t, r.calls)
}

func TestMoreThanOneTransactionHoldsMeansTheWholeScope(t *testing.T) {
	for _, c := range []struct {
		components int
		keys       int
	}{{97, 97}, {98, 1}, {400, 1}} { // with the fence, the scope and the service, 97 make 100
		r := newRig(t)
		var addresses []address.Address
		for i := range c.components {
			addresses = append(addresses, scope.In("data", fmt.Sprintf("c%d", i)))
		}
		lease := r.acquire("one", addresses...)
		require.Len(t, lease.Keys, c.keys)
		require.Equal(t, c.keys == 1, lease.Keys[0] == scope.LockKey())
		require.NoError(t, r.locker.Release(t.Context(), lease))
		r.empty()
	}
}

func TestAnExpiredLockIsTakenOverWhenNobodyCanBelieveInItAnyMore(t *testing.T) {
	r := newRig(t)
	old := r.acquire("one", db)
	r.pass(time.Hour + lock.Margin)
	require.Equal(t, old.LockID, r.refused("two", db).LockID)
	r.pass(time.Second)
	taken := r.acquire("two", db)
	require.Greater(t, taken.Fence, old.Fence)
	require.Equal(t, []string{"takeover shop/production/data/db id-1"}, r.audit())
	require.ErrorContains(t, r.lost(r.locker.Check(t.Context(), old)), "ann (run two, commit 4f2c) has held it since")
	_, err := r.locker.Renew(t.Context(), old)
	r.lost(err)
	r.lost(r.locker.Release(t.Context(), old))
	require.NoError(t, r.locker.Check(t.Context(), taken))
	require.NoError(t, r.locker.Release(t.Context(), taken))
	r.empty()
}

func TestExpiredLocksAboveAndBelowAreReaped(t *testing.T) {
	for name, c := range map[string]struct {
		had, wanted address.Address
	}{"above": {scope, db}, "below": {db, scope}, "between": {data, scope}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			old := r.acquire("one", c.had)
			r.pass(2 * time.Hour)
			r.acquire("two", c.wanted)
			require.Equal(t, []string{c.wanted.String()}, r.held())
			require.Equal(t, []string{fmt.Sprintf("reap %s %s", c.had, old.LockID)}, r.audit())
		})
	}
}

func TestATakeoverOfMoreThanOneTransactionHoldsReapsInstead(t *testing.T) {
	r := newRig(t)
	var addresses []address.Address
	for i := range 60 {
		addresses = append(addresses, scope.In("data", fmt.Sprintf("c%d", i)))
	}
	r.acquire("one", addresses...)
	r.pass(2 * time.Hour)
	r.acquire("two", addresses...)
	require.Len(t, r.held(), 60)
	require.Len(t, r.audit(), 60)
	require.Contains(t, r.audit()[0], "reap ")
}

func TestALiveLockAmongExpiredOnesStandsInTheWay(t *testing.T) {
	r := newRig(t)
	r.acquire("one", db)
	r.pass(90 * time.Minute)
	r.acquire("two", queue)
	require.Equal(t, queue, r.refused("three", data).Address)
	require.Empty(t, r.audit(), "nothing is taken away in vain")
	require.Equal(t, []string{"shop/production/data/db", "shop/production/data/queue"}, r.held())
}

func TestIntentsWithoutTheirLockAreTidiedUp(t *testing.T) {
	r := newRig(t)
	r.acquire("one", db, queue)
	require.Len(t, r.table.ExpireBefore(r.now.Add(2*time.Hour)), 2) // what the table's TTL leaves are the ancestors' intents
	r.acquire("two", scope)
	require.Equal(t, []string{"shop/production"}, r.held())
	require.Empty(t, r.audit())
}

// stopper notes which runs were stopped.
type stopper struct {
	stopped []string
	err     error
}

func (s *stopper) Stop(_ context.Context, run string) error {
	s.stopped = append(s.stopped, run)
	return s.err
}

func TestTheOldExecutionIsStoppedBeforeItsLockIsTaken(t *testing.T) {
	r := newRig(t)
	stop := &stopper{err: errors.New("it does not stop")}
	r.locker.Stopper = stop
	r.acquire("one", db)
	r.pass(2 * time.Hour)
	_, err := r.locker.Acquire(t.Context(), request("two", db))
	require.ErrorIs(t, err, stop.err)
	require.ErrorContains(t, err, "stop run one, which holds shop/production/data/db")
	require.Empty(t, r.audit())
	stop.err = nil
	r.acquire("two", db)
	require.Equal(t, []string{"one", "one"}, stop.stopped)
}

func TestAClockThatIsOffDoesNotJudgeThatALeaseHasEnded(t *testing.T) {
	for skew, allowed := range map[time.Duration]bool{0: true, lock.MaxSkew: true, -lock.MaxSkew: true,
		lock.MaxSkew + time.Millisecond: false, -lock.MaxSkew - time.Millisecond: false} {
		r := newRig(t)
		r.locker.Skew = func() time.Duration { return skew }
		r.acquire("one", db)
		r.pass(2 * time.Hour)
		_, err := r.locker.Acquire(t.Context(), request("two", db))
		var skewed *lock.ClockSkewed
		require.Equal(t, !allowed, errors.As(err, &skewed), "%s: %v", skew, err)
		require.Equal(t, allowed, err == nil)
	}
}

package lock_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
)

var (
	scope = address.Scope("shop", "production")
	data  = address.Address{Stack: "shop", Environment: "production", Service: "data"}
	web   = address.Address{Stack: "shop", Environment: "production", Service: "web"}
	db    = scope.In("data", "db")
	queue = scope.In("data", "queue")
	front = scope.In("web", "front")
)

var errNoAnswer = errors.New("no answer")

// rig is a locker on a memory table, with a clock that stands still until it is moved or slept on.
type rig struct {
	t      *testing.T
	now    time.Time
	table  *lock.MemoryTable
	fault  func(call int, apply func() error) error // of the transactions, counted from 1; nil: none
	calls  int
	slept  []time.Duration
	locker *lock.Locker
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, now: time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)}
	r.table = lock.NewMemoryTable(r.clock)
	ids := 0
	r.locker = &lock.Locker{Table: faultyRig{r.table, r}, Now: r.clock, Random: func() float64 { return 0.5 },
		NewID: func() string { ids++; return fmt.Sprintf("id-%d", ids) },
		Sleep: func(ctx context.Context, d time.Duration) error {
			r.slept = append(r.slept, d)
			r.pass(d)
			return ctx.Err()
		}}
	return r
}

type faultyRig struct {
	lock.Table
	rig *rig
}

func (f faultyRig) Transact(ctx context.Context, token string, writes []lock.Write) error {
	f.rig.calls++
	apply := func() error { return f.Table.Transact(ctx, token, writes) }
	if f.rig.fault == nil {
		return apply()
	}
	return f.rig.fault(f.rig.calls, apply)
}

func (r *rig) clock() time.Time     { return r.now }
func (r *rig) pass(d time.Duration) { r.now = r.now.Add(d) }

func request(run string, addresses ...address.Address) lock.Request {
	return lock.Request{Addresses: addresses, LockedBy: "ann", Run: run, GitCommit: "4f2c", CIRun: "77"}
}

func (r *rig) acquire(run string, addresses ...address.Address) lock.Lease {
	r.t.Helper()
	lease, err := r.locker.Acquire(r.t.Context(), request(run, addresses...))
	require.NoError(r.t, err)
	return lease
}

// refused is the error of an acquisition that must fail because of another lock.
func (r *rig) refused(run string, addresses ...address.Address) *lock.LockHeld {
	r.t.Helper()
	_, err := r.locker.Acquire(r.t.Context(), request(run, addresses...))
	var held *lock.LockHeld
	require.ErrorAs(r.t, err, &held)
	return held
}

func (r *rig) lost(err error) *lock.LockLost {
	r.t.Helper()
	var lost *lock.LockLost
	require.ErrorAs(r.t, err, &lost)
	return lost
}

// held returns the addresses that are locked now.
func (r *rig) held() []string {
	r.t.Helper()
	held, err := r.locker.Held(r.t.Context(), scope)
	require.NoError(r.t, err)
	var at []string
	for _, h := range held {
		at = append(at, h.Address.String())
	}
	return at
}

// audit returns event, address and previous lock of each audit row.
func (r *rig) audit() []string {
	r.t.Helper()
	rows, err := r.locker.Audit(r.t.Context(), scope)
	require.NoError(r.t, err)
	var lines []string
	for _, row := range rows {
		lines = append(lines, fmt.Sprintf("%s %s %s", row.Event, row.Address, row.Previous))
	}
	return lines
}

// empty checks that the table holds nothing but the fence and audit rows, and ancestors without any attribute.
func (r *rig) empty() {
	r.t.Helper()
	items, err := r.table.List(r.t.Context(), "stack:")
	require.NoError(r.t, err)
	for _, item := range items {
		require.Empty(r.t, item.LockID, item.Key)
		require.Empty(r.t, item.IxChildren, item.Key)
	}
}

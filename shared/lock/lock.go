// Package lock decides who may change a stack in an environment, or a part of it: a Request goes in, a Lease or the word
// that somebody else holds it comes out.
//
// Locks stand at three levels: a whole stack and environment, one service, one component. A lock excludes every lock above
// and below it. It is a lease: who does not renew it loses it, and whoever takes it over first waits until nobody can
// still believe in it. Every grant carries a fence, a number that only rises, by which the state refuses the writes of a
// holder that was replaced and does not know it yet.
//
// The protocol is written on the Table port, whose transactions hold all of its atomic steps. docs/operations tells what
// to do when a lock is stuck.
package lock

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/deployer-io/deployer/shared/address"
)

// The times of the protocol.
const (
	// DefaultLease is how long a lock is held without a renewal.
	DefaultLease = time.Hour
	// RenewEvery is how often a holder or its keeper renews.
	RenewEvery = 5 * time.Minute
	// Margin is how long before the end of its lease a holder stops acting, and how long after it another one waits
	// before it takes the lock over. Clocks may therefore be apart by twice as much.
	Margin = 30 * time.Second
	// MaxSkew is how far the own clock may be off for a takeover to be allowed.
	MaxSkew = 5 * time.Second
	// AuditKept is how long an audit row stays.
	AuditKept = 90 * 24 * time.Hour
)

// Request asks for locks.
type Request struct {
	// Addresses are what to lock: one or several of one level, in one stack and environment.
	Addresses []address.Address
	LockedBy  string // a person or a program, for those who wait
	// Run is the execution that asks. A run that asks again gets the lease that it has.
	Run       string
	GitCommit string
	CIRun     string
	Lease     time.Duration // 0: DefaultLease
}

// Lease is a granted lock. It is small and travels through the state machines' payloads; whoever has it acts for the run.
type Lease struct {
	Scope  address.Address `json:"scope"`
	Keys   []string        `json:"keys"` // of the lock table, sorted
	LockID string          `json:"lockId"`
	Fence  int64           `json:"fence"`
	Run    string          `json:"run,omitempty"`
	// ExpiresAt is when the lease ends unless it is renewed. A keeper may have renewed it since: Check knows.
	ExpiresAt time.Time `json:"expiresAt"`
	Seconds   int64     `json:"seconds,omitempty"` // how long a renewal lasts; 0: DefaultLease
}

func (l Lease) duration() time.Duration {
	if l.Seconds > 0 {
		return time.Duration(l.Seconds) * time.Second
	}
	return DefaultLease
}

// Stopper ends an execution: no state of it begins any more, its tasks have stopped. Stop returns when that is so, and
// at once for an execution that has ended.
type Stopper interface {
	Stop(ctx context.Context, run string) error
}

// Locker grants, renews and releases locks. Table and Now must be set. It is safe for concurrent use.
type Locker struct {
	Table Table
	// Now is the own clock.
	Now func() time.Time
	// Sleep waits for d or until ctx ends, and then returns its error; nil: by a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	// NewID returns an id that was never returned before, of at most 36 letters; nil: a random UUID.
	NewID func() string
	// Random returns a number in [0,1) for the jitter of waits; nil: from math/rand.
	Random func() float64
	// Skew returns by how much the own clock is ahead of the table's, as far as is known; nil: unknown, taken as none.
	Skew func() time.Duration
	// Stopper ends the execution whose lock is taken away, before that happens; nil: nobody does.
	Stopper Stopper
}

func (l *Locker) newID() string {
	if l.NewID != nil {
		return l.NewID()
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func (l *Locker) random() float64 {
	if l.Random != nil {
		return l.Random()
	}
	return mathrand.Float64()
}

func (l *Locker) sleep(ctx context.Context, d time.Duration) error {
	if l.Sleep != nil {
		return l.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop ends the execution whose lock is about to be taken away.
func (l *Locker) stop(ctx context.Context, h Holding) error {
	if l.Stopper == nil || h.Run == "" {
		return nil
	}
	if err := l.Stopper.Stop(ctx, h.Run); err != nil {
		return fmt.Errorf("stop run %s, which holds %s: %w", h.Run, h.Address, err)
	}
	return nil
}

package lock

import (
	"context"
	"errors"
	"time"
)

const (
	waitBase = 2 * time.Second
	waitMax  = 15 * time.Second
)

// AcquireWithin is Acquire for those who can wait: while another's lock stands in the way and will end, it tries again
// until timeout has passed. OnWait, which may be nil, is told each time who is being waited for.
func (l *Locker) AcquireWithin(ctx context.Context, r Request, timeout time.Duration, onWait func(*LockHeld)) (Lease, error) {
	deadline := l.Now().Add(timeout)
	for attempt := 0; ; attempt++ {
		lease, err := l.Acquire(ctx, r)
		var held *LockHeld
		if !errors.As(err, &held) || !held.CanWait {
			return lease, err
		}
		left := deadline.Sub(l.Now())
		if left <= 0 {
			return Lease{}, err
		}
		if onWait != nil {
			onWait(held)
		}
		if err := l.sleep(ctx, min(left, l.backoff(attempt, waitBase, waitMax))); err != nil {
			return Lease{}, err
		}
	}
}

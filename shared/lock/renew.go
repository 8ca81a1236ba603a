package lock

import (
	"context"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/shared/address"
)

// Renew makes the lease last its full length from now. Renewing is not the holder's duty alone: whoever knows that the run
// is alive may do it in its place, with Holding.Lease. A lease whose end has passed can be renewed as long as nobody has
// taken it. The error is *LockLost when any of the lease's locks is another's or gone.
func (l *Locker) Renew(ctx context.Context, lease Lease) (Lease, error) {
	var err error
	for range retries {
		until := l.Now().Add(lease.duration()).Unix()
		writes := make([]Write, 0, len(lease.Keys))
		for _, key := range lease.Keys {
			writes = append(writes, Write{Verb: Update, Key: key,
				Changes:    []Change{{Attribute: ExpiresAt, Verb: Set, Number: until}, {Attribute: Version, Verb: Add, Number: 1}},
				Conditions: append(heldBy(lease.LockID, lease.Fence), isLess(ExpiresAt, until))})
		}
		if _, err = l.send(ctx, writes); err == nil {
			lease.ExpiresAt = instant(until)
			return lease, nil
		}
		standing, readErr := l.inspect(ctx, lease)
		if readErr != nil {
			return Lease{}, readErr
		}
		if standing.Unix() >= until {
			lease.ExpiresAt = standing // renewed by another, or by this request whose answer was lost
			return lease, nil
		}
	}
	return Lease{}, &TableUnavailable{Doing: "renew " + lease.Keys[0], cause: err}
}

// Check reports whether the lease still holds and is not near its end; it is called before every side effect. The error is
// *LockLost, and means: do nothing more.
func (l *Locker) Check(ctx context.Context, lease Lease) error {
	until, err := l.inspect(ctx, lease)
	if err != nil {
		return err
	}
	// The clock is read after the table: the answer may have been long on its way.
	if now := l.Now(); !now.Before(until.Add(-Margin)) {
		return lease.lost(lease.Keys[0], fmt.Sprintf("its lease ends at %s and was not renewed in time (it is %s here)",
			until.Format(time.RFC3339), now.UTC().Format(time.RFC3339)))
	}
	return nil
}

// inspect reads all locks of the lease and returns when the first of them ends.
func (l *Locker) inspect(ctx context.Context, lease Lease) (until time.Time, err error) {
	if len(lease.Keys) == 0 {
		return until, fmt.Errorf("lock: a lease without keys")
	}
	for i, key := range lease.Keys {
		item, err := l.get(ctx, key)
		if err != nil {
			return until, err
		}
		if !lease.holds(item) {
			return until, lease.lost(key, fate(item))
		}
		if ends := instant(item.ExpiresAt); i == 0 || ends.Before(until) {
			until = ends
		}
	}
	return until, nil
}

// lost is the error of a lease whose lock under key is not its own.
func (l Lease) lost(key, reason string) *LockLost {
	a, _ := address.ParseLockKey(key) // a lease with a broken key is lost too
	return &LockLost{Address: a, LockID: l.LockID, Fence: l.Fence, Reason: reason}
}

// fate tells what stands in a lost lock's place.
func fate(item *Item) string {
	h, held := holding(item)
	switch {
	case !held:
		return "it was released, or it expired and was removed"
	case h.Quarantine != "":
		return "it was quarantined: " + h.Quarantine
	}
	return fmt.Sprintf("%s has held it since %s (fence %d)", h.who(), h.Since.Format(time.RFC3339), h.Fence)
}

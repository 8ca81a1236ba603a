package lock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/deployer-io/deployer/shared/address"
)

// Renew makes the lease last its full length from now. Renewing is not the holder's duty alone: whoever knows that the run
// is alive may do it in its place, with Holding.Lease. A lease whose end has passed can be renewed as long as nobody has
// taken it. The error is *LockLost when any of the lease's locks is another's or gone.
func (l *Locker) Renew(ctx context.Context, lease Lease) (Lease, error) {
	keys := lease.Keys
	for range retries {
		until := l.Now().Add(lease.duration())
		_, err := l.send(ctx, lease.renewing(keys, until.Unix()))
		if err == nil && len(keys) == len(lease.Keys) {
			lease.ExpiresAt = instant(until.Unix())
			return lease, nil
		}
		ends, readErr := l.inspect(ctx, lease)
		if readErr != nil {
			return Lease{}, readErr
		}
		// Some may have been renewed by another, one by one, or by this request, whose answer was lost.
		keys = ends.before(until)
		if len(keys) == 0 {
			lease.ExpiresAt = ends.first()
			return lease, nil
		}
		if unclear(err) {
			return Lease{}, &TableUnavailable{Doing: "renew " + keys[0], cause: err}
		}
	}
	return Lease{}, &TableUnavailable{Doing: "renew " + keys[0], cause: errMoving}
}

var errMoving = errors.New("others keep changing the locks' ends")

// renewing is the transaction that moves the ends of the keys.
func (l Lease) renewing(keys []string, until int64) []Write {
	writes := make([]Write, 0, len(keys))
	for _, key := range keys {
		writes = append(writes, Write{Verb: Update, Key: key,
			Changes:    []Change{{Attribute: ExpiresAt, Verb: Set, Number: until}, {Attribute: Version, Verb: Add, Number: 1}},
			Conditions: append(heldBy(l.LockID, l.Fence), isLess(ExpiresAt, until))})
	}
	return writes
}

// Check reports whether the lease still holds and is not near its end; it is called before every side effect. The error is
// *LockLost, and means: do nothing more.
func (l *Locker) Check(ctx context.Context, lease Lease) error {
	ends, err := l.inspect(ctx, lease)
	if err != nil {
		return err
	}
	until := ends.first()
	// The clock is read after the table: the answer may have been long on its way.
	if now := l.Now(); !now.Before(until.Add(-Margin)) {
		return lease.lost(lease.Keys[0], fmt.Sprintf("its lease ends at %s and was not renewed in time (it is %s here)",
			until.Format(time.RFC3339), now.UTC().Format(time.RFC3339)))
	}
	return nil
}

// ends says when each of a lease's locks ends.
type ends []end

type end struct {
	key string
	at  time.Time
}

// first is when the first of the locks ends.
func (e ends) first() time.Time {
	return slices.MinFunc(e, func(a, b end) int { return a.at.Compare(b.at) }).at
}

// before returns the keys of the locks that end before an instant.
func (e ends) before(instant time.Time) []string {
	var keys []string
	for _, one := range e {
		if one.at.Unix() < instant.Unix() {
			keys = append(keys, one.key)
		}
	}
	return keys
}

// inspect reads all locks of the lease; the error is *LockLost when one of them is another's or gone.
func (l *Locker) inspect(ctx context.Context, lease Lease) (ends, error) {
	if len(lease.Keys) == 0 {
		return nil, fmt.Errorf("lock: a lease without keys")
	}
	var found ends
	for _, key := range lease.Keys {
		item, err := l.get(ctx, key)
		if err != nil {
			return nil, err
		}
		if !lease.holds(item) {
			return nil, lease.lost(key, fate(item))
		}
		found = append(found, end{key, instant(item.ExpiresAt)})
	}
	return found, nil
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
	return fmt.Sprintf("%s has held it since %s (fence %d)", h.Who(), h.Since.Format(time.RFC3339), h.Fence)
}

package lock

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/deployer-io/deployer/shared/address"
)

// Release frees the lease's locks. It may be repeated: what is gone is no error. What is another's by now is *LockLost; the
// rest is freed all the same. A lock that was quarantined in this lease's name stays.
func (l *Locker) Release(ctx context.Context, lease Lease) error { return l.release(ctx, lease) }

func (l *Locker) release(ctx context.Context, lease Lease) error {
	targets, err := targetsOf(lease.Keys)
	if err != nil {
		return err
	}
	if _, err := l.send(ctx, lease.releasing(targets)); err == nil {
		return nil
	}
	var errs []error
	for _, t := range targets {
		errs = append(errs, l.releaseOne(ctx, lease, t))
	}
	return only(errs)
}

// only keeps one error bare, so that its type is its name, and joins several.
func only(errs []error) error {
	var found []error
	for _, err := range errs {
		if err != nil {
			found = append(found, err)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return errors.Join(found...)
}

// releasing is the transaction that frees the targets, all of them the lease's.
func (l Lease) releasing(targets []target) []Write {
	var writes []Write
	for _, t := range targets {
		writes = append(writes, Write{Verb: Delete, Key: t.key, Conditions: heldBy(l.LockID, l.Fence)})
	}
	return append(writes, forget(targets)...)
}

// releaseOne frees one lock after the release of all together did not go through.
func (l *Locker) releaseOne(ctx context.Context, lease Lease, t target) error {
	var err error
	for range retries {
		item, readErr := l.get(ctx, t.key)
		if readErr != nil {
			return readErr
		}
		h, held := holding(item)
		switch {
		case !held:
			return l.clearIntent(ctx, t)
		case !lease.holds(item) && h.Quarantine != "" && h.Fence == lease.Fence:
			return nil
		case !lease.holds(item):
			return lease.lost(t.key, fate(item))
		}
		if unclear(err) {
			break
		}
		if _, err = l.send(ctx, lease.releasing([]target{t})); err == nil {
			return nil
		}
	}
	return &TableUnavailable{Doing: "release " + t.address.String(), cause: err}
}

// quarantinedUntil is 9999-12-31T23:59:59Z: neither a takeover nor the table's TTL frees a quarantined lock.
const quarantinedUntil = 253402300799

// Quarantine keeps the lease's locks until an operator frees them by force: what the run left behind needs a person. The
// locks get an id that no program knows, so the lease itself is over: Check says *LockLost, Release does nothing. The
// fence stays, so that the run's last word on its outcomes still enters the state. It may be repeated.
func (l *Locker) Quarantine(ctx context.Context, lease Lease, reason string) error {
	for _, key := range lease.Keys {
		if err := l.quarantineOne(ctx, lease, key, reason); err != nil {
			return err
		}
	}
	return nil
}

func (l *Locker) quarantineOne(ctx context.Context, lease Lease, key, reason string) error {
	var err error
	for range retries {
		item, readErr := l.get(ctx, key)
		if readErr != nil {
			return readErr
		}
		h, held := holding(item)
		if held && h.Quarantine != "" && h.Fence == lease.Fence {
			return nil
		}
		if !held || !lease.holds(item) {
			return lease.lost(key, fate(item))
		}
		if unclear(err) {
			break
		}
		metadata := maps.Clone(item.Metadata)
		if metadata == nil {
			metadata = map[string]string{}
		}
		metadata[metaQuarantine] = reason
		_, err = l.send(ctx, []Write{{Verb: Update, Key: key, Conditions: heldBy(lease.LockID, lease.Fence), Changes: []Change{
			{Attribute: LockID, Verb: Set, Text: l.newID()}, {Attribute: ExpiresAt, Verb: Set, Number: quarantinedUntil},
			{Attribute: Version, Verb: Add, Number: 1}, {Attribute: Metadata, Verb: Set, Map: metadata}}}})
		if err == nil {
			return nil
		}
	}
	return &TableUnavailable{Doing: "quarantine " + key, cause: err}
}

// Quarantined returns why the lease's locks wait for a person; "" when they do not.
func (l *Locker) Quarantined(ctx context.Context, lease Lease) (reason string, err error) {
	for _, key := range lease.Keys {
		item, err := l.get(ctx, key)
		if err != nil {
			return "", err
		}
		if h, held := holding(item); held && h.Quarantine != "" && h.Fence == lease.Fence {
			return h.Quarantine, nil
		}
	}
	return "", nil
}

// ForceUnlock frees a lock that is not one's own: an operator's act, who has seen its id and names a reason. Its execution
// is stopped first. The error is *LockMismatch when another lock stands there by now, or none.
func (l *Locker) ForceUnlock(ctx context.Context, at address.Address, lockID, actor, reason string) error {
	item, err := l.get(ctx, at.LockKey())
	if err != nil {
		return err
	}
	h, held := holding(item)
	if !held || h.LockID != lockID {
		return &LockMismatch{Address: at, LockID: lockID, Found: h.LockID}
	}
	if err := l.stop(ctx, h); err != nil {
		return err
	}
	for range rounds {
		// A new fence, so that no grant that was asked for before this comes through after it.
		fence, err := l.get(ctx, fenceKey(at.Scope()))
		if err != nil {
			return err
		}
		_, err = l.remove(ctx, h, []Condition{isText(LockID, lockID)}, drawFence(at.Scope(), fenceOf(fence)),
			audit(h, eventForceUnlock, actor, reason, l.Now()))
		if err != nil {
			return err
		}
		if done, err := l.forced(ctx, h, actor); done || err != nil {
			return err
		}
	}
	return &TableUnavailable{Doing: fmt.Sprintf("force-unlock %s", at), cause: errContended}
}

// forced reports whether the lock is gone; the error says that somebody else freed it.
func (l *Locker) forced(ctx context.Context, h Holding, actor string) (bool, error) {
	key := h.Address.LockKey()
	item, err := l.get(ctx, key)
	if err != nil {
		return false, err
	}
	found, held := holding(item)
	if held && found.LockID == h.LockID {
		return false, nil
	}
	row, err := l.get(ctx, auditKey(key, h.Fence))
	if err != nil {
		return false, err
	}
	if row == nil || row.Event != eventForceUnlock || row.Actor != actor {
		return false, &LockMismatch{Address: h.Address, LockID: h.LockID, Found: found.LockID}
	}
	return true, nil
}

// Reap removes the locks at an address and below it whose leases have ended, and the intents that are left of locks which
// the table's TTL deleted. It returns how many locks it removed. Live locks stay.
func (l *Locker) Reap(ctx context.Context, at address.Address) (reaped int, err error) {
	item, err := l.get(ctx, at.LockKey())
	if err != nil || item == nil {
		return 0, err
	}
	if h, held := holding(item); held {
		return l.reapOne(ctx, h)
	}
	for _, key := range item.IxChildren {
		h, t, err := l.child(ctx, key)
		if err != nil {
			return reaped, err
		}
		if h == nil {
			if err := l.clearIntent(ctx, t); err != nil {
				return reaped, err
			}
			continue
		}
		n, err := l.reapOne(ctx, *h)
		if reaped += n; err != nil {
			return reaped, err
		}
	}
	return reaped, nil
}

func (l *Locker) reapOne(ctx context.Context, h Holding) (int, error) {
	if !h.Expired(l.Now()) {
		return 0, nil
	}
	if err := l.fitToJudge(h); err != nil {
		return 0, err
	}
	if err := l.stop(ctx, h); err != nil {
		return 0, err
	}
	done, err := l.reap(ctx, h, "keeper", "its lease had ended")
	if done {
		return 1, err
	}
	return 0, err
}

// Evict removes a lock whose execution has ended without releasing it, before its lease has ended. Whoever calls it knows
// that the execution has ended; it and its tasks are stopped all the same.
func (l *Locker) Evict(ctx context.Context, h Holding, actor, reason string) error {
	if h.Quarantine != "" {
		return &LockHeld{Holding: h, Wanted: h.Address}
	}
	if err := l.stop(ctx, h); err != nil {
		return err
	}
	_, err := l.remove(ctx, h, heldBy(h.LockID, h.Fence), audit(h, eventReap, actor, reason, l.Now()))
	return err
}

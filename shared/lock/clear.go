package lock

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/deployer-io/deployer/shared/address"
)

// clear looks at what stood in the way of a grant. When all of it has expired it is cleared away, and the next attempt may
// succeed; otherwise the error names a holder. A run's own earlier grant is its lease.
func (l *Locker) clear(ctx context.Context, c *claim, failed map[int]*Item) (Lease, bool, error) {
	obstacles, gone, err := l.obstacles(ctx, c, failed)
	if err != nil {
		return Lease{}, false, err
	}
	for _, h := range obstacles {
		if c.Run != "" && h.Run == c.Run {
			lease, adopted, err := l.adopt(ctx, c, h)
			if adopted || err != nil {
				return lease, adopted, err
			}
		}
	}
	if held := c.live(obstacles, cut(l.Now())); held != nil {
		return Lease{}, false, held
	}
	for _, h := range obstacles {
		if err := l.clearExpired(ctx, c, h); err != nil {
			return Lease{}, false, err
		}
	}
	for _, t := range gone {
		if err := l.clearIntent(ctx, t); err != nil {
			return Lease{}, false, err
		}
	}
	return Lease{}, false, nil
}

// obstacles reads from the failed conditions of a grant which locks stood in the way, and which intents have lost their
// lock. The place of a write in the transaction tells what it was, see grant.
func (l *Locker) obstacles(ctx context.Context, c *claim, failed map[int]*Item) (held []Holding, gone []target, err error) {
	ancestors := len(ancestorsOf(c.targets))
	for _, i := range slices.Sorted(maps.Keys(failed)) {
		item := failed[i]
		switch node := i - 1 - ancestors; {
		case i == 0:
			c.last, c.known = fenceOf(item), true
		case node >= 0 && node < len(c.targets):
			delete(c.expired, c.targets[node].key)
		case node < 0:
			c.expired = map[string]Holding{} // an intent that a takeover relies on is gone, or a lock stands above
		}
		if h, ok := holding(item); ok {
			held = append(held, h)
			continue
		}
		if i <= ancestors || item == nil {
			continue
		}
		for _, child := range item.IxChildren {
			h, t, err := l.child(ctx, child)
			switch {
			case err != nil:
				return nil, nil, err
			case h != nil:
				held = append(held, *h)
			default:
				gone = append(gone, t)
			}
		}
	}
	return held, gone, nil
}

// child reads the lock that an intent speaks of; nil when it is gone.
func (l *Locker) child(ctx context.Context, key string) (*Holding, target, error) {
	targets, err := targetsOf([]string{key})
	if err != nil {
		return nil, target{}, err
	}
	item, err := l.get(ctx, key)
	if err != nil {
		return nil, target{}, err
	}
	if h, ok := holding(item); ok {
		return &h, targets[0], nil
	}
	return nil, targets[0], nil
}

// live returns the error of an obstacle that may not be cleared away, one for which waiting cannot help before others.
func (c *claim) live(obstacles []Holding, cut int64) *LockHeld {
	var found *LockHeld
	for _, h := range obstacles {
		if h.ExpiresAt.Unix() < cut || found != nil && (!found.CanWait || h.Quarantine == "") {
			continue
		}
		found = &LockHeld{Holding: h, Wanted: c.wanted(h), CanWait: h.Quarantine == ""}
	}
	return found
}

// wanted is the target that h stands in the way of.
func (c *claim) wanted(h Holding) address.Address {
	for _, t := range c.targets {
		if t.address.Contains(h.Address) || h.Address.Contains(t.address) {
			return t.address
		}
	}
	return c.targets[0].address
}

// clearExpired prepares the takeover of an expired lock on a target, and reaps one above or below.
func (l *Locker) clearExpired(ctx context.Context, c *claim, h Holding) error {
	if err := l.fitToJudge(h); err != nil {
		return err
	}
	if c.Run == "" || h.Run != c.Run {
		if err := l.stop(ctx, h); err != nil {
			return err
		}
	}
	isTarget := slices.ContainsFunc(c.targets, func(t target) bool { return t.address == h.Address })
	if isTarget && c.fits() {
		c.expired[h.Address.LockKey()] = h
		return nil
	}
	_, err := l.reap(ctx, h, c.actor(), "its lease had ended and it stood in the way of "+c.wanted(h).String())
	return err
}

// fitToJudge refuses to call a lease ended by a clock that is too far off.
func (l *Locker) fitToJudge(h Holding) error {
	if l.Skew == nil {
		return nil
	}
	if skew := l.Skew(); skew > MaxSkew || skew < -MaxSkew {
		return &ClockSkewed{Address: h.Address, Skew: skew}
	}
	return nil
}

// adopt returns the lease that an earlier attempt of the same run was granted, renewed; false when it does not cover the
// claim.
func (l *Locker) adopt(ctx context.Context, c *claim, h Holding) (Lease, bool, error) {
	lease := c.lease(h.LockID, l.Now())
	lease.Fence = h.Fence
	for _, t := range c.targets {
		item, err := l.get(ctx, t.key)
		if err != nil {
			return Lease{}, false, err
		}
		if now, ok := holding(item); !ok || !lease.holds(item) || now.Quarantine != "" {
			return Lease{}, false, nil
		}
	}
	renewed, err := l.Renew(ctx, lease)
	var lost *LockLost
	if errors.As(err, &lost) {
		return Lease{}, false, nil
	}
	return renewed, err == nil, err
}

// reap removes a lock that has expired, and says whether it is this call that did. A lock that was renewed or taken
// meanwhile stays.
func (l *Locker) reap(ctx context.Context, h Holding, actor, reason string) (bool, error) {
	now := l.Now()
	return l.remove(ctx, h, stillExpired(h, now), audit(h, eventReap, actor, reason, now))
}

// remove deletes a lock on conditions, with its intents and more writes. The answer false may be wrong when the table did
// not answer clearly; a request that is still under way is bound to the same conditions.
func (l *Locker) remove(ctx context.Context, h Holding, conditions []Condition, more ...Write) (bool, error) {
	t := newTarget(h.Address)
	writes := append([]Write{{Verb: Delete, Key: t.key, Conditions: conditions}}, forget([]target{t})...)
	_, err := l.send(ctx, append(writes, more...))
	var failed *ConditionError
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &failed):
		return false, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	}
	return false, &TableUnavailable{Doing: "remove the lock on " + h.Address.String(), cause: err}
}

// clearIntent takes a target that is not locked out of its ancestors' intents: the table's TTL deletes a lock without
// them. A target that is locked by now stays.
func (l *Locker) clearIntent(ctx context.Context, t target) error {
	writes := []Write{{Verb: Check, Key: t.key, Conditions: []Condition{isMissing(LockID)}}}
	for _, key := range t.ancestors {
		item, err := l.get(ctx, key)
		if err != nil {
			return err
		}
		if item != nil && slices.Contains(item.IxChildren, t.key) {
			writes = append(writes, Write{Verb: Update, Key: key,
				Changes: []Change{{Attribute: IxChildren, Verb: Remove, Text: t.key}}})
		}
	}
	if len(writes) == 1 {
		return nil
	}
	_, err := l.send(ctx, writes)
	if _, condition := conditions(err); err == nil || condition {
		return nil
	}
	return &TableUnavailable{Doing: "tidy up after the lock on " + t.address.String(), cause: err}
}

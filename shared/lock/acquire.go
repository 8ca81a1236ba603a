package lock

import (
	"context"
	"errors"
	"time"

	"github.com/deployer-io/deployer/shared/address"
)

// rounds is how often an acquisition looks anew, when others move meanwhile: they draw the fence that it wanted, or the
// expired lock that it takes away is renewed. Each round that fails is one in which another's request succeeded.
const rounds = 64

var errContended = errors.New("too many others are acquiring locks in this scope")

// claim is a request on its way to a lease.
type claim struct {
	Request
	scope   address.Address
	targets []target
	last    int64 // the fence handed out last
	known   bool  // whether last is
	// expired are the locks to take over, by key. Their executions have been stopped.
	expired map[string]Holding
}

// Acquire grants the request's locks, all or none. It takes over and reaps what has expired and stands in the way.
//
// The error is *LockHeld when another's lock stands in the way, *ClockSkewed when an expired one does and the own clock
// does not allow to judge that, *TableUnavailable when the table does not answer. Of a failed acquisition nothing is left
// behind, unless the table did not answer for all of its retries. A run that has these locks already gets its lease
// renewed and returned, so asking again is safe, as long as the run has not begun to release them.
func (l *Locker) Acquire(ctx context.Context, r Request) (Lease, error) {
	targets, err := r.targets()
	if err != nil {
		return Lease{}, err
	}
	c := &claim{Request: r, scope: targets[0].address.Scope(), targets: targets, expired: map[string]Holding{}}
	for round := range rounds {
		lease, granted, err := l.attempt(ctx, c)
		if granted || err != nil {
			return lease, err
		}
		if round > 0 {
			if err := l.pause(ctx, min(round, 3)); err != nil {
				return Lease{}, err
			}
		}
	}
	return Lease{}, &TableUnavailable{Doing: "acquire " + targets[0].address.String(), cause: errContended}
}

// attempt asks for the grant once and, when that fails, clears away what may be cleared away. Neither a grant nor an error
// means: look again.
func (l *Locker) attempt(ctx context.Context, c *claim) (lease Lease, granted bool, err error) {
	if !c.known {
		item, err := l.get(ctx, fenceKey(c.scope))
		if err != nil {
			return Lease{}, false, err
		}
		c.last, c.known = fenceOf(item), true
	}
	now := l.Now() // before the request is sent, so that the holder stops in time
	lease = c.lease(l.newID(), now)
	loose, err := l.send(ctx, c.grant(lease, now))
	if err == nil {
		return lease, true, nil
	}
	if loose {
		c.known = false
		mine, settleErr := l.settle(ctx, lease)
		if mine || settleErr != nil {
			return lease, mine, settleErr
		}
	}
	failed, ok := conditions(err)
	switch {
	case ok:
		return l.clear(ctx, c, failed)
	case ctx.Err() != nil:
		return Lease{}, false, ctx.Err()
	}
	return Lease{}, false, &TableUnavailable{Doing: "acquire " + c.targets[0].address.String(), cause: err}
}

func fenceOf(item *Item) int64 {
	if item == nil {
		return 0
	}
	return item.Fence
}

func (c *claim) lease(id string, now time.Time) Lease {
	lease := Lease{Scope: c.scope, Keys: keysOf(c.targets), LockID: id, Fence: c.last + 1, Run: c.Run,
		Seconds: int64(c.Request.Lease / time.Second)}
	lease.ExpiresAt = instant(now.Add(lease.duration()).Unix())
	return lease
}

// grant is the transaction that gives the claim its lease: the fence, the ancestors' intents, the nodes, and an audit row
// for each lock that is taken over. clear relies on this order.
func (c *claim) grant(lease Lease, now time.Time) []Write {
	writes := []Write{drawFence(c.scope, c.last)}
	for _, ancestor := range ancestorsOf(c.targets) {
		w := Write{Verb: Check, Key: ancestor, Conditions: []Condition{isMissing(LockID)}}
		for _, t := range c.targets {
			if !below(t, ancestor) {
				continue
			}
			if _, expired := c.expired[t.key]; expired {
				w.Conditions = append(w.Conditions, contains(IxChildren, t.key))
			} else {
				w.Verb = Update
				w.Changes = append(w.Changes, Change{Attribute: IxChildren, Verb: Insert, Text: t.key})
			}
		}
		writes = append(writes, w)
	}
	var audits []Write
	for _, t := range c.targets {
		free := []Condition{isMissing(LockID)}
		if seen, expired := c.expired[t.key]; expired {
			free = stillExpired(seen, now)
			audits = append(audits, audit(seen, eventTakeover, c.actor(), "its lease had ended", now))
		}
		writes = append(writes, take(t, c.Request, lease, now, append(free, isMissing(IxChildren))))
	}
	return append(writes, audits...)
}

// fits reports whether every target could be taken over in the one transaction.
func (c *claim) fits() bool { return 1+len(ancestorsOf(c.targets))+2*len(c.targets) <= MaxWrites }

// actor names who asks, for the audit rows.
func (r Request) actor() string {
	return Holding{LockedBy: r.LockedBy, Run: r.Run, GitCommit: r.GitCommit}.Who()
}

// settle finds out what became of a grant whose request may still be under way. First it burns the fence that the request
// draws, so that it either has been applied or never will be; then it looks.
func (l *Locker) settle(ctx context.Context, lease Lease) (mine bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	if err := l.burn(ctx, lease); err != nil {
		return false, lease.unsettled(err)
	}
	have := 0
	for _, key := range lease.Keys {
		item, err := l.get(ctx, key)
		if err != nil {
			return false, lease.unsettled(err)
		}
		if lease.holds(item) {
			have++
		}
	}
	if have == 0 || have == len(lease.Keys) {
		return have > 0, nil
	}
	// It was granted so long ago that a part has been taken away since.
	var lost *LockLost
	if err := l.release(ctx, lease); err != nil && !errors.As(err, &lost) {
		return false, lease.unsettled(err)
	}
	return false, nil
}

func (l Lease) unsettled(cause error) error {
	return &TableUnavailable{Doing: "find out whether " + l.Keys[0] + " was acquired", Unsettled: true, cause: cause}
}

// burn makes sure that the lease's fence, if it is not drawn, is never drawn.
func (l *Locker) burn(ctx context.Context, lease Lease) error {
	var err error
	for range retries {
		item, readErr := l.get(ctx, fenceKey(lease.Scope))
		if readErr != nil {
			return readErr
		}
		if fenceOf(item) >= lease.Fence {
			return nil
		}
		_, err = l.send(ctx, []Write{drawFence(lease.Scope, lease.Fence-1)})
	}
	return &TableUnavailable{Doing: "give up acquiring " + lease.Keys[0], cause: err}
}

// holds reports whether the item is this lease's lock.
func (l Lease) holds(item *Item) bool {
	return item != nil && item.LockID == l.LockID && item.Fence == l.Fence
}

package locktest

import (
	"context"
	"errors"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
)

// Ledger is a client's view of the state: a counter for each component, under floors.
type Ledger interface {
	// Install raises the floors of the locks to the fence.
	Install(ctx context.Context, keys []string, fence int64) error
	// Add increments a component's counter under the fence and returns its new value.
	Add(ctx context.Context, keys []string, fence int64, run string, component address.Address) (int64, error)
	// Values returns the counters by service/component.
	Values(ctx context.Context) (map[string]int64, error)
	// Fenced reports whether an error means that a later holder has installed itself.
	Fenced(err error) bool
	// Unclear reports whether an error means that the outcome is unknown.
	Unclear(err error) bool
}

// hold is the life of a holder: acquire, work, release, again.
func (c *Client) hold() {
	w := c.world
	for {
		if lease, ok := c.acquire(); ok {
			c.lease = &lease
			c.work(lease)
			c.lease, c.doing = nil, doing{}
			c.end()
			c.begin()
		}
		c.sleep(w.between(w.lease/40, w.lease/3))
	}
}

func (c *Client) acquire() (lock.Lease, bool) {
	w := c.world
	c.ids = nil
	c.doing = doing{kind: kindAcquire}
	c.open(input{kind: kindAcquire, mask: c.want})
	lease, err := c.locker.Acquire(c.patience(), lock.Request{Addresses: addresses(c.want), LockedBy: c.name, Run: c.run, Lease: w.lease})
	var held *lock.LockHeld
	var unavailable *lock.TableUnavailable
	var skewed *lock.ClockSkewed
	switch {
	case err == nil:
		c.close(output{ok: true, id: w.idNumber(lease.LockID)})
		w.bury(c.ids, lease.LockID, "it was granted under another id")
		return lease, true
	case errors.As(err, &held):
		c.close(output{id: w.idNumber(held.LockID), mask: 1 << byKey[held.Address.LockKey()]})
		w.bury(c.ids, "", err.Error())
	case errors.As(err, &unavailable) && unavailable.Unsettled:
		w.abandon(c)
	case errors.As(err, &unavailable), errors.As(err, &skewed), errors.Is(err, context.Canceled):
		c.close(output{unknown: true})
		w.bury(c.ids, "", err.Error())
	default:
		w.broken("world", "acquire: %v", err)
	}
	return lock.Lease{}, false
}

// work is what a holder does with its lease.
func (c *Client) work(lease lock.Lease) {
	w := c.world
	if c.ledger != nil && !c.install(lease) {
		c.release(lease)
		return
	}
	for range 1 + w.random.IntN(4) {
		if !c.check(lease) {
			if w.random.IntN(2) == 0 {
				c.release(lease)
			}
			return
		}
		if c.ledger != nil && !c.add(lease) {
			c.release(lease)
			return
		}
		switch w.random.IntN(5) {
		case 0, 1:
			renewed, err := c.locker.Renew(background, lease)
			c.judge(lease, err)
			if err == nil {
				lease = renewed
			}
		case 2:
			c.sleep(w.between(0, w.lease))
		}
	}
	switch n := w.random.IntN(20); {
	case n == 0:
		c.over = true
		c.judge(lease, c.locker.Quarantine(background, lease, "it needs a person"))
	case n < 3: // it ends without a word
	default:
		c.release(lease)
	}
}

// check asks whether the lease still holds, and if so has a side effect at once (E1).
func (c *Client) check(lease lock.Lease) bool {
	err := c.locker.Check(background, lease)
	if err == nil && !c.world.holds(lease) && !c.world.skewed {
		c.world.broken("E1", "%s acted on %v with fence %d, which it does not hold any more", c.name, lease.Keys, lease.Fence)
	}
	c.judge(lease, err)
	return err == nil
}

// judge looks at an error for a lease: it must not be called lost while it holds and has time left (I6).
func (c *Client) judge(lease lock.Lease, err error) {
	var lost *lock.LockLost
	var unavailable *lock.TableUnavailable
	switch {
	case err == nil, errors.As(err, &unavailable):
	case errors.As(err, &lost):
		if c.world.holds(lease) && c.Now().Before(lease.ExpiresAt.Add(-lock.Margin)) {
			c.world.broken("I6", "%s was told that it lost a lock that it holds: %v", c.name, err)
		}
	default:
		c.world.broken("world", "unexpected: %v", err)
	}
}

func (c *Client) install(lease lock.Lease) bool {
	mask := maskOf(lease.Keys)
	c.doing = doing{kind: kindInstall, mask: mask, fence: lease.Fence}
	c.open(input{kind: kindInstall, mask: mask, fence: lease.Fence})
	err := c.ledger.Install(background, lease.Keys, lease.Fence)
	if err == nil {
		for node := range eachBit(mask) {
			c.world.eye.installed[node] = max(c.world.eye.installed[node], lease.Fence)
		}
	}
	return c.settled(lease, err, 0)
}

func (c *Client) add(lease lock.Lease) bool {
	w := c.world
	node := w.below(maskOf(lease.Keys))
	c.doing = doing{kind: kindAdd, mask: 1 << node, fence: lease.Fence}
	c.open(input{kind: kindAdd, mask: 1 << node, fence: lease.Fence})
	value, err := c.ledger.Add(background, lease.Keys, lease.Fence, c.run, nodes[node])
	if err == nil {
		w.eye.added[node]++
		w.report.Commits++
	}
	return c.settled(lease, err, value)
}

// settled ends an operation on the state; no live holder may be fenced out (I6).
func (c *Client) settled(lease lock.Lease, err error, value int64) bool {
	w := c.world
	switch {
	case err == nil:
		c.close(output{ok: true, value: value})
	case c.ledger.Fenced(err):
		c.close(output{})
		if w.holds(lease) {
			w.broken("I6", "%s holds %v with fence %d and was fenced out: %v", c.name, lease.Keys, lease.Fence, err)
		}
	case c.ledger.Unclear(err):
		w.abandon(c)
	default:
		w.broken("world", "%s on the state: %v", c.name, err)
	}
	return err == nil
}

func (c *Client) release(lease lock.Lease) {
	c.over = true
	c.doing = doing{kind: kindRelease}
	c.open(input{kind: kindRelease, mask: maskOf(lease.Keys), id: c.world.idNumber(lease.LockID)})
	err := c.locker.Release(background, lease)
	var unavailable *lock.TableUnavailable
	if errors.As(err, &unavailable) {
		c.world.abandon(c)
		return
	}
	c.judge(lease, err)
	c.close(output{ok: err == nil})
	if err == nil && c.world.holdsAny(lease) {
		c.world.broken("world", "%s released %v, and it is still held", c.name, lease.Keys)
	}
}

func (w *World) holdsAny(l lock.Lease) bool {
	for _, key := range l.Keys {
		if item := w.eye.items[key]; item.LockID == l.LockID {
			return true
		}
	}
	return false
}

// patience is the context of an acquisition: some end while it is under way.
func (c *Client) patience() context.Context {
	w := c.world
	if w.random.IntN(5) > 0 {
		return background
	}
	return impatience{Context: background, world: w, until: w.now + w.between(0, 20*time.Second)}
}

// impatience is a context that ends at a moment of virtual time.
type impatience struct {
	context.Context
	world *World
	until time.Duration
}

// Err implements context.Context.
func (i impatience) Err() error {
	if i.world.now > i.until {
		return context.Canceled
	}
	return nil
}

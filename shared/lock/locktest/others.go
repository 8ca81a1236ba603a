package locktest

import (
	"context"
	"time"
)

// keep is the life of the keeper: it renews the locks of executions that live, and removes those of executions that do not.
func (c *Client) keep() {
	w := c.world
	for {
		c.sleep(w.between(w.lease/8, w.lease/2))
		held, err := c.locker.Held(background, scope)
		if err != nil {
			continue
		}
		for _, h := range held {
			lease := h.Lease()
			lease.Seconds = int64(w.lease / time.Second)
			switch {
			case h.Quarantine != "":
			case w.eye.ended[h.Run]:
				if w.random.IntN(2) == 0 {
					_ = c.locker.Evict(background, h, c.name, "its execution has ended")
				}
			case w.random.IntN(3) > 0:
				_, _ = c.locker.Renew(background, lease)
			}
		}
		if w.random.IntN(3) == 0 {
			_, _ = c.locker.Reap(background, nodes[w.random.IntN(firstComponent)])
		}
	}
}

// operate is the life of the operator, who now and then frees a lock by force, and always those under quarantine.
func (c *Client) operate() {
	w := c.world
	c.locker.Stopper = killer{c}
	for {
		c.sleep(w.between(w.lease/2, 3*w.lease))
		held, err := c.locker.Held(background, scope)
		if err != nil || len(held) == 0 {
			continue
		}
		h := held[w.random.IntN(len(held))]
		err = c.locker.ForceUnlock(background, h.Address, h.LockID, "operator", "it is in the way")
		if err == nil && w.eye.items[h.Address.LockKey()].LockID == h.LockID {
			w.broken("world", "the operator freed %s, and it is still held", h.Address)
		}
	}
}

// killer is how the operator stops an execution.
type killer struct{ operator *Client }

// Stop implements lock.Stopper.
func (k killer) Stop(_ context.Context, run string) error {
	w := k.operator.world
	return k.operator.Read("stop "+run, func() error {
		for _, c := range w.clients {
			if c.run == run {
				c.die("is stopped")
				c.end()
				w.after(w.between(0, w.lease), c.live)
			}
		}
		w.eye.ended[run] = true
		return nil
	})
}

package locktest

import (
	"context"
	"time"

	"github.com/deployer-io/deployer/shared/lock"
)

// fault is what becomes of a call.
type fault string

const (
	none      fault = "none"
	lost      fault = "lost"       // the request never arrives
	replyLost fault = "reply lost" // it is done, the answer never arrives
	delayed   fault = "delayed"    // it is done after the client has given up
	refused   fault = "refused"    // conflict, throttling: the store says that it did nothing
	crashing  fault = "crash"      // the client ends before the request is sent
	crashSent fault = "crash sent" // the client ends after the request was sent, which may be done much later
	pausing   fault = "pause"      // the client stands still for up to three leases after the request was sent
)

var weights = []struct {
	fault  fault
	weight int
}{{lost, 20}, {replyLost, 20}, {delayed, 16}, {refused, 22}, {crashing, 4}, {crashSent, 5}, {pausing, 8}}

// draw decides what becomes of a call.
func (w *World) draw(c call) fault {
	rate := w.rate
	if c.sleep > 0 {
		rate /= 10
	}
	if w.random.Float64() >= rate {
		return none
	}
	total := 0
	for _, entry := range weights {
		if possible(entry.fault, c) {
			total += entry.weight
		}
	}
	n := w.random.IntN(total)
	for _, entry := range weights {
		if possible(entry.fault, c) {
			if n -= entry.weight; n < 0 {
				w.report.Faults++
				return entry.fault
			}
		}
	}
	return none
}

func possible(f fault, c call) bool {
	switch f {
	case refused:
		return len(c.refuse) > 0
	case delayed, replyLost:
		return c.write
	case lost, crashSent:
		return c.sleep == 0
	}
	return true
}

// dispatch takes a client's call and plans what becomes of it.
func (w *World) dispatch(c *Client, request call) {
	f := w.draw(request)
	if request.sleep == 0 {
		w.report.Calls++
	}
	w.note(c.name, request.name+" "+string(f), nil)
	life, doing := c.life, c.doing
	travel := func() time.Duration { return w.between(time.Millisecond, 60*time.Millisecond) }
	timeout := w.between(time.Second, 6*time.Second)
	resume := func(after time.Duration, err func() error) {
		w.after(after, func() {
			if c.life == life && c.alive {
				c.answer = err()
				c.go1()
			}
		})
	}
	var answer error
	perform := func(after time.Duration) {
		if request.perform == nil {
			return
		}
		w.plan(after, true, func() {
			w.acting = actor{c, doing}
			answer = request.perform()
			w.note(c.name, "done "+request.name, answer)
			w.observeWrite(request, answer)
		})
	}
	there, back := travel(), travel()
	if request.sleep > 0 {
		there, back = 0, request.sleep
	}
	answered := func() error { return answer }
	timedOut := func() error { return ErrLost }
	switch f {
	case none:
		perform(there)
		resume(there+back, answered)
	case lost:
		resume(timeout, timedOut)
	case replyLost:
		perform(there)
		resume(timeout, timedOut)
	case delayed:
		perform(timeout + w.between(0, w.lease/2))
		resume(timeout, timedOut)
	case refused:
		why := request.refuse[w.random.IntN(len(request.refuse))]
		resume(there+back, func() error { return why })
	case crashing:
		w.after(0, func() { w.crashIf(c, life) })
	case crashSent:
		late := there
		if w.random.IntN(2) == 0 {
			late = w.between(0, w.lease/2)
		}
		perform(late)
		w.after(0, func() { w.crashIf(c, life) })
	case pausing:
		perform(there)
		resume(there+back+w.between(0, 3*w.lease), answered)
	}
}

func (w *World) crashIf(c *Client, life int) {
	if c.life == life && c.alive {
		c.crash()
	}
}

// faultyTable is the lock table as a client sees it.
type faultyTable struct{ client *Client }

func (t faultyTable) Get(ctx context.Context, key string) (item *lock.Item, err error) {
	err = t.client.Read("get "+key, func() (err error) {
		item, err = t.client.world.base.Get(background, key)
		return err
	})
	return item, cancelled(ctx, err)
}

func (t faultyTable) List(ctx context.Context, prefix string) (items []lock.Item, err error) {
	err = t.client.Read("list "+prefix, func() (err error) {
		items, err = t.client.world.base.List(background, prefix)
		return err
	})
	return items, cancelled(ctx, err)
}

func (t faultyTable) Transact(ctx context.Context, token string, writes []lock.Write) error {
	w := t.client.world
	err := t.client.ask(call{name: "transact", write: true, refuse: []error{lock.ErrTransactConflict, lock.ErrThrottled},
		perform: func() error {
			err := w.base.Transact(background, token, writes)
			if err == nil {
				w.observe(writes)
			}
			return err
		}})
	return cancelled(ctx, err)
}

func cancelled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

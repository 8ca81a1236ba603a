package asl

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// VirtualClock is a time that stands still while anybody works and jumps to the next thing due when all rest. A year
// of waiting takes no time, and with handlers that depend on nothing else every run is the same.
//
// A handler rests while it, or any goroutine that it started with its context, is in Sleep: the clock does not know
// which of them have ended. One that blocks on anything else counts as working, so time stands still for it; when it
// holds up the results of others for longer than a few milliseconds of real time, those are delivered without it.
// Whoever is neither engine nor handler, a test for example, stops the time with Hold while it acts.
type VirtualClock struct {
	mu      sync.Mutex
	now     time.Time
	busy    int // working goroutines, and holds
	count   int64
	due     virtualQueue // by time
	settled virtualQueue // by order
	nudging bool
	moves   int64 // deliveries and jumps so far
}

var _ Clock = (*VirtualClock)(nil)

// patience is how long, in real time, finished work waits for unfinished work that does not sleep.
const patience = 20 * time.Millisecond

// NewVirtualClock starts a virtual time.
func NewVirtualClock(start time.Time) *VirtualClock { return &VirtualClock{now: start} }

// Now is the virtual time.
func (c *VirtualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Hold stops the time until release is called.
func (c *VirtualClock) Hold() (release func()) { return c.Busy() }

// Busy keeps the time from moving until rest is called.
func (c *VirtualClock) Busy() func() {
	c.mu.Lock()
	c.busy++
	c.mu.Unlock()
	var once sync.Once
	return func() {
		once.Do(func() {
			c.mu.Lock()
			c.busy--
			c.advance()
			c.mu.Unlock()
		})
	}
}

// AfterFunc calls f when the time has come to it.
func (c *VirtualClock) AfterFunc(d time.Duration, f func()) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entry(f)
	e.due = c.now.Add(max(d, 0))
	heap.Push(&c.due, e)
	c.advance()
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.due.remove(e)
	}
}

// Settle calls f when everything rests, before the time moves.
func (c *VirtualClock) Settle(order int64, f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entry(f)
	e.order = order
	heap.Push(&c.settled, e)
	c.advance()
	c.nudge()
}

func (c *VirtualClock) entry(f func()) *virtualEntry {
	c.count++
	return &virtualEntry{f: f, count: c.count, index: -1}
}

// advance delivers and jumps for as long as nobody works. It is called, and returns, with the lock held.
func (c *VirtualClock) advance() {
	for c.busy == 0 {
		var next *virtualEntry
		switch {
		case c.settled.Len() > 0:
			next = heap.Pop(&c.settled).(*virtualEntry)
		case c.due.Len() > 0:
			next = heap.Pop(&c.due).(*virtualEntry)
			if next.due.After(c.now) {
				c.now = next.due
			}
		default:
			return
		}
		c.deliver(next)
	}
}

func (c *VirtualClock) deliver(e *virtualEntry) {
	c.moves++
	c.busy++
	c.mu.Unlock()
	e.f()
	c.mu.Lock()
	c.busy--
}

// nudge arranges that results are delivered even if some handler blocks on something that the clock cannot see.
func (c *VirtualClock) nudge() {
	if c.nudging || c.settled.Len() == 0 {
		return
	}
	c.nudging = true
	before := c.moves
	time.AfterFunc(patience, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.nudging = false
		if c.moves == before && c.settled.Len() > 0 {
			c.deliver(heap.Pop(&c.settled).(*virtualEntry))
			c.advance()
		}
		c.nudge()
	})
}

// worker is one handler's share of busy: 1 while it works, 0 while anything of it sleeps or when it has returned.
type worker struct {
	clock  *VirtualClock
	order  int64
	closed bool
	asleep map[*sleeper]bool
}

func (w *worker) works() bool { return !w.closed && len(w.asleep) == 0 }

type workerKey struct{}

type sleeper struct {
	woken chan struct{}
	err   error
	done  bool
	entry *virtualEntry
}

// Work begins the work of one handler.
func (c *VirtualClock) Work(ctx context.Context, order int64) (context.Context, context.CancelCauseFunc, func()) {
	w := &worker{clock: c, order: order, asleep: map[*sleeper]bool{}}
	c.mu.Lock()
	c.busy++
	c.mu.Unlock()
	work, cancel := context.WithCancelCause(context.WithValue(ctx, workerKey{}, w))
	return work, func(cause error) {
			c.mu.Lock()
			for s := range w.asleep {
				c.wake(w, s, context.Canceled)
			}
			c.mu.Unlock()
			cancel(cause)
		}, func() {
			c.mu.Lock()
			if w.works() {
				c.busy--
			}
			w.closed = true
			c.advance()
			c.mu.Unlock()
			cancel(nil)
		}
}

// wake ends a sleep; the sleeper works again from this moment on. The lock is held.
func (c *VirtualClock) wake(w *worker, s *sleeper, err error) {
	if s.done {
		return
	}
	s.done, s.err = true, err
	c.due.remove(s.entry)
	if w != nil {
		delete(w.asleep, s)
		if w.works() {
			c.busy++
		}
	}
	close(s.woken)
}

// Sleep waits in virtual time. Called with a handler's context it makes the handler rest.
func (c *VirtualClock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w, _ := ctx.Value(workerKey{}).(*worker)
	if w != nil && w.clock != c {
		w = nil
	}
	c.mu.Lock()
	s := &sleeper{woken: make(chan struct{})}
	s.entry = c.entry(func() {
		c.mu.Lock()
		c.wake(w, s, nil)
		c.mu.Unlock()
	})
	s.entry.due = c.now.Add(max(d, 0))
	if w != nil {
		s.entry.order = w.order
		if w.works() {
			c.busy--
		}
		w.asleep[s] = true
	}
	heap.Push(&c.due, s.entry)
	c.advance()
	c.mu.Unlock()
	select {
	case <-s.woken:
	case <-ctx.Done():
		c.mu.Lock()
		c.wake(w, s, ctx.Err())
		c.mu.Unlock()
	}
	return s.err
}

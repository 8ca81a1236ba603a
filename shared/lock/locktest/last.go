package locktest

import (
	"context"
	"time"

	"github.com/deployer-io/deployer/shared/lock"
)

// lastTry is how long after the end of the last lease the whole scope can be had (I8).
const lastTry = 60 * time.Second

// lastCheck is done by an observer without faults, after all clients have died at the given moment.
func (w *World) lastCheck(died time.Duration) {
	w.now = max(w.now, died+w.lease+lastTry)
	last := &Client{world: w, name: "last", number: len(w.clients), run: "last", direct: true}
	w.clients = append(w.clients, last)
	last.table = faultyTable{client: last}
	if w.config.Mutate != nil {
		last.table = w.config.Mutate(last.table)
	}
	last.locker = &lock.Locker{Table: last.table, Now: w.Now, NewID: w.newID, Random: w.random.Float64,
		Sleep: func(context.Context, time.Duration) error { return nil }}
	held, err := last.locker.Held(background, scope)
	for _, h := range held {
		if h.Quarantine != "" && err == nil {
			err = last.locker.ForceUnlock(background, h.Address, h.LockID, "last", "to go on")
		}
	}
	if err != nil {
		w.broken("world", "force-unlock: %v", err)
		return
	}
	_, err = last.locker.Acquire(background, lock.Request{Addresses: addresses(1), Run: "last", Lease: w.lease})
	if err != nil && !w.skewed {
		w.broken("I8", "%s after all holders died the scope cannot be locked: %v", w.lease+lastTry, err)
	}
	if w.config.Ledger != nil {
		w.lastCount(w.config.Ledger(last))
	}
}

// lastCount: no acknowledged increment is lost, and none happened twice (I5).
func (w *World) lastCount(ledger Ledger) {
	values, err := ledger.Values(background)
	if err != nil {
		w.broken("world", "read the counters: %v", err)
		return
	}
	for node := firstComponent; node < len(nodes); node++ {
		value, low := int(values[nodes[node].Short()]), w.eye.added[node]
		if value < low || value > low+w.eye.perhaps[node] {
			w.broken("I5", "%s counts %d, after %d acknowledged increments and %d without an answer", nodes[node], value, low, w.eye.perhaps[node])
		}
	}
}

package locktest

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// kind is what an operation of a history does.
type kind uint8

const (
	kindAcquire kind = iota + 1
	kindRelease
	kindEvict  // a lock is taken away from its holder, or the table's TTL deletes it
	kindRename // a lock is quarantined
	kindInstall
	kindAdd
)

// input is what an operation asks for.
type input struct {
	kind  kind
	mask  uint8
	id    int16 // the lock id
	to    int16 // the new lock id
	fence int64
}

// output is what it was told. Unknown is an operation whose client never learnt.
type output struct {
	ok      bool
	unknown bool
	id      int16 // that was granted, or that stands in the way
	mask    uint8 // where that stands
	value   int64
}

// operation is one operation with its times.
type operation struct {
	client      int
	in          input
	out         output
	call, ended int64
	ids         []string // an acquisition's, by which it may have been granted
}

const never = math.MaxInt64

// open begins an operation of the client.
func (c *Client) open(in input) {
	c.current = &operation{client: c.number, in: in, call: c.world.tick(), ended: never}
	c.world.history = append(c.world.history, c.current)
}

// close ends it with its answer.
func (c *Client) close(out output) {
	c.current.out, c.current.ended = out, c.world.tick()
	c.current.ids = slices.Clone(c.ids)
	c.current = nil
}

// abandon leaves the client's operation without an answer: it may have happened, or may yet.
func (w *World) abandon(c *Client) {
	if c.current == nil {
		return
	}
	c.current.out = output{unknown: true}
	c.current.ids = slices.Clone(c.ids)
	if c.current.in.kind == kindAdd {
		for node := range eachBit(c.current.in.mask) {
			w.eye.perhaps[node]++
		}
	}
	c.current = nil
}

// instant records what the eye saw happen.
func (w *World) instant(in input) {
	w.history = append(w.history, &operation{client: len(w.clients), in: in, out: output{ok: true}, call: w.tick(), ended: w.tick()})
}

func (w *World) idNumber(id string) int16 {
	var n int16
	if _, err := fmt.Sscanf(id, "id-%d", &n); err != nil {
		w.broken("world", "lock id %q: %v", id, err)
	}
	return n
}

// linearizable checks the clients' view: of the locks, and of the state.
func (w *World) linearizable() error {
	var locks, state []porcupine.Operation
	for _, o := range w.history {
		for _, o := range w.parts(*o) {
			p := porcupine.Operation{ClientId: o.client, Input: o.in, Output: o.out, Call: o.call, Return: o.ended}
			if o.in.kind >= kindInstall {
				state = append(state, p)
			} else {
				locks = append(locks, p)
			}
		}
	}
	for _, one := range []struct {
		of    string
		model porcupine.Model
		ops   []porcupine.Operation
	}{{"locks", lockModel, locks}, {"state", stateModel, state}} {
		if result := porcupine.CheckOperationsTimeout(one.model, one.ops, 20*time.Second); result != porcupine.Ok {
			for _, p := range one.ops {
				w.note("operation", fmt.Sprintf("%+v", p), nil)
			}
			return fmt.Errorf("linearizability of the %s: %s, %d operations", one.of, result, len(one.ops))
		}
	}
	return nil
}

// parts returns what an operation was made of. An acquisition tries under several ids until it has an answer; the eye saw
// which of them were granted, be it only to lose the lock again before it could look. A release frees all its locks at
// once when it can, and one after another when some of them are another's by then.
func (w *World) parts(o operation) []operation {
	var parts []operation
	switch {
	case o.in.kind == kindRelease:
		for node := range eachBit(o.in.mask) {
			one := o
			one.in.mask = 1 << node
			parts = append(parts, one)
		}
		return parts
	case o.in.kind != kindAcquire:
		return []operation{o}
	case !o.out.unknown:
		parts = append(parts, o)
	}
	for _, id := range o.ids {
		if w.eye.granted[id] == 0 || o.out.ok && w.idNumber(id) == o.out.id {
			continue
		}
		grant := o
		grant.out = output{unknown: true, id: w.idNumber(id)}
		parts = append(parts, grant)
	}
	return parts
}

// holdersOf is the lock id by node, 0 where it is free.
type holdersOf [7]int16

// lockModel is the locks as a client may see them, without time: a lock ends only by its release or when the eye saw it
// taken away.
var lockModel = porcupine.Model{
	Init: func() any { return holdersOf{} },
	Step: func(state, in, out any) (bool, any) { return stepLocks(state.(holdersOf), in.(input), out.(output)) },
}

func stepLocks(held holdersOf, in input, out output) (bool, any) {
	switch {
	case in.kind == kindAcquire && (out.ok || out.unknown):
		mine, free := true, true
		for node := range eachBit(in.mask) {
			mine = mine && held[node] == out.id
			for other := range eachBit(related[node]) {
				free = free && held[other] == 0
			}
		}
		if mine || !free {
			return mine, held
		}
		for node := range eachBit(in.mask) {
			held[node] = out.id
		}
		return true, held
	case in.kind == kindAcquire:
		for node := range eachBit(out.mask) {
			return held[node] == out.id && related[node]&in.mask != 0, held
		}
		return false, held
	case in.kind == kindRelease:
		for node := range eachBit(in.mask) {
			if held[node] == in.id {
				held[node] = 0
			}
		}
		return true, held
	}
	for node := range eachBit(in.mask) { // taken away or renamed
		if held[node] != in.id {
			return false, held
		}
		held[node] = in.to
	}
	return true, held
}

// ledger is the state of the counters.
type ledger struct {
	floors [7]int64
	counts [7]int64
}

var stateModel = porcupine.Model{
	Init: func() any { return ledger{} },
	Step: func(state, in, out any) (bool, any) { return stepState(state.(ledger), in.(input), out.(output)) },
}

func stepState(s ledger, in input, out output) (bool, any) {
	allowed := true
	for node := range eachBit(in.mask) {
		concerned := path[node]
		if in.kind == kindInstall {
			concerned = related[node]
		}
		for other := range eachBit(concerned) {
			allowed = allowed && s.floors[other] <= in.fence
		}
	}
	if !allowed {
		return !out.ok, s
	}
	if !out.ok && !out.unknown {
		return false, s
	}
	for node := range eachBit(in.mask) {
		if in.kind == kindInstall {
			s.floors[node] = max(s.floors[node], in.fence)
		} else if s.counts[node]++; out.ok && s.counts[node] != out.value {
			return false, s
		}
	}
	return true, s
}

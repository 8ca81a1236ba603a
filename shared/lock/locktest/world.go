// Package locktest is the world in which the protocol of locks and fences is proved: a seed goes in, a Report of one
// history comes out, with the first broken promise, if any.
//
// A history is several clients that lock, work, crash and come back, a keeper, an operator and the table's TTL, all on one
// virtual time line. Their code is the real code; every call that it makes on the table, the state or the clock goes
// through its Client, where a seeded generator decides what becomes of it. Only one of them runs at a time, so the same
// seed gives the same history, event by event. After each event the world's eye, which sees the table as it is, checks what
// must always hold; afterwards the clients' view is checked for linearizability.
package locktest

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/deployer-io/deployer/shared/lock"
)

// World is one history under way.
type World struct {
	config  Config
	random  *rand.Rand
	base    *lock.MemoryTable
	eye     eye
	events  []event // ordered by time, the next last
	order   int64   // of events made so far
	now     time.Duration
	clients []*Client
	acting  actor // whose write is being done
	history []*operation
	ids     int64 // handed out so far
	begun   int64 // event numbers of the clients' operations
	closing bool
	rate    float64 // of calls that meet a fault
	skewed  bool    // clocks may be minutes apart
	trace   uint64
	report  Report
	lease   time.Duration
}

// Report is what became of one history.
type Report struct {
	Seed      uint64
	Broken    error // the first broken promise
	Calls     int   // on the table and the state
	Faults    int
	Grants    int
	Takeovers int // with reaps, evictions and force-unlocks
	Commits   int
	Trace     uint64 // equal for equal histories
}

// Config is what a history is made of, beside its seed.
type Config struct {
	// Calls bounds the history. 0: 120.
	Calls int
	// Ledger makes a client's view of the state; nil: the histories have no state.
	Ledger func(c *Client) Ledger
	// Mutate changes what a client's code sees of the table, to show that the checks notice a broken protocol.
	Mutate func(lock.Table) lock.Table
	// Trace, when set, is told every event.
	Trace func(line string)
}

type event struct {
	at    time.Duration
	order int64
	lands bool // a request arrives at a store, whether or not its client still lives
	do    func()
}

// epoch is when virtual time begins.
var epoch = time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)

// Run lives through the history of a seed.
func Run(seed uint64, config Config) Report {
	w := &World{config: config, random: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), lease: 10 * time.Minute}
	if w.config.Calls == 0 {
		w.config.Calls = 120
	}
	w.report.Seed = seed
	w.base = lock.NewMemoryTable(w.Now)
	w.eye = newEye()
	w.rate = []float64{0.03, 0.15, 0.3, 0.45, 0.6}[w.random.IntN(5)]
	w.skewed = w.random.IntN(5) == 0
	for i := range holders {
		w.addClient(fmt.Sprintf("holder-%d", i), (*Client).hold)
	}
	w.addClient("keeper", (*Client).keep)
	w.addClient("operator", (*Client).operate)
	w.after(w.between(0, w.lease), w.expire)
	for len(w.events) > 0 && w.report.Broken == nil && w.report.Calls < w.config.Calls && w.now < 24*time.Hour {
		w.step()
	}
	w.finish()
	w.report.Trace = w.trace
	return w.report
}

// Now is the true time.
func (w *World) Now() time.Time { return epoch.Add(w.now) }

// after plans an event.
func (w *World) after(d time.Duration, do func()) { w.plan(d, false, do) }

func (w *World) plan(d time.Duration, lands bool, do func()) {
	w.order++
	e := event{at: w.now + max(d, 0), order: w.order, lands: lands, do: do}
	at, _ := slices.BinarySearchFunc(w.events, e, func(a, b event) int { return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(b.order, a.order)) })
	w.events = slices.Insert(w.events, at, e)
}

// step lives through the next event.
func (w *World) step() {
	e := w.events[len(w.events)-1]
	w.events = w.events[:len(w.events)-1]
	w.now = e.at
	e.do()
}

func (w *World) between(low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(w.random.Int64N(int64(high-low)))
}

func (w *World) newID() string {
	w.ids++
	return fmt.Sprintf("id-%d", w.ids)
}

// tick numbers the beginnings and ends of the clients' operations.
func (w *World) tick() int64 {
	w.begun++
	return w.begun
}

// note adds to the trace.
func (w *World) note(who, what string, err error) {
	h := fnv.New64a()
	fmt.Fprint(h, w.trace, w.now, who, what)
	if err != nil {
		fmt.Fprint(h, err)
	}
	w.trace = h.Sum64()
	if w.config.Trace != nil {
		w.config.Trace(fmt.Sprintf("%12s %-9s %s %v", w.now.Round(time.Millisecond), who, what, err))
	}
}

// broken records the first broken promise.
func (w *World) broken(promise, format string, args ...any) {
	if w.report.Broken == nil {
		w.report.Broken = fmt.Errorf("%s at %s: %s", promise, w.now, fmt.Sprintf(format, args...))
	}
}

// expire is the table's TTL: now and then it deletes what has expired, at any moment after that.
func (w *World) expire() {
	if w.closing {
		return
	}
	w.after(w.between(w.lease/8, w.lease*2), w.expire)
	var expired []string
	for _, key := range slices.Sorted(maps.Keys(w.eye.items)) {
		if at := w.eye.items[key].ExpiresAt; at != 0 && at < w.Now().Unix() {
			expired = append(expired, key)
		}
	}
	if len(expired) == 0 {
		return
	}
	key := expired[w.random.IntN(len(expired))]
	writes := []lock.Write{{Verb: lock.Delete, Key: key}}
	if err := w.base.Transact(background, w.newID(), writes); err != nil {
		w.broken("world", "TTL: %v", err)
		return
	}
	w.report.Faults++
	w.acting = actor{}
	w.note("ttl", key, nil)
	w.observe(writes)
}

// finish ends all clients, lets what is still under way arrive, and checks what must hold afterwards.
func (w *World) finish() {
	w.closing = true
	for _, c := range w.clients {
		c.die("the history ends")
	}
	died := w.now
	w.events = slices.DeleteFunc(w.events, func(e event) bool { return !e.lands })
	for len(w.events) > 0 && w.report.Broken == nil {
		w.step()
	}
	if w.report.Broken == nil {
		w.lastCheck(died)
	}
	if w.report.Broken == nil {
		w.report.Broken = w.linearizable()
	}
}

// ErrLost is the answer that a client gets when there is none.
var ErrLost = errors.New("no answer: the request timed out")

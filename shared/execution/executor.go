package execution

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Journal keeps what a run did, durably and before it is relied upon.
type Journal interface {
	// Begin records that work on a component is about to start; it may be told again. It returns the outcome of an
	// earlier, finished attempt in the same run, if there is one: where that was fine, the work is not done again.
	// Interrupted says that an earlier attempt began and did not end.
	Begin(ctx context.Context, a Assignment) (earlier *Outcome, interrupted bool, err error)
	// End records an outcome.
	End(ctx context.Context, outcome Outcome) error
}

// Fence says whether the run still holds its lock. An error means: no further side effect.
type Fence interface {
	Check(ctx context.Context) error
}

// Executor carries out batches.
type Executor struct {
	Provisioner Provisioner
	Journal     Journal
	Fence       Fence
	// Halt, when set, is asked before each step; *run.Halted lets nothing new begin, and what is in flight end.
	Halt func(ctx context.Context) error
	// Health, HTTP, Calls and Secrets are what verification and hooks stand on. Without Health, nothing is looked at that a
	// component did not ask for by itself.
	Health  Health
	HTTP    HTTP
	Calls   Calls
	Secrets Secrets
	// Look is the wait between two looks at a component that is not yet as it should be; 0: five seconds.
	Look        time.Duration
	Parallelism int // steps at a time; at least 1
	Now         func() time.Time
	Log         *slog.Logger // may be nil
	// Watch, when set, is told of every step as it begins (with an empty Verdict) and ends, of one at a time.
	Watch func(Outcome)
	// Sleep waits for d or until ctx ends, and then returns its error; nil: by a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	// Random returns a number in [0,1) for the jitter between attempts; nil: from math/rand.
	Random func() float64
}

// recording is how long the journal may take for an outcome. It is written even while the run is being stopped: what was
// done must not be forgotten. A task has 120 s from the signal to its end, and the work 110 s of them.
const recording = 20 * time.Second

// Run carries out a batch in dataflow order: each step begins as soon as the steps of the batch that it waits for are
// done, and of several that could begin the first of the batch does. Every step gets exactly one outcome, also when ctx
// ends. The error is the journal's: outcomes that could not be recorded.
func (e *Executor) Run(ctx context.Context, batch Batch) ([]Outcome, error) {
	r := newBatchRun(e, batch)
	limit := max(e.Parallelism, 1)
	if batch.Parallelism > 0 {
		limit = min(limit, batch.Parallelism)
	}
	ended := make(chan int)
	stopped := ctx.Done()
	for done, running := 0, 0; done < len(batch.Assignments); {
		for len(r.ready) > 0 && running < limit {
			next := r.ready[0]
			r.ready = r.ready[1:]
			running++
			go func() {
				r.step(ctx, next)
				ended <- next
			}()
		}
		if running == 0 {
			r.stuck()
			break
		}
		select {
		case i := <-ended:
			done, running = done+1, running-1
			r.release(i)
		case <-stopped:
			// The rest is only told that it does not begin; that need not wait for those that are being cancelled.
			stopped, limit = nil, len(batch.Assignments)
		}
	}
	return r.outcomes, errors.Join(r.errs...)
}

// batchRun is one batch on its way. Run alone touches what is ready and waiting; the rest is written by one step each, and
// read by others only after it has ended.
type batchRun struct {
	*Executor
	batch    Batch
	position map[string]int // of an assignment, by service/component
	waiting  []int          // how many steps each one still waits for
	waiters  [][]int        // who waits for each one
	ready    []int          // sorted

	outcomes []Outcome
	errs     []error
	watching sync.Mutex
	ending   atomic.Pointer[string] // why no further step is begun
}

func newBatchRun(e *Executor, batch Batch) *batchRun {
	n := len(batch.Assignments)
	r := &batchRun{Executor: e, batch: batch, position: make(map[string]int, n), waiting: make([]int, n), waiters: make([][]int, n),
		outcomes: make([]Outcome, n), errs: make([]error, n)}
	for i, a := range batch.Assignments {
		r.position[a.Order.Address.Short()] = i
	}
	for i, a := range batch.Assignments {
		for _, short := range a.Within {
			if before, ours := r.position[short]; ours {
				r.waiting[i]++
				r.waiters[before] = append(r.waiters[before], i)
			}
		}
		if r.waiting[i] == 0 {
			r.ready = append(r.ready, i)
		}
	}
	return r
}

// release makes those ready that waited for step i alone.
func (r *batchRun) release(i int) {
	for _, waiter := range r.waiters[i] {
		if r.waiting[waiter]--; r.waiting[waiter] == 0 {
			at, _ := slices.BinarySearch(r.ready, waiter)
			r.ready = slices.Insert(r.ready, at, waiter)
		}
	}
}

// stuck skips the steps that wait for one another; a plan never has any.
func (r *batchRun) stuck() {
	for i, a := range r.batch.Assignments {
		if r.outcomes[i].Outcome == "" {
			r.end(context.Background(), i, skipped(r.begin(a), "the steps of its batch wait for one another"))
		}
	}
}

// outcome returns what became of a step of this batch that has ended.
func (r *batchRun) outcome(short string) (Outcome, bool) {
	i, ours := r.position[short]
	if !ours {
		return Outcome{}, false
	}
	return r.outcomes[i], true
}

func (r *batchRun) watch(outcome Outcome) {
	if r.Watch == nil {
		return
	}
	r.watching.Lock()
	defer r.watching.Unlock()
	r.Watch(outcome)
}

// end records an outcome.
func (r *batchRun) end(ctx context.Context, i int, outcome Outcome) {
	outcome.EndedAt = r.Now().UTC()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recording)
	defer cancel()
	r.errs[i] = r.Journal.End(ctx, outcome)
	r.outcomes[i] = outcome
	r.watch(outcome)
}

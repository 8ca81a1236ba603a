package execution

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
)

// Journal keeps what a run did, durably and before it is relied upon.
type Journal interface {
	// Begin records that work on a component is about to start; it may be told again. It returns the outcome of an
	// earlier, finished attempt in the same run, if there is one: the work is then not done again. Interrupted says that an
	// earlier attempt began and did not end.
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
	Parallelism int // steps at a time; at least 1
	Now         func() time.Time
	Log         *slog.Logger
	// Watch, when set, is told of every step as it begins (with an empty Verdict) and ends.
	Watch func(Outcome)
}

// Run carries out a batch in dataflow order: each step begins as soon as the steps of the batch that it waits for are
// done. Every step gets exactly one outcome, also when ctx ends. The error is the journal's: outcomes that could not be
// recorded.
func (e *Executor) Run(ctx context.Context, batch Batch) ([]Outcome, error) {
	limit := e.Parallelism
	if batch.Parallelism > 0 && batch.Parallelism < limit {
		limit = batch.Parallelism
	}
	r := &batchRun{Executor: e, batch: batch, slots: semaphore.NewWeighted(int64(max(limit, 1))),
		ended: make(map[string]chan struct{}, len(batch.Assignments)), outcomes: make(map[string]Outcome, len(batch.Assignments))}
	for _, a := range batch.Assignments {
		r.ended[a.Order.Address.Short()] = make(chan struct{})
	}
	errs := make([]error, len(batch.Assignments))
	var group sync.WaitGroup
	for i, a := range batch.Assignments {
		group.Go(func() { errs[i] = r.step(ctx, a) })
	}
	group.Wait()
	outcomes := make([]Outcome, len(batch.Assignments))
	for i, a := range batch.Assignments {
		outcomes[i] = r.outcomes[a.Order.Address.Short()]
	}
	return outcomes, errors.Join(errs...)
}

type batchRun struct {
	*Executor
	batch Batch
	slots *semaphore.Weighted
	ended map[string]chan struct{} // closed when the step's outcome is there

	mu       sync.Mutex
	outcomes map[string]Outcome // by service/component
}

// step waits for its turn, does the work and records the outcome.
func (r *batchRun) step(ctx context.Context, a Assignment) error {
	short := a.Order.Address.Short()
	defer close(r.ended[short])
	outcome := r.begin(a)
	if reason := r.await(ctx, a); reason != "" {
		outcome.Outcome, outcome.Message = Skipped, reason
	} else if err := r.slots.Acquire(ctx, 1); err != nil {
		outcome.Outcome, outcome.Message = Skipped, "the run was stopped before it began"
	} else {
		defer r.slots.Release(1)
		outcome = r.attempt(ctx, a, outcome)
	}
	outcome.EndedAt = r.Now().UTC()
	// The outcome is written even when the run is being stopped: what was done must not be forgotten.
	recording, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	err := r.Journal.End(recording, outcome)
	r.mu.Lock()
	r.outcomes[short] = outcome
	r.mu.Unlock()
	r.watch(outcome)
	return err
}

func (r *batchRun) begin(a Assignment) Outcome {
	return Outcome{SchemaVersion: SchemaVersion, Run: r.batch.Run, Address: a.Order.Address, Kind: a.Order.Kind, Action: a.Action,
		Revision: a.Revision, DependsOn: a.DependsOn, Epoch: a.Order.BaseEpoch, Outputs: a.Outputs, StartedAt: r.Now().UTC()}
}

// await waits for the steps of this batch that come first. It returns why the step cannot run, or "".
func (r *batchRun) await(ctx context.Context, a Assignment) string {
	for _, upstream := range a.Within {
		ended, ours := r.ended[upstream]
		if !ours {
			continue
		}
		select {
		case <-ended:
		case <-ctx.Done():
			return "the run was stopped before it began"
		}
		if before := r.outcome(upstream); !before.Outcome.Fine() {
			return fmt.Sprintf("%s, which comes first, %s", upstream, before.Outcome)
		}
	}
	return ""
}

// attempt does the work of one step.
func (r *batchRun) attempt(ctx context.Context, a Assignment, outcome Outcome) Outcome {
	outcome.StartedAt = r.Now().UTC()
	if err := r.Fence.Check(ctx); err != nil {
		return fail(outcome, err, nil)
	}
	earlier, interrupted, err := r.Journal.Begin(ctx, a)
	if err != nil {
		return fail(outcome, err, nil)
	}
	if earlier != nil && earlier.Outcome.Fine() {
		return *earlier
	}
	r.watch(outcome)
	order := a.Order
	order.Refresh = order.Refresh || interrupted
	if interrupted && order.BaseEpoch != "" {
		order.BaseEpoch = order.Epoch // go on with what the interrupted attempt wrote
	}
	if a.Action == plan.Delete {
		return r.destroy(ctx, order, outcome)
	}
	return r.apply(ctx, a, order, outcome)
}

func (r *batchRun) destroy(ctx context.Context, order Order, outcome Outcome) Outcome {
	result, err := r.Provisioner.Destroy(ctx, order)
	outcome.Changes, outcome.Resources, outcome.Epoch = result.Changes, result.Resources, order.Epoch
	if err != nil {
		return fail(outcome, err, &result)
	}
	outcome.Outcome, outcome.Outputs = Done, nil
	if result.Kept {
		outcome.Outcome, outcome.Leftovers = Kept, result.Pending
		outcome.Message = "its resources were kept, as its deletionPolicy says; deployer no longer manages them"
	}
	return outcome
}

func (r *batchRun) apply(ctx context.Context, a Assignment, order Order, outcome Outcome) Outcome {
	values, err := r.resolve(a, &order)
	if err != nil {
		return fail(outcome, err, nil)
	}
	if outcome.Spec, err = json.Marshal(order.Spec); err != nil {
		return fail(outcome, err, nil)
	}
	outcome.InputsDigest = plan.InputsDigest(order.Kind, a.Revision, outcome.Spec, values)
	if a.Conditional && outcome.InputsDigest == a.Known && !order.Refresh {
		outcome.Outcome = Unchanged
		return outcome
	}
	result, err := r.Provisioner.Apply(ctx, order)
	outcome.Changes, outcome.Resources, outcome.Epoch = result.Changes, result.Resources, order.Epoch
	if len(result.Outputs) > 0 {
		outcome.Outputs = result.Outputs
	}
	if err != nil {
		return fail(outcome, err, &result)
	}
	outcome.Outcome = Done
	return outcome
}

// resolve gives the order the outputs of the steps of this batch that it waited for, and returns the outputs it reads.
func (r *batchRun) resolve(a Assignment, order *Order) (map[string]json.RawMessage, error) {
	upstreams := make(map[string]Upstream, len(order.Upstreams))
	for short, upstream := range order.Upstreams {
		if before := r.outcome(short); before.Outcome.Fine() {
			upstream.Outputs = before.Outputs
		}
		upstreams[short] = upstream
	}
	order.Upstreams = upstreams
	values := make(map[string]json.RawMessage, len(a.Reads))
	for _, read := range a.Reads {
		value, ok := upstreams[read.Component].Outputs[read.Output]
		if !ok {
			return nil, &OutputMissing{Component: read.Component, Output: read.Output}
		}
		values[read.Component+"."+read.Output] = value
	}
	return values, nil
}

func (r *batchRun) outcome(short string) Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outcomes[short]
}

func (r *batchRun) watch(outcome Outcome) {
	if r.Watch != nil {
		r.Watch(outcome)
	}
}

// OutputMissing is the error of a component that reads an output which its upstream does not have.
type OutputMissing struct{ Component, Output string }

func (e *OutputMissing) Error() string {
	return fmt.Sprintf("%s has no output %q in the state; deploy it first", e.Component, e.Output)
}

// fail records an error. A failure is dirty when resources were touched or their fate is unknown; a step that failed
// before it changed anything leaves its component as it was.
func fail(outcome Outcome, err error, result *Result) Outcome {
	failure := run.FailureOf(err)
	outcome.Outcome, outcome.Error, outcome.Message = Failed, failure.Error, failure.Cause
	if result == nil {
		return outcome
	}
	outcome.Leftovers = slices.Clone(result.Pending)
	touched := slices.ContainsFunc(result.Changes, func(c ResourceChange) bool { return !c.Failed })
	outcome.Dirty = touched || len(result.Pending) > 0
	return outcome
}

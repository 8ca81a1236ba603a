package execution

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
)

const notBegun = "the run was stopped before it began"

// step does the work of one assignment, whose upstreams in the batch have ended, and records the outcome.
func (r *batchRun) step(ctx context.Context, i int) {
	a := r.batch.Assignments[i]
	outcome := r.begin(a)
	if reason := r.hindrance(ctx, a); reason != "" {
		r.end(ctx, i, skipped(outcome, reason))
		return
	}
	if err := r.Fence.Check(ctx); err != nil {
		r.end(ctx, i, unbegun(ctx, outcome, err))
		return
	}
	earlier, interrupted, err := r.Journal.Begin(ctx, a)
	switch {
	case err != nil:
		r.end(ctx, i, unbegun(ctx, outcome, err))
	case earlier != nil && earlier.Outcome.Fine():
		r.outcomes[i] = *earlier // it is recorded already
		r.watch(*earlier)
	default:
		r.watch(outcome)
		order := a.Order
		order.Refresh = order.Refresh || interrupted || earlier != nil && earlier.Dirty
		r.end(ctx, i, r.work(ctx, a, order, outcome))
	}
}

func (r *batchRun) begin(a Assignment) Outcome { return a.begin(r.batch.Run, r.Now()) }

// begin is what is known of a step's outcome before anything is done.
func (a Assignment) begin(run string, now time.Time) Outcome {
	return Outcome{SchemaVersion: SchemaVersion, Run: run, Address: a.Order.Address, Kind: a.Order.Kind, Action: a.Action,
		Revision: a.Revision, DependsOn: a.DependsOn, Epoch: a.Order.BaseEpoch, Account: a.Order.Account, Region: a.Order.Region,
		Outputs: a.Outputs, StartedAt: now.UTC()}
}

// Lost is the outcome of a step whose executor ended without telling one. Touched says that it had begun to change
// something; then what it did is not known, and the next run reads the real resources before it acts.
func Lost(a Assignment, of string, touched bool, now time.Time) (Outcome, error) {
	outcome := a.begin(of, now)
	outcome.EndedAt, outcome.Outcome, outcome.Error = outcome.StartedAt, Failed, run.Stopped
	outcome.Message = "its executor ended before it had changed anything; apply again"
	if !touched {
		return outcome, nil
	}
	outcome.Dirty, outcome.Epoch = true, a.Order.Epoch
	outcome.Message = "its executor ended without telling what became of it; apply again: deployer first reads what is there"
	var err error
	if outcome.Spec, err = json.Marshal(a.Order.Spec); err != nil {
		return outcome, fmt.Errorf("%s: %w", a.Order.Address, err)
	}
	return outcome, nil
}

// hindrance says why a step whose turn it is cannot begin; empty when it can.
func (r *batchRun) hindrance(ctx context.Context, a Assignment) string {
	for _, upstream := range a.Within {
		if before, ours := r.outcome(upstream); ours && !before.Outcome.Fine() {
			return fmt.Sprintf("%s, which comes first, %s", upstream, ended[before.Outcome])
		}
	}
	if ctx.Err() != nil {
		return notBegun
	}
	return ""
}

var ended = map[Verdict]string{Failed: "failed", Skipped: "was skipped"}

// work applies or destroys, within the component's own time.
func (r *batchRun) work(ctx context.Context, a Assignment, order Order, outcome Outcome) Outcome {
	timeout := order.base().Timeout.Std()
	limited, cancel := ctx, context.CancelFunc(func() {})
	if timeout > 0 {
		limited, cancel = context.WithTimeout(ctx, timeout)
	}
	defer cancel()
	if a.Action == plan.Delete {
		outcome = r.destroy(limited, order, outcome)
	} else {
		outcome = r.apply(limited, a, order, outcome)
	}
	if outcome.Outcome == Failed && limited.Err() != nil && ctx.Err() == nil {
		outcome.Error = run.TimedOut
		outcome.Message = fmt.Sprintf("it took longer than its timeout of %s and was stopped; "+
			"apply again to go on, or raise timeout in its document (%s)", order.base().Timeout, outcome.Message)
	}
	return outcome
}

func (r *batchRun) destroy(ctx context.Context, order Order, outcome Outcome) Outcome {
	result, err := r.persist(ctx, order, r.Provisioner.Destroy)
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
	err := r.resolve(a, &order)
	if err != nil {
		return fail(outcome, err, nil)
	}
	if outcome.Spec, err = json.Marshal(order.Spec); err != nil {
		return fail(outcome, err, nil)
	}
	outcome.InputsDigest = plan.InputsDigest(order.Kind, a.Revision, outcome.Spec, order.Upstreams)
	if a.Conditional && outcome.InputsDigest == a.Known && !order.Refresh {
		outcome.Outcome = Unchanged
		return outcome
	}
	result, err := r.persist(ctx, order, r.Provisioner.Apply)
	outcome.Changes, outcome.Resources, outcome.Epoch = result.Changes, result.Resources, order.Epoch
	if err == nil || len(result.Outputs) > 0 {
		outcome.Outputs = result.Outputs
	}
	if err != nil {
		return fail(outcome, err, &result)
	}
	outcome.Outcome = Done
	return outcome
}

// resolve gives the order what the steps of this batch that it waited for have come to. The error is *OutputMissing when
// an output that it reads is not there.
func (r *batchRun) resolve(a Assignment, order *Order) error {
	upstreams := make(map[string]Upstream, len(order.Upstreams))
	for short, upstream := range order.Upstreams {
		if slices.Contains(a.Within, short) {
			if before, ours := r.outcome(short); ours {
				upstream.Outputs = plan.See(before.Outputs, a.reads(short)...)
			}
		}
		upstreams[short] = upstream
	}
	order.Upstreams = upstreams
	for _, read := range a.Reads {
		if _, ok := upstreams[read.Component].Outputs[read.Output]; !ok {
			return &OutputMissing{Component: read.Component, Output: read.Output}
		}
	}
	return nil
}

// OutputMissing is the error of a component that reads an output which its upstream does not have.
type OutputMissing struct{ Component, Output string }

func (e *OutputMissing) Error() string {
	return fmt.Sprintf("%s has no output %q; deploy it again, or read another of its outputs", e.Component, e.Output)
}

func skipped(outcome Outcome, reason string) Outcome {
	outcome.Outcome, outcome.Message = Skipped, reason
	return outcome
}

// unbegun is the outcome of a step that could not begin: when that is because the run is being stopped, it was skipped.
func unbegun(ctx context.Context, outcome Outcome, err error) Outcome {
	if ctx.Err() != nil {
		return skipped(outcome, notBegun)
	}
	return fail(outcome, err, nil)
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
	outcome.Dirty = len(result.Pending) > 0 || slices.ContainsFunc(result.Changes, ResourceChange.touched)
	return outcome
}

// touched reports whether the change left a mark: it went through, or it made something that then failed.
func (c ResourceChange) touched() bool {
	return c.Operation != "read" && (!c.Failed || c.Operation == "create" && c.ID != "")
}

package execution

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
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
	if err := r.mayBegin(ctx); err != nil {
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
		outcome = r.work(ctx, a, order, outcome)
		r.stopAfter(a, outcome)
		r.end(ctx, i, outcome)
	}
}

// mayBegin is the last look before a side effect: nobody has halted the run, and the lock is its own.
func (e *Executor) mayBegin(ctx context.Context) error {
	if e.Halt != nil {
		if err := e.Halt(ctx); err != nil {
			return err
		}
	}
	return e.Fence.Check(ctx)
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
	switch ending := r.ending.Load(); {
	case ctx.Err() != nil:
		return notBegun
	case a.Skip != "":
		return a.Skip
	case ending != nil:
		return *ending
	}
	return ""
}

// stopAfter lets nothing more begin after a failure that ends the run; what is in flight ends.
func (r *batchRun) stopAfter(a Assignment, outcome Outcome) {
	if outcome.Outcome != Failed || a.OnFailure != resource.OnFailureStop && a.OnFailure != resource.OnFailureRollback {
		return
	}
	reason := fmt.Sprintf("%s failed, and with onFailure: %s nothing more is begun then", a.Order.Address.Short(), a.OnFailure)
	r.ending.CompareAndSwap(nil, &reason)
}

var ended = map[Verdict]string{Failed: "failed", Skipped: "was skipped"}

// work applies or destroys, each within the component's own time, with what goes with it.
func (r *batchRun) work(ctx context.Context, a Assignment, order Order, outcome Outcome) Outcome {
	if a.Action == plan.Delete {
		return r.destroy(ctx, order, outcome)
	}
	if err := r.resolve(a, &order); err != nil {
		return fail(outcome, err, nil)
	}
	outcome = r.apply(ctx, a, order, outcome)
	if outcome.Outcome == Failed {
		r.tellFailure(ctx, a, order, &outcome)
	}
	return outcome
}

// within does the work in the component's own time and what its hooks may take in between, again where its retry says so.
func (r *batchRun) within(ctx context.Context, order Order, more time.Duration, do func(context.Context, Order) (Result, error)) (Result, error) {
	timeout := order.base().Timeout
	limited, cancel := ctx, context.CancelFunc(func() {})
	if timeout > 0 {
		limited, cancel = context.WithTimeout(ctx, timeout.Std()+more)
	}
	defer cancel()
	result, err := r.persist(limited, order, do)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = &overtime{timeout: timeout, cause: err}
	}
	return result, err
}

// overtime is the error of work that its component's timeout ended.
type overtime struct {
	timeout resource.Duration
	cause   error
}

func (e *overtime) Error() string {
	return fmt.Sprintf("it took longer than its timeout of %s and was stopped; apply again to go on, or raise timeout in its document (%s)",
		e.timeout, run.FailureOf(e.cause).Cause)
}

func (*overtime) Unwrap() error { return context.DeadlineExceeded }

func (r *batchRun) destroy(ctx context.Context, order Order, outcome Outcome) Outcome {
	result, err := r.within(ctx, order, 0, r.Provisioner.Destroy)
	outcome.Changes, outcome.Resources, outcome.Epoch = result.Changes, result.Resources, order.Epoch
	if err != nil {
		return fail(outcome, err, &result)
	}
	outcome.Outcome, outcome.Outputs = Done, nil
	if result.Kept {
		outcome.Outcome, outcome.Leftovers = Kept, result.Pending
		outcome.Message = "its resources were kept, as its deletionPolicy says; deployer no longer manages them"
	}
	return r.save(ctx, order, outcome, result)
}

func (r *batchRun) apply(ctx context.Context, a Assignment, order Order, outcome Outcome) Outcome {
	var err error
	if outcome.Spec, err = json.Marshal(order.Spec); err != nil {
		return fail(outcome, err, nil)
	}
	outcome.InputsDigest = plan.InputsDigest(order.Kind, a.Revision, outcome.Spec, order.Upstreams)
	if a.Conditional && outcome.InputsDigest == a.Known && !order.Refresh {
		outcome.Outcome = Unchanged
		return outcome
	}
	before, later := splitPre(order.base().Hooks.Pre)
	if err := r.precede(ctx, a, order, &outcome, before); err != nil {
		return fail(outcome, err, nil)
	}
	result, err := r.onTheWay(ctx, a, order, &outcome, later)
	outcome.Changes, outcome.Resources, outcome.Epoch = result.Changes, result.Resources, order.Epoch
	if err == nil || len(result.Outputs) > 0 {
		outcome.Outputs = result.Outputs
	}
	if err != nil {
		return fail(outcome, err, &result)
	}
	if err := r.succeed(ctx, a, order, &outcome); err != nil {
		outcome = fail(outcome, err, &result)
		outcome.Dirty = true // it is as planned, and it is not well
		return outcome
	}
	outcome.Outcome = Done
	if result.Adopted {
		outcome.Message = "its resources were there, kept by an earlier deletion, and were taken over with their data"
	}
	return r.save(ctx, order, outcome, result)
}

// reads is what the component's checks and hooks may read.
func (r *batchRun) reads(order Order, outcome *Outcome) reader {
	return reader{place: Place{Account: order.Account, Region: order.Region}, secrets: r.Secrets, component: order.Address.Short(),
		own: outcome.Outputs, upstreams: order.Upstreams}
}

// call calls a list of the component's hooks.
func (r *batchRun) call(ctx context.Context, a Assignment, order Order, outcome *Outcome, moment string, hooks []resource.Hook) error {
	if a.Quiet || len(hooks) == 0 {
		return nil
	}
	at := order.Address
	h := hookRun{Executor: r.Executor, reader: r.reads(order, outcome), told: Told{Run: r.batch.Run, Stack: at.Stack, Environment: at.Environment,
		Component: at.Short(), Action: string(a.Action), Error: outcome.Message}}
	results, err := h.run(ctx, moment, hooks)
	outcome.Hooks = append(outcome.Hooks, results...)
	return err
}

// onTheWay applies the order and calls hooks as soon as the new version's task can be run.
func (r *batchRun) onTheWay(ctx context.Context, a Assignment, order Order, outcome *Outcome, hooks []resource.Hook) (Result, error) {
	if a.Quiet {
		hooks = nil
	}
	on := &midway{hooks: hooks}
	on.call = func(ctx context.Context, outputs map[string]json.RawMessage) error {
		now := *outcome
		now.Outputs = maps.Clone(outcome.Outputs)
		if now.Outputs == nil {
			now.Outputs = map[string]json.RawMessage{}
		}
		maps.Copy(now.Outputs, outputs)
		err := r.call(ctx, a, order, &now, pre, hooks)
		outcome.Hooks = now.Hooks
		return err
	}
	return r.within(ctx, order, longest(hooks), func(ctx context.Context, order Order) (Result, error) {
		return on.apply(ctx, order, r.Provisioner.Apply)
	})
}

// precede is what comes before the first change.
func (r *batchRun) precede(ctx context.Context, a Assignment, order Order, outcome *Outcome, hooks []resource.Hook) error {
	if !a.Quiet { // a rollback is there to quiet the alarms
		if err := r.verifier(order, r.reads(order, outcome)).before(ctx); err != nil {
			return err
		}
	}
	return r.call(ctx, a, order, outcome, pre, hooks)
}

// succeed is what comes after the last change: only then the component counts as deployed.
func (r *batchRun) succeed(ctx context.Context, a Assignment, order Order, outcome *Outcome) error {
	if err := r.verifier(order, r.reads(order, outcome)).after(ctx); err != nil {
		return err
	}
	return r.call(ctx, a, order, outcome, post, order.base().Hooks.Post)
}

// tellFailure calls the hooks that want to know of a failure. What they do does not change it.
func (r *batchRun) tellFailure(ctx context.Context, a Assignment, order Order, outcome *Outcome) {
	if ctx.Err() != nil {
		return
	}
	if err := r.call(ctx, a, order, outcome, onFailure, order.base().Hooks.OnFailure); err != nil {
		outcome.Message += "; " + err.Error()
	}
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

// unbegun is the outcome of a step that could not begin: when that is because the run is being stopped or was halted, it
// was skipped.
func unbegun(ctx context.Context, outcome Outcome, err error) Outcome {
	if ctx.Err() != nil {
		return skipped(outcome, notBegun)
	}
	if halted := (*run.Halted)(nil); errors.As(err, &halted) {
		return skipped(outcome, err.Error())
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
	outcome.Snapshots = asked(result.Saved)
	outcome.Dirty = len(result.Pending) > 0 || slices.ContainsFunc(result.Changes, ResourceChange.touched)
	return outcome
}

// refused is how AWS answers a call that it has not carried out.
var refused = regexp.MustCompile(`StatusCode: 4\d\d\b`)

// touched reports whether the change left a mark, or may have: it went through, it made something that then failed, or it
// failed in another way than by being refused. An update whose end was waited for in vain has been carried out.
func (c ResourceChange) touched() bool {
	switch {
	case c.Operation == "read":
		return false
	case !c.Failed:
		return true
	case c.Operation == "create":
		return c.ID != ""
	}
	return !refused.MatchString(c.Message)
}

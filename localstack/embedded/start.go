package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/functions/cleanup"
	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/run"
)

// PulumiMissing is the error of a run that may change something where there is no Pulumi CLI to do it.
type PulumiMissing struct{}

func (*PulumiMissing) Error() string {
	return "there is no Pulumi CLI: 'make pulumi' builds it beside deployer, DEPLOYER_PULUMI may name one, or put pulumi on PATH; nothing was started"
}

// Run is a run under way in this process.
type Run struct {
	Ref         run.Ref
	environment *Environment
	execution   *asl.Execution
	ended       chan struct{}
	err         error
}

// Start begins a run and returns at once. When ctx ends, the run is stopped: what is in flight is cancelled cleanly, its
// outcomes are saved, its lock is released.
func (e *Environment) Start(ctx context.Context, id string, request run.Request) (*Run, error) {
	scope, err := request.Scope()
	if err != nil {
		return nil, err
	}
	if !request.Operation.OnlyPlans() && e.options.Pulumi == "" && e.options.Provisioner == nil {
		return nil, &PulumiMissing{}
	}
	ref := run.Ref{Stack: scope.Stack, Environment: scope.Environment, ID: id, Operation: request.Operation}
	closeAlive, err := e.book.begin(entry{Run: ref, Request: request})
	if err != nil {
		return nil, err
	}
	input, err := json.Marshal(request)
	if err != nil {
		return nil, errors.Join(err, closeAlive())
	}
	execution, err := e.engine.Start(context.WithoutCancel(ctx), asl.StartInput{StateMachine: "deploy", Name: id, Input: input})
	if err != nil {
		return nil, errors.Join(err, e.book.end(id), closeAlive())
	}
	r := &Run{Ref: ref, environment: e, execution: execution, ended: make(chan struct{})}
	go r.follow(ctx, closeAlive)
	return r, nil
}

// follow keeps the run's lock alive, stops the run when ctx ends, and sees to the end of a run that did not see to it
// itself.
func (r *Run) follow(ctx context.Context, closeAlive func() error) {
	defer close(r.ended)
	keep := time.NewTicker(keepEvery)
	defer keep.Stop()
	stop := ctx.Done()
	for {
		select {
		case <-r.execution.Done():
			r.err = errors.Join(r.finish(context.WithoutCancel(ctx)), closeAlive())
			return
		case <-keep.C:
			r.environment.keep(ctx, r.Ref)
		case <-stop:
			stop = nil
			r.stop()
		}
	}
}

// stop stops the rollout, so that the guard goes on to save the state, release the lock and report; a run that is not
// rolling out is stopped as a whole.
func (r *Run) stop() {
	if rollout, ok := r.environment.engine.Execution(r.Ref.ID + "-rollout"); ok && rollout.Status() == asl.StatusRunning {
		rollout.Stop(run.Stopped, "it was interrupted")
		return
	}
	r.execution.Stop(run.Stopped, "it was interrupted")
}

// finish does what AWS does by the rule on execution status: an execution that was aborted or timed out is cleaned up.
func (r *Run) finish(ctx context.Context) error {
	result, err := r.execution.Wait(ctx)
	if err != nil {
		return err
	}
	if result.Status == asl.StatusAborted || result.Status == asl.StatusTimedOut {
		if err := r.environment.cleanUp(ctx, entry{Run: r.Ref}, string(result.Status)); err != nil {
			return err
		}
	}
	return r.environment.book.end(r.Ref.ID)
}

// Wait returns when the run has ended and nothing of it is left to do.
func (r *Run) Wait() error {
	<-r.ended
	return r.err
}

// Done is closed when the run has ended.
func (r *Run) Done() <-chan struct{} { return r.ended }

// Approve wakes a run that waits for approval; token is that of its approval.json.
func (e *Environment) Approve(token string, decision run.Decision) error {
	output, err := json.Marshal(decision)
	if err != nil {
		return err
	}
	return e.engine.SendTaskSuccess(token, output)
}

// Reject wakes a run that waits for approval with the error ApprovalRejected.
func (e *Environment) Reject(token string, decision run.Decision) error {
	rejected := &run.ApprovalRejected{By: decision.By, Reason: decision.Reason}
	failure := run.FailureOf(rejected)
	return e.engine.SendTaskFailure(token, failure.Error, failure.Cause)
}

// keepEvery is how often a running process renews its run's lock; leases last much longer.
const keepEvery = time.Minute

// keep renews the run's locks, as the keeper function does on AWS.
func (e *Environment) keep(ctx context.Context, ref run.Ref) {
	held, err := e.Locker.Held(ctx, ref.Scope())
	if err != nil {
		e.options.Log.Warn("the locks could not be read", "run", ref.ID, "error", err)
		return
	}
	for _, holding := range held {
		if holding.Run != ref.ID {
			continue
		}
		if _, err := e.Locker.Renew(ctx, holding.Lease()); err != nil {
			e.options.Log.Warn("the lock could not be renewed", "run", ref.ID, "error", err)
		}
	}
}

// finishDead cleans up after the runs whose process died.
func (e *Environment) finishDead(ctx context.Context) error {
	dead, release, err := e.book.dead()
	if err != nil {
		return err
	}
	defer release()
	for _, one := range dead {
		if err := e.cleanUp(ctx, one, "its process died"); err != nil {
			return fmt.Errorf("clean up after run %s: %w", one.Run.ID, err)
		}
		if err := e.book.end(one.Run.ID); err != nil {
			return err
		}
	}
	return nil
}

func (e *Environment) cleanUp(ctx context.Context, of entry, why string) error {
	_, err := cleanup.Handler{Objects: e.Objects, Locker: e.Locker, Now: e.options.Now}.Handle(ctx,
		cleanup.In{Run: of.Run, Request: of.Request, Why: why})
	return err
}

// stopper ends runs before their expired locks are taken away. A run whose process died has been cleaned up by then; one
// that is alive in another process cannot be stopped from here.
type stopper struct{ book *book }

// RunAlive is the error of taking a lock away from a run that another process is carrying out.
type RunAlive struct{ Run string }

func (e *RunAlive) Error() string {
	return fmt.Sprintf("run %s is being carried out by another process; wait for it, or stop that process", e.Run)
}

func (s stopper) Stop(_ context.Context, id string) error {
	alive, err := s.book.running(id)
	if err == nil && alive {
		return &RunAlive{Run: id}
	}
	return err
}

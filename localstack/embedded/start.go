package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/run"
)

// PulumiMissing is the error of a run that may change something where there is no Pulumi CLI to do it.
type PulumiMissing struct{}

func (*PulumiMissing) Error() string {
	return "there is no Pulumi CLI: 'make pulumi' builds it beside deployer, DEPLOYER_PULUMI may name one, or put pulumi on PATH; nothing was started"
}

// Run is a run under way, in this process or in another one.
type Run struct {
	Ref         run.Ref
	environment *Environment
	execution   *asl.Execution // nil: another process is at work on it
	suspend     context.CancelCauseFunc
	leaving     chan chan error
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
	if !e.provisions() {
		if !request.Operation.OnlyPlans() {
			return nil, &PulumiMissing{}
		}
		request.Shallow = true
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
	r := e.newRun(ref)
	engineCtx, suspend := context.WithCancelCause(context.WithoutCancel(ctx))
	r.suspend = suspend
	r.execution, err = e.engine.Start(engineCtx, asl.StartInput{StateMachine: "deploy", Name: id, Input: input})
	if err != nil {
		return nil, errors.Join(err, e.book.end(id), closeAlive())
	}
	go r.follow(ctx, closeAlive)
	return r, nil
}

func (e *Environment) newRun(ref run.Ref) *Run {
	return &Run{Ref: ref, environment: e, leaving: make(chan chan error), ended: make(chan struct{})}
}

// provisions reports whether something can be provisioned here.
func (e *Environment) provisions() bool {
	return e.options.Pulumi != "" || e.options.Provisioner != nil
}

// lookEvery is how often a process looks whether people decided on the run that it keeps: they may have, in another one.
const lookEvery = 200 * time.Millisecond

// follow keeps the run's lock alive, hands it the decisions that people make elsewhere, stops it when ctx ends, and sees to
// the end of a run that did not see to it itself.
func (r *Run) follow(ctx context.Context, closeAlive func() error) {
	defer close(r.ended)
	defer r.suspend(nil)
	keep, look := time.NewTicker(keepEvery), time.NewTicker(lookEvery)
	defer keep.Stop()
	defer look.Stop()
	stop := ctx.Done()
	for {
		select {
		case <-r.execution.Done():
			r.err = errors.Join(r.finish(context.WithoutCancel(ctx)), closeAlive())
			return
		case <-keep.C:
			r.environment.keep(ctx)
		case <-look.C:
			r.wake(context.WithoutCancel(ctx))
		case answer := <-r.leaving:
			left, err := r.leave(context.WithoutCancel(ctx))
			if left {
				err = errors.Join(err, closeAlive())
			}
			answer <- err
			if left {
				return
			}
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

// Wait returns when the run has ended and nothing of it is left to do, or when it was left to wait.
func (r *Run) Wait() error {
	<-r.ended
	return r.err
}

// Done is closed when the run has ended, or when it was left to wait.
func (r *Run) Done() <-chan struct{} { return r.ended }

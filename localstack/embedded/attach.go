package embedded

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/deployer-io/deployer/functions/decide"
	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
)

// NotWaiting is the error of leaving a run that does not wait for a person.
type NotWaiting struct{ Run string }

func (e *NotWaiting) Error() string {
	return fmt.Sprintf("run %s is at work and does not wait for anybody", e.Run)
}

var errLeft = errors.New("it was left to wait for a person")

// question returns the run's approval when its execution waits for the answer to it; nil when it does not.
func (r *Run) question(ctx context.Context) (*run.Approval, error) {
	var asked run.Approval
	err := run.Archive{Store: r.environment.Objects, Ref: r.Ref}.Read(ctx, run.ApprovalArtifact, &asked)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	waits := slices.ContainsFunc(r.environment.engine.TaskTokens(), func(t asl.WaitingTask) bool { return t.Token == asked.Token })
	if !waits {
		return nil, nil
	}
	return &asked, nil
}

// wake hands the run the decision that people have made, in whatever process. What cannot be read now is read again.
func (r *Run) wake(ctx context.Context) {
	asked, err := r.question(ctx)
	if err == nil && asked != nil {
		_, err = decide.Wake(ctx, answers{r.environment.engine}, *asked)
	}
	if err != nil {
		r.environment.options.Log.Warn("the run's approval could not be looked at", "run", r.Ref.ID, "error", err)
	}
}

// Detach leaves a run that waits for a person: this process may end, the run keeps its lock, and Resume goes on with it in
// another process. The error is *NotWaiting when the run is at work, or has its answer.
func (r *Run) Detach() error {
	if r.execution == nil {
		return nil // the other process goes on with it
	}
	answer := make(chan error, 1)
	select {
	case r.leaving <- answer:
		return <-answer
	case <-r.ended:
		return r.err
	}
}

func (r *Run) leave(ctx context.Context) (left bool, err error) {
	asked, err := r.question(ctx)
	if err != nil {
		return false, err
	}
	if asked == nil || asked.Verdict() != run.Pending || !r.submitted() {
		return false, &NotWaiting{Run: r.Ref.ID}
	}
	if err := r.environment.book.leave(r.Ref.ID, asked.ExpiresAt); err != nil {
		return false, err
	}
	r.suspend(errLeft)
	<-r.execution.Done()
	return true, nil
}

// submitted reports whether the task that the execution is at has been told of. Until then its time would begin anew with
// a resumption.
func (r *Run) submitted() bool {
	history := r.execution.History()
	return len(history) > 0 && history[len(history)-1].Type == "TaskSubmitted"
}

// Resume goes on, in this process, with a run that was left to wait: when ctx ends, it is stopped. A run that another
// process is at work on is followed, as by Attach. Errors: *run.RunUnknown; *PulumiMissing when it was approved and cannot
// be carried out here, which leaves it waiting.
func (e *Environment) Resume(ctx context.Context, id string) (*Run, error) {
	if !e.provisions() {
		if approved, err := e.approved(ctx, id); err != nil || approved {
			return nil, errors.Join(err, &PulumiMissing{})
		}
	}
	const patience = 5 * time.Second // others look at the run's lock only in passing
	soon, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		closeAlive, taken, err := e.book.takeUp(id)
		if err != nil {
			return nil, err
		}
		if taken {
			return e.resume(ctx, id, closeAlive)
		}
		_, waits, err := e.book.waiting(id)
		if err != nil || !waits {
			return e.attach(ctx, id, err)
		}
		select {
		case <-soon.Done():
			return nil, &RunAlive{Run: id}
		case <-time.After(pollEvery):
		}
	}
}

// approved reports whether a run waits in which enough people agreed to the plan.
func (e *Environment) approved(ctx context.Context, id string) (bool, error) {
	_, waits, err := e.book.waiting(id)
	if err != nil || !waits {
		return false, err
	}
	there, err := e.book.entered(id)
	if err != nil {
		return false, err
	}
	var asked run.Approval
	err = run.Archive{Store: e.Objects, Ref: there.Run}.Read(ctx, run.ApprovalArtifact, &asked)
	return asked.Verdict() == run.Approved, err
}

func (e *Environment) resume(ctx context.Context, id string, closeAlive func() error) (*Run, error) {
	there, err := e.book.entered(id)
	if err != nil {
		return nil, errors.Join(err, closeAlive())
	}
	history, err := e.book.recorded(id)
	if err != nil {
		return nil, errors.Join(err, closeAlive())
	}
	r := e.newRun(there.Run)
	engineCtx, suspend := context.WithCancelCause(context.WithoutCancel(ctx))
	r.suspend = suspend
	if r.execution, err = e.engine.Resume(engineCtx, nil, history); err != nil {
		return nil, errors.Join(err, closeAlive())
	}
	e.keep(ctx) // the lease ran on while nobody renewed it
	go r.follow(ctx, closeAlive)
	return r, nil
}

// pollEvery is how often a process looks for news of a run that another process is at work on.
const pollEvery = 50 * time.Millisecond

// Attach follows a run, whatever process is at work on it, until it ends or ctx does. The error is *run.RunUnknown.
func (e *Environment) Attach(ctx context.Context, id string) (*Run, error) {
	return e.attach(ctx, id, nil)
}

func (e *Environment) attach(ctx context.Context, id string, err error) (*Run, error) {
	if err != nil {
		return nil, err
	}
	if _, known := e.book.ended(id); !known {
		return nil, &run.RunUnknown{Run: id}
	}
	there, err := e.book.entered(id)
	if err != nil {
		return nil, err
	}
	r := e.newRun(there.Run)
	go func() {
		defer close(r.ended)
		r.err = e.untilEnded(ctx, id)
	}()
	return r, nil
}

func (e *Environment) untilEnded(ctx context.Context, id string) error {
	look := time.NewTicker(pollEvery)
	defer look.Stop()
	for {
		if ended, _ := e.book.ended(id); ended {
			return nil
		}
		running, err := e.book.running(id)
		if err != nil {
			return err
		}
		if !running { // its process died; if it has ended just now, there is nothing to do
			return e.finishDead(ctx)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
}

// Decide records a decision on a run, in this process or not. The run is woken by the process that is at work on it; Resume
// makes that this one. Errors are those of decide.Handler.
func (e *Environment) Decide(ctx context.Context, ref run.Ref, d run.Decision) (run.Approval, error) {
	_, err := decide.Handler{Objects: e.Objects, Answers: answers{e.engine}, Now: e.options.Now}.Handle(ctx, decide.In{Run: ref.ID,
		Stack: ref.Stack, Environment: ref.Environment, Decision: d.Decision, By: d.By, Reason: d.Reason, Plan: d.PlanDigest})
	if err != nil {
		return run.Approval{}, err
	}
	var decided run.Approval
	return decided, run.Archive{Store: e.Objects, Ref: ref}.Read(ctx, run.ApprovalArtifact, &decided)
}

// finishExpired ends the runs that were left to wait and that nobody decided on in time.
func (e *Environment) finishExpired(ctx context.Context) error {
	over, err := e.book.over(e.options.Now())
	if err != nil {
		return err
	}
	for _, id := range over {
		r, err := e.Resume(ctx, id)
		if err == nil {
			err = r.Wait()
		}
		if err != nil {
			return fmt.Errorf("end run %s, which nobody decided on: %w", id, err)
		}
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/wiring/installation"
)

// onAWS adds the flags that say which installation the aws backend uses.
func (o *options) onAWS(flags *pflag.FlagSet) {
	flags.StringVar(&o.names.Name, "installation", "", "with --backend aws: the installation's name, as in staging; it knows the names below")
	flags.StringVar(&o.names.Region, "region", "", "with --backend aws: its region (default: that of the AWS profile)")
	flags.StringVar(&o.names.StateBucket, "state-bucket", "", "with --backend aws: the bucket of bundles and state")
	flags.StringVar(&o.names.LockTable, "lock-table", "", "with --backend aws: the table of locks")
	flags.StringVar(&o.names.DeployMachine, "deploy-machine", "", "with --backend aws: the ARN of the state machine deploy")
}

// pollAWS is how often news of a run are looked for: often enough for a person, and a few cents a day.
const pollAWS = 2 * time.Second

func (o *options) openAWS(ctx context.Context) (backend, error) {
	found, err := installation.Open(ctx, o.names)
	if err != nil {
		return nil, err
	}
	b := &awsBackend{Installation: found, poll: o.poll}
	if b.poll == 0 {
		b.poll = pollAWS
	}
	return b, nil
}

// awsBackend is an installation on AWS. Runs live there: when a command ends, they go on.
type awsBackend struct {
	*installation.Installation
	poll time.Duration
}

func (b *awsBackend) Store() objects.Store { return b.Objects }
func (b *awsBackend) Locks() *lock.Locker  { return b.Locker }
func (b *awsBackend) Poll() time.Duration  { return b.poll }
func (b *awsBackend) Close() error         { return nil }

// Start starts an execution of the deploy machine. Whoever AWS says the caller is has started it, whatever the name at the
// keyboard.
func (b *awsBackend) Start(ctx context.Context, id string, request run.Request) (running, error) {
	scope, err := request.Scope()
	if err != nil {
		return nil, err
	}
	request.StartedBy = b.Caller
	if err := b.Installation.Start(ctx, id, request); err != nil {
		return nil, err
	}
	ref := run.Ref{Stack: scope.Stack, Environment: scope.Environment, ID: id, Operation: request.Operation}
	return b.Attach(ctx, ref)
}

// Attach follows a run, whoever started it.
func (b *awsBackend) Attach(ctx context.Context, ref run.Ref) (running, error) {
	f := &awsRun{backend: b, ref: ref, done: make(chan struct{}), detached: make(chan struct{})}
	go f.follow(ctx)
	return f, nil
}

// Running reports whether a run's execution is on its way.
func (b *awsBackend) Running(ctx context.Context, id string) (bool, error) {
	return b.Executions.Running(ctx, id)
}

// Decide answers a waiting run and returns what stands in its approval.json then.
func (b *awsBackend) Decide(ctx context.Context, ref run.Ref, d run.Decision) (run.Approval, error) {
	err := b.Installation.Decide(ctx, installation.Decision{Run: ref.ID, Stack: ref.Stack, Environment: ref.Environment,
		Decision: d.Decision, Reason: d.Reason, By: b.Caller, Plan: d.PlanDigest})
	if err != nil {
		return run.Approval{}, err
	}
	var approval run.Approval
	err = run.Archive{Store: b.Objects, Ref: ref}.Read(ctx, run.ApprovalArtifact, &approval)
	return approval, err
}

// Resume is Attach: a run on AWS goes on by itself.
func (b *awsBackend) Resume(ctx context.Context, ref run.Ref) (running, error) {
	return b.Attach(ctx, ref)
}

// freed is what the function cleanup answers, as far as it matters here.
type freed struct {
	Released int    `json:"released"`
	Unsaved  string `json:"unsaved"`
}

// CleanUp has the function cleanup see to the end of a run.
func (b *awsBackend) CleanUp(ctx context.Context, id, why string) (released int, err error) {
	var out freed
	err = b.Call(ctx, "cleanup", map[string]string{"execution": id, "why": why}, &out)
	return out.Released, err
}

// ForceUnlock has the function cleanup free a lock, whoever holds it.
func (b *awsBackend) ForceUnlock(ctx context.Context, at address.Address, lockID, actor, reason string) (unsaved string, err error) {
	var out freed
	err = b.Call(ctx, "cleanup", map[string]any{"force": map[string]any{"address": at, "lockId": lockID,
		"actor": fmt.Sprintf("%s (%s)", b.Caller, actor), "reason": reason}}, &out)
	return out.Unsaved, err
}

// Recover has the function cleanup merge what a run did into the state.
func (b *awsBackend) Recover(ctx context.Context, ref run.Ref, actor string) (serial int64, merged, passed []string, err error) {
	var out struct {
		Recovered recoveredState `json:"recovered"`
	}
	err = b.Call(ctx, "cleanup", map[string]any{"recover": map[string]any{"run": ref, "actor": fmt.Sprintf("%s (%s)", b.Caller, actor)}}, &out)
	return out.Recovered.Serial, out.Recovered.Merged, out.Recovered.Passed, err
}

// awsRun is a run on AWS that somebody looks at.
type awsRun struct {
	backend  *awsBackend
	ref      run.Ref
	done     chan struct{}
	err      error // after done
	detach   sync.Once
	detached chan struct{}
}

// Done is closed when the run has ended, or is no longer looked at.
func (e *awsRun) Done() <-chan struct{} { return e.done }

// Wait returns then.
func (e *awsRun) Wait() error {
	<-e.done
	return e.err
}

// Detach stops looking; the run goes on.
func (e *awsRun) Detach() error {
	e.detach.Do(func() { close(e.detached) })
	<-e.done
	return nil
}

// graceLooks is how often a run is looked at again that does not run and has no report: Step Functions may not know yet an
// execution that it has just been told to start, and the report of one that was stopped is written after its end.
const graceLooks = 30

// follow looks until the run has ended. An interrupted command leaves it alone: it is not this process's.
func (e *awsRun) follow(ctx context.Context) {
	defer close(e.done)
	ticker := time.NewTicker(e.backend.Poll())
	defer ticker.Stop()
	for grace := graceLooks; ; {
		ended, err := e.ended(ctx)
		switch {
		case ctx.Err() != nil:
			e.err = &LeftRunning{Run: e.ref.ID}
			return
		case err != nil:
			e.err = installation.Explain(err)
			return
		case ended == over || ended == silent && grace == 0:
			return
		case ended == silent:
			grace--
		}
		select {
		case <-ctx.Done():
			e.err = &LeftRunning{Run: e.ref.ID}
			return
		case <-e.detached:
			return
		case <-ticker.C:
		}
	}
}

// stage is how far a run is, as somebody outside can tell.
type stage int

const (
	atWork stage = iota
	silent       // it does not run, and has no report
	over         // it does not run, and has one
)

func (e *awsRun) ended(ctx context.Context) (stage, error) {
	alive, err := e.backend.Running(ctx, e.ref.ID)
	if err != nil || alive {
		return atWork, err
	}
	_, err = e.backend.Objects.Get(ctx, run.Archive{Ref: e.ref}.Key(run.ReportArtifact))
	if errors.Is(err, objects.ErrNotFound) {
		return silent, nil
	}
	return over, err
}

// LeftRunning is the error of a command that was interrupted while its run goes on, on AWS.
type LeftRunning struct{ Run string }

func (e *LeftRunning) Error() string {
	return fmt.Sprintf("interrupted, but run %s goes on, on AWS: 'deployer watch %s' shows it, 'deployer halt %s' lets it begin nothing more", e.Run, e.Run, e.Run)
}

func (e *LeftRunning) exitCode() int { return exitCancelled }

// explained makes what AWS answered an error with an exit code and with a word on what to do.
func (o *options) explained(err error) error {
	var coded *exitError
	if err == nil || o.backend != "aws" || errors.As(err, &coded) {
		return err
	}
	err = installation.Explain(err)
	var refused *installation.Refused
	if errors.As(err, &refused) {
		if code, known := codesByError[refused.Failure.Error]; known {
			return &exitError{code: code, err: err}
		}
	}
	return err
}

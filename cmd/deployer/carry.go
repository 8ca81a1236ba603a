package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

// carry starts a run, shows it, asks for approval where that is needed, and ends the command as the run ended.
func (o *options) carry(ctx context.Context, b backend, request run.Request) error {
	request.StartedBy, request.AutoApprove, request.Parallelism = who(), o.autoApprove, o.parallelism
	request.LockTimeout = int(o.lockTimeout / time.Second)
	request.CIRun = o.getenv("GITHUB_RUN_ID")
	id := newRunID(time.Now())
	started, err := b.Start(ctx, id, request)
	if err != nil {
		return err
	}
	scope, err := request.Scope()
	if err != nil {
		return err
	}
	archive := run.Archive{Store: b.Store(), Ref: run.Ref{Stack: scope.Stack, Environment: scope.Environment, ID: id, Operation: request.Operation}}
	f := &follower{options: o, archive: archive, backend: b, show: newProgress(o)}
	if err := f.follow(ctx, started); err != nil {
		return err
	}
	return o.conclude(context.WithoutCancel(ctx), archive)
}

// conclude shows the report and turns the ending into the exit code.
func (o *options) conclude(ctx context.Context, archive run.Archive) error {
	var made report.Report
	if err := archive.Read(ctx, run.ReportArtifact, &made); err != nil {
		return fmt.Errorf("the run has ended without a report: %w", err)
	}
	planOnly := made.Operation.OnlyPlans()
	switch {
	case o.json() && planOnly && made.Ending != run.FailedClean:
		var p plan.Plan
		if err := archive.Read(ctx, run.PlanArtifact, &p); err != nil {
			return err
		}
		if err := o.print(p); err != nil {
			return err
		}
	case o.json():
		if err := o.print(made); err != nil {
			return err
		}
	case !planOnly || made.Failure != nil:
		fmt.Fprintln(o.out)
		if err := made.Text(o.out); err != nil {
			return err
		}
	}
	return &exitError{code: codeOfEnding(made.Ending, made.Failure)}
}

// follower looks at a run's archive for news. It sees the same on every backend, and in another process than the run's.
type follower struct {
	*options
	archive run.Archive
	backend backend
	show    *progress

	plan     *plan.Plan
	asked    bool
	outcomes map[string]bool
}

func (f *follower) follow(ctx context.Context, started running) error {
	defer f.show.close()
	ticker := time.NewTicker(f.backend.Poll())
	defer ticker.Stop()
	for {
		select {
		case <-started.Done():
			err := started.Wait()
			return errors.Join(err, f.look(context.WithoutCancel(ctx)))
		case <-ticker.C:
			if err := f.look(context.WithoutCancel(ctx)); err != nil {
				return err
			}
			if err := f.ask(ctx); err != nil {
				return err
			}
		}
	}
}

// look shows what is new.
func (f *follower) look(ctx context.Context) error {
	if f.plan == nil {
		var p plan.Plan
		err := f.archive.Read(ctx, run.PlanArtifact, &p)
		if errors.Is(err, objects.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		f.plan, f.outcomes, f.changes = &p, map[string]bool{}, p.Counts.Changes()
		if !f.json() {
			if err := report.PlanText(f.planWriter(), &p); err != nil {
				return err
			}
		}
		f.show.planned(&p)
	}
	return f.lookAtSteps(ctx)
}

// ask puts the question of a waiting run to the person at the terminal.
func (f *follower) ask(ctx context.Context) error {
	if f.asked || f.plan == nil || f.autoApprove || f.plan.Operation.OnlyPlans() || f.plan.Counts.Changes() == 0 {
		return nil
	}
	var approval run.Approval
	err := f.archive.Read(ctx, run.ApprovalArtifact, &approval)
	if errors.Is(err, objects.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	f.asked = true
	decision := run.Decision{By: who(), At: time.Now().UTC()}
	go func() {
		if f.confirm(ctx, "Carry out this plan?") {
			decision.Decision = "approve"
			f.answered(f.backend.Approve(approval.Token, decision))
			return
		}
		decision.Decision, decision.Reason = "reject", "not approved at the terminal"
		f.answered(f.backend.Reject(approval.Token, decision))
	}()
	return nil
}

func (f *follower) answered(err error) {
	if err != nil {
		fmt.Fprintln(f.err, "Error: the answer did not reach the run:", err)
	}
}

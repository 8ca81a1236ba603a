package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

// carry starts a run, shows it, asks for approval where that is needed, and ends the command as the run ended.
func (o *options) carry(ctx context.Context, b backend, request run.Request) error {
	request.StartedBy, request.AutoApprove, request.Parallelism = o.me(), o.autoApprove, o.parallelism
	request.LockTimeout = int(o.lockTimeout / time.Second)
	request.OverrideFreeze, request.Shallow = o.overrideFreeze, o.shallow
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
	ref := run.Ref{Stack: scope.Stack, Environment: scope.Environment, ID: id, Operation: request.Operation}
	return o.follower(b, ref).toTheEnd(ctx, started)
}

// previewed is what the plan command tells in JSON.
type previewed struct {
	plan.Plan
	Previews []execution.Preview `json:"previews,omitempty"`
}

// conclude shows the report and turns the ending into the exit code.
func (f *follower) conclude(ctx context.Context) error {
	var made report.Report
	if err := f.archive.Read(ctx, run.ReportArtifact, &made); err != nil {
		return fmt.Errorf("the run has ended without a report: %w", err)
	}
	planOnly := made.Operation.OnlyPlans()
	switch {
	case f.json() && planOnly && made.Ending != run.FailedClean:
		var p plan.Plan
		if err := f.archive.Read(ctx, run.PlanArtifact, &p); err != nil {
			return err
		}
		previews, err := execution.Previews(ctx, f.archive, &p)
		if err != nil {
			return err
		}
		if err := f.print(previewed{p, previews}); err != nil {
			return err
		}
	case f.json():
		if err := f.print(made); err != nil {
			return err
		}
	case !planOnly || made.Failure != nil:
		fmt.Fprintln(f.out)
		if err := made.Text(f.out); err != nil {
			return err
		}
		fmt.Fprintf(f.out, "\nReport: %s\n", nearby(f.backend.Location(f.archive.Key(run.ReportTextArtifact))))
		f.next(made)
	}
	return &exitError{code: codeOfReport(made)}
}

// nearby is a file's path as a person would type it here: relative, when it is below the working folder.
func nearby(location string) string {
	here, err := os.Getwd()
	if err != nil || !filepath.IsAbs(location) {
		return location
	}
	relative, err := filepath.Rel(here, location)
	if err != nil || !filepath.IsLocal(relative) {
		return location
	}
	return relative
}

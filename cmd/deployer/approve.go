package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

func newApprove(o *options) *cobra.Command {
	return o.deciding(&cobra.Command{
		Use:   "approve RUN",
		Short: "Agree to the plan of a run that waits for approval",
		Long: "Agree to the plan of a run that waits for approval. When enough people have, the run goes on: in the embedded\n" +
			"environment this command carries it out; on AWS the command follows it. Until then it exits with 20.",
	}, run.Approve)
}

func newReject(o *options) *cobra.Command {
	return o.deciding(&cobra.Command{
		Use:   "reject RUN",
		Short: "Refuse the plan of a run that waits for approval: the run ends, nothing is changed",
	}, run.Reject)
}

func (o *options) deciding(cmd *cobra.Command, verb run.Answer) *cobra.Command {
	var reason string
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		b, err := o.open(cmd.Context())
		if err != nil {
			return err
		}
		defer b.Close()
		ref, err := o.findRun(cmd.Context(), b.Store(), args[0])
		if err != nil {
			return err
		}
		return o.decide(cmd.Context(), b, ref, run.Decision{Decision: verb, Reason: reason})
	}
	cmd.Flags().StringVarP(&reason, "message", "m", "", "why; it is recorded with the decision")
	o.person(cmd.Flags())
	return cmd
}

// findRun returns the run of that id, which is searched for in every stack unless --stack and --environment say where it is.
func (o *options) findRun(ctx context.Context, store objects.Store, id string) (run.Ref, error) {
	if o.stack == "" || o.environment == "" {
		return run.Find(ctx, store, id)
	}
	scope, err := address.Parse(o.stack + "/" + o.environment)
	if err != nil {
		return run.Ref{}, &exitError{code: exitConfiguration, err: err}
	}
	return run.Locate(ctx, store, scope, id)
}

// decide records a decision about the plan that the run is asked about now, and follows the run when it goes on.
func (o *options) decide(ctx context.Context, b backend, ref run.Ref, decision run.Decision) error {
	f := o.follower(b, ref)
	if err := o.over(ctx, f.archive); err != nil {
		return err
	}
	asked, err := f.approval(ctx)
	if err != nil {
		return err
	}
	if asked == nil {
		return &run.ApprovalMissing{Run: ref.ID}
	}
	var p plan.Plan
	if err := f.archive.Read(ctx, run.PlanArtifact, &p); err != nil {
		return err
	}
	fmt.Fprintf(o.err, "%s: %s\n", ref.Scope(), report.PlanSummary(&p))
	decision.By, decision.PlanDigest = o.me(), asked.PlanDigest
	decided, err := b.Decide(ctx, ref, decision)
	if err != nil {
		return err
	}
	switch decided.Verdict() {
	case run.Pending:
		fmt.Fprintln(o.err, "Recorded.")
		return f.awaiting(decided)
	case run.Refused:
		return f.refused(ctx)
	}
	started, err := b.Resume(ctx, ref)
	if err != nil {
		return err
	}
	return f.toTheEnd(ctx, started)
}

// refused sees to the end of a run that was rejected: that it ends is what the command was for.
func (f *follower) refused(ctx context.Context) error {
	started, err := f.backend.Resume(ctx, f.archive.Ref)
	if err != nil {
		return err
	}
	<-started.Done()
	if err := started.Wait(); err != nil {
		return err
	}
	var made report.Report
	if err := f.archive.Read(ctx, run.ReportArtifact, &made); err != nil {
		return fmt.Errorf("the run has ended without a report: %w", err)
	}
	if f.json() {
		return f.print(made)
	}
	fmt.Fprintf(f.out, "Rejected: run %s has ended, nothing was changed.\n", f.archive.Ref.ID)
	return nil
}

// RunOver is the error of a wish about a run that has ended.
type RunOver struct {
	Run    string
	Ending run.Ending
}

func (e *RunOver) Error() string {
	return fmt.Sprintf("run %s has ended already (%s); 'deployer status %s' tells how", e.Run, e.Ending, e.Run)
}

// over returns *RunOver when the run has ended.
func (o *options) over(ctx context.Context, archive run.Archive) error {
	made, err := reportOf(ctx, archive)
	if err != nil || made == nil {
		return err
	}
	return &RunOver{Run: archive.Ref.ID, Ending: made.Ending}
}

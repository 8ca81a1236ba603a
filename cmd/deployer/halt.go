package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/run"
)

// BeingTakenBack is the error of halting a run whose rollback has begun.
type BeingTakenBack struct{ Run string }

func (e *BeingTakenBack) Error() string {
	return fmt.Sprintf("run %s has failed and what it did is being taken back: a halt does not stop that, since half of it is worse than either;"+
		" 'deployer watch %s' shows it", e.Run, e.Run)
}

func newHalt(o *options) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "halt RUN",
		Short: "Let a run finish what is in flight and begin nothing new",
		Long: "Let a run finish what is in flight and begin nothing new. What was done is in the state and stays: nothing is rolled\n" +
			"back. 'deployer retry RUN' goes on from there. A run that waits for approval is rejected instead; one that is being\n" +
			"rolled back already goes on with that.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			b, err := o.open(ctx)
			if err != nil {
				return err
			}
			defer b.Close()
			ref, err := o.findRun(ctx, b.Store(), args[0])
			if err != nil {
				return err
			}
			f := o.follower(b, ref)
			if err := o.over(ctx, f.archive); err != nil {
				return err
			}
			asked, err := f.approval(ctx)
			if err != nil {
				return err
			}
			if asked != nil && asked.Verdict() == run.Pending {
				return o.decide(ctx, b, ref, run.Decision{Decision: run.Reject, Reason: reason})
			}
			if back, err := f.archive.TakenBack(ctx); err != nil {
				return err
			} else if back {
				return &BeingTakenBack{Run: ref.ID}
			}
			if err := f.archive.Halt(ctx, run.Halt{By: o.me(), Reason: reason, At: time.Now().UTC()}); err != nil {
				return err
			}
			if o.json() {
				return o.print(map[string]any{"run": ref.ID, "halted": true})
			}
			fmt.Fprintf(o.out, "Run %s finishes what is in flight and begins nothing new; 'deployer watch %s%s' shows it.\n", ref.ID, ref.ID, o.where())
			return nil
		},
	}
	cmd.Flags().StringVarP(&reason, "message", "m", "", "why; it is recorded")
	o.person(cmd.Flags())
	return cmd
}

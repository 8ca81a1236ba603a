package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

func newRollback(o *options) *cobra.Command {
	var to int64
	var planOnly bool
	cmd := &cobra.Command{
		Use:   "rollback [BUNDLE|STACK/ENVIRONMENT]",
		Short: "Bring a stack in an environment back to an earlier serial of its state",
		Long: "Bring a stack in an environment back to an earlier serial of its state, through the same lock, plan and approval as a\n" +
			"deployment. Components get the specs that they had then; data is never restored. Without --to it goes back to the\n" +
			"last serial that was verified as a whole. The bundle is read only to find out the stack and the environment, where\n" +
			"--stack and --environment do not say them. What was deployed before is not deployed again by itself.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			scope, err := o.target(args)
			if err != nil {
				return err
			}
			b, err := o.open(cmd.Context())
			if err != nil {
				return err
			}
			defer b.Close()
			request := run.Request{Stack: scope.Stack, Environment: scope.Environment, Operation: run.Rollback, To: to}
			if to == 0 {
				if request.To, err = lastGood(cmd.Context(), b, scope); err != nil {
					return err
				}
			}
			if planOnly {
				request.Operation = run.PlanRollback
			}
			return o.carry(cmd.Context(), b, request)
		},
	}
	cmd.Flags().Int64Var(&to, "to", 0, "the serial to go back to ('deployer state history' lists them)")
	cmd.Flags().BoolVar(&planOnly, "plan", false, "only show what would be changed")
	o.changing(cmd.Flags())
	return cmd
}

// lastGood is the serial that was verified last, where the state has moved on since.
func lastGood(ctx context.Context, b backend, scope address.Address) (int64, error) {
	snapshot, _, err := state.NewStore(b.Store(), scope).Read(ctx)
	if err != nil {
		return 0, err
	}
	switch snapshot.LastGood {
	case 0:
		return 0, &NotFound{What: fmt.Sprintf("nothing of %s was ever verified as a whole: say which serial with --to", scope)}
	case snapshot.Serial:
		return 0, &NotFound{What: fmt.Sprintf("%s is at serial %d, which is its last good one: say which serial with --to ('deployer state history' lists them)", scope, snapshot.Serial)}
	}
	return snapshot.LastGood, nil
}

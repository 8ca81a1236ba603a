package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/run"
)

// exitChanges is the code of plan --detailed-exitcode for a plan that changes something.
const exitChanges = 2

func newPlan(o *options) *cobra.Command {
	var detailed, destroy bool
	cmd := &cobra.Command{
		Use:   "plan [BUNDLE]",
		Short: "Show what apply would change, and why",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := o.load(args)
			if err != nil {
				return err
			}
			if _, err := o.compile(s); err != nil {
				return err
			}
			b, err := o.open(cmd.Context())
			if err != nil {
				return err
			}
			defer b.Close()
			ref, err := upload(cmd.Context(), b, s)
			if err != nil {
				return err
			}
			request := o.request(s, run.Plan)
			request.Bundle = ref
			if destroy {
				request.Operation = run.PlanDestroy
			}
			err = o.carry(cmd.Context(), b, request)
			var ended *exitError
			if detailed && errors.As(err, &ended) && ended.code == exitOK && o.changes > 0 {
				return &exitError{code: exitChanges}
			}
			return err
		},
	}
	o.settable(cmd.Flags())
	cmd.Flags().BoolVar(&o.shallow, "shallow", false, "without a look at what the changes mean for each cloud resource")
	cmd.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit 0 without changes, 2 with changes, 1 on an error")
	cmd.Flags().BoolVar(&destroy, "destroy", false, "plan to delete everything")
	return cmd
}

// request is what every command asks for.
func (o *options) request(s *source, operation run.Operation) run.Request {
	return run.Request{Stack: s.scope.Stack, Environment: s.scope.Environment, Operation: operation, Sets: o.sets, GitCommit: s.commit}
}

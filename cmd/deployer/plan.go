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
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			defer func() {
				if detailed {
					err = o.detail(err)
				}
			}()
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
			return o.carry(cmd.Context(), b, request)
		},
	}
	o.settable(cmd.Flags())
	cmd.Flags().BoolVar(&o.shallow, "shallow", false, "without a look at what the changes mean for each cloud resource")
	cmd.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit 0 without changes, 2 with changes; what else would be 2 is 1 then")
	cmd.Flags().BoolVar(&destroy, "destroy", false, "plan to delete everything")
	return cmd
}

// detail makes a plan with changes exitChanges. A mistake's code is the same, so that a pipeline would take a broken bundle
// for one with changes: it gets another. The other codes are not ambiguous.
func (o *options) detail(err error) error {
	if err == nil {
		return nil
	}
	code := codeOf(err)
	var ended *exitError
	if errors.As(err, &ended) {
		code = ended.code
	}
	switch {
	case code == exitConfiguration && ended != nil:
		return &exitError{code: exitError1, err: ended.err}
	case code == exitConfiguration:
		return &exitError{code: exitError1, err: err}
	case code == exitOK && o.changes > 0:
		return &exitError{code: exitChanges}
	}
	return err
}

// request is what every command asks for.
func (o *options) request(s *source, operation run.Operation) run.Request {
	return run.Request{Stack: s.scope.Stack, Environment: s.scope.Environment, Operation: operation, Sets: o.sets, GitCommit: s.commit}
}

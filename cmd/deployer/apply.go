package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

func newApply(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "apply [BUNDLE]",
		Aliases: []string{"deploy"},
		Short:   "Bring a stack in an environment to what its bundle says",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := o.load(args)
			if err != nil {
				return err
			}
			compiled, err := o.compile(s)
			if err != nil {
				return err
			}
			if err := o.mayApprove(compiled.Set.Environment); err != nil {
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
			request := o.request(s, run.Deploy)
			request.Bundle = ref
			return o.change(cmd, b, request)
		},
	}
	o.settable(cmd.Flags())
	o.changing(cmd.Flags())
	return cmd
}

// change carries out a request that changes something. Where nobody can be asked, it only plans: nothing is ever approved
// by silence.
func (o *options) change(cmd *cobra.Command, b backend, request run.Request) error {
	if o.autoApprove || o.terminal() {
		return o.carry(cmd.Context(), b, request)
	}
	if request.Operation = run.Plan; cmd.Name() == "destroy" {
		request.Operation = run.PlanDestroy
	}
	err := o.carry(cmd.Context(), b, request)
	if o.changes == 0 || codeFrom(err) != exitOK {
		return err
	}
	return &exitError{code: exitAwaiting, err: fmt.Errorf("the plan awaits approval and nobody can be asked here: run it on a terminal, or with --auto-approve")}
}

// mayApprove refuses --auto-approve where one's own word is not enough: the run would wait for somebody who was not asked.
func (o *options) mayApprove(e resource.Environment) error {
	switch {
	case !o.autoApprove || e.Approval.Mode != resource.ApprovalRequired || e.Approval.AllowSelf && e.Approval.MinApprovals <= 1:
		return nil
	case e.Approval.MinApprovals > 1:
		return &exitError{code: exitAwaiting, err: fmt.Errorf("%s wants %d approvals, so --auto-approve is not enough: its approval.minApprovals says so", e.Name, e.Approval.MinApprovals)}
	}
	return &exitError{code: exitAwaiting, err: fmt.Errorf("%s wants another person's approval, so --auto-approve is not enough: its approval.allowSelf does not allow one's own", e.Name)}
}

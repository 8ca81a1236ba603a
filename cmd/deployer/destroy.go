package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/run"
)

func newDestroy(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "destroy [BUNDLE|STACK/ENVIRONMENT]",
		Short: "Delete everything that a stack has in an environment",
		Long: "Delete everything that a stack has in an environment, dependents first. What there is, the state says; the bundle is\n" +
			"read only to find out the stack and the environment, where --stack and --environment do not say them.",
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
			return o.carry(cmd.Context(), b, run.Request{Stack: scope.Stack, Environment: scope.Environment, Operation: run.Destroy})
		},
	}
	o.changing(cmd.Flags())
	return cmd
}

// target is the stack and environment that the flags name, or that the bundle has.
func (o *options) target(args []string) (address.Address, error) {
	if o.stack != "" && o.environment != "" {
		scope, err := address.Parse(o.stack + "/" + o.environment)
		if err != nil {
			return scope, &exitError{code: exitConfiguration, err: err}
		}
		return scope, nil
	}
	if scope, is := scopeNamed(args); is {
		return scope, nil
	}
	s, err := o.load(args)
	if err != nil {
		return address.Address{}, fmt.Errorf("say --stack and --environment, or name a bundle or STACK/ENVIRONMENT: %w", err)
	}
	return s.scope, nil
}

// scopeNamed reads an argument as STACK/ENVIRONMENT, unless there is a file or a folder of that name: that is a bundle.
func scopeNamed(args []string) (address.Address, bool) {
	if len(args) == 0 {
		return address.Address{}, false
	}
	if _, err := os.Stat(args[0]); err == nil {
		return address.Address{}, false
	}
	scope, err := address.Parse(args[0])
	return scope, err == nil && scope.IsScope()
}

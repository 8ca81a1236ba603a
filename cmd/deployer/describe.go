package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/pipeline"
	"github.com/deployer-io/deployer/shared/resource"
)

func newDescribe(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "describe",
		Short: "Explain a component, or what a change touches",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDescribeComponent(o), newDescribeAffected(o))
	return cmd
}

// described is one component of a bundle that was understood.
type described struct {
	source   *source
	compiled *pipeline.Compiled
	resource *resource.Resource
}

// find reads the bundle and finds the component of it that name means: service/component, or all four parts.
func (o *options) find(name string, args []string) (*described, error) {
	short, err := o.aim(name)
	if err != nil {
		return nil, &exitError{code: exitConfiguration, err: err}
	}
	s, err := o.load(args)
	if err != nil {
		return nil, err
	}
	compiled, err := o.compile(s)
	if err != nil {
		return nil, err
	}
	service, component, _ := strings.Cut(short, "/")
	r, found := compiled.Set.Find(s.scope.In(service, component))
	if !found {
		return nil, nothingThere(s.scope, short, compiled.Set)
	}
	return &described{source: s, compiled: compiled, resource: r}, nil
}

// aim takes the stack and the environment out of a full address, as if they had been named by flags.
func (o *options) aim(name string) (short string, err error) {
	parts := strings.Split(name, "/")
	if len(parts) != 2 && len(parts) != 4 {
		return "", fmt.Errorf("%q names no component: write SERVICE/COMPONENT or STACK/ENVIRONMENT/SERVICE/COMPONENT", name)
	}
	if len(parts) == 4 {
		at, err := address.Parse(name)
		if err != nil {
			return "", err
		}
		if o.stack != "" && o.stack != at.Stack || o.environment != "" && o.environment != at.Environment {
			return "", fmt.Errorf("%s lies in %s, but the flags say %s/%s: leave them out", name, at.Scope(), o.stack, o.environment)
		}
		o.stack, o.environment = at.Stack, at.Environment
		return at.Short(), nil
	}
	for _, part := range parts {
		if err := address.CheckName(part); err != nil {
			return "", err
		}
	}
	return name, nil
}

func nothingThere(scope address.Address, short string, set *resource.Set) error {
	names := make([]string, len(set.Resources))
	for i, r := range set.Resources {
		names[i] = r.Address.Short()
	}
	hint := "'deployer graph' lists them"
	if near := diag.Nearest(short, names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	return &NotFound{What: fmt.Sprintf("%s has no component %s; %s", scope, short, hint)}
}

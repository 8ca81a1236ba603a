package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deployer-io/deployer/shared/diag"
)

// unknownFlag finds the long name in pflag's message about a flag that a command does not have.
var unknownFlag = regexp.MustCompile(`^unknown flag: --(\S+)$`)

// strict gives the mistakes of a command line their exit code, in a command and in all below it.
func strict(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(badFlag)
	if cmd.Args != nil {
		cmd.Args = checked(cmd.Args)
	}
	if cmd.HasSubCommands() && cmd.HasParent() && cmd.RunE == nil {
		cmd.RunE = group
	}
	for _, below := range cmd.Commands() {
		strict(below)
	}
}

// checked is a check of a command's arguments whose refusal says how the command is used.
func checked(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return mistyped("%w; it is used as '%s'", err, cmd.UseLine())
		}
		return nil
	}
}

// group is what a command does that only holds others.
func group(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var names []string
	for _, below := range cmd.Commands() {
		names = append(names, below.Name())
	}
	hint := "there are " + strings.Join(names, ", ")
	if near := diag.Nearest(args[0], names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return mistyped("%s has no command %q; %s", cmd.CommandPath(), args[0], hint)
}

func badFlag(cmd *cobra.Command, err error) error {
	found := unknownFlag.FindStringSubmatch(err.Error())
	if found == nil {
		return mistyped("%w", err)
	}
	var names []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	if near := diag.Nearest(found[1], names); near != "" {
		return mistyped("%w; did you mean --%s?", err, near)
	}
	return mistyped("%w; '%s --help' lists them", err, cmd.CommandPath())
}

// mistyped is a mistake of the command line.
func mistyped(format string, args ...any) error {
	return &exitError{code: exitConfiguration, err: fmt.Errorf(format, args...)}
}

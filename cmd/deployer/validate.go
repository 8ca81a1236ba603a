package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/diag"
)

// validOf is what the validate command tells of a bundle without mistakes.
type validOf struct {
	Digest       string       `json:"digest"`
	Environments []validOfOne `json:"environments"`
	Diagnostics  diag.List    `json:"diagnostics"` // warnings
}

type validOfOne struct {
	Scope      address.Address `json:"scope"`
	Components int             `json:"components"`
	Waves      int             `json:"waves"`
}

func newValidate(o *options) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "validate [BUNDLE]",
		Short: "Check a bundle: every mistake at once, each with its place",
		Long: "Check a bundle: every mistake at once, each with its place. Without --environment it is checked in every\n" +
			"environment of the stack. For programs there are --output json, --format sarif (code scanning) and\n" +
			"--format github (annotations of a pull request), which go to standard output. The language is described in docs/language.md.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			formats := []string{formatText, formatSARIF, formatGitHub}
			if !slices.Contains(formats, format) {
				return &exitError{code: exitConfiguration, err: fmt.Errorf("--format %q: want text, sarif or github", format)}
			}
			if o.json() && format != formatText {
				return &exitError{code: exitConfiguration, err: fmt.Errorf("--output json and --format %s exclude one another", format)}
			}
			o.format = format
			return o.validate(args)
		},
	}
	o.settable(cmd.Flags())
	cmd.Flags().StringVar(&format, "format", formatText, "how mistakes are shown: text, sarif or github")
	return cmd
}

func (o *options) validate(args []string) error {
	s, err := o.read(pathOf(args))
	if err != nil {
		return err
	}
	scopes, err := o.scopes(s.bundle)
	if err != nil {
		return o.noScope(s, err)
	}
	valid := validOf{Digest: s.bundle.Digest(), Environments: []validOfOne{}}
	all := diag.List{}
	for _, scope := range scopes {
		s.scope = scope
		compiled, diagnostics := o.understand(s)
		all.Append(diagnostics)
		if compiled != nil {
			valid.Environments = append(valid.Environments,
				validOfOne{Scope: scope, Components: len(compiled.Set.Resources), Waves: len(compiled.Graph.Waves)})
		}
	}
	valid.Diagnostics = all.Sorted()
	if valid.Diagnostics.HasErrors() {
		return o.refuse(valid.Diagnostics, s)
	}
	if o.json() {
		return o.print(valid)
	}
	if err := o.show(valid.Diagnostics, s); err != nil {
		return err
	}
	words := o.out
	if o.format != formatText {
		words = o.err
	}
	for _, one := range valid.Environments {
		fmt.Fprintf(words, "%s is valid: %s in %s.\n", one.Scope, countOf(one.Components, "component"), countOf(one.Waves, "wave"))
	}
	return nil
}

package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newValidate(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "validate [BUNDLE]",
		Short: "Check a bundle: every mistake at once, each with its place",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := o.load(args)
			if err != nil {
				return err
			}
			compiled, err := o.compile(s)
			if err != nil {
				return err
			}
			if o.json() {
				return o.print(map[string]any{"scope": s.scope, "digest": s.bundle.Digest(), "components": len(compiled.Set.Resources),
					"waves": len(compiled.Graph.Waves)})
			}
			fmt.Fprintf(o.out, "%s is valid: %d components in %d waves.\n", s.scope, len(compiled.Set.Resources), len(compiled.Graph.Waves))
			return nil
		},
	}
	o.settable(cmd.Flags())
	return cmd
}

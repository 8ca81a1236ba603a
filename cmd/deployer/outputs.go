package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/state"
)

func compare(a, b string) int { return cmp.Compare(a, b) }

func newOutputs(o *options) *cobra.Command {
	var component string
	cmd := &cobra.Command{
		Use:   "outputs [BUNDLE|STACK/ENVIRONMENT]",
		Short: "Show what the deployed components offer: endpoints, ARNs, names",
		Args:  cobra.MaximumNArgs(1),
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
			snapshot, _, err := state.NewStore(b.Store(), scope).Read(cmd.Context())
			if err != nil {
				return err
			}
			outputs := map[string]map[string]json.RawMessage{}
			for short, record := range snapshot.Components {
				if component == "" || component == short {
					outputs[short] = record.Outputs
				}
			}
			if component != "" && len(outputs) == 0 {
				return &NotFound{What: fmt.Sprintf("%s has no component %s in its state; 'deployer status' lists them", scope, component)}
			}
			if o.json() {
				return o.print(outputs)
			}
			for _, short := range slices.Sorted(maps.Keys(outputs)) {
				fmt.Fprintln(o.out, short)
				for _, name := range slices.Sorted(maps.Keys(outputs[short])) {
					fmt.Fprintf(o.out, "  %s = %s\n", name, outputs[short][name])
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&component, "component", "", "only this one, as service/component")
	return cmd
}

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/docs"
)

func newSchema(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [KIND]",
		Short: "Print the JSON Schema of a kind, or list the kinds",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && o.json() {
				return o.print(docs.Kinds())
			}
			if len(args) == 0 {
				fmt.Fprintln(o.out, strings.Join(docs.Kinds(), "\n"))
				return nil
			}
			schema, ok := docs.Schema(args[0])
			if !ok {
				return &NotFound{What: fmt.Sprintf("there is no kind %q; 'deployer schema' lists them", args[0])}
			}
			_, err := o.out.Write(schema)
			return err
		},
	}
}

package main

import (
	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/run"
)

func newApply(o *options) *cobra.Command {
	var release bool
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
			if _, err := o.compile(s); err != nil {
				return o.record(cmd.Context(), s, err)
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
			request.Bundle, request.Release = ref, release
			return o.carry(cmd.Context(), b, request)
		},
	}
	o.settable(cmd.Flags())
	o.changing(cmd.Flags())
	cmd.Flags().BoolVar(&release, "release", false, "deploy the bundle all the same that was rolled back last")
	return cmd
}

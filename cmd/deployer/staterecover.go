package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/address"
)

// recoveredState is what 'state recover' tells.
type recoveredState struct {
	Scope  address.Address `json:"scope"`
	Run    string          `json:"run"`
	Serial int64           `json:"serial"`
	Merged []string        `json:"merged"` // components of which the state now says what the run did
	Passed []string        `json:"passed"` // components that a later run has worked on
}

func newStateRecover(o *options) *cobra.Command {
	var id string
	cmd := &cobra.Command{Use: "recover --run RUN", Short: "Merge into the state what a run did, although its lock is gone",
		Long: "Merge into the state what a run did, although its lock is gone: the state was refused when the lock was taken away, or an\n" +
			"earlier one was restored since. It takes the lock meanwhile and changes nothing in the cloud. Components that a later\n" +
			"run has worked on are left alone. It may be repeated.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if id == "" {
				return &exitError{code: exitConfiguration, err: fmt.Errorf("say --run: 'deployer history' lists the runs")}
			}
			return o.with(cmd.Context(), func(b backend) error {
				ref, err := o.findRun(cmd.Context(), b.Store(), id)
				if err != nil {
					return err
				}
				told := recoveredState{Scope: ref.Scope(), Run: ref.ID}
				if told.Serial, told.Merged, told.Passed, err = b.Recover(cmd.Context(), ref, who()); err != nil {
					return err
				}
				return o.tellRecovered(told)
			})
		}}
	cmd.Flags().StringVar(&id, "run", "", "the run")
	return cmd
}

func (o *options) tellRecovered(told recoveredState) error {
	if o.json() {
		return o.print(told)
	}
	for _, short := range told.Merged {
		fmt.Fprintf(o.out, "  %s is as run %s left it.\n", short, told.Run)
	}
	for _, short := range told.Passed {
		fmt.Fprintf(o.out, "  %s was left alone: a later run has worked on it.\n", short)
	}
	if len(told.Merged) == 0 {
		fmt.Fprintf(o.out, "The state of %s has all that run %s did.\n", told.Scope, told.Run)
		return nil
	}
	fmt.Fprintf(o.out, "The state of %s is now serial %d. 'deployer plan' shows what an apply would do about it.\n", told.Scope, told.Serial)
	return nil
}

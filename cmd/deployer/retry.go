package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/run"
)

// StillRunning is the error of doing again a run that has not ended.
type StillRunning struct{ Run string }

func (e *StillRunning) Error() string {
	return fmt.Sprintf("run %s has not ended: wait for it, or stop it with 'deployer halt %s'", e.Run, e.Run)
}

func newRetry(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "retry RUN",
		Short: "Do again what failed in a run, and what waited for that",
		Long: "Do again what failed in a run or was not begun, and what waited for that, from the very bundle of that run. It is a\n" +
			"run of its own, with a plan and an approval. Whatever else has changed since is left to other runs.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			b, err := o.open(ctx)
			if err != nil {
				return err
			}
			defer b.Close()
			ref, err := o.findRun(ctx, b.Store(), args[0])
			if err != nil {
				return err
			}
			archive := run.Archive{Store: b.Store(), Ref: ref}
			request, err := requestOf(ctx, archive)
			if err != nil {
				return err
			}
			made, err := reportOf(ctx, archive)
			switch {
			case err != nil:
				return err
			case made == nil:
				return &StillRunning{Run: ref.ID}
			case request == nil || ref.Operation.OnlyPlans():
				return &exitError{code: exitError1, err: fmt.Errorf("run %s has changed nothing, so there is nothing of it to do again; mend what it says and apply", ref.ID)}
			}
			// Whoever asks for it again knows what became of it: what was rolled back is held no longer.
			request.Retry, request.Release = ref.ID, true
			return o.carry(ctx, b, *request)
		},
	}
	o.changing(cmd.Flags())
	return cmd
}

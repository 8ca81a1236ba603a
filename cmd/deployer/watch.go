package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/run"
)

func newWatch(o *options) *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use:   "watch [RUN|BUNDLE|STACK/ENVIRONMENT]",
		Short: "Show a run while it works: its waves, batches and components",
		Long: "Show a run while it works: its waves, batches and components, whoever started it and wherever it runs. To end the\n" +
			"command is not to end the run. The exit code is that of the run. Without RUN it is the latest run of the stack and\n" +
			"environment that the bundle or the flags name.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			b, err := o.open(ctx)
			if err != nil {
				return err
			}
			defer b.Close()
			ref, err := o.runOr(ctx, b.Store(), args)
			if err != nil {
				return err
			}
			if once {
				return o.tellRun(ctx, b, ref)
			}
			return o.watch(ctx, b, ref)
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "show how it stands now, and end")
	return cmd
}

func (o *options) watch(ctx context.Context, b backend, ref run.Ref) error {
	f := o.follower(b, ref)
	f.watches = true
	if o.terminal() && !o.noColor && !o.json() {
		f.show = newTreeView(o)
	}
	made, err := reportOf(ctx, f.archive)
	if err != nil {
		return err
	}
	if made != nil {
		if err := f.look(ctx, true); err != nil {
			return err
		}
		f.show.close()
		return f.conclude(ctx)
	}
	started, err := b.Attach(ctx, ref)
	if err != nil {
		return err
	}
	err = f.follow(ctx, started)
	switch {
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintf(o.err, "No longer watched; run %s goes on.\n", ref.ID)
		return &exitError{code: exitCancelled}
	case err != nil:
		return err
	}
	return f.conclude(context.WithoutCancel(ctx))
}

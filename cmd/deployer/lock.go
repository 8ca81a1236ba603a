package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
)

// newLock is the window to the lock table.
func newLock(o *options) *cobra.Command {
	root := &cobra.Command{Use: "lock", Short: "Tell who holds which lock, and free one that is stuck",
		Long: "Tell who holds which lock, and free one that is stuck.\n\n" +
			"ADDRESS is stack/environment, stack/environment/service or stack/environment/service/component. --stack and\n" +
			"--environment, or the bundle in the current folder, may say it instead."}
	root.AddCommand(newLockList(o), newLockShow(o), newForceUnlock(o))
	return root
}

// at is the address that a command is about: its argument, --stack and --environment, or the bundle in the current folder.
func (o *options) at(args []string) (address.Address, error) {
	if len(args) == 0 {
		return o.target(nil)
	}
	at, err := address.Parse(args[0])
	if err != nil {
		return at, &exitError{code: exitConfiguration, err: err}
	}
	return at, nil
}

// everywhere is at for commands that are about all stacks and environments where nothing is said.
func (o *options) everywhere(args []string) (address.Address, error) {
	if len(args) == 0 && o.stack == "" && o.environment == "" {
		return address.Address{}, nil
	}
	return o.at(args)
}

// with opens the backend for one command.
func (o *options) with(ctx context.Context, do func(b backend) error) error {
	b, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	return do(b)
}

// instant is how commands write an instant.
func instant(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// table is for rows of columns; the caller flushes it.
func (o *options) table(header string) *tabwriter.Writer {
	t := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, header)
	return t
}

func newLockList(o *options) *cobra.Command {
	return &cobra.Command{Use: "list [ADDRESS]", Short: "List the locks that are held, everywhere or at and below an address",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := o.everywhere(args)
			if err != nil {
				return err
			}
			return o.with(cmd.Context(), func(b backend) error {
				seen, err := look(cmd.Context(), b, at, func(h lock.Holding) bool { return at == (address.Address{}) || at.Contains(h.Address) })
				if err != nil {
					return err
				}
				if o.json() {
					return o.print(seen)
				}
				return o.listLocks(seen)
			})
		}}
}

func (o *options) listLocks(seen []seenLock) error {
	if len(seen) == 0 {
		fmt.Fprintln(o.out, "Nothing is locked.")
		return nil
	}
	t := o.table("ADDRESS\tHOLDER\tRUN\tSINCE\tUNTIL\tSTANDING")
	for _, s := range seen {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", s.Address, s.LockedBy, s.Run, instant(s.Since), instant(s.ExpiresAt), s.Standing)
	}
	return t.Flush()
}

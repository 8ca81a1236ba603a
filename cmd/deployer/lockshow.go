package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
)

// shownLocks is what 'lock show' tells.
type shownLocks struct {
	Address address.Address `json:"address"`
	Locks   []seenLock      `json:"locks"`
	// Audit are the locks that were taken away from their holders, the oldest first; they are kept for 90 days.
	Audit []lock.AuditRow `json:"audit"`
}

func newLockShow(o *options) *cobra.Command {
	return &cobra.Command{Use: "show [ADDRESS]",
		Short: "Tell who holds the locks that stand in an address's way, what runs under them, and what was taken from whom before",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := o.at(args)
			if err != nil {
				return err
			}
			return o.with(cmd.Context(), func(b backend) error {
				shown, err := showLocks(cmd.Context(), b, at)
				if err != nil {
					return err
				}
				if o.json() {
					return o.print(shown)
				}
				return o.tellLocks(shown)
			})
		}}
}

// related reports whether a lock on one of the addresses excludes a lock on the other.
func related(a, b address.Address) bool { return a.Contains(b) || b.Contains(a) }

func showLocks(ctx context.Context, b backend, at address.Address) (shownLocks, error) {
	shown := shownLocks{Address: at}
	var err error
	shown.Locks, err = look(ctx, b, at, func(h lock.Holding) bool { return related(at, h.Address) })
	if err != nil {
		return shown, err
	}
	audit, err := b.Locks().Audit(ctx, at)
	if err != nil {
		return shown, err
	}
	shown.Audit = slices.DeleteFunc(audit, func(row lock.AuditRow) bool { return !related(at, row.Address) })
	if shown.Audit == nil {
		shown.Audit = []lock.AuditRow{}
	}
	return shown, nil
}

func (o *options) tellLocks(shown shownLocks) error {
	if len(shown.Locks) == 0 {
		fmt.Fprintf(o.out, "%s is not locked.\n", shown.Address)
	}
	now := time.Now()
	for _, s := range shown.Locks {
		o.tellLock(s, now)
	}
	if len(shown.Audit) == 0 {
		return nil
	}
	fmt.Fprintln(o.out, "\nTaken away in the last 90 days:")
	t := o.table("AT\tADDRESS\tHOW\tBY\tWHY\tFROM")
	for _, row := range shown.Audit {
		from := row.LockedBy
		if row.Run != "" {
			from += " (run " + row.Run + ")"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", instant(row.At), row.Address, row.Event, row.Actor, row.Reason, from)
	}
	return t.Flush()
}

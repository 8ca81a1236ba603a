package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
)

// sure asks before something that cannot be taken back.
type sure struct{ yes bool }

func (s *sure) flag(flags *pflag.FlagSet) {
	flags.BoolVarP(&s.yes, "yes", "y", false, "do it without asking")
}

// ask returns nil when the answer is yes. Where nobody can be asked, silence is no.
func (s *sure) ask(ctx context.Context, o *options, question string) error {
	switch {
	case s.yes:
		return nil
	case !o.terminal():
		return &exitError{code: exitAwaiting, err: fmt.Errorf("nobody can be asked here, so nothing was changed: run it on a terminal, or with --yes")}
	case o.confirm(ctx, question):
		return nil
	}
	return &exitError{code: exitCancelled, err: fmt.Errorf("nothing was changed")}
}

// forceUnlock is the command that takes a lock away.
type forceUnlock struct {
	*options
	sure
	lockID, reason string
}

func newForceUnlock(o *options) *cobra.Command {
	f := &forceUnlock{options: o}
	cmd := &cobra.Command{Use: "force-unlock [ADDRESS]", Short: "Take a lock away from whoever holds it",
		Long: "Take a lock away from whoever holds it: its run is stopped and its tasks are waited for, what the run did is saved, the\n" +
			"lock is freed, and the audit tells who did this and why. 'deployer lock show' tells the lock's id.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := o.at(args)
			if err != nil {
				return err
			}
			if f.lockID == "" || f.reason == "" {
				return &exitError{code: exitConfiguration, err: fmt.Errorf("say --lock-id and --reason: 'deployer lock show %s' tells the id", at)}
			}
			return o.with(cmd.Context(), func(b backend) error { return f.carryOut(cmd.Context(), b, at) })
		}}
	cmd.Flags().StringVar(&f.lockID, "lock-id", "", "the id of the lock, so that it cannot be another one's by then")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, for the audit")
	f.flag(cmd.Flags())
	return cmd
}

// forced is what the command tells.
type forced struct {
	seenLock
	Unsaved string `json:"unsaved,omitempty"`
}

func (f *forceUnlock) carryOut(ctx context.Context, b backend, at address.Address) error {
	seen, err := look(ctx, b, at, func(h lock.Holding) bool { return h.Address == at })
	if err != nil {
		return err
	}
	if len(seen) == 0 {
		return &NotFound{What: (&lock.LockMismatch{Address: at, LockID: f.lockID}).Error()}
	}
	if seen[0].LockID != f.lockID {
		return &lock.LockMismatch{Address: at, LockID: f.lockID, Found: seen[0].LockID}
	}
	if !f.json() {
		f.tellLock(seen[0], time.Now())
	}
	if err := f.ask(ctx, f.options, f.question(seen[0])); err != nil {
		return err
	}
	unsaved, err := b.ForceUnlock(ctx, at, f.lockID, who(), f.reason)
	if err != nil {
		return err
	}
	if f.json() {
		return f.print(forced{seen[0], unsaved})
	}
	fmt.Fprintf(f.out, "%s is free.\n", at)
	if unsaved != "" {
		fmt.Fprintf(f.out, "What run %s did could not be saved: %s\n"+
			"Restore the state, and then 'deployer state recover --run %s' saves it.\n", seen[0].Run, unsaved, seen[0].Run)
	}
	return nil
}

func (f *forceUnlock) question(s seenLock) string {
	switch {
	case len(s.InFlight) > 0 && s.Standing == heldByRun:
		return fmt.Sprintf("Stop run %s in the middle of %d steps and take its lock away?", s.Run, len(s.InFlight))
	case s.Standing == heldByRun:
		return fmt.Sprintf("Stop run %s and take its lock away?", s.Run)
	}
	return "Take this lock away?"
}

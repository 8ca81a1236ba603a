package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
)

// unlocking is the command that frees what runs have left locked.
type unlocking struct {
	*options
	run string
	unlocked
}

// unlocked is what it tells.
type unlocked struct {
	Freed []lock.Holding `json:"freed"`
	Left  []leftLock     `json:"left"`
}

type leftLock struct {
	seenLock
	Why string `json:"why"`
}

func newUnlock(o *options) *cobra.Command {
	u := &unlocking{options: o, unlocked: unlocked{[]lock.Holding{}, []leftLock{}}}
	cmd := &cobra.Command{Use: "unlock [ADDRESS]", Short: "Free the locks that your runs have left behind",
		Long: "Free the locks that your runs have left behind: what they did is saved first. A lock whose run is on its way stays, and\n" +
			"so does another person's, unless --run names its run. A keeper does the same within two minutes by itself.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := u.where(args)
			if err != nil {
				return err
			}
			return o.with(cmd.Context(), func(b backend) error { return u.carryOut(cmd.Context(), b, at) })
		}}
	cmd.Flags().StringVar(&u.run, "run", "", "free this run's locks, whoever started it")
	return cmd
}

// where is everywhere for a run that is named: its locks tell where it is.
func (u *unlocking) where(args []string) (address.Address, error) {
	if u.run != "" {
		return u.everywhere(args)
	}
	return u.at(args)
}

func (u *unlocking) carryOut(ctx context.Context, b backend, at address.Address) error {
	seen, err := look(ctx, b, at, func(h lock.Holding) bool {
		return (u.run == "" || h.Run == u.run) && (at == (address.Address{}) || related(at, h.Address))
	})
	if err != nil {
		return err
	}
	cleaned := map[string]bool{}
	for _, s := range seen {
		if why := u.stays(s); why != "" {
			u.Left = append(u.Left, leftLock{s, why})
			continue
		}
		if !cleaned[s.Run] {
			if _, err := b.CleanUp(ctx, s.Run, "unlocked by "+who()); err != nil {
				return err
			}
			cleaned[s.Run] = true
		}
		u.Freed = append(u.Freed, s.Holding)
	}
	return u.tell()
}

// stays says why a lock is not freed; "" when it is.
func (u *unlocking) stays(s seenLock) string {
	switch {
	case s.Standing != heldByDead:
		return s.next()
	case s.LockedBy != who() && u.run == "":
		return fmt.Sprintf("It is not yours; if it is in your way: 'deployer unlock %s --run %s'.", s.Address, s.Run)
	}
	return ""
}

func (u *unlocking) tell() error {
	if u.json() {
		if err := u.print(u.unlocked); err != nil {
			return err
		}
	} else {
		for _, holding := range u.Freed {
			fmt.Fprintf(u.out, "Freed: %s, which %s had locked since %s.\n", holding.Address, holding.Who(), instant(holding.Since))
		}
		for _, left := range u.Left {
			fmt.Fprintf(u.out, "Still locked: %s, by %s since %s. %s\n", left.Address, left.Who(), instant(left.Since), left.Why)
		}
		if len(u.Freed)+len(u.Left) == 0 {
			fmt.Fprintln(u.out, "Nothing is locked.")
		}
	}
	if len(u.Left) > 0 {
		return &exitError{code: exitLockHeld}
	}
	return nil
}

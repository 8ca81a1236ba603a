package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/state"
)

// commandLease is how long a command's own lock lasts, should the command die: its work takes seconds.
const commandLease = 5 * time.Minute

// locked does something to a state under a lock of this command's own.
func (o *options) locked(ctx context.Context, b backend, scope address.Address, doing string, do func(*state.Store, state.Fence) error) error {
	request := lock.Request{Addresses: []address.Address{scope}, LockedBy: who() + " (" + doing + ")", Lease: commandLease}
	lease, err := b.Locks().AcquireWithin(ctx, request, o.lockTimeout, func(held *lock.LockHeld) {
		fmt.Fprintln(o.err, "Waiting:", held)
	})
	if err != nil {
		return err
	}
	store, fence := state.NewStore(b.Store(), scope, state.WithClock(time.Now)), state.Fence{Keys: lease.Keys, Number: lease.Fence}
	err = store.Install(ctx, fence)
	var refused *state.StateCorrupt
	if errors.As(err, &refused) {
		err = nil // the floor comes with the state that takes its place
	}
	if err == nil {
		err = do(store, fence)
	}
	return errors.Join(err, b.Locks().Release(context.WithoutCancel(ctx), lease))
}

func newStateExport(o *options) *cobra.Command {
	var file string
	cmd := &cobra.Command{Use: "export [ADDRESS]", Short: "Write the state, byte for byte, to standard output or a file", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := o.at(args)
			if err != nil {
				return err
			}
			return o.with(cmd.Context(), func(b backend) error {
				data, err := state.NewStore(b.Store(), at).Export(cmd.Context())
				if err != nil {
					return err
				}
				if file != "" {
					return os.WriteFile(file, data, 0o600)
				}
				o.exact = true
				_, err = o.out.Write(data)
				return err
			})
		}}
	cmd.Flags().StringVarP(&file, "file", "f", "", "write to this file")
	return cmd
}

// stateChange is a command that puts another state in the place of the present one.
type stateChange struct {
	*options
	sure
	serial int64
	file   string
}

// changed is what such a command tells.
type changedState struct {
	Scope  address.Address `json:"scope"`
	Serial int64           `json:"serial"`
	Run    string          `json:"run"`
	Lost   []string        `json:"lost"` // components that the state no longer knows
	Back   []string        `json:"back"` // components that it knows again
}

func (c *stateChange) flags(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&c.lockTimeout, "lock-timeout", 0, "how long to wait for another's lock")
	c.flag(cmd.Flags())
}

func newStateImport(o *options) *cobra.Command {
	c := &stateChange{options: o}
	cmd := &cobra.Command{Use: "import [ADDRESS]", Short: "Make an exported state the state, as its next serial",
		Long: "Make an exported state the state, as its next serial. It must be whole, of this lineage, and no older than the state.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := o.at(args)
			if err != nil {
				return err
			}
			data, err := c.read()
			if err != nil {
				return &exitError{code: exitConfiguration, err: err}
			}
			wanted, err := state.Decode(data)
			if err != nil {
				return &exitError{code: exitConfiguration, err: fmt.Errorf("%s is no exported state: %w", c.file, err)}
			}
			return c.change(cmd.Context(), at.Scope(), "state import", wanted, func(s *state.Store, f state.Fence, run string) (state.Snapshot, error) {
				return s.Import(cmd.Context(), f, data, run)
			})
		}}
	cmd.Flags().StringVarP(&c.file, "file", "f", "-", "the exported state; - is standard input")
	c.flags(cmd)
	return cmd
}

func (c *stateChange) read() ([]byte, error) {
	if c.file == "-" {
		return io.ReadAll(c.in)
	}
	return os.ReadFile(c.file)
}

func newStateRestore(o *options) *cobra.Command {
	c := &stateChange{options: o}
	cmd := &cobra.Command{Use: "restore [ADDRESS] --serial N", Short: "Make the state of an earlier serial the state, as its next serial",
		Long: "Make the state of an earlier serial the state, as its next serial; the history stays. This also replaces a state that is\n" +
			"damaged. It changes nothing in the cloud: 'deployer rollback' does that.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := o.at(args)
			if err != nil {
				return err
			}
			if c.serial <= 0 {
				return &exitError{code: exitConfiguration, err: fmt.Errorf("say --serial: 'deployer state history %s' lists them", at.Scope())}
			}
			return c.change(cmd.Context(), at.Scope(), "state restore", state.Snapshot{}, func(s *state.Store, f state.Fence, run string) (state.Snapshot, error) {
				return s.Restore(cmd.Context(), f, c.serial, run)
			})
		}}
	cmd.Flags().Int64Var(&c.serial, "serial", 0, "the serial to bring back")
	c.flags(cmd)
	return cmd
}

// change shows what the new state knows and does not know, asks, and does it under the lock. Wanted is the new state where
// it is not that of the serial.
func (c *stateChange) change(ctx context.Context, scope address.Address, doing string, wanted state.Snapshot,
	do func(*state.Store, state.Fence, string) (state.Snapshot, error)) error {
	return c.with(ctx, func(b backend) error {
		store := state.NewStore(b.Store(), scope)
		var err error
		if c.serial > 0 {
			if wanted, err = store.At(ctx, c.serial); err != nil {
				return err
			}
		}
		told, err := c.compare(ctx, store, scope, wanted)
		if err != nil {
			return err
		}
		if err := c.ask(ctx, c.options, "Put this state in the place of the present one?"); err != nil {
			return err
		}
		told.Run = newRunID(time.Now())
		err = c.locked(ctx, b, scope, doing, func(s *state.Store, f state.Fence) error {
			made, err := do(s, f, told.Run)
			told.Serial = made.Serial
			return err
		})
		if err != nil {
			return err
		}
		if c.json() {
			return c.print(told)
		}
		fmt.Fprintf(c.out, "The state of %s is now serial %d. 'deployer plan' shows what an apply would do about it.\n", scope, told.Serial)
		return nil
	})
}

// compare tells which components come and go. Of a present state that is refused nothing is known.
func (c *stateChange) compare(ctx context.Context, store *state.Store, scope address.Address, wanted state.Snapshot) (changedState, error) {
	told := changedState{Scope: scope, Lost: []string{}, Back: []string{}}
	current, refused, err := readOrRefused(ctx, store)
	if err != nil {
		return told, err
	}
	for _, short := range slices.Sorted(maps.Keys(current.Components)) {
		if _, known := wanted.Components[short]; !known {
			told.Lost = append(told.Lost, short)
		}
	}
	for _, short := range slices.Sorted(maps.Keys(wanted.Components)) {
		if _, known := current.Components[short]; !known {
			told.Back = append(told.Back, short)
		}
	}
	if c.json() {
		return told, nil
	}
	if refused != nil {
		fmt.Fprintf(c.out, "The present state is refused (%s), so nothing can be compared with it.\n", refused.Refusal.Error())
		return told, err
	}
	fmt.Fprintf(c.out, "%s: serial %d with %d components would follow serial %d with %d.\n", scope, wanted.Serial, len(wanted.Components),
		current.Serial, len(current.Components))
	for _, short := range told.Lost {
		fmt.Fprintf(c.out, "  %s would no longer be known: what it has in the cloud would stay and be nobody's.\n", short)
	}
	for _, short := range told.Back {
		fmt.Fprintf(c.out, "  %s would be known again.\n", short)
	}
	return told, nil
}

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// readOrRefused reads a state. One that is not to be trusted is an answer here, not an error.
func readOrRefused(ctx context.Context, store *state.Store) (state.Snapshot, *state.StateCorrupt, error) {
	snapshot, _, err := store.Read(ctx)
	var refused *state.StateCorrupt
	if errors.As(err, &refused) {
		return state.Snapshot{}, refused, nil
	}
	return snapshot, nil, err
}

func newStateShow(o *options) *cobra.Command {
	var serial int64
	cmd := &cobra.Command{Use: "show [ADDRESS]", Short: "Show the state, or a component's record in it, now or at an earlier serial",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := o.at(args)
			if err != nil {
				return err
			}
			return o.with(cmd.Context(), func(b backend) error {
				snapshot, err := stateAt(cmd.Context(), state.NewStore(b.Store(), at), serial)
				if err != nil {
					return err
				}
				return o.showState(snapshot, at)
			})
		}}
	cmd.Flags().Int64Var(&serial, "serial", 0, "as it was at this serial ('deployer state history' lists them)")
	return cmd
}

// stateAt reads the state at a serial, 0 for now.
func stateAt(ctx context.Context, store *state.Store, serial int64) (state.Snapshot, error) {
	if serial > 0 {
		return store.At(ctx, serial)
	}
	snapshot, _, err := store.Read(ctx)
	return snapshot, err
}

// shownState is a snapshot with its components in it.
type shownState struct {
	state.Snapshot
	Components []state.Record `json:"components"`
}

func (o *options) showState(snapshot state.Snapshot, at address.Address) error {
	records := inside(snapshot, at)
	if at.IsComponent() {
		if len(records) == 0 {
			return &NotFound{What: fmt.Sprintf("the state of %s at serial %d has no component %s; 'deployer state list %s' lists them",
				at.Scope(), snapshot.Serial, at.Short(), at.Scope())}
		}
		return o.print(records[0])
	}
	if o.json() {
		return o.print(shownState{snapshot, records})
	}
	fmt.Fprintf(o.out, "%s: serial %d, written by run %s at %s, lineage %s.\n", snapshot.Scope, snapshot.Serial, snapshot.Run,
		sometime(snapshot.At), snapshot.Lineage)
	if snapshot.LastGood > 0 {
		fmt.Fprintf(o.out, "The last serial that passed its verification is %d.\n", snapshot.LastGood)
	}
	if snapshot.Bundle.Key != "" {
		fmt.Fprintf(o.out, "The bundle is %s.\n", snapshot.Bundle.Key)
	}
	if snapshot.Hold != nil {
		fmt.Fprintf(o.out, "Run %s was rolled back: %s.\n", snapshot.Hold.Run, snapshot.Hold.Reason)
	}
	return o.listComponents(records)
}

func newStateHistory(o *options) *cobra.Command {
	return &cobra.Command{Use: "history [ADDRESS]", Short: "List the serials that can be shown and restored, the newest first",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := o.at(args)
			if err != nil {
				return err
			}
			return o.with(cmd.Context(), func(b backend) error { return o.listHistory(cmd.Context(), state.NewStore(b.Store(), at)) })
		}}
}

func (o *options) listHistory(ctx context.Context, store *state.Store) error {
	entries, err := store.History(ctx)
	if err != nil {
		return err
	}
	if o.json() {
		return o.print(append([]state.Entry{}, entries...))
	}
	current, refused, err := readOrRefused(ctx, store)
	if err != nil {
		return err
	}
	t := o.table("SERIAL\tRUN\tAT\tSIZE\t")
	for _, entry := range entries {
		note := ""
		switch {
		case refused == nil && entry.Serial == current.Serial:
			note = "now"
		case refused == nil && entry.Serial == current.LastGood:
			note = "last good"
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%d\t%s\n", entry.Serial, entry.Run, sometime(entry.At), entry.Size, note)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if refused != nil {
		fmt.Fprintln(o.err, "Error:", refused)
		return &exitError{code: exitDirty}
	}
	return nil
}

// verified is what 'state verify' tells of one state.
type verified struct {
	Scope    address.Address `json:"scope"`
	Problems []state.Problem `json:"problems"`
	// Restore is the newest serial that can be restored where the state itself is refused.
	Restore int64 `json:"restore,omitempty"`
}

func newStateVerify(o *options) *cobra.Command {
	return &cobra.Command{Use: "verify [ADDRESS]", Short: "Check the state and its whole history: every byte, everywhere or of one stack and environment",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := o.everywhere(args)
			if err != nil {
				return err
			}
			return o.with(cmd.Context(), func(b backend) error { return o.verifyStates(cmd.Context(), b, at) })
		}}
}

func (o *options) verifyStates(ctx context.Context, b backend, at address.Address) error {
	scopes := []address.Address{at.Scope()}
	if at == (address.Address{}) {
		var err error
		if scopes, err = run.Scopes(ctx, b.Store()); err != nil {
			return err
		}
	}
	all, wrong := []verified{}, 0
	for _, scope := range scopes {
		one, err := verify(ctx, state.NewStore(b.Store(), scope), scope)
		if err != nil {
			return err
		}
		all, wrong = append(all, one), wrong+len(one.Problems)
	}
	if o.json() {
		if err := o.print(all); err != nil {
			return err
		}
	} else {
		o.tellVerified(all)
	}
	if wrong > 0 {
		return &exitError{code: exitDirty}
	}
	return nil
}

func verify(ctx context.Context, store *state.Store, scope address.Address) (verified, error) {
	one := verified{Scope: scope, Problems: []state.Problem{}}
	problems, err := store.Verify(ctx)
	if err != nil {
		return one, err
	}
	one.Problems = append(one.Problems, problems...)
	_, refused, err := readOrRefused(ctx, store)
	if refused != nil {
		one.Restore = refused.NewestGood
	}
	return one, err
}

func (o *options) tellVerified(all []verified) {
	for _, one := range all {
		if len(one.Problems) == 0 {
			fmt.Fprintf(o.out, "%s: the state and its history are whole.\n", one.Scope)
		}
		for _, problem := range one.Problems {
			fmt.Fprintf(o.out, "%s: %s: %s\n", one.Scope, problem.Key, problem.Refusal.Error())
		}
		if one.Restore > 0 {
			fmt.Fprintf(o.out, "%s: bring the newest good one back with 'deployer state restore %s --serial %d'.\n", one.Scope, one.Scope, one.Restore)
		}
	}
}

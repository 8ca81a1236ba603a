package main

import (
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/state"
)

// statusOf is what the status command tells.
type statusOf struct {
	Scope      address.Address `json:"scope"`
	Serial     int64           `json:"serial"`
	Run        string          `json:"run,omitempty"`
	At         time.Time       `json:"at,omitzero"`
	Locks      []lock.Holding  `json:"locks"`
	Hold       *state.Hold     `json:"hold,omitempty"` // what was rolled back and is not deployed again by itself
	Components []statusOfOne   `json:"components"`
	LeftBehind []string        `json:"leftBehind"`
}

type statusOfOne struct {
	Component string       `json:"component"`
	Kind      string       `json:"kind"`
	Status    state.Status `json:"status"`
	Resources int          `json:"resources"`
	Error     string       `json:"error,omitempty"`
	UpdatedAt time.Time    `json:"updatedAt,omitzero"`
}

func newStatus(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "status [RUN|BUNDLE|STACK/ENVIRONMENT]",
		Short: "Tell what is deployed, who holds the lock, and whether anything is left behind; or how a run stands",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && runID.MatchString(args[0]) {
				return o.statusOfRun(cmd.Context(), args[0])
			}
			scope, err := o.target(args)
			if err != nil {
				return err
			}
			b, err := o.open(cmd.Context())
			if err != nil {
				return err
			}
			defer b.Close()
			snapshot, _, err := state.NewStore(b.Store(), scope).Read(cmd.Context())
			if err != nil {
				return err
			}
			held, err := b.Locks().Held(cmd.Context(), scope)
			if err != nil {
				return err
			}
			told := tell(scope, snapshot, held)
			if o.json() {
				return o.print(told)
			}
			return o.tellText(told)
		},
	}
}

func tell(scope address.Address, snapshot state.Snapshot, held []lock.Holding) statusOf {
	told := statusOf{Scope: scope, Serial: snapshot.Serial, Run: snapshot.Run, At: snapshot.At, Locks: held, Hold: snapshot.Hold,
		Components: []statusOfOne{}, LeftBehind: []string{}}
	if told.Locks == nil {
		told.Locks = []lock.Holding{}
	}
	for short, record := range snapshot.Components {
		told.Components = append(told.Components, statusOfOne{Component: short, Kind: record.Kind, Status: record.Status,
			Resources: record.Resources, Error: record.Error, UpdatedAt: record.UpdatedAt})
		if record.Status != state.Deployed {
			told.LeftBehind = append(told.LeftBehind, short)
		}
	}
	slices.SortFunc(told.Components, func(a, b statusOfOne) int { return compare(a.Component, b.Component) })
	slices.Sort(told.LeftBehind)
	return told
}

func (o *options) tellText(told statusOf) error {
	if told.Serial == 0 {
		fmt.Fprintf(o.out, "%s: nothing was ever deployed here.\n", told.Scope)
	} else {
		fmt.Fprintf(o.out, "%s: serial %d, written by run %s at %s.\n", told.Scope, told.Serial, told.Run, told.At.Format(time.RFC3339))
	}
	for _, holding := range told.Locks {
		fmt.Fprintf(o.out, "Locked: %s by %s, run %s, since %s.\n", holding.Address, holding.LockedBy, holding.Run, holding.Since.Format(time.RFC3339))
	}
	if told.Hold != nil {
		fmt.Fprintf(o.out, "Held: what run %s was to deploy is not deployed again by itself (%s); 'deployer apply --release' does it all the same.\n", told.Hold.Run, told.Hold.Reason)
	}
	if len(told.LeftBehind) == 0 {
		fmt.Fprintln(o.out, "Nothing is left half-done.")
	} else {
		fmt.Fprintf(o.out, "Left half-done: %d. Apply again: deployer goes on from what is there.\n", len(told.LeftBehind))
	}
	if len(told.Components) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COMPONENT\tKIND\tSTATUS\tRESOURCES\tUPDATED")
	for _, one := range told.Components {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\n", one.Component, one.Kind, one.Status, one.Resources, one.UpdatedAt.Format(time.RFC3339))
	}
	return table.Flush()
}

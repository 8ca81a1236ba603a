package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// newState is the window to the state and its history.
func newState(o *options) *cobra.Command {
	root := &cobra.Command{Use: "state", Short: "Look at the state and its history, check them, bring an earlier state back",
		Long: "Look at the state and its history, check them, bring an earlier state back.\n\n" +
			"ADDRESS is stack/environment, for some commands with /service/component behind it. --stack and --environment, or the\n" +
			"bundle in the current folder, may say it instead. The state is what deployer knows: to change it changes nothing in\n" +
			"the cloud."}
	root.AddCommand(newStateList(o), newStateShow(o), newStateHistory(o), newStateVerify(o), newStateExport(o), newStateImport(o),
		newStateRestore(o), newStateRecover(o))
	return root
}

// listedState is a line of 'state list' where no address is given.
type listedState struct {
	Scope      address.Address `json:"scope"`
	Serial     int64           `json:"serial"`
	Run        string          `json:"run,omitempty"`
	At         time.Time       `json:"at,omitzero"`
	Components int             `json:"components"`
	Refused    string          `json:"refused,omitempty"` // why it is not to be trusted
}

func newStateList(o *options) *cobra.Command {
	return &cobra.Command{Use: "list [ADDRESS]", Short: "List the states there are, or the components in one", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := o.everywhere(args)
			if err != nil {
				return err
			}
			return o.with(cmd.Context(), func(b backend) error {
				if at == (address.Address{}) {
					return o.listStates(cmd.Context(), b)
				}
				snapshot, _, err := state.NewStore(b.Store(), at).Read(cmd.Context())
				if err != nil {
					return err
				}
				return o.listComponents(inside(snapshot, at))
			})
		}}
}

// inside returns the records at and below an address, in order.
func inside(snapshot state.Snapshot, at address.Address) []state.Record {
	records := []state.Record{}
	for _, short := range slices.Sorted(maps.Keys(snapshot.Components)) {
		if record := snapshot.Components[short]; at.Contains(record.Address) {
			records = append(records, record)
		}
	}
	return records
}

func (o *options) listStates(ctx context.Context, b backend) error {
	scopes, err := run.Scopes(ctx, b.Store())
	if err != nil {
		return err
	}
	listed := []listedState{}
	for _, scope := range scopes {
		one, err := listState(ctx, state.NewStore(b.Store(), scope), scope)
		if err != nil {
			return err
		}
		listed = append(listed, one)
	}
	if o.json() {
		return o.print(listed)
	}
	if len(listed) == 0 {
		fmt.Fprintln(o.out, "Nothing was ever deployed here.")
		return nil
	}
	t := o.table("STATE\tSERIAL\tCOMPONENTS\tRUN\tAT")
	for _, one := range listed {
		if one.Refused != "" {
			fmt.Fprintf(t, "%s\trefused: %s\n", one.Scope, one.Refused)
			continue
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\n", one.Scope, one.Serial, one.Components, one.Run, sometime(one.At))
	}
	return t.Flush()
}

func listState(ctx context.Context, store *state.Store, scope address.Address) (listedState, error) {
	snapshot, refused, err := readOrRefused(ctx, store)
	if refused != nil {
		return listedState{Scope: scope, Refused: refused.Refusal.Error()}, err
	}
	return listedState{Scope: scope, Serial: snapshot.Serial, Run: snapshot.Run, At: snapshot.At, Components: len(snapshot.Components)}, err
}

func (o *options) listComponents(records []state.Record) error {
	if o.json() {
		return o.print(records)
	}
	t := o.table("COMPONENT\tKIND\tSTATUS\tRESOURCES\tSINCE SERIAL\tRUN")
	for _, record := range records {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%s\n", record.Address.Short(), record.Kind, record.Status, record.Resources, record.Serial, record.Run)
	}
	return t.Flush()
}

// sometime is instant for what may never have happened.
func sometime(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return instant(at)
}

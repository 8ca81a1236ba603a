package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
)

// past is one run in a list.
type past struct {
	Run         string        `json:"run"`
	Stack       string        `json:"stack"`
	Environment string        `json:"environment"`
	Operation   run.Operation `json:"operation"`
	Ending      run.Ending    `json:"ending,omitempty"` // absent until it has ended
	Error       string        `json:"error,omitempty"`
	RolledBack  bool          `json:"rolledBack,omitempty"`
	StartedBy   string        `json:"startedBy,omitempty"`
	StartedAt   time.Time     `json:"startedAt,omitzero"`
	Seconds     float64       `json:"seconds,omitempty"`
	Counts      plan.Counts   `json:"counts"`
}

func newHistory(o *options) *cobra.Command {
	var most int
	var plans bool
	cmd := &cobra.Command{
		Use:   "history [BUNDLE|STACK/ENVIRONMENT]",
		Short: "List the runs of a stack in an environment, or of all, the latest first",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if most < 1 {
				return mistyped("--limit %d: want at least 1", most)
			}
			scopes, err := o.wherever(args)
			if err != nil {
				return err
			}
			b, err := o.open(cmd.Context())
			if err != nil {
				return err
			}
			defer b.Close()
			runs, err := o.past(cmd.Context(), b.Store(), scopes, most, plans)
			if err != nil {
				return err
			}
			if o.json() {
				return o.print(runs)
			}
			return o.tellPast(runs)
		},
	}
	cmd.Flags().IntVarP(&most, "limit", "n", 20, "how many")
	cmd.Flags().BoolVar(&plans, "plans", false, "also those that only planned")
	return cmd
}

// wherever is the scopes that an argument names: STACK/ENVIRONMENT, or those of a bundle; nil where nothing is named.
func (o *options) wherever(args []string) ([]address.Address, error) {
	if len(args) == 0 {
		return nil, nil
	}
	if scope, is := scopeNamed(args); is {
		return []address.Address{scope}, nil
	}
	s, err := o.read(args[0])
	if err != nil {
		return nil, err
	}
	scopes, err := o.scopes(s.bundle)
	if err != nil {
		return nil, &exitError{code: exitConfiguration, err: err}
	}
	return scopes, nil
}

// past reads the latest runs, of those scopes or of all. Their ids begin with their time, so that only those that are shown have to be read.
func (o *options) past(ctx context.Context, store objects.Store, wanted []address.Address, most int, plans bool) ([]past, error) {
	scopes, err := run.Scopes(ctx, store)
	if err != nil {
		return nil, err
	}
	scopes = slices.DeleteFunc(scopes, func(s address.Address) bool {
		return o.stack != "" && s.Stack != o.stack || o.environment != "" && s.Environment != o.environment ||
			wanted != nil && !slices.Contains(wanted, s)
	})
	type candidate struct {
		scope address.Address
		id    string
	}
	var all []candidate
	for _, scope := range scopes {
		ids, err := run.IDs(ctx, store, scope)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			all = append(all, candidate{scope, id})
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.id, a.id) })
	runs := []past{}
	for _, one := range all {
		if len(runs) >= most {
			break
		}
		ref, err := run.Locate(ctx, store, one.scope, one.id)
		if err != nil {
			return nil, err
		}
		if ref.Operation.OnlyPlans() && !plans {
			continue
		}
		told, err := pastOf(ctx, run.Archive{Store: store, Ref: ref})
		if err != nil {
			return nil, err
		}
		runs = append(runs, told)
	}
	return runs, nil
}

func pastOf(ctx context.Context, archive run.Archive) (past, error) {
	ref := archive.Ref
	told := past{Run: ref.ID, Stack: ref.Stack, Environment: ref.Environment, Operation: ref.Operation}
	made, err := reportOf(ctx, archive)
	if err != nil {
		return told, err
	}
	if made != nil {
		told.Ending, told.RolledBack, told.StartedBy, told.StartedAt, told.Counts = made.Ending, made.RolledBack, made.StartedBy, made.StartedAt, made.Counts
		told.Seconds = made.EndedAt.Sub(made.StartedAt).Round(100 * time.Millisecond).Seconds()
		if made.Failure != nil {
			told.Error = made.Failure.Error
		}
		return told, nil
	}
	request, err := requestOf(ctx, archive)
	if err == nil && request != nil {
		told.StartedBy = request.StartedBy
	}
	return told, err
}

func (o *options) tellPast(runs []past) error {
	if len(runs) == 0 {
		fmt.Fprintln(o.out, "No runs.")
		return nil
	}
	table := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tWHERE\tOPERATION\tENDING\tCHANGES\tTIME\tSTARTED BY")
	for _, one := range runs {
		ending, took := string(one.Ending), fmt.Sprintf("%.1fs", one.Seconds)
		switch {
		case ending == "":
			ending, took = "(not ended)", ""
		case one.RolledBack:
			ending += ", rolled back"
		case one.Error != "":
			ending += ", " + one.Error
		}
		fmt.Fprintf(table, "%s\t%s/%s\t%s\t%s\t%d\t%s\t%s\n", one.Run, one.Stack, one.Environment, one.Operation, ending, one.Counts.Changes(), took, one.StartedBy)
	}
	return table.Flush()
}

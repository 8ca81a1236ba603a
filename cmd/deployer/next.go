package main

import (
	"fmt"
	"slices"

	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

// next says, below the report of a run that did not do all it was to do, where to look and how to go on.
func (o *options) next(made report.Report) {
	if made.Ending != run.FailedClean && made.Ending != run.FailedDirty || len(made.Rows) == 0 {
		return // what went wrong before there was a plan says itself what to do
	}
	fmt.Fprintf(o.err, "\nNext:\n  deployer logs %s%s     what happened, in order\n", made.Run, o.where())
	switch {
	case made.RolledBack || made.Operation.Destroys():
	case made.Operation.OnlyPlans() || !begun(made):
		fmt.Fprintln(o.err, "  mend what it says, and begin anew: nothing was changed, so there is nothing to do again")
	default:
		fmt.Fprintf(o.err, "  deployer retry %s%s    once it is mended: what failed, and what waited for that\n", made.Run, o.where())
	}
	if made.Ending == run.FailedDirty {
		fmt.Fprintf(o.err, "  deployer status %s%s   what is left behind\n", made.Scope, o.where())
	}
}

// begun reports whether a run worked on any component.
func begun(made report.Report) bool {
	return slices.ContainsFunc(made.Rows, func(row report.Row) bool { return row.StartedAt != nil })
}

package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/deployer-io/deployer/shared/run"
)

// Text writes the report for a terminal or a log: the answer first, then what is left behind, then every component.
func (r Report) Text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s of %s in %s (run %s)\n", r.Ending, r.Operation, r.Scope, r.took(), r.Run)
	fmt.Fprintf(&b, "%s\n", r.answer())
	if r.Failure != nil {
		fmt.Fprintf(&b, "\n%s:\n%s\n", r.Failure.Error, indent(r.Failure.Cause))
	}
	if len(r.LeftBehind) > 0 {
		b.WriteString("\nLeft half-done:\n")
		for _, l := range r.LeftBehind {
			fmt.Fprintf(&b, "  %s: %s\n", l.Component, l.Next)
			for _, resource := range l.Resources {
				fmt.Fprintf(&b, "    %s\n", resource)
			}
		}
	}
	if len(r.Rows) > 0 {
		b.WriteString("\n")
		r.table(&b)
	}
	r.rollback(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// answer is the sentence that a person who was woken reads first.
func (r Report) answer() string {
	switch r.Ending {
	case run.Succeeded:
		return "Everything is as planned: " + r.tally() + "."
	case run.NoChanges:
		return fmt.Sprintf("Nothing to do: what the bundle says is deployed (%s).", counted(r.Counts.NoOp, "component"))
	case run.Planned:
		return "Only planned: nothing was changed."
	case run.Rejected:
		return "The plan was not approved: nothing was changed."
	case run.FailedClean:
		if r.RolledBack {
			return "It failed and was rolled back: what it had done is taken back (" + r.tally() + ")."
		}
		if len(r.Rows) == 0 {
			return "Nothing was changed: it ended before there was a plan."
		}
		return "Nothing is left half-done: every component is as it was or as planned (" + r.tally() + ")."
	}
	if len(r.LeftBehind) == 0 {
		return "Look at this: what is there may not be what the state says (" + r.tally() + ")."
	}
	return fmt.Sprintf("Look at this: %s left half-done (%s).", counted(len(r.LeftBehind), "component"), r.tally())
}

// tally counts the results; what did not happen is not told.
func (r Report) tally() string {
	count := map[Result]int{Unchanged: r.Counts.NoOp}
	for _, row := range r.Rows {
		count[row.Result]++
	}
	var parts []string
	for _, result := range []Result{Succeeded, Unchanged, Kept, Failed, Skipped, Planned} {
		if count[result] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[result], result))
		}
	}
	if len(parts) == 0 {
		return "no components"
	}
	return strings.Join(parts, ", ")
}

// rollback tells what became of taking back what the run had done.
func (r Report) rollback(b *strings.Builder) {
	if r.Rollback == nil {
		return
	}
	if len(r.Rollback.Rows) > 0 {
		b.WriteString("\nRollback:\n")
		part := Report{Rows: r.Rollback.Rows}
		part.table(b)
	}
	if len(r.Rollback.Kept) > 0 {
		b.WriteString("\nNot taken back:\n")
		for _, kept := range r.Rollback.Kept {
			fmt.Fprintf(b, "  %s (%s): %s\n", kept.Component, kept.Kind, kept.Reason)
		}
	}
	if r.RolledBack {
		b.WriteString("\nThe same bundle is not deployed again by itself: mend it, or say --release.\n")
	}
}

func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// took is how long a component took; empty where nothing was begun.
func (r Row) took() string {
	if r.StartedAt == nil || r.EndedAt == nil {
		return ""
	}
	return r.EndedAt.Sub(*r.StartedAt).Round(10 * time.Millisecond).String()
}

func (r Report) took() string {
	return r.EndedAt.Sub(r.StartedAt).Round(100 * time.Millisecond).String()
}

func (r Report) table(b *strings.Builder) {
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WAVE\tCOMPONENT\tKIND\tACTION\tRESULT\tTIME\tRESOURCES")
	for _, row := range r.Rows {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Wave, row.Component, row.Kind, row.Action, row.Result, row.took(), row.Resources)
	}
	table.Flush() //nolint:errcheck // a strings.Builder takes everything
	for _, e := range r.explanations() {
		fmt.Fprintf(b, "\n%s %s: %s\n", e.of, e.result, strings.TrimSpace(e.cause))
	}
}

// explanation says why a component, or several for the same reason, did not end as planned.
type explanation struct {
	of     string
	result Result
	cause  string
}

// shownNames is how many components an explanation names.
const shownNames = 5

// explanations returns the failures first, then what follows from them, each reason once.
func (r Report) explanations() []explanation {
	var all []explanation
	var reasons []string
	skipped := map[string][]string{}
	for _, row := range r.Rows {
		switch {
		case row.Cause == "":
		case row.Result != Skipped:
			all = append(all, explanation{row.Component, row.Result, row.Cause})
		default:
			if skipped[row.Cause] == nil {
				reasons = append(reasons, row.Cause)
			}
			skipped[row.Cause] = append(skipped[row.Cause], row.Component)
		}
	}
	for _, reason := range reasons {
		names := skipped[reason]
		of := strings.Join(names[:min(len(names), shownNames)], ", ")
		if more := len(names) - shownNames; more > 0 {
			of += fmt.Sprintf(" and %d more", more)
		}
		all = append(all, explanation{of, Skipped, reason})
	}
	return all
}

// String is +created ~updated -+replaced -deleted, leaving out zeros.
func (c ResourceCount) String() string {
	var parts []string
	for _, part := range []struct {
		sign  string
		count int
	}{{"+", c.Create}, {"~", c.Update}, {"-/+", c.Replace}, {"-", c.Delete}} {
		if part.count > 0 {
			parts = append(parts, fmt.Sprintf("%s%d", part.sign, part.count))
		}
	}
	return strings.Join(parts, " ")
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}

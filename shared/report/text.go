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
	fmt.Fprintf(&b, "%s: %s of %s in %s (run %s)\n", r.Ending, r.Operation, r.Scope, r.EndedAt.Sub(r.StartedAt).Round(100*time.Millisecond), r.Run)
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
	_, err := io.WriteString(w, b.String())
	return err
}

// answer is the sentence that a person who was woken reads first.
func (r Report) answer() string {
	count := map[Result]int{}
	for _, row := range r.Rows {
		count[row.Result]++
	}
	done := fmt.Sprintf("%d succeeded, %d unchanged, %d failed, %d skipped", count[Succeeded], r.Counts.NoOp+count[Unchanged], count[Failed], count[Skipped])
	switch r.Ending {
	case run.Succeeded:
		return "Everything is as planned: " + done + "."
	case run.NoChanges:
		return fmt.Sprintf("Nothing to do: all %d components are as the bundle says.", r.Counts.NoOp)
	case run.Planned:
		return "Only planned: nothing was changed."
	case run.Rejected:
		return "The plan was not approved: nothing was changed."
	case run.FailedClean:
		return "Nothing is left half-done: every component is as it was or as planned (" + done + ")."
	}
	return fmt.Sprintf("Look at this: %d left half-done (%s).", len(r.LeftBehind), done)
}

func (r Report) table(b *strings.Builder) {
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WAVE\tCOMPONENT\tKIND\tACTION\tRESULT\tTIME\tRESOURCES")
	for _, row := range r.Rows {
		took := ""
		if row.StartedAt != nil && row.EndedAt != nil && row.Result != Skipped {
			took = row.EndedAt.Sub(*row.StartedAt).Round(10 * time.Millisecond).String()
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Wave, row.Component, row.Kind, row.Action, row.Result, took, row.Resources)
	}
	table.Flush() //nolint:errcheck // a strings.Builder takes everything
	for _, row := range r.Rows {
		if row.Cause != "" {
			fmt.Fprintf(b, "\n%s %s: %s\n", row.Component, row.Result, strings.TrimSpace(row.Cause))
		}
	}
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

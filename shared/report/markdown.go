package report

import (
	"fmt"
	"io"
	"strings"
)

// Markdown writes the report for a pull request or a chat: the same as Text, as a table.
func (r Report) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s: %s of %s\n\n", r.Ending, r.Operation, r.Scope)
	fmt.Fprintf(&b, "%s Run `%s`, %s.\n", escaped(r.answer()), r.Run, r.took())
	if r.Failure != nil {
		fmt.Fprintf(&b, "\n**%s**\n\n%s", escaped(r.Failure.Error), fenced(r.Failure.Cause))
	}
	if len(r.LeftBehind) > 0 {
		b.WriteString("\n### Left half-done\n\n")
		for _, l := range r.LeftBehind {
			fmt.Fprintf(&b, "- **%s**: %s\n", l.Component, escaped(l.Next))
			for _, resource := range l.Resources {
				fmt.Fprintf(&b, "  - %s\n", escaped(resource))
			}
		}
	}
	if len(r.Rows) > 0 {
		b.WriteString("\n| Wave | Component | Kind | Action | Result | Time | Resources |\n| ---: | --- | --- | --- | --- | ---: | --- |\n")
		for _, row := range r.Rows {
			fmt.Fprintf(&b, "| %d | %s | %s | %s | %s | %s | %s |\n", row.Wave, row.Component, escaped(row.Kind), row.Action, row.Result, row.took(),
				escaped(row.Resources.String()))
		}
	}
	for _, e := range r.explanations() {
		fmt.Fprintf(&b, "\n**%s** %s:\n\n%s", e.of, e.result, fenced(e.cause))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var markup = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`, "#", `\#`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "\r", " ", "\n", " ")

// escaped is a text of others as one line without markup.
func escaped(text string) string { return markup.Replace(text) }

// fenced is a text of others as a block of code, whose fence is longer than any in the text.
func fenced(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "text\n" + strings.TrimRight(text, "\n") + "\n" + fence + "\n"
}

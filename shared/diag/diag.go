// Package diag holds what is told to the author of a bundle: a Diagnostic is one mistake or warning with its place,
// a List is all of them. An author's mistakes are diagnostics; the program's failures are errors.
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Position is a place in a file of the bundle. Line and Column count from 1, columns in characters (Unicode code points);
// 0 means unknown.
type Position struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// String returns file:line:column, leaving out what is not known.
func (p Position) String() string {
	switch {
	case p.File == "":
		return "-"
	case p.Line == 0:
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Compare orders positions by file, line and column.
func (p Position) Compare(q Position) int {
	return cmp.Or(strings.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// Severity says whether a diagnostic stops the run.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Code names the rule that was broken, in kebab-case, stable across releases: tools may match on it.
type Code string

// Diagnostic is one thing that the author should know.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	Code     Code     `json:"code"`
	Position
	// Path is the place inside the document, as in spec.env[2].name; empty for the document itself.
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
	// Hint says what to do, in one sentence; may be empty.
	Hint string `json:"hint,omitempty"`
}

// String returns file:line:column: severity: path: message (hint), on one line whatever the bundle has in its texts: a line
// of its own could pass for another diagnostic, or for a command of the CI system that reads it.
func (d Diagnostic) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: ", d.Position, d.Severity)
	if d.Path != "" {
		b.WriteString(d.Path + ": ")
	}
	b.WriteString(d.Message)
	if d.Hint != "" {
		b.WriteString(" (" + d.Hint + ")")
	}
	return clean(b.String())
}

// List is a collection of diagnostics. The zero List is empty and ready for use.
type List []Diagnostic

// Errorf appends an error.
func (l *List) Errorf(code Code, at Position, path, format string, args ...any) *Diagnostic {
	return l.add(Diagnostic{Severity: Error, Code: code, Position: at, Path: path, Message: fmt.Sprintf(format, args...)})
}

// Warnf appends a warning.
func (l *List) Warnf(code Code, at Position, path, format string, args ...any) *Diagnostic {
	return l.add(Diagnostic{Severity: Warning, Code: code, Position: at, Path: path, Message: fmt.Sprintf(format, args...)})
}

// WithHint sets the hint of the diagnostic just appended: list.Errorf(...).WithHint("did you mean ...?").
func (d *Diagnostic) WithHint(format string, args ...any) {
	d.Hint = fmt.Sprintf(format, args...)
}

func (l *List) add(d Diagnostic) *Diagnostic {
	*l = append(*l, d)
	return &(*l)[len(*l)-1]
}

// Append adds all of more.
func (l *List) Append(more List) { *l = append(*l, more...) }

// HasErrors reports whether any diagnostic stops the run.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sorted returns the diagnostics ordered by place, then path and message, each once.
func (l List) Sorted() List {
	sorted := slices.Clone(l)
	slices.SortStableFunc(sorted, func(a, b Diagnostic) int {
		return cmp.Or(a.Compare(b.Position), strings.Compare(a.Path, b.Path), strings.Compare(a.Message, b.Message))
	})
	return slices.Compact(sorted)
}

// String returns the sorted diagnostics, a line each.
func (l List) String() string {
	var b strings.Builder
	for _, d := range l.Sorted() {
		b.WriteString(d.String() + "\n")
	}
	return b.String()
}

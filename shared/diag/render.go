package diag

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Locate turns the file of a position, which is relative to the bundle, into the path that a reader's tool knows it by:
// relative to the root of the repository, with forward slashes. It is false for what is no file, such as a value from the
// command line.
type Locate func(file string) (path string, found bool)

// Text writes the sorted diagnostics, a line each: file:line:column: severity: path: message (hint).
func Text(w io.Writer, list List) error {
	_, err := io.WriteString(w, list.String())
	return err
}

// explained is what a diagnostic says beside its place: path: message (hint).
func (d Diagnostic) explained() string {
	text := d.Message
	if d.Path != "" {
		text = d.Path + ": " + text
	}
	if d.Hint != "" {
		text += " (" + d.Hint + ")"
	}
	return text
}

// located returns the path for tools, and what the diagnostic says; where no file can be named, the words name the place.
func (d Diagnostic) located(locate Locate) (path, text string) {
	text = d.explained()
	if d.File == "" {
		return "", text
	}
	if path, found := locate(d.File); found {
		return path, text
	}
	return "", d.File + ": " + text
}

// codes returns the codes in a list, sorted, each once.
func (l List) codes() []Code {
	codes := make([]Code, len(l))
	for i, d := range l {
		codes[i] = d.Code
	}
	slices.SortFunc(codes, func(a, b Code) int { return cmp.Compare(a, b) })
	return slices.Compact(codes)
}

// GitHub writes the sorted diagnostics as workflow commands of GitHub Actions, a line each, which show them beside the
// lines of a pull request: https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
func GitHub(w io.Writer, list List, locate Locate) error {
	var b strings.Builder
	for _, d := range list.Sorted() {
		path, text := d.located(locate)
		command := "error"
		if d.Severity == Warning {
			command = "warning"
		}
		b.WriteString("::" + command + " ")
		if path != "" {
			b.WriteString("file=" + escapeProperty(path) + ",")
			if d.Line > 0 {
				fmt.Fprintf(&b, "line=%d,col=%d,", d.Line, max(d.Column, 1))
			}
		}
		b.WriteString("title=" + escapeProperty(string(d.Code)) + "::" + escapeData(text) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// escapeData is for what follows the second "::" of a workflow command, escapeProperty for a property's value: the runner
// takes exactly these back, and reads a line as one command.
func escapeData(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

func escapeProperty(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}

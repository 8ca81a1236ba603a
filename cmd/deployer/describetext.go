package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/state"
)

// writeComponent writes what describe component tells, for people.
func writeComponent(w io.Writer, c *componentOf) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n  in %s, from %s\n", c.Kind, c.Address.Short(), c.Address.Scope(), c.Position)
	spec, err := asYAML(c.Spec)
	if err != nil {
		return err
	}
	b.WriteString("\nSpec\n" + indented(spec))
	b.WriteString("\nNeeds\n" + needsTable(c))
	b.WriteString("\nNeeded by\n" + dependentsTable(c))
	b.WriteString("\nOutputs\n" + outputsTable(c.Outputs))
	b.WriteString("\nGuards\n" + guardsText(c))
	b.WriteString("\nState\n" + stateText(c))
	_, err = io.WriteString(w, b.String())
	return err
}

// asYAML writes JSON as YAML, in the order it has.
func asYAML(data []byte) (string, error) {
	var node yaml.Node
	if err := yaml.Unmarshal(data, &node); err != nil {
		return "", err
	}
	plain(&node)
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(&node); err != nil {
		return "", err
	}
	return b.String(), encoder.Close()
}

// plain takes the quotes and braces of JSON from a tree; the encoder puts quotes where YAML needs them.
func plain(n *yaml.Node) {
	n.Style = 0
	for _, below := range n.Content {
		plain(below)
	}
}

func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("  " + line)
	}
	return b.String()
}

// table writes rows in columns, indented; none where there are no rows.
func table(rows [][]string) string {
	if len(rows) == 0 {
		return "  none\n"
	}
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, "  "+strings.Join(row, "\t"))
	}
	_ = w.Flush() // a bytes.Buffer takes everything
	var trimmed strings.Builder
	for line := range strings.Lines(b.String()) {
		trimmed.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return trimmed.String()
}

// needsTable has a row for each field; one that reads several outputs names them all.
func needsTable(c *componentOf) string {
	var rows [][]string
	for i, need := range c.Needs {
		if i > 0 && need.Output != "" && sameField(need, c.Needs[i-1]) {
			rows[len(rows)-1][1] += ", " + need.Output
			continue
		}
		why := string(need.Reason)
		if need.Output != "" {
			why += " " + need.Output
		}
		where := ""
		if need.Position.File != "" {
			where = need.Position.String()
		}
		rows = append(rows, []string{need.Address.Short(), why, need.Path, where})
	}
	return table(rows)
}

func sameField(a, b resource.Need) bool {
	return a.Address == b.Address && a.Reason == b.Reason && a.Path == b.Path && a.Position == b.Position
}

func dependentsTable(c *componentOf) string {
	var rows [][]string
	for _, edge := range c.Dependents {
		rows = append(rows, []string{edge.From.Short(), string(edge.Reason), edge.Path, edge.Where})
	}
	return table(rows)
}

func outputsTable(outputs []outputOf) string {
	var rows [][]string
	for _, output := range outputs {
		kind := string(output.Type)
		if output.Secret {
			kind += ", secret"
		}
		value := output.Doc
		if len(output.Value) > 0 {
			value = "= " + string(output.Value)
		}
		rows = append(rows, []string{output.Name, kind, value})
	}
	return table(rows)
}

func guardsText(c *componentOf) string {
	g := c.Guards
	var lines []string
	if !g.HoldsData {
		lines = append(lines, "It holds no data.")
	} else {
		lines = append(lines, "It holds data. When it is removed: "+map[resource.DeletionPolicy]string{
			resource.Retain: "the data stays (deletionPolicy: Retain).", resource.Snapshot: "a last backup is taken (deletionPolicy: Snapshot).",
			resource.Delete: "the data goes as well (deletionPolicy: Delete).",
		}[g.DeletionPolicy])
	}
	if g.DeletionProtection != nil && *g.DeletionProtection {
		lines = append(lines, "AWS refuses to delete it until deletionProtection is taken out.")
	}
	if g.Protect {
		lines = append(lines, "No plan may delete or replace it until protect is taken out.")
	}
	switch {
	case g.AllowReplace:
		lines = append(lines, "It may be deleted and created anew (allowReplace).")
	case g.HoldsData:
		lines = append(lines, "It is never deleted and created anew without allowReplace.")
	}
	if len(g.ReplaceOn) > 0 {
		lines = append(lines, "Cannot be changed in place: "+strings.Join(g.ReplaceOn, ", ")+".")
	}
	return indented(strings.Join(lines, "\n") + "\n")
}

func stateText(c *componentOf) string {
	s := c.State
	if s == nil {
		return "  It is not deployed.\n"
	}
	rows := [][]string{{"status", string(s.Status)}, {"kind", s.Kind}, {"region", s.Region}, {"resources", fmt.Sprint(s.Resources)},
		{"created", s.CreatedAt.Format(time.RFC3339)}, {"updated", s.UpdatedAt.Format(time.RFC3339)}, {"run", s.Run},
		{"serial", fmt.Sprintf("%d of %d", s.Serial, s.Scope)}}
	if s.Status != state.Deployed {
		rows = append(rows, []string{"error", s.Error}, []string{"left behind", strings.Join(s.Leftovers, ", ")})
	}
	text := table(rows)
	if s.Kind != string(c.Kind) {
		return text + fmt.Sprintf("  What is deployed is a %s: the next apply replaces it.\n", s.Kind)
	}
	if len(s.Differ) == 0 {
		return text + "  What is deployed is what the bundle says.\n"
	}
	text += "  Not deployed yet:\n"
	for _, change := range s.Differ {
		text += "    " + changeText(change) + "\n"
	}
	return text
}

// changeText is a change of one field in one line: replicas: 2 -> 3.
func changeText(c plan.Change) string {
	text := c.Path + ": " + valueText(c.Before) + " -> " + valueText(c.After)
	if c.Replaces {
		text += " (cannot be changed in place)"
	}
	return text
}

// maxShown is how many characters of a value are shown on a line.
const maxShown = 80

// valueText is a value on one line; a text that cannot be mistaken for another stands without quotes.
func valueText(value json.RawMessage) string {
	if len(value) == 0 {
		return "nothing"
	}
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		return cut(string(value))
	}
	if text, ok := decoded.(string); ok && text != "" && !strings.ContainsAny(text, " \t\n\",") {
		return cut(text)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(decoded); err != nil {
		return cut(string(value))
	}
	return cut(strings.TrimSuffix(b.String(), "\n"))
}

func cut(text string) string {
	if runes := []rune(text); len(runes) > maxShown {
		return string(runes[:maxShown-3]) + "..."
	}
	return text
}

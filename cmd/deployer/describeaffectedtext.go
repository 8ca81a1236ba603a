package main

import (
	"fmt"
	"io"
	"strings"
)

// writeAffected writes what describe affected tells, for people.
func writeAffected(w io.Writer, told *affectedOf) error {
	var b strings.Builder
	for i, one := range told.Environments {
		if i > 0 {
			b.WriteString("\n")
		}
		direct := 0
		for _, c := range one.Components {
			if c.Direct {
				direct++
			}
		}
		if len(one.Components)+len(one.Settings) == 0 {
			fmt.Fprintf(&b, "%s: nothing is touched.\n", one.Scope)
			continue
		}
		fmt.Fprintf(&b, "%s: %s touched, %d directly, %d through the graph.\n", one.Scope, countOf(len(one.Components), "component"), direct,
			len(one.Components)-direct)
		for _, c := range one.Components {
			writeAffectedComponent(&b, c)
		}
		if len(one.Settings) > 0 {
			b.WriteString("  settings\n")
		}
		for _, change := range one.Settings {
			fmt.Fprintf(&b, "    %s\n", changeText(change))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeAffectedComponent(b *strings.Builder, c affectedComponent) {
	how := string(c.Action)
	if !c.Direct {
		how = "update, if what it sees changes"
	}
	fmt.Fprintf(b, "  %s (%s): %s\n", c.Address.Short(), c.Kind, how)
	for _, reason := range c.Reasons {
		if reason != "spec differs" { // the fields say so
			fmt.Fprintf(b, "    %s\n", reason)
		}
	}
	for _, change := range c.Changes {
		fmt.Fprintf(b, "    %s%s\n", changeText(change.Change), placesText(change))
	}
	for _, edge := range c.Through {
		line := fmt.Sprintf("    through %s (%s", edge.To.Short(), edge.Reason)
		if edge.Path != "" {
			line += " " + edge.Path
		}
		line += ")"
		if edge.Where != "" {
			line += "  " + edge.Where
		}
		b.WriteString(line + "\n")
	}
}

func placesText(c placedChange) string {
	switch {
	case c.Where != "":
		return "  " + c.Where
	case c.WhereBefore != "":
		return "  was at " + c.WhereBefore
	}
	return ""
}

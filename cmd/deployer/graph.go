package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/graph"
)

func newGraph(o *options) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "graph [BUNDLE]",
		Short: "Show what waits for what",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := o.load(args)
			if err != nil {
				return err
			}
			compiled, err := o.compile(s)
			if err != nil {
				return err
			}
			if o.json() {
				format = "json"
			}
			switch format {
			case "tree":
				return writeTree(o.out, compiled.Graph)
			case "dot":
				return writeDot(o.out, compiled.Graph)
			case "mermaid":
				return writeMermaid(o.out, compiled.Graph)
			case "json":
				return o.print(compiled.Graph)
			}
			return &exitError{code: exitConfiguration, err: fmt.Errorf("--format %q: want tree, dot, mermaid or json", format)}
		},
	}
	o.settable(cmd.Flags())
	cmd.Flags().StringVar(&format, "format", "tree", "tree, dot, mermaid or json")
	return cmd
}

// arrows are the edges of a drawing: one for each reason, however many fields give it.
func arrows(g *graph.Graph) []graph.Edge {
	edges := make([]graph.Edge, len(g.Edges))
	for i, edge := range g.Edges { // sorted by ends and reason
		edges[i] = graph.Edge{From: edge.From, To: edge.To, Reason: edge.Reason}
	}
	return slices.Compact(edges)
}

// writeTree lists the waves, each component with what it waits for.
func writeTree(w io.Writer, g *graph.Graph) error {
	var b strings.Builder
	why := map[address.Address][]string{}
	for _, edge := range arrows(g) {
		why[edge.From] = append(why[edge.From], fmt.Sprintf("%s (%s)", edge.To.Short(), edge.Reason))
	}
	for i, wave := range g.Waves {
		fmt.Fprintf(&b, "Wave %d\n", i+1)
		for _, at := range wave {
			fmt.Fprintf(&b, "  %s\n", at.Short())
			for _, reason := range why[at] {
				fmt.Fprintf(&b, "    needs %s\n", reason)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeDot(w io.Writer, g *graph.Graph) error {
	var b strings.Builder
	b.WriteString("digraph deployer {\n  rankdir=LR;\n  node [shape=box];\n")
	for _, at := range g.Nodes {
		fmt.Fprintf(&b, "  %q;\n", at.Short())
	}
	for _, edge := range arrows(g) {
		fmt.Fprintf(&b, "  %q -> %q [label=%q];\n", edge.From.Short(), edge.To.Short(), edge.Reason)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func writeMermaid(w io.Writer, g *graph.Graph) error {
	var b strings.Builder
	b.WriteString("graph LR\n")
	name := map[address.Address]string{}
	for i, at := range g.Nodes {
		name[at] = fmt.Sprintf("n%d", i)
		fmt.Fprintf(&b, "  %s[\"%s\"]\n", name[at], at.Short())
	}
	for _, edge := range arrows(g) {
		fmt.Fprintf(&b, "  %s -->|%s| %s\n", name[edge.From], edge.Reason, name[edge.To])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

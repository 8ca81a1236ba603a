// Package pipeline is the way from a bundle to an ordered set of resources: a bundle's files go in, a Compiled set with
// its graph comes out, or every mistake that stands in the way. The validate command, the plan and the deployment all go
// through it, so that they cannot disagree.
package pipeline

import (
	"errors"
	"strings"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/document"
	"github.com/deployer-io/deployer/shared/graph"
	"github.com/deployer-io/deployer/shared/policy"
	"github.com/deployer-io/deployer/shared/resource"
)

// Options choose what is compiled.
type Options struct {
	Scope     address.Address
	Sets      []string // --set SERVICE/COMPONENT.path=value or var.NAME=value
	GitCommit string
	Now       time.Time // exceptions from policies expire
}

// Compiled is a bundle that was understood.
type Compiled struct {
	Set       *resource.Set
	Graph     *graph.Graph
	Documents []*document.Document // merged, with their provenance
}

// The codes of what the pipeline itself reports.
const (
	CodeCycle  diag.Code = "cyclic-dependency"
	CodePolicy diag.Code = "policy"
)

// Compile parses, merges, types, orders and judges a bundle. The diagnostics are sorted; with errors among them there is
// no Compiled.
func Compile(b *bundle.Bundle, options Options) (*Compiled, diag.List) {
	documents, mistakes := document.Parse(b)
	sets, more := document.ParseSets(options.Sets)
	mistakes.Append(more)
	merged, more := document.Merge(documents, document.Options{Stack: options.Scope.Stack, Environment: options.Scope.Environment,
		Sets: sets, Values: values(options)})
	mistakes.Append(more)
	set, more := resource.Build(merged, options.Scope)
	mistakes.Append(more)
	// The whole bundle is kept, also what a higher layer covers and what is of other environments.
	mistakes.Append(resource.Credentials(documents, mistakes))
	if set == nil {
		return nil, mistakes.Sorted()
	}
	order, more := order(set)
	mistakes.Append(more)
	compiled := &Compiled{Set: set, Graph: order, Documents: merged}
	mistakes.Append(compiled.judge(options.Now))
	if mistakes.HasErrors() {
		return nil, mistakes.Sorted()
	}
	return compiled, mistakes.Sorted()
}

// values are the built-in variables that are known. A commit that is not known is a mistake where it is used, and no empty
// text.
func values(options Options) map[string]string {
	known := map[string]string{}
	if options.GitCommit != "" {
		known["git.commit"] = options.GitCommit
	}
	return known
}

// order makes each cycle a mistake at the place of its first edge.
func order(set *resource.Set) (*graph.Graph, diag.List) {
	var mistakes diag.List
	g, err := graph.FromSet(set)
	var cyclic *graph.CyclicDependency
	switch {
	case errors.As(err, &cyclic):
		for _, cycle := range cyclic.Cycles {
			at, path := place(set, cycle.Edges[0])
			mistakes.Errorf(CodeCycle, at, path, "%s", cycle).WithHint("remove one of these dependencies")
		}
	case err != nil: // Build reports needs that lead nowhere, each at its place
		return nil, mistakes
	}
	return g, mistakes
}

func place(set *resource.Set, edge graph.Edge) (diag.Position, string) {
	if r, ok := set.Find(edge.From); ok {
		for _, need := range r.Needs {
			if need.Address == edge.To && need.Path == edge.Path {
				return need.Position, need.Path
			}
		}
		return r.Position, ""
	}
	return diag.Position{}, ""
}

// judge applies the bundle's policies to its resources.
func (c *Compiled) judge(now time.Time) diag.List {
	engine, mistakes := policy.Compile(c.Set, now)
	for _, violation := range engine.CheckResources(c.Set) {
		violation.Position = c.at(violation)
		mistakes = append(mistakes, violation.Diagnostic())
	}
	return mistakes
}

// at is the place of the field that a violation is about, in whichever document won; where that is not written, of the
// nearest field around it that is.
func (c *Compiled) at(violation policy.Violation) diag.Position {
	r, found := c.Set.Find(violation.Address)
	if !found {
		return violation.Position
	}
	d, found := c.Document(r)
	if !found {
		return violation.Position
	}
	path, inSpec := strings.CutPrefix(violation.Path, "spec.")
	for inSpec && path != "" {
		if written := d.Spec.Find(path); !written.IsZero() {
			return written.Position()
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return violation.Position
}

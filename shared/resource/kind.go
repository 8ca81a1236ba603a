package resource

import (
	"slices"
	"strings"
)

// Kind is the kind of a component, as its document says it.
type Kind string

// Spec is the typed spec of one kind: a pointer to a struct that embeds Common.
type Spec interface {
	// Base returns the fields that all components have.
	Base() *Common
	// Check reports what the types and tags alone cannot say: rules over several fields.
	Check(*Checker)
}

// Definition is what is known about a kind. All of them stand in the registry; the schemas, the reference pages and the
// tests walk it.
type Definition struct {
	Kind       Kind
	APIVersion string
	Family     string      // compute, data, cache, storage, messaging, network, platform
	Summary    string      // one sentence
	New        func() Spec // a fresh spec holding the defaults, which are safe in production
	Outputs    []Output    // what valueFrom may read, sorted by name; see Offers for those that depend on the spec
	Stateful   bool        // holds data: guarded against deletion and replacement
	NoSnapshot bool        // holds data of which AWS takes no final snapshot
	// Revision is raised whenever the kind's translation changes what is created, so that the next plan updates it.
	Revision int
	// ReplaceOn lists the spec's fields that cannot be changed in place: changing one deletes and recreates the component.
	ReplaceOn []string
	// Networked kinds live in the environment's network, so they need a Networking document; see LivesInNetwork.
	Networked bool
}

// Output is one value that a kind offers once it is deployed.
type Output struct {
	Name   string
	Type   OutputType
	Secret bool // never kept in clear; only its reference is
	Doc    string
}

// OutputType is the type of an output: a JSON string, number, array of strings, or object of strings by name.
type OutputType string

// The output types.
const (
	Text     OutputType = "string"
	Number   OutputType = "number"
	TextList OutputType = "list(string)"
	TextMap  OutputType = "map(string)"
)

var registry = map[Kind]Definition{}

// register adds a definition; called from the init-time variables of the family files.
func register(d Definition) Kind {
	if _, twice := registry[d.Kind]; twice {
		panic("resource: kind " + string(d.Kind) + " registered twice")
	}
	slices.SortFunc(d.Outputs, func(a, b Output) int { return strings.Compare(a.Name, b.Name) })
	registry[d.Kind] = d
	return d.Kind
}

// Lookup returns the definition of a kind.
func Lookup(kind Kind) (Definition, bool) {
	d, ok := registry[kind]
	return d, ok
}

// Kinds returns all kinds, sorted.
func Kinds() []Kind {
	kinds := make([]Kind, 0, len(registry))
	for kind := range registry {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

// Offers returns the outputs that a component of this spec has, sorted by name: some depend on what the spec asks for.
func Offers(d Definition, spec Spec) []Output {
	return slices.DeleteFunc(slices.Clone(d.Outputs), func(o Output) bool { return lacks(spec, o.Name) != "" })
}

// lacks says why a spec does not have one of its kind's outputs; empty when it has.
func lacks(spec Spec, output string) string {
	if partial, ok := spec.(interface{ Lacks(output string) string }); ok {
		return partial.Lacks(output)
	}
	return ""
}

// LivesInNetwork reports whether a component of this spec lives in the environment's network. For most it is a matter of
// the kind; a Lambda function says so itself.
func LivesInNetwork(d Definition, spec Spec) bool {
	if own, ok := spec.(interface{ InNetwork() bool }); ok {
		return own.InNetwork()
	}
	return d.Networked
}

// Output returns the output of that name.
func (d Definition) Output(name string) (Output, bool) {
	i := slices.IndexFunc(d.Outputs, func(o Output) bool { return o.Name == name })
	if i < 0 {
		return Output{}, false
	}
	return d.Outputs[i], true
}

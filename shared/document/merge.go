package document

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/deployer-io/deployer/shared/diag"
)

// Options say for what Merge merges.
type Options struct {
	Stack       string            // may be empty where the bundle holds one stack
	Environment string            // one that the stack declares
	Sets        []Set             // from ParseSets, later ones win
	Values      map[string]string // built-in variables beside environment and stack: git.commit, ...
}

// Merge returns the documents of one stack in one environment, ordered by their places, each with its spec merged through
// all its layers (see Layer) and its variables replaced. The documents that only give values to others are among them;
// see Document.IsLayer. docs are not changed.
//
// Layers merge like Kubernetes' strategic merge patches: mappings deeply; lists whose items all have a name by name; other
// lists, and an empty one, replace; null deletes a key. $patch: delete or replace in a mapping or in a named item deletes
// or replaces it, {$patch: replace} as an item of a named list makes the other items the whole list. An overlay is a
// document in a folder environments/NAME; it patches the document of the same apiVersion, kind, service and name, or is
// a document of that environment alone. Overlays of one document apply from the outermost folder to the innermost,
// within a folder by path.
func Merge(docs []*Document, o Options) ([]*Document, diag.List) {
	m := merger{options: o}
	docs = m.ofStack(docs)
	if m.stack == nil {
		return nil, m.ds
	}
	sets := m.checkTargets(docs)
	layers, others := m.split(m.effective(docs))
	stack := m.merged(m.stack)
	m.checkEnvironments(docs, environmentNames(stack))
	m.variables = m.declare(stack)
	givers := make([]*Document, len(layers))
	for i, e := range layers {
		givers[i] = e.document([]layer(nil), m.fold(e.own, e.base.Spec.at))
	}
	defaults := m.defaults(givers)
	merged := append(givers, m.mergeAll(others, defaults, sets)...)
	if m.nodes.Load() > MaxNodes || m.variables.text.Load() > maxExpanded {
		m.ds = nil
		m.ds.Errorf(codeLimit, m.stack.base.Position, "", "the merged documents hold more than %d values or %d bytes from variables",
			MaxNodes, maxExpanded).WithHint("give fewer defaults, shorter variables, or split the stack")
		return nil, m.ds
	}
	slices.SortStableFunc(merged, func(a, b *Document) int { return a.Position.Compare(b.Position) })
	return merged, distinct(m.ds)
}

type merger struct {
	options   Options
	stack     *effective
	variables *variables
	nodes     atomic.Int64 // in all merged documents
	suggested int
	ds        diag.List
}

// split separates the documents that only give values from those that take them, and finds the stack's own.
func (m *merger) split(all []*effective) (layers, others []*effective) {
	for _, e := range all {
		switch {
		case e.base.IsLayer():
			layers = append(layers, e)
		default:
			if e.base.identity() == m.stack.base.identity() {
				m.stack = e
			}
			others = append(others, e)
		}
	}
	return layers, others
}

// merged folds the document's own layers, without variables.
func (m *merger) merged(e *effective) Node { return m.fold(e.own, e.base.Spec.at) }

// fold lays the layers over each other, lowest first.
func (m *merger) fold(layers []layer, at *step) Node {
	p := patcher{ds: &m.ds}
	return Node{p.fold(nil, layers, at), at}
}

// fold lays a document's own layers over tree, which may be nil; the result stands where the first of them does.
func (p *patcher) fold(tree *node, layers []layer, at *step) *node {
	for i, l := range layers {
		p.keep = i > 0
		if merged := p.merge(tree, l.tree, at); merged != nil {
			tree = merged
		} else {
			tree = l.tree.with(Map, nil)
		}
	}
	return tree
}

// mergeAll merges the documents that take values, a few at a time.
func (m *merger) mergeAll(all []*effective, defaults *defaults, sets map[string][]layer) []*Document {
	merged, lists := make([]*Document, len(all)), make([]diag.List, len(all))
	const share = 32 // documents taken at once, so that the counter is no bottleneck
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(all)/share+1) {
		workers.Go(func() {
			for end := int(next.Add(share)); end-share < len(all); end = int(next.Add(share)) {
				for i := end - share; i < min(end, len(all)); i++ {
					if m.nodes.Load() > MaxNodes || m.variables.text.Load() > maxExpanded {
						return
					}
					merged[i] = m.mergeOne(all[i], defaults, sets, &lists[i])
				}
			}
		})
	}
	workers.Wait()
	m.ds.Append(slices.Concat(lists...))
	return merged
}

func (m *merger) mergeOne(e *effective, defaults *defaults, sets map[string][]layer, ds *diag.List) *Document {
	p, at := patcher{ds: ds}, e.base.Spec.at
	below, lower := defaults.below(e.base, ds)
	over := e.own
	if e.base.IsComponent() {
		if set := sets[e.base.short()]; len(set) > 0 {
			over = slices.Concat(over, set)
		}
	}
	tree := p.fold(below, over, at)
	expand := expander{variables: m.variables, ds: ds}
	if e == m.stack {
		tree = expand.stack(tree, at)
	} else {
		tree = expand.tree(tree, at)
	}
	m.nodes.Add(int64(tree.size))
	d := e.document(lower, Node{tree, at})
	d.layers = append(d.layers, over[len(e.own):]...)
	return d
}

// distinct drops diagnostics that say the same of the same place: a mistake in a default is one mistake, however many
// components take it over.
func distinct(ds diag.List) diag.List {
	type place struct {
		diag.Position
		message string
	}
	seen := make(map[place]bool, len(ds))
	return slices.DeleteFunc(ds, func(d diag.Diagnostic) bool {
		p := place{d.Position, d.Message}
		if seen[p] {
			return true
		}
		seen[p] = true
		return false
	})
}

// Package graph orders identities: addresses and the edges between them go in, waves come out. It knows no resource, does
// no I/O, and gives the same answer for the same input.
package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/resource"
)

// SchemaVersion is the version of graph.json's shape.
const SchemaVersion = 1

// Edge says that From waits for To, and why. Position is where the author said so.
type Edge struct {
	From   address.Address `json:"from"`
	To     address.Address `json:"to"`
	Reason resource.Reason `json:"reason"`
	Path   string          `json:"path,omitempty"`
	Where  string          `json:"where,omitempty"` // file:line:column
}

// Wave is a set of addresses none of which waits for another of the set, sorted.
type Wave []address.Address

// Graph is a set of addresses and the edges between them, both sorted.
type Graph struct {
	SchemaVersion int               `json:"schemaVersion"`
	Nodes         []address.Address `json:"nodes"`
	Edges         []Edge            `json:"edges"`
	Waves         []Wave            `json:"waves"`
}

// Cycle is the error of nodes that wait for one another. Members and Edges are only those on the cycle, in its order:
// Edges[i] goes from Members[i] to the next member.
type Cycle struct {
	Members []address.Address
	Edges   []Edge
}

// CyclicDependency is the error that New returns; it names every cycle, each by its own members.
type CyclicDependency struct{ Cycles []Cycle }

func (e *CyclicDependency) Error() string {
	lines := make([]string, len(e.Cycles))
	for i, cycle := range e.Cycles {
		lines[i] = cycle.String()
	}
	return strings.Join(lines, "\n")
}

// String is the cycle on one line: a -> b -> a.
func (c Cycle) String() string {
	names := make([]string, 0, len(c.Members)+1)
	for _, member := range c.Members {
		names = append(names, member.Short())
	}
	return "components wait for one another: " + strings.Join(append(names, names[0]), " -> ")
}

// FromSet returns the graph of a set's resources and their needs.
func FromSet(set *resource.Set) (*Graph, error) {
	nodes := make([]address.Address, 0, len(set.Resources))
	var edges []Edge
	for _, r := range set.Resources {
		nodes = append(nodes, r.Address)
		for _, need := range r.Needs {
			edge := Edge{From: r.Address, To: need.Address, Reason: need.Reason, Path: need.Path}
			if need.Position.File != "" {
				edge.Where = need.Position.String()
			}
			edges = append(edges, edge)
		}
	}
	return New(nodes, edges)
}

// New sorts the nodes into waves. An edge to a node that is not there is an error of the caller.
// The error is a *CyclicDependency when nodes wait for one another.
func New(nodes []address.Address, edges []Edge) (*Graph, error) {
	g := &Graph{SchemaVersion: SchemaVersion, Nodes: slices.Clone(nodes), Edges: slices.Clone(edges)}
	slices.SortFunc(g.Nodes, address.Address.Compare)
	g.Nodes = slices.Compact(g.Nodes)
	slices.SortFunc(g.Edges, compareEdges)
	index, err := g.index()
	if err != nil {
		return nil, err
	}
	if g.Waves = index.waves(); g.Waves == nil && len(g.Nodes) > 0 {
		return nil, &CyclicDependency{Cycles: index.cycles()}
	}
	return g, nil
}

// Needs returns, for every node, the distinct nodes that it waits for, sorted.
func (g *Graph) Needs() map[address.Address][]address.Address {
	return g.neighbours(func(e Edge) (address.Address, address.Address) { return e.From, e.To })
}

// Dependents returns, for every node, the distinct nodes that wait for it, sorted.
func (g *Graph) Dependents() map[address.Address][]address.Address {
	return g.neighbours(func(e Edge) (address.Address, address.Address) { return e.To, e.From })
}

func (g *Graph) neighbours(ends func(Edge) (of, neighbour address.Address)) map[address.Address][]address.Address {
	found := make(map[address.Address][]address.Address, len(g.Nodes))
	for _, edge := range g.Edges {
		of, neighbour := ends(edge)
		found[of] = append(found[of], neighbour)
	}
	for of, neighbours := range found {
		slices.SortFunc(neighbours, address.Address.Compare)
		found[of] = slices.Compact(neighbours)
	}
	return found
}

func compareEdges(a, b Edge) int {
	return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Path, b.Path))
}

// adjacency is the graph by positions in Nodes: ints sort faster than addresses.
type adjacency struct {
	graph *Graph
	needs [][]int32 // per node, with duplicates where edges differ only in reason
	edges [][]int32 // per node, positions in graph.Edges, beside needs
}

func (g *Graph) index() (*adjacency, error) {
	position := make(map[address.Address]int32, len(g.Nodes))
	for i, node := range g.Nodes {
		position[node] = int32(i)
	}
	a := &adjacency{graph: g, needs: make([][]int32, len(g.Nodes)), edges: make([][]int32, len(g.Nodes))}
	for i, edge := range g.Edges {
		from, fromOK := position[edge.From]
		to, toOK := position[edge.To]
		if !fromOK || !toOK {
			return nil, fmt.Errorf("graph: edge %s -> %s leads to a component that is not there", edge.From, edge.To)
		}
		a.needs[from] = append(a.needs[from], to)
		a.edges[from] = append(a.edges[from], int32(i))
	}
	return a, nil
}

// waves gathers, again and again, every node that waits for nothing any more (Kahn, A. B., "Topological sorting of large
// networks", 1962, by levels). It returns nil when a cycle keeps nodes waiting.
func (a *adjacency) waves() []Wave {
	nodes := a.graph.Nodes
	waiting, dependents := make([]int32, len(nodes)), make([][]int32, len(nodes))
	for from, needs := range a.needs {
		waiting[from] = int32(len(needs))
		for _, to := range needs {
			dependents[to] = append(dependents[to], int32(from))
		}
	}
	var ready []int32
	for i := range nodes {
		if waiting[i] == 0 {
			ready = append(ready, int32(i))
		}
	}
	waves, placed := []Wave{}, 0
	for len(ready) > 0 {
		slices.Sort(ready)
		wave, next := make(Wave, len(ready)), []int32(nil)
		for i, node := range ready {
			wave[i] = nodes[node]
			for _, dependent := range dependents[node] {
				if waiting[dependent]--; waiting[dependent] == 0 {
					next = append(next, dependent)
				}
			}
		}
		waves, placed, ready = append(waves, wave), placed+len(wave), next
	}
	if placed < len(nodes) {
		return nil
	}
	return waves
}

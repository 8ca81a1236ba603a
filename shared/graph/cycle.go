package graph

import (
	"slices"

	"github.com/deployer-io/deployer/shared/address"
)

// cycles returns one shortest cycle through the first member of each strongly connected component, ordered by that
// member, so that what merely depends on a cycle is not named with it.
func (a *adjacency) cycles() []Cycle {
	var cycles []Cycle
	for _, component := range a.stronglyConnected() {
		if cycle, ok := a.shortestCycle(component); ok {
			cycles = append(cycles, cycle)
		}
	}
	slices.SortFunc(cycles, func(x, y Cycle) int { return x.Members[0].Compare(y.Members[0]) })
	return cycles
}

// shortestCycle walks breadth-first from the component's first node back to itself.
func (a *adjacency) shortestCycle(component []int32) (Cycle, bool) {
	start, inside := component[0], map[int32]bool{}
	for _, node := range component {
		inside[node] = true
	}
	type step struct{ node, edge int32 } // how a node was reached: from which node, by which edge
	reached, queue := map[int32]step{}, []int32{start}
	for len(queue) > 0 {
		node := queue[0]
		queue = queue[1:]
		for i, to := range a.needs[node] {
			edge := a.edges[node][i]
			if to == start {
				return a.cycle(func(at int32) (int32, int32) { s := reached[at]; return s.node, s.edge }, start, node, edge), true
			}
			if _, seen := reached[to]; inside[to] && !seen {
				reached[to] = step{node, edge}
				queue = append(queue, to)
			}
		}
	}
	return Cycle{}, false
}

// cycle reads the way back from last to start.
func (a *adjacency) cycle(back func(int32) (node, edge int32), start, last, closing int32) Cycle {
	members, edges := []address.Address{}, []Edge{a.graph.Edges[closing]}
	for at := last; at != start; {
		members = append(members, a.graph.Nodes[at])
		from, edge := back(at)
		edges = append(edges, a.graph.Edges[edge])
		at = from
	}
	members = append(members, a.graph.Nodes[start])
	slices.Reverse(members)
	slices.Reverse(edges)
	return Cycle{Members: members, Edges: edges}
}

// stronglyConnected returns the components of more than one node and the nodes that need themselves, each sorted
// (Tarjan, R. E., "Depth-first search and linear graph algorithms", 1972; with a stack of its own, because a chain may be
// 50,000 long).
func (a *adjacency) stronglyConnected() [][]int32 {
	n := len(a.needs)
	number, low, onStack := make([]int32, n), make([]int32, n), make([]bool, n)
	var counter int32
	var stack []int32
	var found [][]int32
	type frame struct{ node, next int32 }
	for root := range n {
		if number[root] != 0 {
			continue
		}
		frames := []frame{{node: int32(root)}}
		for len(frames) > 0 {
			top := &frames[len(frames)-1]
			v := top.node
			if top.next == 0 {
				counter++
				number[v], low[v], onStack[v] = counter, counter, true
				stack = append(stack, v)
			}
			if int(top.next) < len(a.needs[v]) {
				w := a.needs[v][top.next]
				top.next++
				if number[w] == 0 {
					frames = append(frames, frame{node: w})
				} else if onStack[w] {
					low[v] = min(low[v], number[w])
				}
				continue
			}
			frames = frames[:len(frames)-1]
			if len(frames) > 0 {
				parent := frames[len(frames)-1].node
				low[parent] = min(low[parent], low[v])
			}
			if low[v] != number[v] {
				continue
			}
			at := len(stack) - 1
			for stack[at] != v {
				at--
			}
			component := slices.Clone(stack[at:])
			stack = stack[:at]
			for _, node := range component {
				onStack[node] = false
			}
			if len(component) > 1 || slices.Contains(a.needs[v], v) {
				slices.Sort(component)
				found = append(found, component)
			}
		}
	}
	return found
}

package graph

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/resource"
)

func at(name string) address.Address { return address.Scope("s", "e").In("svc", name) }

// build makes a graph of "a<b" (b waits for a) and lone names, separated by spaces.
func build(text string) (*Graph, error) {
	var nodes []address.Address
	var edges []Edge
	for _, word := range strings.Fields(text) {
		to, from, isEdge := strings.Cut(word, "<")
		nodes = append(nodes, at(to))
		if isEdge {
			nodes = append(nodes, at(from))
			edges = append(edges, Edge{From: at(from), To: at(to), Reason: resource.ReasonDependsOn})
		}
	}
	return New(nodes, edges)
}

func TestWaves(t *testing.T) {
	for name, c := range map[string]struct{ edges, want string }{
		"nothing gives no wave":                        {"", ""},
		"a lone node is a wave":                        {"a", "a"},
		"what waits for nothing comes first, sorted":   {"b a", "a b"},
		"a chain is one node a wave":                   {"a<b b<c", "a | b | c"},
		"a diamond closes in the third":                {"a<b a<c b<d c<d", "a | b c | d"},
		"a node goes as early as its last need allows": {"a<d b<c c<d e", "a b e | c | d"},
		"the same edge twice counts once":              {"a<b a<b", "a | b"},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := build(c.edges)
			require.NoError(t, err)
			var waves []string
			for _, wave := range g.Waves {
				var names []string
				for _, node := range wave {
					names = append(names, node.Component)
				}
				waves = append(waves, strings.Join(names, " "))
			}
			require.Equal(t, c.want, strings.Join(waves, " | "))
		})
	}
}

func TestCyclesNameOnlyTheirOwnMembers(t *testing.T) {
	for name, c := range map[string]struct{ edges, want string }{
		"a node that needs itself":          {"a<a b<c", "svc/a -> svc/a"},
		"two that need each other":          {"a<b b<a", "svc/a -> svc/b -> svc/a"},
		"what hangs on a cycle is no part":  {"a<b b<a a<x y<a", "svc/a -> svc/b -> svc/a"},
		"two cycles are both told":          {"a<b b<a c<d d<c b<c", "svc/a -> svc/b -> svc/a; svc/c -> svc/d -> svc/c"},
		"the shortest of several is chosen": {"a<b b<c c<a a<c", "svc/a -> svc/c -> svc/a"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := build(c.edges)
			var cyclic *CyclicDependency
			require.ErrorAs(t, err, &cyclic)
			var told []string
			for _, cycle := range cyclic.Cycles {
				told = append(told, strings.TrimPrefix(cycle.String(), "components wait for one another: "))
				for i, edge := range cycle.Edges {
					require.Equal(t, cycle.Members[i], edge.From)
					require.Equal(t, cycle.Members[(i+1)%len(cycle.Members)], edge.To)
				}
			}
			require.Equal(t, c.want, strings.Join(told, "; "))
		})
	}
}

func TestAnEdgeToNowhereIsAnError(t *testing.T) {
	_, err := New([]address.Address{at("a")}, []Edge{{From: at("a"), To: at("b")}})
	require.ErrorContains(t, err, "s/e/svc/b")
}

func TestALongChainNeedsNoDeepStack(t *testing.T) {
	const length = 50_000
	nodes := make([]address.Address, length)
	for i := range nodes {
		nodes[i] = address.Scope("s", "e").In("svc", "n"+strings.Repeat("x", i%7)+itoa(i))
	}
	edges := make([]Edge, length)
	for i := range edges {
		edges[i] = Edge{From: nodes[i], To: nodes[(i+1)%length]}
	}
	_, err := New(nodes, edges)
	var cyclic *CyclicDependency
	require.ErrorAs(t, err, &cyclic)
	require.Len(t, cyclic.Cycles[0].Members, length)
}

func itoa(i int) string {
	digits := ""
	for ; i > 0; i /= 10 {
		digits = string(rune('0'+i%10)) + digits
	}
	return digits
}

func TestEveryNodeComesAfterItsNeedsAndAsEarlyAsItCan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "nodes")
		nodes, edges := []address.Address{}, []Edge{}
		for i := range n {
			nodes = append(nodes, at("n"+itoa(i+1)))
			for _, j := range rapid.SliceOfN(rapid.IntRange(0, max(i-1, 0)), 0, 3).Draw(t, "needs") {
				if i > 0 {
					edges = append(edges, Edge{From: nodes[i], To: nodes[j]})
				}
			}
		}
		g, err := New(nodes, edges)
		require.NoError(t, err)
		wave := map[address.Address]int{}
		for i, members := range g.Waves {
			for _, member := range members {
				wave[member] = i
			}
		}
		require.Len(t, wave, n)
		needs := g.Needs()
		for _, node := range nodes {
			earliest := 0
			for _, need := range needs[node] {
				earliest = max(earliest, wave[need]+1)
			}
			require.Equal(t, earliest, wave[node])
		}
	})
}

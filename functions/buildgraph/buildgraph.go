// Package buildgraph is the BuildGraph task: resources.json goes in, graph.json comes out. For a destroy the graph is that
// of what the state holds.
package buildgraph

import (
	"context"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/graph"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// Handler orders components.
type Handler struct {
	Objects objects.Store
}

// In refers to the run.
type In struct {
	Run run.Ref `json:"run"`
}

// Out says how large the graph is.
type Out struct {
	Components int `json:"components"`
	Edges      int `json:"edges"`
	Waves      int `json:"waves"`
}

// Handle writes graph.json. The error is *graph.CyclicDependency when components wait for one another.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	g, err := h.graph(ctx, in.Run)
	if err != nil {
		return Out{}, err
	}
	archive := run.Archive{Store: h.Objects, Ref: in.Run}
	return Out{Components: len(g.Nodes), Edges: len(g.Edges), Waves: len(g.Waves)}, archive.Write(ctx, run.GraphArtifact, g)
}

func (h Handler) graph(ctx context.Context, ref run.Ref) (*graph.Graph, error) {
	if ref.Operation.Destroys() {
		snapshot, _, err := state.NewStore(h.Objects, ref.Scope()).Read(ctx)
		if err != nil {
			return nil, err
		}
		return fromState(&snapshot)
	}
	var set resource.Set
	if err := (run.Archive{Store: h.Objects, Ref: ref}).Read(ctx, run.ResourcesArtifact, &set); err != nil {
		return nil, err
	}
	return graph.FromSet(&set)
}

// fromState is the graph of the components that the state knows. A need that is gone meanwhile orders nothing any more.
func fromState(snapshot *state.Snapshot) (*graph.Graph, error) {
	var nodes []address.Address
	var edges []graph.Edge
	for _, record := range snapshot.Components {
		nodes = append(nodes, record.Address)
		for _, short := range record.DependsOn {
			if upstream, there := snapshot.Components[short]; there {
				edges = append(edges, graph.Edge{From: record.Address, To: upstream.Address, Reason: resource.ReasonDependsOn})
			}
		}
	}
	return graph.New(nodes, edges)
}

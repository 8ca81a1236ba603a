package plan

import (
	"slices"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/graph"
)

// DefaultBatchSize is how many steps one executor task gets at the most: enough to share the start of a task and of the
// provider, few enough for a task's memory.
const DefaultBatchSize = 20

// schedule orders the plan's steps into waves and cuts each wave into batches.
func (m *maker) schedule(p *Plan, batchSize int) error {
	if batchSize <= 0 {
		batchSize = DefaultBatchSize
	}
	nodes, edges := []address.Address{}, []graph.Edge{}
	for at, step := range m.steps {
		if step.Action != NoOp {
			nodes = append(nodes, at)
			edges = append(edges, m.before(step)...)
		}
	}
	order, err := graph.New(nodes, edges)
	if err != nil {
		return err
	}
	needs := order.Needs()
	for _, wave := range order.Waves {
		shorts := make([]string, 0, len(wave))
		for _, at := range wave {
			step := m.steps[at]
			for _, need := range needs[at] {
				step.Needs = append(step.Needs, need.Short())
			}
			p.Steps = append(p.Steps, *step)
			shorts = append(shorts, at.Short())
		}
		var batches []Batch
		for chunk := range slices.Chunk(shorts, evenSize(len(shorts), batchSize)) {
			batches = append(batches, Batch{Steps: chunk})
		}
		p.Waves = append(p.Waves, Wave{Batches: batches})
	}
	return nil
}

// before returns the edges from a step to those that must come first. What is wanted waits for its needs, through
// components without a step as well; what goes away waits for all that needed it.
func (m *maker) before(step *Step) []graph.Edge {
	var edges []graph.Edge
	if step.Action != Delete {
		for _, need := range m.activeNeeds(step.Address) {
			edges = append(edges, graph.Edge{From: step.Address, To: need})
		}
	}
	// Whatever record says: the components that the state knows to need another must let go of it before it is deleted.
	record, known := m.snapshot.Components[step.Address.Short()]
	for _, short := range record.DependsOn {
		upstream, there := m.snapshot.Components[short]
		if !known || !there {
			continue
		}
		if other := m.steps[upstream.Address]; other != nil && other.Action == Delete && upstream.Address != step.Address {
			edges = append(edges, graph.Edge{From: upstream.Address, To: step.Address})
		}
	}
	return edges
}

// activeNeeds returns the nearest upstreams of a component that have a step: an unchanged component between two changed
// ones does not lose their order.
func (m *maker) activeNeeds(of address.Address) []address.Address {
	var active []address.Address
	seen, queue := map[address.Address]bool{}, slices.Clone(m.needs[of])
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if seen[at] {
			continue
		}
		seen[at] = true
		if step := m.steps[at]; step != nil && step.Action != NoOp && step.Action != Delete {
			active = append(active, at)
		} else {
			queue = append(queue, m.needs[at]...)
		}
	}
	return active
}

// evenSize is the size of batches that are all about as large and none larger than limit.
func evenSize(total, limit int) int {
	if total == 0 {
		return 1
	}
	batches := (total + limit - 1) / limit
	return (total + batches - 1) / batches
}

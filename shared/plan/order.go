package plan

import (
	"slices"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/graph"
)

// schedule orders the plan's steps, and gathers them into waves and batches.
func (m *maker) schedule(p *Plan, options Options) error {
	order := m.order
	if m.back != nil {
		order = m.backwards
	}
	steps, needs, err := order()
	if err != nil || len(steps) == 0 {
		return err
	}
	for i, step := range steps {
		for _, need := range needs[i] {
			step.Needs = append(step.Needs, steps[need].Address.Short())
		}
	}
	limit := options.BatchSize
	switch {
	case limit <= 0 && options.PerLevel:
		limit = LevelBatchSize
	case limit <= 0:
		limit = DefaultBatchSize
	}
	slots := options.Parallelism
	if slots <= 0 {
		slots = DefaultParallelism
	}
	work := newWork(steps, needs, limit, slots)
	cut := work.levels()
	if !options.PerLevel {
		cut = work.cluster()
	}
	for _, wave := range cut {
		m.emit(p, work, wave, options.PerLevel)
	}
	return nil
}

// emit adds one wave: its steps, and its batches.
func (m *maker) emit(p *Plan, work *work, wave []int, perLevel bool) {
	for _, i := range wave { // ordered by level, then address
		p.Steps = append(p.Steps, *work.steps[i])
	}
	groups := work.pack(wave)
	if perLevel {
		groups = nil
		for chunk := range slices.Chunk(wave, evenSize(len(wave), work.limit)) {
			groups = append(groups, chunk)
		}
	}
	var batches []Batch
	for _, group := range groups {
		batch := Batch{Steps: make([]string, 0, len(group))}
		for _, i := range group {
			batch.Steps = append(batch.Steps, work.steps[i].Address.Short())
		}
		batches = append(batches, batch)
	}
	p.Waves = append(p.Waves, Wave{Batches: batches})
}

// order returns the steps that do something, ordered by level and address, and for each the positions of those that come
// directly before it, sorted. Levels, expected times and so on stand in the steps then.
func (m *maker) order() ([]*Step, [][]int, error) {
	nodes, edges := []address.Address{}, []graph.Edge{}
	for at, step := range m.steps {
		if step.Action != NoOp {
			nodes = append(nodes, at)
			edges = append(edges, m.before(step)...)
		}
	}
	sorted, err := graph.New(nodes, edges)
	if err != nil {
		return nil, nil, err
	}
	steps := make([]*Step, 0, len(nodes))
	position := make(map[address.Address]int, len(nodes))
	for level, wave := range sorted.Waves {
		for _, at := range wave {
			step := m.steps[at]
			step.Level, step.Seconds = level+1, m.expect(step)
			position[at] = len(steps)
			steps = append(steps, step)
		}
	}
	before := sorted.Needs()
	needs := make([][]int, len(steps))
	for i, step := range steps {
		for _, need := range before[step.Address] {
			needs[i] = append(needs[i], position[need])
		}
	}
	return steps, needs, nil
}

// before returns the edges from a step to those that must come first. What is wanted waits for its needs, through
// components without a step as well; what goes away waits for all that needed it.
func (m *maker) before(step *Step) []graph.Edge {
	var edges []graph.Edge
	switch {
	case step.Action == Delete:
		edges = m.letting(step)
	case m.back != nil:
		edges = m.restoring(step)
	default:
		for _, need := range m.activeNeeds(step.Address) {
			edges = append(edges, graph.Edge{From: step.Address, To: need})
		}
	}
	// Whatever the set says now: the components that the state knows to need another must let go of it before it is deleted.
	for _, short := range m.snapshot.Components[step.Address.Short()].DependsOn {
		upstream, there := m.snapshot.Components[short]
		if !there || upstream.Address == step.Address {
			continue
		}
		if other := m.steps[upstream.Address]; other != nil && other.Action == Delete {
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

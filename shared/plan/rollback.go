package plan

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/graph"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// Fate is what a step has done to its component, as far as that has to be undone.
type Fate string

// The fates. A step that changed nothing has none.
const (
	Changed Fate = "changed" // what was planned
	Half    Fate = "half"    // something, and not all of it
	LetGo   Fate = "let-go"  // its resources are there, and deployer no longer manages them
)

// Undoing is what a rollback is planned from.
type Undoing struct {
	Plan   *Plan           // that was being carried out
	Fates  map[string]Fate // of its steps, by service/component
	Before *state.Snapshot // that the plan started from
	Now    *state.Snapshot // with all that was done merged
	// Approved says that a person has agreed to the plan, and so to what it says of its rollback. Without that nothing that
	// holds data is replaced.
	Approved bool
}

// Kept is what a rollback leaves as it is, and why.
type Kept struct {
	Component string        `json:"component"` // service/component
	Kind      resource.Kind `json:"kind"`
	Reason    string        `json:"reason"`
	// Half says that the component was left half-done, so that a person has to look.
	Half bool `json:"half,omitempty"`
}

// Rollback returns the plan that undoes what was done of another one, and the set of components that it brings back. What
// was created is deleted, what was updated gets its former spec, what was replaced or deleted is created anew from it; in
// reverse order, except that what reads an output which changes back waits for it. Components that hold data are not
// deleted, and replaced only where their author and a person allow it and a last snapshot is taken; no data is restored.
// What is left alone for that reason is in the plan's Kept.
func Rollback(u Undoing, options Options) (*Plan, *resource.Set, error) {
	set, err := Restored(u.Before, resource.StackSpec{}, Whereabouts(u.Before))
	if err != nil {
		return nil, nil, err
	}
	order, err := graph.FromSet(set)
	if err != nil {
		return nil, nil, err
	}
	options.Operation, options.Only = run.Rollback, nil
	m := newMaker(set, order, u.Now)
	m.back = &goingBack{undoing: &u, kept: map[string]Kept{}}
	for _, wave := range order.Waves {
		for _, at := range wave {
			if m.steps[at], err = m.step(m.wanted[at.Short()]); err != nil {
				return nil, nil, err
			}
		}
	}
	for short, record := range u.Now.Components {
		if _, wanted := m.wanted[short]; !wanted && u.Fates[short] != "" {
			m.steps[record.Address] = m.deletion(record, "was created")
		}
	}
	p, err := m.finish(u.Plan.Scope, options)
	return p, set, err
}

// Restored returns the set of the components that a snapshot knows a spec of.
func Restored(snapshot *state.Snapshot, stack resource.StackSpec, environment resource.Environment) (*resource.Set, error) {
	var formers []resource.Former
	for _, short := range slices.Sorted(maps.Keys(snapshot.Components)) {
		if record := snapshot.Components[short]; len(record.Spec) > 0 {
			formers = append(formers, resource.Former{Address: record.Address, Kind: resource.Kind(record.Kind), Spec: record.Spec,
				DependsOn: record.DependsOn})
		}
	}
	return resource.Restored(snapshot.Scope, stack, environment, formers)
}

// Whereabouts is where a snapshot's components are: all of them are in one account and region. A failure in it ends a run.
func Whereabouts(snapshot *state.Snapshot) resource.Environment {
	environment := resource.Environment{Name: snapshot.Scope.Environment}
	environment.SetDefaults()
	environment.OnFailure = resource.OnFailureStop
	for _, short := range slices.Sorted(maps.Keys(snapshot.Components)) {
		record := snapshot.Components[short]
		if environment.Account == "" {
			environment.Account = record.Account
		}
		if environment.Region == "" {
			environment.Region = record.Region
		}
	}
	return environment
}

// goingBack is what a plan knows beside the rest that brings back what was. A nil one is a plan that goes on.
type goingBack struct {
	undoing *Undoing // nil: everything is taken back to an earlier serial, by a plan that a person has to approve
	kept    map[string]Kept
	// ordered says that upstreams go first, where the reverse order would make steps wait for one another.
	ordered bool
}

// fate returns what was done to a component. Where a whole scope goes back, all of it is taken to have changed.
func (b *goingBack) fate(short string) Fate {
	if b.undoing == nil {
		return Changed
	}
	return b.undoing.Fates[short]
}

// was returns the action that is undone.
func (b *goingBack) was(short string) Action {
	if b.undoing == nil {
		return NoOp
	}
	if step, planned := b.undoing.Plan.Step(short); planned {
		return step.Action
	}
	return NoOp
}

func (b *goingBack) approved() bool { return b.undoing == nil || b.undoing.Approved }

// keep leaves a component as it is.
func (b *goingBack) keep(step *Step, format string, args ...any) {
	short := step.Address.Short()
	step.Action, step.Reasons, step.Changes = NoOp, nil, nil
	b.kept[short] = Kept{Component: short, Kind: step.Kind, Reason: fmt.Sprintf(format, args...), Half: b.fate(short) == Half}
}

// list returns what is kept, sorted.
func (b *goingBack) list() []Kept {
	if b == nil {
		return nil
	}
	var all []Kept
	for _, short := range slices.Sorted(maps.Keys(b.kept)) {
		all = append(all, b.kept[short])
	}
	return all
}

// keepFoundations keeps what those need that are kept: a database cannot stay without its network.
func (m *maker) keepFoundations() {
	queue := slices.Sorted(maps.Keys(m.back.kept))
	for len(queue) > 0 {
		above := queue[0]
		queue = queue[1:]
		record, there := m.snapshot.Components[above]
		if step := m.steps[record.Address]; !there || step == nil || step.Action != NoOp {
			continue // it was let go of, or only a field of it is kept
		}
		for _, short := range record.DependsOn {
			below := m.steps[m.snapshot.Components[short].Address]
			if below != nil && (below.Action == Delete || below.Action == Replace) {
				m.back.keep(below, "%s needs it, which is kept", above)
				queue = append(queue, short)
			}
		}
	}
}

// backwards orders the steps of a rollback in reverse, or, where that leads nowhere, upstreams first.
func (m *maker) backwards() ([]*Step, [][]int, error) {
	steps, needs, err := m.order()
	var cyclic *graph.CyclicDependency
	if errors.As(err, &cyclic) {
		m.back.ordered = true
		return m.order()
	}
	return steps, needs, err
}

// restoring returns the edges of a component that is brought back. The reverse order goes through the same combinations of
// old and new as the way there did; but whoever reads an output that changes back must read it afterwards.
func (m *maker) restoring(step *Step) []graph.Edge {
	var edges []graph.Edge
	for _, need := range m.activeNeeds(step.Address) {
		if m.reversible(step, m.steps[need]) {
			edges = append(edges, graph.Edge{From: need, To: step.Address})
		} else {
			edges = append(edges, graph.Edge{From: step.Address, To: need})
		}
	}
	return edges
}

// reversible reports whether a component may be brought back before the one that it needs.
func (m *maker) reversible(step, need *Step) bool {
	if m.back.ordered || m.back.undoing == nil || step.Conditional || need.Conditional || step.Action != Update || need.Action != Update {
		return false
	}
	short := need.Address.Short()
	before, now := m.back.undoing.Before.Components[short], m.snapshot.Components[short]
	return now.Status == state.Deployed && sameOutputs(See(before.Outputs), See(now.Outputs))
}

// letting returns the edges by which what is deleted goes before what it needed is brought back.
func (m *maker) letting(step *Step) []graph.Edge {
	var edges []graph.Edge
	if m.back == nil || m.back.ordered {
		return nil
	}
	for _, short := range m.snapshot.Components[step.Address.Short()].DependsOn {
		at := m.snapshot.Components[short].Address
		if other := m.steps[at]; at != (address.Address{}) && other != nil && other.Action == Update {
			edges = append(edges, graph.Edge{From: at, To: step.Address})
		}
	}
	return edges
}

package plan

import (
	"encoding/json"
	"fmt"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/graph"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// Options are what shapes a plan beside its inputs.
type Options struct {
	Run       string
	Operation run.Operation
	Bundle    run.BundleRef
	// BatchSize is how many steps one executor task gets at the most; 0: DefaultBatchSize, with PerLevel LevelBatchSize.
	BatchSize int
	// PerLevel makes each level of the graph a wave of its own. Without it, waves are few and a batch may hold a chain:
	// that is faster where each task takes its time to start.
	PerLevel bool
	// Parallelism is how many steps an executor works on at a time; 0: DefaultParallelism.
	Parallelism int
	// Only, unless it is nil, restricts the plan to these components (service/component), to those that wait for them, and
	// to what either needs and is not deployed.
	Only []string
	// Rules is for Plan.Rules; see RulesChanged.
	Rules []string
}

// Make returns the plan that brings the snapshot to the set. The error is *ReplaceRefused when that would delete or replace
// what is guarded against it.
func Make(set *resource.Set, g *graph.Graph, snapshot *state.Snapshot, options Options) (*Plan, error) {
	m := newMaker(set, g, snapshot)
	if options.Operation.RollsBack() {
		m.back = &goingBack{kept: map[string]Kept{}, ordered: true}
	}
	m.checkAccount(set)
	for _, wave := range g.Waves {
		for _, at := range wave {
			r, ok := m.wanted[at.Short()]
			if !ok {
				return nil, fmt.Errorf("plan: the graph holds %s, which the set does not", at)
			}
			step, err := m.step(r)
			if err != nil {
				return nil, err
			}
			m.steps[at] = step
		}
	}
	if len(m.steps) != len(set.Resources) {
		return nil, fmt.Errorf("plan: the set holds %d components, the graph %d", len(set.Resources), len(m.steps))
	}
	for short, record := range snapshot.Components {
		if _, wanted := m.wanted[short]; !wanted {
			m.steps[record.Address] = m.deletion(record, map[bool]string{false: "removed from the bundle", true: "was not there then"}[m.back != nil])
		}
	}
	return m.finish(set.Scope, options)
}

// Destroy returns the plan that deletes every component of the snapshot, dependents first. The error is *ReplaceRefused
// when one of them is protected.
func Destroy(scope address.Address, snapshot *state.Snapshot, options Options) (*Plan, error) {
	m := &maker{snapshot: snapshot, steps: make(map[address.Address]*Step, len(snapshot.Components))}
	for _, record := range snapshot.Components {
		m.steps[record.Address] = m.deletion(record, "destroy was asked for")
	}
	return m.finish(scope, options)
}

func newMaker(set *resource.Set, g *graph.Graph, snapshot *state.Snapshot) *maker {
	m := &maker{snapshot: snapshot, steps: make(map[address.Address]*Step, len(set.Resources)), needs: g.Needs(),
		wanted: make(map[string]*resource.Resource, len(set.Resources)), region: set.Environment.Region, onFailure: set.Environment.OnFailure}
	for _, r := range set.Resources {
		m.wanted[r.Address.Short()] = r
	}
	return m
}

type maker struct {
	snapshot *state.Snapshot
	back     *goingBack // nil but for a rollback
	steps    map[address.Address]*Step
	needs    map[address.Address][]address.Address
	wanted   map[string]*resource.Resource // by service/component
	region   string
	// onFailure is what the environment wants done about a component that fails.
	onFailure resource.OnFailure
	refusals  []Refusal
}

// step decides what happens to one wanted resource. Its upstreams' steps have been decided before.
func (m *maker) step(r *resource.Resource) (*Step, error) {
	definition, ok := resource.Lookup(r.Kind)
	if !ok {
		return nil, fmt.Errorf("plan: %s has unknown kind %q", r.Address, r.Kind)
	}
	step := &Step{Address: r.Address, Kind: r.Kind, Action: NoOp, Stateful: definition.Stateful, OnFailure: r.Spec.Base().OnFailure}
	if r.Position.File != "" {
		step.Where = r.Position.String()
	}
	spec, err := json.Marshal(r.Spec)
	if err != nil {
		return nil, fmt.Errorf("plan: %s: %w", r.Address, err)
	}
	record, known := m.snapshot.Components[r.Address.Short()]
	if !known {
		step.Action, step.Reasons = Create, []string{"not in the state"}
		if step.Changes, err = diff(nil, spec); err == nil && m.back != nil {
			m.guardCreationBack(r, step)
		}
		return step, err
	}
	c := &comparison{maker: m, step: step, resource: r, definition: definition, record: record, spec: spec}
	if err := m.decide(c); err != nil {
		return nil, fmt.Errorf("plan: %s: %w", r.Address, err)
	}
	return step, nil
}

// decide compares a component that is known and wanted, and guards it.
func (m *maker) decide(c *comparison) error {
	switch {
	case m.back == nil:
	case m.back.fate(c.step.Address.Short()) == "":
		c.follow()
		return nil
	default:
		if err := m.holdFields(c); err != nil {
			return err
		}
	}
	if err := c.compare(); err != nil {
		return err
	}
	if m.back != nil {
		c.takeBack()
	}
	m.guardReplacement(c)
	return nil
}

// deletion is the step of a component that is no longer wanted.
func (m *maker) deletion(record state.Record, reason string) *Step {
	step := &Step{Address: record.Address, Kind: resource.Kind(record.Kind), Action: Delete, Reasons: []string{reason},
		Stateful: stateful(record.Kind)}
	m.guardDeletion(step, record)
	return step
}

// finish orders the steps and counts them.
func (m *maker) finish(scope address.Address, options Options) (*Plan, error) {
	if len(m.refusals) > 0 {
		return nil, refused(m.refusals)
	}
	p := &Plan{SchemaVersion: SchemaVersion, Scope: scope, Run: options.Run, Operation: options.Operation, Bundle: options.Bundle, Rules: options.Rules,
		Base: Base{Lineage: m.snapshot.Lineage, Serial: m.snapshot.Serial}, Steps: []Step{}, Waves: []Wave{}}
	if options.Only != nil {
		if err := m.restrict(options.Only, &p.Counts); err != nil {
			return nil, err
		}
	}
	if m.back != nil {
		m.keepFoundations()
		p.Kept = m.back.list()
	} else {
		p.Kept = m.keepGround()
	}
	for _, step := range m.steps {
		p.Counts.count(*step)
	}
	p.OnFailure, p.Rollback = m.onFailure, m.prospect(options.Operation)
	if err := m.schedule(p, options); err != nil {
		return nil, err
	}
	p.Digest = digest(p)
	return p, nil
}

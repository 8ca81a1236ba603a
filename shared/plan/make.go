package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

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
	BatchSize int // steps per executor task at the most; 0: DefaultBatchSize
}

// Make returns the plan that brings the snapshot to the set.
func Make(set *resource.Set, g *graph.Graph, snapshot *state.Snapshot, options Options) (*Plan, error) {
	m := &maker{snapshot: snapshot, steps: make(map[address.Address]*Step, len(set.Resources)), needs: g.Needs()}
	byAddress := make(map[address.Address]*resource.Resource, len(set.Resources))
	for _, r := range set.Resources {
		byAddress[r.Address] = r
	}
	for _, wave := range g.Waves {
		for _, at := range wave {
			step, err := m.step(byAddress[at])
			if err != nil {
				return nil, err
			}
			m.steps[at] = step
		}
	}
	for _, record := range snapshot.Components {
		if _, wanted := byAddress[record.Address]; !wanted {
			m.steps[record.Address] = m.deletion(record, "removed from the bundle")
		}
	}
	return m.finish(set.Scope, options)
}

// Destroy returns the plan that deletes every component of the snapshot, dependents first.
func Destroy(scope address.Address, snapshot *state.Snapshot, options Options) (*Plan, error) {
	m := &maker{snapshot: snapshot, steps: make(map[address.Address]*Step, len(snapshot.Components))}
	for _, record := range snapshot.Components {
		m.steps[record.Address] = m.deletion(record, "destroy was asked for")
	}
	return m.finish(scope, options)
}

type maker struct {
	snapshot *state.Snapshot
	steps    map[address.Address]*Step
	needs    map[address.Address][]address.Address
}

// step decides what happens to one wanted resource. Its upstreams' steps have been decided before.
func (m *maker) step(r *resource.Resource) (*Step, error) {
	definition, ok := resource.Lookup(r.Kind)
	if !ok {
		return nil, fmt.Errorf("plan: %s has unknown kind %q", r.Address, r.Kind)
	}
	step := &Step{Address: r.Address, Kind: r.Kind, Action: NoOp, Stateful: definition.Stateful}
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
		step.Changes, err = diff(nil, spec)
		return step, err
	}
	return step, m.compare(step, r, definition, record, spec)
}

// compare fills in the step of a component that the state knows.
func (m *maker) compare(step *Step, r *resource.Resource, definition resource.Definition, record state.Record, spec []byte) error {
	if record.Kind != string(r.Kind) {
		step.Action, step.Reasons = Replace, []string{fmt.Sprintf("kind changes from %s to %s", record.Kind, r.Kind)}
		step.Stateful = step.Stateful || holdsData(record.Kind)
		return nil
	}
	if !bytes.Equal(Compact(record.Spec), spec) && !jsonEqual(record.Spec, spec) {
		changes, err := diff(record.Spec, spec)
		if err != nil {
			return fmt.Errorf("plan: %s: %w", r.Address, err)
		}
		step.Action, step.Changes = Update, changes
		step.Reasons = append(step.Reasons, "spec differs")
		m.markReplacing(step, definition)
	}
	if record.Status != state.Deployed {
		step.Action = maxAction(step.Action, Update)
		step.Reasons = append(step.Reasons, "the last run left it "+string(record.Status))
	}
	if record.Revision != definition.Revision {
		step.Action = maxAction(step.Action, Update)
		step.Reasons = append(step.Reasons, fmt.Sprintf("deployer translates %s anew (revision %d, was %d)", r.Kind, definition.Revision, record.Revision))
	}
	return m.compareInputs(step, r, record, spec)
}

// compareInputs looks at what the component reads from others. An output that changes or may change makes an update; when
// it only may, the update is conditional: the executor decides with the real outputs.
func (m *maker) compareInputs(step *Step, r *resource.Resource, record state.Record, spec []byte) error {
	values, pending := map[string]json.RawMessage{}, []string{}
	for _, need := range r.Needs {
		if need.Reason != resource.ReasonValue {
			continue
		}
		if upstream := m.steps[need.Address]; upstream != nil && upstream.Action != NoOp {
			pending = append(pending, need.Address.Short())
			if step.Action != NoOp {
				step.Changes = append(step.Changes, Change{Path: need.Path, Unknown: true})
			}
		}
		values[need.Address.Short()+"."+need.Output] = m.snapshot.Components[need.Address.Short()].Outputs[need.Output]
	}
	if step.Action != NoOp {
		sortChanges(step.Changes)
		return nil
	}
	if InputsDigest(r.Kind, record.Revision, spec, values) != record.InputsDigest {
		step.Action, step.Reasons = Update, append(step.Reasons, "the outputs it reads have changed since it was deployed")
		return nil
	}
	if len(pending) > 0 {
		slices.Sort(pending)
		step.Action, step.Conditional = Update, true
		step.Reasons = append(step.Reasons, "only if the outputs of "+strings.Join(slices.Compact(pending), ", ")+" change")
	}
	return nil
}

// markReplacing turns the step into a replacement when a changed field cannot be changed in place.
func (m *maker) markReplacing(step *Step, definition resource.Definition) {
	for i, change := range step.Changes {
		if slices.ContainsFunc(definition.ReplaceOn, func(path string) bool { return covers(path, change.Path) }) {
			step.Changes[i].Replaces = true
			step.Action = Replace
		}
	}
	if step.Action == Replace {
		step.Reasons = append(step.Reasons, "a field changes that cannot be changed in place")
	}
}

// deletion is the step of a component that is no longer wanted.
func (m *maker) deletion(record state.Record, reason string) *Step {
	return &Step{Address: record.Address, Kind: resource.Kind(record.Kind), Action: Delete, Reasons: []string{reason},
		Stateful: holdsData(record.Kind)}
}

// finish orders the steps and counts them.
func (m *maker) finish(scope address.Address, options Options) (*Plan, error) {
	p := &Plan{SchemaVersion: SchemaVersion, Scope: scope, Run: options.Run, Operation: options.Operation, Bundle: options.Bundle,
		Base: Base{Lineage: m.snapshot.Lineage, Serial: m.snapshot.Serial}, Steps: []Step{}, Waves: []Wave{}}
	for _, step := range m.steps {
		p.Counts.count(*step)
	}
	if err := m.schedule(p, options.BatchSize); err != nil {
		return nil, err
	}
	p.Digest = digest(p)
	return p, nil
}

func holdsData(kind string) bool {
	definition, ok := resource.Lookup(resource.Kind(kind))
	return !ok || definition.Stateful // what is not known is handled with the greater care
}

func maxAction(a, b Action) Action {
	if a == NoOp {
		return b
	}
	return a
}

// covers reports whether a change at path is one of the field at prefix or below it.
func covers(prefix, path string) bool {
	return path == prefix || strings.HasPrefix(path, prefix) && (path[len(prefix)] == '.' || path[len(prefix)] == '[')
}

package execution

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// Preparation makes complete batches out of a plan: each step with its spec, and with what its upstreams have come to.
type Preparation struct {
	plan        *plan.Plan
	set         *resource.Set // nil for a plan that only deletes
	snapshot    *state.Snapshot
	fence       int64
	parallelism int
	resources   map[string]*resource.Resource
	steps       map[string]*plan.Step
	wrong       map[string]Outcome // earlier steps that were not fine, by service/component
}

// Prepare returns a Preparation. Set is nil for a plan that only deletes; the snapshot is the one of now, with the outputs
// of the waves before; fence is that of the run's lock; parallelism is how many steps run at a time, 0: as the executor has it.
func Prepare(p *plan.Plan, set *resource.Set, snapshot *state.Snapshot, fence int64, parallelism int) *Preparation {
	made := &Preparation{plan: p, set: set, snapshot: snapshot, fence: fence, parallelism: parallelism,
		resources: map[string]*resource.Resource{}, steps: make(map[string]*plan.Step, len(p.Steps))}
	if set != nil {
		for _, r := range set.Resources {
			made.resources[r.Address.Short()] = r
		}
	}
	for i := range p.Steps {
		made.steps[p.Steps[i].Address.Short()] = &p.Steps[i]
	}
	return made
}

// After tells the preparation what became of earlier waves' steps: what waits for one that was not fine is skipped.
func (p *Preparation) After(outcomes []Outcome) {
	p.wrong = map[string]Outcome{}
	for _, o := range outcomes {
		if !o.Outcome.Fine() {
			p.wrong[o.Address.Short()] = o
		}
	}
}

// Epoch names the checkpoints that are written under a fence.
func Epoch(fence int64) string { return fmt.Sprintf("e%d", fence) }

// epoch is the plan's own. What takes back a run has the run's fence and still another one: a task of the run that is
// being stopped, or a write of it that comes late, must not reach the checkpoints that the rollback goes on from.
func (p *Preparation) epoch() string {
	if (run.Ref{ID: p.plan.Run}).Undoes() {
		return Epoch(p.fence) + "-rollback"
	}
	return Epoch(p.fence)
}

// Batches returns the batches of one wave, counted from 0.
func (p *Preparation) Batches(wave int) ([]Batch, error) {
	if wave < 0 || wave >= len(p.plan.Waves) {
		return nil, fmt.Errorf("the plan of run %s has no wave %d", p.plan.Run, wave)
	}
	batches := make([]Batch, 0, len(p.plan.Waves[wave].Batches))
	for number, planned := range p.plan.Waves[wave].Batches {
		batch := Batch{SchemaVersion: SchemaVersion, Run: p.plan.Run, Scope: p.plan.Scope, Wave: wave, Number: number,
			Parallelism: p.parallelism}
		inside := make(map[string]bool, len(planned.Steps))
		for _, short := range planned.Steps {
			inside[short] = true
		}
		for _, short := range planned.Steps {
			step, known := p.steps[short]
			if !known {
				return nil, fmt.Errorf("wave %d of run %s names %s, for which the plan has no step", wave, p.plan.Run, short)
			}
			a, err := p.assignment(step)
			if err != nil {
				return nil, fmt.Errorf("prepare %s: %w", step.Address, err)
			}
			for _, need := range step.Needs {
				if inside[need] {
					a.Within = append(a.Within, need)
				}
				if before, wrong := p.wrong[need]; wrong && a.Skip == "" {
					a.Skip = fmt.Sprintf("%s, which comes first, %s", need, ended[before.Outcome])
				}
			}
			batch.Assignments = append(batch.Assignments, a)
		}
		batches = append(batches, batch)
	}
	return batches, nil
}

func (p *Preparation) assignment(step *plan.Step) (Assignment, error) {
	record := p.snapshot.Components[step.Address.Short()]
	a := Assignment{Action: step.Action, OnFailure: p.plan.Answer(step), Quiet: run.Ref{ID: p.plan.Run}.Undoes(), Conditional: step.Conditional, Known: record.InputsDigest, Outputs: record.Outputs,
		Revision: record.Revision, DependsOn: record.DependsOn,
		Order: Order{Address: step.Address, Kind: step.Kind, Run: p.plan.Run, BaseEpoch: record.Epoch, Epoch: p.epoch(),
			Refresh: record.Status != "" && record.Status != state.Deployed, Account: record.Account, Region: record.Region}}
	if step.Action == plan.Delete {
		return p.deletion(a, record)
	}
	r, wanted := p.resources[step.Address.Short()]
	if !wanted {
		return a, fmt.Errorf("the plan has a step for it, resources.json does not have it; start a new run")
	}
	definition, known := resource.Lookup(r.Kind)
	if !known {
		return a, fmt.Errorf("kind %q is not known to this version of deployer", r.Kind)
	}
	a.Revision, a.Order.Spec, a.Order.Tags = definition.Revision, r.Spec, p.set.Tags(r)
	a.Order.Account, a.Order.Region = p.set.Environment.Account, p.set.Environment.Region
	a.DependsOn = plan.DependsOn(r)
	for _, need := range r.Needs {
		if need.Reason == resource.ReasonValue {
			a.Reads = append(a.Reads, Read{Component: need.Address.Short(), Output: need.Output})
		}
	}
	a.Order.Upstreams = plan.Upstreams(r.Needs, p.now)
	return a, nil
}

// deletion completes the assignment of a component that goes away: its spec is the one that it was deployed with.
func (p *Preparation) deletion(a Assignment, record state.Record) (Assignment, error) {
	spec, err := resource.DecodeSpec(a.Order.Kind, record.Spec)
	if err != nil {
		return a, err
	}
	a.Order.Spec, a.Order.Upstreams = spec, map[string]Upstream{}
	for _, short := range record.DependsOn {
		kind, outputs := p.now(short)
		if kind != "" { // one that is gone meanwhile tells nothing any more
			a.Order.Upstreams[short] = Upstream{Kind: kind, Outputs: plan.See(outputs), Reasons: []resource.Reason{resource.ReasonDependsOn}}
		}
	}
	return a, nil
}

// now is what a component has come to. Those of the same batch are completed by the executor.
func (p *Preparation) now(short string) (resource.Kind, map[string]json.RawMessage) {
	record := p.snapshot.Components[short]
	if r, wanted := p.resources[short]; wanted {
		return r.Kind, record.Outputs
	}
	return resource.Kind(record.Kind), record.Outputs
}

// reads returns the outputs that the assignment reads of a component by name.
func (a Assignment) reads(short string) []string {
	var names []string
	for _, read := range a.Reads {
		if read.Component == short && !slices.Contains(names, read.Output) {
			names = append(names, read.Output)
		}
	}
	return names
}

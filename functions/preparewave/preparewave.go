// Package preparewave is the PrepareWave task: the plan and the state go in; the wave's batches, each complete in itself,
// come out as waves/{n}/{batch}.json.
package preparewave

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// Handler prepares waves.
type Handler struct {
	Objects objects.Store
	Locker  *lock.Locker
}

// In names the wave, counted from 0.
type In struct {
	Run   run.Ref    `json:"run"`
	Lease lock.Lease `json:"lease"`
	Wave  int        `json:"wave"`
}

// Out names the batches.
type Out struct {
	Batches []Batch `json:"batches"`
}

// Batch refers to one batch of the wave.
type Batch struct {
	Number int    `json:"number"`
	Key    string `json:"key"`
}

// Handle writes the wave's batches.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	if err := h.Locker.Check(ctx, in.Lease); err != nil {
		return Out{}, err
	}
	p, err := h.read(ctx, in)
	if err != nil {
		return Out{}, err
	}
	if in.Wave < 0 || in.Wave >= len(p.plan.Waves) {
		return Out{}, fmt.Errorf("prepare wave: the plan of run %s has no wave %d", in.Run.ID, in.Wave)
	}
	out := Out{Batches: []Batch{}}
	archive := run.Archive{Store: h.Objects, Ref: in.Run}
	for number, planned := range p.plan.Waves[in.Wave].Batches {
		batch, err := p.batch(in, number, planned)
		if err != nil {
			return Out{}, err
		}
		artifact := run.BatchArtifact(in.Wave, number)
		if err := archive.Write(ctx, artifact, batch); err != nil {
			return Out{}, err
		}
		out.Batches = append(out.Batches, Batch{Number: number, Key: archive.Key(artifact)})
	}
	return out, nil
}

// preparation is what the batches are made from.
type preparation struct {
	plan      plan.Plan
	steps     map[string]plan.Step
	resources map[string]*resource.Resource
	set       resource.Set
	snapshot  state.Snapshot
	request   run.Request
}

func (h Handler) read(ctx context.Context, in In) (*preparation, error) {
	p := &preparation{steps: map[string]plan.Step{}, resources: map[string]*resource.Resource{}}
	archive := run.Archive{Store: h.Objects, Ref: in.Run}
	if err := archive.Read(ctx, run.PlanArtifact, &p.plan); err != nil {
		return nil, err
	}
	if err := archive.Read(ctx, run.RequestArtifact, &p.request); err != nil {
		return nil, err
	}
	if !in.Run.Operation.Destroys() {
		if err := archive.Read(ctx, run.ResourcesArtifact, &p.set); err != nil {
			return nil, err
		}
	}
	for _, r := range p.set.Resources {
		p.resources[r.Address.Short()] = r
	}
	for _, step := range p.plan.Steps {
		p.steps[step.Address.Short()] = step
	}
	var err error
	p.snapshot, _, err = state.NewStore(h.Objects, in.Run.Scope()).Read(ctx)
	return p, err
}

func (p *preparation) batch(in In, number int, planned plan.Batch) (*execution.Batch, error) {
	batch := &execution.Batch{SchemaVersion: execution.SchemaVersion, Run: in.Run.ID, Scope: in.Run.Scope(), Wave: in.Wave,
		Number: number, Parallelism: p.request.Parallelism}
	for _, short := range planned.Steps {
		assignment, err := p.assignment(in, p.steps[short])
		if err != nil {
			return nil, err
		}
		for _, need := range p.steps[short].Needs {
			if slices.Contains(planned.Steps, need) {
				assignment.Within = append(assignment.Within, need)
			}
		}
		batch.Assignments = append(batch.Assignments, assignment)
	}
	return batch, nil
}

func (p *preparation) assignment(in In, step plan.Step) (execution.Assignment, error) {
	short := step.Address.Short()
	record := p.snapshot.Components[short]
	a := execution.Assignment{Action: step.Action, Conditional: step.Conditional, Known: record.InputsDigest, Outputs: record.Outputs,
		Revision: record.Revision, DependsOn: record.DependsOn,
		Order: execution.Order{Address: step.Address, Kind: step.Kind, Run: in.Run.ID, BaseEpoch: record.Epoch,
			Epoch: fmt.Sprintf("e%d", in.Lease.Fence), Refresh: record.Status != "" && record.Status != state.Deployed,
			Account: record.Account, Region: record.Region}}
	if step.Action == plan.Delete {
		spec, err := resource.DecodeSpec(step.Kind, record.Spec)
		if err != nil {
			return a, fmt.Errorf("prepare %s: %w", step.Address, err)
		}
		a.Order.Spec = spec
		a.Order.Upstreams = p.upstreams(record.DependsOn, nil)
		return a, nil
	}
	r, wanted := p.resources[short]
	if !wanted {
		return a, fmt.Errorf("prepare %s: the plan has a step for it, resources.json does not have it", step.Address)
	}
	definition, _ := resource.Lookup(r.Kind)
	a.Revision, a.Order.Spec = definition.Revision, r.Spec
	a.Order.Account, a.Order.Region = p.set.Environment.Account, p.set.Environment.Region
	a.Order.Tags = p.set.Tags(r)
	a.DependsOn, a.Reads = needs(r)
	a.Order.Upstreams = p.upstreams(a.DependsOn, r.Needs)
	return a, nil
}

// needs returns the distinct components that r waits for, sorted, and the outputs it reads.
func needs(r *resource.Resource) (dependsOn []string, reads []execution.Read) {
	for _, need := range r.Needs {
		dependsOn = append(dependsOn, need.Address.Short())
		if need.Reason == resource.ReasonValue {
			reads = append(reads, execution.Read{Component: need.Address.Short(), Output: need.Output})
		}
	}
	slices.Sort(dependsOn)
	return slices.Compact(dependsOn), reads
}

// upstreams returns what is known now of the components that one needs. Those in the same batch are completed by the
// executor.
func (p *preparation) upstreams(shorts []string, why []resource.Need) map[string]execution.Upstream {
	found := make(map[string]execution.Upstream, len(shorts))
	for _, short := range shorts {
		record := p.snapshot.Components[short]
		upstream := execution.Upstream{Kind: resource.Kind(record.Kind), Outputs: record.Outputs}
		if r, wanted := p.resources[short]; wanted {
			upstream.Kind = r.Kind
		}
		for _, need := range why {
			if need.Address.Short() == short {
				upstream.Reasons = append(upstream.Reasons, need.Reason)
			}
		}
		slices.Sort(upstream.Reasons)
		upstream.Reasons = slices.Compact(upstream.Reasons)
		if upstream.Outputs == nil {
			upstream.Outputs = map[string]json.RawMessage{}
		}
		found[short] = upstream
	}
	return found
}

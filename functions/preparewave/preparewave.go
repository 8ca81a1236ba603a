// Package preparewave is the PrepareWave task: the plan and the state go in; the wave's batches, each complete in itself,
// come out as waves/{n}/{batch}.json.
package preparewave

import (
	"context"

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
	archive := run.Archive{Store: h.Objects, Ref: in.Run}
	preparation, err := prepare(ctx, archive, in)
	if err != nil {
		return Out{}, err
	}
	batches, err := preparation.Batches(in.Wave)
	if err != nil {
		return Out{}, err
	}
	out := Out{Batches: []Batch{}}
	for _, batch := range batches {
		artifact := run.BatchArtifact(in.Wave, batch.Number)
		if err := archive.Write(ctx, artifact, batch); err != nil {
			return Out{}, err
		}
		out.Batches = append(out.Batches, Batch{Number: batch.Number, Key: archive.Key(artifact)})
	}
	return out, nil
}

func prepare(ctx context.Context, archive run.Archive, in In) (*execution.Preparation, error) {
	var p plan.Plan
	if err := archive.Read(ctx, run.PlanArtifact, &p); err != nil {
		return nil, err
	}
	var request run.Request
	if err := archive.Read(ctx, run.RequestArtifact, &request); err != nil {
		return nil, err
	}
	var set *resource.Set
	if !in.Run.Operation.Destroys() {
		set = &resource.Set{}
		if err := archive.Read(ctx, run.ResourcesArtifact, set); err != nil {
			return nil, err
		}
	}
	snapshot, _, err := state.NewStore(archive.Store, in.Run.Scope()).Read(ctx)
	if err != nil {
		return nil, err
	}
	return execution.Prepare(&p, set, &snapshot, in.Lease.Fence, request.Parallelism), nil
}

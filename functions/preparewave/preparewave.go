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
	// Failed says that something failed in an earlier wave: what needs it is skipped.
	Failed bool `json:"failed"`
}

// Out names the batches, and the hooks around them: "" where there are none.
type Out struct {
	Batches []Batch `json:"batches"`
	Before  string  `json:"before"`
	After   string  `json:"after"`
}

// Batch refers to one batch of the wave.
type Batch struct {
	Number int    `json:"number"`
	Key    string `json:"key"`
}

// Handle writes the wave's batches. The error is *lock.LockLost when the run may not act any more, *run.Halted when it was
// asked to begin nothing new.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	if err := h.Locker.Check(ctx, in.Lease); err != nil {
		return Out{}, err
	}
	archive := run.Archive{Store: h.Objects, Ref: in.Run}
	if err := archive.Halted(ctx); err != nil {
		return Out{}, err
	}
	preparation, err := Load(ctx, archive, in.Lease.Fence)
	if err != nil {
		return Out{}, err
	}
	if in.Failed {
		outcomes, err := earlier(ctx, archive)
		if err != nil {
			return Out{}, err
		}
		preparation.After(outcomes)
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
	for moment, key := range map[execution.Moment]*string{execution.Before: &out.Before, execution.After: &out.After} {
		phase, there, err := preparation.Phase(in.Wave, moment, in.Failed)
		if err != nil {
			return Out{}, err
		}
		if !there {
			continue
		}
		artifact := execution.PhaseArtifact(in.Wave, moment)
		if err := archive.Write(ctx, artifact, phase); err != nil {
			return Out{}, err
		}
		*key = archive.Key(artifact)
	}
	return out, nil
}

// earlier reads the outcomes that there are by now.
func earlier(ctx context.Context, archive run.Archive) ([]execution.Outcome, error) {
	addresses, err := archive.Outcomes(ctx)
	if err != nil {
		return nil, err
	}
	return execution.Outcomes(ctx, archive, addresses)
}

// Load reads what a run's batches are made of: its plan, its resources, and the state as it is now. Fence is that of the
// run's lock; a preview has none.
func Load(ctx context.Context, archive run.Archive, fence int64) (*execution.Preparation, error) {
	var p plan.Plan
	if err := archive.Read(ctx, run.PlanArtifact, &p); err != nil {
		return nil, err
	}
	var request run.Request
	if err := archive.Read(ctx, run.RequestArtifact, &request); err != nil {
		return nil, err
	}
	var set *resource.Set
	if !archive.Ref.Operation.Destroys() {
		set = &resource.Set{}
		if err := archive.Read(ctx, run.ResourcesArtifact, set); err != nil {
			return nil, err
		}
	}
	snapshot, _, err := state.NewStore(archive.Store, archive.Ref.Scope()).Read(ctx)
	if err != nil {
		return nil, err
	}
	return execution.Prepare(&p, set, &snapshot, fence, request.Parallelism), nil
}

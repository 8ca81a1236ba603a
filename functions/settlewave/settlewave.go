// Package settlewave is the SettleWave task: the outcomes of one wave go in, the state with them merged comes out. It is
// the one writer of state.json while a run is under way.
package settlewave

import (
	"context"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// Handler settles waves.
type Handler struct {
	Objects objects.Store
	Locker  *lock.Locker
	Now     func() time.Time
}

// In names the wave.
type In struct {
	Run   run.Ref    `json:"run"`
	Lease lock.Lease `json:"lease"`
	Wave  int        `json:"wave"`
}

// Out says whether the waves after this one may run.
type Out struct {
	Failed bool   `json:"failed"`
	Cause  string `json:"cause,omitempty"`
	Serial int64  `json:"serial"`
}

// Handle merges the outcomes of the wave's steps. A step whose executor died without an outcome gets one here.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	if err := h.Locker.Check(ctx, in.Lease); err != nil {
		return Out{}, err
	}
	archive := run.Archive{Store: h.Objects, Ref: in.Run}
	var p plan.Plan
	if err := archive.Read(ctx, run.PlanArtifact, &p); err != nil {
		return Out{}, err
	}
	steps, err := wave(&p, in.Wave)
	if err != nil {
		return Out{}, err
	}
	store := state.NewStore(h.Objects, in.Run.Scope(), state.WithClock(h.Now))
	outcomes, err := Gather(ctx, archive, &p, steps, h.Now())
	if err != nil {
		return Out{}, err
	}
	snapshot, err := Merge(ctx, store, in.Run, in.Lease, &p, outcomes)
	if err != nil {
		return Out{}, err
	}
	failed := 0
	for _, o := range outcomes {
		if !o.Outcome.Fine() {
			failed++
		}
	}
	out := Out{Serial: snapshot.Serial, Failed: failed > 0}
	if out.Failed {
		out.Cause = fmt.Sprintf("%d of %d components in wave %d failed or were skipped; the report says which", failed, len(steps), in.Wave+1)
	}
	return out, nil
}

func wave(p *plan.Plan, number int) ([]plan.Step, error) {
	if number < 0 || number >= len(p.Waves) {
		return nil, fmt.Errorf("settle wave: the plan of run %s has no wave %d", p.Run, number)
	}
	in := map[string]bool{}
	for _, batch := range p.Waves[number].Batches {
		for _, short := range batch.Steps {
			in[short] = true
		}
	}
	var steps []plan.Step
	for _, step := range p.Steps {
		if in[step.Address.Short()] {
			steps = append(steps, step)
		}
	}
	return steps, nil
}

// Merge folds outcomes into the state, under the run's fence; it writes nothing when there is nothing new.
func Merge(ctx context.Context, store *state.Store, ref run.Ref, lease lock.Lease, p *plan.Plan, outcomes []execution.Outcome) (state.Snapshot, error) {
	fence := state.Fence{Keys: lease.Keys, Number: lease.Fence}
	return store.Commit(ctx, fence, execution.Touched(outcomes), func(s *state.Snapshot) error {
		if !execution.Fold(s, outcomes) {
			return state.ErrNoChange
		}
		s.Run, s.Bundle = ref.ID, state.BundleRef{Key: p.Bundle.Key, VersionID: p.Bundle.VersionID, SHA256: p.Bundle.SHA256}
		return nil
	})
}

// Package settlewave is the SettleWave task: the outcomes of one wave go in, the state with them merged comes out. It is
// the one writer of state.json while a run is under way.
package settlewave

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
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
	// Failed says that something failed in an earlier wave, and the run went on with what does not need it.
	Failed bool `json:"failed"`
	// Before and After are the hooks around the wave's batches, as PrepareWave named them.
	Before string `json:"before"`
	After  string `json:"after"`
}

// Out says whether the waves after this one may run. All fields are always there: the state machine reads them.
type Out struct {
	Failed bool   `json:"failed"`
	Error  string `json:"error"` // the error's name; "" unless Failed
	Cause  string `json:"cause"`
	// GoOn says that, all the same, what does not need the failed components may go on.
	GoOn bool `json:"goOn"`
	// Halted says that a person asked the run to begin nothing new.
	Halted bool  `json:"halted"`
	Serial int64 `json:"serial"`
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
	out := Out{}
	if err := out.judge(ctx, archive, &p, outcomes, in.Wave); err != nil {
		return Out{}, err
	}
	if err := out.judgeHooks(ctx, archive, in); err != nil {
		return Out{}, err
	}
	// What the whole run has come to was looked at, and it holds.
	good := !out.Failed && !in.Failed && in.Wave == len(p.Waves)-1 && !p.Operation.Destroys() && !in.Run.Undoes()
	snapshot, err := merge(ctx, store, in.Run, in.Lease, &p, outcomes, good)
	out.Serial = snapshot.Serial
	return out, err
}

// WaveFailed and VerificationFailed are the names of the errors that end a rollout.
const (
	WaveFailed         = "WaveFailed"
	VerificationFailed = "VerificationFailed"
)

// judge says what the wave's outcomes mean for the waves after it.
func (o *Out) judge(ctx context.Context, archive run.Archive, p *plan.Plan, outcomes []execution.Outcome, number int) error {
	failed, unverified, skipped := 0, 0, 0
	for _, outcome := range outcomes {
		switch {
		case outcome.Outcome.Fine():
			continue
		case outcome.Outcome == execution.Skipped:
			skipped++
		case outcome.Error == VerificationFailed:
			unverified++
		}
		failed++
	}
	if failed == 0 {
		return nil
	}
	o.Failed, o.Error = true, WaveFailed
	if unverified > 0 && unverified+skipped == failed {
		o.Error = VerificationFailed
	}
	o.Cause = fmt.Sprintf("%d of %d components in wave %d failed or were skipped; the report says which", failed, len(outcomes), number+1)
	o.GoOn = execution.Answer(p, outcomes) == resource.OnFailureContinue
	// A rollback is not asked: what has begun to be taken back is taken back.
	err := archive.Halted(ctx)
	var halted *run.Halted
	if errors.As(err, &halted) {
		o.Halted, o.GoOn, o.Error, o.Cause = true, false, "Halted", err.Error()
		return nil
	}
	return err
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
	return merge(ctx, store, ref, lease, p, outcomes, false)
}

// merge is Merge; good says that the state is then known to be good as a whole.
func merge(ctx context.Context, store *state.Store, ref run.Ref, lease lock.Lease, p *plan.Plan, outcomes []execution.Outcome, good bool) (state.Snapshot, error) {
	fence := state.Fence{Keys: lease.Keys, Number: lease.Fence}
	return store.Commit(ctx, fence, execution.Touched(outcomes), func(s *state.Snapshot) error {
		if !execution.Fold(s, outcomes) && (!good || s.LastGood == s.Serial) {
			return state.ErrNoChange
		}
		s.Run, s.Bundle = ref.ID, state.BundleRef{Key: p.Bundle.Key, VersionID: p.Bundle.VersionID, SHA256: p.Bundle.SHA256}
		if !ref.Undoes() {
			s.Hold = nil // something else was deployed than what was rolled back, or a person has said so
		}
		if good {
			s.LastGood = s.Serial + 1
		}
		return nil
	})
}

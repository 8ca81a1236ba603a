package cleanup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deployer-io/deployer/functions/planrollback"
	"github.com/deployer-io/deployer/functions/settlewave"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// Recover asks for what a run did to be merged into the state although its lock is gone: the state was refused when the
// lock was freed by force, or an earlier one was restored since.
type Recover struct {
	Run   run.Ref `json:"run"`
	Actor string  `json:"actor"`
}

// Recovered is what that came to. The components are service/component, sorted.
type Recovered struct {
	Serial int64    `json:"serial"` // of the state now
	Merged []string `json:"merged"` // of which the state now says what the run did
	Passed []string `json:"passed"` // that a later run has worked on: what that did holds
}

// recoverLease is how long the lock lasts that is taken for it, should the function die.
const recoverLease = 5 * time.Minute

// recover takes the lock, so that nobody else writes meanwhile, and merges. Again with the same result. The error is
// *lock.LockHeld when somebody holds the lock, be it the run itself; *state.StateCorrupt when the state is still refused;
// *run.RunUnknown when the run has no plan.
func (h Handler) recover(ctx context.Context, asked Recover) (Out, error) {
	scope := asked.Run.Scope()
	if h.Executions != nil {
		if err := h.Executions.Stop(ctx, asked.Run.ID); err != nil {
			return Out{}, fmt.Errorf("stop run %s: %w", asked.Run.ID, err)
		}
	}
	lease, err := h.Locker.Acquire(ctx, lock.Request{Addresses: []address.Address{scope}, LockedBy: asked.Actor + " (state recover)", Lease: recoverLease})
	if err != nil {
		return Out{}, err
	}
	recovered, err := h.recovered(ctx, asked.Run, lease)
	return Out{Recovered: recovered}, errors.Join(err, h.Locker.Release(context.WithoutCancel(ctx), lease))
}

func (h Handler) recovered(ctx context.Context, ref run.Ref, lease lock.Lease) (*Recovered, error) {
	store := state.NewStore(h.Objects, ref.Scope(), state.WithClock(h.Now))
	fence := state.Fence{Keys: lease.Keys, Number: lease.Fence}
	if err := store.Install(ctx, fence); err != nil {
		return nil, err
	}
	p, parts, err := h.did(ctx, ref)
	if err != nil {
		return nil, err
	}
	later, err := h.later(ctx, store, ref, parts)
	if err != nil {
		return nil, err
	}
	out := &Recovered{Merged: []string{}, Passed: []string{}}
	for i, outcomes := range parts {
		parts[i] = slices.DeleteFunc(outcomes, func(o execution.Outcome) bool { return !changes(o) || later[o.Address.Short()] })
	}
	for short := range later {
		out.Passed = append(out.Passed, short)
	}
	slices.Sort(out.Passed)
	touched := execution.Touched(slices.Concat(parts...))
	snapshot, err := store.Commit(ctx, fence, touched, func(s *state.Snapshot) error {
		before := s.Components
		s.Components = map[string]state.Record{}
		for short, record := range before {
			s.Components[short] = record
		}
		for _, outcomes := range parts { // first what was done, then what was taken back
			execution.Fold(s, outcomes)
		}
		if out.Merged = differing(before, s.Components, touched); len(out.Merged) == 0 {
			return state.ErrNoChange
		}
		s.Run, s.Bundle = ref.ID, state.BundleRef{Key: p.Bundle.Key, VersionID: p.Bundle.VersionID, SHA256: p.Bundle.SHA256}
		return nil
	})
	out.Serial = snapshot.Serial
	return out, err
}

// did returns the run's plan and what became of its steps, and then of those that took them back.
func (h Handler) did(ctx context.Context, ref run.Ref) (*plan.Plan, [][]execution.Outcome, error) {
	archive := run.Archive{Store: h.Objects, Ref: ref}
	var p plan.Plan
	err := archive.Read(ctx, run.PlanArtifact, &p)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil, &run.RunUnknown{Run: ref.ID}
	}
	if err != nil {
		return nil, nil, err
	}
	own, err := settlewave.Gather(ctx, archive, &p, p.Steps, h.Now())
	if err != nil {
		return nil, nil, err
	}
	undo, err := planrollback.Read(ctx, archive)
	if err != nil || undo == nil {
		return &p, [][]execution.Outcome{own}, err
	}
	taken, err := settlewave.Gather(ctx, run.Archive{Store: h.Objects, Ref: ref.Undo()}, undo, undo.Steps, h.Now())
	return &p, [][]execution.Outcome{own, taken}, err
}

// changes reports whether a step has changed its component, or may have.
func changes(o execution.Outcome) bool {
	return o.Outcome == execution.Done || o.Outcome == execution.Kept || o.Dirty
}

// later returns the components of the run that another run has worked on under a higher fence: it started from what this
// one left, so what this one did is no news of them.
func (h Handler) later(ctx context.Context, store *state.Store, ref run.Ref, parts [][]execution.Outcome) (map[string]bool, error) {
	others, err := h.otherRuns(ctx, ref)
	if err != nil {
		return nil, err
	}
	found, asked := map[string]bool{}, map[string]bool{}
	for _, o := range slices.Concat(parts...) {
		short := o.Address.Short()
		if asked[short] || !changes(o) {
			continue
		}
		asked[short] = true
		mine, err := store.ReadIntent(ctx, o.Run, o.Address)
		if err != nil {
			return nil, err
		}
		for _, other := range others {
			worked, err := h.workedOn(ctx, store, other, o.Address, mine.Fence)
			if err != nil {
				return nil, err
			}
			if worked {
				found[short] = true
				break
			}
		}
	}
	return found, nil
}

// workedOn reports whether a run has changed a component, or may have, under a fence above this one.
func (h Handler) workedOn(ctx context.Context, store *state.Store, other run.Ref, at address.Address, above int64) (bool, error) {
	intent, err := store.ReadIntent(ctx, other.ID, at)
	if errors.Is(err, objects.ErrNotFound) {
		return false, nil
	}
	if err != nil || intent.Fence <= above {
		return false, err
	}
	outcomes, err := execution.Outcomes(ctx, run.Archive{Store: h.Objects, Ref: other}, []address.Address{at})
	return len(outcomes) == 0 || changes(outcomes[0]), err
}

// otherRuns lists what else has run in the scope.
func (h Handler) otherRuns(ctx context.Context, ref run.Ref) ([]run.Ref, error) {
	prefix := strings.TrimSuffix(ref.Scope().RunPrefix("x"), "x/")
	var others []run.Ref
	after := ""
	for {
		found, err := h.Objects.List(ctx, prefix, after, 1)
		if err != nil || len(found) == 0 {
			return others, err
		}
		id, _, _ := strings.Cut(strings.TrimPrefix(found[0].Key, prefix), "/")
		other := run.Ref{Stack: ref.Stack, Environment: ref.Environment, ID: id}
		if other.Whole().ID != ref.ID {
			others = append(others, other)
		}
		after = prefix + id + "/\U0010ffff" // behind all that the run has
	}
}

// differing returns the components whose records are no longer the same, sorted.
func differing(before, after map[string]state.Record, touched []address.Address) []string {
	changed := []string{}
	for _, at := range touched {
		short := at.Short()
		a, had := before[short]
		b, has := after[short]
		if had != has || a.Run != b.Run || a.Status != b.Status || a.Serial != b.Serial || !a.UpdatedAt.Equal(b.UpdatedAt) {
			changed = append(changed, short)
		}
	}
	slices.Sort(changed)
	return slices.Compact(changed)
}

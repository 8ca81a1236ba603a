package settlewave

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// Gather returns an outcome for each of the plan's steps that are asked for. One that began and left no outcome was
// interrupted: if it had written anything, what it did is not known, so it counts as dirty and the next run looks before it
// acts; that outcome is written, so that the report has it and everybody who asks later finds the same. One that never
// began was skipped.
func Gather(ctx context.Context, archive run.Archive, p *plan.Plan, steps []plan.Step, now time.Time) ([]execution.Outcome, error) {
	addresses := make([]address.Address, len(steps))
	for i, step := range steps {
		addresses[i] = step.Address
	}
	recorded, err := execution.Outcomes(ctx, archive, addresses)
	if err != nil {
		return nil, err
	}
	found := make(map[address.Address]execution.Outcome, len(recorded))
	for _, o := range recorded {
		found[o.Address] = o
	}
	search := &search{archive: archive, plan: p, now: now, batches: map[run.Artifact]execution.Batch{}}
	outcomes := make([]execution.Outcome, 0, len(steps))
	for _, step := range steps {
		o, ok := found[step.Address]
		if !ok {
			if o, err = search.absent(ctx, step); err != nil {
				return nil, err
			}
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, nil
}

// search finds out about steps without an outcome.
type search struct {
	archive run.Archive
	plan    *plan.Plan
	now     time.Time
	batches map[run.Artifact]execution.Batch
}

func (s *search) absent(ctx context.Context, step plan.Step) (execution.Outcome, error) {
	_, err := state.NewStore(s.archive.Store, s.plan.Scope).ReadIntent(ctx, s.archive.Ref.ID, step.Address)
	if errors.Is(err, objects.ErrNotFound) {
		return execution.Outcome{SchemaVersion: execution.SchemaVersion, Run: s.archive.Ref.ID, Address: step.Address, Kind: step.Kind,
			Action: step.Action, Outcome: execution.Skipped, Message: "it was not begun", StartedAt: s.now.UTC(), EndedAt: s.now.UTC()}, nil
	}
	if err != nil {
		return execution.Outcome{}, err
	}
	a, err := s.assignment(ctx, step)
	if err != nil {
		return execution.Outcome{}, err
	}
	// The first thing that the work leaves is a checkpoint of its own.
	written, err := s.archive.Store.List(ctx, step.Address.PulumiPrefix(a.Order.Epoch), "", 1)
	if err != nil {
		return execution.Outcome{}, err
	}
	lost, err := execution.Lost(a, s.archive.Ref.ID, len(written) > 0, s.now)
	if err != nil {
		return execution.Outcome{}, err
	}
	return s.record(ctx, lost)
}

// record writes the outcome that no executor lived to write, unless one did after all.
func (s *search) record(ctx context.Context, lost execution.Outcome) (execution.Outcome, error) {
	data, err := run.Encode(lost)
	if err != nil {
		return lost, err
	}
	artifact := run.OutcomeArtifact(lost.Address)
	_, err = s.archive.Store.Put(ctx, s.archive.Key(artifact), data, objects.IfAbsent())
	if !errors.Is(err, objects.ErrPrecondition) && !errors.Is(err, objects.ErrConflict) {
		return lost, err
	}
	var told execution.Outcome
	err = s.archive.Read(ctx, artifact, &told)
	return told, err
}

// assignment returns what the executor had been told about a step.
func (s *search) assignment(ctx context.Context, step plan.Step) (execution.Assignment, error) {
	short := step.Address.Short()
	for wave := range s.plan.Waves {
		for number, planned := range s.plan.Waves[wave].Batches {
			for i, name := range planned.Steps {
				if name != short {
					continue
				}
				batch, err := s.batch(ctx, run.BatchArtifact(wave, number))
				if err != nil {
					return execution.Assignment{}, err
				}
				if i < len(batch.Assignments) && batch.Assignments[i].Order.Address == step.Address {
					return batch.Assignments[i], nil
				}
			}
		}
	}
	return execution.Assignment{}, fmt.Errorf("run %s has begun the work on %s, and none of its batches holds it", s.archive.Ref.ID, step.Address)
}

func (s *search) batch(ctx context.Context, artifact run.Artifact) (execution.Batch, error) {
	if batch, read := s.batches[artifact]; read {
		return batch, nil
	}
	var batch execution.Batch
	if err := s.archive.Read(ctx, artifact, &batch); err != nil {
		return batch, err
	}
	s.batches[artifact] = batch
	return batch, nil
}

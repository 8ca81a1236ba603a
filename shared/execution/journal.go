package execution

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// readers is how many outcomes are read at a time: enough to hide a store's latency, few enough to be no burden.
const readers = 16

// Outcomes reads the recorded outcomes of the given components, in their order; one that has none is left out.
func Outcomes(ctx context.Context, archive run.Archive, of []address.Address) ([]Outcome, error) {
	read := make([]*Outcome, len(of))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	for i, at := range of {
		group.Go(func() error {
			var outcome Outcome
			err := archive.Read(ctx, run.OutcomeArtifact(at), &outcome)
			if err == nil {
				read[i] = &outcome
			} else if errors.Is(err, objects.ErrNotFound) {
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	outcomes := make([]Outcome, 0, len(of))
	for _, outcome := range read {
		if outcome != nil {
			outcomes = append(outcomes, *outcome)
		}
	}
	return outcomes, nil
}

// RunJournal is the Journal of one run on an objects.Store: an intent before the work on a component, an outcome after it.
type RunJournal struct {
	Archive run.Archive
	State   *state.Store
	Fence   int64
}

// Begin writes the intent. An intent that is there already is that of an attempt which was interrupted, unless its outcome
// is there too.
func (j RunJournal) Begin(ctx context.Context, a Assignment) (*Outcome, bool, error) {
	at := a.Order.Address
	err := j.State.WriteIntent(ctx, state.Intent{Run: j.Archive.Ref.ID, Fence: j.Fence, Address: at, Action: string(a.Action),
		Epoch: a.Order.Epoch, BaseEpoch: a.Order.BaseEpoch})
	if err == nil {
		return nil, false, nil
	}
	var exists *state.IntentExists
	if !errors.As(err, &exists) {
		return nil, false, err
	}
	earlier, err := Outcomes(ctx, j.Archive, []address.Address{at})
	if err != nil {
		return nil, false, err
	}
	if len(earlier) == 1 {
		return &earlier[0], false, nil
	}
	return nil, true, nil
}

// End writes the outcome. A later attempt's outcome replaces an earlier one that was not fine.
func (j RunJournal) End(ctx context.Context, outcome Outcome) error {
	return j.Archive.Replace(ctx, run.OutcomeArtifact(outcome.Address), outcome)
}

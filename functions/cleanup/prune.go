package cleanup

import (
	"context"
	"errors"
	"fmt"

	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// prune throws away the snapshots that are older than state.Retention, of all stacks and environments. Of a state that is
// refused nothing is thrown away; what goes wrong with one is told when all have been seen to.
func (h Handler) prune(ctx context.Context) (Out, error) {
	scopes, err := run.Scopes(ctx, h.Objects)
	if err != nil {
		return Out{}, err
	}
	var out Out
	var errs []error
	for _, scope := range scopes {
		removed, err := state.NewStore(h.Objects, scope).Prune(ctx, h.Now().Add(-state.Retention))
		out.Pruned += removed
		if err != nil {
			errs = append(errs, fmt.Errorf("prune the history of %s: %w", scope, err))
		}
	}
	return out, errors.Join(errs...)
}

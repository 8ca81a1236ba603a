package cleanup

import (
	"context"
	"errors"
	"slices"

	"github.com/deployer-io/deployer/functions/savestate"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/state"
)

// Force asks for the lock on an address to be freed, whoever holds it, for an operator who names its id.
type Force struct {
	Address address.Address `json:"address"`
	LockID  string          `json:"lockId"`
	Actor   string          `json:"actor"`
	Reason  string          `json:"reason"`
}

// force frees a lock. The run that holds it is stopped first, and what it did is merged into the state while the lock is
// still its own: nothing may write it afterwards. Only a state that is refused does not stand in the way, since to restore
// it takes the lock.
//
// The error is *lock.LockMismatch when the lock has another id by now, or what stopping the run answers.
func (h Handler) force(ctx context.Context, asked Force) (Out, error) {
	held, err := h.Locker.Held(ctx, asked.Address)
	if err != nil {
		return Out{}, err
	}
	holder := lock.Holding{}
	if i := slices.IndexFunc(held, func(holding lock.Holding) bool { return holding.Address == asked.Address }); i >= 0 {
		holder = held[i]
	}
	if holder.LockID == "" || holder.LockID != asked.LockID {
		return Out{}, &lock.LockMismatch{Address: asked.Address, LockID: asked.LockID, Found: holder.LockID}
	}
	out := Out{}
	in := In{Execution: holder.Run, Why: "its lock was freed by force: " + asked.Reason}
	var settled savestate.Out
	if holder.Run != "" {
		held = slices.DeleteFunc(held, func(holding lock.Holding) bool { return holding.Run != holder.Run })
		if _, err := h.complete(ctx, &in, held); err != nil {
			return Out{}, err
		}
		settled, err = h.settle(ctx, in, held)
		if out.Unsaved, err = refusal(err); err != nil {
			return Out{}, err
		}
	}
	if err := h.Locker.ForceUnlock(ctx, asked.Address, asked.LockID, asked.Actor, asked.Reason); err != nil {
		return Out{}, err
	}
	out.Released = 1
	var untold error
	if h.Teller != nil {
		untold = h.Teller.Unlocked(ctx, asked.Address, holder.Run, asked.Actor, asked.Reason)
	}
	if holder.Run != "" {
		out.Ending, err = h.conclude(ctx, in, settled)
	}
	return out, errors.Join(err, untold)
}

// refusal takes the error of a state that is refused for an answer.
func refusal(err error) (string, error) {
	var refused *state.StateCorrupt
	if errors.As(err, &refused) {
		return refused.Error(), nil
	}
	return "", err
}

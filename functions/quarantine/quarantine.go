// Package quarantine is the Quarantine task: a run whose rollback failed goes in, and nobody but a person frees its lock
// when this comes out.
package quarantine

import (
	"context"
	"fmt"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/run"
)

// Handler quarantines locks.
type Handler struct {
	Locker *lock.Locker
	Teller Teller // may be nil
}

// Teller tells people that a lock waits for them.
type Teller interface {
	Locked(ctx context.Context, at address.Address, holder, reason string) error
}

// In refers to the run and says what went wrong.
type In struct {
	Run   run.Ref    `json:"run"`
	Lease lock.Lease `json:"lease"`
	Cause string     `json:"cause"`
}

// Out says why people could not be told, if so.
type Out struct {
	Untold string `json:"untold,omitempty"`
}

// maxReason keeps the reason short enough for a lock's metadata.
const maxReason = 500

// Handle may be called again. The error is *lock.LockLost when the lock is another's by now.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	reason := fmt.Sprintf("run %s failed, and so did taking back what it had done: %s", in.Run.ID, in.Cause)
	if len(reason) > maxReason {
		reason = reason[:maxReason]
	}
	if err := h.Locker.Quarantine(ctx, in.Lease, reason); err != nil || h.Teller == nil {
		return Out{}, err
	}
	out := Out{}
	if err := h.Teller.Locked(ctx, in.Run.Scope(), in.Run.ID, reason); err != nil {
		out.Untold = err.Error()
	}
	return out, nil
}

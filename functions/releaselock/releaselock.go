// Package releaselock is the ReleaseLock task: a Lease and how the run ended go in, and the lock is free, or waits for a person
// where what the run had done could not be taken back. A run that took no lock has nothing to release, and releasing twice is
// fine.
package releaselock

import (
	"context"

	"github.com/deployer-io/deployer/functions/quarantine"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/run"
)

// Handler releases locks.
type Handler struct {
	Locker *lock.Locker
	Teller quarantine.Teller // may be nil
}

// In refers to the run and says how it ended; Lease is nil when it took no lock.
type In struct {
	Run     *run.Ref     `json:"run"`
	Lease   *lock.Lease  `json:"lease"`
	Ending  run.Ending   `json:"ending"`
	Failure *run.Failure `json:"failure"`
}

// Out says whether there was a lock to release, and how the run ended: a lock that waits for a person is a dirty ending.
type Out struct {
	Released bool         `json:"released"`
	Ending   run.Ending   `json:"ending"`
	Failure  *run.Failure `json:"failure"`
}

// Handle releases the lock; that of a run whose rollback failed is quarantined, should nobody have come to it before. The
// error is *lock.LockLost when it is another's by now.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	out := Out{Ending: in.Ending, Failure: in.Failure}
	if in.Lease == nil {
		return out, nil
	}
	reason, err := h.Locker.Quarantined(ctx, *in.Lease)
	switch {
	case err != nil:
		return out, err
	case reason != "":
		out.Ending = run.FailedDirty
		if !in.Failure.NeedsPerson() {
			out.Failure = &run.Failure{Error: run.RollbackFailed, Cause: reason}
		}
		return out, nil
	case in.Failure.NeedsPerson():
		_, err = quarantine.Handler{Locker: h.Locker, Teller: h.Teller}.Handle(ctx, quarantine.In{Run: *in.Run, Lease: *in.Lease, Cause: in.Failure.Cause})
		return out, err
	}
	out.Released = true
	return out, h.Locker.Release(ctx, *in.Lease)
}

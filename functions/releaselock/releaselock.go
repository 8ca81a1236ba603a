// Package releaselock is the ReleaseLock task: a Lease goes in and its lock is free. A run that took none has nothing to
// release, and releasing twice is fine.
package releaselock

import (
	"context"

	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/run"
)

// Handler releases locks.
type Handler struct {
	Locker *lock.Locker
}

// In refers to the run; Lease is nil when it took no lock.
type In struct {
	Run   *run.Ref    `json:"run"`
	Lease *lock.Lease `json:"lease"`
}

// Out says whether there was a lock to release.
type Out struct {
	Released bool `json:"released"`
}

// Handle releases the lock. The error is *lock.LockLost when it is another's by now.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	if in.Lease == nil {
		return Out{}, nil
	}
	return Out{Released: true}, h.Locker.Release(ctx, *in.Lease)
}

// Package acquirelock is the AcquireLock task: a run goes in, its Lease comes out, or word that another run holds the lock
// and that it is worth waiting. Its first act after the grant is to install the fence in the state.
package acquirelock

import (
	"context"
	"errors"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// Handler takes locks.
type Handler struct {
	Objects objects.Store
	Locker  *lock.Locker
	Now     func() time.Time
}

// In says who wants the lock, and since when.
type In struct {
	Run       run.Ref     `json:"run"`
	Request   run.Request `json:"request"`
	StartedAt time.Time   `json:"startedAt"`
}

// Out is the lease when Taken; otherwise Holder is the run to wait for.
type Out struct {
	Taken  bool        `json:"taken"`
	Lease  *lock.Lease `json:"lease"`
	Holder string      `json:"holder,omitempty"`
	Wait   int         `json:"wait,omitempty"` // seconds until it is worth to ask again
}

// pause is how long to wait before the next attempt, in seconds: longer, the longer the run has waited, so that a day of
// waiting takes some hundred attempts.
func pause(waited, left time.Duration) int {
	wait := 10 * time.Second
	switch {
	case waited > 2*time.Hour:
		wait = 5 * time.Minute
	case waited > 30*time.Minute:
		wait = time.Minute
	case waited > 2*time.Minute:
		wait = 30 * time.Second
	}
	return max(1, int(min(wait, left).Seconds()))
}

// Handle takes the lock of the run's stack and environment. The error is *lock.LockHeld when another run holds it and the
// request's LockTimeout is over or waiting cannot help.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	lease, err := h.Locker.Acquire(ctx, lock.Request{
		Addresses: []address.Address{in.Run.Scope()}, LockedBy: run.Said(in.Request.StartedBy), Run: in.Run.ID,
		GitCommit: in.Request.GitCommit, CIRun: in.Request.CIRun,
	})
	var held *lock.LockHeld
	if errors.As(err, &held) {
		deadline := in.StartedAt.Add(time.Duration(in.Request.LockTimeout) * time.Second)
		if now := h.Now(); held.CanWait && now.Before(deadline) {
			return Out{Holder: held.Run, Wait: pause(now.Sub(in.StartedAt), deadline.Sub(now))}, nil
		}
		return Out{}, held
	}
	if err != nil {
		return Out{}, err
	}
	store := state.NewStore(h.Objects, in.Run.Scope(), state.WithClock(h.Now))
	if err := store.Install(ctx, state.Fence{Keys: lease.Keys, Number: lease.Fence}); err != nil {
		return Out{}, errors.Join(err, h.Locker.Release(ctx, lease))
	}
	return Out{Taken: true, Lease: &lease}, nil
}

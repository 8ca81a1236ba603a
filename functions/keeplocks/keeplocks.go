// Package keeplocks is the KeepLocks task, which runs every minute: all locks go in; those whose execution runs are renewed,
// those whose execution has ended are cleaned up after and free when this comes out.
//
// It is the sure way: an event that tells of an execution's end may be lost, the next minute comes.
package keeplocks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/functions/cleanup"
	"github.com/deployer-io/deployer/functions/metric"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
)

// Executions knows the executions of runs.
type Executions interface {
	// Running reports whether a run's execution is on its way; false for one that has ended and for one that nobody knows.
	Running(ctx context.Context, run string) (bool, error)
	cleanup.Executions
}

// Handler keeps locks.
type Handler struct {
	Objects    objects.Store
	Locker     *lock.Locker
	Executions Executions
	Now        func() time.Time
	Teller     cleanup.Teller // may be nil
	Metrics    *metric.Writer // may be nil
	// Prunes is set where no schedule throws old history away: then it is done here, once a day.
	Prunes bool
}

// In is the schedule's event.
type In struct {
	ScheduledAt time.Time `json:"scheduledAt"`
}

// Out counts locks.
type Out struct {
	Pruned      int `json:"pruned,omitempty"` // snapshots, once a day
	Renewed     int `json:"renewed"`
	Reaped      int `json:"reaped"`
	Stopping    int `json:"stopping"`    // to be reaped as soon as what holds them has stopped
	Quarantined int `json:"quarantined"` // these wait for a person
}

// young is the age below which a lock is believed to have a running execution although nobody knows it: what is told of an
// execution that began just now may be behind.
const young = 30 * time.Second

// Once a day, at this time (UTC), a keeper that prunes also throws old history away. A day that is missed does no harm.
const (
	pruneHour   = 3
	pruneMinute = 17
)

// Handle sees to all locks. Those that can be renewed come first, so that one which cannot be freed harms no other. What
// goes wrong with one lock is told when all have been seen to.
func (h Handler) Handle(ctx context.Context, _ In) (Out, error) {
	held, err := h.Locker.Held(ctx, address.Address{})
	if err != nil {
		return Out{}, err
	}
	k := keeping{Handler: h, running: map[string]bool{}}
	for _, holding := range held {
		if err := k.keep(ctx, holding); err != nil {
			k.errs = append(k.errs, fmt.Errorf("the lock on %s: %w", holding.Address, err))
		}
	}
	for _, id := range k.ended {
		if err := k.cleanUp(ctx, id); err != nil {
			k.errs = append(k.errs, fmt.Errorf("clean up after run %s: %w", id, err))
		}
	}
	// What waits for a person, or could not be seen to. None is counted too: that ends the alarm.
	k.errs = append(k.errs, h.Metrics.Put(metric.StuckLocks, k.out.Quarantined+len(k.errs), nil))
	if now := h.Now().UTC(); h.Prunes && now.Hour() == pruneHour && now.Minute() == pruneMinute {
		pruned, err := cleanup.Handler{Objects: h.Objects, Locker: h.Locker, Now: h.Now}.Handle(ctx, cleanup.In{Prune: true})
		k.out.Pruned, k.errs = pruned.Pruned, append(k.errs, err)
	}
	return k.out, errors.Join(k.errs...)
}

// keeping is one call under way.
type keeping struct {
	Handler
	running map[string]bool // whether a run is
	ended   []string        // runs that are not, each once
	out     Out
	errs    []error
}

func (k *keeping) keep(ctx context.Context, holding lock.Holding) error {
	if holding.Quarantine != "" {
		k.out.Quarantined++
		return nil
	}
	if holding.Run == "" { // a command's: it ends with its lease, should the command have died
		reaped, err := k.Locker.Reap(ctx, holding.Address)
		k.out.Reaped += reaped
		return err
	}
	running, asked := k.running[holding.Run]
	if !asked {
		var err error
		if running, err = k.Executions.Running(ctx, holding.Run); err != nil {
			return err
		}
		k.running[holding.Run] = running
	}
	switch {
	case running:
		return k.renew(ctx, holding)
	case !asked && k.Now().Sub(holding.Since) >= young:
		k.ended = append(k.ended, holding.Run)
	}
	return nil
}

// renew makes the lease last its full length again when a good part of it is over.
func (k *keeping) renew(ctx context.Context, holding lock.Holding) error {
	if holding.ExpiresAt.Sub(k.Now()) > lock.DefaultLease-lock.RenewEvery {
		return nil
	}
	_, err := k.Locker.Renew(ctx, holding.Lease())
	var lost *lock.LockLost
	switch {
	case err == nil:
		k.out.Renewed++
	case errors.As(err, &lost): // it was released meanwhile
		err = nil
	}
	return err
}

func (k *keeping) cleanUp(ctx context.Context, id string) error {
	cleaned, err := cleanup.Handler{Objects: k.Objects, Locker: k.Locker, Executions: k.Executions, Now: k.Now, Teller: k.Teller}.Handle(ctx,
		cleanup.In{Execution: id, Why: "no execution of it is running"})
	k.out.Reaped += cleaned.Released
	k.out.Quarantined += cleaned.Quarantined
	var unfinished interface{ Stopping() bool }
	if errors.As(err, &unfinished) && unfinished.Stopping() {
		k.out.Stopping++
		return nil
	}
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// standing is what a lock's holder is up to.
type standing string

const (
	heldByRun     standing = "running"     // its run is on its way
	heldByDead    standing = "ended"       // its run has ended without releasing it
	heldByCommand standing = "command"     // a command took it for itself; it ends with its lease
	quarantined   standing = "quarantined" // only a person frees it
)

// seenLock is one held lock, with what can be found out about its holder.
type seenLock struct {
	lock.Holding
	Standing standing `json:"standing"`
	// InFlight is what the run has begun and not ended; of a run that has ended, what it did not tell the end of.
	InFlight []inFlight `json:"inFlight"`
}

type inFlight struct {
	Component string    `json:"component"`
	Action    string    `json:"action"`
	Since     time.Time `json:"since,omitzero"`
}

// look returns the locks that are wanted, of the address's stack and environment or of all.
func look(ctx context.Context, b backend, at address.Address, wanted func(lock.Holding) bool) ([]seenLock, error) {
	held, err := b.Locks().Held(ctx, at)
	if err != nil {
		return nil, err
	}
	seen := []seenLock{}
	for _, holding := range held {
		if !wanted(holding) {
			continue
		}
		s, err := see(ctx, b, holding)
		if err != nil {
			return nil, err
		}
		seen = append(seen, s)
	}
	return seen, nil
}

func see(ctx context.Context, b backend, holding lock.Holding) (seenLock, error) {
	seen := seenLock{Holding: holding, Standing: heldByCommand, InFlight: []inFlight{}}
	if holding.Run != "" {
		running, err := b.Running(ctx, holding.Run)
		if err != nil {
			return seen, err
		}
		seen.Standing = heldByDead
		if running {
			seen.Standing = heldByRun
		}
		if seen.InFlight, err = unended(ctx, b, holding); err != nil {
			return seen, err
		}
	}
	if holding.Quarantine != "" {
		seen.Standing = quarantined
	}
	return seen, nil
}

// unended returns the steps whose intent was written and whose outcome was not.
func unended(ctx context.Context, b backend, holding lock.Holding) ([]inFlight, error) {
	scope := holding.Address.Scope()
	intents, err := state.NewStore(b.Store(), scope).ReadIntents(ctx, holding.Run)
	if err != nil {
		return nil, err
	}
	ref, err := run.Locate(ctx, b.Store(), scope, holding.Run)
	var unknown *run.RunUnknown
	if errors.As(err, &unknown) {
		return []inFlight{}, nil
	}
	if err != nil {
		return nil, err
	}
	ended, err := run.Archive{Store: b.Store(), Ref: ref}.Outcomes(ctx)
	if err != nil && !errors.Is(err, objects.ErrNotFound) {
		return nil, err
	}
	steps := []inFlight{}
	for _, intent := range intents {
		if !slices.Contains(ended, intent.Address) {
			steps = append(steps, inFlight{intent.Address.Short(), intent.Action, intent.At})
		}
	}
	return steps, nil
}

// tell writes a lock for a person.
func (o *options) tellLock(s seenLock, now time.Time) {
	t := o.table(fmt.Sprintf("%s is locked.", s.Address))
	fmt.Fprintf(t, "  Held by\t%s\n", s.Who())
	fmt.Fprintf(t, "  Since\t%s (%s ago)\n", instant(s.Since), now.Sub(s.Since).Round(time.Second))
	fmt.Fprintf(t, "  Until\t%s\n", s.until())
	if s.CIRun != "" {
		fmt.Fprintf(t, "  CI run\t%s\n", s.CIRun)
	}
	fmt.Fprintf(t, "  Lock id\t%s\n", s.LockID)
	fmt.Fprintf(t, "  Fence\t%d\n", s.Fence)
	for _, step := range s.InFlight {
		fmt.Fprintf(t, "  Under way\t%s %s, begun %s\n", step.Action, step.Component, instant(step.Since))
	}
	t.Flush()
	fmt.Fprintln(o.out, s.next())
}

func (s seenLock) until() string {
	switch s.Standing {
	case quarantined:
		return "somebody frees it: it is quarantined (" + s.Quarantine + ")"
	case heldByRun:
		return instant(s.ExpiresAt) + ", renewed for as long as its run is on its way"
	case heldByDead:
		return instant(s.ExpiresAt) + "; its run has ended"
	}
	return instant(s.ExpiresAt)
}

// next says what to do about the lock.
func (s seenLock) next() string {
	force := fmt.Sprintf("'deployer lock force-unlock %s --lock-id %s --reason ...'", s.Address, s.LockID)
	switch s.Standing {
	case heldByRun:
		return fmt.Sprintf("Wait for the run, or let it end early with 'deployer halt %s'. To stop it at once and take its lock away: %s.", s.Run, force)
	case heldByDead:
		return fmt.Sprintf("Nobody works under it any more: 'deployer unlock %s --run %s' saves what its run did and frees it.", s.Address, s.Run)
	case quarantined:
		return fmt.Sprintf("Look at what the run left ('deployer status'), put it right, then free the lock: %s.", force)
	}
	return "It ends by itself when the command does, at the latest with its lease. If that takes too long: " + force + "."
}

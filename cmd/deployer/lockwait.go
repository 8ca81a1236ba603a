package main

import (
	"context"
	"fmt"
	"time"
)

// lockWait tells, while a run waits for another's lock, whom it waits for.
type lockWait struct {
	begun  time.Time
	looked time.Time
	told   string // the id of the lock that was told of last
}

// lookEvery is how often the lock is worth a look; the run itself asks less often.
const lookEvery = time.Second

// lookAtLock names the holder of a lock that this run waits for, once for each holder. A run that does not wait ends with
// an error that names it.
func (f *follower) lookAtLock(ctx context.Context) error {
	now := time.Now()
	if f.lockTimeout <= 0 || f.archive.Ref.Operation.OnlyPlans() || now.Sub(f.waits.looked) < lookEvery {
		return nil
	}
	if f.waits.begun.IsZero() {
		f.waits.begun = now
	}
	f.waits.looked = now
	held, err := f.backend.Locks().Held(ctx, f.archive.Ref.Scope())
	if err != nil {
		return err
	}
	for _, holding := range held {
		if holding.Run == f.archive.Ref.ID || holding.LockID == f.waits.told {
			continue
		}
		f.waits.told = holding.LockID
		fmt.Fprintf(f.err, "Waiting for the lock on %s, which %s has held since %s. Waiting ends at %s; 'deployer lock show %s' tells more.\n",
			holding.Address, holding.Who(), instant(holding.Since), instant(f.waits.begun.Add(f.lockTimeout)), holding.Address)
		break
	}
	return nil
}

package task

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
)

// DefaultHeartbeat is how often a task looks whether its run still holds the lock, and says that it is alive. A lease lasts
// several times as long, so that a task which lost it has stopped before another run begins.
const DefaultHeartbeat = 30 * time.Second

// pulse is the task's heartbeat: steps can take an hour, and the fence that is asked before each of them tells nothing of
// what happens meanwhile.
type pulse struct {
	fence execution.Fence
	every time.Duration
	now   func() time.Time
	log   *slog.Logger

	mu     sync.Mutex
	flight map[string]time.Time // when the steps at work began, by service/component
}

// watch notes which steps are at work and tells next, which may be nil.
func (p *pulse) watch(next func(execution.Outcome)) func(execution.Outcome) {
	return func(o execution.Outcome) {
		p.mu.Lock()
		if o.Outcome == "" {
			p.flight[o.Address.Short()] = o.StartedAt
		} else {
			delete(p.flight, o.Address.Short())
		}
		p.mu.Unlock()
		if next != nil {
			next(o)
		}
	}
}

// beat beats until the returned stop is called. The returned context ends when the lock is lost: what is at work is cancelled
// then, and its outcome says what was done. A lock table that does not answer proves nothing.
func (p *pulse) beat(ctx context.Context) (alive context.Context, stop func()) {
	alive, cancel := context.WithCancelCause(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		ticker := time.NewTicker(p.every)
		defer ticker.Stop()
		for {
			select {
			case <-alive.Done():
				return
			case <-ticker.C:
			}
			err := p.fence.Check(alive)
			if lost := (*lock.LockLost)(nil); errors.As(err, &lost) {
				p.log.Error("the lock is lost; what is at work is cancelled", "error", err)
				cancel(err)
				return
			}
			p.report(err)
		}
	})
	return alive, func() {
		cancel(nil)
		done.Wait()
	}
}

// report says what is at work and since when.
func (p *pulse) report(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	attributes := make([]any, 0, len(p.flight)+1)
	now := p.now()
	for _, short := range slices.Sorted(maps.Keys(p.flight)) {
		attributes = append(attributes, slog.Float64(short, now.Sub(p.flight[short]).Round(time.Second).Seconds()))
	}
	group := slog.Group("secondsAtWork", attributes...)
	if err != nil {
		p.log.Warn("at work; the lock table did not answer", "error", err, group)
		return
	}
	p.log.Info("at work", group)
}

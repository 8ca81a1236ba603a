package execution

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"time"

	"github.com/deployer-io/deployer/shared/resource"
)

// persist does the work again after an error that may pass by itself, as often and as late as the component's retry says.
// The changes of all attempts are told together.
func (r *batchRun) persist(ctx context.Context, order Order, do func(context.Context, Order) (Result, error)) (Result, error) {
	retry := order.base().Retry
	var changes []ResourceChange
	var saved []Snapshot
	for attempt := 0; ; attempt++ {
		result, err := do(ctx, order)
		changes = append(changes, result.Changes...)
		saved = append(saved, result.Saved...)
		result.Changes, result.Saved = changes, saved
		if err == nil || attempt == retry.Limit || !retryable(err) || ctx.Err() != nil {
			return result, err
		}
		wait := r.wait(retry.Backoff, attempt)
		if r.Log != nil {
			r.Log.Warn("a step is tried again", "component", order.Address.Short(), "attempt", attempt+2, "of", retry.Limit+1,
				"wait", wait, "error", err)
		}
		if r.sleep(ctx, wait) != nil {
			return result, err
		}
		changes = withoutFailed(changes)
		order.Refresh = order.Refresh || len(result.Pending) > 0
	}
}

// base is the spec's common part.
func (o Order) base() *resource.Common {
	if o.Spec == nil {
		return &resource.Common{}
	}
	return o.Spec.Base()
}

func retryable(err error) bool {
	var says interface{ Retryable() bool }
	return errors.As(err, &says) && says.Retryable()
}

// wait is how long to wait after an attempt, counted from 0: between none and the whole of the backoff, so that those who
// were throttled together do not come back together.
func (e *Executor) wait(backoff resource.Backoff, attempt int) time.Duration {
	whole := backoff.Duration.Seconds() * math.Pow(max(backoff.Factor, 1), float64(attempt))
	if longest := backoff.MaxDuration.Seconds(); longest > 0 {
		whole = min(whole, longest)
	}
	random := rand.Float64
	if e.Random != nil {
		random = e.Random
	}
	return time.Duration(whole * random() * float64(time.Second))
}

func (e *Executor) sleep(ctx context.Context, d time.Duration) error {
	if e.Sleep != nil {
		return e.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// withoutFailed leaves out what the next attempt does again.
func withoutFailed(changes []ResourceChange) []ResourceChange {
	var kept []ResourceChange
	for _, c := range changes {
		if c.touched() && (!c.Failed || c.Operation == "create") {
			kept = append(kept, c)
		}
	}
	return kept
}

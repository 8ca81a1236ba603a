package lock

import (
	"context"
	"errors"
	"time"
)

const (
	// retries is how often a call is repeated after the first time.
	retries = 8
	// backoffBase and backoffMax bound the waits between them, which double and are drawn anew between nothing and that
	// (full jitter).
	backoffBase = 50 * time.Millisecond
	backoffMax  = 5 * time.Second
	// cleanup is how long a call that was cancelled may still take to make sure that it leaves nothing behind.
	cleanup = 15 * time.Second
)

// backoff returns the wait before repetition number attempt, counted from 0.
func (l *Locker) backoff(attempt int, base, most time.Duration) time.Duration {
	ceiling := most
	if attempt < 20 {
		ceiling = min(most, base<<attempt)
	}
	return time.Duration(l.random() * float64(ceiling))
}

// pause waits before repetition number attempt.
func (l *Locker) pause(ctx context.Context, attempt int) error {
	return l.sleep(ctx, l.backoff(attempt, backoffBase, backoffMax))
}

// send asks the table for a transaction until it has a clear answer, at most so often. It returns nil when the writes are
// done, a *ConditionError, or the last unclear answer. Loose says that a request is still under way somewhere and may yet
// be applied, whatever the error is.
func (l *Locker) send(ctx context.Context, writes []Write) (loose bool, err error) {
	token := l.newID()
	for attempt := 0; ; attempt++ {
		err = l.Table.Transact(ctx, token, writes)
		var failed *ConditionError
		switch {
		case err == nil:
			// A request that was sent before this one and comes late changes nothing: it has the same token, and after the
			// ten minutes that the table remembers it, its conditions no longer hold.
			return false, nil
		case errors.As(err, &failed), errors.Is(err, ErrInvalidWrite):
			return loose, err
		case errors.Is(err, ErrTransactConflict), errors.Is(err, ErrThrottled):
		default:
			loose = true
		}
		if attempt == retries || l.pause(ctx, attempt) != nil {
			return loose, err
		}
	}
}

// get reads an item, again when the table does not answer.
func (l *Locker) get(ctx context.Context, key string) (*Item, error) {
	for attempt := 0; ; attempt++ {
		item, err := l.Table.Get(ctx, key)
		if err == nil {
			return item, nil
		}
		if attempt == retries || l.pause(ctx, attempt) != nil {
			return nil, &TableUnavailable{Doing: "read the lock " + key, cause: err}
		}
	}
}

// list reads the items under a prefix, again when the table does not answer.
func (l *Locker) list(ctx context.Context, prefix string) ([]Item, error) {
	for attempt := 0; ; attempt++ {
		items, err := l.Table.List(ctx, prefix)
		if err == nil {
			return items, nil
		}
		if attempt == retries || l.pause(ctx, attempt) != nil {
			return nil, &TableUnavailable{Doing: "list the locks under " + prefix, cause: err}
		}
	}
}

// conditions returns the items that stood in the way of a transaction, by the place of their write.
func conditions(err error) (map[int]*Item, bool) {
	var failed *ConditionError
	if !errors.As(err, &failed) {
		return nil, false
	}
	items := make(map[int]*Item, len(failed.Failed))
	for _, f := range failed.Failed {
		items[f.Index] = f.Item
	}
	return items, true
}

// unclear reports whether a transaction was given up without a clear answer.
func unclear(err error) bool {
	_, condition := conditions(err)
	return err != nil && !condition
}

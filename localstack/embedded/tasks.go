package embedded

import (
	"context"
	"sync"
)

// tasks counts, for each run, the executor's tasks that are at work in this process. A task that was told to stop still
// writes down what it did: until it has, nobody may judge by what is written.
type tasks struct {
	mu   sync.Mutex
	left map[string]int
	gone map[string]chan struct{} // closed when none of the run is left
}

// begin counts a task in, and the returned function out.
func (t *tasks) begin(run string) (end func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.left == nil {
		t.left, t.gone = map[string]int{}, map[string]chan struct{}{}
	}
	if t.left[run] == 0 {
		t.gone[run] = make(chan struct{})
	}
	t.left[run]++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.left[run]--; t.left[run] == 0 {
			close(t.gone[run])
			delete(t.left, run)
			delete(t.gone, run)
		}
	}
}

// wait returns when no task of the run is at work.
func (t *tasks) wait(ctx context.Context, run string) error {
	t.mu.Lock()
	gone := t.gone[run]
	t.mu.Unlock()
	if gone == nil {
		return nil
	}
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

package execution

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/deployer-io/deployer/shared/resource"
)

// splitPre parts a component's pre hooks. Those before are called before anything is changed. From the first that runs the
// component's own task on, they wait until the new version's task can be run: a migration that ran with the former image
// would not know what it is to migrate, and in a first deployment there is none.
func splitPre(hooks []resource.Hook) (before, midway []resource.Hook) {
	i := slices.IndexFunc(hooks, func(h resource.Hook) bool { return h.ECSTask != nil && h.ECSTask.Component.IsZero() })
	if i < 0 {
		return hooks, nil
	}
	return hooks[:i], hooks[i:]
}

// longest is how long hooks may take together, with all their attempts.
func longest(hooks []resource.Hook) (sum time.Duration) {
	for i := range hooks {
		sum += hooks[i].Timeout.Std() * time.Duration(hooks[i].Retries+1)
	}
	return sum
}

// midway calls the hooks that wait for the new version's task, once, from within an Apply.
type midway struct {
	hooks []resource.Hook
	call  func(ctx context.Context, outputs map[string]json.RawMessage) error

	mu     sync.Mutex
	called bool
	err    error
}

// apply is do with the hooks called on its way. An attempt after the one in which they were called does not call them again.
func (m *midway) apply(ctx context.Context, order Order, do func(context.Context, Order) (Result, error)) (Result, error) {
	if len(m.hooks) == 0 {
		return do(ctx, order)
	}
	calling, stop := context.WithCancel(ctx)
	defer stop()
	order.Midway = func(outputs map[string]json.RawMessage) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		if !m.called && calling.Err() == nil {
			m.called, m.err = true, m.call(calling, outputs)
		}
		return errors.Join(m.err, calling.Err())
	}
	result, err := do(ctx, order)
	stop() // what was interrupted may have left a hook behind
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.err != nil:
		return result, m.err // rather than what has become of it on its way through the Provisioner
	case err == nil && !m.called:
		return result, &HookFailed{Moment: pre, Hook: m.hooks[0].Name, Cause: "the component has no task of its own that it could run"}
	}
	return result, err
}

package state_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock/locktest"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/state"
)

// faultyObjects is the object store as a client of a history sees it.
type faultyObjects struct {
	objects.Store
	client *locktest.Client
}

func (f faultyObjects) Get(ctx context.Context, key string) (object objects.Object, err error) {
	err = f.client.Read("get "+key, func() (err error) {
		object, err = f.Store.Get(ctx, key)
		return err
	})
	return object, err
}

func (f faultyObjects) List(ctx context.Context, prefix, after string, limit int) (listed []objects.Object, err error) {
	err = f.client.Read("list "+prefix, func() (err error) {
		listed, err = f.Store.List(ctx, prefix, after, limit)
		return err
	})
	return listed, err
}

func (f faultyObjects) Put(ctx context.Context, key string, data []byte, condition objects.Condition) (put objects.Object, err error) {
	err = f.client.Write("put "+key, []error{objects.ErrConflict}, func() (err error) {
		put, err = f.Store.Put(ctx, key, data, condition)
		return err
	})
	return put, err
}

// blindObjects replaces the state whatever stands there.
type blindObjects struct{ objects.Store }

func (b blindObjects) Put(ctx context.Context, key string, data []byte, condition objects.Condition) (objects.Object, error) {
	if condition.Match() != "" {
		condition = objects.Always()
	}
	return b.Store.Put(ctx, key, data, condition)
}

// ledger keeps the counters of a history in the state: each in its component's outputs.
type ledger struct{ *state.Store }

var _ locktest.Ledger = ledger{}

func (l ledger) Install(ctx context.Context, keys []string, fence int64) error {
	return l.Store.Install(ctx, state.Fence{Keys: keys, Number: fence})
}

func (l ledger) Add(ctx context.Context, keys []string, fence int64, run string, component address.Address) (int64, error) {
	var count int64
	_, err := l.Commit(ctx, state.Fence{Keys: keys, Number: fence}, []address.Address{component}, func(s *state.Snapshot) error {
		record, err := s.Components[component.Short()], error(nil)
		if count, err = countOf(record); err != nil {
			return err
		}
		count++
		record.Address, record.Kind, record.Status = component, "SQS", state.Deployed
		record.Outputs = map[string]json.RawMessage{"count": fmt.Append(nil, count)}
		s.Components[component.Short()], s.Run = record, run
		return nil
	})
	return count, err
}

func countOf(r state.Record) (count int64, err error) {
	if text, there := r.Outputs["count"]; there {
		err = json.Unmarshal(text, &count)
	}
	return count, err
}

// Values also looks at the whole history: it must be without a gap, and each snapshot in it whole.
func (l ledger) Values(ctx context.Context) (map[string]int64, error) {
	snapshot, _, err := l.Read(ctx)
	if err != nil {
		return nil, err
	}
	history, err := l.History(ctx)
	if err != nil {
		return nil, err
	}
	if int64(len(history)) != snapshot.Serial {
		return nil, fmt.Errorf("the state is at serial %d and its history has %d entries", snapshot.Serial, len(history))
	}
	if problems, err := l.Verify(ctx); err != nil || len(problems) > 0 {
		return nil, fmt.Errorf("verify: %v %w", problems, err)
	}
	values := map[string]int64{}
	for short, record := range snapshot.Components {
		if values[short], err = countOf(record); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (l ledger) Fenced(err error) bool {
	var fenced *state.FencedOut
	return errors.As(err, &fenced)
}

func (l ledger) Unclear(err error) bool {
	var unavailable *state.StateUnavailable
	return errors.As(err, &unavailable) || errors.Is(err, locktest.ErrLost)
}

// lowFence is a ledger whose holders do not install their own fence.
type lowFence struct{ ledger }

func (l lowFence) Install(ctx context.Context, keys []string, _ int64) error {
	return l.ledger.Install(ctx, keys, 1)
}

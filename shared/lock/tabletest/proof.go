package tabletest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
)

// together runs n goroutines at once and fails with the first error, which stops the others.
func together(t *testing.T, n int, do func(ctx context.Context, i int) error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var wait sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wait.Go(func() {
			<-start
			if err := do(ctx, i); err != nil {
				cancel(err)
			}
		})
	}
	close(start)
	wait.Wait()
	require.NoError(t, context.Cause(ctx))
}

// patiently sends the same again while the table asks for it, and a few times where it does not know what became of it.
func patiently(ctx context.Context, table lock.Table, token string, writes []lock.Write) error {
	for unknown := 0; ; {
		err := table.Transact(ctx, token, writes)
		switch {
		case err == nil || failed(err) || errors.Is(err, lock.ErrInvalidWrite) || ctx.Err() != nil:
			return err
		case errors.Is(err, lock.ErrTransactConflict) || errors.Is(err, lock.ErrThrottled):
		default:
			if unknown++; unknown == 5 {
				return err
			}
		}
		runtime.Gosched()
	}
}

func failed(err error) bool {
	var condition *lock.ConditionError
	return errors.As(err, &condition)
}

func fenceIs(n int64) lock.Condition {
	if n == 0 {
		return lock.Condition{Attribute: lock.FenceAttr, Operator: lock.Missing}
	}
	return lock.Condition{Attribute: lock.FenceAttr, Operator: lock.Equal, Number: n}
}

func fenceOf(item *lock.Item) int64 {
	if item == nil {
		return 0
	}
	return item.Fence
}

func noLostUpdate(t *testing.T, table lock.Table) {
	const clients, each = 64, 3
	together(t, clients, func(ctx context.Context, _ int) error {
		for done := 0; done < each; {
			item, err := table.Get(ctx, "counter")
			if err != nil {
				return err
			}
			n := fenceOf(item)
			err = patiently(ctx, table, token(), []lock.Write{update("counter", set(n+1), fenceIs(n)), increment("beside")})
			if err == nil {
				done++
			} else if !failed(err) {
				return err
			}
		}
		return nil
	})
	requireItem(t, table, lock.Item{Key: "counter", Fence: clients * each})
	requireItem(t, table, lock.Item{Key: "beside", Fence: clients * each})
}

func oneWinner(t *testing.T, table lock.Table) {
	for round := range 5 {
		key := fmt.Sprint("node", round)
		var mu sync.Mutex
		var winners []string
		together(t, 16, func(ctx context.Context, i int) error {
			item := lock.Item{Key: key, LockID: fmt.Sprint("holder", i)}
			err := patiently(ctx, table, token(), []lock.Write{put(item, lock.Condition{Attribute: lock.LockID, Operator: lock.Missing})})
			if failed(err) {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			winners = append(winners, item.LockID)
			return err
		})
		require.Len(t, winners, 1)
		requireItem(t, table, lock.Item{Key: key, LockID: winners[0]})
	}
}

// noHalf moves a sum about between two items while others check, in transactions, that the two agree.
func noHalf(t *testing.T, table lock.Table) {
	const writers, checkers, each = 8, 8, 12
	transact(t, table, put(lock.Item{Key: "left", Fence: 1}), put(lock.Item{Key: "right", Fence: 1}))
	together(t, writers+checkers, func(ctx context.Context, i int) error {
		for done := 0; done < each; {
			item, err := table.Get(ctx, "left")
			if err != nil {
				return err
			}
			n := item.Fence
			writes := []lock.Write{update("right", set(n+1), fenceIs(n)), update("left", set(n+1), fenceIs(n))}
			if i >= writers {
				writes = []lock.Write{check("left", fenceIs(n)), check("right", fenceIs(n))}
			}
			err = patiently(ctx, table, token(), writes)
			var condition *lock.ConditionError
			if errors.As(err, &condition) { // where one is still n and the other is not, half of a transaction was seen
				if len(condition.Failed) != 2 || fenceOf(condition.Failed[0].Item) != fenceOf(condition.Failed[1].Item) {
					return fmt.Errorf("half of a transaction was seen at %d: %+v", n, condition.Failed)
				}
			} else if err != nil {
				return err
			}
			if err == nil || i >= writers {
				done++
			}
		}
		return nil
	})
	requireItem(t, table, lock.Item{Key: "left", Fence: 1 + writers*each})
	requireItem(t, table, lock.Item{Key: "right", Fence: 1 + writers*each})
}

func crossing(t *testing.T, table lock.Table) {
	const clients, each = 16, 5
	together(t, clients, func(ctx context.Context, i int) error {
		keys := []string{"a", "b", "c"}
		for n := range each {
			first, second := keys[(i+n)%3], keys[(i+n+1+i%2)%3]
			if err := patiently(ctx, table, token(), []lock.Write{increment(first), increment(second)}); err != nil {
				return err
			}
		}
		return nil
	})
	items, err := table.List(t.Context(), "")
	require.NoError(t, err)
	var sum int64
	for _, item := range items {
		sum += item.Fence
	}
	require.Equal(t, int64(2*clients*each), sum)
}

// exclusion has some lock a node and others note a child in it, which the conditions forbid together.
func exclusion(t *testing.T, table lock.Table) {
	const clients, each = 12, 6
	var mu sync.Mutex
	locked, noted := 0, 0
	together(t, clients, func(ctx context.Context, i int) error {
		name := fmt.Sprint("client", i)
		take := update("node", []lock.Change{{Attribute: lock.LockID, Verb: lock.Set, Text: name}},
			lock.Condition{Attribute: lock.LockID, Operator: lock.Missing}, lock.Condition{Attribute: lock.IxChildren, Operator: lock.Missing})
		give := update("node", []lock.Change{{Attribute: lock.LockID, Verb: lock.Clear}},
			lock.Condition{Attribute: lock.LockID, Operator: lock.Equal, Text: name}, lock.Condition{Attribute: lock.IxChildren, Operator: lock.Missing})
		counter := &locked
		if i%2 == 1 {
			take = update("node", []lock.Change{{Attribute: lock.IxChildren, Verb: lock.Insert, Text: name}},
				lock.Condition{Attribute: lock.LockID, Operator: lock.Missing})
			give = update("node", []lock.Change{{Attribute: lock.IxChildren, Verb: lock.Remove, Text: name}},
				lock.Condition{Attribute: lock.LockID, Operator: lock.Missing}, lock.Condition{Attribute: lock.IxChildren, Operator: lock.Contains, Text: name})
			counter = &noted
		}
		for range each {
			err := patiently(ctx, table, token(), []lock.Write{take, increment(name)})
			if failed(err) {
				continue
			}
			if err == nil {
				err = patiently(ctx, table, token(), []lock.Write{give})
			}
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			mu.Lock()
			*counter++
			mu.Unlock()
		}
		return nil
	})
	requireItem(t, table, lock.Item{Key: "node"})
	items, err := table.List(t.Context(), "client")
	require.NoError(t, err)
	var sum int64
	for _, item := range items {
		sum += item.Fence
	}
	require.Equal(t, int64(locked+noted), sum)
}

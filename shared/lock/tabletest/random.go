package tabletest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
)

// sameAsMemory sends random transactions to the table and to a memory table; both must answer alike and hold the same.
func sameAsMemory(t *testing.T, table lock.Table) {
	const transactions = 150
	for seed := range uint64(2) {
		random := writer{rand.New(rand.NewPCG(seed, 2026)), fmt.Sprintf("seed%d:", seed)}
		model := lock.NewMemoryTable(func() time.Time { return time.Unix(0, 0) })
		for i := range transactions {
			writes, token := random.writes(), token()
			want, got := model.Transact(t.Context(), token, writes), table.Transact(t.Context(), token, writes)
			require.Equal(t, kindOf(want), kindOf(got), "seed %d, transaction %d: %+v: %v, but the memory table says %v", seed, i, writes, got, want)
			var wantFailed, gotFailed *lock.ConditionError
			if errors.As(want, &wantFailed) && errors.As(got, &gotFailed) {
				require.Equal(t, wantFailed.Failed, gotFailed.Failed, "seed %d, transaction %d: %+v", seed, i, writes)
			}
			if i%10 == 9 {
				wantItems, err := model.List(t.Context(), random.prefix)
				require.NoError(t, err)
				gotItems, err := table.List(t.Context(), random.prefix)
				require.NoError(t, err)
				require.Equal(t, wantItems, gotItems, "seed %d, after transaction %d", seed, i)
			}
		}
	}
}

func kindOf(err error) string {
	var condition *lock.ConditionError
	switch {
	case err == nil:
		return "applied"
	case errors.As(err, &condition):
		return "condition"
	case errors.Is(err, lock.ErrInvalidWrite):
		return "invalid"
	}
	return err.Error()
}

// writer makes random writes out of few keys and values, so that conditions hold about as often as not.
type writer struct {
	*rand.Rand
	prefix string
}

func pick[T any](w writer, from ...T) T { return from[w.IntN(len(from))] }

func (w writer) writes() []lock.Write {
	keys := []string{"a", "b", "c", "d"}
	w.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	writes := make([]lock.Write, 1+w.IntN(len(keys)))
	for i := range writes {
		writes[i] = w.write(w.prefix + keys[i])
	}
	return writes
}

func (w writer) write(key string) lock.Write {
	made := lock.Write{Verb: pick(w, lock.Put, lock.Update, lock.Update, lock.Update, lock.Delete, lock.Check), Key: key}
	switch made.Verb {
	case lock.Put:
		made.Item = &lock.Item{Key: key, LockID: w.text(), Fence: w.number(), ExpiresAt: w.number(), Actor: w.text()}
		if w.IntN(2) == 0 {
			made.Item.Metadata = map[string]string{"deployment_id": w.text()}
			made.Item.IxChildren = []string{"x"}
		}
	case lock.Update:
		for range 1 + w.IntN(3) {
			made.Changes = append(made.Changes, w.change()) // now and then twice on one attribute, which is invalid
		}
	}
	for range w.IntN(2) {
		made.Conditions = append(made.Conditions, w.condition())
	}
	if made.Verb == lock.Check && made.Conditions == nil {
		made.Conditions = []lock.Condition{w.condition()}
	}
	return made
}

func (w writer) text() string  { return pick(w, "", "x", "y") }
func (w writer) number() int64 { return int64(w.IntN(4)) }

func (w writer) change() lock.Change {
	texts, numbers := []lock.Attribute{lock.LockID, lock.LockedBy}, []lock.Attribute{lock.FenceAttr, lock.ExpiresAt, lock.Version}
	return pick(w,
		lock.Change{Attribute: pick(w, texts...), Verb: lock.Set, Text: pick(w, "x", "y")},
		lock.Change{Attribute: pick(w, numbers...), Verb: pick(w, lock.Set, lock.Add), Number: 1 + w.number()},
		lock.Change{Attribute: lock.Metadata, Verb: lock.Set, Map: map[string]string{"git_commit": w.text()}},
		lock.Change{Attribute: lock.IxChildren, Verb: pick(w, lock.Insert, lock.Remove), Text: pick(w, "x", "y", "z")},
		lock.Change{Attribute: pick(w, lock.LockID, lock.FenceAttr, lock.Metadata, lock.IxChildren), Verb: lock.Clear},
	)
}

func (w writer) condition() lock.Condition {
	return pick(w,
		lock.Condition{Attribute: pick(w, lock.LockID, lock.FenceAttr, lock.Metadata, lock.IxChildren, lock.KeyAttr), Operator: pick(w, lock.Missing, lock.Exists)},
		lock.Condition{Attribute: pick(w, lock.LockID, lock.LockedBy), Operator: lock.Equal, Text: w.text()},
		lock.Condition{Attribute: pick(w, lock.FenceAttr, lock.ExpiresAt), Operator: pick(w, lock.Equal, lock.Less), Number: w.number()},
		lock.Condition{Attribute: lock.IxChildren, Operator: lock.Contains, Text: pick(w, "x", "y")},
	)
}

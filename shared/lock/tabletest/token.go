package tabletest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
)

func increment(key string) lock.Write {
	return update(key, []lock.Change{{Attribute: lock.FenceAttr, Verb: lock.Add, Number: 1}})
}

func tokenReplay(t *testing.T, table lock.Table) {
	const once = "the same token"
	writes := []lock.Write{increment("a"), put(lock.Item{Key: "b"}, lock.Condition{Attribute: lock.KeyAttr, Operator: lock.Missing})}
	for range 3 { // though the condition of b holds no more
		require.NoError(t, table.Transact(t.Context(), once, writes))
	}
	requireItem(t, table, lock.Item{Key: "a", Fence: 1})
	transact(t, table, increment("a"))
	require.NoError(t, table.Transact(t.Context(), once, writes))
	requireItem(t, table, lock.Item{Key: "a", Fence: 2})
}

func tokenMismatch(t *testing.T, table lock.Table) {
	const once = "one token, two thoughts"
	require.NoError(t, table.Transact(t.Context(), once, []lock.Write{increment("a")}))
	require.ErrorIs(t, table.Transact(t.Context(), once, []lock.Write{increment("b")}), lock.ErrInvalidWrite)
	requireItem(t, table, lock.Item{Key: "a", Fence: 1})
	requireNothing(t, table, "b")
}

func tokenOfFailed(t *testing.T, table lock.Table) {
	const once = "tried twice"
	exists := lock.Condition{Attribute: lock.KeyAttr, Operator: lock.Exists}
	guarded := []lock.Write{increment("a"), check("gate", exists)}
	requireFails(t, table.Transact(t.Context(), once, guarded), 1)
	transact(t, table, put(lock.Item{Key: "gate"}))
	require.NoError(t, table.Transact(t.Context(), once, guarded))
	requireItem(t, table, lock.Item{Key: "a", Fence: 1})
}

func tokenLife(t *testing.T, table lock.Table, advance func(time.Duration)) {
	const once = "for ten minutes"
	require.NoError(t, table.Transact(t.Context(), once, []lock.Write{increment("a")}))
	advance(lock.TokenLife - time.Second)
	require.NoError(t, table.Transact(t.Context(), once, []lock.Write{increment("a")}))
	require.ErrorIs(t, table.Transact(t.Context(), once, []lock.Write{increment("b")}), lock.ErrInvalidWrite)
	requireItem(t, table, lock.Item{Key: "a", Fence: 1})
	advance(time.Second)
	require.NoError(t, table.Transact(t.Context(), once, []lock.Write{increment("a"), increment("b")}))
	requireItem(t, table, lock.Item{Key: "a", Fence: 2})
}

func tokenAtOnce(t *testing.T, table lock.Table) {
	const once = "sent at once"
	writes := []lock.Write{increment("a"), increment("b")}
	together(t, 16, func(ctx context.Context, _ int) error {
		return patiently(ctx, table, once, writes)
	})
	requireItem(t, table, lock.Item{Key: "a", Fence: 1})
	requireItem(t, table, lock.Item{Key: "b", Fence: 1})
}

func invalid(t *testing.T, table lock.Table) {
	good := increment("good")
	change := func(c lock.Change) []lock.Write { return []lock.Write{good, update("k", []lock.Change{c})} }
	condition := func(c lock.Condition) []lock.Write { return []lock.Write{good, check("k", c)} }
	many := make([]lock.Write, lock.MaxWrites+1)
	for i := range many {
		many[i] = increment(strings.Repeat("k", i+1))
	}
	for sentence, writes := range map[string][]lock.Write{
		"no writes":                       {},
		"too many writes":                 many,
		"two on one key":                  {good, increment("good")},
		"an empty key":                    {good, increment("")},
		"too long a key":                  {good, increment(strings.Repeat("k", lock.MaxKey+1))},
		"an unknown verb":                 {good, {Verb: "upsert", Key: "k"}},
		"a put without item":              {good, {Verb: lock.Put, Key: "k"}},
		"a put of another key":            {good, {Verb: lock.Put, Key: "k", Item: &lock.Item{Key: "l"}}},
		"a negative number":               {good, put(lock.Item{Key: "k", Fence: -1})},
		"a set with doubles":              {good, put(lock.Item{Key: "k", IxChildren: []string{"a", "a"}})},
		"a set with an empty member":      {good, put(lock.Item{Key: "k", IxChildren: []string{""}})},
		"an update without change":        {good, update("k", nil)},
		"a delete with changes":           {good, {Verb: lock.Delete, Key: "k", Changes: set(1)}},
		"a delete with an item":           {good, {Verb: lock.Delete, Key: "k", Item: &lock.Item{Key: "k"}}},
		"a check without condition":       {good, check("k")},
		"one attribute changed twice":     {good, update("k", append(set(1), set(2)...))},
		"a change of the key":             change(lock.Change{Attribute: lock.KeyAttr, Verb: lock.Set, Text: "x"}),
		"an unknown attribute":            change(lock.Change{Attribute: "colour", Verb: lock.Set, Text: "x"}),
		"an unknown change":               change(lock.Change{Attribute: lock.LockID, Verb: "append", Text: "x"}),
		"an empty text":                   change(lock.Change{Attribute: lock.LockID, Verb: lock.Set}),
		"a zero":                          change(lock.Change{Attribute: lock.Version, Verb: lock.Set}),
		"an empty map":                    change(lock.Change{Attribute: lock.Metadata, Verb: lock.Set}),
		"a number added to text":          change(lock.Change{Attribute: lock.LockID, Verb: lock.Add, Number: 1}),
		"a negative number added":         change(lock.Change{Attribute: lock.Version, Verb: lock.Add, Number: -1}),
		"a set assigned":                  change(lock.Change{Attribute: lock.IxChildren, Verb: lock.Set, Text: "x"}),
		"an empty member":                 change(lock.Change{Attribute: lock.IxChildren, Verb: lock.Insert}),
		"a member of what is no set":      change(lock.Change{Attribute: lock.LockID, Verb: lock.Insert, Text: "x"}),
		"an unknown operator":             condition(lock.Condition{Attribute: lock.LockID, Operator: "like", Text: "x"}),
		"a condition on no attribute":     condition(lock.Condition{Attribute: "colour", Operator: lock.Exists}),
		"less on text":                    condition(lock.Condition{Attribute: lock.LockID, Operator: lock.Less, Number: 1}),
		"equal on a set":                  condition(lock.Condition{Attribute: lock.IxChildren, Operator: lock.Equal, Text: "x"}),
		"contains on text":                condition(lock.Condition{Attribute: lock.LockID, Operator: lock.Contains, Text: "x"}),
		"one member inserted and removed": {good, update("k", []lock.Change{{Attribute: lock.IxChildren, Verb: lock.Insert, Text: "a"}, {Attribute: lock.IxChildren, Verb: lock.Remove, Text: "b"}})},
		"one member inserted twice":       {good, update("k", []lock.Change{{Attribute: lock.IxChildren, Verb: lock.Insert, Text: "a"}, {Attribute: lock.IxChildren, Verb: lock.Insert, Text: "a"}})},
	} {
		require.ErrorIs(t, table.Transact(t.Context(), token(), writes), lock.ErrInvalidWrite, sentence)
	}
	for _, bad := range []string{"", strings.Repeat("t", lock.MaxToken+1)} {
		require.ErrorIs(t, table.Transact(t.Context(), bad, []lock.Write{good}), lock.ErrInvalidWrite)
	}
	items, err := table.List(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, items)
}

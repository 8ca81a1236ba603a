package tabletest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
)

func operators(t *testing.T, table lock.Table) {
	type comparison struct {
		lock.Condition
		there bool // whether it holds on the full item; on the bare one and where nothing stands it holds if absent
	}
	var cases []comparison
	add := func(a lock.Attribute, o lock.Operator, text string, number int64, there bool) {
		cases = append(cases, comparison{lock.Condition{Attribute: a, Operator: o, Text: text, Number: number}, there})
	}
	item := full("full")
	texts := map[lock.Attribute]string{lock.LockID: item.LockID, lock.LockedBy: item.LockedBy}
	for _, a := range []lock.Attribute{lock.LockID, lock.LockedBy} {
		add(a, lock.Equal, texts[a], 0, true)
		add(a, lock.Equal, texts[a]+"x", 0, false)
		add(a, lock.Equal, "", 0, false)
	}
	numbers := map[lock.Attribute]int64{
		lock.LockedAt: item.LockedAt, lock.ExpiresAt: item.ExpiresAt, lock.FenceAttr: item.Fence, lock.Version: item.Version,
	}
	for _, a := range []lock.Attribute{lock.LockedAt, lock.ExpiresAt, lock.FenceAttr, lock.Version} {
		n := numbers[a]
		add(a, lock.Equal, "", n, true)
		add(a, lock.Equal, "", n+1, false)
		add(a, lock.Equal, "", 0, false)
		add(a, lock.Less, "", n+1, true)
		add(a, lock.Less, "", n, false)
		add(a, lock.Less, "", -1, false)
		add(a, lock.Less, "", 10*n, true)
	}
	add(lock.IxChildren, lock.Contains, "a", 0, true)
	add(lock.IxChildren, lock.Contains, "A", 0, false)
	add(lock.IxChildren, lock.Contains, "", 0, false)
	for _, a := range []lock.Attribute{lock.LockID, lock.LockedAt, lock.LockedBy, lock.ExpiresAt, lock.Metadata, lock.FenceAttr,
		lock.Version, lock.IxChildren} {
		add(a, lock.Exists, "", 0, true)
		add(a, lock.Missing, "", 0, false)
	}
	transact(t, table, put(item), put(lock.Item{Key: "bare"}))
	for _, c := range cases {
		for key, want := range map[string]bool{"full": c.there, "bare": c.Operator == lock.Missing, "nobody": c.Operator == lock.Missing} {
			requireHolds(t, table, key, c.Condition, want)
		}
	}
	for key, there := range map[string]bool{"full": true, "bare": true, "nobody": false} {
		requireHolds(t, table, key, lock.Condition{Attribute: lock.KeyAttr, Operator: lock.Exists}, there)
		requireHolds(t, table, key, lock.Condition{Attribute: lock.KeyAttr, Operator: lock.Missing}, !there)
		requireHolds(t, table, key, lock.Condition{Attribute: lock.KeyAttr, Operator: lock.Equal, Text: key}, there)
		requireHolds(t, table, key, lock.Condition{Attribute: lock.KeyAttr, Operator: lock.Equal, Text: "x"}, false)
	}
	requireItem(t, table, item)
	requireNothing(t, table, "nobody")
}

func requireHolds(t *testing.T, table lock.Table, key string, c lock.Condition, want bool) {
	t.Helper()
	err := table.Transact(t.Context(), token(), []lock.Write{check(key, c)})
	if want {
		require.NoError(t, err, "%+v on %s", c, key)
		return
	}
	requireFails(t, err, 0)
}

func changes(t *testing.T, table lock.Table) {
	for i, c := range []struct {
		lock.Change
		full, bare func(*lock.Item)
	}{
		{lock.Change{Attribute: lock.LockID, Verb: lock.Set, Text: "new"}, func(i *lock.Item) { i.LockID = "new" }, nil},
		{lock.Change{Attribute: lock.LockedBy, Verb: lock.Set, Text: "new"}, func(i *lock.Item) { i.LockedBy = "new" }, nil},
		{lock.Change{Attribute: lock.LockedAt, Verb: lock.Set, Number: 5}, func(i *lock.Item) { i.LockedAt = 5 }, nil},
		{lock.Change{Attribute: lock.ExpiresAt, Verb: lock.Set, Number: 5}, func(i *lock.Item) { i.ExpiresAt = 5 }, nil},
		{lock.Change{Attribute: lock.FenceAttr, Verb: lock.Set, Number: 5}, func(i *lock.Item) { i.Fence = 5 }, nil},
		{lock.Change{Attribute: lock.Version, Verb: lock.Set, Number: 5}, func(i *lock.Item) { i.Version = 5 }, nil},
		{
			lock.Change{Attribute: lock.Metadata, Verb: lock.Set, Map: map[string]string{"ci_run_id": "9"}},
			func(i *lock.Item) { i.Metadata = map[string]string{"ci_run_id": "9"} }, nil,
		},
		{lock.Change{Attribute: lock.LockedAt, Verb: lock.Add, Number: 5}, func(i *lock.Item) { i.LockedAt += 5 }, nil},
		{lock.Change{Attribute: lock.ExpiresAt, Verb: lock.Add, Number: 5}, func(i *lock.Item) { i.ExpiresAt += 5 }, nil},
		{lock.Change{Attribute: lock.FenceAttr, Verb: lock.Add, Number: 5}, func(i *lock.Item) { i.Fence += 5 }, nil},
		{lock.Change{Attribute: lock.Version, Verb: lock.Add, Number: 5}, func(i *lock.Item) { i.Version += 5 }, nil},
		{
			lock.Change{Attribute: lock.IxChildren, Verb: lock.Insert, Text: "aa"},
			func(i *lock.Item) { i.IxChildren = []string{"a", "aa", "b"} }, func(i *lock.Item) { i.IxChildren = []string{"aa"} },
		},
		{
			lock.Change{Attribute: lock.IxChildren, Verb: lock.Insert, Text: "a"},
			func(*lock.Item) {}, func(i *lock.Item) { i.IxChildren = []string{"a"} },
		},
		{
			lock.Change{Attribute: lock.IxChildren, Verb: lock.Remove, Text: "a"},
			func(i *lock.Item) { i.IxChildren = []string{"b"} }, func(*lock.Item) {},
		},
		{lock.Change{Attribute: lock.IxChildren, Verb: lock.Remove, Text: "z"}, func(*lock.Item) {}, nil},
		{lock.Change{Attribute: lock.LockID, Verb: lock.Clear}, func(i *lock.Item) { i.LockID = "" }, nil},
		{lock.Change{Attribute: lock.LockedBy, Verb: lock.Clear}, func(i *lock.Item) { i.LockedBy = "" }, nil},
		{lock.Change{Attribute: lock.LockedAt, Verb: lock.Clear}, func(i *lock.Item) { i.LockedAt = 0 }, nil},
		{lock.Change{Attribute: lock.ExpiresAt, Verb: lock.Clear}, func(i *lock.Item) { i.ExpiresAt = 0 }, nil},
		{lock.Change{Attribute: lock.FenceAttr, Verb: lock.Clear}, func(i *lock.Item) { i.Fence = 0 }, nil},
		{lock.Change{Attribute: lock.Version, Verb: lock.Clear}, func(i *lock.Item) { i.Version = 0 }, nil},
		{lock.Change{Attribute: lock.Metadata, Verb: lock.Clear}, func(i *lock.Item) { i.Metadata = nil }, nil},
		{lock.Change{Attribute: lock.IxChildren, Verb: lock.Clear}, func(i *lock.Item) { i.IxChildren = nil }, nil},
	} {
		if c.bare == nil {
			c.bare = c.full
		}
		fullKey, bareKey, newKey := fmt.Sprint("full", i), fmt.Sprint("bare", i), fmt.Sprint("new", i)
		transact(t, table, put(full(fullKey)), put(lock.Item{Key: bareKey}))
		transact(t, table, update(fullKey, []lock.Change{c.Change}), update(bareKey, []lock.Change{c.Change}),
			update(newKey, []lock.Change{c.Change}))
		wantFull, wantBare, wantNew := full(fullKey), lock.Item{Key: bareKey}, lock.Item{Key: newKey}
		c.full(&wantFull)
		c.bare(&wantBare)
		c.bare(&wantNew)
		requireItem(t, table, wantFull)
		requireItem(t, table, wantBare)
		requireItem(t, table, wantNew)
	}
}

func allConditions(t *testing.T, table lock.Table) {
	transact(t, table, put(full("k")))
	holds := lock.Condition{Attribute: lock.FenceAttr, Operator: lock.Equal, Number: 7}
	fails := lock.Condition{Attribute: lock.Version, Operator: lock.Less, Number: 3}
	for _, conditions := range [][]lock.Condition{{holds, fails}, {fails, holds}, {fails}} {
		requireFails(t, table.Transact(t.Context(), token(), []lock.Write{remove("k", conditions...)}), 0)
	}
	transact(t, table, remove("k", holds, lock.Condition{Attribute: lock.LockID, Operator: lock.Equal, Text: "4f8b"}))
	requireNothing(t, table, "k")
}

func conditionsBefore(t *testing.T, table lock.Table) {
	transact(t, table, put(lock.Item{Key: "k", Fence: 1}))
	one := lock.Condition{Attribute: lock.FenceAttr, Operator: lock.Equal, Number: 1}
	transact(t, table, update("k", set(2), one))
	requireFails(t, table.Transact(t.Context(), token(), []lock.Write{update("k", set(3), one)}), 0)
	requireItem(t, table, lock.Item{Key: "k", Fence: 2})
}

func allOrNone(t *testing.T, table lock.Table) {
	transact(t, table, put(full("put")), put(full("update")), put(full("delete")))
	err := table.Transact(t.Context(), token(), []lock.Write{
		put(lock.Item{Key: "put"}), update("update", set(99)), remove("delete"), update("new", set(1)),
		check("gate", lock.Condition{Attribute: lock.LockID, Operator: lock.Exists}),
	})
	requireFails(t, err, 4)
	for _, key := range []string{"put", "update", "delete"} {
		requireItem(t, table, full(key))
	}
	requireNothing(t, table, "new")
	requireNothing(t, table, "gate")
}

func allOld(t *testing.T, table lock.Table) {
	transact(t, table, put(full("held")), put(lock.Item{Key: "free", Fence: 1}))
	free := lock.Condition{Attribute: lock.LockID, Operator: lock.Missing}
	held := lock.Condition{Attribute: lock.LockID, Operator: lock.Exists}
	gone := full("x")
	gone.Key = "nobody"
	failed := requireFails(t, table.Transact(t.Context(), token(), []lock.Write{
		update("free", set(2), free), put(full("held"), free), put(gone, held), remove("other", held),
	}), 1, 2, 3)
	want := full("held")
	require.Equal(t, &want, failed.Failed[0].Item)
	require.Nil(t, failed.Failed[1].Item)
	require.Nil(t, failed.Failed[2].Item)
	require.NotEmpty(t, failed.Error())

	for i, w := range []lock.Write{update("held", set(9), free), remove("held", free), check("held", free)} {
		failed := requireFails(t, table.Transact(t.Context(), token(), []lock.Write{w}), 0)
		require.Equal(t, &want, failed.Failed[0].Item, "verb %d", i)
	}
}

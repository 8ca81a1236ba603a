package tabletest

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
)

func absent(t *testing.T, table lock.Table) {
	requireNothing(t, table, "nobody")
	items, err := table.List(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, items)
}

func roundTrip(t *testing.T, table lock.Table) {
	for _, item := range []lock.Item{full("stack:shop:env:prod"), {Key: "bare"}, {Key: "fence#fence", Fence: 1}} {
		transact(t, table, put(item))
		requireItem(t, table, item)
	}
	unsorted := lock.Item{Key: "unsorted", IxChildren: []string{"b", "a"}}
	transact(t, table, put(unsorted))
	requireItem(t, table, lock.Item{Key: "unsorted", IxChildren: []string{"a", "b"}})
}

func putReplaces(t *testing.T, table lock.Table) {
	transact(t, table, put(full("k")))
	transact(t, table, put(lock.Item{Key: "k", Actor: "x"}))
	requireItem(t, table, lock.Item{Key: "k", Actor: "x"})
}

func list(t *testing.T, table lock.Table) {
	var writes []lock.Write
	for _, key := range []string{"stack:a:env:p", "stack:a:env:p:service:s", "stack:a:env:p#fence", "stack:ab:env:p", "audit:x", "\U0001f512"} {
		writes = append(writes, put(lock.Item{Key: key, Fence: 1}))
	}
	transact(t, table, writes...)
	for prefix, want := range map[string]string{
		"":                "audit:x stack:a:env:p stack:a:env:p#fence stack:a:env:p:service:s stack:ab:env:p \U0001f512",
		"stack:a":         "stack:a:env:p stack:a:env:p#fence stack:a:env:p:service:s stack:ab:env:p",
		"stack:a:":        "stack:a:env:p stack:a:env:p#fence stack:a:env:p:service:s",
		"stack:a:env:p:s": "stack:a:env:p:service:s",
		"none":            "",
	} {
		items, err := table.List(t.Context(), prefix)
		require.NoError(t, err)
		var keys []string
		for _, item := range items {
			require.Equal(t, int64(1), item.Fence)
			keys = append(keys, item.Key)
		}
		require.Equal(t, want, strings.Join(keys, " "), "prefix %q", prefix)
	}
}

// longList is more than DynamoDB gives in one page of a scan, a megabyte.
func longList(t *testing.T, table lock.Table) {
	reason := strings.Repeat("r", 30_000)
	for batch := range 4 {
		var writes []lock.Write
		for i := range 12 {
			writes = append(writes, put(lock.Item{Key: fmt.Sprintf("audit:%02d", batch*12+i), Reason: reason}))
		}
		transact(t, table, writes...)
	}
	items, err := table.List(t.Context(), "audit:")
	require.NoError(t, err)
	require.Len(t, items, 48)
	for i, item := range items {
		require.Equal(t, fmt.Sprintf("audit:%02d", i), item.Key)
		require.Len(t, item.Reason, len(reason))
	}
}

func updateCreates(t *testing.T, table lock.Table) {
	transact(t, table, update("new", set(1)))
	requireItem(t, table, lock.Item{Key: "new", Fence: 1})
	for i, change := range []lock.Change{
		{Attribute: lock.LockID, Verb: lock.Clear}, {Attribute: lock.IxChildren, Verb: lock.Remove, Text: "x"},
	} {
		key := fmt.Sprint("bare", i)
		transact(t, table, update(key, []lock.Change{change}))
		requireItem(t, table, lock.Item{Key: key})
	}
	err := table.Transact(t.Context(), token(), []lock.Write{
		update("never", set(1), lock.Condition{Attribute: lock.KeyAttr, Operator: lock.Exists}),
	})
	requireFails(t, err, 0)
	requireNothing(t, table, "never")
}

func deleteAbsent(t *testing.T, table lock.Table) {
	transact(t, table, remove("nobody"))
	transact(t, table, put(full("k")))
	transact(t, table, remove("k", lock.Condition{Attribute: lock.FenceAttr, Operator: lock.Equal, Number: 7}))
	requireNothing(t, table, "k")
}

func hundred(t *testing.T, table lock.Table) {
	var writes []lock.Write
	for i := range lock.MaxWrites {
		writes = append(writes, update(fmt.Sprintf("k%03d", i), set(int64(i+1))))
	}
	transact(t, table, writes...)
	items, err := table.List(t.Context(), "k")
	require.NoError(t, err)
	require.Len(t, items, lock.MaxWrites)
	writes[57].Conditions = []lock.Condition{{Attribute: lock.FenceAttr, Operator: lock.Missing}}
	writes[99].Conditions = writes[57].Conditions
	failed := requireFails(t, table.Transact(t.Context(), token(), writes), 57, 99)
	require.Equal(t, &lock.Item{Key: "k057", Fence: 58}, failed.Failed[0].Item)
}

func aliasing(t *testing.T, table lock.Table) {
	given := full("k")
	changes := []lock.Change{{Attribute: lock.Metadata, Verb: lock.Set, Map: map[string]string{"git_commit": "abc"}}}
	transact(t, table, put(given), update("l", changes))
	given.Metadata["git_commit"], given.IxChildren[0], changes[0].Map["git_commit"] = "changed", "changed", "changed"
	requireItem(t, table, full("k"))
	requireItem(t, table, lock.Item{Key: "l", Metadata: map[string]string{"git_commit": "abc"}})
	read, err := table.Get(t.Context(), "k")
	require.NoError(t, err)
	read.Metadata["git_commit"], read.IxChildren[0] = "changed", "changed"
	requireItem(t, table, full("k"))
}

func cancelled(t *testing.T, table lock.Table) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := table.Get(ctx, "k")
	require.ErrorIs(t, err, context.Canceled)
	_, err = table.List(ctx, "")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, table.Transact(ctx, token(), []lock.Write{put(full("k"))}), context.Canceled)
	requireNothing(t, table, "k")
}

func largeNumbers(t *testing.T, table lock.Table) {
	const large = math.MaxInt64 - 1
	transact(t, table, put(lock.Item{Key: "k", Fence: large, ExpiresAt: 1 << 53}))
	transact(t, table, update("k",
		[]lock.Change{
			{Attribute: lock.FenceAttr, Verb: lock.Add, Number: 1}, {Attribute: lock.ExpiresAt, Verb: lock.Add, Number: 1},
		},
		lock.Condition{Attribute: lock.FenceAttr, Operator: lock.Equal, Number: large},
		lock.Condition{Attribute: lock.FenceAttr, Operator: lock.Less, Number: math.MaxInt64}))
	requireItem(t, table, lock.Item{Key: "k", Fence: math.MaxInt64, ExpiresAt: 1<<53 + 1})
}

func oddText(t *testing.T, table lock.Table) {
	for i, odd := range []string{":v0", "#lockId", "a AND b", `"quoted" \ back`, "line\nbreak\ttab", "<&>", "日本語 \U0001f512", " ", "\u2028"} {
		key := fmt.Sprintf("odd%d %s", i, odd)
		item := lock.Item{Key: key, LockID: odd, LockedBy: odd, Metadata: map[string]string{odd: odd}, IxChildren: []string{odd}, Reason: odd}
		transact(t, table, put(item))
		requireItem(t, table, item)
		transact(t, table, update(key,
			[]lock.Change{
				{Attribute: lock.LockedBy, Verb: lock.Set, Text: odd + odd}, {Attribute: lock.IxChildren, Verb: lock.Remove, Text: odd},
				{Attribute: lock.Metadata, Verb: lock.Set, Map: map[string]string{"k": odd}},
			},
			lock.Condition{Attribute: lock.KeyAttr, Operator: lock.Equal, Text: key},
			lock.Condition{Attribute: lock.LockID, Operator: lock.Equal, Text: odd},
			lock.Condition{Attribute: lock.IxChildren, Operator: lock.Contains, Text: odd}))
		requireItem(t, table, lock.Item{Key: key, LockID: odd, LockedBy: odd + odd, Metadata: map[string]string{"k": odd}, Reason: odd})
	}
}

func severalMembers(t *testing.T, table lock.Table) {
	member := func(verb lock.ChangeVerb, texts ...string) []lock.Change {
		var changes []lock.Change
		for _, text := range texts {
			changes = append(changes, lock.Change{Attribute: lock.IxChildren, Verb: verb, Text: text})
		}
		return changes
	}
	transact(t, table, update("k", member(lock.Insert, "c", "a", "b")))
	requireItem(t, table, lock.Item{Key: "k", IxChildren: []string{"a", "b", "c"}})
	transact(t, table, update("k", append(member(lock.Insert, "b", "d"), set(4)...)))
	requireItem(t, table, lock.Item{Key: "k", Fence: 4, IxChildren: []string{"a", "b", "c", "d"}})
	transact(t, table, update("k", member(lock.Remove, "d", "x", "a")))
	requireItem(t, table, lock.Item{Key: "k", Fence: 4, IxChildren: []string{"b", "c"}})
	transact(t, table, update("k", member(lock.Remove, "b", "c")))
	requireItem(t, table, lock.Item{Key: "k", Fence: 4})
}

// Package tabletest is the conformance suite of lock.Table: a table goes in, and every sentence of the port's contract is
// tried on it, the differences from the memory table among them.
package tabletest

import (
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
)

// Options say how far a table can be tried.
type Options struct {
	// Wiring leaves out the proofs of atomicity: for emulators that answer like DynamoDB, but one caller at a time.
	Wiring bool
	// Advance moves the clock of the tables that open returns; nil where the clock is the world's.
	Advance func(time.Duration)
	// Except are checks to skip, by their sentence, each with the reason why this table differs.
	Except map[string]string
}

// Run tries the contract; open returns an empty table, a new one for each check.
func Run(t *testing.T, open func(t *testing.T) lock.Table, options Options) {
	all := maps.Clone(checks)
	if !options.Wiring {
		maps.Copy(all, proofs)
	}
	if options.Advance != nil {
		all["a token is forgotten when its life is over"] = func(t *testing.T, table lock.Table) {
			tokenLife(t, table, options.Advance)
		}
	}
	for sentence := range options.Except {
		require.Contains(t, all, sentence, "an exception for a check that does not exist")
	}
	for _, sentence := range slices.Sorted(maps.Keys(all)) {
		t.Run(sentence, func(t *testing.T) {
			if reason := options.Except[sentence]; reason != "" {
				t.Skip(reason)
			}
			all[sentence](t, open(t))
		})
	}
}

var checks = map[string]func(*testing.T, lock.Table){
	"what is not there is nil":                                  absent,
	"a put item is read back whole":                             roundTrip,
	"a put replaces the whole item":                             putReplaces,
	"a list is ordered and holds what has a prefix":             list,
	"a list of more than a megabyte is whole":                   longList,
	"every operator on attributes that are there and absent":    operators,
	"every change on attributes that are there and absent":      changes,
	"an update creates the item, even if it only takes away":    updateCreates,
	"a delete of what is not there is no error":                 deleteAbsent,
	"all conditions of a write must hold":                       allConditions,
	"conditions see the items as they were before":              conditionsBefore,
	"one failed condition undoes all writes":                    allOrNone,
	"failed conditions tell which and what stood there":         allOld,
	"a hundred writes are one transaction":                      hundred,
	"invalid writes are refused and change nothing":             invalid,
	"the same token and writes are applied once":                tokenReplay,
	"the same token with other writes is refused":               tokenMismatch,
	"a failed transaction leaves its token free":                tokenOfFailed,
	"callers cannot change what is stored":                      aliasing,
	"a context that is over stops a call":                       cancelled,
	"random transactions do as they do on the memory table":     sameAsMemory,
	"numbers up to the largest keep their value":                largeNumbers,
	"text that an expression could misread is stored as it is":  oddText,
	"a set can grow and shrink by several members in one write": severalMembers,
}

var proofs = map[string]func(*testing.T, lock.Table){
	"concurrent transactions lose no update":         noLostUpdate,
	"one of many with the same condition wins":       oneWinner,
	"no transaction sees half of another":            noHalf,
	"the same token sent at once is applied once":    tokenAtOnce,
	"transactions that cross over do not block":      crossing,
	"an exclusion over two items holds under attack": exclusion,
}

var lastToken atomic.Int64

// token returns one that no other call of this process got.
func token() string { return fmt.Sprintf("t-%d-%d", time.Now().UnixNano(), lastToken.Add(1)) }

func transact(t *testing.T, table lock.Table, writes ...lock.Write) {
	t.Helper()
	require.NoError(t, table.Transact(t.Context(), token(), writes))
}

func requireItem(t *testing.T, table lock.Table, want lock.Item) {
	t.Helper()
	item, err := table.Get(t.Context(), want.Key)
	require.NoError(t, err)
	require.NotNil(t, item)
	require.Equal(t, want, *item)
}

func requireNothing(t *testing.T, table lock.Table, key string) {
	t.Helper()
	item, err := table.Get(t.Context(), key)
	require.NoError(t, err)
	require.Nil(t, item)
}

// requireFails expects a *lock.ConditionError for exactly these writes and returns it.
func requireFails(t *testing.T, err error, indexes ...int) *lock.ConditionError {
	t.Helper()
	var failed *lock.ConditionError
	require.ErrorAs(t, err, &failed)
	var got []int
	for _, f := range failed.Failed {
		got = append(got, f.Index)
	}
	require.Equal(t, indexes, got)
	return failed
}

func put(item lock.Item, conditions ...lock.Condition) lock.Write {
	return lock.Write{Verb: lock.Put, Key: item.Key, Item: &item, Conditions: conditions}
}

func update(key string, changes []lock.Change, conditions ...lock.Condition) lock.Write {
	return lock.Write{Verb: lock.Update, Key: key, Changes: changes, Conditions: conditions}
}

func remove(key string, conditions ...lock.Condition) lock.Write {
	return lock.Write{Verb: lock.Delete, Key: key, Conditions: conditions}
}

func check(key string, conditions ...lock.Condition) lock.Write {
	return lock.Write{Verb: lock.Check, Key: key, Conditions: conditions}
}

func set(number int64) []lock.Change {
	return []lock.Change{{Attribute: lock.FenceAttr, Verb: lock.Set, Number: number}}
}

// full has every attribute.
func full(key string) lock.Item {
	return lock.Item{
		Key: key, LockID: "4f8b", LockedAt: 1767225600, LockedBy: "mona", ExpiresAt: 1767229200,
		Metadata: map[string]string{"deployment_id": "r1", "git_commit": "abc", "ci_run_id": ""},
		Fence:    7, Version: 3, IxChildren: []string{"a", "b"},
		Actor: "mona", Reason: "it hung", Event: "force-unlock", Previous: "4f8a",
	}
}

package lock_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/lock/tabletest"
)

// tableClock is moved by tests and read by tables.
type tableClock struct{ seconds atomic.Int64 }

func (c *tableClock) Now() time.Time          { return time.Unix(1767225600+c.seconds.Load(), 0) }
func (c *tableClock) Advance(d time.Duration) { c.seconds.Add(int64(d / time.Second)) }

func TestMemoryTable(t *testing.T) {
	clock := &tableClock{}
	open := func(*testing.T) lock.Table { return lock.NewMemoryTable(clock.Now) }
	tabletest.Run(t, open, tabletest.Options{Advance: clock.Advance})
}

func TestMemoryTableExpiresWhatItsTimeIsOver(t *testing.T) {
	table := lock.NewMemoryTable(time.Now)
	var writes []lock.Write
	for _, item := range []lock.Item{{Key: "b", ExpiresAt: 99}, {Key: "a", ExpiresAt: 1}, {Key: "now", ExpiresAt: 100}, {Key: "never"}} {
		writes = append(writes, lock.Write{Verb: lock.Put, Key: item.Key, Item: &item})
	}
	require.NoError(t, table.Transact(t.Context(), "t", writes))
	require.Equal(t, []string{"a", "b"}, table.ExpireBefore(time.Unix(100, 0)))
	left, err := table.List(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, []lock.Item{{Key: "never"}, {Key: "now", ExpiresAt: 100}}, left)
}

package lock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/lock/tabletest"
)

func TestFileTable(t *testing.T) {
	clock := &tableClock{}
	open := func(t *testing.T) lock.Table { return openFileTable(t, t.TempDir(), clock.Now) }
	tabletest.Run(t, open, tabletest.Options{Advance: clock.Advance})
}

func openFileTable(t testing.TB, folder string, now func() time.Time, options ...lock.FileTableOption) *lock.FileTable {
	table, err := lock.OpenFileTable(folder, now, options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, table.Close()) })
	return table
}

package objects_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/objects/objectstest"
)

func TestFile(t *testing.T) {
	objectstest.Run(t, func(t *testing.T) objects.Store { return openFile(t, t.TempDir()) }, objectstest.Options{})
}

func TestFileWithoutSync(t *testing.T) {
	open := func(t *testing.T) objects.Store { return openFile(t, t.TempDir(), objects.WithoutSync()) }
	objectstest.Run(t, open, objectstest.Options{})
}

func openFile(t testing.TB, root string, options ...objects.FileOption) *objects.File {
	store, err := objects.OpenFile(root, options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

package objects_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/objects"
)

// key is as deep as a run's outcome lies.
func key(i int) string {
	return fmt.Sprintf("stacks/shop/staging/runs/20260301T120000Z/outcomes/service%02d/component%04d.json", i%50, i)
}

func stored(b *testing.B, n int, options ...objects.FileOption) *objects.File {
	store := openFile(b, b.TempDir(), options...)
	for i := range n {
		_, err := store.Put(b.Context(), key(i), []byte(strings.Repeat("x", 1000)), objects.Always())
		require.NoError(b, err)
	}
	return store
}

func BenchmarkFilePut(b *testing.B) {
	for name, options := range map[string][]objects.FileOption{"synced": nil, "unsynced": {objects.WithoutSync()}} {
		b.Run(name, func(b *testing.B) {
			store, data, i := stored(b, 0, options...), []byte(strings.Repeat("x", 1000)), 0
			for b.Loop() {
				_, err := store.Put(b.Context(), key(i), data, objects.Always())
				require.NoError(b, err)
				i++
			}
		})
	}
}

func BenchmarkFileGet(b *testing.B) {
	store, i := stored(b, 500, objects.WithoutSync()), 0
	for b.Loop() {
		_, err := store.Get(b.Context(), key(i%500))
		require.NoError(b, err)
		i++
	}
}

func BenchmarkFileList5000(b *testing.B) {
	store := stored(b, 5000, objects.WithoutSync())
	for b.Loop() {
		found, err := store.List(b.Context(), "stacks/shop/", "", 0)
		require.NoError(b, err)
		require.Len(b, found, 5000)
	}
}

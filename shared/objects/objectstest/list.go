package objectstest

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/objects"
)

func list(t *testing.T, s objects.Store) {
	for _, key := range []string{"p/b", "p/a-z", "p/a/deep", "p/a0", "p/c", "pp", "q/a", "p/a/er/still"} {
		put(t, s, key, key)
	}
	for _, c := range []struct {
		prefix, after string
		limit         int
		want          string
	}{
		{"", "", 0, "p/a-z p/a/deep p/a/er/still p/a0 p/b p/c pp q/a"},
		{"p/", "", 0, "p/a-z p/a/deep p/a/er/still p/a0 p/b p/c"},
		{"p", "", 0, "p/a-z p/a/deep p/a/er/still p/a0 p/b p/c pp"},
		{"p/a", "", 0, "p/a-z p/a/deep p/a/er/still p/a0"},
		{"p/a/", "", 0, "p/a/deep p/a/er/still"},
		{"p/a/d", "", 0, "p/a/deep"},
		{"p/a/deep", "", 0, "p/a/deep"},
		{"p/", "", 2, "p/a-z p/a/deep"},
		{"p/", "", 100, "p/a-z p/a/deep p/a/er/still p/a0 p/b p/c"},
		{"p/", "p/a/deep", 0, "p/a/er/still p/a0 p/b p/c"},
		{"p/", "p/a/deep", 1, "p/a/er/still"},
		{"p/", "p/a/", 0, "p/a/deep p/a/er/still p/a0 p/b p/c"},
		{"p/", "p/a/\U0010ffff", 0, "p/a0 p/b p/c"},
		{"p/", "p/aa", 0, "p/b p/c"},
		{"p/", "a", 1, "p/a-z"},
		{"p/", "p/c", 0, ""},
		{"p/", "z", 0, ""},
		{"p/a/deep/er", "", 0, ""},
		{"none/", "", 0, ""},
		{"q", "p", 0, "q/a"},
	} {
		require.Equal(t, c.want, names(t, s, c.prefix, c.after, c.limit), "%+v", c)
	}
	listed, err := s.List(t.Context(), "pp", "", 0)
	require.NoError(t, err)
	require.Equal(t, int64(2), listed[0].Size)
	require.False(t, listed[0].Modified.IsZero())
}

func pages(t *testing.T, s objects.Store) {
	for i := range 30 {
		put(t, s, fmt.Sprintf("many/%d/%02d", i%4, i), "x")
	}
	all, err := s.List(t.Context(), "many/", "", 0)
	require.NoError(t, err)
	require.Len(t, all, 30)
	for _, size := range []int{1, 7, 15, 30} {
		require.Equal(t, keysOf(all), inPages(t, s, "many/", size))
	}
}

func inPages(t *testing.T, s objects.Store, prefix string, size int) []string {
	t.Helper()
	var seen []string
	for after := ""; ; {
		page, err := s.List(t.Context(), prefix, after, size)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), size)
		if len(page) == 0 {
			return seen
		}
		require.Greater(t, page[0].Key, after, "a page starts after the one before it")
		seen = append(seen, keysOf(page)...)
		after = page[len(page)-1].Key
	}
}

// thousand is more than one page of S3's own, which holds at most a thousand objects.
func thousand(t *testing.T, s objects.Store) {
	const writers, each = 10, 105
	together(t, writers, func(ctx context.Context, i int) error {
		for n := range each {
			if _, err := s.Put(ctx, fmt.Sprintf("k/%04d", i*each+n), []byte("x"), objects.Always()); err != nil {
				return err
			}
		}
		return nil
	})
	want := make([]string, writers*each)
	for i := range want {
		want[i] = fmt.Sprintf("k/%04d", i)
	}
	all, err := s.List(t.Context(), "k/", "", 0)
	require.NoError(t, err)
	require.Equal(t, want, keysOf(all))
	most, err := s.List(t.Context(), "k/", "k/0001", 1010)
	require.NoError(t, err)
	require.Equal(t, want[2:1012], keysOf(most))
}

func listAtOnce(t *testing.T, s objects.Store) {
	for range 5 {
		put(t, s, "l/k", "x")
		require.Equal(t, "l/k", names(t, s, "l/", "", 0))
		require.NoError(t, s.Delete(t.Context(), "l/k"))
		require.Empty(t, names(t, s, "l/", "", 0))
	}
}

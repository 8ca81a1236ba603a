package objectstest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/objects"
)

func roundTrip(t *testing.T, s objects.Store) {
	before := time.Now().Add(-24 * time.Hour)
	data := "line\r\n\x00\xff\xfe end\n"
	written := put(t, s, "dir/a.json", data)
	read := requireHas(t, s, "dir/a.json", data)
	require.Equal(t, written.ETag, read.ETag)
	require.Equal(t, written.Version, read.Version)
	require.Equal(t, time.UTC, read.Modified.Location())
	require.WithinRange(t, read.Modified, before, before.Add(48*time.Hour), "the store's clock is the caller's, or close")
	if !written.Modified.IsZero() {
		require.True(t, written.Modified.Equal(read.Modified), "%s is not %s", written.Modified, read.Modified)
	}
}

func empty(t *testing.T, s objects.Store) {
	written := put(t, s, "empty", "")
	read := requireHas(t, s, "empty", "")
	require.NotNil(t, read.Data)
	_, err := s.Put(t.Context(), "empty", nil, objects.IfAbsent())
	require.ErrorIs(t, err, objects.ErrPrecondition)
	_, err = s.Put(t.Context(), "empty", nil, objects.IfMatch(written.ETag))
	require.NoError(t, err)
	require.Equal(t, "empty", names(t, s, "", "", 0))
}

func large(t *testing.T, s objects.Store) {
	data := strings.Repeat("0123456789abcde\n", 5<<20/16)
	put(t, s, "large", data)
	requireHas(t, s, "large", data)
}

func absent(t *testing.T, s objects.Store) {
	put(t, s, "somewhere/else", "x")
	for _, key := range []string{"nothing/here", "somewhere", "somewhere/else/deeper", "some"} {
		requireNothing(t, s, key)
		_, err := s.GetVersion(t.Context(), key, "1")
		require.ErrorIs(t, err, objects.ErrNotFound)
	}
	requireHas(t, s, "somewhere/else", "x")
}

func deletePart(t *testing.T, s objects.Store) {
	put(t, s, "somewhere/else", "x")
	for _, key := range []string{"somewhere", "somewhere/else/deeper", "some", "somewhere/el"} {
		require.NoError(t, s.Delete(t.Context(), key))
	}
	requireHas(t, s, "somewhere/else", "x")
}

func overwrite(t *testing.T, s objects.Store) {
	first := put(t, s, "k", "a longer text")
	second := put(t, s, "k", "short")
	require.NotEqual(t, first.ETag, second.ETag)
	require.Equal(t, second.ETag, requireHas(t, s, "k", "short").ETag)
	put(t, s, "k", "the longest text of them all")
	requireHas(t, s, "k", "the longest text of them all")
	require.Equal(t, "k", names(t, s, "", "", 0))
}

// odd are keys, ordered by their bytes, that a store might escape wrongly, fold together or order by something else.
var odd = []string{
	" leading and trailing ", "!important", "#hash?query=1&x=y", "%2F", "%20", "'quoted'", "(a)", "+plus", "+plus plus",
	",;:@=$", "A", "A-", "A.json", "AA/deep/er", "A0", "\"double\"", "[x]", "^`{|}~", "_", "a&amp;b", "a<b>c", "a-b", "a.b",
	"a\u00a0b", "aa", "cafe\u0301", "caf\u00e9", "e-mail@host", "\u65e5\u672c\u8a9e/\u30c6\u30b9\u30c8", "\uff5e", "\U0001f680",
	"z", "zz", strings.Repeat("long", 63) + "/" + strings.Repeat("longer", 42) + "/" + strings.Repeat("x", 255) +
		"/" + strings.Repeat("y", 255),
}

func oddKeys(t *testing.T, s objects.Store) {
	keys := slices.Sorted(slices.Values(odd))
	for _, key := range keys {
		put(t, s, key, "data of "+key)
	}
	for _, key := range keys {
		requireHas(t, s, key, "data of "+key)
	}
	listed, err := s.List(t.Context(), "", "", 0)
	require.NoError(t, err)
	require.Equal(t, keys, keysOf(listed))
	for i, key := range keys {
		rest, err := s.List(t.Context(), "", key, 0)
		require.NoError(t, err)
		require.Equal(t, keys[i+1:], append([]string{}, keysOf(rest)...), "after %q", key)
		with, err := s.List(t.Context(), key, "", 1)
		require.NoError(t, err)
		require.Equal(t, []string{key}, keysOf(with), "with prefix %q", key)
	}
	for _, key := range keys {
		require.NoError(t, s.Delete(t.Context(), key))
	}
	require.Empty(t, names(t, s, "", "", 0))
}

func badKeys(t *testing.T, s objects.Store) {
	for _, key := range []string{"", "/", "/abs", "a//b", "a/", ".", "..", "a/..", "a/../b", "./a", "a/./b", `a\b`, "a\x00b",
		"a\nb", "a\u007fb", "a\xffb", "\uffff", ".objects/locks/00", "a/.objects", strings.Repeat("x", objects.MaxSegment+1),
		strings.Repeat("x/", objects.MaxKey/2) + "x"} {
		_, err := s.Put(t.Context(), key, nil, objects.Always())
		require.ErrorIs(t, err, objects.ErrKey, "%q", key)
		_, err = s.Get(t.Context(), key)
		require.ErrorIs(t, err, objects.ErrKey, "%q", key)
		_, err = s.GetVersion(t.Context(), key, "1")
		require.ErrorIs(t, err, objects.ErrKey, "%q", key)
		require.ErrorIs(t, s.Delete(t.Context(), key), objects.ErrKey, "%q", key)
	}
	require.Empty(t, names(t, s, "", "", 0))
	for _, prefix := range []string{"/", "../", "a//", "a/../", `a\`, ".objects/"} {
		require.Empty(t, names(t, s, prefix, "", 0))
	}
}

func below(t *testing.T, s objects.Store) {
	for _, pair := range [][2]string{{"a", "a/b"}, {"c/d", "c"}} {
		put(t, s, pair[0], "first")
		_, err := s.Put(t.Context(), pair[1], []byte("second"), objects.Always())
		if err != nil {
			require.ErrorIs(t, err, objects.ErrKey)
			requireNothing(t, s, pair[1])
		} else {
			requireHas(t, s, pair[1], "second")
		}
		requireHas(t, s, pair[0], "first")
		require.NoError(t, s.Delete(t.Context(), pair[0]))
		put(t, s, pair[1], "second")
		requireHas(t, s, pair[1], "second")
	}
}

func remove(t *testing.T, s objects.Store) {
	put(t, s, "d/k", "1")
	put(t, s, "d/l", "1")
	require.NoError(t, s.Delete(t.Context(), "d/k"))
	require.NoError(t, s.Delete(t.Context(), "d/k"))
	requireNothing(t, s, "d/k")
	requireHas(t, s, "d/l", "1")
	require.NoError(t, s.Delete(t.Context(), "d/l"))
	require.Empty(t, names(t, s, "", "", 0))
	put(t, s, "d/k", "2")
	requireHas(t, s, "d/k", "2")
}

func folderName(t *testing.T, s objects.Store) {
	put(t, s, "d/e/k", "1")
	require.NoError(t, s.Delete(t.Context(), "d/e/k"))
	put(t, s, "d", "2")
	require.Equal(t, "d", names(t, s, "", "", 0))
	requireHas(t, s, "d", "2")
}

func cancelled(t *testing.T, s objects.Store) {
	put(t, s, "k", "1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Get(ctx, "k")
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.GetVersion(ctx, "k", "1")
	require.True(t, errors.Is(err, context.Canceled) || errors.Is(err, objects.ErrNotFound), "%v", err)
	for _, condition := range []objects.Condition{objects.Always(), objects.IfAbsent(), objects.IfMatch("x")} {
		_, err = s.Put(ctx, "k", []byte("2"), condition)
		require.ErrorIs(t, err, context.Canceled)
	}
	_, err = s.Put(ctx, "other", nil, objects.IfAbsent())
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.List(ctx, "", "", 0)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, s.Delete(ctx, "k"), context.Canceled)
	requireHas(t, s, "k", "1")
	require.Equal(t, "k", names(t, s, "", "", 0))
}

func aliasing(t *testing.T, s objects.Store) {
	data := []byte("before")
	_, err := s.Put(t.Context(), "k", data, objects.Always())
	require.NoError(t, err)
	copy(data, "after!")
	read := requireHas(t, s, "k", "before")
	copy(read.Data, "after!")
	requireHas(t, s, "k", "before")
}

func keysOf(listed []objects.Object) []string {
	var keys []string
	for _, object := range listed {
		keys = append(keys, object.Key)
	}
	return keys
}

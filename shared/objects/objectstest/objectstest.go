// Package objectstest is the conformance suite of objects.Store: a store goes in, and every sentence of the port's
// contract is tried on it.
package objectstest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/objects"
)

// Options say what a store does not claim.
type Options struct {
	Versions bool // it keeps versions
}

// Run tries the contract; open returns an empty store.
func Run(t *testing.T, open func(t *testing.T) objects.Store, options Options) {
	for name, test := range map[string]func(*testing.T, objects.Store){
		"what was put is read back whole":                roundTrip,
		"what is not there is not found":                 absent,
		"if-absent lets one writer through":              ifAbsent,
		"if-match refuses a stale writer":                ifMatch,
		"writers with if-match lose no update":           noLostUpdate,
		"a list is sorted, bounded and goes on after":    list,
		"deleting is idempotent and frees the key":       remove,
		"keys that a store could misread are refused":    keys,
		"a cancelled context stops a call":               cancelled,
		"callers cannot change what is stored by slices": aliasing,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
	if options.Versions {
		t.Run("every version stays readable", func(t *testing.T) { versions(t, open(t)) })
	}
}

func put(t *testing.T, s objects.Store, key, data string) objects.Object {
	t.Helper()
	object, err := s.Put(t.Context(), key, []byte(data), objects.Always())
	require.NoError(t, err)
	return object
}

func roundTrip(t *testing.T, s objects.Store) {
	for key, data := range map[string]string{"a": "", "dir/b c+d%20é.json": "x", strings.Repeat("k", 200) + "/" + strings.Repeat("l", 200): strings.Repeat("0123456789", 500_000)} {
		written := put(t, s, key, data)
		read, err := s.Get(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, data, string(read.Data))
		require.NotEmpty(t, read.ETag)
		require.Equal(t, written.ETag, read.ETag)
		require.Equal(t, int64(len(data)), read.Size)
		require.Equal(t, key, read.Key)
	}
}

func absent(t *testing.T, s objects.Store) {
	_, err := s.Get(t.Context(), "nothing/here")
	require.ErrorIs(t, err, objects.ErrNotFound)
	require.ErrorContains(t, err, "nothing/here")
	_, err = s.GetVersion(t.Context(), "nothing/here", "1")
	require.ErrorIs(t, err, objects.ErrNotFound)
	_, err = s.Put(t.Context(), "nothing/here", nil, objects.IfMatch("0123"))
	require.True(t, errors.Is(err, objects.ErrNotFound) || errors.Is(err, objects.ErrPrecondition), "%v", err)
	_, err = s.Get(t.Context(), "nothing/here")
	require.ErrorIs(t, err, objects.ErrNotFound, "a refused write leaves nothing")
}

func ifAbsent(t *testing.T, s objects.Store) {
	const writers = 16
	var wait sync.WaitGroup
	won := make([]bool, writers)
	for i := range writers {
		wait.Go(func() {
			_, err := s.Put(context.WithoutCancel(t.Context()), "one", []byte(strconv.Itoa(i)), objects.IfAbsent())
			won[i] = err == nil
		})
	}
	wait.Wait()
	read, err := s.Get(t.Context(), "one")
	require.NoError(t, err)
	winners := 0
	for i, one := range won {
		if one {
			winners++
			require.Equal(t, strconv.Itoa(i), string(read.Data))
		}
	}
	require.Equal(t, 1, winners)
}

func ifMatch(t *testing.T, s objects.Store) {
	first := put(t, s, "k", "1")
	second, err := s.Put(t.Context(), "k", []byte("2"), objects.IfMatch(first.ETag))
	require.NoError(t, err)
	require.NotEqual(t, first.ETag, second.ETag)
	_, err = s.Put(t.Context(), "k", []byte("3"), objects.IfMatch(first.ETag))
	require.ErrorIs(t, err, objects.ErrPrecondition)
	read, err := s.Get(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, "2", string(read.Data))
}

func noLostUpdate(t *testing.T, s objects.Store) {
	const writers, each = 8, 10
	put(t, s, "counter", "0")
	var wait sync.WaitGroup
	failures := make([]error, writers)
	for i := range writers {
		wait.Go(func() {
			for done := 0; done < each && failures[i] == nil; {
				ok, err := increment(t.Context(), s)
				failures[i] = err
				if ok {
					done++
				}
			}
		})
	}
	wait.Wait()
	require.NoError(t, errors.Join(failures...))
	read, err := s.Get(t.Context(), "counter")
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(writers*each), string(read.Data))
}

// increment tries once; false means that another writer was faster.
func increment(ctx context.Context, s objects.Store) (bool, error) {
	read, err := s.Get(ctx, "counter")
	if err != nil {
		return false, err
	}
	n, err := strconv.Atoi(string(read.Data))
	if err != nil {
		return false, err
	}
	_, err = s.Put(ctx, "counter", []byte(strconv.Itoa(n+1)), objects.IfMatch(read.ETag))
	if errors.Is(err, objects.ErrPrecondition) || errors.Is(err, objects.ErrConflict) {
		return false, nil
	}
	return err == nil, err
}

func list(t *testing.T, s objects.Store) {
	for _, key := range []string{"p/b", "p/a", "p/a/deep", "p/c", "pp", "q/a"} {
		put(t, s, key, key)
	}
	require.Equal(t, "p/a p/a/deep p/b p/c", names(t, s, "p/", "", 0))
	require.Equal(t, "p/a p/a/deep p/b p/c pp", names(t, s, "p", "", 0))
	require.Equal(t, "p/a p/a/deep", names(t, s, "p/", "", 2))
	require.Equal(t, "p/b p/c", names(t, s, "p/", "p/a/deep", 0))
	require.Empty(t, names(t, s, "none/", "", 0))
	for i := range 30 {
		put(t, s, fmt.Sprintf("many/%02d", i), "x")
	}
	var seen []string
	for after := ""; ; {
		page, err := s.List(t.Context(), "many/", after, 7)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		for _, object := range page {
			seen = append(seen, object.Key)
		}
		after = page[len(page)-1].Key
	}
	require.Len(t, seen, 30)
	require.IsIncreasing(t, seen)
}

func names(t *testing.T, s objects.Store, prefix, after string, limit int) string {
	t.Helper()
	listed, err := s.List(t.Context(), prefix, after, limit)
	require.NoError(t, err)
	var keys []string
	for _, object := range listed {
		require.Nil(t, object.Data)
		keys = append(keys, object.Key)
	}
	return strings.Join(keys, " ")
}

func remove(t *testing.T, s objects.Store) {
	put(t, s, "k", "1")
	require.NoError(t, s.Delete(t.Context(), "k"))
	require.NoError(t, s.Delete(t.Context(), "k"))
	_, err := s.Get(t.Context(), "k")
	require.ErrorIs(t, err, objects.ErrNotFound)
	require.Empty(t, names(t, s, "", "", 0))
	_, err = s.Put(t.Context(), "k", []byte("2"), objects.IfAbsent())
	require.NoError(t, err)
}

func keys(t *testing.T, s objects.Store) {
	for _, key := range []string{"", "/abs", "a//b", "a/", "..", "a/../b", "./a", "a\\b", "a\x00b", strings.Repeat("x", objects.MaxKey+1)} {
		_, err := s.Put(t.Context(), key, nil, objects.Always())
		require.ErrorIs(t, err, objects.ErrKey, "%q", key)
		_, err = s.Get(t.Context(), key)
		require.ErrorIs(t, err, objects.ErrKey, "%q", key)
		require.ErrorIs(t, s.Delete(t.Context(), key), objects.ErrKey, "%q", key)
	}
}

func cancelled(t *testing.T, s objects.Store) {
	put(t, s, "k", "1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Get(ctx, "k")
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Put(ctx, "k", []byte("2"), objects.Always())
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.List(ctx, "", "", 0)
	require.ErrorIs(t, err, context.Canceled)
}

func aliasing(t *testing.T, s objects.Store) {
	data := []byte("before")
	_, err := s.Put(t.Context(), "k", data, objects.Always())
	require.NoError(t, err)
	copy(data, "after!")
	read, err := s.Get(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, "before", string(read.Data))
	copy(read.Data, "after!")
	again, err := s.Get(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, "before", string(again.Data))
}

func versions(t *testing.T, s objects.Store) {
	first, second := put(t, s, "k", "1"), put(t, s, "k", "2")
	require.NotEqual(t, first.Version, second.Version)
	require.NoError(t, s.Delete(t.Context(), "k"))
	for version, data := range map[string]string{first.Version: "1", second.Version: "2"} {
		read, err := s.GetVersion(t.Context(), "k", version)
		require.NoError(t, err)
		require.Equal(t, data, string(read.Data))
	}
	_, err := s.GetVersion(t.Context(), "k", "no-such-version")
	require.ErrorIs(t, err, objects.ErrNotFound)
}

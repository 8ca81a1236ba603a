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

func ifAbsent(t *testing.T, s objects.Store) {
	first, err := s.Put(t.Context(), "k", []byte("1"), objects.IfAbsent())
	require.NoError(t, err)
	_, err = s.Put(t.Context(), "k", []byte("2"), objects.IfAbsent())
	require.ErrorIs(t, err, objects.ErrPrecondition)
	require.ErrorContains(t, err, `"k"`)
	require.Equal(t, first.ETag, requireHas(t, s, "k", "1").ETag)
}

func ifAbsentDeleted(t *testing.T, s objects.Store) {
	put(t, s, "k", "1")
	require.NoError(t, s.Delete(t.Context(), "k"))
	_, err := s.Put(t.Context(), "k", []byte("3"), objects.IfAbsent())
	require.NoError(t, err)
	requireHas(t, s, "k", "3")
}

func ifMatch(t *testing.T, s objects.Store) {
	first := put(t, s, "k", "1")
	second, err := s.Put(t.Context(), "k", []byte("2"), objects.IfMatch(first.ETag))
	require.NoError(t, err)
	require.NotEqual(t, first.ETag, second.ETag)
	_, err = s.Put(t.Context(), "k", []byte("3"), objects.IfMatch(first.ETag))
	require.ErrorIs(t, err, objects.ErrPrecondition)
	requireHas(t, s, "k", "2")
	read, err := s.Get(t.Context(), "k")
	require.NoError(t, err)
	_, err = s.Put(t.Context(), "k", []byte("4"), objects.IfMatch(read.ETag))
	require.NoError(t, err, "the etag of a Get serves as well as that of a Put")
	requireHas(t, s, "k", "4")
}

func ifMatchNothing(t *testing.T, s objects.Store) {
	_, err := s.Put(t.Context(), "never", []byte("x"), objects.IfMatch("d41d8cd98f00b204e9800998ecf8427e"))
	require.ErrorIs(t, err, objects.ErrPrecondition)
	requireNothing(t, s, "never")
	require.Empty(t, names(t, s, "", "", 0))
}

func ifMatchDeleted(t *testing.T, s objects.Store) {
	was := put(t, s, "once", "x")
	require.NoError(t, s.Delete(t.Context(), "once"))
	_, err := s.Put(t.Context(), "once", []byte("y"), objects.IfMatch(was.ETag))
	require.ErrorIs(t, err, objects.ErrPrecondition)
	requireNothing(t, s, "once")
	require.Empty(t, names(t, s, "", "", 0))
}

// together runs n goroutines at once and fails with the first error, which stops the others.
func together(t *testing.T, n int, do func(ctx context.Context, i int) error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var wait sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wait.Go(func() {
			<-start
			if err := do(ctx, i); err != nil {
				cancel(err)
			}
		})
	}
	close(start)
	wait.Wait()
	require.NoError(t, context.Cause(ctx))
}

func lost(err error) bool {
	return errors.Is(err, objects.ErrPrecondition) || errors.Is(err, objects.ErrConflict)
}

func oneWinner(t *testing.T, s objects.Store) {
	const rounds, writers = 5, 16
	for round := range rounds {
		key := fmt.Sprintf("one/%d", round)
		var mu sync.Mutex
		var winners []string
		together(t, writers, func(ctx context.Context, i int) error {
			_, err := s.Put(ctx, key, []byte(strconv.Itoa(i)), objects.IfAbsent())
			if lost(err) {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			winners = append(winners, strconv.Itoa(i))
			return err
		})
		require.Len(t, winners, 1)
		requireHas(t, s, key, winners[0])
	}
}

func noLostUpdate(t *testing.T, s objects.Store) {
	const writers, each = 8, 25
	put(t, s, "counter", "0")
	together(t, writers, func(ctx context.Context, _ int) error {
		for done := 0; done < each; {
			err := increment(ctx, s)
			if err == nil {
				done++
			} else if !lost(err) {
				return err
			}
		}
		return nil
	})
	requireHas(t, s, "counter", strconv.Itoa(writers*each))
}

func increment(ctx context.Context, s objects.Store) error {
	read, err := s.Get(ctx, "counter")
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(string(read.Data))
	if err != nil {
		return err
	}
	_, err = s.Put(ctx, "counter", []byte(strconv.Itoa(n+1)), objects.IfMatch(read.ETag))
	return err
}

func manyKeys(t *testing.T, s objects.Store) {
	const writers, each = 8, 20
	together(t, writers, func(ctx context.Context, i int) error {
		for n := range each {
			key := fmt.Sprintf("dir/%d/%d/file", n, i)
			if _, err := s.Put(ctx, key, []byte(key), objects.IfAbsent()); err != nil {
				return err
			}
			if n%2 == 0 { // so that folders come and go beneath the others
				if err := s.Delete(ctx, key); err != nil {
					return err
				}
			}
		}
		return nil
	})
	listed, err := s.List(t.Context(), "dir/", "", 0)
	require.NoError(t, err)
	require.Len(t, listed, writers*each/2)
	for _, object := range listed {
		requireHas(t, s, object.Key, object.Key)
	}
}

func noMixture(t *testing.T, s objects.Store) {
	const size, writes, readers = 200_000, 30, 4
	put(t, s, "k", strings.Repeat("a", size))
	done := make(chan struct{})
	together(t, 1+readers, func(ctx context.Context, i int) error {
		if i == 0 {
			defer close(done)
			for n := range writes {
				letter := string(rune('a' + n%26))
				if _, err := s.Put(ctx, "k", []byte(strings.Repeat(letter, size-n)), objects.Always()); err != nil {
					return err
				}
			}
			return nil
		}
		for {
			read, err := s.Get(ctx, "k")
			if err != nil {
				return err
			}
			if strings.Trim(string(read.Data), string(read.Data[:1])) != "" || read.Size != int64(len(read.Data)) {
				return fmt.Errorf("a mixture of %d bytes, size %d", len(read.Data), read.Size)
			}
			select {
			case <-done:
				return nil
			default:
			}
		}
	})
}

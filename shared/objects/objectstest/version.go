package objectstest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/objects"
)

func requireVersion(t *testing.T, s objects.Store, was objects.Object, data string) {
	t.Helper()
	require.NotEmpty(t, was.Version)
	read, err := s.GetVersion(t.Context(), was.Key, was.Version)
	require.NoError(t, err)
	require.Equal(t, data, string(read.Data))
	require.Equal(t, was.ETag, read.ETag)
	require.Equal(t, was.Version, read.Version)
	require.Equal(t, was.Size, read.Size)
}

func versions(t *testing.T, s objects.Store) {
	first, second := put(t, s, "k", "1"), put(t, s, "k", "two")
	require.NotEqual(t, first.Version, second.Version)
	require.Equal(t, second.Version, requireHas(t, s, "k", "two").Version)
	requireVersion(t, s, first, "1")
	require.NoError(t, s.Delete(t.Context(), "k"))
	requireVersion(t, s, first, "1")
	requireVersion(t, s, second, "two")
	for _, unknown := range []string{"", "no-such-version"} {
		_, err := s.GetVersion(t.Context(), "k", unknown)
		require.ErrorIs(t, err, objects.ErrNotFound, "%q", unknown)
	}
}

func versionOfOther(t *testing.T, s objects.Store) {
	one, two := put(t, s, "one", "1"), put(t, s, "two", "2")
	_, err := s.GetVersion(t.Context(), "two", one.Version)
	require.ErrorIs(t, err, objects.ErrNotFound)
	requireVersion(t, s, two, "2")
}

func sameAgain(t *testing.T, s objects.Store) {
	first, second := put(t, s, "k", "same"), put(t, s, "k", "same")
	require.NotEqual(t, first.Version, second.Version)
	requireVersion(t, s, first, "same")
	requireVersion(t, s, second, "same")
}

func refusedVersion(t *testing.T, s objects.Store) {
	first := put(t, s, "k", "1")
	_, err := s.Put(t.Context(), "k", []byte("2"), objects.IfAbsent())
	require.ErrorIs(t, err, objects.ErrPrecondition)
	require.Equal(t, first.Version, requireHas(t, s, "k", "1").Version)
}

func deletedVersion(t *testing.T, s objects.Store) {
	first := put(t, s, "k", "1")
	require.NoError(t, s.Delete(t.Context(), "k"))
	second := put(t, s, "k", "2")
	require.NotEqual(t, first.Version, second.Version)
	requireVersion(t, s, first, "1")
	requireHas(t, s, "k", "2")
	require.NoError(t, s.Delete(t.Context(), "k"))
	requireNothing(t, s, "k")
}

func noVersions(t *testing.T, s objects.Store) {
	require.Empty(t, put(t, s, "k", "1").Version)
	require.Empty(t, requireHas(t, s, "k", "1").Version)
	for _, version := range []string{"", "1", "null"} {
		_, err := s.GetVersion(t.Context(), "k", version)
		require.ErrorIs(t, err, objects.ErrNotFound)
	}
}

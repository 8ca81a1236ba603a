package objects_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/objects"
)

func TestAFileStoreIsAFolderForPeople(t *testing.T) {
	root := filepath.Join(t.TempDir(), "made", "if need be")
	store := openFile(t, root)
	_, err := store.Put(t.Context(), "stacks/shop/state.json", []byte("{}\n"), objects.IfAbsent())
	require.NoError(t, err)
	data, err := os.ReadFile(filepath.Join(root, "stacks", "shop", "state.json"))
	require.NoError(t, err)
	require.Equal(t, "{}\n", string(data))

	require.NoError(t, os.MkdirAll(filepath.Join(root, ".pulumi"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(root, ".pulumi", "meta.yaml"), []byte("version: 1\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(root, `back\slash`), nil, 0o600))
	read, err := store.Get(t.Context(), ".pulumi/meta.yaml")
	require.NoError(t, err)
	require.Equal(t, "version: 1\n", string(read.Data))
	require.Equal(t, []string{".pulumi/meta.yaml", "stacks/shop/state.json"}, listed(t, store))

	require.NoError(t, store.Delete(t.Context(), "stacks/shop/state.json"))
	require.NoDirExists(t, filepath.Join(root, "stacks"), "folders that become empty go")
	require.DirExists(t, root)
}

func TestAFileStoreLetsNobodyElseRead(t *testing.T) {
	root := filepath.Join(t.TempDir(), "store")
	store := openFile(t, root)
	_, err := store.Put(t.Context(), "a/secret", []byte("x"), objects.Always())
	require.NoError(t, err)
	for at, want := range map[string]os.FileMode{"": 0o700, "a": 0o700, "a/secret": 0o600} {
		info, err := os.Stat(filepath.Join(root, at))
		require.NoError(t, err)
		require.Equal(t, want, info.Mode().Perm(), at)
	}
}

func TestAFileStoreFollowsNoLinks(t *testing.T) {
	outside := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "file"), []byte("outside"), 0o600))
	root := t.TempDir()
	store := openFile(t, root)
	_, err := store.Put(t.Context(), "inside/file", []byte("inside"), objects.Always())
	require.NoError(t, err)
	for name, target := range map[string]string{
		"abs": outside, "absfile": filepath.Join(outside, "file"), "rel": "inside", "relfile": "inside/file",
		"dangling": "nowhere", "up": "../" + filepath.Base(outside),
	} {
		require.NoError(t, os.Symlink(target, filepath.Join(root, name)))
	}
	require.Equal(t, []string{"inside/file"}, listed(t, store))
	for _, key := range []string{"abs/file", "absfile", "rel/file", "relfile", "dangling", "dangling/x", "up/file", "up/new"} {
		_, err := store.Get(t.Context(), key)
		require.ErrorIs(t, err, objects.ErrNotFound, key)
		require.NoError(t, store.Delete(t.Context(), key))
		found, err := store.List(t.Context(), key, "", 0)
		require.NoError(t, err)
		require.Empty(t, found, key)
	}
	for _, key := range []string{"abs/file", "rel/file", "dangling/x", "up/file", "up/new"} {
		_, err = store.Put(t.Context(), key, []byte("x"), objects.Always())
		require.ErrorIs(t, err, objects.ErrKey, key)
	}
	for _, key := range []string{"absfile", "relfile", "dangling"} {
		_, err = store.Put(t.Context(), key, []byte("x"), objects.IfAbsent())
		require.NoError(t, err, "an object takes the place of the link %s", key)
	}
	require.Equal(t, []string{"absfile", "dangling", "inside/file", "relfile"}, listed(t, store))
	entries, err := os.ReadDir(outside)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	data, err := os.ReadFile(filepath.Join(outside, "file"))
	require.NoError(t, err)
	require.Equal(t, "outside", string(data))
	read, err := store.Get(t.Context(), "inside/file")
	require.NoError(t, err)
	require.Equal(t, "inside", string(read.Data))
}

func TestAFileStoreTidiesWhatTheDeadLeft(t *testing.T) {
	root := t.TempDir()
	store := openFile(t, root)
	for i := range 200 { // touches every lock
		_, err := store.Put(t.Context(), "k/"+strings.Repeat("x", i+1), nil, objects.Always())
		require.NoError(t, err)
	}
	temps := filepath.Join(root, ".objects", "temp")
	locks, err := os.ReadDir(filepath.Join(root, ".objects", "locks"))
	require.NoError(t, err)
	require.NotEmpty(t, locks)
	for _, lock := range locks {
		require.NoError(t, os.WriteFile(filepath.Join(temps, lock.Name()), []byte("half an obj"), 0o600))
	}

	for i := range 200 {
		_, err := store.Put(t.Context(), "k/"+strings.Repeat("x", i+1), []byte("new"), objects.Always())
		require.NoError(t, err, "a writer replaces the leftover of a dead one")
	}
	left, err := os.ReadDir(temps)
	require.NoError(t, err)
	require.Empty(t, left)

	busy, idle := locks[0].Name(), locks[1].Name()
	for _, name := range []string{busy, idle} {
		require.NoError(t, os.WriteFile(filepath.Join(temps, name), []byte("half an obj"), 0o600))
	}
	held, err := os.OpenFile(filepath.Join(root, ".objects", "locks", busy), os.O_RDWR, 0)
	require.NoError(t, err)
	defer held.Close()
	require.NoError(t, syscall.Flock(int(held.Fd()), syscall.LOCK_EX))
	openFile(t, root)
	require.FileExists(t, filepath.Join(temps, busy), "its writer is alive")
	require.NoFileExists(t, filepath.Join(temps, idle))
	require.Len(t, listed(t, store), 200)
}

func TestAWaitForAnotherProcessEndsWithItsContext(t *testing.T) {
	root := t.TempDir()
	store := openFile(t, root)
	_, err := store.Put(t.Context(), "k", []byte("1"), objects.Always())
	require.NoError(t, err)
	locks, err := os.ReadDir(filepath.Join(root, ".objects", "locks"))
	require.NoError(t, err)
	require.Len(t, locks, 1)
	held, err := os.OpenFile(filepath.Join(root, ".objects", "locks", locks[0].Name()), os.O_RDWR, 0)
	require.NoError(t, err)
	defer held.Close()
	require.NoError(t, syscall.Flock(int(held.Fd()), syscall.LOCK_EX))

	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error, 1)
	go func() {
		_, err := store.Put(ctx, "k", []byte("2"), objects.Always())
		waiting <- err
	}()
	select {
	case err := <-waiting:
		require.Fail(t, "a write went past another process's lock", "%v", err)
	case <-waitingInFlock(t):
	}
	cancel()
	require.ErrorIs(t, <-waiting, context.Canceled)
	require.NoError(t, syscall.Flock(int(held.Fd()), syscall.LOCK_UN))
	_, err = store.Put(t.Context(), "k", []byte("3"), objects.Always())
	require.NoError(t, err, "the lock is given back by the wait that was cut short")
	read, err := store.Get(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, "3", string(read.Data))
}

func listed(t *testing.T, store objects.Store) []string {
	t.Helper()
	found, err := store.List(t.Context(), "", "", 0)
	require.NoError(t, err)
	var keys []string
	for _, object := range found {
		keys = append(keys, object.Key)
	}
	return keys
}

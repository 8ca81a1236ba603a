package world

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func open(t *testing.T, dir string) *World {
	t.Helper()
	key := MasterKey(make([]byte, 32))
	w, err := Open(Options{
		Dir: dir, Seed: "test", Sealer: NewSealer(key),
		Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		Index: func(r *Record) (names, references []string) {
			if of := r.Text("of"); of != "" {
				references = []string{of}
			}
			return []string{r.ID}, references
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	return w
}

func record(id string) *Record {
	return &Record{Type: "thing", ID: id, State: map[string]any{"of": "parent"}}
}

func put(t *testing.T, w *World, records ...*Record) {
	t.Helper()
	require.NoError(t, w.Update(func(tx *Tx) error {
		for _, r := range records {
			tx.Put(r)
		}
		return nil
	}))
}

func ids(t *testing.T, w *World) string {
	t.Helper()
	var found []string
	require.NoError(t, w.View(func(tx *Tx) error {
		for _, r := range tx.All() {
			found = append(found, r.ID)
		}
		return nil
	}))
	return strings.Join(found, " ")
}

func TestTwoWorldsOnOneFolderSeeEachOther(t *testing.T) {
	dir := t.TempDir()
	one, two := open(t, dir), open(t, dir)
	put(t, one, record("a"))
	put(t, two, record("b"))
	require.Equal(t, "a b", ids(t, one))
	require.NoError(t, one.Update(func(tx *Tx) error {
		require.Len(t, tx.Referrers("parent"), 2)
		tx.Delete(record("a").Key())
		require.Len(t, tx.Referrers("parent"), 1)
		return nil
	}))
	require.Equal(t, "b", ids(t, two))
	require.Equal(t, "b", ids(t, open(t, dir)))
}

func TestAFailedTransactionLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	put(t, w, record("a"))
	failure := errors.New("no")
	require.ErrorIs(t, w.Update(func(tx *Tx) error {
		changed := record("a")
		changed.State["of"] = "another"
		tx.Put(changed)
		tx.Put(record("b"))
		tx.Delete(record("a").Key())
		return failure
	}), failure)
	require.Equal(t, "a", ids(t, w))
	require.NoError(t, w.View(func(tx *Tx) error {
		require.Len(t, tx.Referrers("parent"), 1)
		require.Empty(t, tx.Referrers("another"))
		return nil
	}))
	require.Equal(t, "a", ids(t, open(t, dir)))
}

func TestALineThatAKilledProcessLeftHalfIsCutOff(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	put(t, w, record("a"))
	file, err := os.OpenFile(filepath.Join(dir, journalName), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(`{"sequence":9,"put":{"type":"th`)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	require.Equal(t, "a", ids(t, w))
	put(t, w, record("b"))
	require.Equal(t, "a b", ids(t, open(t, dir)))
}

func TestSecretsAreSealedOnDiskAndOpenAgain(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	r := record("a")
	r.Inputs = map[string]any{"password": "correct horse"}
	r.State["password"] = "correct horse"
	r.Secrets = []string{"password"}
	put(t, w, r)
	text, err := os.ReadFile(filepath.Join(dir, journalName))
	require.NoError(t, err)
	require.NotContains(t, string(text), "correct horse")
	require.NoError(t, open(t, dir).View(func(tx *Tx) error {
		require.Equal(t, "correct horse", tx.Get(r.Key()).Text("password"))
		require.Equal(t, "correct horse", tx.Get(r.Key()).Inputs["password"])
		return nil
	}))
	require.Equal(t, "correct horse", r.Text("password"), "the record in memory is not sealed")
}

func TestTheJournalStaysShortAndOthersFollow(t *testing.T) {
	dir := t.TempDir()
	w, other := open(t, dir), open(t, dir)
	put(t, w, record("kept"))
	require.Equal(t, "kept", ids(t, other))
	for i := range 2500 {
		put(t, w, &Record{Type: "thing", ID: "changing", State: map[string]any{"n": float64(i)}})
	}
	text, err := os.ReadFile(filepath.Join(dir, journalName))
	require.NoError(t, err)
	require.Less(t, strings.Count(string(text), "\n"), 1100)
	require.NoError(t, other.View(func(tx *Tx) error {
		require.Equal(t, 2499.0, tx.Get(Key{Type: "thing", ID: "changing"}).State["n"])
		return nil
	}))
	put(t, other, record("more"))
	require.Equal(t, "changing kept more", ids(t, w))
}

func TestManyWritersLoseNothing(t *testing.T) {
	dir := t.TempDir()
	const writers, each = 4, 50
	var group sync.WaitGroup
	for i := range writers {
		w := open(t, dir)
		group.Go(func() {
			for range each {
				require.NoError(t, w.Update(func(tx *Tx) error { tx.Next("count"); return nil }))
				put(t, w, record(fmt.Sprintf("w%d-%d", i, time.Now().UnixNano())))
			}
		})
	}
	group.Wait()
	require.NoError(t, open(t, dir).Update(func(tx *Tx) error {
		require.Equal(t, writers*each+1, tx.Next("count"))
		require.Len(t, tx.OfType("thing"), writers*each)
		return nil
	}))
}

func TestTheSameSeedDrawsTheSameIdentifiers(t *testing.T) {
	draw := func() (all []string) {
		w := open(t, t.TempDir())
		for range 3 {
			require.NoError(t, w.Update(func(tx *Tx) error {
				all = append(all, tx.Hex(8), tx.Hex(17))
				tx.Put(record(tx.Hex(4)))
				return nil
			}))
		}
		return all
	}
	first := draw()
	require.Equal(t, first, draw())
	require.NotEqual(t, first[0], first[2])
}

func TestTheKeyIsMadeOnceAndOnlyItsOwnerReadsIt(t *testing.T) {
	dir := t.TempDir()
	var group sync.WaitGroup
	keys := make([]MasterKey, 8)
	for i := range keys {
		group.Go(func() {
			var err error
			keys[i], err = LoadKey(dir)
			require.NoError(t, err)
		})
	}
	group.Wait()
	for _, k := range keys {
		require.Equal(t, keys[0], k)
	}
	info, err := os.Stat(filepath.Join(dir, "key"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key"), []byte("short"), 0o600))
	_, err = LoadKey(dir)
	require.ErrorContains(t, err, "64 hexadecimal digits")
}

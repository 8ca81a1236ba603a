package lock_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
)

func tableToken(i int) string { return fmt.Sprint("token", i) }

func counted(key string) lock.Write {
	return lock.Write{Verb: lock.Update, Key: key, Changes: []lock.Change{{Attribute: lock.FenceAttr, Verb: lock.Add, Number: 1}}}
}

func fence(t *testing.T, table lock.Table, key string) int64 {
	t.Helper()
	item, err := table.Get(t.Context(), key)
	require.NoError(t, err)
	if item == nil {
		return 0
	}
	return item.Fence
}

func TestAFileTablesJournalIsForPeople(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "made", "if need be")
	clock := &tableClock{}
	table := openFileTable(t, folder, clock.Now)
	require.NoError(t, table.Transact(t.Context(), "one", []lock.Write{{Verb: lock.Put, Key: "stack:shop:env:prod",
		Item: &lock.Item{Key: "stack:shop:env:prod", LockID: "4f8b", LockedBy: "mona <m@x>", Fence: 1}}}))
	require.NoError(t, table.Transact(t.Context(), "two", []lock.Write{{Verb: lock.Delete, Key: "stack:shop:env:prod"}}))
	data, err := os.ReadFile(filepath.Join(folder, "locks.jsonl"))
	require.NoError(t, err)
	lines := strings.Split(string(data), "\n")
	require.Len(t, lines, 4)
	require.Equal(t, `{"schemaVersion":1}`, lines[0])
	require.Regexp(t, `^{"at":"2026-01-01T00:00:00Z","token":"one","digest":"[0-9a-f]{64}","items":\[{"lockKey":"stack:shop:env:prod",`+
		`"lockId":"4f8b","lockedBy":"mona <m@x>","fence":1}\]}$`, lines[1])
	require.Regexp(t, `"token":"two",.*"deleted":\["stack:shop:env:prod"\]}$`, lines[2])
	for at, want := range map[string]os.FileMode{"": 0o700, "locks.jsonl": 0o600, "locks.lock": 0o600} {
		info, err := os.Stat(filepath.Join(folder, at))
		require.NoError(t, err)
		require.Equal(t, want, info.Mode().Perm())
	}
}

func TestAFileTableReadsWhatAnotherWrote(t *testing.T) {
	folder, clock := t.TempDir(), &tableClock{}
	one, two := openFileTable(t, folder, clock.Now), openFileTable(t, folder, clock.Now)
	for i := range 10 {
		require.NoError(t, one.Transact(t.Context(), tableToken(2*i), []lock.Write{counted("k")}))
		require.Equal(t, int64(2*i+1), fence(t, two, "k"))
		require.NoError(t, two.Transact(t.Context(), tableToken(2*i+1), []lock.Write{counted("k")}))
		require.Equal(t, int64(2*i+2), fence(t, one, "k"))
	}
	require.NoError(t, two.Transact(t.Context(), tableToken(0), []lock.Write{counted("k")}), "a token of the other is known")
	require.Equal(t, int64(20), fence(t, two, "k"))
}

// A machine may die in the midst of writing the last line: whatever part of it stands, also filled up with zeros, the table
// holds all transactions before it, and takes new ones.
func TestAFileTableSurvivesATornLastLineCutAnywhere(t *testing.T) {
	folder, clock := t.TempDir(), &tableClock{}
	path := filepath.Join(folder, "locks.jsonl")
	table := openFileTable(t, folder, clock.Now, lock.WithoutSync())
	require.NoError(t, table.Transact(t.Context(), tableToken(1), []lock.Write{counted("a"), counted("b")}))
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, table.Transact(t.Context(), tableToken(2), []lock.Write{counted("a"), counted("b")}))
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	for cut := 1; cut < len(after); cut++ {
		for _, filler := range []string{"", "\x00\x00\x00", "\x00\x00\n"} {
			if filler == "\x00\x00\n" && cut < len(before) {
				continue // would not be the last line
			}
			torn := append(bytes.Clone(after[:cut]), filler...)
			require.NoError(t, os.WriteFile(path, torn, 0o600))
			table, err := lock.OpenFileTable(folder, clock.Now, lock.WithoutSync())
			require.NoError(t, err, "cut at %d", cut)
			want := int64(0)
			if cut >= len(before) {
				want = 1
			}
			require.Equal(t, want, fence(t, table, "a"), "cut at %d", cut)
			require.Equal(t, want, fence(t, table, "b"), "cut at %d", cut)
			require.NoError(t, table.Transact(t.Context(), tableToken(2), []lock.Write{counted("a"), counted("b")}))
			require.NoError(t, table.Close())
			again, err := lock.OpenFileTable(folder, clock.Now, lock.WithoutSync())
			require.NoError(t, err, "cut at %d", cut)
			require.Equal(t, want+1, fence(t, again, "a"), "cut at %d", cut)
			require.NoError(t, again.Close())
		}
	}
}

func TestAnOpenFileTableSeesATornLineOfAnotherCutOff(t *testing.T) {
	folder, clock := t.TempDir(), &tableClock{}
	table := openFileTable(t, folder, clock.Now)
	require.NoError(t, table.Transact(t.Context(), tableToken(1), []lock.Write{counted("k")}))
	other, err := os.OpenFile(filepath.Join(folder, "locks.jsonl"), os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	defer other.Close()
	for _, torn := range []string{`{"token":"dead","items":[{"lockKey":"k","fe`, "{\n"} {
		_, err = other.WriteString(torn)
		require.NoError(t, err)
		require.Equal(t, int64(1), fence(t, table, "k"))
	}
	require.NoError(t, table.Transact(t.Context(), tableToken(2), []lock.Write{counted("k")}))
	require.Equal(t, int64(2), fence(t, openFileTable(t, folder, clock.Now), "k"))
}

func TestAFileTableRefusesWhatItCannotRead(t *testing.T) {
	for sentence, c := range map[string]struct{ journal, want string }{
		"a damaged line amidst others": {"{\"schemaVersion\":1}\n{\"items\":[{\"lockKe\n{\"items\":[{\"lockKey\":\"k\"}]}\n", "line 2 is damaged"},
		"a newer schema":               {"{\"schemaVersion\":2}\n{\"items\":[]}\n", "use the newer program"},
		"another file":                 {"{}\n{}\n", "schemaVersion 0"},
	} {
		folder := t.TempDir()
		path := filepath.Join(folder, "locks.jsonl")
		require.NoError(t, os.WriteFile(path, []byte(c.journal), 0o600))
		_, err := lock.OpenFileTable(folder, time.Now)
		require.ErrorContains(t, err, c.want, sentence)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, c.journal, string(data), "%s is left as it is", sentence)
	}
}

func TestAFileTableRewritesAJournalThatIsMostlyHistory(t *testing.T) {
	folder, clock := t.TempDir(), &tableClock{}
	path := filepath.Join(folder, "locks.jsonl")
	table, other := openFileTable(t, folder, clock.Now, lock.WithoutSync()), openFileTable(t, folder, clock.Now)
	stale := lock.Item{Key: "stale", LockID: "x", ExpiresAt: clock.Now().Unix() + 60}
	require.NoError(t, table.Transact(t.Context(), "stale", []lock.Write{{Verb: lock.Put, Key: "stale", Item: &stale}}))
	require.Zero(t, fence(t, other, "k"))
	for i := range 5000 {
		if i == 2500 {
			clock.Advance(72 * time.Hour)
		}
		require.NoError(t, table.Transact(t.Context(), tableToken(i), []lock.Write{counted("k"), counted(fmt.Sprint("k", i%7))}))
	}
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Less(t, bytes.Count(data, []byte("\n")), 4000, "the first half is gone with its tokens")
	require.Equal(t, int64(5000), fence(t, other, "k"), "who had the old journal open follows to the new one")
	require.NoError(t, other.Transact(t.Context(), tableToken(4999), []lock.Write{counted("k"), counted(fmt.Sprint("k", 4999%7))}))
	require.ErrorIs(t, other.Transact(t.Context(), tableToken(4999), []lock.Write{counted("k")}), lock.ErrInvalidWrite, "its tokens too")
	again := openFileTable(t, folder, clock.Now)
	require.Equal(t, int64(5000), fence(t, again, "k"))
	item, err := again.Get(t.Context(), "stale")
	require.NoError(t, err)
	require.Nil(t, item, "what expired days ago is tidied up")
	require.NoFileExists(t, path+".new")
}

func TestAFileTableWaitsForAnotherProcessWhileItsContextLasts(t *testing.T) {
	folder := t.TempDir()
	table := openFileTable(t, folder, time.Now)
	held, err := os.OpenFile(filepath.Join(folder, "locks.lock"), os.O_RDWR, 0)
	require.NoError(t, err)
	defer held.Close()
	require.NoError(t, syscall.Flock(int(held.Fd()), syscall.LOCK_EX))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, table.Transact(ctx, "one", []lock.Write{counted("k")}), context.DeadlineExceeded)
	require.NoError(t, syscall.Flock(int(held.Fd()), syscall.LOCK_UN))
	require.NoError(t, table.Transact(t.Context(), "two", []lock.Write{counted("k")}))
	require.Equal(t, int64(1), fence(t, table, "k"))
}

func TestAFileTableThatCannotWriteSaysSoAndGoesOn(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "locks.jsonl")
	table := openFileTable(t, folder, time.Now)
	require.NoError(t, table.Transact(t.Context(), "one", []lock.Write{counted("k")}))
	kept := path + ".kept"
	require.NoError(t, os.Rename(path, kept))
	require.NoError(t, os.Mkdir(path, 0o700))
	err := table.Transact(t.Context(), "two", []lock.Write{counted("k")})
	require.Error(t, err)
	var condition *lock.ConditionError
	require.False(t, errors.As(err, &condition) || errors.Is(err, lock.ErrThrottled) || errors.Is(err, lock.ErrTransactConflict), "%v", err)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Rename(kept, path))
	require.NoError(t, table.Transact(t.Context(), "two", []lock.Write{counted("k")}))
	require.Equal(t, int64(2), fence(t, table, "k"))
}

func BenchmarkFileTableTransact(b *testing.B) {
	for name, options := range map[string][]lock.FileTableOption{"synced": nil, "unsynced": {lock.WithoutSync()}} {
		b.Run(name, func(b *testing.B) {
			table, i := openFileTable(b, b.TempDir(), time.Now, options...), 0
			for b.Loop() {
				require.NoError(b, table.Transact(b.Context(), tableToken(i), []lock.Write{counted("a"), counted("b"), counted("c")}))
				i++
			}
		})
	}
}

func BenchmarkFileTableGet(b *testing.B) {
	table := openFileTable(b, b.TempDir(), time.Now)
	require.NoError(b, table.Transact(b.Context(), "t", []lock.Write{counted("k")}))
	for b.Loop() {
		_, err := table.Get(b.Context(), "k")
		require.NoError(b, err)
	}
}

func BenchmarkMemoryTableTransact(b *testing.B) {
	now := time.Unix(0, 0)
	table, i := lock.NewMemoryTable(func() time.Time { return now }), 0
	for b.Loop() {
		now = now.Add(time.Second)
		require.NoError(b, table.Transact(b.Context(), tableToken(i), []lock.Write{counted("a"), counted("b"), counted("c")}))
		i++
	}
}

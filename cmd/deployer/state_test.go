package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/state"
)

// template is a folder in which the example is deployed, made by the first test that needs it and removed after the last.
var template struct {
	once sync.Once
	dir  string
}

// deployed is a shell whose staging has seen some serials.
func deployed(t *testing.T) *shell {
	t.Helper()
	s := newShell(t)
	template.once.Do(func() {
		dir, err := os.MkdirTemp("", "deployed")
		require.NoError(t, err)
		template.dir = dir
		first := *s
		first.dir = dir
		a := first.run("apply", example, "-e", "staging", "--auto-approve")
		require.Equal(t, exitOK, a.code, a.err)
	})
	require.NoError(t, os.CopyFS(s.dir, os.DirFS(template.dir)))
	return s
}

// stateFile is the state of staging as the folder keeps it.
func (s *shell) stateFile() string {
	return filepath.Join(s.dir, "state", "stacks", "user-platform", "staging", "state.json")
}

// damage flips a byte in the middle of the state.
func (s *shell) damage() {
	s.t.Helper()
	data, err := os.ReadFile(s.stateFile())
	require.NoError(s.t, err)
	data[len(data)/2] ^= 1
	require.NoError(s.t, os.WriteFile(s.stateFile(), data, 0o600))
}

// now is the state.
func (s *shell) now() state.Snapshot {
	s.t.Helper()
	a := s.run("state", "export", "user-platform/staging")
	require.Equal(s.t, exitOK, a.code, a.err)
	snapshot, err := state.Decode([]byte(a.out))
	require.NoError(s.t, err)
	return snapshot
}

func TestTheStateIsListedAndShown(t *testing.T) {
	s := newShell(t)
	require.Contains(t, s.run("state", "list").out, "Nothing was ever deployed")
	s = deployed(t)
	serial := s.now().Serial
	require.Regexp(t, `user-platform/staging +\d+ +14 `, s.run("state", "list").out)
	a := s.run("state", "list", "user-platform/staging/accounts")
	require.Contains(t, a.out, "accounts/db")
	require.NotContains(t, a.out, "notify/mail")
	a = s.run("state", "show", "-s", "user-platform", "-e", "staging")
	require.Contains(t, a.out, "lineage "+s.now().Lineage)
	var record state.Record
	s.run("state", "show", "user-platform/staging/accounts/db").unmarshal(t, &record)
	require.Equal(t, state.Deployed, record.Status)
	require.Equal(t, exitNotFound, s.run("state", "show", "user-platform/staging/accounts/nothing").code)

	var history []state.Entry
	s.run("state", "history", "user-platform/staging", "-o", "json").unmarshal(t, &history)
	require.Equal(t, serial, history[0].Serial)
	var first shownState
	s.run("state", "show", "user-platform/staging", "--serial", "1", "-o", "json").unmarshal(t, &first)
	require.Less(t, len(first.Components), 14)
	require.Equal(t, exitNotFound, s.run("state", "show", "user-platform/staging", "--serial", "99").code)
	require.Contains(t, s.run("state", "history", "user-platform/staging").out, "now")
}

func TestADamagedStateIsRefusedEverywhereAndRestored(t *testing.T) {
	s := deployed(t)
	before := s.now()
	require.Contains(t, s.run("state", "verify").out, "are whole")
	s.damage()
	for _, args := range [][]string{{"status", "-s", "user-platform", "-e", "staging"}, {"apply", example, "-e", "staging", "--auto-approve"},
		{"state", "export", "user-platform/staging"}, {"state", "verify"}, {"state", "history", "user-platform/staging"}} {
		a := s.run(args...)
		require.Equal(t, exitDirty, a.code, "%v: %s", args, a.err)
		require.Contains(t, a.out+a.err, "state restore user-platform/staging --serial", "%v", args)
	}
	require.Contains(t, s.run("state", "list").out, "refused: bad")
	restore := []string{"state", "restore", "user-platform/staging", "--serial", strconv.FormatInt(before.Serial, 10)}
	require.Equal(t, exitAwaiting, s.run(restore...).code, "nothing is restored by silence")
	a := s.run(append(restore, "--yes")...)
	require.Equal(t, exitOK, a.code, a.err)
	require.Equal(t, before.Serial+1, s.now().Serial)
	require.Equal(t, slices.Sorted(maps.Keys(before.Components)), slices.Sorted(maps.Keys(s.now().Components)))
	require.Equal(t, "Nothing is locked.\n", s.run("lock", "list").out)
	require.Equal(t, exitOK, s.run("state", "verify").code)
	require.Contains(t, s.run("apply", example, "-e", "staging", "--auto-approve").out, "NoChanges")
}

func TestAnEarlierStateIsComparedBeforeItComesBack(t *testing.T) {
	s := deployed(t)
	a := s.run("state", "restore", "user-platform/staging", "--serial", "1")
	require.Equal(t, exitAwaiting, a.code)
	require.Contains(t, a.out, "edge/gateway would no longer be known")
	var told changedState
	s.run("state", "restore", "user-platform/staging", "--serial", "1", "--yes", "-o", "json").unmarshal(t, &told)
	require.Contains(t, told.Lost, "edge/gateway")
	require.NotContains(t, s.now().Components, "edge/gateway")
	require.Equal(t, told.Run, s.now().Run)
	require.Equal(t, exitConfiguration, s.run("state", "restore", "user-platform/staging", "--yes").code)
	require.Equal(t, exitNotFound, s.run("state", "restore", "user-platform/staging", "--serial", "99", "--yes").code)
}

func TestAnExportedStateIsImportedUnlessItIsNotToBeTrusted(t *testing.T) {
	s := deployed(t)
	file := filepath.Join(t.TempDir(), "state.json")
	require.Equal(t, exitOK, s.run("state", "export", "user-platform/staging", "--file", file).code)
	exported, err := os.ReadFile(file)
	require.NoError(t, err)
	serial := s.now().Serial
	a := s.run("state", "import", "user-platform/staging", "--file", file, "--yes")
	require.Equal(t, exitOK, a.code, a.err)
	require.Equal(t, serial+1, s.now().Serial)
	a = s.run("state", "import", "user-platform/staging", "--file", file, "--yes")
	require.Equal(t, exitConfiguration, a.code, "it is older than the state by now")
	require.Contains(t, a.err, "export it anew and import that")
	require.NoError(t, os.WriteFile(file, bytes.Replace(exported, []byte("deployed"), []byte("deplayed"), 1), 0o600))
	a = s.run("state", "import", "user-platform/staging", "--file", file, "--yes")
	require.Equal(t, exitConfiguration, a.code)
	require.Contains(t, a.err, "bad checksum")
	require.Equal(t, exitConfiguration, s.run("state", "import", "user-platform/staging", "--file", "nowhere", "--yes").code)
	require.Equal(t, "Nothing is locked.\n", s.run("lock", "list").out)
}

func TestAStateThatAnotherHasLockedIsNotReplaced(t *testing.T) {
	s := deployed(t)
	s.lock(lock.Request{Addresses: []address.Address{staging.In("accounts", "db")}, LockedBy: "ana", Run: "r1"})
	before := s.now()
	a := s.run("state", "restore", "user-platform/staging", "--serial", "1", "--yes")
	require.Equal(t, exitLockHeld, a.code, a.err)
	require.True(t, strings.Contains(a.err, "by ana (run r1)"), a.err)
	require.Equal(t, before, s.now())
}

func TestADeadRunDoesNotKeepADamagedStateFromBeingRepaired(t *testing.T) {
	s := newShell(t)
	s.kill("accounts/db", "")
	s.damage()
	var shown shownLocks
	a := s.run("lock", "show", "user-platform/staging", "-o", "json")
	require.Equal(t, exitOK, a.code, a.err)
	a.unmarshal(t, &shown)
	require.Equal(t, heldByDead, shown.Locks[0].Standing, "it is cleaned up after when the state can be read again")
	var all []verified
	s.run("state", "verify", "user-platform/staging", "-o", "json").unmarshal(t, &all)
	restore := []string{"state", "restore", "user-platform/staging", "--serial", strconv.FormatInt(all[0].Restore, 10), "--yes"}
	a = s.run(restore...)
	require.Equal(t, exitLockHeld, a.code, a.err)

	a = s.run("lock", "force-unlock", "user-platform/staging", "--lock-id", shown.Locks[0].LockID, "--reason", "to restore the state", "--yes")
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, a.out, "could not be saved")
	a = s.run(restore...)
	require.Equal(t, exitOK, a.code, a.err)
	a = s.run("apply", example, "-e", "staging", "--auto-approve")
	require.Equal(t, exitOK, a.code, a.err)
	require.Len(t, s.now().Components, 14)
}

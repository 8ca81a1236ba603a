package main

import (
	"maps"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
)

// procedure is one section of the page: its commands, in order.
type procedure struct {
	title    string
	commands []typed
}

// procedures are the sections that have commands.
func procedures(t *testing.T) (found []procedure) {
	t.Helper()
	for _, command := range pageOf(t, "docs/operations/locks-and-recovery.md") {
		if len(found) == 0 || found[len(found)-1].title != command.section {
			found = append(found, procedure{title: command.section})
		}
		last := &found[len(found)-1]
		last.commands = append(last.commands, command)
	}
	return found
}

// scene is the trouble that a procedure is for, and what is to be seen.
type scene struct {
	// trouble makes it.
	trouble func(s *shell)
	// known are the placeholders that no command shows.
	known func(s *shell) map[string]string
	// says is what each of its commands must tell, by its number; before is what happens by itself before one.
	says   map[int]string
	before map[int]func(s *shell)
}

func held(run string) func(*shell) {
	return func(s *shell) {
		s.lock(lock.Request{Addresses: []address.Address{staging}, LockedBy: "ana@laptop", Run: run})
	}
}

var scenes = map[string]scene{
	"Is everything well?": {trouble: func(*shell) {}, says: map[int]string{0: "Nothing is locked", 1: "user-platform/staging", 2: "are whole", 3: "Nothing is left half-done"}},
	"Somebody holds the lock": {trouble: held("r1"), says: map[int]string{0: "ana@laptop (run r1)", 1: "NoChanges"},
		before: map[int]func(*shell){1: func(s *shell) { require.Equal(s.t, exitOK, s.run("unlock", staging.String(), "--run", "r1").code) }}},
	"A run has died": {trouble: held("r1"), says: map[int]string{0: "its run has ended", 1: "Freed: user-platform/staging", 2: "Nothing is left"}},
	"A run hangs":    {trouble: held("r1"), says: map[int]string{0: "Lock id", 1: "is free", 2: "Nothing is left"}},
	"A lock is quarantined": {trouble: func(s *shell) {
		lease := s.lock(lock.Request{Addresses: []address.Address{staging}, LockedBy: "ana@laptop", Run: "r1"})
		e := s.environment()
		defer e.Close()
		require.NoError(s.t, e.Locker.Quarantine(s.t.Context(), lease, "the rollback failed"))
	}, says: map[int]string{0: "it is quarantined (the rollback failed)", 2: "accounts/db", 3: "is free"}},
	"The state is damaged": {trouble: func(s *shell) { s.damage() }, known: func(s *shell) map[string]string {
		var all []verified
		s.run("state", "verify", staging.String(), "-o", "json").unmarshal(s.t, &all)
		return map[string]string{"SERIAL": strconv.FormatInt(all[0].Restore, 10)}
	}, says: map[int]string{0: "state restore user-platform/staging --serial", 2: "accounts/db", 4: "are whole", 5: "No changes"}},
	"The state is damaged and a run holds its lock": {trouble: func(s *shell) {
		before := s.now().Serial
		require.Equal(s.t, exitOK, s.run("apply", exampleFolder, "-e", "staging", "--auto-approve", "--set", "accounts/api.replicas=4").code)
		id := s.history()[0].Run
		s.lock(lock.Request{Addresses: []address.Address{staging}, LockedBy: "ana@laptop", Run: id})
		s.forget(before)
		s.damage()
	}, known: func(s *shell) map[string]string {
		var all []verified
		s.run("state", "verify", staging.String(), "-o", "json").unmarshal(s.t, &all)
		return map[string]string{"SERIAL": strconv.FormatInt(all[0].Restore, 10)}
	}, says: map[int]string{0: "deployer state recover --run", 2: "accounts/api is as run", 3: "are whole", 4: "accounts/api"}},
	"The state is not what it should be": {trouble: func(s *shell) {
		require.Equal(s.t, exitOK, s.run("state", "restore", staging.String(), "--serial", "1", "--yes").code)
	}, known: func(s *shell) map[string]string {
		return map[string]string{"SERIAL": strconv.FormatInt(s.now().Serial-1, 10)}
	}, says: map[int]string{0: "now", 1: "edge/gateway", 3: "edge/gateway"}},
	"A run was overtaken": {trouble: func(s *shell) {
		lease := s.lock(lock.Request{Addresses: []address.Address{staging}, LockedBy: "ana@laptop", Run: "r1"})
		require.Equal(s.t, exitOK, s.run("lock", "force-unlock", staging.String(), "--lock-id", lease.LockID, "--reason", "no news", "--yes").code)
	}, says: map[int]string{0: "no news"}},
}

func TestEveryProcedureOfTheRecoveryPageDoesWhatItSays(t *testing.T) {
	found := procedures(t)
	require.Len(t, found, len(scenes))
	for _, p := range found {
		t.Run(p.title, func(t *testing.T) {
			scene, known := scenes[p.title]
			require.True(t, known, "nothing makes the trouble that this section is for")
			s := deployed(t)
			t.Chdir(t.TempDir())
			scene.trouble(s)
			values := s.placeholders(scene)
			for i, command := range p.commands {
				if happens, some := scene.before[i]; some {
					happens(s)
				}
				args := command.with(values)
				for _, placeholder := range []string{"RUN", "LOCK_ID", "SERIAL"} {
					require.NotContains(t, args, placeholder, "nothing has shown it: %s", command.line)
				}
				a := s.run(args...)
				require.Equal(t, command.code, a.code, "%s\n%s%s", command.line, a.out, a.err)
				require.Contains(t, a.out+a.err, scene.says[i], command.line)
			}
			require.Equal(t, "Nothing is locked.\n", s.run("lock", "list").out)
			a := s.run("status", "-s", "user-platform", "-e", "staging")
			require.Contains(t, a.out, "Nothing is left half-done.")
			require.Len(t, s.now().Components, 14)
		})
	}
}

// placeholders are what a person reads off the screen.
func (s *shell) placeholders(scene scene) map[string]string {
	s.t.Helper()
	values := map[string]string{"examples/user-platform": exampleFolder}
	if scene.known != nil {
		maps.Copy(values, scene.known(s))
	}
	var shown shownLocks
	s.run("lock", "show", staging.String(), "-o", "json").unmarshal(s.t, &shown)
	for _, one := range shown.Locks {
		values["RUN"], values["LOCK_ID"] = one.Run, one.LockID
	}
	return values
}

// exampleFolder is the example for a command that is run elsewhere.
var exampleFolder = func() string {
	folder, err := filepath.Abs(example)
	if err != nil {
		panic(err)
	}
	return folder
}()

// forget deletes the history after a serial: what came then is known from the runs alone.
func (s *shell) forget(after int64) {
	s.t.Helper()
	e := s.environment()
	defer e.Close()
	listed, err := e.Objects.List(s.t.Context(), staging.Prefix()+"history/", "", 1000)
	require.NoError(s.t, err)
	forgotten := 0
	for _, object := range listed {
		number, _, _ := strings.Cut(strings.TrimPrefix(object.Key, staging.Prefix()+"history/"), "-")
		serial, err := strconv.ParseInt(number, 10, 64)
		require.NoError(s.t, err, object.Key)
		if serial > after {
			require.NoError(s.t, e.Objects.Delete(s.t.Context(), object.Key))
			forgotten++
		}
	}
	require.Positive(s.t, forgotten)
}

package main

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/embedded"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/report"
)

var staging = address.Scope("user-platform", "staging")

// environment opens the folder that the shell's commands work in.
func (s *shell) environment() *embedded.Environment {
	s.t.Helper()
	e, err := embedded.Open(s.t.Context(), embedded.Options{Dir: s.dir, Provisioner: s.cloud})
	require.NoError(s.t, err)
	return e
}

// lock takes a lock in another's name and leaves it there.
func (s *shell) lock(request lock.Request) lock.Lease {
	s.t.Helper()
	e := s.environment()
	defer e.Close()
	lease, err := e.Locker.Acquire(s.t.Context(), request)
	require.NoError(s.t, err)
	return lease
}

// unmarshal reads the one JSON value of an answer.
func (a answer) unmarshal(t *testing.T, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.out), into), a.out)
}

func TestWhoHoldsALockIsTold(t *testing.T) {
	s := newShell(t)
	require.Equal(t, "Nothing is locked.\n", s.run("lock", "list").out)
	require.Equal(t, "user-platform/staging is not locked.\n", s.run("lock", "show", "user-platform/staging").out)
	lease := s.lock(lock.Request{Addresses: []address.Address{staging}, LockedBy: "ana@laptop", Run: "r1", GitCommit: "abc123"})

	a := s.run("lock", "list")
	require.Equal(t, exitOK, a.code, a.err)
	require.Regexp(t, `user-platform/staging +ana@laptop +r1 .* ended`, a.out)
	for _, at := range []string{"user-platform/staging", "user-platform/staging/accounts/db"} {
		a = s.run("lock", "show", at)
		require.Equal(t, exitOK, a.code, a.err)
		require.Contains(t, a.out, "ana@laptop (run r1, commit abc123)")
		require.Contains(t, a.out, lease.LockID)
		require.Contains(t, a.out, "deployer unlock user-platform/staging --run r1")
	}
	require.Contains(t, s.run("lock", "show", "user-platform/production").out, "not locked")
	var shown shownLocks
	s.run("lock", "show", "user-platform/staging", "-o", "json").unmarshal(t, &shown)
	require.Equal(t, lease.LockID, shown.Locks[0].LockID)
	require.Equal(t, heldByDead, shown.Locks[0].Standing)
	require.Equal(t, exitConfiguration, s.run("lock", "show", "nonsense").code)
}

func TestUnlockFreesOnesOwnLeftoversOnly(t *testing.T) {
	for name, c := range map[string]struct {
		request lock.Request
		args    []string
		code    int
		says    string
	}{
		"nothing is locked":                 {lock.Request{}, nil, exitOK, "Nothing is locked."},
		"one's own run that has ended":      {lock.Request{LockedBy: who(), Run: "r1"}, nil, exitOK, "Freed: user-platform/staging"},
		"another's run that has ended":      {lock.Request{LockedBy: "ana", Run: "r1"}, nil, exitLockHeld, "--run r1"},
		"another's run that is named":       {lock.Request{LockedBy: "ana", Run: "r1"}, []string{"--run", "r1"}, exitOK, "Freed: user-platform/staging"},
		"another run than the one named":    {lock.Request{LockedBy: "ana", Run: "r1"}, []string{"--run", "r2"}, exitOK, "Nothing is locked."},
		"a command that may still be there": {lock.Request{LockedBy: who()}, nil, exitLockHeld, "It ends by itself"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t)
			if c.request.LockedBy != "" {
				c.request.Addresses = []address.Address{staging}
				s.lock(c.request)
			}
			a := s.run(append([]string{"unlock", "user-platform/staging"}, c.args...)...)
			require.Equal(t, c.code, a.code, a.err+a.out)
			require.Contains(t, a.out, c.says)
			left := s.run("lock", "list").out
			require.Equal(t, c.code == exitOK && c.says != "Nothing is locked." || c.request.LockedBy == "", left == "Nothing is locked.\n", left)
		})
	}
}

func TestAQuarantinedLockIsFreedOnlyByForce(t *testing.T) {
	s := newShell(t)
	lease := s.lock(lock.Request{Addresses: []address.Address{staging}, LockedBy: who(), Run: "r1"})
	e := s.environment()
	require.NoError(t, e.Locker.Quarantine(t.Context(), lease, "its rollback failed"))
	require.NoError(t, e.Close())
	a := s.run("unlock", "user-platform/staging", "--run", "r1")
	require.Equal(t, exitLockHeld, a.code)
	require.Contains(t, a.out, "force-unlock")
	a = s.run("apply", example, "-e", "staging", "--auto-approve")
	require.Equal(t, exitLockHeld, a.code, a.err)
	require.Contains(t, a.out, "its rollback failed")
}

func TestForceUnlockIsAskedForByIdAndReasonAndNeverBySilence(t *testing.T) {
	s := newShell(t)
	lease := s.lock(lock.Request{Addresses: []address.Address{staging}, LockedBy: "ana", Run: "r1"})
	force := func(args ...string) answer {
		return s.run(append([]string{"lock", "force-unlock", "user-platform/staging"}, args...)...)
	}
	require.Equal(t, exitConfiguration, force().code)
	require.Equal(t, exitConfiguration, force("--lock-id", lease.LockID, "--yes").code)
	a := force("--lock-id", "another", "--reason", "stuck", "--yes")
	require.Equal(t, exitLockHeld, a.code)
	require.Contains(t, a.err, lease.LockID)
	a = force("--lock-id", lease.LockID, "--reason", "stuck")
	require.Equal(t, exitAwaiting, a.code, a.err)
	require.Contains(t, a.out, "Held by")
	require.Contains(t, s.run("lock", "list").out, "ana")

	a = force("--lock-id", lease.LockID, "--reason", "stuck", "--yes")
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, a.out, "user-platform/staging is free.")
	require.Equal(t, exitNotFound, force("--lock-id", lease.LockID, "--reason", "stuck", "--yes").code)
	a = s.run("lock", "show", "user-platform/staging")
	require.Contains(t, a.out, "force-unlock  "+who()+"  stuck  ana (run r1)")
}

func TestForceUnlockLeavesARunOfALivingProcessAlone(t *testing.T) {
	s := newShell(t)
	defer s.hang("accounts/db", "")()
	a := s.run("lock", "show", "user-platform/staging")
	require.Contains(t, a.out, "Under way  create accounts/db")
	require.Contains(t, a.out, "renewed for as long as its run is on its way")
	var shown shownLocks
	s.run("lock", "show", "user-platform/staging", "-o", "json").unmarshal(t, &shown)
	a = s.run("lock", "force-unlock", "user-platform/staging", "--lock-id", shown.Locks[0].LockID, "--reason", "in a hurry", "--yes")
	require.Equal(t, exitLockHeld, a.code, a.err)
	require.Contains(t, a.err, "another process")
	require.Equal(t, exitLockHeld, s.run("unlock", "user-platform/staging", "--run", shown.Locks[0].Run).code)
}

func TestWhoIsWaitedForIsOnTheScreen(t *testing.T) {
	s := newShell(t)
	s.lock(lock.Request{Addresses: []address.Address{staging}, LockedBy: "ana (state restore)", Lease: 2 * time.Second})
	a := s.run("apply", example, "-e", "staging", "--auto-approve", "--lock-timeout", "1s")
	require.Equal(t, exitLockHeld, a.code, a.err)
	require.Contains(t, a.err, "Waiting for the lock on user-platform/staging, which ana (state restore) has held since")
	var made report.Report
	a = s.run("apply", example, "-e", "staging", "--auto-approve", "-o", "json")
	a.unmarshal(t, &made)
	require.Equal(t, "LockHeld", made.Failure.Error, "without a timeout nobody waits")
	require.NotContains(t, a.err, "Waiting")
}

func TestAFailedRunSaysWhichLockStoodInItsWay(t *testing.T) {
	s := newShell(t)
	s.lock(lock.Request{Addresses: []address.Address{staging.In("accounts", "db")}, LockedBy: "ana", Run: "r1"})
	a := s.run("apply", example, "-e", "staging", "--auto-approve")
	require.Equal(t, exitLockHeld, a.code, a.err)
	require.Contains(t, a.out, "through user-platform/staging/accounts/db by ana (run r1)")
	require.Equal(t, exitLockHeld, codeOf(errors.Join(&embedded.RunAlive{Run: "r1"})))
}

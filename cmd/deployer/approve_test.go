package main

import (
	"encoding/json"
	"errors"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

// waits is a command line that leaves a run to wait for people; it returns the run's id.
func (s *shell) waits(args ...string) string {
	s.t.Helper()
	a := s.run(args...)
	require.Equal(s.t, exitAwaiting, a.code, a.err)
	found := regexp.MustCompile(`Run ([0-9]{8}-[0-9]{6}-[0-9a-f]{9}) waits for`).FindStringSubmatch(a.err)
	require.NotNil(s.t, found, a.err)
	return found[1]
}

func TestNothingIsApprovedBySilence(t *testing.T) {
	s := newShell(t)
	id := s.waits("apply", example, "-e", "staging", "--as", "ana")
	require.Empty(t, s.cloud.calls)
	require.Len(t, s.cloud.previews, 14)
	a := s.run("status", id)
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, a.out, "awaits approval; started by ana")
	require.Contains(t, a.out, "wave 4/4  2 to come")

	a = s.run("apply", example, "-e", "staging", "--auto-approve")
	require.Equal(t, exitLockHeld, a.code, "it waits with its lock: %s", a.err)

	a = s.run("approve", id, "-m", "looks right", "--as", "ana")
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, a.out, "14 succeeded")
	require.Len(t, s.cloud.calls, 14)
	a = s.run("logs", id)
	require.Contains(t, a.out, "approval  approve by ana: looks right")
	require.Contains(t, a.out, "accounts/db  create begun (RDS)")
	require.Contains(t, a.out, "run  Succeeded")
	a = s.run("approve", id)
	require.Equal(t, exitError1, a.code)
	require.Contains(t, a.err, "has ended already (Succeeded)")
}

func TestARejectedRunChangesNothingAndFreesItsLock(t *testing.T) {
	s := newShell(t)
	id := s.waits("apply", example, "-e", "staging")
	a := s.run("reject", id, "-m", "not on a Friday", "--as", "bo")
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, a.out, "nothing was changed")
	require.Empty(t, s.cloud.calls)
	a = s.run("status", id, "--output", "json")
	var told runStatus
	require.NoError(t, json.Unmarshal([]byte(a.out), &told), a.out)
	require.Equal(t, run.Rejected, told.Ending)
	require.Equal(t, "ApprovalRejected", told.Failure.Error)
	require.Equal(t, "not on a Friday", told.Decisions[0].Reason)
	require.Equal(t, exitOK, s.run("apply", example, "-e", "staging", "--auto-approve").code)
}

func TestTwoOthersHaveToAgreeWhereTheEnvironmentSaysSo(t *testing.T) {
	s := newShell(t)
	id := s.waits("apply", example, "-e", "production", "--auto-approve", "--as", "ana")
	a := s.run("approve", id, "--as", "ana")
	require.Equal(t, exitPolicy, a.code)
	require.Contains(t, a.err, "ana started run "+id+" and cannot approve it")
	for range 2 {
		a = s.run("approve", id, "--as", "bo", "--output", "json")
		require.Equal(t, exitAwaiting, a.code, a.err)
		var left awaited
		require.NoError(t, json.Unmarshal([]byte(a.out), &left), a.out)
		require.Equal(t, 1, left.Missing, "the same person counts once")
	}
	require.Empty(t, s.cloud.calls)
	a = s.run("approve", id, "--as", "cy")
	require.Equal(t, exitOK, a.code, a.err)
	require.NotEmpty(t, s.cloud.calls)
}

func TestADestroyWaitsForApprovalToo(t *testing.T) {
	s := newShell(t)
	require.Equal(t, exitOK, s.run("apply", example, "-e", "staging", "--auto-approve").code)
	s.cloud.calls = nil
	id := s.waits("destroy", "-s", "user-platform", "-e", "staging")
	require.Empty(t, s.cloud.calls)
	a := s.run("halt", id, "-m", "wrong stack")
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, a.out, "Rejected: run "+id+" has ended")
	require.Empty(t, s.cloud.calls)
}

func TestNobodyDecidesOnARunThatIsNotThere(t *testing.T) {
	s := newShell(t)
	for _, verb := range []string{"approve", "reject", "halt", "watch", "retry", "logs", "status"} {
		a := s.run(verb, "20260101-000000-abcdef")
		require.Equal(t, exitNotFound, a.code, "%s: %s", verb, a.err)
		require.Contains(t, a.err, "there is no run")
	}
	require.Equal(t, exitOK, s.run("plan", example, "-e", "staging").code)
	runs := s.history("--plans")
	require.Len(t, runs, 1)
	a := s.run("approve", runs[0].Run)
	require.Equal(t, exitError1, a.code)
	require.Contains(t, a.err, "has ended already (Planned)")
}

func (s *shell) history(args ...string) []past {
	s.t.Helper()
	a := s.run(append([]string{"history", "--output", "json"}, args...)...)
	require.Equal(s.t, exitOK, a.code, a.err)
	var runs []past
	require.NoError(s.t, json.Unmarshal([]byte(a.out), &runs), a.out)
	return runs
}

func TestWhatFailedInARunIsDoneAgainAndNothingElse(t *testing.T) {
	s := newShell(t)
	s.cloud.fail["accounts/api"] = errors.New("ServiceQuotaExceeded") // in the wave after that of sessions and of public
	require.Equal(t, exitRolledBack, s.run("apply", example, "-e", "staging", "--auto-approve", "--as", "ana").code)
	failed := s.history()[0]
	require.True(t, failed.RolledBack)
	require.Equal(t, "ana", failed.StartedBy)

	delete(s.cloud.fail, "accounts/api")
	s.cloud.calls = nil
	a := s.run("retry", failed.Run, "--auto-approve", "--output", "json")
	require.Equal(t, exitOK, a.code, a.err)
	var made report.Report
	require.NoError(t, json.Unmarshal([]byte(a.out), &made), a.out)
	require.Contains(t, s.cloud.calls, "apply accounts/api")
	require.Contains(t, s.cloud.calls, "apply edge/gateway", "it waited for that")
	require.Contains(t, s.cloud.calls, "apply edge/public", "it was taken back")
	for _, kept := range []string{"apply accounts/sessions", "apply accounts/db"} {
		require.NotContains(t, s.cloud.calls, kept, "it holds data, and so it was kept")
	}
	runs := s.history()
	require.Len(t, runs, 2)
	require.Equal(t, run.Succeeded, runs[0].Ending, "the latest comes first")
	a = s.run("status", runs[0].Run)
	require.Contains(t, a.out, "It does again what was left of run "+failed.Run)

	a = s.run("retry", runs[0].Run, "--auto-approve")
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, a.out, "NoChanges")
}

func TestARunThatHasEndedIsShownAsItEnded(t *testing.T) {
	s := newShell(t)
	s.cloud.fail["accounts/db"] = errors.New("DBInstanceQuotaExceeded")
	s.run("apply", example, "-e", "staging", "--auto-approve")
	id := s.history()[0].Run
	a := s.run("watch", id)
	require.Equal(t, exitRolledBack, a.code)
	require.Contains(t, a.err, "accounts/db (RDS)  FAILED")
	require.Contains(t, a.out, "FailedClean")
	a = s.run("watch", id, "--once")
	require.Equal(t, exitOK, a.code)
	require.Contains(t, a.out, "create   accounts/db (RDS)  FAILED")
	require.Contains(t, a.out, "DBInstanceQuotaExceeded")
	a = s.run("logs", id, "--component", "accounts/db")
	require.Contains(t, a.out, "DBInstanceQuotaExceeded")
	require.NotContains(t, a.out, "accounts/sessions")
}

package main

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFailureIsRolledBackAndHeldUntilAPersonReleasesIt(t *testing.T) {
	s := newShell(t)
	s.cloud.fail["accounts/db"] = errors.New("DBInstanceQuotaExceeded")
	a := s.run("apply", example, "-e", "staging", "--auto-approve")
	require.Equal(t, exitRolledBack, a.code, a.err)
	require.Contains(t, a.err, "If a component fails, all is rolled back")
	require.Contains(t, a.out, "FailedClean")
	require.Contains(t, a.out, "It failed and was rolled back")
	require.Contains(t, a.err, "Rolling back")
	require.Contains(t, a.err, "delete ")
	require.Contains(t, a.out, "DBInstanceQuotaExceeded")
	require.Contains(t, strings.Join(s.cloud.calls, " "), "destroy ")
	require.NotContains(t, s.cloud.calls, "destroy accounts/sessions")
	a = s.run("status", "-s", "user-platform", "-e", "staging")
	require.NotContains(t, a.out, "Locked")
	require.Contains(t, a.out, "Held: what run")
	require.NotContains(t, a.out, "profiles/api")
	require.Contains(t, a.out, "profiles/profiles", "it holds data")

	delete(s.cloud.fail, "accounts/db")
	s.cloud.calls = nil
	a = s.run("apply", example, "-e", "staging", "--auto-approve")
	require.Equal(t, exitAwaiting, a.code, a.err)
	require.Contains(t, a.out, "--release")
	require.Empty(t, s.cloud.calls)
	a = s.run("apply", example, "-e", "staging", "--auto-approve", "--release")
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, s.cloud.calls, "apply accounts/db")
	require.NotContains(t, s.cloud.calls, "apply profiles/profiles")
}

func TestGoingBackToAnEarlierSerial(t *testing.T) {
	s := newShell(t)
	a := s.run("apply", example, "-e", "staging", "--auto-approve")
	require.Equal(t, exitOK, a.code, a.err)
	a = s.run("rollback", "-s", "user-platform", "-e", "staging", "--auto-approve")
	require.Equal(t, exitNotFound, a.code)
	require.Contains(t, a.err, "say which serial with --to")
	var status struct{ Serial int64 }
	require.NoError(t, json.Unmarshal([]byte(s.run("status", "-s", "user-platform", "-e", "staging", "-o", "json").out), &status))
	a = s.run("apply", example, "-e", "staging", "--set", "edge/gateway.replicas=5", "--auto-approve")
	require.Equal(t, exitOK, a.code, a.err)
	to := strconv.FormatInt(status.Serial, 10)

	s.cloud.calls = nil
	a = s.run("rollback", "-s", "user-platform", "-e", "staging", "--to", to, "--plan")
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, a.out, "replicas: 5 -> 3")
	require.Empty(t, s.cloud.calls)
	a = s.run("rollback", "-s", "user-platform", "-e", "staging", "--to", to, "--auto-approve")
	require.Equal(t, exitOK, a.code, a.err)
	require.Equal(t, []string{"apply edge/gateway"}, s.cloud.calls)
	a = s.run("apply", example, "-e", "staging", "--set", "edge/gateway.replicas=5", "--auto-approve")
	require.Equal(t, exitAwaiting, a.code, "what was replaced does not come back by itself")
	a = s.run("rollback", "-s", "user-platform", "-e", "staging", "--to", "4711", "--auto-approve")
	require.Equal(t, exitNotFound, a.code)
}

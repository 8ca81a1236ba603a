package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/run"
)

func TestARunIsHaltedFromAnotherTerminalAndDoneAgain(t *testing.T) {
	s := newShell(t)
	other := &shell{t: t, dir: s.dir, cloud: &fakeCloud{}, env: s.env}
	var halted, seen answer
	s.cloud.during = func(short string) {
		if short == "accounts/db" {
			id := other.history()[0].Run
			halted = other.run("halt", id, "-m", "the region is slow", "--as", "bo")
			seen = other.run("watch", id, "--once")
		}
	}
	a := s.run("apply", example, "-e", "staging", "--auto-approve")
	require.Equal(t, exitCancelled, a.code, a.err)
	require.Equal(t, exitOK, halted.code, halted.err)
	require.Contains(t, halted.out, "finishes what is in flight and begins nothing new")
	require.Contains(t, seen.out, "at work; started by")
	require.Contains(t, seen.out, "create   accounts/db (RDS)  at work")
	require.Contains(t, seen.out, "wave 4/4  2 to come")
	require.Contains(t, a.out, "halted by bo (the region is slow)")
	require.Contains(t, s.cloud.calls, "apply accounts/db")
	require.NotContains(t, s.cloud.calls, "apply accounts/api")

	id := s.history()[0].Run
	require.Contains(t, s.run("status", id).out, "halted by bo at")
	require.Contains(t, s.run("logs", id).out, "halted by bo: the region is slow")
	s.cloud.calls, s.cloud.during = nil, nil
	a = s.run("retry", id, "--auto-approve")
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, s.cloud.calls, "apply accounts/api")
	require.NotContains(t, s.cloud.calls, "apply accounts/db")
}

// frozenStack is one that may never be deployed.
const frozenStack = `apiVersion: core.deployer.io/v1
kind: Stack
metadata: {name: shop}
spec:
  environments:
    - name: staging
      region: eu-west-1
      approval: {mode: auto}
      windows: [{kind: deny, schedule: '0 0 * * *', duration: 24h, reason: stocktaking}]
---
apiVersion: core.deployer.io/v1
kind: Service
metadata: {name: orders}
spec: {}
---
apiVersion: components.deployer.io/v1
kind: SQS
metadata: {name: queue, service: orders}
spec: {}
`

func TestAFreezeIsOverriddenWithAReason(t *testing.T) {
	s := newShell(t)
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "stack.yaml"), []byte(frozenStack), 0o600))
	a := s.run("apply", folder)
	require.Equal(t, exitPolicy, a.code, a.err)
	require.Contains(t, a.out, "staging is frozen until")
	require.Contains(t, a.out, "(stocktaking)")
	require.Contains(t, a.out, "--override-freeze")
	require.Empty(t, s.cloud.calls)
	require.Equal(t, exitOK, s.run("plan", folder).code)
	a = s.run("apply", folder, "--override-freeze", "the queue is lost", "--shallow")
	require.Equal(t, exitOK, a.code, a.err)
	require.Equal(t, []string{"apply orders/queue"}, s.cloud.calls)
	require.Equal(t, run.Succeeded, s.history()[0].Ending)
}

func TestAShallowPlanAsksTheCloudNothing(t *testing.T) {
	s := newShell(t)
	a := s.run("plan", example, "-e", "staging", "--shallow")
	require.Equal(t, exitOK, a.code, a.err)
	require.Empty(t, s.cloud.previews)
	require.NotContains(t, a.out, "test.Thing")
	a = s.run("plan", example, "-e", "staging")
	require.Equal(t, exitOK, a.code, a.err)
	require.Len(t, s.cloud.previews, 14)
	require.Contains(t, a.out, "1 test.Thing")
	a = s.run("plan", example, "-e", "staging", "--output", "json")
	var planned previewed
	require.NoError(t, json.Unmarshal([]byte(a.out), &planned), a.out)
	require.Len(t, planned.Steps, 14)
	require.Len(t, planned.Previews, 14)
}

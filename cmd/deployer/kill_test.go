package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/execution"
)

// The variables by which this test binary becomes the command line that is killed.
const (
	childDir   = "DEPLOYER_TEST_CHILD_DIR"
	childHangs = "DEPLOYER_TEST_CHILD_HANGS" // service/component whose deployment never ends
	childWrote = "DEPLOYER_TEST_CHILD_WROTE" // not empty: it has written a checkpoint by then
	childMark  = "DEPLOYER_TEST_CHILD_MARK"  // the file that says that it has begun
)

func TestMain(m *testing.M) {
	dir := os.Getenv(childDir)
	if dir == "" {
		code := m.Run()
		_ = os.RemoveAll(template.dir) // it is a temporary folder, should this fail
		os.Exit(code)
	}
	o := &options{console: console{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: func(string) string { return "" }},
		provisioner: hanging{&fakeCloud{}}}
	os.Exit(execute(context.Background(), []string{"apply", example, "-e", "staging", "--auto-approve", "--dir", dir}, o))
}

type hanging struct{ *fakeCloud }

func (h hanging) Apply(ctx context.Context, order execution.Order) (execution.Result, error) {
	if order.Address.Short() != os.Getenv(childHangs) {
		return h.fakeCloud.Apply(ctx, order)
	}
	if os.Getenv(childWrote) != "" { // the first thing that Pulumi leaves
		checkpoint := filepath.Join(os.Getenv(childDir), "state", filepath.FromSlash(order.Address.PulumiPrefix(order.Epoch)), "checkpoint.json")
		if err := errors.Join(os.MkdirAll(filepath.Dir(checkpoint), 0o700), os.WriteFile(checkpoint, []byte("{}"), 0o600)); err != nil {
			return execution.Result{}, err
		}
	}
	if err := os.WriteFile(os.Getenv(childMark), nil, 0o600); err != nil {
		return execution.Result{}, err
	}
	<-ctx.Done()
	return execution.Result{Pending: []string{"aws:test:Thing::" + order.Address.Short()}}, ctx.Err()
}

// kill starts an apply that hangs at a component and kills it there.
func (s *shell) kill(at string, wrote string) {
	s.t.Helper()
	s.hang(at, wrote)()
}

// hang starts an apply in a process of its own and returns when that hangs at a component; the returned function kills it.
func (s *shell) hang(at string, wrote string) (kill func()) {
	s.t.Helper()
	mark := filepath.Join(s.t.TempDir(), "begun")
	child := exec.CommandContext(s.t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+s.dir, childHangs+"="+at, childWrote+"="+wrote, childMark+"="+mark)
	require.NoError(s.t, child.Start())
	require.Eventually(s.t, func() bool { _, err := os.Stat(mark); return err == nil }, 30*time.Second, 5*time.Millisecond)
	return func() {
		require.NoError(s.t, child.Process.Kill())
		_ = child.Wait() // it was killed, and says so
	}
}

func TestAKilledRunLeavesItsLockFreeItsStateTrueAndTheNextRunGoesOn(t *testing.T) {
	for name, c := range map[string]struct{ wrote, left string }{
		"killed before it wrote anything":    {"", "Nothing is left half-done."},
		"killed when it may have done a lot": {"yes", "Left half-done: 1."},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t)
			s.kill("accounts/db", c.wrote)

			a := s.run("status", "-s", "user-platform", "-e", "staging")
			require.Equal(t, exitOK, a.code, a.err)
			require.NotContains(t, a.out, "Locked")
			require.Contains(t, a.out, c.left)
			require.Contains(t, a.out, "notify/mail", "what was done is in the state")

			a = s.run("apply", example, "-e", "staging", "--auto-approve")
			require.Equal(t, exitOK, a.code, a.err)
			require.Contains(t, s.cloud.calls, "apply accounts/db")
			require.NotContains(t, s.cloud.calls, "apply notify/mail", "what was done is not done again")
			a = s.run("status", "-s", "user-platform", "-e", "staging")
			require.Contains(t, a.out, "Nothing is left half-done.")
		})
	}
}

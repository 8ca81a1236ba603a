package embedded_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/embedded"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

var staging = address.Scope("shop", "staging")

// bury leaves what a process leaves that died with a lock in its hand.
func bury(t *testing.T, dir string, e *embedded.Environment, id string) lock.Lease {
	t.Helper()
	folder := filepath.Join(dir, "executions", id)
	require.NoError(t, os.Mkdir(folder, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "alive"), nil, 0o600))
	entered := `{"run": {"stack": "shop", "environment": "staging", "id": "` + id + `", "operation": "destroy"},
		"request": {"stack": "shop", "environment": "staging", "operation": "destroy"}}`
	require.NoError(t, os.WriteFile(filepath.Join(folder, "run.json"), []byte(entered), 0o600))
	lease, err := e.Locker.Acquire(t.Context(), lock.Request{Addresses: []address.Address{staging}, Run: id, LockedBy: "ada"})
	require.NoError(t, err)
	return lease
}

func free(t *testing.T, e *embedded.Environment) bool {
	t.Helper()
	held, err := e.Locker.Held(t.Context(), staging)
	require.NoError(t, err)
	return len(held) == 0
}

func TestTheNextCommandFreesTheLockOfARunWhoseProcessDied(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir, instant{}, "")
	defer first.Close()
	bury(t, dir, first, "r1")
	second := open(t, dir, instant{}, "")
	defer second.Close()
	require.True(t, free(t, second))
	var made report.Report
	require.NoError(t, run.Archive{Store: second.Objects, Ref: run.Ref{Stack: "shop", Environment: "staging", ID: "r1"}}.Read(t.Context(), run.ReportArtifact, &made))
	require.Equal(t, run.Destroy, made.Operation)
	require.Equal(t, "the run was stopped (its process died) before it had ended", made.Failure.Cause)
	require.FileExists(t, filepath.Join(dir, "executions", "r1", "ended"))
}

func TestARunningProcessFreesTheLockOfOneThatDied(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	e, err := embedded.Open(t.Context(), embedded.Options{Dir: dir, Provisioner: instant{}, Now: func() time.Time { return now }})
	require.NoError(t, err)
	defer e.Close()
	bury(t, dir, e, "r1")
	e.Keep(t.Context())
	require.False(t, free(t, e), "it began just now")
	now = now.Add(time.Minute)
	e.Keep(t.Context())
	require.True(t, free(t, e))
}

// stubborn is a Provisioner that works on for as long as it is not let go, whatever it is told.
type stubborn struct {
	instant
	begun, let chan struct{}
}

func (s stubborn) Apply(ctx context.Context, order execution.Order) (execution.Result, error) {
	close(s.begun)
	<-s.let
	return s.instant.Apply(ctx, order)
}

func TestARunOfAnotherProcessKeepsItsLockAndItsOwnProcessRenewsIt(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	clock := func() time.Time { return now }
	s := stubborn{begun: make(chan struct{}), let: make(chan struct{})}
	first, err := embedded.Open(t.Context(), embedded.Options{Dir: dir, Provisioner: s, Now: clock})
	require.NoError(t, err)
	defer first.Close()
	second, err := embedded.Open(t.Context(), embedded.Options{Dir: dir, Provisioner: instant{}, Now: clock})
	require.NoError(t, err)
	defer second.Close()

	object, err := first.Objects.Put(t.Context(), "bundles/shop/staging/b.zip", queues(t, 1), objects.Always())
	require.NoError(t, err)
	r, err := first.Start(t.Context(), "r1", run.Request{Bundle: run.BundleRef{Key: object.Key}})
	require.NoError(t, err)
	<-s.begun
	held, err := second.Locker.Held(t.Context(), staging)
	require.NoError(t, err)
	require.Len(t, held, 1)
	now = now.Add(50 * time.Minute)
	for _, e := range []*embedded.Environment{first, second} {
		running, err := e.Running(t.Context(), "r1")
		require.NoError(t, err)
		require.True(t, running)
	}
	second.Keep(t.Context())
	renewed, err := second.Locker.Held(t.Context(), staging)
	require.NoError(t, err)
	require.Equal(t, now.Add(lock.DefaultLease).Unix(), renewed[0].ExpiresAt.Unix())

	var alive *embedded.RunAlive
	_, err = second.CleanUp(t.Context(), "r1", "an operator thinks that it is dead")
	require.ErrorAs(t, err, &alive)
	require.ErrorAs(t, second.Locker.ForceUnlock(t.Context(), staging, held[0].LockID, "bob", "in a hurry"), &alive)
	require.False(t, free(t, second))
	close(s.let)
	require.NoError(t, r.Wait())
	require.True(t, free(t, second))
}

func TestAForcedUnlockStopsTheRunAndWaitsForItsTasks(t *testing.T) {
	s := stubborn{begun: make(chan struct{}), let: make(chan struct{})}
	e := open(t, t.TempDir(), s, "")
	defer e.Close()
	object, err := e.Objects.Put(t.Context(), "bundles/shop/staging/b.zip", queues(t, 1), objects.Always())
	require.NoError(t, err)
	r, err := e.Start(t.Context(), "r1", run.Request{Bundle: run.BundleRef{Key: object.Key}})
	require.NoError(t, err)
	<-s.begun
	held, err := e.Locker.Held(t.Context(), staging)
	require.NoError(t, err)
	soon, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, e.Locker.ForceUnlock(soon, staging, held[0].LockID, "bob", "in a hurry"), context.DeadlineExceeded)
	require.False(t, free(t, e), "its task is still at work")
	close(s.let)
	require.NoError(t, r.Wait())
	require.True(t, free(t, e))
}

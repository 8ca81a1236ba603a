package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/cmd/executor/task"
	"github.com/deployer-io/deployer/localstack/cloud"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/provision"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// The variables by which this test binary becomes an executor on a folder.
const (
	childDir   = "DEPLOYER_TEST_CHILD_DIR"
	childGrace = "DEPLOYER_TEST_CHILD_GRACE" // how long an interrupted operation has; empty: the usual time
	childBeat  = "DEPLOYER_TEST_CHILD_BEAT"  // the time between two heartbeats; empty: the usual one
)

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == awsPlugin {
		os.Exit(servePlugin(os.Getenv(childDir)))
	}
	if os.Getenv(childDir) == "" {
		os.Exit(m.Run())
	}
	os.Exit(work(os.Getenv, fromFolder))
}

type closers []io.Closer

func (c closers) Close() error {
	var errs []error
	for _, one := range c {
		errs = append(errs, one.Close())
	}
	return errors.Join(errs...)
}

// fromFolder stands the task on files, the Pulumi CLI and the simulated cloud.
func fromFolder(_ context.Context, log *slog.Logger, getenv func(string) string) (task.Ports, io.Closer, error) {
	dir := getenv(childDir)
	store, err := objects.OpenFile(filepath.Join(dir, "state"))
	if err != nil {
		return task.Ports{}, nil, err
	}
	table, err := lock.OpenFileTable(filepath.Join(dir, "locks"), time.Now)
	if err != nil {
		return task.Ports{}, nil, err
	}
	c, err := cloud.Open(cloud.Options{Dir: filepath.Join(dir, "cloud")})
	if err != nil {
		return task.Ports{}, nil, err
	}
	if err := c.Start(); err != nil {
		return task.Ports{}, nil, err
	}
	var grace, beat time.Duration
	if text := getenv(childGrace); text != "" {
		if grace, err = time.ParseDuration(text); err != nil {
			return task.Ports{}, nil, err
		}
	}
	if text := getenv(childBeat); text != "" {
		if beat, err = time.ParseDuration(text); err != nil {
			return task.Ports{}, nil, err
		}
	}
	env, pins := pluginsOf(dir, c.Env(), getenv(childPlugins))
	p, err := provision.New(provision.Options{Plugins: pins, Pulumi: getenv(pulumiVariable), Objects: store,
		BackendURL: "file://" + filepath.ToSlash(filepath.Join(dir, "state")), Grace: grace,
		SecretsProvider: "awskms://alias/deployer?region=" + cloud.HomeRegion,
		Env:             append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}, env...), Parallelism: defaultParallelism, Log: log})
	if err != nil {
		return task.Ports{}, nil, err
	}
	return task.Ports{Objects: store, Locker: &lock.Locker{Table: table, Now: time.Now}, Provisioner: p, Parallelism: defaultParallelism,
		Now: time.Now, Log: log, Heartbeat: beat}, closers{p, c, table, store}, nil
}

// ground is the folder on which executors work, one after another.
type ground struct {
	t      testing.TB
	dir    string
	pulumi string
	store  *objects.File
	locker *lock.Locker
	cloud  *cloud.Cloud
	runs   int
	known  state.Snapshot // what the runs so far left
}

var scope = address.Scope("shop", "staging")

func newGround(t testing.TB) *ground {
	t.Helper()
	if testing.Short() {
		t.Skip("runs the Pulumi CLI")
	}
	pulumi, err := filepath.Abs("../../.bin/pulumi")
	require.NoError(t, err)
	if _, err := os.Stat(pulumi); err != nil {
		if pulumi, err = exec.LookPath("pulumi"); err != nil {
			t.Skip("there is no Pulumi CLI: make pulumi builds it")
		}
	}
	g := &ground{t: t, dir: t.TempDir(), pulumi: pulumi}
	g.store, err = objects.OpenFile(filepath.Join(g.dir, "state"))
	require.NoError(t, err)
	table, err := lock.OpenFileTable(filepath.Join(g.dir, "locks"), time.Now)
	require.NoError(t, err)
	g.locker = &lock.Locker{Table: table, Now: time.Now}
	g.cloud, err = cloud.Open(cloud.Options{Dir: filepath.Join(g.dir, "cloud")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, closers{g.cloud, table, g.store}.Close()) })
	return g
}

// assignment is a step on a component of the service web.
func assignment(action plan.Action, name string, kind resource.Kind, edit func(resource.Spec), within ...string) execution.Assignment {
	definition, _ := resource.Lookup(kind)
	spec := definition.New()
	spec.Base().DeletionPolicy = resource.Delete
	if edit != nil {
		edit(spec)
	}
	return execution.Assignment{Action: action, Revision: definition.Revision, Within: within, Order: execution.Order{
		Address: address.Address{Stack: "shop", Environment: "staging", Service: "web", Component: name}, Kind: kind, Spec: spec,
		Account: "123456789012", Region: "eu-west-1"}}
}

// batchRun is one executor's work on one batch, in a process of its own.
type batchRun struct {
	*ground
	ref     run.Ref
	lease   lock.Lease
	batch   execution.Batch
	process *exec.Cmd
	ended   chan struct{}
}

// start takes the lock and starts an executor with a batch. Its components go on from what the runs before left of them, as
// the state says; a deletion of what is not there is left out.
func (g *ground) start(assignments []execution.Assignment, variables ...string) *batchRun {
	g.t.Helper()
	g.runs++
	r := &batchRun{ground: g, ref: run.Ref{Stack: "shop", Environment: "staging", ID: fmt.Sprintf("run-%d", g.runs), Operation: run.Deploy},
		ended: make(chan struct{})}
	var err error
	r.lease, err = g.locker.Acquire(g.t.Context(), lock.Request{Addresses: []address.Address{scope}, Run: r.ref.ID, LockedBy: "test"})
	require.NoError(g.t, err)
	assignments = slices.DeleteFunc(assignments, func(a execution.Assignment) bool {
		_, known := g.known.Components[a.Order.Address.Short()]
		return a.Action == plan.Delete && !known
	})
	for i := range assignments {
		order := &assignments[i].Order
		record := g.known.Components[order.Address.Short()]
		order.Run, order.Epoch, order.BaseEpoch = r.ref.ID, execution.Epoch(r.lease.Fence), record.Epoch
		order.Refresh = record.Status != "" && record.Status != state.Deployed
	}
	r.batch = execution.Batch{SchemaVersion: execution.SchemaVersion, Run: r.ref.ID, Scope: scope, Assignments: assignments}
	require.NoError(g.t, r.archive().Replace(g.t.Context(), "batch.json", r.batch))

	r.process = exec.Command(os.Args[0])
	encoded := func(v any) string {
		text, err := json.Marshal(v)
		require.NoError(g.t, err)
		return string(text)
	}
	r.process.Env = append(os.Environ(), append(variables, childDir+"="+g.dir, pulumiVariable+"="+g.pulumi, task.RunVariable+"="+encoded(r.ref),
		task.LeaseVariable+"="+encoded(r.lease), task.BatchVariable+"="+r.ref.Prefix()+"batch.json")...)
	log, err := os.Create(filepath.Join(g.dir, r.ref.ID+".log"))
	require.NoError(g.t, err)
	r.process.Stdout, r.process.Stderr = log, log
	require.NoError(g.t, r.process.Start())
	go func() {
		_ = r.process.Wait() // its state tells how it ended
		_ = log.Close()
		close(r.ended)
	}()
	g.t.Cleanup(func() {
		_ = r.process.Process.Kill()
		<-r.ended
	})
	return r
}

func (r *batchRun) archive() run.Archive { return run.Archive{Store: r.store, Ref: r.ref} }

// wait returns the exit code of an executor that ends in time.
func (r *batchRun) wait(limit time.Duration) int {
	r.t.Helper()
	select {
	case <-r.ended:
	case <-time.After(limit):
		require.Fail(r.t, "the executor did not end in time", r.log())
	}
	var outcomes []execution.Outcome
	for _, a := range r.batch.Assignments {
		outcomes = append(outcomes, r.outcome(a.Order.Address.Component))
	}
	execution.Fold(&r.known, outcomes)
	return r.process.ProcessState.ExitCode()
}

func (r *batchRun) log() string {
	text, err := os.ReadFile(filepath.Join(r.dir, r.ref.ID+".log"))
	require.NoError(r.t, err)
	return string(text)
}

func (r *batchRun) outcome(component string) execution.Outcome {
	r.t.Helper()
	var o execution.Outcome
	require.NoError(r.t, r.archive().Read(r.t.Context(), run.OutcomeArtifact(scope.In("web", component)), &o), r.log())
	return o
}

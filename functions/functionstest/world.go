// Package functionstest is a world for the functions' tests: nothing goes in, stores in memory, a clock that stands still and
// a small bundle come out, and a run can be brought to any stage by the very handlers that bring it there in earnest.
package functionstest

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/acquirelock"
	"github.com/deployer-io/deployer/functions/buildgraph"
	"github.com/deployer-io/deployer/functions/discover"
	"github.com/deployer-io/deployer/functions/makeplan"
	"github.com/deployer-io/deployer/functions/preparewave"
	"github.com/deployer-io/deployer/functions/settlewave"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// Bundle is a stack of a queue, a table, and a topic that feeds the queue.
var Bundle = map[string]string{
	"stack.yaml": `apiVersion: core.deployer.io/v1
kind: Stack
metadata: {name: orders}
spec:
  environments:
    - {name: staging, region: eu-west-1, approval: {mode: auto}}
    - {name: production, region: eu-west-1, approval: {mode: required, timeout: 2h}}
    - {name: sandbox, region: eu-west-1, approval: {mode: required, allowSelf: true}}
`,
	"intake.yaml": `apiVersion: core.deployer.io/v1
kind: Service
metadata: {name: intake}
spec: {description: Takes orders}
---
apiVersion: components.deployer.io/v1
kind: SQS
metadata: {name: queue, service: intake}
spec: {visibilityTimeout: 90s}
---
apiVersion: components.deployer.io/v1
kind: DynamoDB
metadata: {name: table, service: intake}
spec:
  partitionKey: {name: orderId, type: S}
---
apiVersion: components.deployer.io/v1
kind: SNS
metadata: {name: events, service: intake}
spec:
  subscriptions:
    - {name: in, queue: queue}
`,
}

// Start is when the world's clock stands at first.
var Start = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// World is what the functions stand on.
type World struct {
	T       testing.TB
	Objects *objects.Memory
	Locker  *lock.Locker
	// Fails says which components fail, and what the attempt leaves.
	Fails map[string]execution.Result
	// Worked are the components that were worked on, in order.
	Worked []string

	mu  sync.Mutex
	now time.Time
}

// New returns a world in which nothing has happened.
func New(t testing.TB) *World {
	w := &World{T: t, now: Start, Fails: map[string]execution.Result{}}
	w.Objects = objects.NewMemory(w.Now)
	w.Locker = &lock.Locker{Table: lock.NewMemoryTable(w.Now), Now: w.Now}
	return w
}

// Now is the world's time.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Pass lets time go by.
func (w *World) Pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// Upload puts a bundle of these files where a run finds it.
func (w *World) Upload(files map[string]string) run.BundleRef {
	w.T.Helper()
	var all []bundle.File
	for _, path := range slices.Sorted(maps.Keys(files)) {
		all = append(all, bundle.File{Path: path, Data: []byte(files[path])})
	}
	b, mistakes := bundle.FromFiles(all, bundle.Limits{})
	require.Empty(w.T, mistakes)
	packed, err := bundle.Pack(b)
	require.NoError(w.T, err)
	written, err := w.Objects.Put(w.T.Context(), "bundles/orders/staging/b.zip", packed, objects.Always())
	require.NoError(w.T, err)
	return run.BundleRef{Key: "bundles/orders/staging/b.zip", VersionID: written.Version}
}

// Run is one run on its way.
type Run struct {
	*World
	Request run.Request
	Ref     run.Ref
	Lease   lock.Lease
	Plan    makeplan.Out
}

// Discover begins a run of a bundle.
func (w *World) Discover(id string, operation run.Operation, files map[string]string) *Run {
	w.T.Helper()
	r := &Run{World: w, Request: run.Request{Stack: "orders", Environment: "staging", Operation: operation, StartedBy: "ana"}}
	if files != nil {
		r.Request.Bundle = w.Upload(files)
	}
	out, err := discover.Handler{Objects: w.Objects, Now: w.Now}.Handle(w.T.Context(), discover.In{Run: id, Request: r.Request})
	require.NoError(w.T, err)
	r.Ref = out.Run
	return r
}

// Lock brings the run on until it has its graph and its lock.
func (r *Run) Lock() *Run {
	r.T.Helper()
	_, err := buildgraph.Handler{Objects: r.Objects}.Handle(r.T.Context(), buildgraph.In{Run: r.Ref})
	require.NoError(r.T, err)
	out, err := acquirelock.Handler{Objects: r.Objects, Locker: r.Locker, Now: r.Now}.Handle(r.T.Context(),
		acquirelock.In{Run: r.Ref, Request: r.Request, StartedAt: r.Now()})
	require.NoError(r.T, err)
	require.True(r.T, out.Taken)
	r.Lease = *out.Lease
	return r
}

// MakePlan brings the run on until it has its plan, each level of which is a wave.
func (r *Run) MakePlan() *Run {
	r.T.Helper()
	var err error
	r.Lock()
	r.Plan, err = makeplan.Handler{Objects: r.Objects, Locker: r.Locker, Now: r.Now, PerLevel: true}.Handle(r.T.Context(),
		makeplan.In{Run: r.Ref, Request: r.Request, Lease: &r.Lease})
	require.NoError(r.T, err)
	return r
}

// Prepare prepares a wave.
func (r *Run) Prepare(wave int) preparewave.Out {
	r.T.Helper()
	out, err := preparewave.Handler{Objects: r.Objects, Locker: r.Locker}.Handle(r.T.Context(), preparewave.In{Run: r.Ref, Lease: r.Lease, Wave: wave})
	require.NoError(r.T, err)
	return out
}

// Execute carries out a prepared wave.
func (r *Run) Execute(prepared preparewave.Out) {
	r.T.Helper()
	for _, reference := range prepared.Batches {
		object, err := r.Objects.Get(r.T.Context(), reference.Key)
		require.NoError(r.T, err)
		var batch execution.Batch
		require.NoError(r.T, json.Unmarshal(object.Data, &batch))
		executor := execution.Executor{Provisioner: pretender{r.World}, Fence: fence{r}, Journal: r.Journal(), Parallelism: 1, Now: r.Now}
		_, err = executor.Run(r.T.Context(), batch)
		require.NoError(r.T, err)
	}
}

// Settle settles a wave.
func (r *Run) Settle(wave int) settlewave.Out {
	r.T.Helper()
	out, err := settlewave.Handler{Objects: r.Objects, Locker: r.Locker, Now: r.Now}.Handle(r.T.Context(), settlewave.In{Run: r.Ref, Lease: r.Lease, Wave: wave})
	require.NoError(r.T, err)
	return out
}

// Rollout carries out the plan until a wave fails.
func (r *Run) Rollout() *Run {
	r.T.Helper()
	for wave := range r.Plan.Waves {
		r.Execute(r.Prepare(wave))
		if r.Settle(wave).Failed {
			break
		}
	}
	return r
}

// Release frees the run's lock.
func (r *Run) Release() {
	r.T.Helper()
	require.NoError(r.T, r.Locker.Release(r.T.Context(), r.Lease))
}

// Deploy carries out a whole run of a bundle.
func (w *World) Deploy(id string, files map[string]string) *Run {
	w.T.Helper()
	r := w.Discover(id, run.Deploy, files).MakePlan().Rollout()
	r.Release()
	return r
}

// Archive is the run's.
func (r *Run) Archive() run.Archive { return run.Archive{Store: r.Objects, Ref: r.Ref} }

// Journal is the run's.
func (r *Run) Journal() execution.RunJournal {
	return execution.RunJournal{Archive: r.Archive(), State: state.NewStore(r.Objects, r.Ref.Scope()), Fence: r.Lease.Fence}
}

// At is a component of the world.
func (w *World) At(component string) address.Address {
	return address.Scope("orders", "staging").In("intake", component)
}

// State reads the state.
func (w *World) State() state.Snapshot {
	w.T.Helper()
	snapshot, _, err := state.NewStore(w.Objects, address.Scope("orders", "staging")).Read(w.T.Context())
	require.NoError(w.T, err)
	return snapshot
}

type fence struct{ *Run }

func (f fence) Check(ctx context.Context) error { return f.Locker.Check(ctx, f.Lease) }

// pretender offers an ARN, a name and a URL for everything.
type pretender struct{ *World }

func (p pretender) work(order execution.Order) (execution.Result, error) {
	name := order.Address.Component
	p.Worked = append(p.Worked, name)
	if left, fails := p.Fails[name]; fails {
		return left, errors.New("the cloud refused " + name)
	}
	return execution.Result{Resources: 1, Changes: []execution.ResourceChange{{Operation: "create", Name: name, ID: name}}, Outputs: map[string]json.RawMessage{
		"arn": json.RawMessage(`"arn:` + name + `"`), "url": json.RawMessage(`"https://` + name + `"`), "name": json.RawMessage(`"` + name + `"`)}}, nil
}

func (p pretender) Apply(_ context.Context, order execution.Order) (execution.Result, error) {
	return p.work(order)
}

func (p pretender) Destroy(_ context.Context, order execution.Order) (execution.Result, error) {
	result, err := p.work(order)
	result.Outputs, result.Resources = nil, 0
	return result, err
}

func (p pretender) Preview(context.Context, execution.Order, bool) (execution.Result, error) {
	return execution.Result{}, errors.New("nothing is previewed here")
}

package statemachines_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/cmd/executor/task"
	"github.com/deployer-io/deployer/functions/catalog"
	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/statemachines"
)

// world runs the real machines with the real handlers over memory stores, in virtual time; only the Provisioner is a fake.
type world struct {
	t       *testing.T
	clock   *asl.VirtualClock
	objects *objects.Memory
	locker  *lock.Locker
	engine  *asl.Engine
	cloud   *fakeCloud
	// provisioner, when set, is asked in the place of cloud.
	provisioner execution.Provisioner
	parallelism int // how many steps an executor works on at a time
	functions   map[string]catalog.Function
	http        execution.HTTP   // what hooks reach by HTTP
	broken      map[string]error // a function's name: what every call of it answers
	lingering   func() error     // what a rollout that has ended has left at work; nil: nothing
	// instead, when set, may do a task in the place of the world.
	instead func(ctx context.Context, t asl.Task) (out json.RawMessage, taken bool, err error)
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, clock: asl.NewVirtualClock(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)), broken: map[string]error{}, parallelism: 4,
		cloud: &fakeCloud{fail: map[string]error{}, there: map[string]bool{}}}
	w.objects = objects.NewMemory(w.clock.Now)
	w.locker = &lock.Locker{Table: lock.NewMemoryTable(w.clock.Now), Now: w.clock.Now}
	w.engine = asl.NewEngine(asl.Options{Clock: w.clock, Handler: asl.HandlerFunc(w.handle)})
	w.functions = guardedFunctions(t, catalog.Ports{Objects: w.objects, Locker: w.locker, Answers: answers{w.engine}, Workers: workers{w}, Now: w.clock.Now})
	for _, name := range statemachines.Names() {
		definition, err := statemachines.Definition(name, func(placeholder string) (string, bool) {
			if machine, ok := strings.CutSuffix(placeholder, "Machine"); ok {
				return w.engine.MachineARN(strings.ToLower(machine)), true
			}
			return placeholder, true
		})
		require.NoError(t, err)
		machine, err := asl.Parse(definition)
		require.NoError(t, err)
		require.NoError(t, w.engine.Register(name, machine))
	}
	return w
}

// workers are what the rollouts of a world have left at work.
type workers struct{ *world }

func (w workers) StopWorkers(context.Context, string) error {
	if w.lingering == nil {
		return nil
	}
	return w.lingering()
}

// answers gives the engine's waiting tasks their result.
type answers struct{ engine *asl.Engine }

func (a answers) Succeed(_ context.Context, token string, output []byte) (bool, error) {
	return told(a.engine.SendTaskSuccess(token, output))
}

func (a answers) Fail(_ context.Context, token, name, cause string) (bool, error) {
	return told(a.engine.SendTaskFailure(token, name, cause))
}

func told(err error) (waiting bool, _ error) {
	if errors.Is(err, asl.ErrTaskUnknown) {
		return false, nil
	}
	return err == nil, err
}

func (w *world) handle(ctx context.Context, t asl.Task) (json.RawMessage, error) {
	if w.instead != nil {
		if out, taken, err := w.instead(ctx, t); taken {
			return out, err
		}
	}
	if strings.HasSuffix(t.Resource, ":ecs:runTask.sync") {
		return w.runTask(ctx, t)
	}
	if err := w.broken[t.Function]; err != nil {
		return nil, err
	}
	out, err := w.functions[t.Function].Invoke(ctx, t.Input)
	var named messages.InvokeResponse_Error
	if errors.As(err, &named) {
		return nil, &asl.TaskError{Name: named.Type, Cause: named.Message}
	}
	return out, err
}

func (w *world) runTask(ctx context.Context, t asl.Task) (json.RawMessage, error) {
	if err := w.broken["Executor"]; err != nil {
		return nil, err
	}
	var asked struct {
		Overrides struct {
			ContainerOverrides []struct {
				Environment []struct{ Name, Value string }
			}
		}
	}
	if err := json.Unmarshal(t.Input, &asked); err != nil {
		return nil, err
	}
	environment := map[string]string{}
	for _, variable := range asked.Overrides.ContainerOverrides[0].Environment {
		environment[variable.Name] = variable.Value
	}
	store, locker := guarded(guardOf(w.t, "TaskRole"), w.objects, w.locker)
	provisioner := w.provisioner
	if provisioner == nil {
		provisioner = w.cloud
	}
	err := task.Run(ctx, func(name string) string { return environment[name] }, task.Ports{Objects: store, Locker: locker,
		Provisioner: provisioner, HTTP: w.http, Parallelism: w.parallelism, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, &asl.TaskError{Name: "States.TaskFailed", Cause: err.Error()}
	}
	return json.RawMessage(`{"Containers":[{"Name":"executor","ExitCode":0}]}`), nil
}

// upload puts files where a run reads them.
func (w *world) upload(files map[string]string) run.BundleRef {
	w.t.Helper()
	var list []bundle.File
	for path, text := range files {
		list = append(list, bundle.File{Path: path, Data: []byte(text)})
	}
	b, mistakes := bundle.FromFiles(list, bundle.DefaultLimits())
	require.Empty(w.t, mistakes)
	data, err := bundle.Pack(b)
	require.NoError(w.t, err)
	object, err := w.objects.Put(w.t.Context(), "bundles/shop/staging/b.zip", data, objects.Always())
	require.NoError(w.t, err)
	return run.BundleRef{Key: object.Key, VersionID: object.Version}
}

// start begins a run of the deploy machine.
func (w *world) start(name string, request run.Request) *asl.Execution {
	w.t.Helper()
	input, err := json.Marshal(request)
	require.NoError(w.t, err)
	x, err := w.engine.Start(context.WithoutCancel(w.t.Context()), asl.StartInput{StateMachine: "deploy", Name: name, Input: input})
	require.NoError(w.t, err)
	return x
}

// deploy runs the deploy machine to its end.
func (w *world) deploy(name string, request run.Request) (*asl.Execution, asl.Result) {
	w.t.Helper()
	x := w.start(name, request)
	result, err := x.Wait(w.t.Context())
	require.NoError(w.t, err)
	return x, result
}

// path is the names of the states that an execution entered, in order.
func path(x *asl.Execution) string {
	var names []string
	for _, event := range x.History() {
		if strings.HasSuffix(event.Type, "StateEntered") {
			names = append(names, event.StateName())
		}
	}
	return strings.Join(names, " ")
}

// path returns that of an execution by name.
func (w *world) path(name string) string {
	w.t.Helper()
	x, ok := w.engine.Execution(name)
	require.True(w.t, ok, "no execution %s", name)
	return path(x)
}

// free reports that no lock is left.
func (w *world) free() {
	w.t.Helper()
	held, err := w.locker.Held(w.t.Context(), scope)
	require.NoError(w.t, err)
	require.Empty(w.t, held)
}

// fakeCloud is a Provisioner that remembers what it was asked.
type fakeCloud struct {
	mu    sync.Mutex
	calls []string
	// during, when set, is called while a component is worked on.
	during func(verb, short string)
	fail   map[string]error // by service/component
	fails  map[string]error // by verb and service/component
	half   bool             // a failing call has touched something
	// there is what exists, by service/component: whole, or not.
	there map[string]bool
}

func (c *fakeCloud) do(verb string, order execution.Order) (execution.Result, error) {
	short := order.Address.Short()
	if c.during != nil {
		c.during(verb, short)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, verb+" "+short)
	outputs := map[string]json.RawMessage{}
	for _, name := range []string{"arn", "url", "name"} {
		outputs[name] = json.RawMessage(`"` + short + ":" + name + `"`)
	}
	change := execution.ResourceChange{Type: "aws:test:Thing", Name: short, Operation: "create"}
	if err := cmp.Or(c.fail[short], c.fails[verb+" "+short]); err != nil {
		change.Failed = !c.half
		if c.half {
			c.there[short] = false
		}
		return execution.Result{Changes: []execution.ResourceChange{change}}, err
	}
	switch verb {
	case "apply":
		c.there[short] = true
	case "destroy":
		delete(c.there, short)
	}
	return execution.Result{Outputs: outputs, Changes: []execution.ResourceChange{change}, Resources: 1}, nil
}

func (c *fakeCloud) Apply(_ context.Context, order execution.Order) (execution.Result, error) {
	return c.do("apply", order)
}

func (c *fakeCloud) Destroy(_ context.Context, order execution.Order) (execution.Result, error) {
	return c.do("destroy", order)
}

func (c *fakeCloud) Preview(_ context.Context, order execution.Order, _ bool) (execution.Result, error) {
	return c.do("preview", order)
}

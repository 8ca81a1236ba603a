package recovery_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/cmd/executor/task"
	"github.com/deployer-io/deployer/functions/catalog"
	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/statemachines"
)

var scope = address.Scope("shop", "staging")

// world is an account in which everything is real but the stores, the cloud and the time.
type world struct {
	clock     *asl.VirtualClock
	engine    *asl.Engine
	memory    *objects.Memory
	objects   store
	locker    *lock.Locker
	functions map[string]catalog.Function
	scissors  *scissors
	cloud     *cloud
	ctx       context.Context // the test's: while it does not sleep, the time stands still
	rest      func()
	// parallelism is how many steps an executor works on at a time. With several, what a failure or a death meets differs
	// from run to run.
	parallelism int
	failing     string // the component that the cloud refuses to create or update
	// What is broken on purpose, to see that it is found out.
	forgetful, unkept bool

	mu    sync.Mutex
	drawn int
	tasks map[string]*sync.WaitGroup // of the executor, by run
}

func newWorld(ctx context.Context) (*world, error) {
	w := &world{clock: asl.NewVirtualClock(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)), scissors: newScissors(), cloud: newCloud(),
		tasks: map[string]*sync.WaitGroup{}, parallelism: 4}
	w.memory = objects.NewMemory(w.clock.Now)
	w.objects = store{w, w.memory, &order{last: map[string]int{}}}
	random := rand.New(rand.NewPCG(1, 2))
	w.locker = &lock.Locker{Table: table{w, lock.NewMemoryTable(w.clock.Now)}, Now: w.clock.Now, Sleep: w.clock.Sleep,
		Random: func() float64 { return 0.5 }, Stopper: executions{w}}
	w.engine = asl.NewEngine(asl.Options{Clock: w.clock, Handler: asl.HandlerFunc(w.handle), Rand: random})
	w.functions = catalog.New(catalog.Ports{Objects: w.objects, Locker: w.locker, Executions: executions{w}, Now: w.clock.Now, PerLevel: true})
	w.ctx, _, w.rest = w.clock.Work(ctx, 1<<60)
	for _, name := range statemachines.Names() {
		definition, err := statemachines.Definition(name, func(placeholder string) (string, bool) {
			if machine, ok := strings.CutSuffix(placeholder, "Machine"); ok {
				return w.engine.MachineARN(strings.ToLower(machine)), true
			}
			return placeholder, true
		})
		if err != nil {
			return nil, err
		}
		machine, err := asl.Parse(definition)
		if err == nil {
			err = w.engine.Register(name, machine)
		}
		if err != nil {
			return nil, err
		}
	}
	return w, nil
}

// handle is one invocation of a function or one task: a process that may die.
func (w *world) handle(ctx context.Context, t asl.Task) (json.RawMessage, error) {
	actor := t.Function
	isTask := strings.HasSuffix(t.Resource, ":ecs:runTask.sync")
	variables := map[string]string{}
	if isTask {
		variables = environmentOf(t.Input)
		actor = "Executor " + strings.TrimPrefix(variables[task.BatchVariable], "stacks/shop/staging/runs/")
	}
	ctx, process := w.scissors.begin(ctx, actor)
	if process == nil {
		return w.void(ctx)
	}
	var out json.RawMessage
	var err error
	if isTask {
		out, err = w.runTask(ctx, variables)
	} else {
		out, err = w.invoke(ctx, t.Function, t.Input)
	}
	if w.scissors.end(process) {
		if w.scissors.down() {
			return w.void(ctx)
		}
		if isTask {
			return nil, &asl.TaskError{Name: "States.TaskFailed", Cause: `{"StopCode":"EssentialContainerExited","Containers":[{"ExitCode":137}]}`}
		}
		return nil, &asl.TaskError{Name: "Lambda.Unknown", Cause: "the function's process died"}
	}
	return out, err
}

// void is where everything is dead: nobody answers until the execution is stopped.
func (w *world) void(ctx context.Context) (json.RawMessage, error) {
	return nil, w.clock.Sleep(ctx, 24*time.Hour)
}

func (w *world) invoke(ctx context.Context, function string, input []byte) (json.RawMessage, error) {
	out, err := w.functions[function].Invoke(ctx, input)
	var named messages.InvokeResponse_Error
	if errors.As(err, &named) {
		return nil, &asl.TaskError{Name: named.Type, Cause: named.Message}
	}
	return out, err
}

func environmentOf(input []byte) map[string]string {
	var asked struct {
		Overrides struct {
			ContainerOverrides []struct {
				Environment []struct{ Name, Value string }
			}
		}
	}
	environment := map[string]string{}
	if json.Unmarshal(input, &asked) == nil && len(asked.Overrides.ContainerOverrides) > 0 {
		for _, variable := range asked.Overrides.ContainerOverrides[0].Environment {
			environment[variable.Name] = variable.Value
		}
	}
	return environment
}

func (w *world) runTask(ctx context.Context, variables map[string]string) (json.RawMessage, error) {
	var ref run.Ref
	if err := json.Unmarshal([]byte(variables[task.RunVariable]), &ref); err != nil {
		return nil, err
	}
	group := w.tasksOf(ref.Whole().ID)
	group.Add(1)
	defer group.Done()
	err := task.Run(ctx, func(name string) string { return variables[name] }, task.Ports{Objects: w.objects, Locker: w.locker,
		Provisioner: provisioner{w}, Parallelism: w.parallelism, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, &asl.TaskError{Name: "States.TaskFailed", Cause: err.Error()}
	}
	return json.RawMessage(`{"Containers":[{"Name":"executor","ExitCode":0}]}`), nil
}

func (w *world) tasksOf(id string) *sync.WaitGroup {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.tasks[id] == nil {
		w.tasks[id] = &sync.WaitGroup{}
	}
	return w.tasks[id]
}

func (w *world) drawToken() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drawn++
	return w.drawn
}

// executions is what is known and done about executions.
type executions struct{ *world }

func (e executions) Running(_ context.Context, id string) (bool, error) {
	x, known := e.engine.Execution(id)
	return known && x.Status() == asl.StatusRunning, nil
}

func (e executions) Request(_ context.Context, id string) (*run.Request, error) {
	x, known := e.engine.Execution(id)
	if !known {
		return nil, nil
	}
	var request run.Request
	return &request, json.Unmarshal(x.Input(), &request)
}

func (e executions) Stop(ctx context.Context, id string) error {
	if x, known := e.engine.Execution(id); known {
		x.Stop(run.Stopped, "its lock is taken away")
		if _, err := x.Wait(ctx); err != nil {
			return err
		}
	}
	e.tasksOf(id).Wait()
	return nil
}

// keep is the schedule's call of KeepLocks.
func (w *world) keep() error {
	if w.unkept {
		return nil
	}
	ctx, process := w.scissors.begin(w.ctx, "KeepLocks")
	if process == nil {
		return nil
	}
	defer w.scissors.end(process)
	_, err := w.invoke(ctx, "KeepLocks", []byte("{}"))
	return err
}

// tell is the rule on execution status: it calls Cleanup when an execution did not end well.
func (w *world) tell(x *asl.Execution) error {
	if x.Status() == asl.StatusSucceeded {
		return nil
	}
	event, err := json.Marshal(map[string]any{"detail": map[string]any{"name": x.Name(), "status": x.Status()}})
	if err == nil {
		_, err = w.invoke(w.ctx, "Cleanup", event)
	}
	return err
}

// upload puts a bundle where a run reads it.
func (w *world) upload(text string) (run.BundleRef, error) {
	b, mistakes := bundle.FromFiles([]bundle.File{{Path: "stack.yaml", Data: []byte(text)}}, bundle.DefaultLimits())
	if len(mistakes) > 0 {
		return run.BundleRef{}, fmt.Errorf("%v", mistakes)
	}
	data, err := bundle.Pack(b)
	if err != nil {
		return run.BundleRef{}, err
	}
	object, err := w.memory.Put(w.ctx, scope.BundlePrefix()+b.Digest()[:16]+".zip", data, objects.Always())
	return run.BundleRef{Key: object.Key, VersionID: object.Version, SHA256: b.Digest()}, err
}

// request asks for what is wanted: a bundle, or with none that everything be deleted.
func (w *world) request(wanted string) (run.Request, error) {
	if wanted == "" {
		return run.Request{Stack: scope.Stack, Environment: scope.Environment, Operation: run.Destroy, AutoApprove: true, StartedBy: "ana"}, nil
	}
	ref, err := w.upload(wanted)
	return run.Request{Bundle: ref, Operation: run.Deploy, AutoApprove: true, StartedBy: "ana", Release: true}, err
}

// start begins a run.
func (w *world) start(id, wanted string) (*asl.Execution, error) {
	request, err := w.request(wanted)
	if err != nil {
		return nil, err
	}
	input, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	return w.engine.Start(context.WithoutCancel(w.ctx), asl.StartInput{StateMachine: "deploy", Name: id, Input: input})
}

// minutes lets time go by, with the keeper coming each minute, until done or at most so many. It returns how many.
func (w *world) minutes(most int, done func() bool) int {
	for minute := range most {
		if done() {
			return minute
		}
		if err := w.clock.Sleep(w.ctx, time.Minute); err != nil {
			return most
		}
		_ = w.keep() // it may be cut off; it comes again
	}
	return most
}

// finish runs to an end what is wanted, without any cut.
func (w *world) finish(t require.TestingT, id, wanted string) string {
	x, err := w.start(id, wanted)
	require.NoError(t, err)
	w.minutes(600, func() bool { return x.Status() != asl.StatusRunning })
	result, err := x.Wait(w.ctx)
	require.NoError(t, err)
	return string(result.Status)
}

// mustWorld is a world in which these were deployed, one after the other.
func mustWorld(t *testing.T, before ...string) *world {
	t.Helper()
	w, err := newWorld(t.Context())
	require.NoError(t, err)
	for i, wanted := range before {
		require.Equal(t, "SUCCEEDED", w.finish(t, fmt.Sprintf("before%d", i), wanted))
	}
	return w
}

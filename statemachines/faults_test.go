package statemachines_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/catalog"
	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/statemachines"
)

// The faults that each Task meets. Each try meets the same one.
var faults = map[string]func(f *faulty, ctx context.Context) error{
	"the task fails":                   answers1("Unexpected"),
	"it takes too long":                (*faulty).hang,
	"its heartbeat stops":              answers1("States.HeartbeatTimeout"),
	"its permissions are missing":      answers1("States.Permissions"),
	"its data exceeds the limit":       answers1("States.DataLimitExceeded"),
	"the definition fails at it":       answers1("States.Runtime"),
	"ECS says nothing of its task":     answers1("AmazonECS.Unknown"),
	"the run is aborted while it runs": (*faulty).abort,
}

func answers1(name string) func(*faulty, context.Context) error {
	return func(*faulty, context.Context) error { return &asl.TaskError{Name: name, Cause: "injected"} }
}

// faulty is a world in which one Task of one machine meets a fault while run r1 goes through all its stages, and in which
// nobody is told that an execution has ended: only the schedule sees to what it leaves.
type faulty struct {
	*world
	machine, state string
	fault          func(f *faulty, ctx context.Context) error
	within         string // a part of the name of the executions in which the Task meets the fault

	mu     sync.Mutex
	met    int            // tries of the Task
	atWork map[string]int // executor tasks, by run
	seldom bool           // the schedule looks seldom: the run hangs without a lock
	freed  time.Time
	ended  time.Time
}

func newFaulty(t *testing.T, at string) *faulty {
	machine, state, _ := strings.Cut(at, "/")
	f := &faulty{world: newWorld(t), machine: machine, state: state, atWork: map[string]int{}}
	f.locker.Stopper = schedule{f}
	f.functions = catalog.New(catalog.Ports{Objects: f.objects, Locker: f.locker, Answers: answers{f.engine}, Workers: workers{f.world}, Executions: schedule{f}, Now: f.clock.Now, PerLevel: true})
	f.instead = f.task
	f.cloud.fails = map[string]error{}
	if serviceOf(t, at) == "states:startExecution.sync:2" {
		f.define("arn:aws:states:::aws-sdk:sfn:describeExecution") // the engine would start an execution by itself
	}
	keeper, err := asl.Parse([]byte(`{"StartAt":"Minute","States":{
		"Minute":{"Type":"Wait","SecondsPath":"$.wait","Next":"Keep"},
		"Keep":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:Schedule","Next":"Over"},
		"Over":{"Type":"Choice","Choices":[{"Variable":"$.over","BooleanEquals":true,"Next":"Done"}],"Default":"Minute"},
		"Done":{"Type":"Succeed"}}}`))
	require.NoError(t, err)
	require.NoError(t, f.engine.Register("keeper", keeper))
	return f
}

func serviceOf(t *testing.T, at string) string {
	_, service, _ := strings.Cut(tasks(t)[at].Resource, ":::")
	return service
}

// define registers the machine anew with another service behind the Task.
func (f *faulty) define(resource string) {
	f.t.Helper()
	source, err := statemachines.Definition(f.machine, func(name string) (string, bool) {
		if machine, ok := strings.CutSuffix(name, "Machine"); ok {
			return f.engine.MachineARN(strings.ToLower(machine)), true
		}
		return name, true
	})
	require.NoError(f.t, err)
	var d map[string]any
	require.NoError(f.t, json.Unmarshal(source, &d))
	d["States"].(map[string]any)[f.state].(map[string]any)["Resource"] = resource
	changed, err := json.Marshal(d)
	require.NoError(f.t, err)
	machine, err := asl.Parse(changed)
	require.NoError(f.t, err)
	require.NoError(f.t, f.engine.Register(f.machine, machine))
}

// task does a task, or has it meet the fault.
func (f *faulty) task(ctx context.Context, t asl.Task) (json.RawMessage, bool, error) {
	if t.Function == "Schedule" {
		next, err := f.schedule(ctx)
		if err != nil {
			return nil, true, err
		}
		out, err := json.Marshal(next)
		return out, true, err
	}
	if fault := f.meets(t); fault != nil {
		return nil, true, fault(f, ctx)
	}
	if strings.HasSuffix(t.Resource, ":ecs:runTask.sync") {
		id, _, _ := strings.Cut(t.Execution.Name, "-")
		f.count(id, 1)
		defer f.count(id, -1)
		out, err := f.runTask(ctx, t)
		return out, true, err
	}
	if t.Function == "RequestApproval" { // somebody agrees at once
		out, err := f.functions[t.Function].Invoke(ctx, t.Input)
		if err == nil && f.state != "Decide" {
			_, err = f.functions["Decide"].Invoke(ctx, []byte(`{"run": "r1", "decision": "approve", "by": "bo"}`))
		}
		return out, true, err
	}
	return nil, false, nil
}

// meets returns the fault that the task meets; nil when it meets none.
func (f *faulty) meets(t asl.Task) func(*faulty, context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault == nil || t.Execution.StateMachine != f.machine || t.State != f.state || !strings.Contains(t.Execution.Name, f.within) {
		return nil
	}
	f.met++
	return f.fault
}

func (f *faulty) count(id string, by int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.atWork[id] += by
}

func (f *faulty) hang(ctx context.Context) error {
	return f.clock.Sleep(ctx, 1000*time.Hour) // in the run's own time, which would stand still else
}

func (f *faulty) abort(ctx context.Context) error {
	if x, ok := f.engine.Execution(f.run()); ok {
		x.Stop("Aborted", "by a person in the console")
	}
	return f.hang(ctx)
}

// run is the execution that is watched.
func (f *faulty) run() string {
	if f.machine == "decide" {
		return "decision"
	}
	return "r1"
}

// minute is what the keeper is told: whether there is more to see, and when to look again.
type minute struct {
	Over bool `json:"over"`
	Wait int  `json:"wait"` // seconds
}

// schedule is the keeper's minute: what AWS would call every minute, and a note of when the lock came free.
func (f *faulty) schedule(ctx context.Context) (minute, error) {
	next := minute{Wait: 60}
	if _, err := f.functions["KeepLocks"].Invoke(ctx, []byte("{}")); err != nil {
		return next, err
	}
	held, err := f.locker.Held(ctx, scope)
	if err != nil {
		return next, err
	}
	x, _ := f.engine.Execution("r1")
	if x.Status() == asl.StatusRunning {
		if f.seldom = len(held) == 0; f.seldom {
			next.Wait = 1800 // a run that hangs without a lock may do so for a month; a lease that is taken meanwhile lasts an hour
		}
		if f.machine == "decide" {
			err = f.decide(ctx)
		}
		return next, err
	}
	history := x.History()
	f.ended = history[len(history)-1].Timestamp
	waiting := slices.ContainsFunc(held, func(h lock.Holding) bool { return h.Quarantine == "" })
	if !waiting {
		f.freed = f.clock.Now()
	}
	next.Over = !waiting || f.clock.Now().Sub(f.ended) > 5*time.Minute
	return next, nil
}

// decide starts the machine decide for the run that waits. When that has ended without a decision, the run is rejected.
func (f *faulty) decide(ctx context.Context) error {
	in := json.RawMessage(`{"run": "r1", "decision": "approve", "by": "bo"}`)
	decision, begun := f.engine.Execution(f.run())
	switch {
	case !begun:
		_, err := f.engine.Start(context.WithoutCancel(ctx), asl.StartInput{StateMachine: "decide", Name: f.run(), Input: in})
		return err
	case decision.Status() == asl.StatusRunning:
		return nil
	}
	_, err := f.functions["Decide"].Invoke(ctx, []byte(`{"run": "r1", "decision": "reject", "by": "bo"}`))
	return err
}

// schedule as the functions know it: which executions there are.
type schedule struct{ *faulty }

// Running implements keeplocks.Executions.
func (s schedule) Running(_ context.Context, id string) (bool, error) {
	x, known := s.engine.Execution(id)
	return known && x.Status() == asl.StatusRunning, nil
}

// Request implements cleanup.Executions.
func (s schedule) Request(_ context.Context, id string) (*run.Request, error) {
	x, known := s.engine.Execution(id)
	if !known {
		return nil, nil
	}
	var request run.Request
	return &request, json.Unmarshal(x.Input(), &request)
}

// Stop implements lock.Stopper: nothing of the run may be at work when it returns nil.
func (s schedule) Stop(ctx context.Context, id string) error {
	for _, x := range s.engine.Executions() {
		if x.Name() == id || strings.HasPrefix(x.Name(), id+"-") {
			x.Stop(run.Stopped, "its lock is taken away")
			if _, err := x.Wait(ctx); err != nil {
				return err
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.atWork[id] > 0 {
		return stillStopping{}
	}
	return nil
}

type stillStopping struct{}

func (stillStopping) Error() string  { return "its tasks have not ended yet" }
func (stillStopping) Stopping() bool { return true }

// begin starts what leads to the Task.
func (f *faulty) begin() *asl.Execution {
	f.t.Helper()
	request := f.chain("rollback")
	if strings.HasPrefix(f.state, "Call") { // of the hooks, one that would be called there
		when := map[string]string{"CallBefore": "pre", "CallAfter": "post"}[f.state]
		hooked := replace(f.t, chainFile, "environments:", "hooks: {"+when+": [{name: look, http: {url: 'https://hooks.example.com'}}]}\n  environments:")
		request.Bundle = f.upload(map[string]string{"stack.yaml": hooked})
	}
	request.AutoApprove, request.Release = false, true
	switch f.machine + "/" + f.state {
	case "rollout/PlanRollback", "rollout/RunRollbackWave":
		f.cloud.fails["apply orders/third"] = errors.New("TopicLimitExceeded")
	case "rollout/Quarantine":
		f.cloud.fails["apply orders/third"] = errors.New("TopicLimitExceeded")
		f.cloud.fails["destroy orders/second"] = errors.New("AccessDenied")
	case "rollback/Deploy":
		input, err := json.Marshal(map[string]any{"stack": "shop", "environment": "staging", "to": 1})
		require.NoError(f.t, err)
		x, err := f.engine.Start(context.WithoutCancel(f.t.Context()), asl.StartInput{StateMachine: "rollback", Name: "r1", Input: input})
		require.NoError(f.t, err)
		return x
	}
	return f.start("r1", request)
}

// walk lets the Task meet the fault, and the schedule see to the rest.
func (f *faulty) walk() asl.Result {
	f.t.Helper()
	release := f.clock.Hold()
	x := f.begin()
	keeper, err := f.engine.Start(context.WithoutCancel(f.t.Context()), asl.StartInput{StateMachine: "keeper", Name: "keeper", Input: json.RawMessage(`{"wait":60}`)})
	require.NoError(f.t, err)
	release()
	result, err := x.Wait(f.t.Context())
	require.NoError(f.t, err)
	kept, err := keeper.Wait(f.t.Context())
	require.NoError(f.t, err)
	require.Equal(f.t, asl.StatusSucceeded, kept.Status, "%s: %s", kept.Error, kept.Cause)
	return result
}

// Whatever happens to whatever Task: within two minutes of the run's end its lock is free and nothing of it is at work,
// although nobody was told that it has ended; and the next run finishes the job.
func TestEveryFaultOfEveryTask(t *testing.T) {
	walks := 0
	for _, at := range slices.Sorted(maps.Keys(tasks(t))) {
		for _, name := range slices.Sorted(maps.Keys(faults)) {
			walks++
			t.Run(fmt.Sprintf("%s: %s", at, name), func(t *testing.T) {
				t.Parallel()
				f := newFaulty(t, at)
				f.fault = faults[name]
				f.walk()
				require.Positive(t, f.met, "the run never came to the task")
				require.False(t, f.freed.IsZero(), "the lock is held for ever")
				if !f.seldom {
					require.LessOrEqual(t, f.freed.Sub(f.ended), 2*time.Minute)
				}
				require.Zero(t, f.atWork["r1"], "something is still at work")
				f.truthful()
				if f.quarantined() { // what could be neither done nor taken back waits for a person
					require.Contains(t, []string{"rollout/Quarantine", "rollout/RunRollbackWave", "wave/PrepareWave", "wave/SettleWave", "wave/ExecuteBatch"}, at)
					return
				}
				if service := serviceOf(t, at); strings.HasPrefix(service, "states:") {
					f.define("arn:aws:states:::" + service)
				}
				f.fault, f.cloud.fails = nil, map[string]error{}
				next := f.chain("rollback")
				next.Release = true
				_, result := f.deploy("r2", next)
				require.Equal(t, asl.StatusSucceeded, result.Status, "the next run: %s: %s", result.Error, result.Cause)
				f.free()
			})
		}
	}
	require.GreaterOrEqual(t, walks, 150)
}

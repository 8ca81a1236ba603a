package asl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Status is how an execution stands.
type Status string

// The statuses, as AWS names them.
const (
	StatusRunning   Status = "RUNNING"
	StatusSucceeded Status = "SUCCEEDED"
	StatusFailed    Status = "FAILED"
	StatusTimedOut  Status = "TIMED_OUT"
	StatusAborted   Status = "ABORTED"
)

// Result is how an execution ended.
type Result struct {
	Status Status
	Output json.RawMessage // if it succeeded
	Error  string          // otherwise
	Cause  string
}

// ErrSuspended is what Wait gives for an execution whose context ended before it did; Resume goes on from its History.
var ErrSuspended = errors.New("the execution is suspended")

// Execution is one run of a machine.
type Execution struct {
	engine      *Engine
	machine     *Machine
	flow        *workflow
	arn         string
	name        string
	machineName string
	machineARN  string
	roleARN     string
	express     bool
	input       payload

	outer   context.Context // what the execution was started with; it outlives the execution
	ctx     context.Context
	cancel  context.CancelCauseFunc
	unwatch func() bool
	done    chan struct{}

	mu        sync.Mutex // guards what follows; written on the loop alone
	history   []Event
	startedAt time.Time
	stoppedAt time.Time
	result    Result
	suspended error

	// Used on the loop alone.
	root     *branch
	ended    bool
	deadline func()
	onEnd    []func()
	replay   *replay
}

func (e *Engine) newExecution(ctx context.Context, m *Machine, flow *workflow, machine, name string, express bool,
) *Execution {
	x := &Execution{engine: e, machine: m, flow: flow, name: name, machineName: machine, machineARN: e.MachineARN(machine),
		roleARN: e.options.RoleARN, express: express, done: make(chan struct{}), result: Result{Status: StatusRunning}}
	x.outer = ctx
	x.ctx, x.cancel = context.WithCancelCause(ctx)
	prefix := fmt.Sprintf("arn:aws:states:%s:%s:", e.options.Region, e.options.AccountID)
	if express {
		x.arn = prefix + "express:" + machine + ":" + name + ":" + e.options.NewID()
	} else {
		x.arn = prefix + "execution:" + machine + ":" + name
	}
	return x
}

// ARN identifies the execution.
func (x *Execution) ARN() string { return x.arn }

// Name is the execution's name within its machine.
func (x *Execution) Name() string { return x.name }

// Info says who this is.
func (x *Execution) Info() ExecutionInfo {
	return ExecutionInfo{ARN: x.arn, Name: x.name, StateMachineARN: x.machineARN, StateMachine: x.machineName}
}

// Input is what the execution was started with.
func (x *Execution) Input() json.RawMessage { return x.input.raw() }

// Status is how it stands now.
func (x *Execution) Status() Status {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.result.Status
}

// History is a copy of the events so far.
func (x *Execution) History() []Event {
	x.mu.Lock()
	defer x.mu.Unlock()
	return append([]Event(nil), x.history...)
}

// Done is closed when the execution has ended or is suspended.
func (x *Execution) Done() <-chan struct{} { return x.done }

// Wait waits for the end. The error is ErrSuspended, or that of ctx if it ends first.
func (x *Execution) Wait(ctx context.Context) (Result, error) {
	select {
	case <-x.done:
	case <-ctx.Done():
		select {
		case <-x.done:
		default:
			return Result{Status: x.Status()}, fmt.Errorf("wait for %s: %w", x.arn, ctx.Err())
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.suspended != nil {
		return x.result, fmt.Errorf("%s: %w: %w", x.arn, ErrSuspended, x.suspended)
	}
	return x.result, nil
}

// Stop ends the execution as aborted, and with it the executions that it waits for. It does nothing to one that has
// ended. It returns at once; Wait gives the result.
func (x *Execution) Stop(errorName, cause string) {
	x.engine.post(func() { x.abort(errorName, cause) })
}

func (x *Execution) abort(errorName, cause string) {
	if x.ended {
		return
	}
	x.root.abort(false, &TaskError{"ExecutionAborted", cause})
	x.conclude(x.root.previous, eventExecutionAborted, Result{Status: StatusAborted, Error: errorName, Cause: cause})
}

// begin runs on the loop.
func (x *Execution) begin() {
	now := x.engine.options.Clock.Now()
	x.mu.Lock()
	x.startedAt = now
	x.mu.Unlock()
	x.watch()
	x.record(0, eventExecutionStarted, Details{Input: x.input.text, RoleARN: x.roleARN, ExecutionARN: x.arn,
		StateMachineARN: x.machineARN})
	if x.ended {
		return
	}
	x.limitTime()
	x.root = x.newRoot()
	x.root.start(x.flow.startAt, x.input)
}

func (x *Execution) newRoot() *branch {
	return &branch{execution: x, flow: x.flow, vars: &variables{}, over: x.finish}
}

// watch suspends the execution when its context ends.
func (x *Execution) watch() {
	stop := context.AfterFunc(x.ctx, func() { x.engine.post(x.suspend) })
	x.unwatch = stop
}

func (x *Execution) suspend() {
	if x.ended {
		return
	}
	x.ended = true
	cause := context.Cause(x.ctx)
	x.root.abort(false, &TaskError{"ExecutionSuspended", cause.Error()})
	x.mu.Lock()
	x.suspended = cause
	x.mu.Unlock()
	x.close()
}

// limitTime arms the machine's TimeoutSeconds.
func (x *Execution) limitTime() {
	if x.machine.TimeoutSeconds == 0 || x.flow != x.machine.body {
		return
	}
	clock := x.engine.options.Clock
	left := x.startedAt.Add(time.Duration(x.machine.TimeoutSeconds) * time.Second).Sub(clock.Now())
	x.deadline = clock.AfterFunc(left, func() { x.engine.post(x.timeOut) })
}

func (x *Execution) timeOut() {
	if x.ended {
		return
	}
	x.root.abort(false, &TaskError{errorTimeout, "the execution's time is over"})
	x.conclude(x.root.previous, eventExecutionTimedOut, Result{Status: StatusTimedOut, Error: errorTimeout})
}

// finish is called when the root branch has ended.
func (x *Execution) finish(out payload, f *fault) {
	if x.ended {
		return
	}
	if f != nil {
		x.conclude(x.root.previous, eventExecutionFailed, Result{Status: StatusFailed, Error: f.name, Cause: f.cause})
		return
	}
	x.conclude(x.root.previous, eventExecutionSucceeded, Result{Status: StatusSucceeded, Output: out.raw()})
}

// conclude records the last event and ends the execution, unless its context ended first: then it is suspended.
func (x *Execution) conclude(previous int64, kind string, r Result) {
	x.record(previous, kind, Details{Output: string(r.Output), Error: r.Error, Cause: r.Cause})
	if !x.ended {
		x.end(r)
	}
}

func (x *Execution) end(r Result) {
	x.ended = true
	x.mu.Lock()
	x.result = r
	x.stoppedAt = x.engine.options.Clock.Now()
	x.mu.Unlock()
	x.close()
	for _, f := range x.onEnd {
		f()
	}
	x.onEnd = nil
}

func (x *Execution) close() {
	if x.deadline != nil {
		x.deadline()
	}
	x.unwatch()
	x.cancel(nil)
	close(x.done)
}

// whenEnded calls f on the loop once the execution has ended; at once if it has.
func (x *Execution) whenEnded(f func()) {
	if x.ended {
		f()
		return
	}
	x.onEnd = append(x.onEnd, f)
}

// record adds an event, or during a replay finds the one that was recorded; old says which. After the end nothing is
// recorded any more.
func (x *Execution) record(previous int64, kind string, d Details) (ev Event, old bool) {
	if x.ctx.Err() != nil {
		x.suspend() // what a cancelled handler answers is not the task's result
	}
	if x.ended {
		return Event{}, false
	}
	if x.replay != nil {
		if recorded, ok := x.replay.take(keyOf(previous, kind, &d)); ok {
			return recorded, true
		}
	}
	if len(x.history) >= maxEvents-1 && !finalEvent(kind) {
		x.exhaust(previous)
		return Event{}, false
	}
	ev = Event{ID: int64(len(x.history)) + 1, PreviousEventID: previous, Timestamp: x.engine.options.Clock.Now().UTC(),
		Type: kind, Details: d}
	x.mu.Lock()
	x.history = append(x.history, ev)
	x.mu.Unlock()
	if observe := x.engine.options.Observer; observe != nil {
		observe(x, ev)
	}
	return ev, false
}

func finalEvent(kind string) bool {
	switch kind {
	case eventExecutionSucceeded, eventExecutionFailed, eventExecutionTimedOut, eventExecutionAborted:
		return true
	}
	return false
}

// exhaust ends an execution whose history is full.
func (x *Execution) exhaust(previous int64) {
	f := &fault{name: errorRuntime,
		cause: fmt.Sprintf("The execution reached the maximum number of history events (%d).", maxEvents)}
	x.root.abort(false, &TaskError{f.name, f.cause})
	x.conclude(previous, eventExecutionFailed, Result{Status: StatusFailed, Error: f.name, Cause: f.cause})
}

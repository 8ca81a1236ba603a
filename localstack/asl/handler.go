package asl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// Handler does the work of Task states: Lambda functions, ECS tasks, whatever a Resource names. Executions started by
// a machine are done by the engine itself and never reach the handler.
type Handler interface {
	// Handle does one try of a task and gives its result as JSON; an empty result is null. ctx ends when nobody waits
	// for the result any more: timeout, lost heartbeat, a sibling that failed, Stop; context.Cause then is a
	// *TaskError that names the reason. An error that is, or wraps, a *TaskError fails the task with that name; any
	// other fails a Lambda function with its Go type's name, as the Lambda runtime for Go does, and everything else
	// with States.TaskFailed.
	Handle(ctx context.Context, task Task) (json.RawMessage, error)
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(ctx context.Context, task Task) (json.RawMessage, error)

// Handle calls f.
func (f HandlerFunc) Handle(ctx context.Context, task Task) (json.RawMessage, error) {
	return f(ctx, task)
}

// Task is one try of a Task state.
type Task struct {
	Resource    string          // the state's Resource, an ARN
	Function    string          // the bare name of the Lambda function, where Resource is one or lambda:invoke
	Input       json.RawMessage // of a Lambda function its event, of other services the Parameters
	Token       string          // identifies the try, for SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat
	State       string          // the state's name
	Retry       int             // how many tries went before
	ScheduledID int64           // the event that scheduled it
	Execution   ExecutionInfo
}

// ExecutionInfo says who is running.
type ExecutionInfo struct {
	ARN, Name, StateMachineARN, StateMachine string
}

// TaskError is a task's failure by name: what a handler returns to be retried and caught by that name.
type TaskError struct {
	Name  string
	Cause string
}

// Error is name: cause.
func (e *TaskError) Error() string {
	if e.Cause == "" {
		return e.Name
	}
	return e.Name + ": " + e.Cause
}

// callHandler runs the handler beside the loop.
func (a *attempt) callHandler() {
	task, err := a.task()
	if err != nil {
		a.answered(nil, err)
		return
	}
	e := a.visit.branch.execution.engine
	clock := e.options.Clock
	ctx, cancel, rest := clock.Work(a.visit.branch.execution.ctx, a.order)
	a.cancel = cancel
	go func() {
		defer rest()
		out, err := handleSafely(ctx, e.options.Handler, task)
		clock.Settle(a.order, func() {
			e.post(func() { a.answered(out, err) })
		})
	}()
}

// handleSafely turns a panic into the failure that it would be in its own process.
func handleSafely(ctx context.Context, h Handler, t Task) (out json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &TaskError{errorTaskFailed, fmt.Sprintf("the handler of %s panicked: %v", t.Resource, p)}
			if t.Function != "" {
				err = &TaskError{"Lambda.Unknown", fmt.Sprintf("the function %s panicked: %v", t.Function, p)}
			}
		}
	}()
	return h.Handle(ctx, t)
}

// task is what the handler gets.
func (a *attempt) task() (Task, error) {
	v := a.visit
	t := Task{Resource: v.state.resource, Input: a.input.raw(), Token: v.token, State: v.state.name, Retry: v.retries,
		ScheduledID: a.scheduled, Execution: v.branch.execution.Info()}
	switch v.state.service.kind {
	case serviceFunction:
		t.Function = functionName(v.state.resource)
	case serviceInvoke:
		return a.invocation(t)
	}
	return t, nil
}

// faultFrom names a handler's error.
func faultFrom(err error, s service) *fault {
	var named *TaskError
	if errors.As(err, &named) {
		return &fault{name: named.Name, cause: named.Cause}
	}
	if s.kind == serviceFunction || s.kind == serviceInvoke {
		t := reflect.TypeOf(err)
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		return &fault{name: t.Name(), cause: jsonText(objectOf("errorMessage", err.Error(), "errorType", t.Name()))}
	}
	return &fault{name: errorTaskFailed, cause: err.Error()}
}

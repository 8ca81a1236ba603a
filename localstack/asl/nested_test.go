package asl

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const childTask = functionARN + "f"

func withChild(b *bench, child string) {
	b.t.Helper()
	require.NoError(b.t, b.Register("child", b.parse(child)))
}

func starts(pattern, parameters string) string {
	return single(`{"Type":"Task","Resource":"arn:aws:states:::states:startExecution` + pattern + `","Parameters":` + parameters + `,"End":true}`)
}

func TestNestedExecutions(t *testing.T) {
	const child = `{"StartAt":"C","States":{"C":{"Type":"Wait","Seconds":5,"Next":"D"},"D":{"Type":"Pass","ResultPath":"$.r","Result":1,"End":true}}}`
	t.Run("without waiting", func(t *testing.T) {
		b := newBench(t, nil)
		withChild(b, child)
		r, _ := b.run(starts("", `{"StateMachineArn":"child","Name":"c1","Input":{"a.$":"$.a"}}`), `{"a":7}`)
		require.JSONEq(t, `{"ExecutionArn":"arn:aws:states:us-east-1:123456789012:execution:child:c1","StartDate":1893553445000}`, string(r.Output))
		c, ok := b.Execution("c1")
		require.True(t, ok)
		require.Equal(t, `{"a":7,"r":1}`, string(b.wait(c).Output), "the child goes on by itself")
	})
	t.Run("waiting, with texts", func(t *testing.T) {
		b := newBench(t, nil)
		withChild(b, child)
		r, x := b.run(starts(".sync", `{"StateMachineArn":"`+b.MachineARN("child")+`","Name":"c1","Input":"{\"a\":7}"}`), `{}`)
		require.JSONEq(t, `{"ExecutionArn":"arn:aws:states:us-east-1:123456789012:execution:child:c1","Input":"{\"a\":7}","InputDetails":{"Included":true},
			"Name":"c1","Output":"{\"a\":7,\"r\":1}","OutputDetails":{"Included":true},"RedriveCount":0,"StartDate":1893553445000,
			"StateMachineArn":"arn:aws:states:us-east-1:123456789012:stateMachine:child","Status":"SUCCEEDED","StopDate":1893553450000}`, string(r.Output))
		require.Contains(t, kinds(x.History()), "TaskSubmitted")
	})
	t.Run("waiting, with JSON", func(t *testing.T) {
		b := newBench(t, nil)
		withChild(b, child)
		r, _ := b.run(starts(".sync:2", `{"StateMachineArn":"child","Input":{"a":7}}`), `{}`)
		var out struct{ Input, Output struct{ A, R int } }
		require.NoError(t, json.Unmarshal(r.Output, &out))
		require.Equal(t, 7, out.Output.A)
		require.Equal(t, 1, out.Output.R)
	})
}

func TestNestedExecutionsThatFail(t *testing.T) {
	for name, c := range map[string]struct{ parameters, child, wantError, cause string }{
		"the child fails": {`{"StateMachineArn":"child","Name":"c"}`, single(`{"Type":"Fail","Error":"E","Cause":"why"}`), "States.TaskFailed",
			`"Cause":"why","Error":"E","ExecutionArn":"arn:aws:states:us-east-1:123456789012:execution:child:c"`},
		"the child times out": {`{"StateMachineArn":"child","Name":"c"}`, `{"TimeoutSeconds":1,"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":9,"End":true}}}`,
			"States.TaskFailed", `"Status":"TIMED_OUT"`},
		"the machine does not exist": {`{"StateMachineArn":"nobody"}`, single(`{"Type":"Succeed"}`), "StepFunctions.StateMachineDoesNotExistException", "nobody"},
		"the input is no JSON":       {`{"StateMachineArn":"child","Input":"{"}`, single(`{"Type":"Succeed"}`), "StepFunctions.ValidationException", "the input is not valid"},
		"a parameter is unknown":     {`{"StateMachineArn":"child","Inptu":{}}`, single(`{"Type":"Succeed"}`), "States.Runtime", `The field "Inptu" is not supported`},
		"the machine is not named":   {`{"Input":{}}`, single(`{"Type":"Succeed"}`), "States.Runtime", "need a StateMachineArn"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			withChild(b, c.child)
			r, _ := b.run(starts(".sync:2", c.parameters), `{}`)
			require.Equal(t, c.wantError, r.Error)
			require.Contains(t, r.Cause, c.cause)
		})
	}
}

func TestTheSameNameTwice(t *testing.T) {
	b := newBench(t, nil)
	withChild(b, single(`{"Type":"Wait","Seconds":10,"End":true}`))
	start := func(input string) (*Execution, error) {
		return b.Start(t.Context(), StartInput{StateMachine: "child", Name: "c", Input: json.RawMessage(input)})
	}
	release := b.clock.Hold()
	first, err := start(`{"a":1}`)
	require.NoError(t, err)
	second, err := start(` {"a":1.0} `)
	require.NoError(t, err)
	require.Same(t, first, second, "the same input while it runs is the same execution")
	_, err = start(`{"a":2}`)
	require.ErrorIs(t, err, ErrExecutionExists)
	release()
	b.wait(first)
	_, err = start(`{"a":1}`)
	require.ErrorIs(t, err, ErrExecutionExists)
	r, _ := b.run(starts(".sync", `{"StateMachineArn":"child","Name":"c","Input":{"a":1}}`), `{}`)
	require.Equal(t, "StepFunctions.ExecutionAlreadyExistsException", r.Error)
}

func TestStoppingAParentStopsTheChildrenItWaitsFor(t *testing.T) {
	for name, c := range map[string]struct {
		pattern string
		want    Status
	}{"waiting": {".sync", StatusAborted}, "not waiting": {"", StatusSucceeded}} {
		t.Run(name, func(t *testing.T) {
			entered := make(chan struct{})
			var b *bench
			b = newBench(t, map[string]HandlerFunc{"f": func(ctx context.Context, _ Task) (json.RawMessage, error) {
				close(entered)
				return json.RawMessage(`1`), b.clock.Sleep(ctx, time.Minute)
			}})
			withChild(b, single(`{"Type":"Task","Resource":"`+childTask+`","End":true}`))
			release := b.clock.Hold()
			x := b.begin(`{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"arn:aws:states:::states:startExecution`+c.pattern+`",
				"Parameters":{"StateMachineArn":"child","Name":"c"},"Next":"W"},"W":{"Type":"Wait","Seconds":3600,"End":true}}}`, `{}`)
			<-entered
			x.Stop("Halted", "by a person")
			r := b.wait(x)
			release()
			require.Equal(t, Result{Status: StatusAborted, Error: "Halted", Cause: "by a person"}, r)
			last := x.History()[len(x.History())-1]
			require.Equal(t, "ExecutionAborted", last.Type)
			child, _ := b.Execution("c")
			require.Equal(t, c.want, b.wait(child).Status)
		})
	}
}

func TestATimedOutTaskStopsItsChild(t *testing.T) {
	b := newBench(t, nil)
	withChild(b, single(`{"Type":"Wait","Seconds":100,"End":true}`))
	r, _ := b.run(single(`{"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync:2","TimeoutSeconds":10,
		"Parameters":{"StateMachineArn":"child","Name":"c"},"End":true}`), `{}`)
	require.Equal(t, "States.Timeout", r.Error)
	child, _ := b.Execution("c")
	require.Equal(t, StatusAborted, b.wait(child).Status)
	require.Equal(t, 10*time.Second, b.elapsed())
}

func TestAChildThatHoldsItsParentsToken(t *testing.T) {
	b := newBench(t, nil)
	withChild(b, single(`{"Type":"Wait","Seconds":5,"End":true}`))
	b.options.Observer = func(x *Execution, e Event) {
		if e.Type == "WaitStateExited" {
			var in struct{ Token string }
			require.NoError(t, json.Unmarshal(x.Input(), &in))
			require.Equal(t, in.Token, b.TaskTokens()[0].Token)
			require.NoError(t, b.SendTaskSuccess(in.Token, json.RawMessage(`"by the child"`)))
			require.ErrorIs(t, b.SendTaskSuccess(in.Token, json.RawMessage(`2`)), ErrTaskUnknown)
		}
	}
	r, x := b.run(starts(".waitForTaskToken", `{"StateMachineArn":"child","Input":{"Token.$":"$$.Task.Token"}}`), `{}`)
	require.Equal(t, `"by the child"`, string(r.Output), r.Cause)
	require.Equal(t, []string{"ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded",
		"TaskStateExited", "ExecutionSucceeded"}, kinds(x.History()))
}

func TestSuspendingSuspendsTheChildrenToo(t *testing.T) {
	for name, definition := range map[string]string{
		"one that it waits for":       starts(".sync", `{"StateMachineArn":"child"}`),
		"one that it does not":        `{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"arn:aws:states:::states:startExecution","Parameters":{"StateMachineArn":"child"},"Next":"W"},"W":{"Type":"Wait","Seconds":60,"End":true}}}`,
		"those of a distributed map":  single(`{"Type":"Map","End":true,"ItemsPath":"$.l","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"W1","States":{"W1":{"Type":"Wait","Seconds":60,"End":true}}}}`),
		"also while it is stopped":    starts(".sync", `{"StateMachineArn":"child","Name":"stops"}`),
		"also those of an inline map": single(`{"Type":"Map","End":true,"ItemsPath":"$.l","ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync","Parameters":{"StateMachineArn":"child"},"End":true}}}}`),
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			withChild(b, single(`{"Type":"Wait","Seconds":60,"End":true}`))
			ctx, cancel := context.WithCancel(t.Context())
			var parent *Execution
			ready := make(chan struct{})
			b.options.Observer = func(x *Execution, e Event) {
				<-ready
				if e.Type == "WaitStateEntered" && x != parent {
					cancel()
					if x.Name() == "stops" {
						parent.Stop("Halted", "")
					}
				}
			}
			var err error
			parent, err = b.Start(ctx, StartInput{Machine: b.parse(definition), Input: json.RawMessage(`{"l":[1,2]}`)})
			require.NoError(t, err)
			close(ready)
			<-parent.Done()
			for _, x := range b.Executions() {
				_, err := x.Wait(t.Context())
				require.ErrorIs(t, err, ErrSuspended)
				require.Equal(t, StatusRunning, x.Status())
				for _, e := range x.History() {
					require.False(t, finalEvent(e.Type), "nothing says that it has ended, but %s", e.Type)
				}
			}
		})
	}
}

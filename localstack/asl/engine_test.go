package asl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnExecutionsOwnTimeout(t *testing.T) {
	var b *bench
	stopped := make(chan error, 1)
	b = newBench(t, map[string]HandlerFunc{"f": sleeps(func() Clock { return b.clock }, 100, stopped)})
	r, x := b.run(`{"TimeoutSeconds":30,"StartAt":"S","States":{"S":{"Type":"Task","Resource":"`+functionARN+`f","End":true,
		"Catch":[{"ErrorEquals":["States.ALL"],"Next":"C"}]},"C":{"Type":"Succeed"}}}`, `{}`)
	require.Equal(t, Result{Status: StatusTimedOut, Error: "States.Timeout"}, r)
	require.Equal(t, "ExecutionTimedOut", kinds(x.History())[len(x.History())-1])
	require.Equal(t, 30*time.Second, b.elapsed())
	require.Error(t, <-stopped)
}

func TestAHistoryThatIsFullEndsTheExecution(t *testing.T) {
	b := newBench(t, nil)
	r, x := b.run(`{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","Next":"A"}}}`, `{}`)
	require.Equal(t, errorRuntime, r.Error)
	require.Equal(t, "The execution reached the maximum number of history events (25000).", r.Cause)
	require.Len(t, x.History(), maxEvents)
	require.Equal(t, "ExecutionFailed", x.History()[maxEvents-1].Type)
}

func TestAHistoryThatIsFullInsideAMapAbortsEverything(t *testing.T) {
	b := newBench(t, map[string]HandlerFunc{"f": gives(`1`)})
	r, x := b.run(single(`{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"T","States":{
		"T":{"Type":"Task","Resource":"`+functionARN+`f","Next":"U"},"U":{"Type":"Pass","Next":"T"}}}}`), `[1,2,3]`)
	require.Equal(t, errorRuntime, r.Error)
	require.Len(t, x.History(), maxEvents)
}

func TestWhatStartRefuses(t *testing.T) {
	b := newBench(t, nil)
	m := b.parse(single(`{"Type":"Succeed"}`))
	for name, c := range map[string]struct {
		in   StartInput
		want error
	}{
		"an unknown machine":      {StartInput{StateMachine: "nobody"}, ErrMachineUnknown},
		"input that is no JSON":   {StartInput{Machine: m, Input: json.RawMessage(`{`)}, ErrInvalidInput},
		"input that is too large": {StartInput{Machine: m, Input: json.RawMessage(`"` + strings.Repeat("x", maxPayload) + `"`)}, ErrInvalidInput},
		"a name with a blank":     {StartInput{Machine: m, Name: "a b"}, ErrInvalidInput},
		"a name that is too long": {StartInput{Machine: m, Name: strings.Repeat("n", 81)}, ErrInvalidInput},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.Start(t.Context(), c.in)
			require.ErrorIs(t, err, c.want)
		})
	}
	require.Error(t, b.Register("a/b", m))
}

func TestFindingExecutions(t *testing.T) {
	b := newBench(t, nil)
	m := b.parse(single(`{"Type":"Succeed"}`))
	require.NoError(t, b.Register("one", m))
	require.NoError(t, b.Register("two", m))
	var arns []string
	for _, in := range []StartInput{{StateMachine: "one", Name: "x"}, {StateMachine: b.MachineARN("two"), Name: "x"}, {StateMachine: "one", Name: "y"}} {
		x, err := b.Start(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, StatusSucceeded, b.wait(x).Status)
		arns = append(arns, x.ARN())
	}
	x, ok := b.Execution(arns[1])
	require.True(t, ok)
	require.Equal(t, "two", x.Info().StateMachine)
	_, ok = b.Execution("y")
	require.True(t, ok)
	_, ok = b.Execution("x")
	require.False(t, ok, "two machines have one of that name")
	require.Len(t, b.Executions(), 3)
	require.Equal(t, "{}", string(x.Input()))
}

func TestObserversSeeEveryEventInOrder(t *testing.T) {
	b := newBench(t, map[string]HandlerFunc{"f": echo})
	_, x := b.run(single(`{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"`+functionARN+`f","End":true}}}}`), numbers(20))
	require.Equal(t, x.History(), b.events)
	for i, e := range b.events {
		require.Equal(t, int64(i+1), e.ID)
		require.Less(t, e.PreviousEventID, e.ID)
	}
}

func TestAnObserverMayCallTheEngine(t *testing.T) {
	b := newBench(t, nil)
	b.options.Observer = func(x *Execution, e Event) {
		if e.Type == "WaitStateEntered" {
			x.Stop("Enough", "")
		}
	}
	r, _ := b.run(single(`{"Type":"Wait","Seconds":1000,"End":true}`), `{}`)
	require.Equal(t, StatusAborted, r.Status)
	require.Zero(t, b.elapsed())
}

func TestASuspendedExecutionRecordsNothingMore(t *testing.T) {
	var b *bench
	entered := make(chan struct{})
	left := make(chan error, 1)
	b = newBench(t, map[string]HandlerFunc{"f": func(ctx context.Context, _ Task) (json.RawMessage, error) {
		close(entered)
		<-ctx.Done()
		left <- context.Cause(ctx)
		return nil, ctx.Err()
	}})
	ctx, cancel := context.WithCancelCause(t.Context())
	x, err := b.Start(ctx, StartInput{Machine: b.parse(single(`{"Type":"Task","Resource":"` + functionARN + `f","End":true,
		"Catch":[{"ErrorEquals":["States.ALL"],"Next":"S2"}]}`)[:0] + `{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"` + functionARN + `f","End":true,
		"Catch":[{"ErrorEquals":["States.ALL"],"Next":"C"}]},"C":{"Type":"Succeed"}}}`)})
	require.NoError(t, err)
	<-entered
	why := errors.New("the process was interrupted")
	cancel(why)
	_, err = x.Wait(t.Context())
	require.ErrorIs(t, err, ErrSuspended)
	require.ErrorIs(t, err, why)
	require.ErrorIs(t, <-left, why)
	require.Equal(t, []string{"ExecutionStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted"}, kinds(x.History()))
	require.Equal(t, StatusRunning, x.Status())
	x.Stop("E", "")
	require.Equal(t, StatusRunning, x.Status())
}

func TestWaitingForAnExecutionMayBeGivenUp(t *testing.T) {
	b := newBench(t, nil)
	release := b.clock.Hold()
	defer release()
	x := b.begin(single(`{"Type":"Wait","Seconds":5,"End":true}`), `{}`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := x.Wait(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, StatusRunning, r.Status)
}

func TestRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := WallClock{}
		e := NewEngine(Options{Handler: HandlerFunc(func(ctx context.Context, task Task) (json.RawMessage, error) {
			return task.Input, clock.Sleep(ctx, 20*time.Second)
		})})
		start := time.Now()
		m, err := Parse([]byte(`{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"Next":"T"},
			"T":{"Type":"Task","Resource":"` + functionARN + `f","TimeoutSeconds":10,"Retry":[{"ErrorEquals":["States.Timeout"],"MaxAttempts":1}],
			"Catch":[{"ErrorEquals":["States.ALL"],"Next":"U"}],"End":true},
			"U":{"Type":"Task","Resource":"` + functionARN + `f","TimeoutSeconds":30,"OutputPath":"$.Error","End":true}}}`))
		require.NoError(t, err)
		x, err := e.Start(t.Context(), StartInput{Machine: m})
		require.NoError(t, err)
		r, err := x.Wait(t.Context())
		require.NoError(t, err)
		require.Equal(t, `"States.Timeout"`, string(r.Output), r.Cause)
		require.Equal(t, (60+10+1+10+20)*time.Second, time.Since(start))
	})
}

func TestManyExecutionsAtOnce(t *testing.T) {
	e := NewEngine(Options{Handler: HandlerFunc(echo)})
	m, err := Parse([]byte(single(`{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"` + functionARN + `f","End":true}}}}`)))
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			x, err := e.Start(t.Context(), StartInput{Machine: m, Name: fmt.Sprint("n", i), Input: json.RawMessage(numbers(i))})
			if err == nil {
				var r Result
				if r, err = x.Wait(t.Context()); err == nil && string(r.Output) != numbers(i) {
					err = fmt.Errorf("got %s", r.Output)
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Len(t, e.Executions(), 50)
}

func TestVirtualTime(t *testing.T) {
	t.Run("handlers that wait for each other do not stop the rest", func(t *testing.T) {
		met := make(chan struct{})
		b := newBench(t, map[string]HandlerFunc{
			"f": func(context.Context, Task) (json.RawMessage, error) { <-met; return json.RawMessage(`1`), nil },
			"g": gives(`2`),
			"h": func(context.Context, Task) (json.RawMessage, error) { close(met); return json.RawMessage(`3`), nil },
		})
		branch := func(name, next string) string {
			return `{"StartAt":"` + name + `1","States":{"` + name + `1":{"Type":"Task","Resource":"` + functionARN + name + `",` + next + `}`
		}
		r, _ := b.run(single(`{"Type":"Parallel","End":true,"Branches":[`+branch("f", `"End":true`)+`}},`+
			branch("g", `"Next":"h2"`)+`,"h2":{"Type":"Task","Resource":"`+functionARN+`h","End":true}}}]}`), `{}`)
		require.Equal(t, `[1,3]`, string(r.Output), r.Cause)
	})
	t.Run("timers come in the order of their time", func(t *testing.T) {
		c := NewVirtualClock(began)
		var got []string
		release := c.Hold()
		c.AfterFunc(2*time.Second, func() { got = append(got, "b") })
		c.AfterFunc(time.Second, func() { got = append(got, "a") })
		stop := c.AfterFunc(time.Second, func() { got = append(got, "never") })
		c.AfterFunc(2*time.Second, func() { got = append(got, "c") })
		stop()
		require.Empty(t, got, "time stands still while it is held")
		release()
		release() // a second time does nothing
		require.Equal(t, []string{"a", "b", "c"}, got)
		require.Equal(t, began.Add(2*time.Second), c.Now())
	})
	t.Run("anybody may sleep", func(t *testing.T) {
		c := NewVirtualClock(began)
		require.NoError(t, c.Sleep(t.Context(), time.Hour))
		require.Equal(t, began.Add(time.Hour), c.Now())
		ctx, cancel := context.WithCancel(t.Context())
		release := c.Hold()
		time.AfterFunc(time.Millisecond, cancel)
		require.ErrorIs(t, c.Sleep(ctx, time.Hour), context.Canceled)
		require.ErrorIs(t, c.Sleep(ctx, time.Hour), context.Canceled)
		release()
		require.Equal(t, began.Add(time.Hour), c.Now())
	})
}

func TestEventsAsJSON(t *testing.T) {
	b := newBench(t, map[string]HandlerFunc{"f": fails("E", "a \"cause\" <&>")})
	withChild(b, single(`{"Type":"Succeed"}`))
	_, x := b.run(`{"StartAt":"P","States":{"P":{"Type":"Parallel","Next":"M","Branches":[{"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"v":1},"End":true}}}]},
		"M":{"Type":"Map","Next":"N","ItemProcessor":{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}},
		"N":{"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync","Parameters":{"StateMachineArn":"child"},"ResultPath":null,"Next":"T"},
		"T":{"Type":"Task","Resource":"`+functionARN+`f","End":true}}}`, `{}`)
	for _, e := range x.History() {
		text, err := json.Marshal(e)
		require.NoError(t, err)
		var back Event
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, e, back)
	}
	var bad Event
	require.Error(t, json.Unmarshal([]byte(`{"id":"one"}`), &bad))
}

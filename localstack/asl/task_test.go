package asl

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sleeps works for so many seconds; the reason why it was stopped early goes to stopped.
func sleeps(clock func() Clock, seconds int, stopped chan<- error) HandlerFunc {
	return func(ctx context.Context, task Task) (json.RawMessage, error) {
		if err := clock().Sleep(ctx, time.Duration(seconds)*time.Second); err != nil {
			stopped <- context.Cause(ctx)
			return nil, err
		}
		return task.Input, nil
	}
}

func TestTimeouts(t *testing.T) {
	for name, c := range map[string]struct {
		fields, input, want string
		took                time.Duration
	}{
		"in time":          {`"TimeoutSeconds":60`, `{}`, "", 30 * time.Second},
		"too late":         {`"TimeoutSeconds":20`, `{}`, "States.Timeout", 20 * time.Second},
		"too late by path": {`"TimeoutSecondsPath":"$.t"`, `{"t":"10"}`, "States.Timeout", 10 * time.Second},
		"a heartbeat is not waited for where nobody can send it": {`"HeartbeatSeconds":5`, `{}`, "", 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			var b *bench
			stopped := make(chan error, 1)
			b = newBench(t, map[string]HandlerFunc{"f": sleeps(func() Clock { return b.clock }, 30, stopped)})
			r, x := b.run(single(`{"Type":"Task","Resource":"`+functionARN+`f",`+c.fields+`,"End":true}`), c.input)
			require.Equal(t, c.want, r.Error, r.Cause)
			require.Equal(t, c.took, b.elapsed())
			if c.want != "" {
				require.Contains(t, kinds(x.History()), "LambdaFunctionTimedOut")
				require.Equal(t, &TaskError{Name: "States.Timeout"}, <-stopped, "the handler learns why")
			}
		})
	}
}

func TestEachTryHasItsWholeTime(t *testing.T) {
	var b *bench
	stopped := make(chan error, 2)
	b = newBench(t, map[string]HandlerFunc{"f": inTurn(sleeps(func() Clock { return b.clock }, 30, stopped), gives(`1`))})
	r, _ := b.run(single(`{"Type":"Task","Resource":"`+functionARN+`f","TimeoutSeconds":9,"Retry":[{"ErrorEquals":["States.Timeout"]}],"End":true}`), `{}`)
	require.Equal(t, `1`, string(r.Output))
	require.Equal(t, 10*time.Second, b.elapsed())
}

const tokenTask = `{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken",
	"Parameters":{"FunctionName":"f","Payload":{"token.$":"$$.Task.Token"}},"TimeoutSeconds":3600,"HeartbeatSeconds":600,
	"Catch":[{"ErrorEquals":["Rejected","States.Timeout"],"Next":"C"}],"Next":"D"},"C":{"Type":"Succeed"},"D":{"Type":"Succeed"}}}`

func TestCallbacks(t *testing.T) {
	answers := map[string]struct {
		answer func(b *bench, token string) error
		want   string
		states string
		took   time.Duration
	}{
		"success": {func(b *bench, token string) error { return b.SendTaskSuccess(token, json.RawMessage(`{"by":"me"}`)) },
			`{"by":"me"}`, "S D", 0},
		"failure": {func(b *bench, token string) error { return b.SendTaskFailure(token, "Rejected", "no") },
			`{"Error":"Rejected","Cause":"no"}`, "S C", 0},
		"nothing at all": {func(*bench, string) error { return nil },
			`{"Error":"States.HeartbeatTimeout","Cause":""}`, "S C", 600 * time.Second},
		"a heartbeat and then nothing": {func(b *bench, token string) error {
			release := b.clock.Hold()
			defer release()
			b.clock.AfterFunc(500*time.Second, func() { _ = b.SendTaskHeartbeat(token) })
			return nil
		}, `{"Error":"States.HeartbeatTimeout","Cause":""}`, "S C", 1100 * time.Second},
		"heartbeats for ever": {func(b *bench, token string) error {
			var beat func()
			beat = func() {
				if b.SendTaskHeartbeat(token) == nil {
					b.clock.AfterFunc(500*time.Second, beat)
				}
			}
			release := b.clock.Hold()
			defer release()
			beat()
			return nil
		}, `{"Error":"States.Timeout","Cause":""}`, "S C", 3600 * time.Second},
	}
	for name, c := range answers {
		t.Run(name, func(t *testing.T) {
			submitted := make(chan struct{})
			b := newBench(t, map[string]HandlerFunc{"f": gives(`"ignored"`)})
			observe := b.options.Observer
			b.options.Observer = func(x *Execution, e Event) {
				observe(x, e)
				if e.Type == "TaskSubmitted" {
					close(submitted)
				}
			}
			release := b.clock.Hold()
			x := b.begin(tokenTask, `{}`)
			<-submitted
			token := b.called()[0].Token
			require.JSONEq(t, `{"token":"`+token+`"}`, string(b.called()[0].Input))
			require.Equal(t, []WaitingTask{{Token: token, State: "S", Execution: x.Info()}}, b.TaskTokens())
			require.NoError(t, c.answer(b, token))
			release()
			r := b.wait(x)
			require.Equal(t, c.want, string(r.Output), r.Error)
			require.Equal(t, c.states, strings.Join(visited(x.History()), " "))
			require.Equal(t, c.took, x.timeOf(x.History()[len(x.History())-1].ID).Sub(began))
			require.ErrorIs(t, b.SendTaskSuccess(token, json.RawMessage(`1`)), ErrTaskUnknown)
			require.Empty(t, b.TaskTokens())
		})
	}
}

func TestACallbackMayComeBeforeTheHandlerReturns(t *testing.T) {
	var b *bench
	b = newBench(t, map[string]HandlerFunc{"f": func(ctx context.Context, task Task) (json.RawMessage, error) {
		if err := b.SendTaskSuccess(task.Token, json.RawMessage(`"early"`)); err != nil {
			return nil, err
		}
		return nil, b.clock.Sleep(ctx, time.Hour)
	}})
	r, _ := b.run(tokenTask, `{}`)
	require.Equal(t, `"early"`, string(r.Output))
	require.Zero(t, b.elapsed())
}

func TestOnlyCallbacksAreAnsweredByToken(t *testing.T) {
	var b *bench
	answer := make(chan error, 1)
	b = newBench(t, map[string]HandlerFunc{"f": func(_ context.Context, task Task) (json.RawMessage, error) {
		answer <- b.SendTaskSuccess(task.Token, json.RawMessage(`1`))
		return json.RawMessage(`2`), nil
	}})
	r, _ := b.run(single(`{"Type":"Task","Resource":"`+functionARN+`f","End":true}`), `{}`)
	require.ErrorIs(t, <-answer, ErrTaskUnknown)
	require.Equal(t, `2`, string(r.Output))
	require.ErrorIs(t, b.SendTaskSuccess("no such token", json.RawMessage(`{}`)), ErrTaskUnknown)
	require.ErrorIs(t, b.SendTaskSuccess("no such token", json.RawMessage(`{`)), ErrInvalidInput)
	require.ErrorIs(t, b.SendTaskFailure("no such token", "E", ""), ErrTaskUnknown)
	require.ErrorIs(t, b.SendTaskHeartbeat("no such token"), ErrTaskUnknown)
}

func TestWhatAHandlerGets(t *testing.T) {
	for name, c := range map[string]struct{ resource, parameters, function, input string }{
		"a function":                        {functionARN + "f:live", `{"a.$":"$.i"}`, "f", `{"a":1}`},
		"lambda:invoke":                     {"arn:aws:states:::lambda:invoke", `{"FunctionName":"` + functionARN + `f","Payload":{"a.$":"$.i"}}`, "f", `{"a":1}`},
		"lambda:invoke with a null payload": {"arn:aws:states:::lambda:invoke", `{"FunctionName":"f","Payload":null}`, "f", `{}`},
		"lambda:invoke without a payload":   {"arn:aws:states:::lambda:invoke", `{"FunctionName":"f:3"}`, "f", `{}`},
		"lambda:invoke with text":           {"arn:aws:states:::lambda:invoke", `{"FunctionName":"f","Payload":"[1]"}`, "f", `[1]`},
		"a container":                       {"arn:aws:states:::ecs:runTask.sync", `{"Cluster":"c","Overrides":{"ContainerOverrides":[{"Environment":[{"Name":"N","Value.$":"$.t"}]}]}}`, "", `{"Cluster":"c","Overrides":{"ContainerOverrides":[{"Environment":[{"Name":"N","Value":"v"}]}]}}`},
		"an activity":                       {"arn:aws:states:us-east-1:123456789012:activity:a", `{"a":2}`, "", `{"a":2}`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, map[string]HandlerFunc{"f": gives(`{"r":[1]}`), c.resource: gives(`{"r":[1]}`)})
			r, x := b.run(single(`{"Type":"Task","Resource":"`+c.resource+`","Parameters":`+c.parameters+`,"End":true}`), `{"i":1,"t":"v"}`)
			require.Equal(t, StatusSucceeded, r.Status, "%s: %s", r.Error, r.Cause)
			task := b.called()[0]
			require.Equal(t, c.resource, task.Resource)
			require.Equal(t, c.function, task.Function)
			require.Equal(t, c.input, string(task.Input))
			require.Equal(t, "S", task.State)
			require.Equal(t, x.Info(), task.Execution)
			require.Equal(t, int64(3), task.ScheduledID)
			if c.resource != "arn:aws:states:::lambda:invoke" {
				require.Equal(t, `{"r":[1]}`, string(r.Output))
				return
			}
			var out struct {
				ExecutedVersion string
				Payload         json.RawMessage
				StatusCode      int
			}
			require.NoError(t, json.Unmarshal(r.Output, &out))
			require.Equal(t, "$LATEST", out.ExecutedVersion)
			require.Equal(t, `{"r":[1]}`, string(out.Payload))
			require.Equal(t, 200, out.StatusCode)
		})
	}
}

func TestCallsThatFailBeforeTheHandler(t *testing.T) {
	b := newBench(t, map[string]HandlerFunc{})
	r, _ := b.run(single(`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload":"no JSON"},"End":true}`), `{}`)
	require.Equal(t, "Lambda.InvalidRequestContentException", r.Error)
	b = newBench(t, map[string]HandlerFunc{})
	r, _ = b.run(single(`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"Payload":{}},"End":true}`), `{}`)
	require.Equal(t, errorRuntime, r.Error)
	require.Empty(t, b.called())
	r, _ = b.run2(NewEngine(Options{Clock: b.clock}), single(`{"Type":"Task","Resource":"`+functionARN+`f","End":true}`))
	require.Equal(t, errorTaskFailed, r.Error)
	require.Contains(t, r.Cause, "no handler for")
}

// run2 runs on another engine.
func (b *bench) run2(e *Engine, definition string) (Result, *Execution) {
	b.t.Helper()
	x, err := e.Start(b.t.Context(), StartInput{Machine: b.parse(definition)})
	require.NoError(b.t, err)
	return b.wait(x), x
}

func TestPanicsAndNonsense(t *testing.T) {
	panics := func(context.Context, Task) (json.RawMessage, error) { panic("oh") }
	b := newBench(t, map[string]HandlerFunc{"f": panics, "arn:aws:states:::ecs:runTask.sync": panics})
	r, _ := b.run(single(`{"Type":"Task","Resource":"`+functionARN+`f","End":true}`), `{}`)
	require.Equal(t, "Lambda.Unknown", r.Error)
	require.Contains(t, r.Cause, "panicked: oh")
	b = newBench(t, b.functions)
	r, _ = b.run(single(`{"Type":"Task","Resource":"arn:aws:states:::ecs:runTask.sync","End":true}`), `{}`)
	require.Equal(t, errorTaskFailed, r.Error)
	b = newBench(t, map[string]HandlerFunc{"f": gives(`{`)})
	r, _ = b.run(single(`{"Type":"Task","Resource":"`+functionARN+`f","End":true}`), `{}`)
	require.Equal(t, errorRuntime, r.Error)
	require.Contains(t, r.Cause, "a result that is not JSON")
	b = newBench(t, map[string]HandlerFunc{"f": gives(``)})
	r, _ = b.run(single(`{"Type":"Task","Resource":"`+functionARN+`f","End":true}`), `{}`)
	require.Equal(t, `null`, string(r.Output))
}

func TestTheEventsOfAContainerTask(t *testing.T) {
	b := newBench(t, map[string]HandlerFunc{"arn:aws:states:::ecs:runTask.sync": gives(`{}`)})
	_, x := b.run(single(`{"Type":"Task","Resource":"arn:aws:states:::ecs:runTask.sync","Parameters":{"Cluster":"c"},"TimeoutSeconds":60,"End":true}`), `{}`)
	history := x.History()
	require.Equal(t, []string{"ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded",
		"TaskStateExited", "ExecutionSucceeded"}, kinds(history))
	text, err := json.Marshal(history[2])
	require.NoError(t, err)
	require.JSONEq(t, `{"id":3,"previousEventId":2,"timestamp":"2030-01-02T03:04:05Z","type":"TaskScheduled","taskScheduledEventDetails":{
		"resourceType":"ecs","resource":"runTask.sync","region":"us-east-1","parameters":"{\"Cluster\":\"c\"}","timeoutInSeconds":60,
		"taskToken":"id-1"}}`, string(text))
	var previous []int64
	for _, e := range history {
		previous = append(previous, e.PreviousEventID)
	}
	require.Equal(t, []int64{0, 0, 2, 3, 4, 5, 6, 7}, previous)
}

package asl

import (
	"context"
	"encoding/json"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// throughout is a machine in which nearly everything happens.
const throughout = `{"StartAt":"A","States":{
	"A":{"Type":"Pass","Assign":{"id.$":"States.UUID()","n.$":"States.MathRandom(0, 1000000)"},"Next":"M"},
	"M":{"Type":"Map","ItemsPath":"$.items","MaxConcurrency":2,"ItemSelector":{"v.$":"$$.Map.Item.Value","u.$":"States.UUID()"},
		"ItemProcessor":{"StartAt":"T","States":{
			"T":{"Type":"Task","Resource":"` + functionARN + `f","Retry":[{"ErrorEquals":["E"],"JitterStrategy":"FULL"}],"Next":"C"},
			"C":{"Type":"Choice","Choices":[{"Variable":"$.v","NumericGreaterThan":1,"Next":"W"}],"Default":"Q"},
			"W":{"Type":"Wait","Seconds":30,"Next":"Q"},
			"Q":{"Type":"Pass","Parameters":{"id.$":"$id","v.$":"$.v","u.$":"$.u"},"End":true}}},
		"ResultPath":"$.mapped","Next":"P"},
	"P":{"Type":"Parallel","ResultPath":"$.both","Catch":[{"ErrorEquals":["Broken"],"ResultPath":"$.caught","Next":"K"}],"Branches":[
		{"StartAt":"F","States":{"F":{"Type":"Task","Resource":"` + functionARN + `breaks","End":true}}},
		{"StartAt":"G","States":{"G":{"Type":"Wait","Seconds":500,"End":true}}}],"Next":"K"},
	"K":{"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync:2","Parameters":{"StateMachineArn":"child","Name.$":"States.Format('c-{}', $n)"},
		"ResultPath":"$.child","ResultSelector":{"o.$":"$.Output"},"Next":"D"},
	"D":{"Type":"Map","ItemsPath":"$.items","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
		"StartAt":"DT","States":{"DT":{"Type":"Task","Resource":"` + functionARN + `f","Parameters":{"v.$":"$"},
			"Retry":[{"ErrorEquals":["E"]}],"End":true}}},"ResultPath":"$.dist","Next":"Z"},
	"Z":{"Type":"Pass","Parameters":{"all.$":"$","id.$":"$id"},"End":true}}}`

func throughoutBench(t *testing.T, recall func(string) []Event) *bench {
	var b *bench
	b = newBench(t, map[string]HandlerFunc{
		"f": func(ctx context.Context, task Task) (json.RawMessage, error) {
			var in struct{ V int }
			if err := json.Unmarshal(task.Input, &in); err != nil {
				return nil, err
			}
			if in.V == 2 && task.Retry == 0 {
				return nil, &TaskError{"E", "once"}
			}
			return task.Input, b.clock.Sleep(ctx, time.Duration(in.V)*time.Second)
		},
		"breaks": fails("Broken", "always"),
	}, func(o *Options) { o.Recall = recall })
	withChild(b, single(`{"Type":"Wait","Seconds":7,"End":true}`))
	return b
}

// A process may die after any event. What goes on from there must end as the whole did, and repeat nothing that is over.
func TestResumingAfterEachEvent(t *testing.T) {
	whole := throughoutBench(t, nil)
	want, x := whole.run(throughout, `{"items":[1,2,3]}`)
	require.Equal(t, StatusSucceeded, want.Status, "%s: %s", want.Error, want.Cause)
	history := x.History()
	stored := map[string][]Event{}
	for _, other := range whole.Executions() {
		stored[other.ARN()] = other.History()
	}
	for n := 1; n <= len(history); n++ {
		b := throughoutBench(t, func(arn string) []Event { return stored[arn] })
		b.clock.now = history[n-1].Timestamp
		resumed, err := b.Resume(t.Context(), b.parse(throughout), history[:n])
		require.NoError(t, err, "after event %d", n)
		got := b.wait(resumed)
		require.Equal(t, want.Status, got.Status, "after event %d: %s: %s", n, got.Error, got.Cause)
		require.Equal(t, history[:n], resumed.History()[:n])
		if len(resumed.History()) != len(history) {
			require.ElementsMatch(t, kinds(history), kinds(resumed.History()), "after event %d", n)
		}
		finished := map[string]bool{}
		for _, e := range history[:n] {
			if e.Type == "LambdaFunctionSucceeded" {
				finished[e.Details.Output] = true
			}
		}
		for _, call := range b.called() {
			if call.Execution.ARN == x.ARN() {
				require.False(t, finished[string(call.Input)], "after event %d the finished call %s was repeated", n, call.Input)
			}
		}
		for _, e := range b.events {
			if e.ID <= int64(n) && e.Details.ExecutionARN == x.ARN() {
				require.Fail(t, "the observer saw an old event again")
			}
		}
	}
}

func TestResumedResultsAreThoseOfTheHistory(t *testing.T) {
	whole := throughoutBench(t, nil)
	want, x := whole.run(throughout, `{"items":[1,2,3]}`)
	history := x.History()
	b := throughoutBench(t, nil)
	b.options.NewID = func() string { return "another" }
	resumed, err := b.Resume(t.Context(), b.parse(throughout), history)
	require.NoError(t, err)
	require.Equal(t, want, b.wait(resumed))
	require.Empty(t, b.called())
	cut := len(history) - 2 // the last Pass has been entered; everything it shows is from the history
	b = throughoutBench(t, nil)
	resumed, err = b.Resume(t.Context(), b.parse(throughout), history[:cut])
	require.NoError(t, err)
	require.Equal(t, string(want.Output), string(b.wait(resumed).Output))
	require.Empty(t, b.called())
}

func TestAnApprovalMayComeInAnotherProcess(t *testing.T) {
	submitted := make(chan struct{})
	first := newBench(t, map[string]HandlerFunc{"f": gives(`{}`)})
	observe := first.options.Observer
	first.options.Observer = func(x *Execution, e Event) {
		observe(x, e)
		if e.Type == "TaskSubmitted" {
			close(submitted)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	release := first.clock.Hold()
	defer release()
	x, err := first.Start(ctx, StartInput{Machine: first.parse(tokenTask), StateMachine: "machine", Name: "run"})
	require.NoError(t, err)
	<-submitted
	token := first.called()[0].Token
	cancel()
	_, err = x.Wait(t.Context())
	require.ErrorIs(t, err, ErrSuspended)

	// The history goes through a file.
	text, err := json.Marshal(x.History())
	require.NoError(t, err)
	var history []Event
	require.NoError(t, json.Unmarshal(text, &history))

	t.Run("in time", func(t *testing.T) {
		second := newBench(t, nil)
		second.clock.now = began.Add(50 * time.Minute)
		release := second.clock.Hold()
		require.NoError(t, second.Register("machine", second.parse(tokenTask)))
		resumed, err := second.Resume(t.Context(), nil, history)
		require.NoError(t, err)
		require.Equal(t, token, second.TaskTokens()[0].Token)
		require.NoError(t, second.SendTaskSuccess(token, json.RawMessage(`"approved"`)))
		release()
		require.Equal(t, `"approved"`, string(second.wait(resumed).Output))
		require.Empty(t, second.called(), "nobody is asked again")
	})
	t.Run("too late", func(t *testing.T) {
		second := newBench(t, nil)
		second.clock.now = began.Add(59 * time.Minute)
		resumed, err := second.Resume(t.Context(), second.parse(tokenTask), history)
		require.NoError(t, err)
		require.Equal(t, `{"Error":"States.Timeout","Cause":""}`, string(second.wait(resumed).Output))
		require.Equal(t, time.Hour, second.elapsed(), "the hour began when the task did")
	})
}

func TestAWaitEndsWhenItWouldHaveEnded(t *testing.T) {
	for name, c := range map[string]struct{ away, ends time.Duration }{
		"during the wait": {40 * time.Second, 100 * time.Second},
		"after it":        {500 * time.Second, 500 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			definition := single(`{"Type":"Wait","Seconds":100,"End":true}`)
			first := newBench(t, nil)
			_, x := first.run(definition, `{}`)
			second := newBench(t, nil)
			second.clock.now = began.Add(c.away)
			resumed, err := second.Resume(t.Context(), second.parse(definition), x.History()[:2])
			require.NoError(t, err)
			require.Equal(t, StatusSucceeded, second.wait(resumed).Status)
			require.Equal(t, c.ends, second.elapsed())
		})
	}
}

func TestAnUnfinishedTaskRunsAgainWithTheSameInput(t *testing.T) {
	definition := single(`{"Type":"Task","Resource":"` + functionARN + `f","Parameters":{"u.$":"States.UUID()"},"TimeoutSeconds":60,"End":true}`)
	first := newBench(t, map[string]HandlerFunc{"f": echo})
	_, x := first.run(definition, `{}`)
	second := newBench(t, map[string]HandlerFunc{"f": echo}, func(o *Options) {
		var n atomic.Int64
		o.NewID = func() string { n.Add(1); return "new" }
	})
	second.clock.now = began.Add(time.Hour)
	resumed, err := second.Resume(t.Context(), second.parse(definition), x.History()[:4])
	require.NoError(t, err)
	require.Equal(t, StatusSucceeded, second.wait(resumed).Status, "its time begins anew")
	require.Equal(t, string(first.called()[0].Input), string(second.called()[0].Input))
	require.Equal(t, first.called()[0].Token, second.called()[0].Token)
}

func TestTheExecutionsOwnTimeRunsOnWhileItIsAway(t *testing.T) {
	definition := `{"TimeoutSeconds":60,"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":100,"End":true}}}`
	first := newBench(t, nil)
	_, x := first.run(definition, `{}`)
	second := newBench(t, nil)
	second.clock.now = began.Add(50 * time.Second)
	resumed, err := second.Resume(t.Context(), second.parse(definition), x.History()[:2])
	require.NoError(t, err)
	require.Equal(t, StatusTimedOut, second.wait(resumed).Status)
	require.Equal(t, 60*time.Second, second.elapsed())
}

func TestHistoriesThatDoNotFit(t *testing.T) {
	b := newBench(t, nil)
	_, x := b.run(`{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Wait","Seconds":1,"End":true}}}`, `{}`)
	history := x.History()
	other := b.parse(`{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"C"},"C":{"Type":"Wait","Seconds":1,"End":true}}}`)
	for name, c := range map[string]struct {
		machine *Machine
		history []Event
		want    error
	}{
		"nothing":                 {other, nil, ErrForeignHistory},
		"no beginning":            {other, history[1:], ErrForeignHistory},
		"a gap":                   {other, append(append([]Event{}, history[:2]...), history[3:]...), ErrForeignHistory},
		"another machine":         {other, history[:4], ErrForeignHistory},
		"an unregistered machine": {nil, history[:4], ErrMachineUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			fresh := newBench(t, nil)
			_, err := fresh.Resume(t.Context(), c.machine, c.history)
			require.ErrorIs(t, err, c.want)
		})
	}
	_, err := b.Resume(t.Context(), b.parse(`{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Wait","Seconds":1,"End":true}}}`), history)
	require.ErrorIs(t, err, ErrExecutionExists)
}

func TestAHistoryThatHasEndedGivesAnExecutionThatHasEnded(t *testing.T) {
	for name, c := range map[string]struct {
		definition string
		want       Status
	}{
		"succeeded": {single(`{"Type":"Succeed"}`), StatusSucceeded},
		"failed":    {single(`{"Type":"Fail","Error":"E","Cause":"why"}`), StatusFailed},
		"timed out": {`{"TimeoutSeconds":5,"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":9,"End":true}}}`, StatusTimedOut},
		"aborted":   {single(`{"Type":"Wait","Seconds":1000,"End":true}`), StatusAborted},
	} {
		t.Run(name, func(t *testing.T) {
			first := newBench(t, nil)
			first.options.Observer = func(x *Execution, e Event) {
				if e.Type == "WaitStateEntered" && c.want == StatusAborted {
					x.Stop("Halted", "by a person")
				}
			}
			want, x := first.run(c.definition, `{"a":1}`)
			require.Equal(t, c.want, want.Status)
			second := newBench(t, nil)
			resumed, err := second.Resume(t.Context(), second.parse(c.definition), x.History())
			require.NoError(t, err)
			require.Equal(t, want, second.wait(resumed))
			require.Equal(t, x.History(), resumed.History())
			require.Empty(t, second.events)
		})
	}
}

// Once the children of a distributed Map are over, its own history knows how: they are not asked again.
func TestResumingAfterADistributedMap(t *testing.T) {
	for name, c := range map[string]struct{ input, out string }{
		"that succeeded": {`[1,2]`, `[1,2]`},
		"that failed":    {`[1,-2]`, `{"Error":"States.ExceedToleratedFailureThreshold","Cause":"The specified tolerated failure threshold was exceeded"}`},
	} {
		t.Run(name, func(t *testing.T) {
			definition := `{"StartAt":"M","States":{"M":{"Type":"Map","Next":"W","Catch":[{"ErrorEquals":["States.ALL"],"Next":"W"}],
				"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"T","States":{
				"T":{"Type":"Task","Resource":"` + functionARN + `f","End":true}}}},"W":{"Type":"Wait","Seconds":1,"End":true}}}`
			var b *bench
			b = newBench(t, map[string]HandlerFunc{"f": slowly(func() Clock { return b.clock })})
			r, x := b.run(definition, c.input)
			require.Equal(t, c.out, string(r.Output), r.Cause)
			over := slices.IndexFunc(x.History(), func(e Event) bool { return e.Type == "MapRunSucceeded" || e.Type == "MapRunFailed" })
			require.Positive(t, over)
			for n := over + 1; n <= len(x.History()); n++ {
				second := newBench(t, nil)
				second.clock.now = x.History()[n-1].Timestamp
				resumed, err := second.Resume(t.Context(), second.parse(definition), x.History()[:n])
				require.NoError(t, err)
				require.Equal(t, r, second.wait(resumed), "after event %d", n)
				require.Empty(t, second.called())
			}
		})
	}
}

package asl

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// concurrency counts how many handlers sleep at once.
func concurrency(clock func() Clock, seconds int) (HandlerFunc, func() int) {
	var mu sync.Mutex
	now, most := 0, 0
	return func(ctx context.Context, task Task) (json.RawMessage, error) {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			err := clock().Sleep(ctx, time.Duration(seconds)*time.Second)
			mu.Lock()
			now--
			mu.Unlock()
			return task.Input, err
		}, func() int {
			mu.Lock()
			defer mu.Unlock()
			return most
		}
}

func numbers(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprint(i)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func TestMaxConcurrency(t *testing.T) {
	for name, c := range map[string]struct {
		limit string
		items int
		most  int
		took  time.Duration
	}{
		"one after another":                {`"MaxConcurrency":1`, 5, 1, 50 * time.Second},
		"two at a time":                    {`"MaxConcurrency":2`, 5, 2, 30 * time.Second},
		"by path":                          {`"MaxConcurrencyPath":"$$.Execution.Input[0]"`, 5, 5, 10 * time.Second},
		"no limit of its own":              {`"MaxConcurrency":0`, 90, 40, 30 * time.Second},
		"a limit above what inline may do": {`"MaxConcurrency":90`, 90, 40, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			var b *bench
			f, most := concurrency(func() Clock { return b.clock }, 10)
			b = newBench(t, map[string]HandlerFunc{"f": f})
			r, _ := b.run(single(`{"Type":"Map",`+c.limit+`,"End":true,"ItemProcessor":{"StartAt":"T","States":{
				"T":{"Type":"Task","Resource":"`+functionARN+`f","End":true}}}}`), numbers(c.items))
			require.Equal(t, StatusSucceeded, r.Status, r.Cause)
			require.Equal(t, numbers(c.items), string(r.Output))
			require.Equal(t, c.most, most())
			require.Equal(t, c.took, b.elapsed())
		})
	}
}

// slowly sleeps as many seconds as its input says and then succeeds; a negative number fails after so many.
func slowly(clock func() Clock) HandlerFunc {
	return func(ctx context.Context, task Task) (json.RawMessage, error) {
		var n int
		if err := json.Unmarshal(task.Input, &n); err != nil {
			return nil, err
		}
		if err := clock().Sleep(ctx, time.Duration(max(n, -n))*time.Second); err != nil {
			return nil, context.Cause(ctx)
		}
		if n < 0 {
			return nil, &TaskError{"E", "negative"}
		}
		return task.Input, nil
	}
}

func TestAFailedIterationAbortsItsSiblings(t *testing.T) {
	var b *bench
	b = newBench(t, map[string]HandlerFunc{"f": slowly(func() Clock { return b.clock })})
	r, x := b.run(`{"StartAt":"M","States":{"M":{"Type":"Map","Next":"Never","Catch":[{"ErrorEquals":["E"],"Next":"Caught"}],
		"ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"`+functionARN+`f","Next":"W"},
		"W":{"Type":"Wait","Seconds":100,"End":true}}}},
		"Never":{"Type":"Fail"},"Caught":{"Type":"Succeed"}}}`, `[1,-5,60]`)
	require.Equal(t, StatusSucceeded, r.Status, r.Error)
	require.Equal(t, `{"Error":"E","Cause":"negative"}`, string(r.Output))
	require.Equal(t, 5*time.Second, b.elapsed())
	history := x.History()
	require.Equal(t, []string{
		"ExecutionStarted", "MapStateEntered", "MapStateStarted",
		"MapIterationStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted",
		"MapIterationStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted",
		"MapIterationStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted",
		"LambdaFunctionSucceeded", "TaskStateExited", "WaitStateEntered",
		"LambdaFunctionFailed", "MapIterationFailed",
		"WaitStateAborted", "MapIterationAborted", "TaskStateAborted", "MapIterationAborted",
		"MapStateFailed", "MapStateExited", "SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded",
	}, kinds(history))
	require.Equal(t, 0, *history[21].Details.Index)
	require.Equal(t, 2, *history[23].Details.Index)
	require.Equal(t, "E", history[24].Details.Error)
	require.Equal(t, history[19].ID, history[24].PreviousEventID, "the Map failed because of the iteration")
}

func TestARetriedMapBeginsAnew(t *testing.T) {
	b := newBench(t, map[string]HandlerFunc{"f": inTurn(gives(`1`), fails("E", ""), gives(`2`), gives(`3`))})
	r, x := b.run(single(`{"Type":"Map","MaxConcurrency":1,"End":true,"Retry":[{"ErrorEquals":["E"]}],"ItemProcessor":{"StartAt":"T","States":{
		"T":{"Type":"Task","Resource":"`+functionARN+`f","Parameters":{"r.$":"$$.Map.Item.Index"},"End":true}}}}`), `["a","b"]`)
	require.Equal(t, `[2,3]`, string(r.Output), r.Error)
	require.NotContains(t, kinds(x.History()), "MapStateFailed")
}

func TestAnErrorInTheItemSelectorIsFinal(t *testing.T) {
	b := newBench(t, nil)
	r, x := b.run(`{"StartAt":"M","States":{"M":{"Type":"Map","Next":"C","ItemSelector":{"x.$":"$$.Map.Item.Value.x"},
		"Catch":[{"ErrorEquals":["States.ALL"],"Next":"C"}],"ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}},
		"C":{"Type":"Succeed"}}}`, `[{"x":1},{}]`)
	require.Equal(t, errorRuntime, r.Error)
	require.Contains(t, r.Cause, "The JSONPath '$$.Map.Item.Value.x' specified for the field 'x.$' could not be found")
	require.NotContains(t, kinds(x.History()), "MapStateExited")
}

func TestMapsInsideMaps(t *testing.T) {
	b := newBench(t, nil)
	r, _ := b.run(single(`{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"O","States":{"O":{"Type":"Map","End":true,
		"ItemSelector":{"outer.$":"$","inner.$":"$$.Map.Item.Value"},
		"ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","Parameters":{"o.$":"$.outer","i.$":"$.inner","at.$":"$$.Map.Item.Index"},"End":true}}}}}}}`),
		`[[1,2],[3]]`)
	require.Equal(t, `[[{"o":[1,2],"i":1,"at":0},{"o":[1,2],"i":2,"at":1}],[{"o":[3],"i":3,"at":0}]]`, string(r.Output), r.Cause)
}

func TestDistributedMaps(t *testing.T) {
	definition := func(more string) string {
		return `{"StartAt":"M","States":{"M":{"Type":"Map","Label":"L","MaxConcurrency":2,"Next":"End"` + more + `,
			"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"T","States":{
			"T":{"Type":"Task","Resource":"` + functionARN + `f","End":true}}}},"End":{"Type":"Succeed"}}}`
	}
	for name, c := range map[string]struct {
		more, input, want, wantError string
	}{
		"each item is an execution":       {``, `[1,2,3]`, `[1,2,3]`, ""},
		"one failure is too many":         {``, `[1,-1,3]`, "", errorToleratedFailure},
		"a count is tolerated":            {`,"ToleratedFailureCount":1`, `[1,-1,3]`, `[1,3]`, ""},
		"more than the count is not":      {`,"ToleratedFailureCount":1`, `[-1,-1,3]`, "", errorToleratedFailure},
		"a percentage is tolerated":       {`,"ToleratedFailurePercentage":50`, `[-1,-1,3,4]`, `[3,4]`, ""},
		"more than the percentage is not": {`,"ToleratedFailurePercentage":49`, `[-1,-1,3,4]`, "", errorToleratedFailure},
		"of two limits both must hold":    {`,"ToleratedFailureCount":1,"ToleratedFailurePercentage":100`, `[-1,-1]`, "", errorToleratedFailure},
		"a count by path":                 {`,"ItemsPath":"$.items","ToleratedFailureCountPath":"$.n"`, `{"items":[1,-1],"n":"1"}`, `[1]`, ""},
		"a count by path that is none":    {`,"ItemsPath":"$.items","ToleratedFailureCountPath":"$.n"`, `{"items":[1],"n":[]}`, "", errorRuntime},
		"a count by path below zero":      {`,"ItemsPath":"$.items","ToleratedFailureCountPath":"$.n"`, `{"items":[1],"n":-1}`, "", errorRuntime},
		"a percentage by path":            {`,"ItemsPath":"$.items","ToleratedFailurePercentagePath":"$.n"`, `{"items":[1,-1],"n":50.5}`, `[1]`, ""},
		"a percentage by path as text":    {`,"ItemsPath":"$.items","ToleratedFailurePercentagePath":"$.n"`, `{"items":[1,-1],"n":"50.5"}`, `[1]`, ""},
		"a percentage by path over 100":   {`,"ItemsPath":"$.items","ToleratedFailurePercentagePath":"$.n"`, `{"items":[1],"n":101}`, "", errorRuntime},
		"a percentage that is none":       {`,"ItemsPath":"$.items","ToleratedFailurePercentagePath":"$.n"`, `{"items":[1],"n":true}`, "", errorRuntime},
		"a percentage that is missing":    {`,"ItemsPath":"$.items","ToleratedFailurePercentagePath":"$.n"`, `{"items":[1]}`, "", errorRuntime},
		"an item that cannot be shaped":   {`,"ItemSelector":{"v.$":"$$.Map.Item.Value.v"}`, `[{"v":1},{}]`, "", errorRuntime},
		"exceeding can be caught":         {`,"Catch":[{"ErrorEquals":["States.ExceedToleratedFailureThreshold"],"Next":"End"}]`, `[-1]`, `{"Error":"States.ExceedToleratedFailureThreshold","Cause":"The specified tolerated failure threshold was exceeded"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var b *bench
			b = newBench(t, map[string]HandlerFunc{"f": slowly(func() Clock { return b.clock })})
			r, x := b.run(definition(c.more), c.input)
			require.Equal(t, c.wantError, r.Error)
			if c.want != "" {
				require.Equal(t, c.want, string(r.Output))
			}
			children := b.Executions()[1:]
			require.True(t, len(children) > 0 || c.wantError == errorRuntime)
			for _, child := range children {
				require.NotEqual(t, StatusRunning, child.Status())
				require.Contains(t, child.ARN(), "execution:machine/L:")
			}
			require.NotContains(t, kinds(x.History()), "TaskStateEntered", "the children have their own histories")
		})
	}
}

func TestAFailedBranchAbortsItsSiblings(t *testing.T) {
	var b *bench
	b = newBench(t, map[string]HandlerFunc{"f": slowly(func() Clock { return b.clock })})
	r, x := b.run(single(`{"Type":"Parallel","End":true,"Branches":[
		{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"`+functionARN+`f","InputPath":"$[0]","End":true}}},
		{"StartAt":"B","States":{"B":{"Type":"Task","Resource":"`+functionARN+`f","InputPath":"$[1]","End":true}}},
		{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":50,"End":true}}}}}}]}`),
		`[30,-2]`)
	require.Equal(t, "E", r.Error)
	require.Equal(t, 2*time.Second, b.elapsed())
	all := kinds(x.History())
	require.Equal(t, []string{"LambdaFunctionFailed", "TaskStateAborted", "WaitStateAborted", "MapIterationAborted", "WaitStateAborted",
		"MapIterationAborted", "MapStateAborted", "ParallelStateFailed", "ExecutionFailed"}, all[len(all)-9:])
}

func TestARetriedParallel(t *testing.T) {
	b := newBench(t, map[string]HandlerFunc{"f": inTurn(fails("E", ""), gives(`"ok"`))})
	r, _ := b.run(single(`{"Type":"Parallel","End":true,"Retry":[{"ErrorEquals":["E"],"IntervalSeconds":7}],"Branches":[
		{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"`+functionARN+`f","End":true}}}]}`), `{}`)
	require.Equal(t, `["ok"]`, string(r.Output), r.Error)
	require.Equal(t, 7*time.Second, b.elapsed())
}

func TestTheSameMachineGivesTheSameHistoryEachTime(t *testing.T) {
	definition := single(`{"Type":"Map","End":true,"MaxConcurrency":7,"ItemProcessor":{"StartAt":"T","States":{
		"T":{"Type":"Task","Resource":"` + functionARN + `f","Parameters":{"v.$":"$","id.$":"States.UUID()","r.$":"States.MathRandom(0, 1000)"},
		"Retry":[{"ErrorEquals":["E"],"JitterStrategy":"FULL"}],"Next":"U"},
		"U":{"Type":"Task","Resource":"` + functionARN + `f","Parameters":{"v":2},"End":true}}}}`)
	var first []byte
	for range 5 {
		var b *bench
		b = newBench(t, map[string]HandlerFunc{"f": func(ctx context.Context, task Task) (json.RawMessage, error) {
			var in struct{ V int }
			if err := json.Unmarshal(task.Input, &in); err != nil {
				return nil, err
			}
			if in.V%5 == 0 && task.Retry == 0 {
				return nil, &TaskError{"E", ""}
			}
			return task.Input, b.clock.Sleep(ctx, time.Duration(in.V%3)*time.Second)
		}})
		r, x := b.run(definition, numbers(30))
		require.Equal(t, StatusSucceeded, r.Status, r.Error)
		text, err := json.Marshal(x.History())
		require.NoError(t, err)
		if first == nil {
			first = text
		}
		require.Equal(t, string(first), string(text))
	}
}

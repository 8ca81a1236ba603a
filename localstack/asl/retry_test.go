package asl

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// retried runs a Task that always fails and tells when its tries began, in seconds.
func retried(t *testing.T, retry, errorName string) ([]float64, Result) {
	t.Helper()
	var b *bench
	var mu sync.Mutex
	var tries []float64
	b = newBench(t, map[string]HandlerFunc{"f": func(context.Context, Task) (json.RawMessage, error) {
		mu.Lock()
		tries = append(tries, b.elapsed().Seconds())
		mu.Unlock()
		return nil, &TaskError{errorName, ""}
	}})
	r, _ := b.run(single(`{"Type":"Task","Resource":"`+functionARN+`f","Retry":[`+retry+`],"End":true}`), `{}`)
	return tries, r
}

func TestRetries(t *testing.T) {
	for name, c := range map[string]struct {
		retry string
		want  []float64
	}{
		"three times with doubling pauses by default": {`{"ErrorEquals":["E"]}`, []float64{0, 1, 3, 7}},
		"never":                               {`{"ErrorEquals":["E"],"MaxAttempts":0}`, []float64{0}},
		"with its own numbers":                {`{"ErrorEquals":["E"],"IntervalSeconds":4,"BackoffRate":1.5,"MaxAttempts":2}`, []float64{0, 4, 10}},
		"with a greatest pause":               {`{"ErrorEquals":["E"],"IntervalSeconds":2,"BackoffRate":10,"MaxDelaySeconds":5,"MaxAttempts":3}`, []float64{0, 2, 7, 12}},
		"by States.ALL":                       {`{"ErrorEquals":["States.ALL"],"MaxAttempts":1}`, []float64{0, 1}},
		"by States.TaskFailed":                {`{"ErrorEquals":["States.TaskFailed"],"MaxAttempts":1}`, []float64{0, 1}},
		"not for another error":               {`{"ErrorEquals":["F"]}`, []float64{0}},
		"the first retrier that fits decides": {`{"ErrorEquals":["F"]},{"ErrorEquals":["E"],"MaxAttempts":1},{"ErrorEquals":["States.ALL"],"MaxAttempts":5}`, []float64{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			tries, r := retried(t, c.retry, "E")
			require.Equal(t, c.want, tries)
			require.Equal(t, "E", r.Error)
		})
	}
}

func TestFullJitterDrawsFromThePause(t *testing.T) {
	tries, _ := retried(t, `{"ErrorEquals":["E"],"IntervalSeconds":100,"BackoffRate":1,"MaxAttempts":20,"JitterStrategy":"FULL"}`, "E")
	require.Len(t, tries, 21)
	different := map[float64]bool{}
	for i := 1; i < len(tries); i++ {
		pause := tries[i] - tries[i-1]
		require.GreaterOrEqual(t, pause, 0.0)
		require.Less(t, pause, 100.0)
		different[pause] = true
	}
	require.Greater(t, len(different), 15)
	again, _ := retried(t, `{"ErrorEquals":["E"],"IntervalSeconds":100,"BackoffRate":1,"MaxAttempts":20,"JitterStrategy":"FULL"}`, "E")
	require.Equal(t, tries, again, "the same chance gives the same pauses")
}

func TestWhatIsCaught(t *testing.T) {
	for name, c := range map[string]struct {
		raised, catch string
		want          bool
	}{
		"an error by its name":                         {"E", `["E"]`, true},
		"one of several names":                         {"E", `["D","E"]`, true},
		"another error":                                {"E", `["F"]`, false},
		"a name in another case":                       {"E", `["e"]`, false},
		"any error":                                    {"E", `["States.ALL"]`, true},
		"an error without a name":                      {"", `["States.ALL"]`, true},
		"any task's error":                             {"E", `["States.TaskFailed"]`, true},
		"a timeout is no failed task":                  {"States.Timeout", `["States.TaskFailed"]`, false},
		"a lost heartbeat is no failed task":           {"States.HeartbeatTimeout", `["States.TaskFailed"]`, false},
		"a timeout":                                    {"States.Timeout", `["States.Timeout"]`, true},
		"a lost heartbeat is a timeout":                {"States.HeartbeatTimeout", `["States.Timeout"]`, true},
		"a timeout is no lost heartbeat":               {"States.Timeout", `["States.HeartbeatTimeout"]`, false},
		"a timeout is any error":                       {"States.Timeout", `["States.ALL"]`, true},
		"missing permissions":                          {"States.Permissions", `["States.ALL"]`, true},
		"States.Runtime never, not even by name":       {"States.Runtime", `["States.Runtime"]`, false},
		"States.Runtime not as any error":              {"States.Runtime", `["States.ALL"]`, false},
		"States.DataLimitExceeded not as any error":    {"States.DataLimitExceeded", `["States.ALL"]`, false},
		"States.DataLimitExceeded not as failed tasks": {"States.DataLimitExceeded", `["States.TaskFailed"]`, false},
		"States.DataLimitExceeded by name":             {"States.DataLimitExceeded", `["States.DataLimitExceeded"]`, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, map[string]HandlerFunc{"f": fails(c.raised, "why")})
			r, x := b.run(`{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"`+functionARN+`f","End":true,
				"OutputPath":"$.unused","Catch":[{"ErrorEquals":`+c.catch+`,"ResultPath":"$.e","Next":"Caught"}]},
				"Caught":{"Type":"Succeed"}}}`, `{"i":1}`)
			if c.want {
				require.Equal(t, StatusSucceeded, r.Status, r.Cause)
				require.JSONEq(t, `{"i":1,"e":{"Error":"`+c.raised+`","Cause":"why"}}`, string(r.Output))
				require.Equal(t, []string{"ExecutionStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted",
					"LambdaFunctionFailed", "TaskStateExited", "SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded"},
					kinds(x.History()))
				return
			}
			require.Equal(t, StatusFailed, r.Status)
			require.Equal(t, c.raised, r.Error)
		})
	}
}

func TestRetryComesBeforeCatch(t *testing.T) {
	b := newBench(t, map[string]HandlerFunc{"f": fails("E", "C")})
	r, _ := b.run(`{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"`+functionARN+`f","End":true,
		"Retry":[{"ErrorEquals":["E"],"MaxAttempts":2}],"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Caught"}]},
		"Caught":{"Type":"Succeed"}}}`, `{}`)
	require.Equal(t, `{"Error":"E","Cause":"C"}`, string(r.Output))
	require.Len(t, b.called(), 3)
	require.Equal(t, 2, b.called()[2].Retry)
	require.Equal(t, 3*time.Second, b.elapsed())
}

func TestAnUnknownPathIsNotCaught(t *testing.T) {
	b := newBench(t, map[string]HandlerFunc{"f": echo})
	r, x := b.run(`{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"`+functionARN+`f","Parameters":{"a.$":"$.x"},"End":true,
		"Retry":[{"ErrorEquals":["States.ALL"]}],"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Caught"}]},
		"Caught":{"Type":"Succeed"}}}`, `{}`)
	require.Equal(t, errorRuntime, r.Error)
	require.Equal(t, []string{"ExecutionStarted", "TaskStateEntered", "ExecutionFailed"}, kinds(x.History()))
}

func TestAResultThatIsTooLargeIsCaughtAsAnyError(t *testing.T) {
	b := newBench(t, map[string]HandlerFunc{"f": gives(`"` + strings.Repeat("x", maxPayload) + `"`)})
	r, _ := b.run(`{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"`+functionARN+`f","End":true,
		"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Caught"}]},"Caught":{"Type":"Pass","OutputPath":"$.Error","End":true}}}`, `{}`)
	require.Equal(t, `"States.DataLimitExceeded"`, string(r.Output))
}

type unusual struct{}

func (*unusual) Error() string { return "quite" }

func TestHowErrorsOfHandlersAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		resource, parameters string
		err                  error
		wantError, wantCause string
	}{
		"a function's named error":      {functionARN + "f", `{}`, &TaskError{"E", "C"}, "E", "C"},
		"a function's wrapped error":    {functionARN + "f", `{}`, errors.Join(errors.New("x"), &TaskError{"E", "C"}), "E", "C"},
		"a function's own type":         {functionARN + "f", `{}`, &unusual{}, "unusual", `{"errorMessage":"quite","errorType":"unusual"}`},
		"a function's plain error":      {"arn:aws:states:::lambda:invoke", `{"FunctionName":"f"}`, errors.New("no"), "errorString", `{"errorMessage":"no","errorType":"errorString"}`},
		"another service's error":       {"arn:aws:states:::ecs:runTask.sync", `{}`, errors.New("no"), "States.TaskFailed", "no"},
		"another service's named error": {"arn:aws:states:::ecs:runTask.sync", `{}`, &TaskError{"AmazonECS.Unknown", "C"}, "AmazonECS.Unknown", "C"},
	} {
		t.Run(name, func(t *testing.T) {
			f := func(context.Context, Task) (json.RawMessage, error) { return nil, c.err }
			b := newBench(t, map[string]HandlerFunc{"f": f, "arn:aws:states:::ecs:runTask.sync": f})
			r, _ := b.run(single(`{"Type":"Task","Resource":"`+c.resource+`","Parameters":`+c.parameters+`,"End":true}`), `{}`)
			require.Equal(t, c.wantError, r.Error)
			require.Equal(t, c.wantCause, r.Cause)
		})
	}
}

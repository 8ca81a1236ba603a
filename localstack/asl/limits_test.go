package asl

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Two of these together are more than a payload may be.
var half = `"` + strings.Repeat("x", maxPayload*2/3) + `"`

func TestPayloadsThatAreTooLarge(t *testing.T) {
	doubled := `{"a.$":"$","b.$":"$"}`
	for name, c := range map[string]struct {
		state string
		last  string // the event before the end
		input string // half if empty
	}{
		"the output of a Pass":        {`{"Type":"Pass","Parameters":` + doubled + `,"End":true}`, "PassStateEntered", ""},
		"what a Task is given":        {`{"Type":"Task","Resource":"` + functionARN + `f","Parameters":` + doubled + `,"End":true}`, "TaskStateEntered", ""},
		"what a Task leaves behind":   {`{"Type":"Task","Resource":"` + functionARN + `f","ResultSelector":` + doubled + `,"End":true}`, "LambdaFunctionSucceeded", ""},
		"what a Parallel is given":    {`{"Type":"Parallel","Parameters":` + doubled + `,"Branches":[{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}],"End":true}`, "ParallelStateEntered", ""},
		"what its branches give":      {`{"Type":"Parallel","Branches":[{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}},{"StartAt":"Q","States":{"Q":{"Type":"Pass","End":true}}}],"End":true}`, "ParallelStateSucceeded", ""},
		"what an iteration is given":  {`{"Type":"Map","ItemsPath":"$.l","ItemSelector":` + doubled + `,"ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}},"End":true}`, "MapStateStarted", `{"l":[1],"v":` + half + `}`},
		"what a variable is assigned": {`{"Type":"Pass","Assign":` + doubled + `,"ResultPath":null,"End":true}`, "PassStateEntered", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if c.input == "" {
				c.input = half
			}
			b := newBench(t, map[string]HandlerFunc{"f": echo})
			r, x := b.run(single(c.state), c.input)
			require.Equal(t, errorDataLimit, r.Error)
			require.Equal(t, "The state/task 'S' returned a result with a size exceeding the maximum number of bytes service limit.", r.Cause)
			all := kinds(x.History())
			require.Equal(t, []string{c.last, "ExecutionFailed"}, all[len(all)-2:])
		})
	}
}

func TestResultsOfADistributedMapThatAreTooLarge(t *testing.T) {
	definition := `{"StartAt":"M","States":{"M":{"Type":"Map","ItemSelector":{},"End":true,"ItemProcessor":{
		"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"T","States":{
		"T":{"Type":"Task","Resource":"` + functionARN + `f","End":true}}}}}}`
	b := newBench(t, map[string]HandlerFunc{"f": gives(half)})
	r, x := b.run(definition, `[1,2]`)
	require.Equal(t, errorDataLimit, r.Error)
	history := x.History()
	require.Equal(t, "ExecutionFailed", history[len(history)-1].Type)
	second := newBench(t, nil)
	resumed, err := second.Resume(t.Context(), second.parse(definition), history[:len(history)-1])
	require.NoError(t, err)
	require.Equal(t, r, second.wait(resumed), "the history does not hold the results, but that they were too large")
	require.Empty(t, second.called())
}

func TestAnExpressExecution(t *testing.T) {
	b := newBench(t, nil)
	x, err := b.Start(t.Context(), StartInput{Machine: b.parse(single(`{"Type":"Pass","Parameters":{"c.$":"$$.Execution"},"End":true}`)),
		StateMachine: "m", Name: "n", Express: true, RoleARN: "arn:aws:iam::1:role/r"})
	require.NoError(t, err)
	require.Equal(t, "n", x.Name())
	require.Regexp(t, `^arn:aws:states:us-east-1:123456789012:express:m:n:.+$`, x.ARN())
	r := b.wait(x)
	var out struct{ C map[string]any }
	require.NoError(t, json.Unmarshal(r.Output, &out))
	require.NotContains(t, out.C, "RedriveCount")
	require.Equal(t, "arn:aws:iam::1:role/r", out.C["RoleArn"])
	second := newBench(t, nil)
	resumed, err := second.Resume(t.Context(), second.parse(single(`{"Type":"Pass","Parameters":{"c.$":"$$.Execution"},"End":true}`)), x.History()[:2])
	require.NoError(t, err)
	require.Equal(t, x.ARN(), resumed.ARN())
	require.Equal(t, r, second.wait(resumed))
	require.Equal(t, "S", x.History()[1].StateName())
	require.Empty(t, x.History()[0].StateName())
}

package asl

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestInputAndOutputOfStates(t *testing.T) {
	task := func(more string) string {
		return single(`{"Type":"Task","Resource":"` + functionARN + `echo","End":true` + more + `}`)
	}
	for name, c := range map[string]struct{ definition, input, want string }{
		"Pass hands its input on":                        {single(`{"Type":"Pass","End":true}`), `{"a":1}`, `{"a":1}`},
		"Pass gives its Result":                          {single(`{"Type":"Pass","Result":{"b.$":"$.a"},"End":true}`), `{"a":1}`, `{"b.$":"$.a"}`},
		"Pass gives null":                                {single(`{"Type":"Pass","Result":null,"End":true}`), `{"a":1}`, `null`},
		"Pass shapes with Parameters":                    {single(`{"Type":"Pass","Parameters":{"b.$":"$.a"},"End":true}`), `{"a":1}`, `{"b":1}`},
		"InputPath selects":                              {single(`{"Type":"Pass","InputPath":"$.a","End":true}`), `{"a":1}`, `1`},
		"InputPath null gives an empty object":           {single(`{"Type":"Pass","InputPath":null,"End":true}`), `{"a":1}`, `{}`},
		"OutputPath selects":                             {single(`{"Type":"Pass","OutputPath":"$.a","End":true}`), `{"a":1}`, `1`},
		"OutputPath null gives an empty object":          {single(`{"Type":"Pass","OutputPath":null,"End":true}`), `{"a":1}`, `{}`},
		"ResultPath puts the result into the raw input":  {single(`{"Type":"Pass","InputPath":"$.a","Result":2,"ResultPath":"$.r","End":true}`), `{"a":{"x":1}}`, `{"a":{"x":1},"r":2}`},
		"ResultPath null drops the result":               {single(`{"Type":"Pass","Result":2,"ResultPath":null,"End":true}`), `{"a":1}`, `{"a":1}`},
		"OutputPath follows ResultPath":                  {single(`{"Type":"Pass","Result":2,"ResultPath":"$.r","OutputPath":"$.r","End":true}`), `{"a":1}`, `2`},
		"a Task gets its Parameters":                     {task(`,"Parameters":{"x.$":"$.a","y":[1]}`), `{"a":1}`, `{"x":1,"y":[1]}`},
		"ResultSelector shapes the result":               {task(`,"ResultSelector":{"n.$":"$.a","s.$":"$$.State.Name"},"ResultPath":"$.r"`), `{"a":1}`, `{"a":1,"r":{"n":1,"s":"S"}}`},
		"all five in their order":                        {task(`,"InputPath":"$.in","Parameters":{"p.$":"$.a"},"ResultSelector":{"q.$":"$.p"},"ResultPath":"$.out","OutputPath":"$.out.q"`), `{"in":{"a":7}}`, `7`},
		"Succeed filters":                                {single(`{"Type":"Succeed","InputPath":"$.a","OutputPath":"$.b"}`), `{"a":{"b":2}}`, `2`},
		"Wait filters":                                   {single(`{"Type":"Wait","Seconds":1,"InputPath":"$.a","OutputPath":"$.b","End":true}`), `{"a":{"b":2}}`, `2`},
		"numbers keep their digits":                      {single(`{"Type":"Pass","End":true}`), `[1.0,1e400,123456789012345678901234567890]`, `[1.0,1e400,123456789012345678901234567890]`},
		"members keep their order":                       {single(`{"Type":"Pass","Result":9,"ResultPath":"$.b","End":true}`), `{"z":1,"b":2,"a":3}`, `{"z":1,"b":9,"a":3}`},
		"Parallel gives a list in the order of branches": {single(`{"Type":"Parallel","End":true,"Parameters":{"p.$":"$.a"},"Branches":[{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":9,"OutputPath":"$.p","End":true}}},{"StartAt":"B","States":{"B":{"Type":"Pass","End":true}}}],"ResultSelector":{"l.$":"$"}}`), `{"a":1}`, `{"l":[1,{"p":1}]}`},
		"Map gives a list in the order of items":         {single(`{"Type":"Map","ItemsPath":"$.l","ItemSelector":{"v.$":"$$.Map.Item.Value","i.$":"$$.Map.Item.Index","k.$":"$.k"},"ItemProcessor":{"StartAt":"W","States":{"W":{"Type":"Wait","SecondsPath":"$.v","OutputPath":"$.i","End":true}}},"ResultPath":"$.r","End":true}`), `{"l":[5,1],"k":0}`, `{"l":[5,1],"k":0,"r":[0,1]}`},
		"Map over nothing":                               {single(`{"Type":"Map","ItemProcessor":{"StartAt":"W","States":{"W":{"Type":"Pass","End":true}}},"End":true}`), `[]`, `[]`},
		"Map shows its item in the context object":       {single(`{"Type":"Map","ItemProcessor":{"StartAt":"W","States":{"W":{"Type":"Pass","Parameters":{"m.$":"$$.Map.Item"},"End":true}}},"End":true}`), `["x"]`, `[{"m":{"Index":0,"Value":"x"}}]`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, map[string]HandlerFunc{"echo": echo})
			r, _ := b.run(c.definition, c.input)
			require.Equal(t, StatusSucceeded, r.Status, "%s: %s", r.Error, r.Cause)
			require.Equal(t, c.want, string(r.Output))
		})
	}
}

func TestStatesThatFail(t *testing.T) {
	const at = "An error occurred while executing the state 'S' (entered at the event id #2). "
	task := func(more string) string {
		return single(`{"Type":"Task","Resource":"` + functionARN + `echo","End":true` + more + `}`)
	}
	for name, c := range map[string]struct{ definition, input, wantError, wantCause string }{
		"Fail with words":                {single(`{"Type":"Fail","Error":"E","Cause":"C"}`), `{}`, "E", "C"},
		"Fail without words":             {single(`{"Type":"Fail"}`), `{}`, "", ""},
		"Fail with paths":                {single(`{"Type":"Fail","ErrorPath":"$.e","CausePath":"States.Format('{}!', $.c)"}`), `{"e":"E","c":"C"}`, "E", "C!"},
		"Fail with a path to nothing":    {single(`{"Type":"Fail","ErrorPath":"$.e"}`), `{}`, errorRuntime, at + "The JSONPath '$.e' specified for the field 'ErrorPath' could not be found in the input '{}'"},
		"Fail with a path to a number":   {single(`{"Type":"Fail","CausePath":"$.c"}`), `{"c":1}`, errorRuntime, at + "The CausePath field must give a string, not a number."},
		"InputPath to nothing":           {single(`{"Type":"Pass","InputPath":"$.x","End":true}`), `{}`, errorRuntime, at + "Invalid path '$.x' : No results for path: $['x']"},
		"Parameters with a path too far": {task(`,"Parameters":{"a":{"b.$":"$.x"}}`), `{"y":1}`, errorRuntime, at + `The JSONPath '$.x' specified for the field 'b.$' could not be found in the input '{"y":1}'`},
		"Parameters with a bad call":     {task(`,"Parameters":{"b.$":"States.ArrayLength($.y)"}`), `{"y":1}`, errorRuntime, at + "The function 'States.ArrayLength($.y)' had the following error: argument 1 must be an array, not a number"},
		"an unassigned variable":         {single(`{"Type":"Pass","Parameters":{"b.$":"$v"},"End":true}`), `{}`, errorRuntime, at + "The JSONPath '$v' specified for the field 'b.$' could not be found in the input ''"},
		"ResultSelector to nothing":      {task(`,"ResultSelector":{"b.$":"$.x"}`), `{}`, errorRuntime, ""},
		"ResultPath into a text":         {single(`{"Type":"Pass","ResultPath":"$.x","End":true}`), `"text"`, errorResultPath, at + `Unable to apply ResultPath '$.x' to the input '"text"'.`},
		"ItemsPath to an object":         {single(`{"Type":"Map","ItemsPath":"$.l","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}},"End":true}`), `{"l":{}}`, errorRuntime, at + `Reference path "$.l" must point to array.`},
		"negative seconds":               {single(`{"Type":"Wait","SecondsPath":"$.s","End":true}`), `{"s":-1}`, errorRuntime, at + "The SecondsPath parameter references a negative value: $.s == -1"},
		"seconds that are text":          {single(`{"Type":"Wait","SecondsPath":"$.s","End":true}`), `{"s":"soon"}`, errorRuntime, at + "The SecondsPath parameter cannot be parsed as a long value: $.s == soon"},
		"seconds beyond all measure":     {single(`{"Type":"Wait","SecondsPath":"$.s","End":true}`), `{"s":2147483648}`, errorRuntime, at + "The SecondsPath parameter references a value larger than the maximum of 2147483647: $.s == 2147483648"},
		"seconds that are missing":       {single(`{"Type":"Wait","SecondsPath":"$.s","End":true}`), `{}`, errorRuntime, at + "The SecondsPath parameter does not reference an input value: $.s"},
		"a timestamp that is a number":   {single(`{"Type":"Wait","TimestampPath":"$.s","End":true}`), `{"s":5}`, errorRuntime, at + "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: $.s == 5"},
		"a timeout of nothing":           {task(`,"TimeoutSecondsPath":"$.s"`), `{"s":0}`, errorRuntime, at + "The TimeoutSecondsPath parameter must be greater than zero: $.s == 0"},
		"concurrency below zero":         {single(`{"Type":"Map","ItemsPath":"$.l","MaxConcurrencyPath":"$.c","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}},"End":true}`), `{"l":[],"c":-1}`, errorRuntime, at + "Expected non-negative integer for MaxConcurrency, got '-1' instead."},
		"concurrency that is no number":  {single(`{"Type":"Map","ItemsPath":"$.l","MaxConcurrencyPath":"$.c","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}},"End":true}`), `{"l":[],"c":[1]}`, errorRuntime, at + `The MaxConcurrencyPath field refers to value "[1]" which is not a valid integer: $.c`},
		"an unknown error in a branch":   {single(`{"Type":"Parallel","End":true,"Branches":[{"StartAt":"B","States":{"B":{"Type":"Fail","Error":"E","Cause":"C"}}}]}`), `{}`, "E", "C"},
		"a result that is too large":     {single(`{"Type":"Pass","Parameters":{"a.$":"States.Array($, $, $)"},"End":true}`), `"` + strings.Repeat("x", 100_000) + `"`, errorDataLimit, "The state/task 'S' returned a result with a size exceeding the maximum number of bytes service limit."},
		"a variable that is too large":   {single(`{"Type":"Pass","Result":1,"Assign":{"a.$":"States.Array($$.Execution.Input, $$.Execution.Input, $$.Execution.Input)"},"End":true}`), `"` + strings.Repeat("x", 100_000) + `"`, errorDataLimit, "The state/task 'S' returned a result with a size exceeding the maximum number of bytes service limit."},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, map[string]HandlerFunc{"echo": echo})
			r, x := b.run(c.definition, c.input)
			require.Equal(t, StatusFailed, r.Status)
			require.Equal(t, c.wantError, r.Error)
			if c.wantCause != "" || c.wantError == "" {
				require.Equal(t, c.wantCause, r.Cause)
			}
			require.Equal(t, "ExecutionFailed", kinds(x.History())[len(x.History())-1])
		})
	}
}

func TestWaiting(t *testing.T) {
	for name, c := range map[string]struct {
		wait, input string
		want        time.Duration
	}{
		"seconds":                        {`"Seconds":90`, `{}`, 90 * time.Second},
		"no seconds":                     {`"Seconds":0`, `{}`, 0},
		"seconds by path":                {`"SecondsPath":"$.s"`, `{"s":5}`, 5 * time.Second},
		"seconds by path, as text":       {`"SecondsPath":"$.s"`, `{"s":"7"}`, 7 * time.Second},
		"68 years":                       {`"Seconds":2147483647`, `{}`, 2147483647 * time.Second},
		"until a moment":                 {`"Timestamp":"2030-01-02T04:04:05+01:00"`, `{}`, 0},
		"until a moment that is to come": {`"Timestamp":"2030-01-02T03:04:06.5Z"`, `{}`, 1500 * time.Millisecond},
		"until a moment that is past":    {`"Timestamp":"1999-01-01T00:00:00Z"`, `{}`, 0},
		"until a moment by path":         {`"TimestampPath":"$.t"`, `{"t":"2030-01-03T03:04:05Z"}`, 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			r, _ := b.run(single(`{"Type":"Wait",`+c.wait+`,"End":true}`), c.input)
			require.Equal(t, StatusSucceeded, r.Status, r.Cause)
			require.Equal(t, c.want, b.elapsed())
		})
	}
}

func TestVariables(t *testing.T) {
	t.Run("all of an Assign is evaluated before any of it is set", func(t *testing.T) {
		b := newBench(t, nil)
		r, _ := b.run(`{"StartAt":"A","States":{
			"A":{"Type":"Pass","Assign":{"x":1,"y":2},"Next":"B"},
			"B":{"Type":"Pass","Assign":{"x.$":"$y","y.$":"$x"},"Next":"C"},
			"C":{"Type":"Pass","Parameters":{"x.$":"$x","y.$":"$y"},"End":true}}}`, `{}`)
		require.Equal(t, `{"x":2,"y":1}`, string(r.Output))
	})
	t.Run("in a Task, $ is the raw result", func(t *testing.T) {
		b := newBench(t, map[string]HandlerFunc{"f": gives(`{"a":{"b":5}}`)})
		r, _ := b.run(`{"StartAt":"A","States":{
			"A":{"Type":"Task","Resource":"`+functionARN+`f","ResultSelector":{"z":0},"ResultPath":"$.z","Assign":{"v.$":"$.a.b"},"Next":"C"},
			"C":{"Type":"Pass","Parameters":{"v.$":"$v","in.$":"$"},"End":true}}}`, `{}`)
		require.Equal(t, `{"v":5,"in":{"z":{"z":0}}}`, string(r.Output))
	})
	t.Run("in a Catch, $ is the error", func(t *testing.T) {
		b := newBench(t, map[string]HandlerFunc{"f": fails("E", "C")})
		r, _ := b.run(`{"StartAt":"A","States":{
			"A":{"Type":"Task","Resource":"`+functionARN+`f","Catch":[{"ErrorEquals":["E"],"ResultPath":null,"Assign":{"v.$":"$.Error","w.$":"$.Cause"},"Next":"C"}],"Next":"C"},
			"C":{"Type":"Pass","Parameters":{"v.$":"$v","w.$":"$w","in.$":"$"},"End":true}}}`, `{"i":1}`)
		require.Equal(t, `{"v":"E","w":"C","in":{"i":1}}`, string(r.Output))
	})
	t.Run("iterations read the outer scope and keep their own", func(t *testing.T) {
		b := newBench(t, nil)
		r, _ := b.run(`{"StartAt":"A","States":{
			"A":{"Type":"Pass","Assign":{"outer":"o"},"Next":"M"},
			"M":{"Type":"Map","ItemProcessor":{"StartAt":"I","States":{
				"I":{"Type":"Pass","Assign":{"own.$":"$"},"Next":"W"},
				"W":{"Type":"Wait","Seconds":1,"Next":"J"},
				"J":{"Type":"Pass","Parameters":{"own.$":"$own","outer.$":"$outer"},"End":true}}},
				"Assign":{"all.$":"$[*].own"},"Next":"Z"},
			"Z":{"Type":"Pass","Parameters":{"all.$":"$all"},"End":true}}}`, `[1,2]`)
		require.Equal(t, `{"all":[1,2]}`, string(r.Output), r.Cause)
	})
	t.Run("what an iteration assigned is gone after it", func(t *testing.T) {
		b := newBench(t, nil)
		r, _ := b.run(`{"StartAt":"M","States":{
			"M":{"Type":"Map","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","Assign":{"own":1},"End":true}}},"Next":"Z"},
			"Z":{"Type":"Pass","Parameters":{"own.$":"$own"},"End":true}}}`, `[1]`)
		require.Equal(t, errorRuntime, r.Error)
	})
	t.Run("a second try of a Parallel begins without them", func(t *testing.T) {
		b := newBench(t, map[string]HandlerFunc{"f": inTurn(fails("E", ""), gives(`1`))})
		r, _ := b.run(single(`{"Type":"Parallel","End":true,"Retry":[{"ErrorEquals":["E"]}],"Branches":[{"StartAt":"C","States":{
			"C":{"Type":"Choice","Choices":[{"Variable":"$seen","IsPresent":true,"Next":"Bad"}],"Default":"P"},
			"P":{"Type":"Pass","Assign":{"seen":true},"Next":"T"},
			"T":{"Type":"Task","Resource":"`+functionARN+`f","End":true},
			"Bad":{"Type":"Fail","Error":"Seen"}}}]}`), `{}`)
		require.Equal(t, StatusSucceeded, r.Status, r.Error)
	})
}

func TestTheContextObjectIsACopyOfItsMoment(t *testing.T) {
	b := newBench(t, map[string]HandlerFunc{"f": inTurn(fails("E", ""), echo)})
	r, _ := b.run(single(`{"Type":"Task","Resource":"`+functionARN+`f","Parameters":{"c.$":"$$"},"Retry":[{"ErrorEquals":["E"]}],"End":true}`), `{"i":1}`)
	require.Equal(t, StatusSucceeded, r.Status, r.Cause)
	require.Equal(t, `{"c":{"Execution":{"Id":"arn:aws:states:us-east-1:123456789012:execution:machine:run","Input":{"i":1},`+
		`"StartTime":"2030-01-02T03:04:05.000Z","Name":"run","RoleArn":"arn:aws:iam::123456789012:role/states","RedriveCount":0},`+
		`"StateMachine":{"Id":"arn:aws:states:us-east-1:123456789012:stateMachine:machine","Name":"machine"},`+
		`"State":{"Name":"S","EnteredTime":"2030-01-02T03:04:05.000Z","RetryCount":1}}}`, string(r.Output))
	require.Contains(t, string(b.called()[0].Input), `"RetryCount":0`)
}

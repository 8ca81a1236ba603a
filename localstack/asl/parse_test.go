package asl

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestMistakesInADefinition(t *testing.T) {
	task := func(more string) string {
		return single(`{"Type":"Task","Resource":"` + functionARN + `f","End":true` + more + `}`)
	}
	mapOf := func(more string) string {
		return single(`{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}}` + more + `}`)
	}
	pass := `{"Type":"Pass","End":true}`
	for name, c := range map[string]struct{ definition, want string }{
		"no JSON":                         {`{"StartAt":`, "1:12: unexpected end"},
		"no object":                       {`[]`, "1:1: a state machine is a JSON object, not an array"},
		"no states":                       {`{"StartAt":"A"}`, "1:1: /States: States must be an object"},
		"no start":                        {`{"States":{"S":` + pass + `}}`, "StartAt is missing"},
		"a start that does not exist":     {`{"StartAt":"Sta","States":{"Star":` + pass + `}}`, `/StartAt: there is no state "Sta" here; did you mean "Star"?`},
		"an unknown field of the machine": {`{"StartAt":"S","Timeout":1,"States":{"S":` + pass + `}}`, `/Timeout: a state machine has no field "Timeout"`},
		"an unknown field with a suggestion": {single(`{"Type":"Pass","Resutl":1,"End":true}`),
			`/States/S/Resutl: a Pass state has no field "Resutl"; did you mean "Result"?`},
		"a field of another type of state": {single(`{"Type":"Wait","Seconds":1,"Result":1,"End":true}`), `a Wait state has no field "Result"`},
		"a field twice":                    {single(`{"Type":"Pass","End":true,"End":true}`), "/States/S/End: the field appears twice"},
		"an unknown type":                  {single(`{"Type":"Taks","End":true}`), `there is no state type "Taks"; did you mean "Task"?`},
		"no type":                          {single(`{"End":true}`), "/States/S: Type is missing"},
		"a state that is no object":        {single(`1`), "a state is an object, not a number"},
		"neither Next nor End":             {single(`{"Type":"Pass"}`), "a Pass state needs Next or End"},
		"Next and End":                     {single(`{"Type":"Pass","Next":"S","End":true}`), "Next and End exclude each other"},
		"End that is not true":             {single(`{"Type":"Pass","End":false}`), "End must be true"},
		"a missing target":                 {single(`{"Type":"Pass","Next":"T"}`), `/States/S/Next: there is no state "T" here`},
		"a target in another workflow":     {mapOf(`,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"I"}]`), `/Catch/0/Next: there is no state "I" here`},
		"a state nothing leads to":         {`{"StartAt":"A","States":{"A":` + pass + `,"B":` + pass + `}}`, `/States/B: nothing leads to the state "B"`},
		"a name used twice":                {mapOf("")[:len(mapOf(""))-2] + `,"I":` + pass + `}}`, `the name "I" is already used at /States/S/ItemProcessor/States/I`},
		"a name that is too long":          {`{"StartAt":"A","States":{"` + strings.Repeat("n", 81) + `":` + pass + `}}`, "1 to 80 characters"},
		"JSONata for the machine":          {`{"QueryLanguage":"JSONata","StartAt":"S","States":{"S":` + pass + `}}`, "/QueryLanguage: JSONata is not supported"},
		"JSONata for a state":              {single(`{"Type":"Pass","QueryLanguage":"JSONata","Output":"{% 1 %}","End":true}`), "Output belongs to JSONata"},
		"a JSONata condition":              {single(`{"Type":"Choice","Choices":[{"Condition":"{% true %}","Next":"S"}]}`), "Condition belongs to JSONata"},
		"a bad InputPath":                  {single(`{"Type":"Pass","InputPath":"$.","End":true}`), "/States/S/InputPath: invalid path"},
		"a ResultPath with a wildcard":     {single(`{"Type":"Pass","ResultPath":"$.a[*]","End":true}`), "is not a reference path"},
		"a ResultPath in a variable":       {single(`{"Type":"Pass","ResultPath":"$v","End":true}`), "it begins with $ alone"},
		"Parameters that are no object":    {single(`{"Type":"Pass","Parameters":[],"End":true}`), "Parameters must be an object, not an array"},
		"a .$ field without an expression": {single(`{"Type":"Pass","Parameters":{"a.$":"x"},"End":true}`), `/States/S/Parameters/a.$: "x" is neither a path`},
		"a .$ field that is no string":     {single(`{"Type":"Pass","Parameters":{"a.$":1},"End":true}`), "holds a path or an intrinsic function as a string, not a number"},
		"a field with and without .$":      {single(`{"Type":"Pass","Parameters":{"a":1,"a.$":"$"},"End":true}`), "are the same field"},
		"an unknown function":              {single(`{"Type":"Pass","Parameters":{"a.$":"States.Nope()"},"End":true}`), "is not an intrinsic function"},
		"a bad variable name":              {single(`{"Type":"Pass","Assign":{"1a":1},"End":true}`), `"1a" is not a variable's name`},
		"a reserved variable":              {single(`{"Type":"Pass","Assign":{"states":1},"End":true}`), "$states is reserved"},
		"a variable of the outer scope": {`{"StartAt":"P","States":{"P":{"Type":"Pass","Assign":{"v":1},"Next":"M"},"M":{"Type":"Map","End":true,
			"ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","Assign":{"v.$":"$"},"End":true}}}}}}`,
			"$v belongs to the states around this one"},
		"no Resource":                        {single(`{"Type":"Task","End":true}`), "Resource is missing"},
		"a Resource that is no ARN":          {single(`{"Type":"Task","Resource":"${F}","End":true}`), "Resource must be an ARN"},
		"a Resource of another service":      {single(`{"Type":"Task","Resource":"arn:aws:s3:::b","End":true}`), "Resource names neither"},
		"an unknown pattern":                 {single(`{"Type":"Task","Resource":"arn:aws:states:::ecs:runTask.async","End":true}`), "the integration pattern must be"},
		"lambda:invoke without Parameters":   {single(`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","End":true}`), "needs Parameters"},
		"lambda:invoke.sync":                 {single(`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.sync","Parameters":{},"End":true}`), "has no .sync"},
		"a timeout and its path":             {task(`,"TimeoutSeconds":1,"TimeoutSecondsPath":"$.t"`), "exclude each other"},
		"a timeout of nothing":               {task(`,"TimeoutSeconds":0`), "TimeoutSeconds must be between 1 and 99999999, not 0"},
		"a fraction of a second":             {task(`,"TimeoutSeconds":1.5`), "must be a whole number"},
		"a heartbeat as long as the timeout": {task(`,"TimeoutSeconds":5,"HeartbeatSeconds":5`), "HeartbeatSeconds must be smaller"},
		"States.ALL among others":            {task(`,"Retry":[{"ErrorEquals":["A","States.ALL"]}]`), "States.ALL stands alone"},
		"States.ALL before others":           {task(`,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"S"},{"ErrorEquals":["A"],"Next":"S"}]`), "States.ALL stands alone"},
		"a retrier without errors":           {task(`,"Retry":[{"ErrorEquals":[]}]`), "at least one error name"},
		"a backoff below one":                {task(`,"Retry":[{"ErrorEquals":["A"],"BackoffRate":0.5}]`), "BackoffRate must be between 1"},
		"a greatest delay below the first":   {task(`,"Retry":[{"ErrorEquals":["A"],"IntervalSeconds":5,"MaxDelaySeconds":5}]`), "must be greater than IntervalSeconds"},
		"an unknown jitter":                  {task(`,"Retry":[{"ErrorEquals":["A"],"JitterStrategy":"SOME"}]`), `must be "FULL" or "NONE"`},
		"a catcher without a target":         {task(`,"Catch":[{"ErrorEquals":["A"]}]`), "/Catch/0: Next is missing"},
		"a field that a retrier lacks":       {task(`,"Retry":[{"ErrorEquals":["A"],"Next":"S"}]`), `a retrier has no field "Next"`},
		"no choices":                         {single(`{"Type":"Choice","Choices":[]}`), "Choices must hold at least one rule"},
		"a choice with Next":                 {single(`{"Type":"Choice","Choices":[{"Variable":"$","IsNull":true,"Next":"S"}],"Next":"S"}`), `a Choice state has no field "Next"`},
		"a rule without a comparison":        {single(`{"Type":"Choice","Choices":[{"Variable":"$","Next":"S"}]}`), "the rule has no comparison"},
		"a rule with two comparisons":        {single(`{"Type":"Choice","Choices":[{"Variable":"$","IsNull":true,"IsString":true,"Next":"S"}]}`), "a rule has one comparison"},
		"a rule without a variable":          {single(`{"Type":"Choice","Choices":[{"IsNull":true,"Next":"S"}]}`), "a rule needs Variable"},
		"a comparison with another type":     {single(`{"Type":"Choice","Choices":[{"Variable":"$","NumericEquals":"1","Next":"S"}]}`), "NumericEquals compares with a number, not a string"},
		"an operator that does not exist":    {single(`{"Type":"Choice","Choices":[{"Variable":"$","NumericEqual":1,"Next":"S"}]}`), `did you mean "NumericEquals"`},
		"IsNullPath":                         {single(`{"Type":"Choice","Choices":[{"Variable":"$","IsNullPath":"$","Next":"S"}]}`), `no field "IsNullPath"`},
		"Next in a nested rule":              {single(`{"Type":"Choice","Choices":[{"Not":{"Variable":"$","IsNull":true,"Next":"S"},"Next":"S"}]}`), `a nested choice rule has no field "Next"`},
		"an empty And":                       {single(`{"Type":"Choice","Choices":[{"And":[],"Next":"S"}]}`), "And must hold at least one rule"},
		"a wait for nothing":                 {single(`{"Type":"Wait","End":true}`), "exactly one of Seconds"},
		"a wait for two things":              {single(`{"Type":"Wait","Seconds":1,"Timestamp":"2030-01-01T00:00:00Z","End":true}`), "exactly one of Seconds"},
		"a wait that is too long":            {single(`{"Type":"Wait","Seconds":2147483648,"End":true}`), "between 0 and 2147483647"},
		"a timestamp without a zone":         {single(`{"Type":"Wait","Timestamp":"2030-01-01T00:00:00","End":true}`), "is not a timestamp"},
		"Error and ErrorPath":                {single(`{"Type":"Fail","Error":"E","ErrorPath":"$.e"}`), "Error and ErrorPath exclude each other"},
		"a function that gives no string":    {single(`{"Type":"Fail","CausePath":"States.MathAdd(1,2)"}`), "States.MathAdd does not give a string"},
		"Fail with End":                      {single(`{"Type":"Fail","End":true}`), `a Fail state has no field "End"`},
		"no branches":                        {single(`{"Type":"Parallel","Branches":[],"End":true}`), "at least one branch"},
		"a field that a branch lacks":        {single(`{"Type":"Parallel","Branches":[{"StartAt":"B","States":{"B":` + pass + `},"X":1}],"End":true}`), `a branch has no field "X"`},
		"no processor":                       {single(`{"Type":"Map","End":true}`), "a Map state needs an ItemProcessor"},
		"ItemReader":                         {mapOf(`,"ItemReader":{}`), "ItemReader is not supported: a Map that reads its items from S3"},
		"ItemBatcher":                        {mapOf(`,"ItemBatcher":{}`), "ItemBatcher is not supported"},
		"ResultWriter":                       {mapOf(`,"ResultWriter":{}`), "ResultWriter is not supported"},
		"tolerated failures inline":          {mapOf(`,"ToleratedFailureCount":1`), "need ProcessorConfig.Mode DISTRIBUTED"},
		"ItemSelector and Parameters":        {mapOf(`,"ItemSelector":{},"Parameters":{}`), "exclude each other"},
		"an unknown mode": {single(`{"Type":"Map","End":true,"ItemProcessor":{"ProcessorConfig":{"Mode":"X"},"StartAt":"I","States":{"I":` + pass + `}}}`),
			`Mode must be INLINE or DISTRIBUTED, not "X"`},
		"a distributed Map without ExecutionType": {single(`{"Type":"Map","End":true,"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED"},"StartAt":"I","States":{"I":` + pass + `}}}`),
			"needs ExecutionType"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Parse([]byte(c.definition))
			require.Nil(t, m)
			var refused *DefinitionError
			require.ErrorAs(t, err, &refused)
			require.ErrorContains(t, err, c.want)
			for _, mistake := range refused.Mistakes {
				require.Positive(t, mistake.Line)
				require.Positive(t, mistake.Column)
			}
		})
	}
}

func TestAllMistakesAreReportedInTheOrderOfTheText(t *testing.T) {
	_, err := Parse([]byte(`{
  "StartAt": "A",
  "States": {
    "A": {"Type": "Pass", "Next": "Z"},
    "B/c": {"Type": "Wait", "Sekonds": 1, "End": true}
  }
}`))
	require.EqualError(t, err, `the state machine definition is not valid:
4:35: /States/A/Next: there is no state "Z" here
5:12: /States/B~1c: a Wait state has exactly one of Seconds, SecondsPath, Timestamp and TimestampPath
5:12: /States/B~1c: nothing leads to the state "B/c"
5:40: /States/B~1c/Sekonds: a Wait state has no field "Sekonds"; did you mean "Seconds"?`)
}

func TestAMachineTellsItsStates(t *testing.T) {
	m, err := Parse([]byte(`{"Comment":"c","Version":"1.0","StartAt":"P","TimeoutSeconds":5,"States":{"P":{"Type":"Parallel","Comment":"both","End":true,
		"Branches":[{"Comment":"b","StartAt":"T","States":{"T":{"Type":"Task","Resource":"` + functionARN + `f","Credentials":{"RoleArn":"r"},"End":true}}}]}}}`))
	require.NoError(t, err)
	require.Equal(t, "c", m.Comment)
	require.Equal(t, int64(5), m.TimeoutSeconds)
	require.Equal(t, []StateInfo{
		{Name: "P", Type: "Parallel", Comment: "both"},
		{Name: "T", Type: "Task", Resource: functionARN + "f", Parent: "P"},
	}, m.States())
}

func TestResources(t *testing.T) {
	for resource, want := range map[string]service{
		functionARN + "f": {kind: serviceFunction, name: "lambda"},
		"arn:aws:states:us-east-1:123456789012:activity:a":           {kind: serviceActivity, name: "activity"},
		"arn:aws:states:::lambda:invoke":                             {kind: serviceInvoke, name: "lambda", api: "invoke"},
		"arn:aws:states:::lambda:invoke.waitForTaskToken":            {kind: serviceInvoke, name: "lambda", api: "invoke", pattern: "waitForTaskToken"},
		"arn:aws:states:::ecs:runTask.sync":                          {name: "ecs", api: "runTask", pattern: "sync"},
		"arn:aws:states:::aws-sdk:s3:getObject":                      {name: "aws-sdk:s3", api: "getObject"},
		"arn:aws:states:::states:startExecution":                     {kind: serviceExecution, name: "states", api: "startExecution"},
		"arn:aws:states:::states:startExecution.sync:2":              {kind: serviceExecution, name: "states", api: "startExecution", pattern: "sync:2"},
		"arn:aws-cn:states:::sqs:sendMessage.waitForTaskToken":       {name: "sqs", api: "sendMessage", pattern: "waitForTaskToken"},
		"arn:aws:states:::aws-sdk:sfn:startExecution":                {name: "aws-sdk:sfn", api: "startExecution"},
		"arn:aws:states:::aws-sdk:ec2:runInstances.waitForTaskToken": {name: "aws-sdk:ec2", api: "runInstances", pattern: "waitForTaskToken"},
	} {
		s, reason := serviceOf(resource)
		require.Empty(t, reason, resource)
		require.Equal(t, want, s, resource)
	}
	for name, want := range map[string]string{
		"f": "f", "f:live": "f", functionARN + "f": "f", functionARN + "f:3": "f", "123456789012:function:f": "f",
	} {
		require.Equal(t, want, functionName(name), name)
	}
}

// Whatever is not valid is refused; nothing panics. Real seeds make the mutations reach far.
func FuzzParse(f *testing.F) {
	for _, seed := range fuzzSeeds() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, definition []byte) {
		m, err := Parse(definition)
		if err != nil {
			require.Nil(t, m)
			require.NotEmpty(t, err.Error())
			return
		}
		require.True(t, json.Valid(definition))
		require.NotEmpty(t, m.States())
	})
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"$", "$.a.b", "$['a b'][0,1]", "$..x[?(@.p < 1 && !(@.q =~ /x/i))]", "$v.a[1:-1]", "$$.Map.Item.Value", "$.a.length()"} {
		f.Add(seed, shop)
	}
	f.Fuzz(func(t *testing.T, text, data string) {
		p, err := parsePath(text)
		if err != nil {
			return
		}
		require.Equal(t, text, p.text)
		v, err := parseJSON(data)
		if err != nil {
			return
		}
		before := jsonText(v)
		got, err := p.eval(fixedPlaces{data: v, vars: map[string]any{}, shown: newObject(0)})
		if err == nil {
			require.True(t, json.Valid([]byte(jsonText(got))))
		}
		require.Equal(t, before, jsonText(v), "reading changes nothing")
	})
}

func FuzzIntrinsic(f *testing.F) {
	for name, function := range intrinsics {
		args := strings.TrimSuffix(strings.Repeat("$.a, ", max(function.least, 0)), ", ")
		f.Add(fmt.Sprintf("%s(%s)", name, args), `{"a":[1,2]}`)
	}
	f.Add(`States.Format('\{{}\}', States.Array(1.5, $v))`, `"x"`)
	f.Fuzz(func(t *testing.T, text, data string) {
		e, err := parseExpression(text)
		if err != nil {
			return
		}
		v, err := parseJSON(data)
		if err != nil || len(data) > 10_000 {
			return
		}
		at := testScope(t, "{}").with(v)
		if got, err := e.eval(at); err == nil {
			require.True(t, json.Valid([]byte(jsonText(got))))
		}
	})
}

func FuzzJSON(f *testing.F) {
	for _, seed := range []string{shop, `[1e5,-0.1,"\ud83c\udd97"]`, `{"a":{"a":[]}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parseJSON(text)
		var std any
		stdErr := json.Unmarshal([]byte(text), &std)
		if stdErr != nil && strings.Contains(stdErr.Error(), "max depth") || err != nil && strings.Contains(err.Error(), "nested more") {
			return
		}
		outOfRange := errors.As(stdErr, new(*json.UnmarshalTypeError)) // the standard library's floats end where our numbers do not
		valid := (stdErr == nil || outOfRange) && utf8.ValidString(text)
		require.Equal(t, valid, err == nil, "%v, %v", err, stdErr)
		if err == nil && !outOfRange {
			require.JSONEq(t, text, jsonText(v))
		}
	})
}

func fuzzSeeds() []string {
	return []string{
		single(`{"Type":"Pass","End":true}`),
		single(`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload":{"a.$":"$.a"}},
			"Retry":[{"ErrorEquals":["States.ALL"],"JitterStrategy":"FULL"}],"Catch":[{"ErrorEquals":["A"],"Next":"S"}],"End":true}`),
		single(`{"Type":"Map","ItemsPath":"$.l","MaxConcurrency":2,"ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Succeed"}}},"End":true}`),
		single(`{"Type":"Parallel","Branches":[{"StartAt":"B","States":{"B":{"Type":"Fail","Error":"E"}}}],"End":true}`),
		single(`{"Type":"Choice","Choices":[{"And":[{"Variable":"$.a","StringMatches":"*"}],"Next":"S"}]}`),
		single(`{"Type":"Wait","TimestampPath":"$.t","End":true}`),
	}
}

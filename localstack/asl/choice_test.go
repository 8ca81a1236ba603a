package asl

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// chosen runs a Choice of one rule and says whether it was taken.
func chosen(t *testing.T, rule, input string) (bool, Result) {
	t.Helper()
	b := newBench(t, nil)
	r, x := b.run(fmt.Sprintf(`{"StartAt":"C","States":{
		"C":{"Type":"Choice","Choices":[%s],"Default":"No"},
		"Yes":{"Type":"Succeed"},"No":{"Type":"Succeed"}}}`, rule), input)
	states := visited(x.History())
	return states[len(states)-1] == "Yes", r
}

func TestComparisons(t *testing.T) {
	for name, c := range map[string]struct {
		rule, input string
		want        bool
	}{
		"equal strings":                        {`"StringEquals":"a"`, `"a"`, true},
		"strings of another case":              {`"StringEquals":"a"`, `"A"`, false},
		"a number is no string":                {`"StringEquals":"1"`, `1`, false},
		"a string before":                      {`"StringLessThan":"b"`, `"a"`, true},
		"a string not after":                   {`"StringGreaterThan":"b"`, `"a"`, false},
		"a string at most":                     {`"StringLessThanEquals":"a"`, `"a"`, true},
		"a string at least":                    {`"StringGreaterThanEquals":"b"`, `"a"`, false},
		"a string by path":                     {`"StringEqualsPath":"$"`, `"x"`, true},
		"a wildcard":                           {`"StringMatches":"a*c"`, `"abbc"`, true},
		"a wildcard for nothing":               {`"StringMatches":"ac*"`, `"ac"`, true},
		"several wildcards":                    {`"StringMatches":"*a*b*"`, `"xaxbx"`, true},
		"several wildcards in the wrong order": {`"StringMatches":"*a*b*"`, `"xbxax"`, false},
		"the end of a wildcard must match":     {`"StringMatches":"a*c"`, `"abcd"`, false},
		"no overlap of the pieces":             {`"StringMatches":"ab*b"`, `"ab"`, false},
		"an escaped star":                      {`"StringMatches":"a\\*"`, `"ab"`, false},
		"an escaped star that is there":        {`"StringMatches":"a\\*"`, `"a*"`, true},
		"equal numbers, written differently":   {`"NumericEquals":1.0`, `1`, true},
		"a number below":                       {`"NumericLessThan":2`, `1.5`, true},
		"a number above":                       {`"NumericGreaterThan":2`, `2`, false},
		"a number at most":                     {`"NumericLessThanEquals":2`, `2`, true},
		"a number at least":                    {`"NumericGreaterThanEquals":2`, `2`, true},
		"a string is no number":                {`"NumericEquals":1`, `"1"`, false},
		"equal booleans":                       {`"BooleanEquals":false`, `false`, true},
		"null is not false":                    {`"BooleanEquals":false`, `null`, false},
		"the same moment in another zone":      {`"TimestampEquals":"2030-01-01T01:00:00+01:00"`, `"2030-01-01T00:00:00Z"`, true},
		"a moment before":                      {`"TimestampLessThan":"2030-01-01T00:00:00Z"`, `"2029-12-31T23:59:59.999Z"`, true},
		"a moment after":                       {`"TimestampGreaterThan":"2030-01-01T00:00:00Z"`, `"2030-01-01T00:00Z"`, false},
		"a moment without a zone":              {`"TimestampEquals":"2030-01-01T00:00:00Z"`, `"2030-01-01T00:00:00"`, false},
		"null":                                 {`"IsNull":true`, `null`, true},
		"not null":                             {`"IsNull":false`, `0`, true},
		"present although null":                {`"IsPresent":true`, `null`, true},
		"numeric":                              {`"IsNumeric":true`, `1`, true},
		"a string":                             {`"IsString":true`, `""`, true},
		"a boolean":                            {`"IsBoolean":false`, `true`, false},
		"a timestamp":                          {`"IsTimestamp":true`, `"2030-01-01T00:00:00Z"`, true},
		"a date is no timestamp":               {`"IsTimestamp":true`, `"2030-01-01"`, false},
		"an impossible date is no timestamp":   {`"IsTimestamp":true`, `"2030-02-31T00:00:00Z"`, false},
		"a timestamp of nothing":               {`"IsTimestamp":true`, `5`, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, r := chosen(t, `{"Variable":"$",`+c.rule+`,"Next":"Yes"}`, c.input)
			require.Equal(t, StatusSucceeded, r.Status, r.Cause)
			require.Equal(t, c.want, got)
		})
	}
}

func TestCompoundRules(t *testing.T) {
	const one, two = `{"Variable":"$.a","NumericEquals":1}`, `{"Variable":"$.b","NumericEquals":2}`
	for name, c := range map[string]struct {
		rule, input string
		want        bool
	}{
		"both hold":                      {`"And":[` + one + `,` + two + `]`, `{"a":1,"b":2}`, true},
		"one does not hold":              {`"And":[` + one + `,` + two + `]`, `{"a":1,"b":3}`, false},
		"either holds":                   {`"Or":[` + one + `,` + two + `]`, `{"a":0,"b":2}`, true},
		"neither holds":                  {`"Or":[` + one + `,` + two + `]`, `{"a":0,"b":0}`, false},
		"not":                            {`"Not":` + one, `{"a":0}`, true},
		"nested":                         {`"And":[{"Not":` + one + `},{"Or":[` + two + `,` + one + `]}]`, `{"a":0,"b":2}`, true},
		"a guard against what is absent": {`"And":[{"Variable":"$.c","IsPresent":true},{"Variable":"$.c","IsNull":true}]`, `{}`, false},
		"absent":                         {`"Variable":"$.c.d","IsPresent":false`, `{}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, r := chosen(t, `{`+c.rule+`,"Next":"Yes"}`, c.input)
			require.Equal(t, StatusSucceeded, r.Status, r.Cause)
			require.Equal(t, c.want, got)
		})
	}
}

func TestChoicesThatCannotBeMade(t *testing.T) {
	const at = "An error occurred while executing the state 'C' (entered at the event id #2). "
	for name, c := range map[string]struct{ rule, input, cause string }{
		"the variable is absent": {`{"Variable":"$.a","NumericEquals":1,"Next":"Yes"}`, `{}`,
			at + "Invalid path '$.a': The choice state's condition path references an invalid value."},
		"the value to compare with is absent": {`{"Variable":"$.a","NumericEqualsPath":"$.b","Next":"Yes"}`, `{"a":1}`,
			at + "Invalid path '$.b': The choice state's condition path references an invalid value."},
		"the value to compare with is of another type": {`{"Variable":"$.a","NumericEqualsPath":"$.b","Next":"Yes"}`, `{"a":1,"b":"1"}`,
			at + "Invalid path '$.b': The choice state's condition path references an invalid value."},
	} {
		t.Run(name, func(t *testing.T) {
			_, r := chosen(t, c.rule, c.input)
			require.Equal(t, StatusFailed, r.Status)
			require.Equal(t, "States.Runtime", r.Error)
			require.Equal(t, c.cause, r.Cause)
		})
	}
	t.Run("nothing matches and there is no default", func(t *testing.T) {
		b := newBench(t, nil)
		r, _ := b.run(`{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"D"}]},
			"D":{"Type":"Succeed"}}}`, `{"a":1}`)
		require.Equal(t, "States.NoChoiceMatched", r.Error)
		require.Equal(t, at+"Failed to transition out of the state. The state does not point to a next state.", r.Cause)
	})
}

func TestChoiceFiltersAndAssigns(t *testing.T) {
	b := newBench(t, nil)
	r, x := b.run(`{"StartAt":"C","States":{
		"C":{"Type":"Choice","InputPath":"$.in","OutputPath":"$.out","Choices":[
			{"Variable":"$.n","NumericEquals":1,"Assign":{"got.$":"$.n","by":"rule"},"Next":"D"}],
			"Default":"D","Assign":{"by":"default"}},
		"D":{"Type":"Pass","Parameters":{"got.$":"$got","by.$":"$by","in.$":"$"},"End":true}}}`, `{"in":{"n":1,"out":["o"]}}`)
	require.Equal(t, StatusSucceeded, r.Status, r.Cause)
	require.Equal(t, `{"got":1,"by":"rule","in":["o"]}`, string(r.Output))
	require.Equal(t, map[string]string{"got": "1", "by": `"rule"`}, x.History()[2].Details.AssignedVariables)
}

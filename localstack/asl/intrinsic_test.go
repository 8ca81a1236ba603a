package asl

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func testScope(t *testing.T, data string) *scope {
	random := rand.New(rand.NewPCG(1, 1))
	return &scope{data: value(t, data), vars: &variables{values: map[string]any{"v": "var"}},
		makeContext: func() *object { return objectOf("State", objectOf("Name", "S")) },
		newID:       func() string { return "an-id" }, random: func() *rand.Rand { return random }}
}

func TestIntrinsicFunctions(t *testing.T) {
	const data = `{"l":[1,2,2,3,{"a":1},{"a":1.0}],"e":[],"o":{"z":1,"a":[null,"t",1.50]},"o2":{"a":2},"s":"a,b;c","i":3,"f":2.5,` +
		`"json":"{\"k\": [1]}","blank":"","tmpl":"{} and \\{\\}"}`
	for name, c := range map[string]struct{ call, want string }{
		"Array of nothing":                        {"States.Array()", `[]`},
		"Array of everything":                     {"States.Array('x', 1, -1.5, true, null, $.i, $v, $$.State.Name)", `["x",1,-1.5,true,null,3,"var","S"]`},
		"ArrayPartition":                          {"States.ArrayPartition($.l, 4)", `[[1,2,2,3],[{"a":1},{"a":1.0}]]`},
		"ArrayPartition rounds":                   {"States.ArrayPartition(States.Array(1,2,3), 1.5)", `[[1,2],[3]]`},
		"ArrayContains by value":                  {"States.ArrayContains($.l, $.o2)", `false`},
		"ArrayContains finds an object":           {"States.ArrayContains($.l, States.StringToJson('\\{\"a\":1\\}'))", `true`},
		"ArrayRange upwards":                      {"States.ArrayRange(1, 9, 2)", `[1,3,5,7,9]`},
		"ArrayRange downwards":                    {"States.ArrayRange(3, 0, -2)", `[3,1]`},
		"ArrayRange away from its end":            {"States.ArrayRange(1, 9, -1)", `[]`},
		"ArrayGetItem":                            {"States.ArrayGetItem($.l, 3)", `3`},
		"ArrayLength":                             {"States.ArrayLength($.l)", `6`},
		"ArrayUnique":                             {"States.ArrayUnique($.l)", `[1,2,3,{"a":1}]`},
		"Base64Encode":                            {"States.Base64Encode('Data to encode')", `"RGF0YSB0byBlbmNvZGU="`},
		"Base64Decode":                            {"States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", `"Data to encode"`},
		"Hash with MD5":                           {"States.Hash('abc', 'MD5')", `"900150983cd24fb0d6963f7d28e17f72"`},
		"Hash with SHA-1":                         {"States.Hash('abc', 'SHA-1')", `"a9993e364706816aba3e25717850c26c9cd0d89d"`},
		"Hash with SHA-256 of an object's JSON":   {"States.Hash($.o2, 'SHA-256')", `"7e8059f495589fcd981232cc11d00b00da3802c01d688fa1cf1f6bed6e5bb33c"`},
		"JsonMerge":                               {"States.JsonMerge($.o, $.o2, false)", `{"z":1,"a":2}`},
		"JsonToString keeps the order":            {"States.JsonToString($.o)", `"{\"z\":1,\"a\":[null,\"t\",1.5]}"`},
		"StringToJson":                            {"States.StringToJson($.json)", `{"k":[1]}`},
		"StringToJson of nothing":                 {"States.StringToJson($.blank)", `null`},
		"MathAdd":                                 {"States.MathAdd($.i, -5)", `-2`},
		"MathAdd rounds each half up":             {"States.MathAdd($.f, -2.5)", `1`},
		"MathRandom with a seed":                  {"States.MathRandom(5, 6, 1)", `5`},
		"StringSplit at any of the characters":    {"States.StringSplit($.s, ',;')", `["a","b","c"]`},
		"StringSplit at nothing":                  {"States.StringSplit($.s, '')", `["a,b;c"]`},
		"UUID":                                    {"States.UUID()", `"an-id"`},
		"Format without places":                   {"States.Format('plain')", `"plain"`},
		"Format with all kinds":                   {"States.Format('{} {} {} {} {}', 's', 1, true, null, $.f)", `"s 1 true null 2.5"`},
		"Format prints objects as Java does":      {"States.Format('{}', $.o)", `"{z=1, a=[null, t, 1.5]}"`},
		"Format with escaped braces":              {`States.Format('\{\} {}', 1)`, `"{} 1"`},
		"Format with escaped quotes":              {`States.Format('it\'s {} \\', 1)`, `"it's 1 \\"`},
		"Format with a template from the input":   {"States.Format($.tmpl, 1)", `"1 and {}"`},
		"Format leaves single braces alone":       {"States.Format('{ } {', 1)", ``},
		"functions inside functions":              {"States.ArrayGetItem(States.StringSplit($.s, ','), States.MathAdd(1, -1))", `"a"`},
		"a path with a filter as argument":        {"States.ArrayLength($.l[?(@.a == 1)])", `2`},
		"a path with a comma in its brackets":     {"States.Array($.l[0,3], $['i'])", `[[1,3],3]`},
		"blanks between arguments":                {"States.Array( 1 ,  'a b' )", `[1,"a b"]`},
		"text with signs that are syntax outside": {"States.Array('a,b)')", `["a,b)"]`},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := parseExpression(c.call)
			require.NoError(t, err)
			v, err := e.eval(testScope(t, data))
			if c.want == "" {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, jsonText(v))
		})
	}
}

func TestIntrinsicFunctionsThatCannotAnswer(t *testing.T) {
	long := strings.Repeat("x", maxEncoded+1)
	data, err := json.Marshal(map[string]any{"long": long, "l": []int{1}, "o": map[string]int{}, "s": "text"})
	require.NoError(t, err)
	for call, reason := range map[string]string{
		"States.ArrayGetItem($.l, 1)":           "the index 1 is outside the array of 1 elements",
		"States.ArrayGetItem($.l, -1)":          "the index -1 is outside",
		"States.ArrayGetItem($.o, 0)":           "argument 1 must be an array, not an object",
		"States.ArrayPartition($.l, 0)":         "the size of a chunk must be greater than zero",
		"States.ArrayRange(0, 5, 0)":            "the step must not be zero",
		"States.ArrayRange(0, 5000, 1)":         "more than 1000 elements",
		"States.ArrayRange('a', 1, 1)":          "argument 1 must be a number, not a string",
		"States.ArrayLength($.s)":               "must be an array, not a string",
		"States.Base64Encode($.long)":           "more than 10000 characters",
		"States.Base64Decode('%')":              "the argument is not Base64",
		"States.Hash($.long, 'MD5')":            "more than 10000 characters",
		"States.Hash('a', 'CRC')":               `"CRC" is not an algorithm`,
		"States.JsonMerge($.o, $.l, false)":     "the first two arguments must be objects",
		"States.JsonMerge($.o, $.o, true)":      "the third argument must be false",
		"States.StringToJson('nope')":           "the string is not JSON",
		"States.StringToJson(1)":                "argument 1 must be a string, not a number",
		"States.MathAdd(2147483647, 1)":         "outside the range of a 32-bit integer",
		"States.MathAdd('1', 1)":                "argument 1 must be a number, not a string",
		"States.MathRandom(5, 5)":               "the end must be greater than the start",
		"States.Format('{}')":                   "the template has 1 places {} for 0 arguments",
		"States.Format('x', 1)":                 "the template has 0 places {} for 1 arguments",
		"States.Format(1)":                      "argument 1 must be a string, not a number",
		"States.StringSplit(1, ',')":            "argument 1 must be a string, not a number",
		"States.JsonToString($.nowhere)":        "The JsonPath argument for the field '$.nowhere' could not be found in the input '{",
		"States.Array(States.ArrayLength($.s))": "The function 'States.ArrayLength($.s)' had",
	} {
		t.Run(call, func(t *testing.T) {
			e, err := parseExpression(call)
			require.NoError(t, err)
			_, err = e.eval(testScope(t, string(data)))
			require.ErrorContains(t, err, reason)
			require.ErrorContains(t, err, "had the following error: ")
		})
	}
}

func TestMalformedIntrinsicFunctions(t *testing.T) {
	deep := strings.Repeat("States.Array(", 12) + strings.Repeat(")", 12)
	for call, reason := range map[string]string{
		"States.Nope()":              `"States.Nope" is not an intrinsic function`,
		"States.UUID":                "expected (",
		"States.UUID(1)":             "takes 0 arguments, not 1",
		"States.Hash('a')":           "takes 2 arguments, not 1",
		"States.MathRandom(1)":       "takes 2 to 3 arguments, not 1",
		"States.Format()":            "takes at least 1 arguments, not 0",
		"States.Array(1":             "expected , or )",
		"States.Array(1 2)":          "expected , or )",
		"States.Array('a)":           "a string that does not end",
		`States.Array('\n')`:         `a backslash stands only before`,
		`States.Array("a")`:          "an argument is a path",
		"States.Array({})":           "an argument is a path",
		"States.Array(x)":            "an argument is a path",
		"States.Array(,1)":           "an argument is a path",
		"States.Array($.a[)":         "invalid path",
		"States.Array() more":        "after the call",
		"plain":                      "neither a path",
		"$.a more":                   "blanks",
		deep:                         "more than 10 functions inside one another",
		"States.Array($.a.b(), 'x')": "not a path function",
	} {
		t.Run(call, func(t *testing.T) {
			_, err := parseExpression(call)
			require.ErrorContains(t, err, reason)
		})
	}
}

func TestTemplates(t *testing.T) {
	for name, c := range map[string]struct{ template, want string }{
		"plain JSON stays":                           {`{"a":1,"b":[{"c":"$.x"}]}`, `{"a":1,"b":[{"c":"$.x"}]}`},
		"a path by its field":                        {`{"a.$":"$.x"}`, `{"a":1}`},
		"inside objects and arrays":                  {`{"o":{"p.$":"$.x"},"l":[1,{"q.$":"$v"}]}`, `{"o":{"p":1},"l":[1,{"q":"var"}]}`},
		"strings in arrays are never paths":          {`{"l":["$.x","States.UUID()"]}`, `{"l":["$.x","States.UUID()"]}`},
		"the context object":                         {`{"n.$":"$$.State.Name"}`, `{"n":"S"}`},
		"a field named Comment is data like another": {`{"Comment":"c"}`, `{"Comment":"c"}`},
		"the order stays":                            {`{"z.$":"$.x","a":0}`, `{"z":1,"a":0}`},
	} {
		t.Run(name, func(t *testing.T) {
			p := &parser{}
			tmpl := p.template("", value(t, c.template))
			require.Empty(t, p.mistakes)
			v, err := tmpl.fill(testScope(t, `{"x":1}`))
			require.NoError(t, err)
			require.Equal(t, c.want, jsonText(v))
		})
	}
}

package asl

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fixedPlaces are roots for paths.
type fixedPlaces struct {
	data, shown any
	vars        map[string]any
}

func (f fixedPlaces) input() any { return f.data }

func (f fixedPlaces) context() *object { o, _ := f.shown.(*object); return o }

func (f fixedPlaces) variable(n string) (any, bool) { v, ok := f.vars[n]; return v, ok }

func value(t *testing.T, text string) any {
	t.Helper()
	v, err := parseJSON(text)
	require.NoError(t, err)
	return v
}

const shop = `{"books":[{"title":"A","price":8.95,"tags":["x","y"]},{"title":"B","price":12.99},` +
	`{"title":"C","price":8.99,"isbn":"1","tags":[]}],"open":true,"owner":{"first name":"Ann","o.k":1},"none":null,"n":[3,1,2]}`

func TestPaths(t *testing.T) {
	at := fixedPlaces{data: value(t, shop), shown: value(t, `{"State":{"Name":"S"}}`),
		vars: map[string]any{"v": value(t, `{"a":[10,20]}`), "größe": number("3")}}
	for name, c := range map[string]struct{ path, want string }{
		"the input itself":                              {"$", shop},
		"a member":                                      {"$.open", "true"},
		"a member that is null":                         {"$.none", "null"},
		"a member in brackets":                          {"$['open']", "true"},
		"a name with a blank":                           {"$.owner['first name']", `"Ann"`},
		"a name with a dot, in double quotes":           {`$["owner"]["o.k"]`, "1"},
		"a bracket after a dot":                         {"$.['open']", "true"},
		"an element":                                    {"$.books[1].title", `"B"`},
		"an element from the end":                       {"$.books[-1].title", `"C"`},
		"the context object":                            {"$$.State.Name", `"S"`},
		"a variable":                                    {"$v.a[1]", "20"},
		"a variable in another alphabet":                {"$größe", "3"},
		"every element":                                 {"$.books[*].title", `["A","B","C"]`},
		"every element, with a dot":                     {"$.n.*", "[3,1,2]"},
		"every member of an object":                     {"$.owner.*", `["Ann",1]`},
		"a slice":                                       {"$.n[0:2]", "[3,1]"},
		"a slice to the end":                            {"$.n[1:]", "[1,2]"},
		"a slice from the beginning":                    {"$.n[:1]", "[3]"},
		"a slice from the end":                          {"$.n[-2:]", "[1,2]"},
		"a slice beyond the end":                        {"$.n[2:9]", "[2]"},
		"several elements":                              {"$.n[0,2]", "[3,2]"},
		"several names":                                 {"$.books[0]['title','price']", `{"title":"A","price":8.95}`},
		"several names of which one is missing":         {"$.books[0]['title','isbn']", `{"title":"A"}`},
		"several names before another":                  {"$['owner','nobody']['o.k']", "[1]"},
		"several names of every element":                {"$.books[1:]['title','price']", `[{"title":"B","price":12.99},{"title":"C","price":8.99}]`},
		"several names below":                           {"$..['title','isbn']", `[{"title":"C","isbn":"1"}]`},
		"everything below":                              {"$..title", `["A","B","C"]`},
		"elements below":                                {"$..tags[0]", `["x"]`},
		"a filter by number":                            {"$.books[?(@.price < 10)].title", `["A","C"]`},
		"a filter by string":                            {"$.books[?(@.title == 'B')].price", "[12.99]"},
		"a filter by presence":                          {"$.books[?(@.isbn)].title", `["C"]`},
		"a filter by absence":                           {"$.books[?(!@.isbn)].title", `["A","B"]`},
		"a filter with and":                             {"$.books[?(@.price < 10 && @.isbn)].title", `["C"]`},
		"a filter with or":                              {"$.books[?(@.price > 10 || @.isbn)].title", `["B","C"]`},
		"a filter with parentheses":                     {"$.books[?((@.price > 10 || @.isbn) && @.title != 'C')].title", `["B"]`},
		"a filter with a list":                          {"$.books[?(@.title in ['A','C'])].title", `["A","C"]`},
		"a filter without a list":                       {"$.books[?(@.title nin ['A','C'])].title", `["B"]`},
		"a filter by a regular expression":              {"$.books[?(@.title =~ /[ab]/i)].title", `["A","B"]`},
		"a regular expression matches the whole":        {"$.books[?($.owner['first name'] =~ /aN./is)].title", `["A","B","C"]`},
		"and not a part":                                {"$.books[?($.owner['first name'] =~ /An/)]", "[]"},
		"a filter by emptiness":                         {"$.books[?(@.tags empty true)].title", `["C"]`},
		"a filter by size":                              {"$.books[?(@.tags size 2)].title", `["A"]`},
		"a filter by what is in a list":                 {"$.books[?(@.tags contains 'y')].title", `["A"]`},
		"a filter by the order of strings":              {"$.books[?(@.title <= 'B')].title", `["A","B"]`},
		"no order between a string and a number":        {"$.books[?(@.title < 5)].title", "[]"},
		"a filter by what a list lies in":               {"$.books[?(@.tags subsetof ['x','y','z'])].title", `["A","C"]`},
		"a filter by a common element":                  {"$.books[?(@.tags anyof ['y','z'])].title", `["A"]`},
		"a filter by no common element":                 {"$.books[?(@.tags noneof ['x'])].title", `["C"]`},
		"a filter by the size of text":                  {"$.books[?(@.isbn size 1)].title", `["C"]`},
		"a filter with an empty list":                   {"$.books[?(@.title in [])].title", "[]"},
		"a filter by presence somewhere below":          {"$.books[?(@.tags[*])].title", `["A"]`},
		"a filter on an object":                         {"$.owner[?(@['o.k'] == 1)]['first name']", `["Ann"]`},
		"equal lists":                                   {"$.books[?(@.tags == ['x','y'])].title", `["A"]`},
		"the least":                                     {"$.n.min()", "1.0"},
		"the standard deviation":                        {"$.n[0:1].stddev()", "0.0"},
		"the length of text":                            {"$.books[0].title.length()", "1"},
		"a name with a quote in it":                     {`$['it\'s','open']`, `{"open":true}`},
		"a filter that compares with the root":          {"$.books[?(@.price > $.n[0])].title", `["A","B","C"]`},
		"a filter that compares with a variable":        {"$.books[?(@.price < $v.a[0])].title", `["A","C"]`},
		"a filter on plain elements":                    {"$.n[?(@ >= 2)]", "[3,2]"},
		"an indefinite path that finds nothing":         {"$.books[?(@.price > 100)]", "[]"},
		"an indefinite path below nothing":              {"$.no.such[*]", "[]"},
		"a slice of nothing":                            {"$.no[1:2].x", "[]"},
		"a wildcard on a scalar":                        {"$.open[*]", "[]"},
		"the length of an array":                        {"$.books.length()", "3"},
		"the length of what a wildcard finds":           {"$.books[*].tags.length()", "2"},
		"the sum":                                       {"$.n.sum()", "6.0"},
		"the least and the most":                        {"$.n.max()", "3.0"},
		"the average":                                   {"$.n.avg()", "2.0"},
		"the keys":                                      {"$.owner.keys()", `["first name","o.k"]`},
		"the last element":                              {"$.n.last()", "2"},
		"members that only some have, through a filter": {"$.books[*].isbn", `["1"]`},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := parsePath(c.path)
			require.NoError(t, err)
			v, err := p.eval(at)
			require.NoError(t, err)
			require.Equal(t, c.want, jsonText(v))
		})
	}
}

func TestPathsThatLeadNowhere(t *testing.T) {
	at := fixedPlaces{data: value(t, shop), vars: map[string]any{}}
	for name, c := range map[string]struct{ path, want string }{
		"the last member is missing":  {"$.nowhere", "Invalid path '$.nowhere' : No results for path: $['nowhere']"},
		"a member before is missing":  {"$.no.where", "Invalid path '$.no.where' : Missing property in path $['no']"},
		"the index is outside":        {"$.n[3]", "Invalid path '$.n[3]' : No results for path: $['n'][3]"},
		"a member of an array":        {"$.n.x", "Invalid path '$.n.x' : No results for path: $['n']['x']"},
		"an element of an object":     {"$.owner[0]", "Invalid path '$.owner[0]' : No results for path: $['owner'][0]"},
		"several members of a scalar": {"$.open['x','y']", "Invalid path '$.open['x','y']' : No results for path: $['open']['x','y']"},
		"a member of a scalar":        {"$.open.x", "Invalid path '$.open.x' : No results for path: $['open']['x']"},
		"a variable nobody assigned":  {"$v", "Invalid path '$v' : The variable '$v' has no value here"},
		"the length of a boolean":     {"$.open.length()", "Invalid path '$.open.length()' : length() needs an array, an object or a string"},
		"the keys of an array":        {"$.n.keys()", "Invalid path '$.n.keys()' : keys() needs an object"},
		"the average of no numbers":   {"$.owner.avg()", "Invalid path '$.owner.avg()' : the function needs an array with numbers"},
		"the first of an empty array": {"$.books[2].tags.first()", "Invalid path '$.books[2].tags.first()' : first() and last() need an array that is not empty"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := parsePath(c.path)
			require.NoError(t, err)
			_, err = p.eval(at)
			require.EqualError(t, err, c.want)
		})
	}
}

func TestMalformedPaths(t *testing.T) {
	for _, text := range []string{
		"", "x", "$.", "$..", "$.a b", "$[", "$['a'", "$['a", "$[]", "$[a]", "$.a[1", "$.a[1,", "$.a[1;2]", "$.a.nope()",
		"$[?]", "$[?()]", "$[?(@.a ==)]", "$[?(@.a =~ 'x')]", "$[?(@.a =~ /[/)]", "$[?('a')]", "$[?(@.a == 1]", "$x y",
		"$.a.length().b", "$[99999999999999999999]", "$[?(@.a in [@.b])]", "$[?(@.a in [1 2])]", "$[?(@.a in [nope])]",
		"$[?(@.a =~ /x)]", "$[?(@.a =~ /x/q)]", "$['a',b]", "$[0,99999999999999999999]", strings.Repeat("$[?(!", 3) + strings.Repeat("(", 100),
	} {
		t.Run(text, func(t *testing.T) {
			_, err := parsePath(text)
			require.Error(t, err)
		})
	}
}

func TestReferencePaths(t *testing.T) {
	for text, want := range map[string]bool{
		"$": true, "$.a.b": true, "$['a'][0]": true, "$$.State.Name": true, "$v.x": true,
		"$.a[*]": false, "$..a": false, "$.a[0:1]": false, "$.a[0,1]": false, "$['a','b']": false, "$.a[-1]": false,
		"$.a[?(@.x)]": false, "$.a.length()": false, "a": false,
	} {
		t.Run(text, func(t *testing.T) {
			_, err := parseReferencePath(text)
			require.Equal(t, want, err == nil, "%v", err)
		})
	}
}

func TestPlacingAResult(t *testing.T) {
	for name, c := range map[string]struct{ path, root, want string }{
		"in place of everything":      {"$", `{"a":1}`, `"R"`},
		"beside what is there":        {"$.r", `{"a":1}`, `{"a":1,"r":"R"}`},
		"over what is there":          {"$.a", `{"a":1,"b":2}`, `{"a":"R","b":2}`},
		"where objects are missing":   {"$.x.y", `{"a":1}`, `{"a":1,"x":{"y":"R"}}`},
		"into an array":               {"$.l[1]", `{"l":[1,2]}`, `{"l":[1,"R"]}`},
		"into an object in an array":  {"$.l[0].x", `{"l":[{"y":1}]}`, `{"l":[{"y":1,"x":"R"}]}`},
		"not outside an array":        {"$.l[2]", `{"l":[1,2]}`, ""},
		"not into a scalar":           {"$.a.b", `{"a":1}`, ""},
		"not into an input of text":   {"$.a", `"text"`, ""},
		"not into an array by a name": {"$.l.x", `{"l":[]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := parseReferencePath(c.path)
			require.NoError(t, err)
			root := value(t, c.root)
			got, ok := p.place(root, "R")
			require.Equal(t, c.want != "", ok)
			if ok {
				require.Equal(t, c.want, jsonText(got))
			}
			require.Equal(t, c.root, jsonText(root), "the input itself stays as it was")
		})
	}
}

func TestJSONIsReadAsTheStandardLibraryReadsIt(t *testing.T) {
	for _, text := range []string{
		`{"a":[1,2.50,-0,1e9,true,false,null,"x"],"b":{"c":"\u00e9\ud83c\udd97\n\t\"\\\/"}}`, `[]`, `{}`, `""`, `  1 `, `"\ud800"`,
	} {
		v, err := parseJSON(text)
		require.NoError(t, err)
		require.JSONEq(t, text, jsonText(v))
	}
	for _, text := range []string{
		"", "{", "[1,]", `{"a":1,}`, `{"a"}`, "01", "1.", "1e", "+1", "tru", `"\x"`, `"\u12"`, "\"\n\"", "1 2", "[1 2]", "nul", "-",
		strings.Repeat("[", maxDepth+1),
	} {
		_, err := parseJSON(text)
		require.Error(t, err, text)
	}
}

func TestNumbersInText(t *testing.T) {
	for text, want := range map[string]string{
		"1": "1", "-0": "0", "1.10": "1.1", "1.0": "1.0", "0.0001": "1.0E-4", "12345678.9": "1.23456789E7", "1e3": "1000.0",
		"1e21": "1.0E21", "123456789012345678901": "123456789012345678901", "0.001": "0.001", "-2.5e-7": "-2.5E-7",
	} {
		require.Equal(t, want, number(text).javaText(), text)
	}
	require.Equal(t, 0, number("1").compare("1.00"))
	require.Equal(t, -1, number("9007199254740992").compare("9007199254740993"))
	require.Equal(t, 1, number("2").compare("-3"))
}

package property

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func tree(t *testing.T, text string) any {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal([]byte(text), &v))
	return v
}

func TestCompare(t *testing.T) {
	for sentence, c := range map[string]struct {
		present, wanted string
		unordered       bool
		want            []Difference
	}{
		"the same is no difference":                     {`{"a":1}`, `{"a":1}`, false, nil},
		"what is empty equals what is absent":           {`{"a":{"b":false,"c":""}}`, `{}`, false, nil},
		"a set of texts may be in any order":            {`["a","b"]`, `["b","a"]`, false, nil},
		"a list of objects has an order":                {`[{"a":1},{"a":2}]`, `[{"a":2},{"a":1}]`, false, []Difference{{"p[0].a", Updated}, {"p[1].a", Updated}}},
		"unless it is a set":                            {`[{"a":1},{"a":2}]`, `[{"a":2},{"a":1}]`, true, nil},
		"JSON texts are compared by meaning":            {`"{\"a\": 1, \"b\": 2}"`, `"{\"b\":2,\"a\":1}"`, false, nil},
		"a JSON text that says something else differs":  {`"{\"a\": 1}"`, `"{\"a\":2}"`, false, []Difference{{"p", Updated}}},
		"a number may be written as text":               {`"256"`, `256`, false, nil},
		"a new key is added and a missing one deleted":  {`{"old":1}`, `{"new":1}`, false, []Difference{{"p.new", Added}, {"p.old", Deleted}}},
		"a key with a dot is quoted":                    {`{}`, `{"a.b/c":"x"}`, false, []Difference{{`p["a.b/c"]`, Added}}},
		"a longer list has one more item":               {`["a"]`, `["a","b"]`, false, []Difference{{"p[1]", Added}}},
		"a list that was emptied is deleted as a whole": {`["a"]`, `[]`, false, []Difference{{"p", Deleted}}},
		"duplicates in a set count":                     {`["a","a"]`, `["a","b"]`, false, []Difference{{"p[1]", Updated}}},
	} {
		t.Run(sentence, func(t *testing.T) {
			require.Equal(t, c.want, Compare("p", tree(t, c.present), tree(t, c.wanted), c.unordered))
		})
	}
	require.Equal(t, []Difference{{"p.a", Updated}}, Compare("p", tree(t, `{"a":"x"}`), map[string]any{"a": Unknown{}}, false))
}

func TestAtLooksThroughLists(t *testing.T) {
	v := tree(t, `{"lb":[{"arn":"x","ports":[1,2]},{"arn":"y"},{"arn":""}],"n":3,"yes":true}`)
	require.Equal(t, []string{"x", "y"}, Texts(v, "lb.arn"))
	require.Equal(t, []any{1.0, 2.0}, At(v, "lb.ports"))
	require.Equal(t, "3", Text(v, "n"))
	require.Equal(t, 3.0, Number(v, "n"))
	require.True(t, True(v, "yes"))
	require.Nil(t, At(v, "lb.none"))
	require.Len(t, List(v, "lb"), 3)
	require.Nil(t, Map(v, "n"))
}

func TestSet(t *testing.T) {
	v := tree(t, `{"list":[{"a":1}],"tags":{"x":"y"}}`).(map[string]any)
	require.NoError(t, Set(v, "list[0].a", 2.0))
	require.NoError(t, Set(v, `tags["a.b"]`, "c"))
	require.NoError(t, Set(v, "tags.x", nil))
	require.NoError(t, Set(v, "new.deep", true))
	require.Equal(t, tree(t, `{"list":[{"a":2}],"tags":{"a.b":"c"},"new":{"deep":true}}`), any(v))
	require.ErrorContains(t, Set(v, "list[3].a", 1), "has 1 items")
	require.ErrorContains(t, Set(v, "new.deep.er", 1), "nothing can stand below")
	require.ErrorContains(t, Set(v, "", 1), "empty")
	require.ErrorContains(t, Set(v, "a[0", 1), "no ]")
}

func TestHasUnknown(t *testing.T) {
	require.True(t, HasUnknown(map[string]any{"a": []any{1.0, Unknown{}}}))
	require.False(t, HasUnknown(tree(t, `{"a":[1]}`)))
}

func TestGetAndBelow(t *testing.T) {
	v := tree(t, `{"list":[{"a":1}],"tags":{"a.b":"c"}}`)
	for path, want := range map[string]any{"list[0].a": 1.0, `tags["a.b"]`: "c", "list[1]": nil, "tags.x": nil, "list[0].a.b": nil} {
		got, has := Get(v, path)
		require.Equal(t, want, got, path)
		require.Equal(t, want != nil, has, path)
	}
	require.True(t, Below(`tags["deployer:run"]`, "tags.deployer:run"))
	require.True(t, Below("rules[3].status", "rules[*]"))
	require.True(t, Below("rules[3].status", "rules"))
	require.False(t, Below("rules", "rules[0]"))
	require.False(t, Below("rulesOfOthers", "rules"))
}

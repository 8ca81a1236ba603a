package document_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/document"
)

const envelope = `# a comment
apiVersion: components.deployer.io/v1
kind: MicroService
metadata:
  name: api
  service: user
  labels: {team: blue, "example.com/tier": gold}
spec:
  image: "user:1"
  env:
    - name: A
      value: 5432
    - {name: B, value: true}
  tags: {a.b: c}
  empty: ~
---
---
apiVersion: core.deployer.io/v1
kind: Service
metadata: {name: user}
`

func TestDocumentsKnowTheirPlaces(t *testing.T) {
	docs, ds := document.Parse(files(t, "b.yaml", envelope, "a/environments/staging/x.yml", api("{}")))
	require.Empty(t, ds.String())
	require.Len(t, docs, 3)
	require.Equal(t, "staging", docs[0].Environment)
	d := docs[1]
	require.Equal(t, "components.deployer.io/v1", d.APIVersion)
	require.Equal(t, "MicroService", d.Kind)
	require.Equal(t, "api", d.Metadata.Name)
	require.Equal(t, "user", d.Metadata.Service)
	require.Equal(t, map[string]string{"team": "blue", "example.com/tier": "gold"}, d.Metadata.Labels)
	require.Equal(t, "b.yaml:2:1", d.Position.String())
	require.Equal(t, "b.yaml:5:9", d.Metadata.Node.Get("name").Position().String())
	require.Empty(t, d.Environment)
	require.True(t, d.IsComponent())
	require.False(t, d.IsLayer())
	require.Equal(t, "b.yaml:18:1", docs[2].Position.String())
	require.Equal(t, document.Map, docs[2].Spec.Kind(), "a document without a spec has an empty one")
}

func TestNodesAreNavigated(t *testing.T) {
	docs, ds := document.Parse(files(t, "b.yaml", envelope))
	require.Empty(t, ds.String())
	spec := docs[0].Spec
	env := spec.Get("env")
	require.Equal(t, document.List, env.Kind())
	require.Equal(t, 2, env.Len())
	value := env.Items()[1].Get("value")
	require.Equal(t, "spec.env[1].value", value.Path())
	require.Equal(t, "b.yaml:13:24", value.Position().String())
	require.Equal(t, document.Bool, value.Kind())
	text, ok := env.Items()[0].Get("value").Text()
	require.True(t, ok)
	require.Equal(t, "5432", text)
	require.Equal(t, `spec.tags["a.b"]`, spec.Get("tags").Get("a.b").Path())
	require.Equal(t, document.Null, spec.Get("empty").Kind())
	require.False(t, spec.Get("empty").IsZero())

	var keys []string
	for key, value := range spec.Each() {
		text, _ := key.Text()
		keys = append(keys, text)
		require.Equal(t, "spec."+text, value.Path())
	}
	require.Equal(t, []string{"image", "env", "tags", "empty"}, keys)

	absent := spec.Get("no").Get("where")
	require.True(t, absent.IsZero())
	require.Equal(t, document.Absent, absent.Kind())
	require.Empty(t, absent.Items())
	require.Zero(t, absent.Len())
	require.Nil(t, absent.Value())
	require.Empty(t, absent.Path())
	require.Empty(t, absent.Position())
	for range absent.Each() {
		require.Fail(t, "nothing to visit")
	}
	_, ok = absent.Text()
	require.False(t, ok)
}

func TestScalarsAreWhatYAMLSays(t *testing.T) {
	for text, want := range map[string]any{
		"1": int64(1), "0x10": int64(16), "0o17": int64(15), "0b11": int64(3), "1_000": int64(1000), "-5": int64(-5),
		"18446744073709551615": uint64(18446744073709551615), "1.5": 1.5, "1e3": 1000.0, "true": true, "False": false,
		"yes": "yes", "on": "on", "~": nil, "null": nil, "": nil, "2026-01-02": "2026-01-02", `"1"`: "1", "'a'": "a",
		"!!str 1": "1", "!!int 7": int64(7), "!!float 2": 2.0, "1.2.3": "1.2.3", "12h": "12h", "|\n    a\n    b\n": "a\nb\n", "<<": "<<",
		"[1, {a: b}]": []any{int64(1), map[string]any{"a": "b"}},
	} {
		t.Run(text, func(t *testing.T) {
			docs, ds := document.Parse(files(t, "a.yaml", "apiVersion: a\nkind: b\nmetadata: {name: c}\nspec:\n  x: "+text+"\n"))
			require.Empty(t, ds.String())
			require.Equal(t, want, docs[0].Spec.Get("x").Value())
		})
	}
}

func TestAliasesAndMergeKeys(t *testing.T) {
	docs, ds := document.Parse(files(t, "a.yaml", `apiVersion: a
kind: b
metadata: {name: c}
spec:
  base: &base {cpu: 1, memory: 2}
  more: &more {memory: 3, disk: 4}
  one: *base
  two:
    <<: *base
    cpu: 9
  three: {<<: [*more, *base]}
`))
	require.Empty(t, ds.String())
	require.JSONEq(t, `{"base":{"cpu":1,"memory":2},"more":{"memory":3,"disk":4},"one":{"cpu":1,"memory":2},
		"two":{"cpu":9,"memory":2},"three":{"memory":3,"disk":4,"cpu":1}}`, specJSON(t, docs[0]))
	require.Equal(t, "spec.one.cpu", docs[0].Spec.Get("one").Get("cpu").Path())
}

func TestEnvelopeMistakesAreAllReported(t *testing.T) {
	for sentence, c := range map[string]struct{ text, want string }{
		"an unknown field": {"apiVersion: a\nkind: b\nmetadata: {name: c}\nspecs: {}\n",
			"a.yaml:4:1: error: specs: unknown field \"specs\" (did you mean \"spec\"?)\n"},
		"nothing that is needed": {"spec: {}\n",
			"a.yaml:1:1: error: apiVersion: is required and not there (add apiVersion)\n" +
				"a.yaml:1:1: error: kind: is required and not there (add kind)\n" +
				"a.yaml:1:1: error: metadata: is required and not there (add metadata)\n"},
		"metadata of the wrong sorts": {"apiVersion: 1\nkind: \"\"\nmetadata: {name: 5, labels: [a], nmae: x}\nspec: []\n",
			"a.yaml:1:13: error: apiVersion: must be a text, not an integer (quote it to make it a text)\n" +
				"a.yaml:2:7: error: kind: must not be empty (name it)\n" +
				"a.yaml:3:18: error: metadata.name: must be a text, not an integer (quote it to make it a text)\n" +
				"a.yaml:3:29: error: metadata.labels: must be a mapping, not a list (write a mapping here)\n" +
				"a.yaml:3:34: error: metadata.nmae: unknown field \"nmae\" (did you mean \"name\"?)\n" +
				"a.yaml:4:7: error: spec: must be a mapping, not a list (write a mapping here)\n"},
		"no name": {"apiVersion: a\nkind: b\nmetadata: {service: x}\n",
			"a.yaml:3:11: error: metadata.name: is required and not there (add name)\n"},
		"a variable in metadata": {"apiVersion: a\nkind: b\nmetadata: {name: \"x-${environment}\"}\n",
			"a.yaml:3:11: error: metadata: variables are replaced in spec only, not in metadata (write it out)\n"},
		"a patch outside of overlays": {"apiVersion: a\nkind: b\nmetadata: {name: c}\n$patch: delete\n",
			"a.yaml:4:9: error: $patch: only a document in an environments/NAME folder may patch another as a whole (move it there, or take $patch out)\n"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, ds := document.Parse(files(t, "a.yaml", c.text))
			require.Equal(t, c.want, ds.String())
		})
	}
	_, ds := document.Parse(files(t, "environments/a/environments/b/x.yaml", api("{}")))
	require.Contains(t, ds.String(), "name two environments")
}

func TestSyntaxErrorsNameTheirLines(t *testing.T) {
	for text, want := range map[string]string{
		"a: 1\nb: 2\n c: 3\n":       "a.yaml:3:1",
		"a: 1\nb:\n  - x\n  y: 1\n": "a.yaml:3:1",
		"\n\na: [1,\nb: 2\n":        "a.yaml:3:1",
		"a: 1\nb: *x\n":             "a.yaml:2:4",
		"a: 1\nb: \x01\n":           "a.yaml:2:4",
		"a: 1\nb: caf\xe9\n":        "a.yaml:2:7",
		"{}\n---\nb: {c: \"d}\n":    "a.yaml:3:1: error: the YAML",
	} {
		_, ds := document.Parse(files(t, "a.yaml", text))
		require.Contains(t, ds.String(), want, text)
	}
}

package document_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/document"
)

func specJSON(t testing.TB, d *document.Document) string {
	t.Helper()
	data, err := json.Marshal(d.Spec.Value())
	require.NoError(t, err)
	return string(data)
}

func TestLayersMergeLikeStrategicPatches(t *testing.T) {
	for sentence, c := range map[string]struct{ base, overlay, want string }{
		"an overlay's scalar wins":                     {`{a: 1, b: x}`, `{a: 2}`, `{"a":2,"b":"x"}`},
		"a mapping merges deeply":                      {`{a: {b: 1, c: 2}}`, `{a: {c: 3, d: 4}}`, `{"a":{"b":1,"c":3,"d":4}}`},
		"null deletes a key":                           {`{a: 1, b: 2}`, `{a: null}`, `{"b":2}`},
		"null deletes what is not there in silence":    {`{a: 1}`, `{b: null}`, `{"a":1}`},
		"a plain list is replaced":                     {`{l: [1, 2]}`, `{l: [3]}`, `{"l":[3]}`},
		"an empty list replaces a named one":           {`{l: [{name: a}]}`, `{l: []}`, `{"l":[]}`},
		"a scalar replaces a mapping":                  {`{a: {b: 1}}`, `{a: x}`, `{"a":"x"}`},
		"a mapping replaces a scalar":                  {`{a: x}`, `{a: {b: 1}}`, `{"a":{"b":1}}`},
		"$patch replace replaces a mapping":            {`{a: {b: 1}}`, `{a: {$patch: replace, c: 2}}`, `{"a":{"c":2}}`},
		"$patch delete deletes a mapping":              {`{a: {b: 1}, z: 1}`, `{a: {$patch: delete}}`, `{"z":1}`},
		"$patch merge is the ordinary way":             {`{a: {b: 1}}`, `{a: {$patch: merge, c: 2}}`, `{"a":{"b":1,"c":2}}`},
		"$patch on nothing leaves no trace":            {`{}`, `{a: {$patch: replace, c: {d: null, e: 1}}}`, `{"a":{"c":{"e":1}}}`},
		"a mapping added by an overlay loses its null": {`{}`, `{a: {b: null, c: 1}}`, `{"a":{"c":1}}`},
		"named items merge by name and new ones follow": {`{l: [{name: a, v: 1}, {name: b, v: 2}]}`, `{l: [{name: c, v: 3}, {name: a, v: 9}]}`,
			`{"l":[{"name":"a","v":9},{"name":"b","v":2},{"name":"c","v":3}]}`},
		"a named item can be deleted": {`{l: [{name: a}, {name: b}]}`, `{l: [{name: a, $patch: delete}]}`, `{"l":[{"name":"b"}]}`},
		"a named item can be replaced": {`{l: [{name: a, v: 1, w: 2}]}`, `{l: [{name: a, $patch: replace, v: 3}]}`,
			`{"l":[{"name":"a","v":3}]}`},
		"a named list can be replaced as a whole": {`{l: [{name: a}, {name: b}]}`, `{l: [{$patch: replace}, {name: c}]}`,
			`{"l":[{"name":"c"}]}`},
		"a replaced list keeps no directive where there was none": {`{}`, `{l: [{$patch: replace}, {name: c}]}`, `{"l":[{"name":"c"}]}`},
		"a list with one nameless item is replaced":               {`{l: [{name: a}]}`, `{l: [{x: 1}]}`, `{"l":[{"x":1}]}`},
		"numbers as names merge too":                              {`{l: [{name: 1, v: 1}]}`, `{l: [{name: 1, v: 2}]}`, `{"l":[{"name":1,"v":2}]}`},
		"a whole spec can be replaced":                            {`{a: 1, b: 2}`, `{$patch: replace, c: 3}`, `{"c":3}`},
	} {
		t.Run(sentence, func(t *testing.T) {
			docs, ds := merge(t, document.Options{}, "stack.yaml", stack, "api.yaml", api(c.base),
				"environments/staging/api.yaml", api(c.overlay), "environments/production/api.yaml", api(`{never: here}`))
			require.Empty(t, ds.String())
			require.JSONEq(t, c.want, specJSON(t, find(t, docs, "MicroService", "api")))
		})
	}
}

const everyLayer = `
apiVersion: infra.deployer.io/v1
kind: InfraDefaults
metadata: {name: defaults}
spec: {kinds: {MicroService: {a: infra, b: infra, c: infra, d: infra, e: infra, f: infra}, RDS: {a: rds}}}
---
apiVersion: infra.deployer.io/v1
kind: ServiceInfraDefaults
metadata: {name: user-defaults, service: user}
spec: {kinds: {MicroService: {b: service, c: service, d: service, e: service, f: service}}}
---
apiVersion: infra.deployer.io/v1
kind: ComponentInfra
metadata: {name: api, service: user}
spec: {overrides: {c: component, d: component, e: component, f: component}}
`

func TestEachLayerWinsOverThoseBelow(t *testing.T) {
	docs, ds := merge(t, document.Options{Sets: sets(t, "user/api.f=set", "user/api.spec.n=3")},
		"stack.yaml", stack, "infra.yaml", everyLayer, "user/api.yaml", api(`{d: own, e: own, f: own}`),
		"environments/staging/api.yaml", api(`{e: overlay, f: overlay}`),
		"other.yaml", "apiVersion: components.deployer.io/v1\nkind: MicroService\nmetadata: {name: api, service: other}\nspec: {}\n")
	require.Empty(t, ds.String())
	d := find(t, docs, "MicroService", "api")
	require.Equal(t, "other", d.Metadata.Service)
	require.JSONEq(t, `{"a":"infra","b":"infra","c":"infra","d":"infra","e":"infra","f":"infra"}`, specJSON(t, d))
	d = docs[len(docs)-1]
	require.JSONEq(t, `{"a":"infra","b":"service","c":"component","d":"own","e":"overlay","f":"set","n":3}`, specJSON(t, d))

	fields := map[string]document.Field{}
	for _, f := range d.Provenance() {
		fields[f.Path] = f
	}
	require.Len(t, fields, 7)
	layers := map[string]document.Layer{"spec.a": document.LayerInfraDefaults, "spec.b": document.LayerServiceInfraDefaults,
		"spec.c": document.LayerComponentInfra, "spec.d": document.LayerDocument, "spec.e": document.LayerEnvironment,
		"spec.f": document.LayerSet, "spec.n": document.LayerSet}
	for path, want := range layers {
		require.Equal(t, want, fields[path].Layer, path)
	}
	require.Equal(t, "infra.yaml:5:34", fields["spec.a"].Position.String())
	require.Equal(t, "environments/staging/api.yaml:4:11", fields["spec.e"].Position.String())
	require.Equal(t, "--set user/api.f", fields["spec.f"].Position.String())
	var overrode []any
	for _, o := range fields["spec.f"].Overrode {
		overrode = append(overrode, o.Value)
	}
	require.Equal(t, []any{"overlay", "own", "component", "service", "infra"}, overrode)
	require.Equal(t, "user/api.yaml:4:7", d.Spec.Position().String(), "a merged spec stands where its document does")
}

func TestProvenanceFollowsNamesAndVariables(t *testing.T) {
	docs, ds := merge(t, document.Options{}, "stack.yaml", stack,
		"api.yaml", api(`{env: [{name: A, value: 1}, {name: B, value: "${var.size}"}], zones: "${var.zones}", list: [1, 2]}`),
		"environments/staging/api.yaml", api(`{env: [{name: B, value: "x${var.size}"}], list: [3]}`))
	require.Empty(t, ds.String())
	data, err := json.Marshal(find(t, docs, "MicroService", "api").Provenance())
	require.NoError(t, err)
	require.JSONEq(t, `[
	 {"value":"A","layer":"document","position":{"file":"api.yaml","line":4,"column":21},"path":"spec.env[0].name"},
	 {"value":1,"layer":"document","position":{"file":"api.yaml","line":4,"column":31},"path":"spec.env[0].value"},
	 {"value":"B","layer":"environment","position":{"file":"environments/staging/api.yaml","line":4,"column":21},"path":"spec.env[1].name",
	  "overrode":[{"value":"B","layer":"document","position":{"file":"api.yaml","line":4,"column":42}}]},
	 {"value":"xsmall","layer":"environment","position":{"file":"environments/staging/api.yaml","line":4,"column":31},"path":"spec.env[1].value",
	  "overrode":[{"value":"${var.size}","layer":"document","position":{"file":"api.yaml","line":4,"column":52}}]},
	 {"value":["a","b"],"layer":"document","position":{"file":"api.yaml","line":4,"column":76},"path":"spec.zones"},
	 {"value":[3],"layer":"environment","position":{"file":"environments/staging/api.yaml","line":4,"column":55},"path":"spec.list",
	  "overrode":[{"value":[1,2],"layer":"document","position":{"file":"api.yaml","line":4,"column":98}}]}]`, string(data))
}

func TestOverlaysAddressDocuments(t *testing.T) {
	worker := "apiVersion: components.deployer.io/v1\nkind: Worker\nmetadata: {name: jobs, service: user}\n"
	t.Run("an overlay without a base is a document of its environment", func(t *testing.T) {
		pairs := []string{"stack.yaml", stack, "environments/staging/w.yaml", worker + "spec: {a: {b: null, c: 1}}\n"}
		docs, ds := merge(t, document.Options{}, pairs...)
		require.Empty(t, ds.String())
		require.Len(t, docs, 2)
		docs, ds = merge(t, document.Options{Environment: "production"}, pairs...)
		require.Empty(t, ds.String())
		require.Len(t, docs, 1)
	})
	t.Run("$patch delete removes a document", func(t *testing.T) {
		docs, ds := merge(t, document.Options{}, "stack.yaml", stack, "w.yaml", worker,
			"user/environments/staging/w.yaml", worker+"$patch: delete\n")
		require.Empty(t, ds.String())
		require.Len(t, docs, 1)
	})
	t.Run("$patch replace replaces the document's own spec", func(t *testing.T) {
		docs, ds := merge(t, document.Options{}, "stack.yaml", stack, "infra.yaml", everyLayer, "api.yaml", api(`{own: 1}`),
			"environments/staging/w.yaml", api(`{z: 1}`)+"$patch: replace\n")
		require.Empty(t, ds.String())
		require.JSONEq(t, `{"a":"infra","b":"service","c":"component","d":"component","e":"component","f":"component","z":1}`,
			specJSON(t, find(t, docs, "MicroService", "api")))
	})
	t.Run("the innermost folder is applied last", func(t *testing.T) {
		docs, ds := merge(t, document.Options{}, "stack.yaml", stack, "w.yaml", worker+"spec: {a: 0}\n",
			"environments/staging/z.yaml", worker+"spec: {a: outer}\n",
			"environments/staging/inner/a.yaml", worker+"spec: {a: inner}\n")
		require.Empty(t, ds.String())
		require.JSONEq(t, `{"a":"inner"}`, specJSON(t, find(t, docs, "Worker", "jobs")))
	})
	t.Run("overlays of the documents that give values come first", func(t *testing.T) {
		docs, ds := merge(t, document.Options{}, "stack.yaml", stack, "infra.yaml", everyLayer, "api.yaml", api(`{}`),
			"environments/staging/infra.yaml", "apiVersion: infra.deployer.io/v1\nkind: InfraDefaults\nmetadata: {name: defaults}\n"+
				"spec: {kinds: {MicroService: {a: staging, b: staging}}}\n")
		require.Empty(t, ds.String())
		require.JSONEq(t, `{"a":"staging","b":"service","c":"component","d":"component","e":"component","f":"component"}`,
			specJSON(t, find(t, docs, "MicroService", "api")))
	})
	t.Run("labels merge", func(t *testing.T) {
		doc := "apiVersion: components.deployer.io/v1\nkind: Worker\nmetadata: {name: jobs, service: user, labels: {%s}}\n"
		docs, ds := merge(t, document.Options{}, "stack.yaml", stack, "w.yaml", fmt.Sprintf(doc, "a: x, b: x"),
			"environments/staging/w.yaml", fmt.Sprintf(doc, "b: y, c: y"))
		require.Empty(t, ds.String())
		require.Equal(t, map[string]string{"a": "x", "b": "y", "c": "y"}, find(t, docs, "Worker", "jobs").Metadata.Labels)
	})
}

func TestParsedDocumentsServeSeveralEnvironments(t *testing.T) {
	docs, ds := document.Parse(files(t, "stack.yaml", stack, "infra.yaml", everyLayer,
		"api.yaml", api(`{env: [{name: SIZE, value: "${var.size}-${environment}"}]}`),
		"environments/production/api.yaml", api(`{env: [{name: MORE, value: 1}]}`)))
	require.Empty(t, ds.String())
	before := specJSON(t, find(t, docs, "MicroService", "api"))
	seen := map[string]string{}
	for range 2 {
		for _, environment := range []string{"staging", "production"} {
			merged, ds := document.Merge(docs, document.Options{Environment: environment})
			require.Empty(t, ds.String())
			got := specJSON(t, find(t, merged, "MicroService", "api"))
			if first, known := seen[environment]; known {
				require.Equal(t, first, got)
			}
			seen[environment] = got
		}
	}
	require.Contains(t, seen["staging"], `"small-staging"`)
	require.Contains(t, seen["production"], `"large-production"`)
	require.Equal(t, before, specJSON(t, find(t, docs, "MicroService", "api")))
}

func TestMergeReportsMistakes(t *testing.T) {
	second := "apiVersion: core.deployer.io/v1\nkind: Stack\nmetadata: {name: shelf}\nspec: {environments: [{name: staging}]}\n"
	for sentence, c := range map[string]struct {
		options document.Options
		files   []string
		want    string
	}{
		"no stack": {files: []string{"a.yaml", api("{}")},
			want: "-: error: the bundle holds no Stack document (add one with apiVersion: core.deployer.io/v1 and kind: Stack, or run 'deployer init')\n"},
		"an unknown stack": {options: document.Options{Stack: "shep"}, files: []string{"s.yaml", stack, "t.yaml", second},
			want: "s.yaml:1:1: error: the bundle holds no stack named \"shep\" (did you mean \"shop\"?)\n"},
		"several stacks and none chosen": {files: []string{"s.yaml", stack, "t.yaml", second},
			want: "t.yaml:1:1: error: the bundle holds several stacks: shelf, shop (choose one with --stack)\n"},
		"several stacks and a document of none": {options: document.Options{Stack: "shelf"}, files: []string{"s.yaml", stack, "t.yaml", second, "a.yaml", api("{}")},
			want: "a.yaml:3:11: error: metadata.stack: MicroService user/api does not say which stack it belongs to (the bundle holds several: add stack: with one of shelf, shop)\n"},
		"a document of a stack that is not there": {files: []string{"s.yaml", stack, "a.yaml", "apiVersion: core.deployer.io/v1\nkind: Service\nmetadata: {name: user, stack: shup}\n"},
			want: "a.yaml:3:31: error: metadata.stack: the bundle holds no stack named \"shup\" (did you mean \"shop\"?)\n"},
		"an unknown environment": {options: document.Options{Environment: "stageing"}, files: []string{"s.yaml", stack},
			want: "s.yaml:1:1: error: spec.environments: the stack shop declares no environment named \"stageing\" (did you mean \"staging\"?)\n"},
		"an overlay for an environment that is not declared": {files: []string{"s.yaml", stack, "environments/prodution/a.yaml", api("{}")},
			want: "environments/prodution/a.yaml: error: the folder is for the environment \"prodution\", which the stack shop does not declare (did you mean \"production\"?)\n"},
		"a document that stands twice": {files: []string{"s.yaml", stack, "a.yaml", api("{}"), "b.yaml", api("{}")},
			want: "b.yaml:1:1: error: MicroService user/api stands twice; first at a.yaml:1:1 (rename one of the two, or take it out)\n"},
		"an overlay that deletes nothing": {files: []string{"s.yaml", stack, "a.yaml", api("{}"), "environments/staging/a.yaml",
			"apiVersion: components.deployer.io/v1\nkind: MicroService\nmetadata: {name: apu, service: user}\n$patch: delete\n"},
			want: "environments/staging/a.yaml:1:1: error: deletes MicroService user/apu, which is not there (did you mean \"user/api\"?)\n"},
		"a named item to delete that is not there": {files: []string{"s.yaml", stack, "a.yaml", api("{env: [{name: A}]}"),
			"environments/staging/a.yaml", api("{env: [{name: B, $patch: delete}]}")},
			want: "environments/staging/a.yaml:4:14: error: spec.env[0]: deletes the item \"B\", which is not there (take the item out, or correct its name)\n"},
		"an item to delete in a list without names": {files: []string{"s.yaml", stack, "a.yaml", api("{open: [{port: 22}, {port: 443}]}"),
			"environments/staging/a.yaml", api("{open: [{port: 22, $patch: delete}]}")},
			want: "environments/staging/a.yaml:4:15: error: spec.open[0]: deletes an item, but no list below is merged with this one by name: it would stand alone (write out the items that are to stay)\n"},
		"two items of one name": {files: []string{"s.yaml", stack, "a.yaml", api("{env: [{name: A}, {name: A}]}"),
			"environments/staging/a.yaml", api("{env: [{name: B}, {name: B}]}")},
			want: "a.yaml:4:25: error: spec.env[1]: another item of the list is named \"A\" too (rename one of the two)\n" +
				"environments/staging/a.yaml:4:25: error: spec.env[1]: another item of the list is named \"B\" too (rename one of the two)\n"},
		"a $patch that is none": {files: []string{"s.yaml", stack, "a.yaml", api("{a: {b: 1}}"), "environments/staging/a.yaml", api("{a: {$patch: remove}}")},
			want: "environments/staging/a.yaml:4:20: error: spec.a.$patch: $patch must be delete, replace or merge (write $patch: delete or $patch: replace)\n"},
		"a ComponentInfra for no component": {files: []string{"s.yaml", stack, "i.yaml", everyLayer},
			want: "i.yaml:12:1: error: there is no component user/api for this ComponentInfra (correct metadata.service and metadata.name)\n"},
		"a --set for no component": {options: document.Options{Sets: sets(t, "user/apo.a=1")}, files: []string{"s.yaml", stack, "a.yaml", api("{}")},
			want: "--set user/apo.a: error: there is no component user/apo in environment staging (did you mean \"user/api\"?)\n"},
		"a misspelled field of the documents that give values": {files: []string{"s.yaml", stack, "i.yaml",
			"apiVersion: infra.deployer.io/v1\nkind: InfraDefaults\nmetadata: {name: d}\nspec: {kind: {}}\n---\n" +
				"apiVersion: infra.deployer.io/v1\nkind: ServiceInfraDefaults\nmetadata: {name: d}\nspec: {kinds: {RDS: 1}}\n"},
			want: "i.yaml:4:8: error: spec.kind: unknown field \"kind\" (did you mean \"kinds\"?)\n" +
				"i.yaml:8:11: error: metadata.service: is required and not there (add service)\n"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, ds := merge(t, c.options, c.files...)
			require.Equal(t, c.want, ds.String())
		})
	}
}

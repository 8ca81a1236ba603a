package document_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/document"
)

// visit walks all of a node, as a reader would.
func visit(t *testing.T, n document.Node, budget *int) {
	if *budget--; *budget < 0 {
		return
	}
	n.Path()
	n.Text()
	require.NotEmpty(t, n.Position().File)
	for _, value := range n.Each() {
		visit(t, value, budget)
	}
	for _, item := range n.Items() {
		visit(t, item, budget)
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range hostileFiles() {
		if len(c[0]) < 8<<10 {
			f.Add([]byte(c[0]))
		}
	}
	f.Add([]byte(envelope))
	f.Add([]byte(stack))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, ds := bundle.FromFiles([]bundle.File{{Path: "a.yaml", Data: data}}, bundle.Limits{})
		if ds.HasErrors() {
			return
		}
		docs, ds := document.Parse(b)
		for _, d := range ds {
			require.NotEmpty(t, d.Message)
			require.NotEmpty(t, d.Hint)
			require.Equal(t, "a.yaml", d.File)
		}
		for _, d := range docs {
			budget := 10_000
			visit(t, d.Spec, &budget)
			var s service
			document.Decode(d.Spec, &s)
		}
	})
}

func FuzzMerge(f *testing.F) {
	f.Add(`{a: 1, l: [{name: a}]}`, `{a: null, l: [{name: a, $patch: delete}]}`, `{b: {$patch: replace, c: 1}}`, "user/api.a=1")
	f.Add(`{a: {b: {c: [1, 2]}}}`, `{$patch: replace}`, `{a: {b: null}}`, "user/api.a[b].c={x: null}")
	f.Add(`[]`, `{$patch: delete}`, `{l: [{$patch: replace}, {name: x}]}`, "var.size=[1]")
	f.Add(`{a: &a {b: 1}, c: *a}`, `{c: {b: 2}}`, `{c: {$patch: delete}}`, `user/api.t["x"]=null`)
	f.Fuzz(func(t *testing.T, defaults, own, overlay, set string) {
		var pairs []bundle.File
		for path, text := range map[string]string{"stack.yaml": stack, "api.yaml": api(own), "environments/staging/api.yaml": api(overlay),
			"infra.yaml": "apiVersion: infra.deployer.io/v1\nkind: InfraDefaults\nmetadata: {name: d}\nspec: {kinds: {MicroService: " + defaults + "}}\n"} {
			pairs = append(pairs, bundle.File{Path: path, Data: []byte(text)})
		}
		b, ds := bundle.FromFiles(pairs, bundle.Limits{})
		if ds.HasErrors() {
			return
		}
		docs, ds := document.Parse(b)
		if ds.HasErrors() {
			return
		}
		before := dump(docs)
		parsed, _ := document.ParseSets([]string{set})
		o := document.Options{Environment: "staging", Sets: parsed}
		merged, ds := document.Merge(docs, o)
		again, dsAgain := document.Merge(docs, o)
		require.Equal(t, ds, dsAgain)
		require.Equal(t, dump(merged), dump(again))
		require.Equal(t, before, dump(docs), "merging must not change what was parsed")
		if ds.HasErrors() {
			return
		}
		for _, d := range merged {
			for _, field := range d.Provenance() {
				require.NotEmpty(t, field.Layer)
				require.NotEmpty(t, field.Position.File)
			}
			if !d.IsLayer() {
				require.NotContains(t, keys(d.Spec.Value(), nil), "$patch")
			}
		}
	})
}

func dump(docs []*document.Document) string {
	out := ""
	for _, d := range docs {
		data, err := json.Marshal(d.Spec.Value())
		out += fmt.Sprintln(d.Kind, d.Metadata.Name, d.Position, d.Spec.Position(), string(data), err)
	}
	return out
}

func keys(value any, all []string) []string {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			all = keys(inner, append(all, key))
		}
	case []any:
		for _, inner := range value {
			all = keys(inner, all)
		}
	}
	return all
}

func FuzzVariables(f *testing.F) {
	f.Add("x-${var.a}-${environment}", "${var.b}", "y", "$${x}")
	f.Add("${var.a}", "${var.a}", "${var.b}", "${")
	f.Add("$$${var.a}}}", "${var.c}${var.c}", "${var.a}", "${var.b}")
	f.Fuzz(func(t *testing.T, text, a, b, set string) {
		quote := func(s string) string {
			data, err := json.Marshal(s)
			require.NoError(t, err)
			return string(data)
		}
		declared := "apiVersion: core.deployer.io/v1\nkind: Stack\nmetadata: {name: shop}\nspec:\n  environments: [{name: staging}]\n" +
			"  variables: {a: {default: " + quote(a) + "}, b: {default: " + quote(b) + "}, c: {}}\n"
		files, ds := bundle.FromFiles([]bundle.File{{Path: "stack.yaml", Data: []byte(declared)},
			{Path: "api.yaml", Data: []byte(api("{text: " + quote(text) + "}"))}}, bundle.Limits{})
		if ds.HasErrors() {
			return
		}
		docs, ds := document.Parse(files)
		if ds.HasErrors() {
			return
		}
		sets, _ := document.ParseSets([]string{"var.c=" + set})
		merged, ds := document.Merge(docs, document.Options{Environment: "staging", Sets: sets})
		if ds.HasErrors() {
			for _, d := range ds {
				require.NotEmpty(t, d.Hint)
			}
			return
		}
		got, ok := find(t, merged, "MicroService", "api").Spec.Get("text").Text()
		if ok {
			require.LessOrEqual(t, len(got), 64<<10+len(text))
		}
	})
}

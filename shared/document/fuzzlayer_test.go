package document_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/document"
)

// A file in environments/staging may hold anything: it is merged, or refused with places, and the documents below it stay
// as they are.
func FuzzOverlay(f *testing.F) {
	f.Add(api(`{replicas: 3, env: [{name: A, $patch: delete}, {name: B, value: b}]}`))
	f.Add(api(`{env: [{$patch: replace}, {name: C}], tags: null}`))
	f.Add(api(`{$patch: delete}`) + "---\n" + api(`{replicas: 1}`))
	f.Add("apiVersion: components.deployer.io/v1\nkind: MicroService\nmetadata: {name: api, service: user}\n$patch: delete\n")
	f.Add(strings.Replace(api(`{a: ${var.x}}`), "name: api", "name: other", 1))
	f.Add(strings.Replace(stack, "shop", "shop2", 1))
	base := api(`{replicas: 2, env: [{name: A, value: a}, {name: B}], tags: {x: y, "a.b": c}, nested: [[1], {k: v}]}`)
	f.Fuzz(func(t *testing.T, overlay string) {
		b, ds := bundle.FromFiles([]bundle.File{{Path: "stack.yaml", Data: []byte(stack)}, {Path: "api.yaml", Data: []byte(base)},
			{Path: "environments/staging/a.yaml", Data: []byte(overlay)}}, bundle.Limits{})
		if ds.HasErrors() {
			return
		}
		docs, ds := document.Parse(b)
		if ds.HasErrors() {
			return
		}
		before := dump(docs)
		merged, ds := document.Merge(docs, document.Options{Environment: "staging"})
		require.Equal(t, before, dump(docs), "merging must not change what was parsed")
		for _, d := range ds {
			require.NotEmpty(t, d.Message)
			require.NotEmpty(t, d.Hint, d.Message)
		}
		if ds.HasErrors() {
			return
		}
		for _, d := range merged {
			for _, field := range d.Provenance() {
				found := d.Spec.Find(strings.TrimPrefix(strings.TrimPrefix(field.Path, "spec"), "."))
				require.False(t, found.IsZero(), "%s leads nowhere", field.Path)
			}
		}
	})
}

// What --set says arrives where it says, or it is refused without its value being repeated.
func FuzzSet(f *testing.F) {
	for _, text := range []string{"user/api.replicas=3", "user/api.spec.replicas=3", "user/api.env[LOG_LEVEL].value=debug", `user/api.tags["a.b"]=x`,
		"var.size=[1, 2]", "user/api.a.b.c={d: [e]}", "user/api.tags=null", "user/api.x=", "user/api.x=a: b", `user/api.tags["a=b"]=c`, "nowhere",
		"=", "a/b.=1", "user/api.a[0]=1", "user/api.a[]=1", "user/api..a=1", `user/api.a["=1`, "user/api.x=*y", "user/api.x=!!binary aGk="} {
		f.Add(text)
	}
	base, ds := bundle.FromFiles([]bundle.File{{Path: "stack.yaml", Data: []byte(stack)}, {Path: "api.yaml", Data: []byte(api(`{replicas: 2, tags: {x: y}}`))}}, bundle.Limits{})
	require.Empty(f, ds)
	docs, ds := document.Parse(base)
	require.Empty(f, ds)
	f.Fuzz(func(t *testing.T, text string) {
		sets, ds := document.ParseSets([]string{text})
		require.Equal(t, len(sets) == 0, ds.HasErrors(), "it is one or the other")
		merged, more := document.Merge(docs, document.Options{Environment: "staging", Sets: sets})
		ds.Append(more)
		for _, d := range ds {
			require.NotEmpty(t, d.Hint, d.Message)
			require.True(t, strings.HasPrefix(d.File, "--set"), "%s", d)
		}
		if ds.HasErrors() {
			return
		}
		target, value, _ := strings.Cut(text, "=")
		path, simple := strings.CutPrefix(target, "user/api.")
		if !simple || !plainText(value) || strings.ContainsAny(path, `["`) {
			return
		}
		for _, d := range merged {
			if d.Kind == "MicroService" {
				found, ok := d.Spec.Find(strings.TrimPrefix(path, "spec.")).Text()
				require.True(t, ok, "%s is not where it was set", path)
				require.Equal(t, value, found)
			}
		}
	})
}

// plainText reports whether a value is a text in YAML and nothing else.
func plainText(value string) bool {
	for _, c := range value {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	return value != "" && value != "null" && value != "true" && value != "false"
}

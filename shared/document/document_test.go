package document_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/document"
)

// files makes a bundle of name, contents, name, contents...
func files(t testing.TB, pairs ...string) *bundle.Bundle {
	t.Helper()
	var all []bundle.File
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, bundle.File{Path: pairs[i], Data: []byte(pairs[i+1])})
	}
	b, ds := bundle.FromFiles(all, bundle.Limits{})
	require.Empty(t, ds.String())
	return b
}

const stack = `apiVersion: core.deployer.io/v1
kind: Stack
metadata: {name: shop}
spec:
  variables:
    size: {default: small}
    count: {default: 2, type: integer}
    region: {default: "eu-${environment}"}
    host: {default: "api.${var.region}.example.com"}
    secret: {}
    zones: {default: [a, b], type: list}
  environments:
    - name: staging
    - name: production
      variables: {size: large, count: 6}
`

// merge parses and merges; it returns what is wrong with either.
func merge(t testing.TB, o document.Options, pairs ...string) ([]*document.Document, diag.List) {
	t.Helper()
	docs, ds := document.Parse(files(t, pairs...))
	if o.Environment == "" {
		o.Environment = "staging"
	}
	merged, more := document.Merge(docs, o)
	return merged, append(ds, more...)
}

// find returns the merged document of that kind and name.
func find(t testing.TB, docs []*document.Document, kind, name string) *document.Document {
	t.Helper()
	for _, d := range docs {
		if d.Kind == kind && d.Metadata.Name == name {
			return d
		}
	}
	require.Fail(t, "no such document", "%s %s", kind, name)
	return nil
}

// api is the spec of a component user/api written with what follows "spec:".
func api(spec string) string {
	return "apiVersion: components.deployer.io/v1\nkind: MicroService\nmetadata: {name: api, service: user}\nspec: " + spec + "\n"
}

func sets(t testing.TB, texts ...string) []document.Set {
	t.Helper()
	parsed, ds := document.ParseSets(texts)
	require.Empty(t, ds.String())
	return parsed
}

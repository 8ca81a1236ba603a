package pipeline_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/document"
	"github.com/deployer-io/deployer/shared/pipeline"
	"github.com/deployer-io/deployer/shared/resource"
)

const layeredStack = `apiVersion: core.deployer.io/v1
kind: Stack
metadata: {name: shop}
spec:
  tags: {owner: shop, tier: one, cost: all}
  environments: [{name: staging, region: eu-west-1, tags: {tier: two, stage: yes-here}}]
---
apiVersion: core.deployer.io/v1
kind: Service
metadata: {name: orders}
spec:
  tags: {owner: orders}
---
apiVersion: infra.deployer.io/v1
kind: InfraDefaults
metadata: {name: defaults}
spec:
  kinds: {SQS: {visibilityTimeout: 10s, retention: 1d}}
---
apiVersion: components.deployer.io/v1
kind: SQS
metadata: {name: a, service: orders}
spec:
  visibilityTimeout: 20s
  tags: {owner: me}
  deadLetter: {maxReceives: 7}
`

const layeredOverlay = `apiVersion: components.deployer.io/v1
kind: SQS
metadata: {name: a, service: orders}
spec: {visibilityTimeout: 30s}
`

func TestEveryFieldSaysWhereItComesFrom(t *testing.T) {
	compiled, mistakes := compile(t, map[string]string{"stack.yaml": layeredStack, "environments/staging/a.yaml": layeredOverlay})
	require.NotNil(t, compiled, mistakes)
	queue, found := compiled.Set.Find(scope.In("orders", "a"))
	require.True(t, found)
	fields, err := compiled.Provenance(queue)
	require.NoError(t, err)

	byPath := map[string]document.Field{}
	for _, f := range fields {
		require.NotContains(t, byPath, f.Path, "each field once")
		byPath[f.Path] = f
	}
	said := func(o document.Origin) string {
		value, err := json.Marshal(o.Value)
		require.NoError(t, err)
		return string(value) + " " + string(o.Layer) + " " + o.Position.String()
	}
	for path, want := range map[string]string{
		"spec.visibilityTimeout":      `"30s" environment environments/staging/a.yaml:4:27 < "20s" document stack.yaml:24:22 < "10s" InfraDefaults stack.yaml:18:36`,
		"spec.retention":              `"1d" InfraDefaults stack.yaml:18:52`,
		"spec.deadLetter.maxReceives": `7 document stack.yaml:26:29`,
		"spec.tags.owner":             `"me" document stack.yaml:25:17 < "orders" Service stack.yaml:12:17 < "shop" Stack stack.yaml:5:17`,
		"spec.tags.tier":              `"two" Stack, here stack.yaml:6:66 < "one" Stack stack.yaml:5:29`,
		"spec.tags.stage":             `"yes-here" Stack, here stack.yaml:6:78`,
		"spec.tags.cost":              `"all" Stack stack.yaml:5:40`,
		"spec.timeout":                `"15m" default -`,
		"spec.retry.limit":            `2 default -`,
	} {
		f, known := byPath[path]
		require.True(t, known, path)
		got := said(f.Origin)
		for _, o := range f.Overrode {
			got += " < " + said(o)
		}
		require.Equal(t, want, got, path)
	}
	require.Equal(t, "spec.visibilityTimeout", fields[0].Path, "what is written comes first")
	requireComplete(t, queue, fields)
}

// requireComplete checks that no field of a spec is missing.
func requireComplete(t *testing.T, r *resource.Resource, fields []document.Field) {
	t.Helper()
	data, err := json.Marshal(r.Spec)
	require.NoError(t, err)
	var spec any
	require.NoError(t, json.Unmarshal(data, &spec))
	var walk func(path string, value any)
	walk = func(path string, value any) {
		object, nested := value.(map[string]any)
		if _, list := value.([]any); value == nil || value == "" || list {
			return
		}
		if !nested {
			covered := false
			for _, f := range fields {
				covered = covered || f.Path == path || strings.HasPrefix(path, f.Path+".") || strings.HasPrefix(f.Path, path+".")
			}
			require.True(t, covered, "%s: %s", r.Address, path)
		}
		for key, below := range object {
			walk(document.Join(path, key), below)
		}
	}
	walk("spec", spec)
}

func TestADefaultStandsInNoFile(t *testing.T) {
	compiled, mistakes := compile(t, map[string]string{"stack.yaml": stack, "a.yaml": queue("a", "")})
	require.NotNil(t, compiled, mistakes)
	fields, err := compiled.Provenance(compiled.Set.Resources[0])
	require.NoError(t, err)
	require.NotEmpty(t, fields)
	for _, f := range fields {
		require.Equal(t, pipeline.LayerDefault, f.Layer, f.Path)
		require.Empty(t, f.Position.File)
	}
}

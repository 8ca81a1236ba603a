package pipeline_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/pipeline"
)

var (
	scope   = address.Scope("shop", "staging")
	options = pipeline.Options{Scope: scope, Now: time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC)}
)

const stack = `apiVersion: core.deployer.io/v1
kind: Stack
metadata: {name: shop}
spec:
  environments: [{name: staging, region: eu-west-1}]
  variables: {visibility: {default: 30s}}
---
apiVersion: core.deployer.io/v1
kind: Service
metadata: {name: orders}
spec: {}
`

func compile(t testing.TB, files map[string]string) (*pipeline.Compiled, diag.List) {
	t.Helper()
	var list []bundle.File
	for path, text := range files {
		list = append(list, bundle.File{Path: path, Data: []byte(text)})
	}
	b, mistakes := bundle.FromFiles(list, bundle.Limits{Entries: 100_000})
	require.Empty(t, mistakes)
	return pipeline.Compile(b, options)
}

func queue(name, spec string) string { return component("SQS", name, spec) }

func component(kind, name, spec string) string {
	return fmt.Sprintf("apiVersion: components.deployer.io/v1\nkind: %s\nmetadata: {name: %s, service: orders}\nspec: {%s}\n", kind, name, spec)
}

func TestABundleBecomesAnOrderedSet(t *testing.T) {
	compiled, mistakes := compile(t, map[string]string{"stack.yaml": stack, "a.yaml": queue("a", "dependsOn: [{component: b}]"), "b.yaml": queue("b", "visibilityTimeout: '${var.visibility}'")})
	require.Empty(t, mistakes)
	require.Len(t, compiled.Set.Resources, 2)
	require.Equal(t, "b", compiled.Graph.Waves[0][0].Component)
	require.Equal(t, "a", compiled.Graph.Waves[1][0].Component)
}

func TestACycleIsAMistakeAtThePlaceOfItsFirstEdge(t *testing.T) {
	compiled, mistakes := compile(t, map[string]string{"stack.yaml": stack,
		"a.yaml": queue("a", "dependsOn: [{component: b}]"), "b.yaml": queue("b", "dependsOn: [{component: a}]"), "c.yaml": queue("c", "dependsOn: [{component: a}]")})
	require.Nil(t, compiled)
	require.Len(t, mistakes, 1)
	require.Equal(t, pipeline.CodeCycle, mistakes[0].Code)
	require.Equal(t, "a.yaml:4:32: error: spec.dependsOn[0].component: components wait for one another: orders/a -> orders/b -> orders/a (remove one of these dependencies)",
		mistakes[0].String())
}

func TestAPolicyThatDeniesStopsABundleThatIsWellFormed(t *testing.T) {
	policy := `apiVersion: infra.deployer.io/v1
kind: Compliance
metadata: {name: rules}
spec:
  rules:
    - name: owner
      match: {kinds: [SQS]}
      expression: "'owner' in resource.tags"
      message: tag it with its owner
      severity: %s
`
	files := map[string]string{"stack.yaml": stack, "a.yaml": queue("a", ""), "policy.yaml": fmt.Sprintf(policy, "deny")}
	compiled, mistakes := compile(t, files)
	require.Nil(t, compiled, mistakes)
	require.Equal(t, pipeline.CodePolicy, mistakes[0].Code)
	require.Contains(t, mistakes.String(), "tag it with its owner")
	files["policy.yaml"] = fmt.Sprintf(policy, "warn")
	compiled, mistakes = compile(t, files)
	require.NotNil(t, compiled, "a warning stops nothing")
	require.Len(t, mistakes, 1)
}

// mixed are the kinds of a generated bundle in the proportions of a real one, each with what it usually says.
var mixed = []struct{ kind, spec string }{
	{"MicroService", "image: 'registry.example.com/api:1.4.2', cpu: 512, memory: 1024, replicas: 3, ports: [{name: http, port: 8080}], env: [{name: LOG_LEVEL, value: info}]"},
	{"Worker", "image: 'registry.example.com/worker:1.4.2', cpu: 256, memory: 512, scaling: {min: 1, max: 9, cpu: 60}"},
	{"SQS", "visibilityTimeout: '${var.visibility}', retention: 4d, deadLetter: {maxReceives: 5}"},
	{"MicroService", "image: 'registry.example.com/web:2.0.1', ports: [{name: http, port: 8080}], scaling: {min: 2, max: 20, cpu: 60}, rollout: {maxPercent: 150}"},
	{"DynamoDB", "partitionKey: {name: id}, ttlAttribute: expires, stream: newImage"},
	{"Lambda", "image: '123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/fn:7', memory: 512"},
	{"S3", "lifecycle: [{name: old, noncurrentExpireDays: 30, abortUploadDays: 7}]"},
	{"SNS", "displayName: News"},
	{"CronJob", "image: 'registry.example.com/job:1.0.0', schedule: '30 2 * * *', timezone: Europe/Berlin"},
	{"RDS", "engine: postgres, version: '16.4', instanceClass: db.t4g.medium, database: shop"},
	{"ElastiCacheRedis", "version: '7.1', nodeType: cache.t4g.small"},
	{"EFS", "accessPoints: [{name: labels, path: /labels}]"},
}

// layered is a bundle of n components of mixed kinds in twelve layers, each needing about three of the layer below: the
// topology of the measured baselines, a file a component.
func layered(n int) map[string]string {
	files := map[string]string{"stack.yaml": stack,
		"network.yaml": "apiVersion: infra.deployer.io/v1\nkind: Networking\nmetadata: {name: networking}\nspec: {cidr: 10.0.0.0/16}\n"}
	width := max(n/12, 1)
	for i := range n {
		var needs []string
		if layer := i / width; layer > 0 {
			for k := range 3 {
				needs = append(needs, fmt.Sprintf("{component: c%d}", (layer-1)*width+(i*7+k*13)%width))
			}
		}
		of := mixed[i%len(mixed)]
		spec := of.spec + ", tags: {team: orders, layer: l" + fmt.Sprint(i/width) + "}"
		if len(needs) > 0 {
			spec += ", dependsOn: [" + strings.Join(dedupe(needs), ", ") + "]"
		}
		files[fmt.Sprintf("c/%d.yaml", i)] = component(of.kind, fmt.Sprintf("c%d", i), spec)
	}
	return files
}

func dedupe(list []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, one := range list {
		if !seen[one] {
			out = append(out, one)
		}
		seen[one] = true
	}
	return out
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{100, 1000, 5000} {
		files := layered(n)
		var list []bundle.File
		for path, text := range files {
			list = append(list, bundle.File{Path: path, Data: []byte(text)})
		}
		loaded, mistakes := bundle.FromFiles(list, bundle.Limits{Entries: 100_000})
		require.Empty(b, mistakes)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				compiled, mistakes := pipeline.Compile(loaded, options)
				require.NotNil(b, compiled, mistakes)
			}
		})
	}
}

func TestACommitThatIsNotKnownIsAMistakeAndNoEmptyText(t *testing.T) {
	_, mistakes := compile(t, map[string]string{"stack.yaml": stack, "a.yaml": queue("a", "tags: {commit: '${git.commit}'}")})
	require.True(t, mistakes.HasErrors())
	require.Contains(t, mistakes.String(), "spec.tags.commit: the commit is not known here")
}

func TestAViolationStandsWhereTheFieldAtFaultIsWritten(t *testing.T) {
	const compliance = "---\napiVersion: infra.deployer.io/v1\nkind: Compliance\nmetadata: {name: rules}\nspec:\n  packs: [backups]\n"
	const defaults = "apiVersion: infra.deployer.io/v1\nkind: InfraDefaults\nmetadata: {name: defaults}\nspec:\n  kinds:\n    S3: {versioning: false}\n"
	for sentence, c := range map[string]struct {
		spec  string
		extra map[string]string
		want  string
	}{
		"in the document":    {"versioning: false", nil, "files.yaml:4:20"},
		"in an overlay":      {"versioning: true", map[string]string{"environments/staging/o.yaml": component("S3", "files", "versioning: false")}, "environments/staging/o.yaml:4:20"},
		"in defaults":        {"", map[string]string{"defaults.yaml": defaults}, "defaults.yaml:6:22"},
		"in no place at all": {"deletionPolicy: Delete", map[string]string{"defaults.yaml": defaults}, "files.yaml:4:24"},
	} {
		t.Run(sentence, func(t *testing.T) {
			files := map[string]string{"stack.yaml": stack + compliance, "files.yaml": component("S3", "files", c.spec)}
			for path, text := range c.extra {
				files[path] = text
			}
			_, mistakes := compile(t, files)
			var places []string
			for _, d := range mistakes {
				if d.Code == pipeline.CodePolicy {
					places = append(places, d.Position.String())
				}
			}
			require.Contains(t, places, c.want, mistakes.String())
		})
	}
}

func TestACredentialIsFoundAlsoWhereItIsCovered(t *testing.T) {
	const token = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
	service := func(value string) string {
		return component("MicroService", "api", "image: registry.example.com/api:1.0.0, env: [{name: SETTING, value: "+value+"}]")
	}
	two := strings.Replace(stack, "region: eu-west-1}", "region: eu-west-1}, {name: prod, region: eu-west-1}", 1)
	network := "---\napiVersion: infra.deployer.io/v1\nkind: Networking\nmetadata: {name: network}\n"
	for sentence, files := range map[string]map[string]string{
		"under an overlay":             {"api.yaml": service(token), "environments/staging/o.yaml": service("fine")},
		"in another environment":       {"api.yaml": service("fine"), "environments/prod/o.yaml": service(token)},
		"in a variable nobody expands": {"api.yaml": service("fine"), "vars": "other: {default: " + token + "}"},
	} {
		t.Run(sentence, func(t *testing.T) {
			text := two
			if more, found := files["vars"]; found {
				text = strings.Replace(two, "visibility: {", more+", visibility: {", 1)
				delete(files, "vars")
			}
			files["stack.yaml"] = text + network
			compiled, mistakes := compile(t, files)
			require.Nil(t, compiled)
			require.Equal(t, 1, strings.Count(mistakes.String(), "this looks like"), "once: %s", mistakes)
			require.NotContains(t, mistakes.String(), token)
		})
	}
}

package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/document"
	"github.com/deployer-io/deployer/shared/policy"
	"github.com/deployer-io/deployer/shared/resource"
)

var (
	production = address.Scope("shop", "production")
	today      = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
)

const base = `apiVersion: core.deployer.io/v1
kind: Stack
metadata: {name: shop}
spec:
  environments:
    - {name: production, region: eu-central-1}
    - {name: staging, region: eu-central-1, approval: {mode: auto}}
---
apiVersion: core.deployer.io/v1
kind: Service
metadata: {name: orders}
`

const network = "---\napiVersion: infra.deployer.io/v1\nkind: Networking\nmetadata: {name: network}\nspec: {tags: {owner: a, cost-center: b}}\n"

func component(kind, name, spec string) string {
	return "\n---\napiVersion: components.deployer.io/v1\nkind: " + kind + "\nmetadata: {name: " + name + ", service: orders}\nspec: " + spec + "\n"
}

// build makes a set of documents; compliance is the spec of a Compliance document.
func build(t testing.TB, scope address.Address, compliance, documents string) *resource.Set {
	t.Helper()
	core := base
	if !strings.Contains(documents, "kind: Networking") {
		core += network
	}
	files := []bundle.File{{Path: "stack.yaml", Data: []byte(core)}, {Path: "orders.yaml", Data: []byte(documents)}}
	if compliance != "" {
		files = append(files, bundle.File{Path: "rules.yaml", Data: []byte("apiVersion: infra.deployer.io/v1\nkind: Compliance\nmetadata: {name: rules}\nspec:\n" + compliance)})
	}
	b, ds := bundle.FromFiles(files, bundle.Limits{})
	require.Empty(t, ds.String())
	docs, ds := document.Parse(b)
	docs, more := document.Merge(docs, document.Options{Stack: scope.Stack, Environment: scope.Environment})
	ds.Append(more)
	set, more := resource.Build(docs, scope)
	ds.Append(more)
	require.False(t, ds.HasErrors(), ds.String())
	return set
}

// check says which rules are broken, as diagnostics.
func check(t testing.TB, compliance, documents string) string {
	t.Helper()
	set := build(t, production, compliance, documents)
	engine, ds := policy.Compile(set, today)
	require.Empty(t, ds.String())
	for _, v := range engine.CheckResources(set) {
		ds = append(ds, v.Diagnostic())
	}
	return ds.String()
}

const queue = "\n---\napiVersion: components.deployer.io/v1\nkind: SQS\nmetadata: {name: queue, service: orders}\n"

func TestABrokenRuleIsToldWithItsPlace(t *testing.T) {
	got := check(t, `  rules:
    - name: no-fifo
      description: Consumers are idempotent.
      match: {kinds: [SQS]}
      expression: "!resource.spec.fifo"
      message: "{{ resource.component }} is fifo: {{ resource.spec.visibilityTimeout }}, {{ [1, 2] }}, {{ resource.spec.deadLetter.enabled }}"
    - name: short
      severity: warn
      match: {kinds: [SQS], services: [ord*], components: [orders/queue], environments: [production]}
      expression: resource.spec.retention <= duration('24h')
`, component("SQS", "queue", "{fifo: true}")+component("SNS", "topic", "{fifo: true}"))
	require.Equal(t, `orders.yaml:3:1: error: spec.fifo: orders/queue: orders/queue is fifo: 30s, 1, 2, true [no-fifo] (Consumers are idempotent.)
orders.yaml:3:1: warning: spec.retention: orders/queue: must be true: resource.spec.retention <= duration('24h') [short] (change it, or add an exception with a reason to a Compliance document)
`, got)
}

func TestRulesSeeWhatTheyShould(t *testing.T) {
	documents := component("SQS", "queue", "{tags: {team: a}}") + component("MicroService", "api", `{image: "a:1", ports: [{name: http, port: 80}],
  env: [{name: A, value: x}, {name: Q, valueFrom: {component: queue, output: url}}], verify: {http: [{name: up, url: {valueFrom: {component: api, output: dnsName}}}]}}`)
	for _, expression := range []string{
		"resource.address == 'shop/production/orders/api'", "resource.kind == 'MicroService' && resource.service == 'orders'",
		"resource.stack == 'shop' && resource.environment == 'production'", "resource.tags == {}", "!('team' in resource.tags)",
		"resource.spec.replicas == 2", "!has(resource.spec.scaling)", "resource.spec.scaling == null", "resource.spec.ports[0].protocol == 'http'",
		"resource.spec.ports.all(p, p.port < 1024)", "resource.spec.ports.map(p, p.name) == ['http']", "has(resource.spec.env[0].value)",
		"!has(resource.spec.env[0].valueFrom)", "resource.spec.env[1].valueFrom.component == 'orders/queue'", "resource.spec.command == []",
		"resource.spec.timeout == duration('30m')", "resource.spec.rollout.minHealthyPercent > 99", "resource.spec['image'].startsWith('a:')",
		"has(resource.spec.verify.http[0].url.valueFrom)", "resource.spec.env.exists_one(e, has(e.valueFrom))", "platform.security == null",
		"environment.approval.minApprovals == 1", "environment.region == 'eu-central-1'", "size(platform.networking.endpoints) == 2",
		"resource.spec.env.filter(e, has(e.value)).map(e, e.name)[0] == 'A'", "resource.spec == resource.spec", "!has(resource.spec.hooks)",
		"resource.spec.retry.backoff.factor == 2.0 && resource.spec.retry.backoff.factor >= 2", "type(resource.spec) != string",
	} {
		require.Empty(t, check(t, "  rules:\n    - {name: a, match: {components: [orders/api]}, expression: \""+expression+"\"}\n", documents), expression)
		require.Contains(t, check(t, "  rules:\n    - {name: a, match: {components: [orders/api]}, expression: \"!("+expression+")\"}\n", documents),
			"must be true", expression)
	}
}

func TestWhatCannotBeJudgedIsNotLetThrough(t *testing.T) {
	got := check(t, "  rules:\n    - {name: a, expression: \"resource.spec.fifo || resource.spec.queueUrlVariable == 'X'\"}\n", component("SQS", "queue", "{}"))
	require.Contains(t, got, "orders/queue: cannot be judged: there is no field queueUrlVariable [a]")
	require.Contains(t, got, "platform/networking: cannot be judged: there is no field fifo [a]")
	got = check(t, "  rules:\n    - {name: a, match: {kinds: [SQS]}, expression: \"[resource.spec.retention][0]\"}\n", component("SQS", "queue", "{}"))
	require.Contains(t, got, "orders/queue: cannot be judged: comes to a google.protobuf.Duration, not to true or false [a]")
}

func TestARuleThatCannotBeUnderstoodIsToldWithItsPlace(t *testing.T) {
	for expression, want := range map[string]string{
		"resource.spec.fifo &&":      "rules.yaml:8:19: error: spec.rules[0].expression: the rule a: at 1:22 of the expression: mismatched input '<EOF>'",
		"resorce.spec.fifo":          "rules.yaml:8:19: error: spec.rules[0].expression: the rule a: at 1:1 of the expression: undeclared reference to 'resorce'",
		"resource.spec.fifi":         `rules.yaml:8:19: error: spec.rules[0].expression: the rule a: resource.spec has no field "fifi" (did you mean "fifo"?)`,
		"resource.kinds == 'SQS'":    `rules.yaml:8:19: error: spec.rules[0].expression: the rule a: resource has no field "kinds" (did you mean "kind"?)`,
		"has(resource.spec.zzzzzzz)": `rules.yaml:8:19: error: spec.rules[0].expression: the rule a: resource.spec has no field "zzzzzzz" ('deployer schema' lists the fields; match.kinds says whose)`,
		"resource.spec.deadLetter.x.y": `rules.yaml:8:19: error: spec.rules[0].expression: the rule a: resource.spec.deadLetter has no field "x" ` +
			"(it has enabled, maxReceives, queue, retention)",
		"resource.spec.fifo.on":                                `rules.yaml:8:19: error: spec.rules[0].expression: the rule a: resource.spec.fifo has no field "on" (it is no object)`,
		"resource.spec.hooks.pre.all(h, h.nam == 'a')":         `rules.yaml:8:19: error: spec.rules[0].expression: the rule a: h has no field "nam" (did you mean "name"?)`,
		"[1].exists(x, resource.spec.hooks.pre[0].http.urls)":  `rules.yaml:8:19: error: spec.rules[0].expression: the rule a: resource.spec.hooks.pre[0].http has no field "urls"`,
		"size(resource.spec.dependsOn)":                        "rules.yaml:8:19: error: spec.rules[0].expression: the rule a: comes to int, and true or false is wanted",
		"resource.spec.retention":                              "rules.yaml:8:19: error: spec.rules[0].expression: the rule a: comes to a duration, and true or false is wanted",
		"plan.counts.create == 0":                              "rules.yaml:8:19: error: spec.rules[0].expression: the rule a: at 1:1 of the expression: undeclared reference to 'plan'",
		"resource.address.matches('(a{1000}){100}')":           "invalid repeat count",
		"resource.address.matches('(abcdefgh){500}')":          "matches() is too large",
		"resource.address.matches('(')":                        "error parsing regexp: missing closing ): `(`",
		"resource.address.matches(resource.kind + '$')":        "matches() wants its pattern written out",
		"environment.approval.modes == ''":                     `environment.approval has no field "modes" (did you mean "mode"?)`,
		"{'a': resource.spec.fifos}['a'] && platform.security": `resource.spec has no field "fifos"`,
	} {
		set := build(t, production, "  rules:\n    - name: a\n      match: {kinds: [SQS]}\n      expression: \""+expression+"\"\n", queue)
		engine, ds := policy.Compile(set, today)
		require.NotNil(t, engine)
		require.Len(t, ds, 1, expression)
		require.NotEmpty(t, ds[0].Hint, expression)
		require.Contains(t, ds.String(), want, expression)
		require.Empty(t, engine.CheckResources(set))
	}
	for message, want := range map[string]string{
		"{{ resource.spec.fifi }}": `rules.yaml:9:16: error: spec.rules[0].message: the rule a: resource.spec has no field "fifi"`,
		"{{ 1 + }}":                "spec.rules[0].message: the rule a: {{ 1 + }}: at 1:4 of the expression",
		"a {{ b":                   "spec.rules[0].message: the rule a: {{ without }}",
	} {
		set := build(t, production, "  rules:\n    - name: a\n      match: {kinds: [SQS]}\n      expression: 'true'\n      message: \""+message+"\"\n", queue)
		_, ds := policy.Compile(set, today)
		require.Contains(t, ds.String(), want, message)
	}
}

func TestExceptionsHoldUntilTheirDayIsOver(t *testing.T) {
	compliance := func(expires string) string {
		return "  packs: [tags]\n  exceptions:\n    - {rule: tags/required, component: orders/*, reason: they are moved to another team, expires: \"" + expires + "\"}\n" +
			"    - {rule: tags/required, component: \"platform/networking\", reason: nobody pays for a network, expires: \"2030-01-01\"}\n"
	}
	require.Empty(t, check(t, compliance("2026-11-24"), component("SQS", "queue", "{}")), "the last day counts")
	require.Equal(t, `orders.yaml:3:1: error: spec.tags: orders/queue: lacks the tags cost-center, owner (its exception ended with 2026-11-23) [tags/required] (Costs and questions find their owner.)
rules.yaml:7:7: warning: spec.exceptions: the exception for orders/* ended with 2026-11-23 [tags/required] (take it out, or agree on another day)
`, check(t, compliance("2026-11-23"), component("SQS", "queue", "{}")))
	require.Contains(t, check(t, compliance("2026-11-23"), component("SQS", "queue", "{tags: {owner: a, cost-center: b}}")), "rules.yaml:7:7: warning")
}

func TestAnExceptionNamesARule(t *testing.T) {
	set := build(t, production, `  packs: [tags]
  rules: [{name: mine, expression: "resource.x"}]
  exceptions:
    - {rule: tag/required, component: a/b, reason: they are moved, expires: 2030-01-01}
    - {rule: mine, component: a/b, reason: they are moved, expires: 2030-01-01}
    - {rule: encryption/viewers, component: a/b, reason: they are moved, expires: 2030-01-01}
`, "")
	_, ds := policy.Compile(set, today)
	require.Equal(t, []diag.Code{policy.CodeExpression, policy.CodeException, policy.CodeException}, []diag.Code{ds[0].Code, ds[1].Code, ds[2].Code}, ds.String())
	require.Contains(t, ds.String(), `rules.yaml:8:14: error: spec.exceptions[0].rule: there is no rule named "tag/required" (did you mean "tags/required"?)`)
}

func TestTwoDocumentsCannotHaveOneRule(t *testing.T) {
	second := "\n---\napiVersion: infra.deployer.io/v1\nkind: Compliance\nmetadata: {name: more}\nspec: {packs: [tags], requiredTags: [team], rules: [{name: mine, expression: 'true'}]}\n"
	set := build(t, production, "  packs: [tags]\n  requiredTags: [owner]\n  rules: [{name: mine, expression: 'true'}]\n", component("SQS", "queue", "{}")+second)
	engine, ds := policy.Compile(set, today)
	require.Equal(t, diag.Code("policy-rule"), ds[0].Code)
	require.Len(t, ds, 1)
	violations := engine.CheckResources(set)
	require.Len(t, violations, 2, "a pack counts once")
	require.Equal(t, "lacks the tags owner, team", violations[0].Message)
	require.Equal(t, "lacks the tags team", violations[1].Message)
}

func TestExpressionsThatWouldNotEndAreStopped(t *testing.T) {
	large := "[" + strings.TrimSuffix(strings.Repeat("1,", 200), ",") + "]"
	deep := large + ".all(a, " + large + ".all(b, " + large + ".all(c, " + large + ".all(d, a + b + c + d > 0))))"
	doubled := "'aaaaaaaaaaaaaaaa'"
	for range 40 {
		doubled = "[" + doubled + "].map(x, x + x)[0]"
	}
	for _, expression := range []string{deep, doubled + " == ''", strings.Repeat("(", 100) + "true" + strings.Repeat(")", 100),
		"true" + strings.Repeat(" && true", 499), "[1].all(x, resource.address.matches('(a?){60}[0-9]{2,5}(x|y)'))"} {
		set := build(t, production, "  rules: [{name: a, match: {kinds: [SQS]}, expression: \""+expression+"\"}]\n", queue)
		began := time.Now()
		engine, ds := policy.Compile(set, today)
		found := engine.CheckResources(set)
		require.Less(t, time.Since(began), 5*time.Second, "%.40s", expression)
		if !strings.HasPrefix(expression, "true") {
			require.NotEqual(t, 0, len(ds)+len(found), "%.40s", expression)
		}
	}
}

package policy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/policy"
	"github.com/deployer-io/deployer/shared/resource"
)

// No expression and no message makes the engine panic or run for long; what is compiled can be asked.
func FuzzExpression(f *testing.F) {
	for _, pack := range policy.Packs() {
		for _, rule := range pack.Rules {
			f.Add(rule.Expression, rule.Message, rule.On == resource.OnPlan)
		}
	}
	f.Add("resource.spec.ports[99999999999].name == 'a'", "{{ {{ }} }}", false)
	f.Add("[1, 2, 3].map(x, [x]).map(x, x + x).exists(x, size(x) > 3)", "{{ [{'a': 1}, null, b'x', 1u, 1.0] }}", false)
	f.Add("plan.steps.map(s, s).map(s, s.reasons) == [[]]", "{{ plan }} {{ environment }}", true)
	documents := component("SQS", "queue", "{}") + component("MicroService", "api", `{image: "a:1", ports: [{name: http, port: 80}]}`)
	f.Add("resource.address.matches('(a?){3}') && 'a'.matches('b{2,}')", "{{ 'a'.matches(resource.kind) }}", false)
	set := build(f, production, "  rules: [{name: a, expression: 'true'}]\n", documents)
	plan := decoded(f, planJSON)
	f.Fuzz(func(t *testing.T, expression, message string, onPlan bool) {
		rule := &set.Compliance[0].Spec.Rules[0]
		rule.Expression, rule.Message, rule.On = expression, message, resource.OnResource
		if onPlan {
			rule.On = resource.OnPlan
		}
		engine, ds := policy.Compile(set, today)
		found := append(engine.CheckResources(set), engine.CheckPlan(plan)...)
		if ds.HasErrors() {
			require.Empty(t, found)
		}
		for _, v := range found {
			require.NotEmpty(t, v.Diagnostic().String())
		}
	})
}

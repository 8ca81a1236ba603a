package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
)

func TestAPlanSaysWhichRulesNoLongerHoldAsTheyDid(t *testing.T) {
	rule := func(name, expression string) resource.PolicyRule {
		r := resource.PolicyRule{Name: name, Expression: expression}
		r.SetDefaults()
		return r
	}
	documents := func(spec resource.ComplianceSpec) []resource.Compliance {
		return []resource.Compliance{{Name: "rules", Spec: spec}}
	}
	strict := resource.ComplianceSpec{Packs: []string{"backups", "tags"}, Rules: []resource.PolicyRule{rule("small", "true"), rule("gone", "true")}}
	exception := resource.PolicyException{Rule: "small", Component: "orders/db", Reason: "it is being moved", Expires: "2031-01-31"}
	for sentence, c := range map[string]struct {
		is   resource.ComplianceSpec
		want []string
	}{
		"all hold": {strict, nil},
		"more hold": {resource.ComplianceSpec{Packs: []string{"backups", "encryption", "tags"},
			Rules: []resource.PolicyRule{rule("gone", "true"), rule("new", "false"), rule("small", "true")}}, nil},
		"none hold": {resource.ComplianceSpec{}, []string{"policy gone removed", "policy pack backups removed", "policy pack tags removed", "policy small removed"}},
		"one says something else": {resource.ComplianceSpec{Packs: strict.Packs, Rules: []resource.PolicyRule{rule("small", "1 < 2"), rule("gone", "true")}},
			[]string{"policy small changed"}},
		"a component is excepted": {resource.ComplianceSpec{Packs: strict.Packs, Rules: strict.Rules, Exceptions: []resource.PolicyException{exception}},
			[]string{"exception of orders/db from policy small until 2031-01-31 added"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			environment := &resource.Environment{}
			require.Equal(t, c.want, plan.RulesChanged(environment, environment, documents(strict), documents(c.is)))
		})
	}
}

func TestThePlanOfAChangedRuleIsAnother(t *testing.T) {
	w := chat(t)
	plain, err := w.make(plan.Options{})
	require.NoError(t, err)
	ruled, err := w.make(plan.Options{Rules: []string{"policy small removed"}})
	require.NoError(t, err)
	require.NotEqual(t, plain.Digest, ruled.Digest, "an approval is of the rules, too")
}

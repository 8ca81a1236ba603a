package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/policy"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

// Policies see a plan as plain data; the fields that they may rely on are those that plan.json has.
func TestPoliciesSeeTheFieldsOfPlans(t *testing.T) {
	scope := address.Scope("shop", "staging")
	made := plan.Plan{Scope: scope, Operation: run.Operation("apply"), Counts: plan.Counts{Create: 1, Update: 2, Replace: 3, Delete: 4, NoOp: 5, Conditional: 6},
		Steps: []plan.Step{{Address: scope.In("orders", "db"), Kind: "RDS", Action: plan.Replace, Reasons: []string{"a"}, Conditional: true,
			Changes: []plan.Change{{Path: "spec.port", Before: json.RawMessage("1"), After: json.RawMessage("2"), Unknown: true, Replaces: true}},
			Needs:   []string{"orders/net"}, Stateful: true, DeletionPolicy: resource.Snapshot}}, Waves: []plan.Wave{{}}}
	text, err := json.Marshal(made)
	require.NoError(t, err)
	var data map[string]any
	require.NoError(t, json.Unmarshal(text, &data))
	set := &resource.Set{Scope: scope, Environment: resource.Environment{Name: "staging"}}
	var rules []resource.PolicyRule
	for i, expression := range []string{
		"plan.operation == 'apply' && size(plan.waves) == 1",
		"plan.counts.create == 1 && plan.counts.update == 2 && plan.counts.replace == 3 && plan.counts.delete == 4",
		"plan.counts.noOp == 5 && plan.counts.conditional == 6",
		"plan.steps.all(s, s.address == 'shop/staging/orders/db' && s.kind == 'RDS' && s.action == 'replace' && s.reasons == ['a'])",
		"plan.steps.all(s, s.conditional && s.stateful && s.needs == ['orders/net'] && s.deletionPolicy == 'Snapshot')",
		"plan.steps[0].changes.all(c, c.path == 'spec.port' && c.before == 1 && c.after == 2 && c.unknown && c.replaces)",
	} {
		rules = append(rules, resource.PolicyRule{Name: fmt.Sprint("rule-", i), Severity: resource.Deny, On: resource.OnPlan, Expression: expression})
	}
	set.Compliance = []resource.Compliance{{Name: "rules", Spec: resource.ComplianceSpec{Rules: rules}}}
	engine, ds := policy.Compile(set, time.Time{})
	require.Empty(t, ds.String())
	var broken []string
	for _, v := range engine.CheckPlan(data) {
		broken = append(broken, v.Message)
	}
	require.Empty(t, strings.Join(broken, "\n"))
}

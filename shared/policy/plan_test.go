package policy_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/policy"
	"github.com/deployer-io/deployer/shared/resource"
)

// planJSON is a plan as plan.json has it: fields that are nothing are left out.
const planJSON = `{"operation": "apply", "counts": {"create": 1, "update": 0, "replace": 0, "delete": 1, "noOp": 3, "conditional": 0}, "steps": [
  {"address": "shop/production/orders/api", "kind": "MicroService", "action": "create", "reasons": ["is new"]},
  {"address": "shop/production/orders/db", "kind": "RDS", "action": "delete", "reasons": ["was taken out"], "stateful": true, "deletionPolicy": "Snapshot",
   "changes": [{"path": "spec.multiAZ", "before": true, "after": false}]}]}`

func decoded(t testing.TB, text string) map[string]any {
	t.Helper()
	var plan map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &plan))
	return plan
}

func TestPlansAreJudged(t *testing.T) {
	for rule, want := range map[string]string{
		"expression: plan.counts.delete + plan.counts.replace == 0":                                                                                        "rules.yaml:6:39: error: must be true: plan.counts.delete + plan.counts.replace == 0 [a] (",
		"expression: plan.counts.create == 1 && size(plan.steps) == 2 && plan.operation == 'apply'":                                                        "",
		"expression: \"!plan.steps.exists(s, s.stateful && s.action == 'delete')\", message: \"{{ plan.steps.filter(s, s.stateful).map(s, s.address) }}\"": "shop/production/orders/db [a]",
		"expression: \"plan.steps.all(s, s.changes.all(c, !c.path.startsWith('spec.multi')))\", severity: warn":                                            "warning: must be true",
		"expression: size(plan.steps) == 1, match: {kinds: [RDS]}":                                                                                         "",
		"expression: size(plan.steps) == 1, match: {services: [orders]}":                                                                                   "must be true",
		"expression: size(plan.steps) == 1, match: {components: [orders/a*]}":                                                                              "",
		"expression: 'false', match: {kinds: [SQS]}":                                                                                                       "",
		"expression: 'false', match: {environments: [staging]}":                                                                                            "",
		"expression: environment.name == 'production' && platform.networking.availabilityZones == 3":                                                       "",
		"expression: \"plan.steps.all(s, s.after == 1)\"":                                                                                                  "s has no field \"after\"",
		"expression: plan.counts.deleted == 0":                                                                                                             "plan.counts has no field \"deleted\" (did you mean \"delete\"?)",
		"expression: resource.spec == null":                                                                                                                "undeclared reference to 'resource'",
	} {
		set := build(t, production, "  rules:\n    - {name: a, on: plan, "+rule+"}\n", "")
		engine, ds := policy.Compile(set, today)
		require.Empty(t, engine.CheckResources(set), "it is no rule over components")
		for _, v := range engine.CheckPlan(decoded(t, planJSON)) {
			require.Equal(t, production, v.Address)
			ds = append(ds, v.Diagnostic())
		}
		if want == "" {
			require.Empty(t, ds.String(), rule)
		} else {
			require.Contains(t, ds.String(), want, rule)
		}
	}
}

func TestBuiltInRulesJudgePlans(t *testing.T) {
	set := build(t, production, "  packs: [production]\n", "")
	set.Environment.Approval.Mode = "auto"
	engine, ds := policy.Compile(set, today)
	require.Empty(t, ds.String())
	found := engine.CheckPlan(decoded(t, planJSON))
	require.Len(t, found, 2)
	require.Equal(t, "production/approval", found[0].Rule)
	require.Equal(t, "deletes or replaces shop/production/orders/db", found[1].Message)
	require.Empty(t, engine.CheckPlan(decoded(t, `{"counts": {}, "steps": []}`))[1:])
}

func TestAPlanThatIsNoneIsNotLetThrough(t *testing.T) {
	set := build(t, production, "  rules: [{name: a, on: plan, expression: plan.counts.delete == 0}]\n", "")
	engine, _ := policy.Compile(set, today)
	for _, plan := range []map[string]any{nil, {}, {"counts": 5}, {"counts": map[string]any{}}} {
		found := engine.CheckPlan(plan)
		require.Len(t, found, 1)
		require.Contains(t, found[0].Message, "cannot be judged")
	}
}

func TestConditionsOfApprovals(t *testing.T) {
	for name, c := range map[string]struct {
		mode, condition string
		want            bool
		mistake         string
	}{
		"nobody is asked":            {"auto", "", true, ""},
		"people are asked":           {"required", "", false, ""},
		"the condition holds":        {"autoApproveIf", "plan.counts.replace == 0 && plan.counts.delete < 2", true, ""},
		"the condition does not":     {"autoApproveIf", "plan.counts.delete == 0", false, ""},
		"the condition is no CEL":    {"autoApproveIf", "plan.counts.delete ==", false, "the condition of production: at 1:22"},
		"the condition has a slip":   {"autoApproveIf", "plan.count.delete == 0", false, "plan has no field \"count\" (did you mean \"counts\"?)"},
		"the condition is no answer": {"autoApproveIf", "plan.counts.delete", false, "comes to a number, and true or false is wanted"},
	} {
		t.Run(name, func(t *testing.T) {
			set := build(t, production, "", "")
			set.Environment.Approval = resource.Approval{Mode: resource.ApprovalMode(c.mode), AutoApproveIf: c.condition,
				Position: diag.Position{File: "stack.yaml", Line: 7, Column: 3}}
			engine, ds := policy.Compile(set, today)
			if c.mistake == "" {
				require.Empty(t, ds.String())
				got, err := engine.AutoApproves(decoded(t, planJSON))
				require.NoError(t, err)
				require.Equal(t, c.want, got)
				return
			}
			require.Contains(t, ds.String(), "stack.yaml:7:3: error")
			require.Contains(t, ds.String(), c.mistake)
			got, err := engine.AutoApproves(decoded(t, planJSON))
			require.Error(t, err)
			require.False(t, got)
		})
	}
}

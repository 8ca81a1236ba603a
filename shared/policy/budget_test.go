package policy

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/resource"
)

func TestRulesTogetherHaveABudget(t *testing.T) {
	scope := address.Scope("shop", "staging")
	set := &resource.Set{Scope: scope, Compliance: []resource.Compliance{{Name: "rules", Spec: resource.ComplianceSpec{
		Rules:      []resource.PolicyRule{{Name: "slow", Severity: resource.Warn, On: resource.OnResource, Expression: "[1, 2, 3].all(a, a > 0 && resource.kind != '')"}},
		Exceptions: []resource.PolicyException{{Rule: "slow", Component: "*", Reason: "it is allowed to be slow", Expires: "2030-01-01"}},
	}}}}
	definition, _ := resource.Lookup("SQS")
	for i := range 100 {
		set.Resources = append(set.Resources, &resource.Resource{Address: scope.In("orders", fmt.Sprintf("q-%03d", i)), Kind: "SQS", Spec: definition.New()})
	}
	engine, ds := Compile(set, time.Time{})
	require.Empty(t, ds.String())
	require.Empty(t, engine.CheckResources(set))
	engine.budget = 500
	found := engine.CheckResources(set)
	require.Len(t, found, 1, "no exception helps")
	require.Equal(t, resource.Deny, found[0].Severity)
	require.Contains(t, found[0].Message, "take too long")
}

package resource_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/pipeline"
	"github.com/deployer-io/deployer/shared/resource"
)

// formers are the components of a set as the state keeps them.
func formers(t *testing.T, set *resource.Set) []resource.Former {
	t.Helper()
	var all []resource.Former
	for _, r := range set.Resources {
		spec, err := json.Marshal(r.Spec)
		require.NoError(t, err)
		f := resource.Former{Address: r.Address, Kind: r.Kind, Spec: spec}
		for _, need := range r.Needs {
			if !slices.Contains(f.DependsOn, need.Address.Short()) {
				f.DependsOn = append(f.DependsOn, need.Address.Short())
			}
		}
		all = append(all, f)
	}
	slices.Reverse(all)
	return all
}

// seen is what of its needs decides what a component is deployed with.
func seen(needs []resource.Need) []resource.Need {
	var all []resource.Need
	for _, n := range needs {
		all = append(all, resource.Need{Address: n.Address, Reason: n.Reason, Output: n.Output})
	}
	return all
}

func TestASetThatIsRestoredSeesWhatItSawBefore(t *testing.T) {
	for name, scope := range map[string]address.Address{
		"user-platform": address.Scope("user-platform", "staging"), "shop": address.Scope("shop", "staging"), "shop-eks": address.Scope("shop-eks", "staging"),
	} {
		t.Run(name, func(t *testing.T) {
			files, mistakes, err := bundle.FromFolder(filepath.Join("..", "..", "examples", name), bundle.Limits{})
			require.NoError(t, err)
			require.Empty(t, mistakes)
			compiled, mistakes := pipeline.Compile(files, pipeline.Options{Scope: scope, Now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)})
			require.NotNil(t, compiled, mistakes.String())
			restored, err := resource.Restored(scope, compiled.Set.Stack, compiled.Set.Environment, formers(t, compiled.Set))
			require.NoError(t, err)
			require.Len(t, restored.Resources, len(compiled.Set.Resources))
			for i, r := range restored.Resources {
				was := compiled.Set.Resources[i]
				require.Equal(t, was.Address, r.Address)
				before, err := json.Marshal(was.Spec)
				require.NoError(t, err)
				after, err := json.Marshal(r.Spec)
				require.NoError(t, err)
				require.JSONEq(t, string(before), string(after))
				for _, need := range seen(was.Needs) {
					if need.Reason != resource.ReasonService { // one that is needed for another reason too need not be named twice
						require.Contains(t, seen(r.Needs), need, "%s needs %s", was.Address.Short(), need.Address.Short())
					}
				}
				for _, need := range seen(r.Needs) {
					require.Contains(t, seen(was.Needs), need, "%s did not need %s", was.Address.Short(), need.Address.Short())
				}
			}
		})
	}
}

func TestAComponentThatIsGoneIsNoLongerNeeded(t *testing.T) {
	scope := address.Scope("shop", "staging")
	topic := resource.Former{Address: scope.In("orders", "events"), Kind: "SNS", DependsOn: []string{"orders/queue"},
		Spec: json.RawMessage(`{"deletionPolicy":"Delete","timeout":"15m","subscriptions":[{"name":"in","queue":"orders/queue"}]}`)}
	set, err := resource.Restored(scope, resource.StackSpec{}, resource.Environment{Name: "staging"}, []resource.Former{topic})
	require.NoError(t, err)
	require.Empty(t, set.Resources[0].Needs)
	topic.Kind = "Telegraph"
	_, err = resource.Restored(scope, resource.StackSpec{}, resource.Environment{}, []resource.Former{topic})
	require.ErrorContains(t, err, "shop/staging/orders/events")
}

package plan_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/state"
)

func TestARestrictedPlanHoldsWhatWasNamedWhatWaitsForItAndWhatTheyNeed(t *testing.T) {
	for sentence, c := range map[string]struct {
		only    []string
		want    []string
		leftOut int
	}{
		"nothing named, nothing done":                  {[]string{}, nil, 5},
		"nil restricts nothing":                        {nil, []string{"a/net", "b/db", "c/other", "b/api", "b/web"}, 0},
		"the end of a chain needs all of it":           {[]string{"b/web"}, []string{"a/net", "b/db", "b/api", "b/web"}, 1},
		"what stands alone is done alone":              {[]string{"c/other"}, []string{"c/other"}, 4},
		"what waits for it comes along, and its needs": {[]string{"b/db"}, []string{"a/net", "b/db", "b/api", "b/web"}, 1},
		"a name without a step does not matter":        {[]string{"c/other", "x/gone"}, []string{"c/other"}, 4},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := newWorld(t)
			w.want("a/net", "SNS")
			w.want("b/db", "SQS")
			w.want("b/api", "SQS", "b/db", "a/net")
			w.want("b/web", "SQS", "b/api")
			w.want("c/other", "SQS")
			p, err := w.make(plan.Options{PerLevel: true, Only: c.only})
			require.NoError(t, err)
			var got []string
			for _, step := range p.Steps {
				got = append(got, step.Address.Short())
			}
			require.ElementsMatch(t, c.want, got)
			require.Equal(t, c.leftOut, p.Counts.LeftOut)
			require.Equal(t, len(c.want), p.Counts.Changes())
			for _, step := range p.Steps {
				for _, need := range step.Needs {
					require.Contains(t, got, need)
				}
			}
		})
	}
}

func TestARestrictedPlanLeavesWhatIsDeployedAsItIs(t *testing.T) {
	w := chat(t)
	messages(w).Billing = resource.Provisioned // as in a bundle older than what is deployed
	w.record("chat/api", func(r *state.Record) { r.Status = state.Failed })
	p, err := w.make(plan.Options{Only: []string{"chat/api"}})
	require.NoError(t, err)
	var changed []string
	for _, step := range p.Steps {
		if step.Action != plan.NoOp {
			changed = append(changed, step.Address.Short())
		}
	}
	require.Contains(t, changed, "chat/api")
	require.NotContains(t, changed, "chat/messages")
	require.Positive(t, p.Counts.LeftOut)
	w.record("chat/messages", func(r *state.Record) { r.Status = state.Failed })
	p, err = w.make(plan.Options{Only: []string{"chat/api"}})
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Address.Short() == "chat/messages" }),
		"what failed is needed whole")
}

package provision

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/provision/engine"
	"github.com/deployer-io/deployer/shared/resource"
)

// protectedCases are components that hold no data and that AWS refuses to delete all the same, each with a change that
// replaces it.
var protectedCases = map[string]struct {
	token  string
	change func(resource.Spec)
}{
	"an internal load balancer": {"aws:lb/loadBalancer:LoadBalancer",
		func(s resource.Spec) { s.(*resource.ALB).Scheme = resource.InternetFacing }},
	"an internal network load balancer": {"aws:lb/loadBalancer:LoadBalancer",
		func(s resource.Spec) { s.(*resource.NLB).Scheme = resource.InternetFacing }},
	"an instance": {"aws:ec2/instance:Instance", func(s resource.Spec) { s.(*resource.EC2Instance).Zone = 1 }},
}

func TestWhatAWSProtectsAndHoldsNoDataIsReplacedTakenBackAndDeleted(t *testing.T) {
	names := []string{"an internal load balancer"}
	if everything() {
		names = sortedKeys(protectedCases)
	}
	g := newGround(t, 2)
	ids := surround(t, g)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			test, o := protectedCases[name], placed(t, g.on(t, cases[name]), ids)
			o.Address.Component = "guarded-" + digestOf(name)[:6]
			of := func() (found []string) {
				for _, r := range g.of(t, o) {
					if r.Type == test.token {
						found = append(found, r.ID)
					}
				}
				return found
			}
			_, err := g.Apply(t.Context(), o)
			require.NoError(t, err)
			first := of()
			require.Len(t, first, 1)

			changed := placed(t, o, ids)
			changed.BaseEpoch, changed.Run = o.Epoch, "run-2"
			test.change(changed.Spec)
			result, err := g.Apply(t.Context(), changed)
			require.NoError(t, err)
			require.True(t, slices.ContainsFunc(result.Changes, func(c execution.ResourceChange) bool {
				return c.Type == test.token && c.Operation == "replace"
			}), "%v", result.Changes)
			second := of()
			require.Len(t, second, 1, "the old one is gone")
			require.NotEqual(t, first, second)
			previewed, err := g.Preview(t.Context(), changed, false)
			require.NoError(t, err)
			require.Empty(t, previewed.Changes, "the new one is protected as its document says")

			o.BaseEpoch, o.Run = o.Epoch, "run-3"
			_, err = g.Apply(t.Context(), o)
			require.NoError(t, err, "the former spec is put back")
			require.Len(t, of(), 1)
			require.NotEqual(t, second, of())

			gone, err := g.Destroy(t.Context(), o)
			require.NoError(t, err)
			require.Zero(t, gone.Resources)
			require.Empty(t, of())
		})
	}
}

func TestOnlyWhatHoldsDataIsToldToHoldSome(t *testing.T) {
	allowed := func(s *resource.S3) { s.AllowReplace = true }
	for sentence, test := range map[string]struct {
		order execution.Order
		want  string
	}{
		"a database is saved first":    {order[*resource.RDS]("RDS", nil), "allowReplace: true to have it replaced after a last snapshot"},
		"of a queue none can be taken": {order[*resource.SQS]("SQS", nil), "allowReplace: true to have it replaced, without its data"},
		"a load balancer holds none":   {order[*resource.ALB]("ALB", nil), "something that deployer did not set"},
		"a protected one is protected": {order("ALB", func(s *resource.ALB) { s.Protect = true }), "take protect: true out"},
		"what its author allowed":      {order("S3", allowed), "something that deployer did not set"},
	} {
		t.Run(sentence, func(t *testing.T) {
			err := failed(test.order, &engine.Failure{Class: engine.Protected, Message: "it is protected"})
			require.ErrorContains(t, err, test.want)
			definition, _ := resource.Lookup(test.order.Kind)
			if !definition.Stateful {
				require.NotContains(t, err.Error(), "holds data")
			}
		})
	}
}

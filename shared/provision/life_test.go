package provision

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/resource"
)

// sample are the cases that run by default: kinds that are made in different ways.
var sample = []string{"a queue", "a bucket", "a postgres database", "a microservice alone"}

// outliving are the types of resources that stay when the component that made them is gone, each with the reason.
var outliving = map[string]string{
	"kubernetes:core/v1:Namespace": "other components may be in it",
	"aws:kms/key:Key":              "what was encrypted with it outlives it",
	"aws:s3/bucket:Bucket":         "the trail of what was done outlives the environment",
	"aws:rds/snapshot:Snapshot":    "the last snapshot of a database", "aws:rds/clusterSnapshot:ClusterSnapshot": "the same",
	"aws:docdb/clusterSnapshot:ClusterSnapshot": "the same", "aws:memorydb/snapshot:Snapshot": "the same",
	"aws:elasticache/snapshot:Snapshot": "the same", "aws:ebs/snapshot:Snapshot": "the same",
}

func TestEveryCaseLivesOnTheSimulatedCloud(t *testing.T) {
	names := sample
	if everything() {
		names = slices.Sorted(maps.Keys(cases))
	}
	g := newGround(t, 2)
	ids := surround(t, g)
	t.Run("cases", func(t *testing.T) {
		for _, name := range names {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				live(t, g, placed(t, g.on(t, cases[name]), ids), name)
			})
		}
	})
	left, err := g.cloud.Resources(cloud.Filter{})
	require.NoError(t, err)
	for _, r := range left {
		ofCase := strings.HasPrefix(r.Tags["deployer:component"], "case-")
		require.True(t, !ofCase || outliving[r.Type] != "", "%s %s is left (%s)", r.Type, r.ID, r.URN)
	}
}

// live makes a component, looks whether it is stable, changes it, lets go of it and takes it over again where it holds data,
// and takes it away.
func live(t *testing.T, g *ground, o execution.Order, name string) {
	o.Address.Component = "case-" + digestOf(name)[:6]
	if o.Kind == "Networking" {
		o.Address.Environment = o.Address.Component // an environment has one network
	}
	made := create(t, g, o)
	o.BaseEpoch, o.Run = o.Epoch, "run-2"
	unchanged(t, g, o, made)

	made = modify(t, g, &o, name)
	unchanged(t, g, o, made)

	definition, _ := resource.Lookup(o.Kind)
	if definition.Stateful && o.Spec.Base().DeletionPolicy == resource.Retain {
		o = letGoAndTakeOver(t, g, o, made)
	}
	gone, err := g.Destroy(t.Context(), o)
	require.NoError(t, err)
	require.Zero(t, gone.Resources)
	require.False(t, gone.Kept)
	for _, r := range g.of(t, o) {
		require.NotEmpty(t, outliving[r.Type], "%s %s is left", r.Type, r.ID)
	}
	if len(g.of(t, o)) > 0 && o.Kind == "Security" {
		takeOverRest(t, g, o)
	}
}

// of returns what there is of a component's resources.
func (g *ground) of(t *testing.T, o execution.Order) []cloud.Resource {
	t.Helper()
	found, err := g.cloud.Resources(cloud.Filter{URN: "urn:pulumi:" + o.Address.PulumiStack() + "::" + o.Address.PulumiProject() + "::"})
	require.NoError(t, err)
	return found
}

func create(t *testing.T, g *ground, o execution.Order) execution.Result {
	t.Helper()
	creates := len(translate(t, o, false).Resources)
	previewed, err := g.Preview(t.Context(), o, false)
	require.NoError(t, err)
	require.Len(t, previewed.Changes, creates)

	made, err := g.Apply(t.Context(), o)
	require.NoError(t, err)
	require.NotEmpty(t, made.Checkpoint)
	require.Len(t, made.Changes, creates)
	require.Equal(t, creates, made.Resources)
	require.Empty(t, made.Pending)
	require.False(t, made.Adopted)
	definition, _ := resource.Lookup(o.Kind)
	var want []string
	for _, output := range resource.Offers(definition, o.Spec) {
		want = append(want, output.Name)
	}
	require.Equal(t, want, slices.Sorted(maps.Keys(made.Outputs)))
	return made
}

// unchanged looks whether the component is as it is wanted: a preview would do nothing, and neither does another apply.
func unchanged(t *testing.T, g *ground, o execution.Order, made execution.Result) {
	t.Helper()
	previewed, err := g.Preview(t.Context(), o, false)
	require.NoError(t, err)
	require.Empty(t, previewed.Changes, "nothing was to be done")
	same, err := g.Apply(t.Context(), o)
	require.NoError(t, err)
	require.Empty(t, same.Changes, "nothing was to be done")
	require.Equal(t, made.Outputs, same.Outputs)
}

// modify changes a field that forces no replacement.
func modify(t *testing.T, g *ground, o *execution.Order, name string) execution.Result {
	t.Helper()
	definition, _ := resource.Lookup(o.Kind)
	i := slices.IndexFunc(changes, func(c change) bool {
		return c.base == name && !slices.Contains(definition.ReplaceOn, c.path)
	})
	if i >= 0 {
		changes[i].edit(o.Spec)
	} else {
		modifyCommonly(o)
	}
	result, err := g.Apply(t.Context(), *o)
	require.NoError(t, err)
	require.True(t, len(result.Changes) > 0 || !hasTags(t, *o), "nothing was changed")
	for _, c := range result.Changes {
		require.False(t, c.Operation == "replace" && slices.Contains(bodies[o.Kind], c.Type), "%s %s", c.Type, c.Name)
	}
	return result
}

// hasTags reports whether anything that a component makes can carry tags.
func hasTags(t *testing.T, o execution.Order) bool {
	return slices.ContainsFunc(translate(t, o, false).Resources, func(r made) bool { return r.Inputs["tags"] != nil })
}

// modifyCommonly changes what every component of its sort has: the image of a container, or the tags.
func modifyCommonly(o *execution.Order) {
	switch s := o.Spec.(type) {
	case *resource.MicroService:
		s.Image = "ghcr.io/shop/next:9"
	case *resource.Worker:
		s.Image = "ghcr.io/shop/next:9"
	case *resource.CronJob:
		s.Image = "ghcr.io/shop/next:9"
	default:
		o.Tags = map[string]string{"owner": "team-other"}
	}
}

// letGoAndTakeOver destroys a component whose data is kept, and applies it again as if it had never been there. It returns
// an order by which it is really destroyed.
func letGoAndTakeOver(t *testing.T, g *ground, o execution.Order, made execution.Result) execution.Order {
	t.Helper()
	before := g.of(t, o)
	gone, err := g.Destroy(t.Context(), o)
	require.NoError(t, err)
	require.True(t, gone.Kept)
	require.NotEmpty(t, gone.Pending)
	require.Len(t, g.of(t, o), len(before))

	o.BaseEpoch, o.Epoch, o.Run = "", "e2", "run-3"
	previewed, err := g.Preview(t.Context(), o, false)
	require.NoError(t, err)
	require.Empty(t, previewed.Changes, "all of it is there")
	again, err := g.Apply(t.Context(), o)
	require.NoError(t, err)
	require.True(t, again.Adopted)
	require.Empty(t, again.Changes)
	require.Equal(t, made.Outputs, again.Outputs)
	require.Equal(t, made.Resources, again.Resources)

	o.BaseEpoch, o.Epoch, o.Run = "e2", "e3", "run-4"
	o.Spec.Base().DeletionPolicy = resource.Delete
	unchanged(t, g, o, made)
	return o
}

// takeOverRest applies a component again of which single resources outlived it.
func takeOverRest(t *testing.T, g *ground, o execution.Order) {
	t.Helper()
	before := g.of(t, o)
	o.BaseEpoch, o.Epoch, o.Run = "", "e4", "run-5"
	again, err := g.Apply(t.Context(), o)
	require.NoError(t, err)
	require.True(t, again.Adopted)
	for _, r := range before {
		require.True(t, slices.ContainsFunc(g.of(t, o), func(now cloud.Resource) bool { return now.Type == r.Type && now.ID == r.ID }))
		require.False(t, slices.ContainsFunc(again.Changes,
			func(c execution.ResourceChange) bool { return c.Type == r.Type && c.Operation == "create" }), "%s was made anew", r.Type)
	}
	o.BaseEpoch, o.Epoch, o.Run = "e4", "e5", "run-6"
	_, err = g.Destroy(t.Context(), o)
	require.NoError(t, err)
	require.Len(t, g.of(t, o), len(before))
}

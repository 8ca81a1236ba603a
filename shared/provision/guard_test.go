package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud"
	"github.com/deployer-io/deployer/localstack/cloud/fault"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/provision/engine"
	"github.com/deployer-io/deployer/shared/resource"
)

// count is how many resources of a type there are.
func (g *ground) count(t *testing.T, token string) int {
	t.Helper()
	found, err := g.cloud.Resources(cloud.Filter{Type: token})
	require.NoError(t, err)
	return len(found)
}

func (g *ground) exists(t *testing.T, token, id string) bool {
	t.Helper()
	found, err := g.cloud.Resources(cloud.Filter{Type: token})
	require.NoError(t, err)
	return slices.ContainsFunc(found, func(r cloud.Resource) bool { return r.ID == id })
}

// cached is a cache that holds data and stands in a network.
func cached(t *testing.T, g *ground, edit func(*resource.ElastiCacheRedis)) execution.Order {
	return g.on(t, order("ElastiCacheRedis", func(s *resource.ElastiCacheRedis) {
		s.Version, s.NodeType = "7.1", "cache.t4g.small"
		if edit != nil {
			edit(s)
		}
	}))
}

func TestDataGoesOnlyWhenItsAuthorSaysSoAndAfterALastSnapshot(t *testing.T) {
	ctx, g := t.Context(), newGround(t, 2)
	surround(t, g)
	database := func(edit func(*resource.RDS)) execution.Order {
		return g.on(t, order("RDS", func(s *resource.RDS) {
			s.Engine, s.Version, s.InstanceClass, s.Database = resource.Postgres, "16.4", "db.m7g.large", "shop"
			edit(s)
		}))
	}
	made, err := g.Apply(ctx, database(func(*resource.RDS) {}))
	require.NoError(t, err)

	_, err = g.Destroy(ctx, database(func(s *resource.RDS) { s.Protect = true }))
	var kept *ComponentProtected
	require.ErrorAs(t, err, &kept)

	let, err := g.Destroy(ctx, database(func(s *resource.RDS) { s.DeletionPolicy = resource.Retain }))
	require.NoError(t, err)
	require.True(t, let.Kept)
	require.Equal(t, made.Resources, let.Resources)

	renamed := func(s *resource.RDS) { s.Database = "store" }
	result, err := g.Apply(ctx, database(renamed))
	var failure *ProvisionFailed
	require.ErrorAs(t, err, &failure)
	require.Equal(t, engine.Protected, failure.Class)
	require.False(t, failure.Retryable())
	require.ErrorContains(t, err, "allowReplace: true")
	require.Equal(t, made.Resources, result.Resources)
	require.Zero(t, g.count(t, "aws:rds/snapshot:Snapshot"))

	replaced := database(func(s *resource.RDS) { renamed(s); s.AllowReplace = true })
	replaced.Run = "run-2"
	result, err = g.Apply(ctx, replaced)
	require.NoError(t, err)
	require.Equal(t, 1, g.count(t, "aws:rds/snapshot:Snapshot"), "the old data was saved")
	require.Len(t, result.Saved, 1)
	require.Equal(t, execution.RDSSnapshot, result.Saved[0].Service)
	require.True(t, g.exists(t, "aws:rds/snapshot:Snapshot", result.Saved[0].Name))
	require.Equal(t, 1, g.count(t, "aws:rds/instance:Instance"))
	require.True(t, slices.ContainsFunc(result.Changes, func(c execution.ResourceChange) bool {
		return c.Type == "aws:rds/instance:Instance" && c.Operation == "replace" && slices.Contains(c.Fields, "dbName")
	}), "%v", result.Changes)

	gone := replaced
	gone.Run = "run-3"
	result, err = g.Destroy(ctx, gone)
	require.NoError(t, err)
	require.Len(t, result.Saved, 1)
	require.True(t, g.exists(t, "aws:rds/snapshot:Snapshot", result.Saved[0].Name))
	require.Equal(t, 2, g.count(t, "aws:rds/snapshot:Snapshot"))
	require.Zero(t, g.count(t, "aws:rds/instance:Instance"))
	again, err := g.Destroy(ctx, gone)
	require.NoError(t, err)
	require.Zero(t, again.Resources)
}

func TestErrorsSayWhatFailedAndWhetherItMayPass(t *testing.T) {
	if !everything() {
		t.Skip("runs the Pulumi CLI a dozen times; DEPLOYER_E2E=1")
	}
	ctx, g := t.Context(), newGround(t, 2)
	surround(t, g)
	queue := fault.Match{Type: "aws:sqs/queue:Queue", Operation: "create"}
	tests := map[string]struct {
		fault     cloud.Fault
		class     engine.Class
		retryable bool
	}{
		"too many calls": {cloud.Fault{Match: queue, Kind: fault.Throttle}, engine.Throttling, true},
		"no permission": {cloud.Fault{Match: queue, Kind: fault.Error, Code: "AccessDenied",
			Message: "User is not authorized to perform: sqs:CreateQueue", Status: 403}, engine.Credentials, false},
		"a quota is used up": {cloud.Fault{Match: queue, Kind: fault.Error, Code: "LimitExceeded",
			Message: "You have reached the maximum number of queues", Status: 400}, engine.Capacity, false},
		"something is there": {cloud.Fault{Match: queue, Kind: fault.Error, Code: "QueueAlreadyExists",
			Message: "A queue already exists with this name", Status: 400}, engine.Conflict, false},
		"an invalid argument": {cloud.Fault{Match: queue, Kind: fault.Error, Code: "InvalidAttributeValue",
			Message: "Invalid value for the parameter MaximumMessageSize.", Status: 400}, engine.Invalid, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := g.cloud.Inject(test.fault)
			require.NoError(t, err)
			o := order[*resource.SQS]("SQS", nil)
			o.Address.Component = "q" + digestOf(name)[:6]
			_, err = g.Apply(ctx, o)
			require.NoError(t, g.cloud.Heal(""))
			var failure *ProvisionFailed
			require.ErrorAs(t, err, &failure)
			require.Equal(t, test.class, failure.Class, err)
			require.Equal(t, test.retryable, failure.Retryable(), err)
			require.Contains(t, failure.Resource, "aws:sqs/queue:Queue")

			made, err := g.Apply(ctx, o)
			require.NoError(t, err, "the next attempt ends what was begun")
			require.NotEmpty(t, made.Outputs)
		})
	}
}

// isPending reports whether the component's checkpoint says that an operation on a type has begun.
func (g *ground) isPending(o execution.Order, token string) bool {
	data, err := g.store.Get(context.Background(), fmt.Sprintf("%s.pulumi/stacks/%s/%s.json",
		o.Address.PulumiPrefix(o.Epoch), o.Address.PulumiProject(), o.Address.PulumiStack()))
	_, pending, found := strings.Cut(string(data.Data), `"pending_operations"`)
	return err == nil && found && strings.Contains(pending, token)
}

func TestAnInterruptedCreationStopsForAPersonOnlyWhereDataMayBe(t *testing.T) {
	if !everything() {
		t.Skip("runs the Pulumi CLI a dozen times; DEPLOYER_E2E=1")
	}
	g := newGround(t, 2, func(o *Options) { o.Grace = time.Nanosecond }) // the CLI is killed and writes nothing down any more
	surround(t, g)
	tests := map[string]struct {
		order   execution.Order
		hanging string
		stops   bool
	}{
		"a cache":                       {cached(t, g, nil), "aws:elasticache/replicationGroup:ReplicationGroup", true},
		"the parameters of a cache":     {cached(t, g, nil), "aws:elasticache/parameterGroup:ParameterGroup", false},
		"a security group has no names": {cached(t, g, nil), "aws:ec2/securityGroup:SecurityGroup", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := test.order
			o.Address.Component = "c" + digestOf(name)[:6]
			_, err := g.cloud.Inject(cloud.Fault{Match: fault.Match{Type: test.hanging, Operation: "create"},
				Kind: fault.Hang})
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			go func() {
				for !g.isPending(o, test.hanging) && ctx.Err() == nil {
					time.Sleep(10 * time.Millisecond)
				}
				cancel()
			}()
			result, err := g.Apply(ctx, o)
			require.Error(t, err)
			require.NoError(t, g.cloud.Heal(""))
			require.NotEmpty(t, result.Pending)
			o.Refresh = true
			_, err = g.Apply(t.Context(), o)
			if !test.stops {
				require.NoError(t, err)
				return
			}
			var pending *PendingCreate
			require.ErrorAs(t, err, &pending)
			require.Contains(t, pending.Resource, test.hanging)
		})
	}
}

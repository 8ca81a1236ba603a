package provision

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/provision/engine"
)

// guards are the fields by which a type of resource is kept from being deleted, or by which its data is saved when it is.
// A protecting field that is true must be changed before a deletion; a saving one decides how the deletion goes.
var guards = map[string]struct{ protecting, saving []string }{
	"aws:rds/instance:Instance": {[]string{"deletionProtection"},
		[]string{"skipFinalSnapshot", "finalSnapshotIdentifier"}},
	"aws:rds/cluster:Cluster": {[]string{"deletionProtection"},
		[]string{"skipFinalSnapshot", "finalSnapshotIdentifier"}},
	"aws:docdb/cluster:Cluster": {[]string{"deletionProtection"},
		[]string{"skipFinalSnapshot", "finalSnapshotIdentifier"}},
	"aws:dynamodb/table:Table":                          {[]string{"deletionProtectionEnabled"}, nil},
	"aws:elasticache/replicationGroup:ReplicationGroup": {nil, []string{"finalSnapshotIdentifier"}},
	"aws:memorydb/cluster:Cluster":                      {nil, []string{"finalSnapshotName"}},
	"aws:s3/bucket:Bucket":                              {nil, []string{"forceDestroy"}},
	"aws:ebs/volume:Volume":                             {nil, []string{"finalSnapshot"}},
	"aws:lb/loadBalancer:LoadBalancer":                  {[]string{"enableDeletionProtection"}, nil},
	"aws:ec2/instance:Instance":                         {[]string{"disableApiTermination"}, nil},
}

// frozen are all fields of a resource's arguments but its guards: in a program that dismantles, nothing else may change,
// whatever the spec has become since.
func frozen(token string, arguments reflect.Type) []string {
	guard, guarded := guards[token]
	var fields []string
	for i := range arguments.NumField() {
		name, _, _ := strings.Cut(arguments.Field(i).Tag.Get("pulumi"), ",")
		if name != "" && !(guarded && (slices.Contains(guard.protecting, name) ||
			slices.Contains(guard.saving, name))) {
			fields = append(fields, name)
		}
	}
	return fields
}

// freeze is the option that keeps a resource as it is but for its guards.
func freeze(args *pulumi.ResourceTransformationArgs) pulumi.ResourceOption {
	shape := args.Props.ElementType()
	for shape.Kind() == reflect.Pointer {
		shape = shape.Elem()
	}
	return pulumi.IgnoreChanges(frozen(args.Type, shape))
}

// dismantle makes the component's guarded resources ready to be deleted: deletion protection off, and last snapshots as the
// deletionPolicy says. It touches nothing else, creates nothing, and does nothing where no guard stands.
func (e *Engine) dismantle(ctx context.Context, order execution.Order) error {
	call, err := e.call(engine.Up, order, true)
	if err != nil {
		return err
	}
	call.Kept = "" // what was let go of is not this component's any more
	before, err := e.engine.Inspect(ctx, call)
	if err != nil {
		return err
	}
	for _, r := range before.Resources {
		if standsGuard(r) {
			call.Targets = append(call.Targets, r.URN)
		}
	}
	if len(call.Targets) == 0 {
		return nil
	}
	_, err = e.engine.Run(ctx, call)
	return err
}

// standsGuard reports whether a resource would refuse to go, or would go without its last snapshot.
func standsGuard(r engine.Resource) bool {
	guard, known := guards[r.Type]
	if !known {
		return false
	}
	on := func(field string) bool {
		var set bool
		return json.Unmarshal(r.Inputs[field], &set) == nil && set
	}
	return r.Protected || len(guard.saving) > 0 || slices.ContainsFunc(guard.protecting, on)
}

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
// It returns the snapshots that AWS will take as the resources go, by the resources' URNs.
func (e *Engine) dismantle(ctx context.Context, order execution.Order) (map[string]execution.Snapshot, error) {
	call, err := e.call(engine.Up, order, true)
	if err != nil {
		return nil, err
	}
	call.Kept = "" // what was let go of is not this component's any more
	before, err := e.engine.Inspect(ctx, call)
	if err != nil {
		return nil, err
	}
	for _, r := range before.Resources {
		if standsGuard(r) {
			call.Targets = append(call.Targets, r.URN)
		}
	}
	if len(call.Targets) == 0 {
		return nil, nil
	}
	after, err := e.engine.Run(ctx, call)
	saved := map[string]execution.Snapshot{}
	for _, r := range after.Resources {
		if s, saves := lastSnapshot(r); saves {
			saved[r.URN] = s
		}
	}
	return saved, err
}

// snapshots are where the last snapshot of a type is kept, and the field that names it.
var snapshots = map[string]struct {
	service execution.SnapshotService
	name    string
}{
	"aws:rds/instance:Instance":                         {execution.RDSSnapshot, "finalSnapshotIdentifier"},
	"aws:rds/cluster:Cluster":                           {execution.RDSClusterSnapshot, "finalSnapshotIdentifier"},
	"aws:docdb/cluster:Cluster":                         {execution.RDSClusterSnapshot, "finalSnapshotIdentifier"},
	"aws:elasticache/replicationGroup:ReplicationGroup": {execution.ElastiCacheSnapshot, "finalSnapshotIdentifier"},
	"aws:memorydb/cluster:Cluster":                      {execution.MemoryDBSnapshot, "finalSnapshotName"},
	"aws:ebs/volume:Volume":                             {execution.EBSSnapshot, ""},
}

// lastSnapshot is the snapshot that AWS takes of a resource as it goes; false where it takes none.
func lastSnapshot(r engine.Resource) (execution.Snapshot, bool) {
	keeps, known := snapshots[r.Type]
	s := execution.Snapshot{Service: keeps.service, Of: r.ID, Name: plain(r.Inputs[keeps.name])}
	switch {
	case !known, isTrue(r.Inputs["skipFinalSnapshot"]):
		return s, false
	case keeps.name == "":
		return s, isTrue(r.Inputs["finalSnapshot"])
	}
	return s, s.Name != ""
}

// gone are the snapshots of what an operation has deleted or replaced.
func gone(saved map[string]execution.Snapshot, report engine.Report) (taken []execution.Snapshot) {
	for _, c := range report.Changes {
		s, saves := saved[c.URN]
		if saves && c.Done && (c.Operation == "delete" || c.Operation == "replace") {
			taken = append(taken, s)
		}
	}
	return taken
}

func isTrue(value json.RawMessage) bool {
	var set bool
	return json.Unmarshal(value, &set) == nil && set
}

// standsGuard reports whether a resource would refuse to go, or would go without its last snapshot.
func standsGuard(r engine.Resource) bool {
	guard, known := guards[r.Type]
	if !known {
		return false
	}
	on := func(field string) bool { return isTrue(r.Inputs[field]) }
	return r.Protected || len(guard.saving) > 0 || slices.ContainsFunc(guard.protecting, on)
}

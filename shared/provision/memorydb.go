package provision

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/memorydb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

func memoryDatabase(p *program, spec *resource.AWSMemoryDB) error {
	net, err := p.network()
	if err != nil {
		return err
	}
	name := p.name(maxCacheName, "")
	subnets, err := memorydb.NewSubnetGroup(p.Context, "subnets", &memorydb.SubnetGroupArgs{Name: pulumi.String(name),
		SubnetIds: texts(net.privateSubnets...), Description: pulumi.String("subnets of " + p.order.Address.Short())})
	if err != nil {
		return err
	}
	group, err := p.group(net.vpcID, "database "+p.order.Address.Short())
	if err != nil {
		return err
	}
	if err := p.admitPods(group.ID(), net, spec.Port, spec.Port); err != nil {
		return err
	}
	parameters, err := p.memoryParameters(spec)
	if err != nil {
		return err
	}
	acl, err := p.memoryUser(spec)
	if err != nil {
		return err
	}
	arguments := &memorydb.ClusterArgs{
		Name: pulumi.String(name), Description: pulumi.String(p.order.Address.String()),
		Engine:        pulumi.String(spec.Engine),
		EngineVersion: pulumi.String(spec.Version), NodeType: pulumi.String(spec.NodeType),
		NumShards:           pulumi.Int(spec.Shards),
		NumReplicasPerShard: pulumi.Int(spec.ReplicasPerShard), AclName: acl.Name, TlsEnabled: pulumi.Bool(true),
		KmsKeyArn: p.key(spec.KMSKey),
		Port:      pulumi.Int(spec.Port), SubnetGroupName: subnets.Name,
		SecurityGroupIds:   pulumi.StringArray{group.ID()},
		ParameterGroupName: parameters.Name, SnapshotRetentionLimit: pulumi.Int(spec.SnapshotRetentionDays),
		SnapshotWindow:          p.optional(string(spec.SnapshotWindow)),
		MaintenanceWindow:       p.optional(string(spec.Maintenance.Window)),
		AutoMinorVersionUpgrade: pulumi.Bool(spec.Maintenance.AutoMinorVersionUpgrade),
	}
	if !p.skipSnapshot() {
		arguments.FinalSnapshotName = p.finalSnapshot(maxLongName)
	}
	made, err := memorydb.NewCluster(p.Context, "database", arguments, p.guard(), p.patience())
	if err != nil {
		return err
	}
	p.output("endpoint", made.ClusterEndpoints.ApplyT(func(all []memorydb.ClusterClusterEndpoint) (string, error) {
		return first(all, "endpoint of the cluster",
			func(e memorydb.ClusterClusterEndpoint) *string { return e.Address })
	}).(pulumi.StringOutput))
	p.output("port", pulumi.Int(spec.Port))
	p.output("id", made.Name)
	p.output("arn", made.Arn)
	p.output("securityGroupId", group.ID())
	return p.nodeAlarms("AWS/MemoryDB", "EngineCPUUtilization", "DatabaseMemoryUsagePercentage",
		nodes(name, spec.Shards, 1+spec.ReplicasPerShard, true),
		func(node string) pulumi.StringMap {
			return pulumi.StringMap{"ClusterName": pulumi.String(name), "NodeName": pulumi.String(node)}
		})
}

// memoryUser makes the user, and the list of those who may sign in: that user alone. The names of users are unique in an
// account and a region, so the component's name stands before the author's.
func (p *program) memoryUser(spec *resource.AWSMemoryDB) (*memorydb.Acl, error) {
	name := p.name(maxCacheName, spec.Username)
	secret, err := p.password(spec.Username, map[string]string{"username": name})
	if err != nil {
		return nil, err
	}
	user, err := memorydb.NewUser(p.Context, spec.Username, &memorydb.UserArgs{UserName: pulumi.String(name),
		AccessString: pulumi.String(spec.Access),
		AuthenticationMode: &memorydb.UserAuthenticationModeArgs{Type: pulumi.String("password"),
			Passwords: pulumi.StringArray{secret.value}}})
	if err != nil {
		return nil, err
	}
	p.output("username", user.UserName)
	p.output("secretArn", secret.arn)
	p.passwordOutput(secret.arn)
	return memorydb.NewAcl(p.Context, "users", &memorydb.AclArgs{Name: pulumi.String(p.name(maxCacheName, "")),
		UserNames: pulumi.StringArray{user.UserName}})
}

func (p *program) memoryParameters(spec *resource.AWSMemoryDB) (*memorydb.ParameterGroup, error) {
	major, _, _ := strings.Cut(spec.Version, ".")
	family := "memorydb_" + spec.Engine + major // as in memorydb_redis7
	var array memorydb.ParameterGroupParameterArray
	for _, name := range sortedKeys(spec.Parameters) {
		array = append(array, &memorydb.ParameterGroupParameterArgs{Name: pulumi.String(name),
			Value: pulumi.String(spec.Parameters[name])})
	}
	arguments := &memorydb.ParameterGroupArgs{Name: pulumi.String(p.name(maxLongName, "", family)),
		Family:      pulumi.String(family),
		Description: pulumi.String("parameters of " + p.order.Address.Short())}
	if len(array) > 0 {
		arguments.Parameters = array
	}
	return memorydb.NewParameterGroup(p.Context, "parameters", arguments)
}

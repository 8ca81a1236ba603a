package provision

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/elasticache"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

func redis(p *program, spec *resource.ElastiCacheRedis) error {
	site, err := p.cacheSite(spec.Port)
	if err != nil {
		return err
	}
	parameters, err := p.cacheParameters(spec)
	if err != nil {
		return err
	}
	arguments := &elasticache.ReplicationGroupArgs{
		ReplicationGroupId: pulumi.String(site.name), Description: pulumi.String(p.order.Address.String()),
		Engine:        pulumi.String(spec.Engine),
		EngineVersion: pulumi.String(spec.Version), NodeType: pulumi.String(spec.NodeType), Port: pulumi.Int(spec.Port),
		NumNodeGroups: pulumi.Int(spec.Shards), ReplicasPerNodeGroup: pulumi.Int(spec.ReplicasPerShard),
		AutomaticFailoverEnabled: pulumi.Bool(spec.ReplicasPerShard > 0 || spec.Shards > 1), MultiAzEnabled: pulumi.Bool(spec.MultiAZ),
		AtRestEncryptionEnabled: pulumi.Bool(true), KmsKeyId: p.key(spec.KMSKey),
		TransitEncryptionEnabled: pulumi.Bool(spec.TransitEncryption),
		SubnetGroupName:          site.subnets.Name, SecurityGroupIds: pulumi.StringArray{site.group.ID()},
		ParameterGroupName:      parameters.Name,
		SnapshotRetentionLimit:  pulumi.Int(spec.SnapshotRetentionDays),
		SnapshotWindow:          p.optional(string(spec.SnapshotWindow)),
		MaintenanceWindow:       p.optional(string(spec.Maintenance.Window)),
		AutoMinorVersionUpgrade: pulumi.Bool(spec.Maintenance.AutoMinorVersionUpgrade),
		ApplyImmediately:        pulumi.Bool(spec.ApplyImmediately),
	}
	if !p.skipSnapshot() {
		arguments.FinalSnapshotIdentifier = p.finalSnapshot(maxCacheName)
	}
	if spec.Auth == resource.RedisToken {
		token, err := p.password("token", nil)
		if err != nil {
			return err
		}
		arguments.AuthToken, arguments.AuthTokenUpdateStrategy = token.value, pulumi.String("ROTATE")
		p.output("secretArn", token.arn)
		p.passwordOutput(token.arn)
	}
	made, err := elasticache.NewReplicationGroup(p.Context, "cache", arguments, p.guard(), p.patience(),
		replacedBy("transitEncryptionEnabled"))
	if err != nil {
		return err
	}
	if err := p.nodeAlarms("AWS/ElastiCache", "EngineCPUUtilization", "DatabaseMemoryUsagePercentage",
		nodes(site.name, spec.Shards, 1+spec.ReplicasPerShard, spec.Shards > 1), cacheNode); err != nil {
		return err
	}
	p.output("port", pulumi.Int(spec.Port))
	p.output("id", made.ReplicationGroupId)
	p.output("arn", made.Arn)
	p.output("securityGroupId", site.group.ID())
	if spec.Shards > 1 {
		p.output("endpoint", made.ConfigurationEndpointAddress)
		return nil
	}
	p.output("endpoint", made.PrimaryEndpointAddress)
	p.output("readerEndpoint", made.ReaderEndpointAddress)
	return nil
}

// cacheFamily is what ElastiCache calls the engine's parameters in a version: redis7, redis6.x, valkey8.
func cacheFamily(engine, version string) string {
	major, _, _ := strings.Cut(version, ".")
	if engine == "redis" && major == "6" {
		return "redis6.x"
	}
	return engine + major
}

func (p *program) cacheParameters(spec *resource.ElastiCacheRedis) (*elasticache.ParameterGroup, error) {
	family := cacheFamily(spec.Engine, spec.Version)
	values := map[string]string{"maxmemory-policy": spec.EvictionPolicy}
	if spec.Shards > 1 {
		values["cluster-enabled"] = "yes"
	}
	for name, value := range spec.Parameters {
		values[name] = value
	}
	var array elasticache.ParameterGroupParameterArray
	for _, name := range sortedKeys(values) {
		array = append(array, &elasticache.ParameterGroupParameterArgs{Name: pulumi.String(name),
			Value: pulumi.String(values[name])})
	}
	return elasticache.NewParameterGroup(p.Context, "parameters", &elasticache.ParameterGroupArgs{
		Name: pulumi.String(p.name(maxLongName, "", family)), Family: pulumi.String(family), Parameters: array,
		Description: pulumi.String("parameters of " + p.order.Address.Short())})
}

package provision

import (
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/elasticache"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

func memcached(p *program, spec *resource.ElastiCacheMemcached) error {
	site, err := p.cacheSite(spec.Port)
	if err != nil {
		return err
	}
	parameters, err := p.memcachedParameters(spec)
	if err != nil {
		return err
	}
	zones := "single-az"
	if spec.MultiAZ {
		zones = "cross-az"
	}
	made, err := elasticache.NewCluster(p.Context, "cache", &elasticache.ClusterArgs{
		ClusterId: pulumi.String(site.name), Engine: pulumi.String("memcached"), EngineVersion: pulumi.String(spec.Version),
		NodeType:      pulumi.String(spec.NodeType),
		NumCacheNodes: pulumi.Int(spec.Nodes), AzMode: pulumi.String(zones), Port: pulumi.Int(spec.Port),
		SubnetGroupName:  site.subnets.Name,
		SecurityGroupIds: pulumi.StringArray{site.group.ID()}, ParameterGroupName: parameters.Name,
		TransitEncryptionEnabled: pulumi.Bool(spec.TransitEncryption),
		MaintenanceWindow:        p.optional(string(spec.Maintenance.Window)),
		AutoMinorVersionUpgrade:  pulumi.String(strconv.FormatBool(spec.Maintenance.AutoMinorVersionUpgrade)),
		ApplyImmediately:         pulumi.Bool(spec.ApplyImmediately),
	}, p.patience())
	if err != nil {
		return err
	}
	p.output("endpoint", made.ClusterAddress)
	p.output("port", pulumi.Int(spec.Port))
	p.output("id", made.ClusterId)
	p.output("arn", made.Arn)
	p.output("securityGroupId", site.group.ID())
	// The metric of the whole cluster is the average of its nodes.
	return p.nodeAlarms("AWS/ElastiCache", "CPUUtilization", "", []string{site.name}, cacheNode)
}

func (p *program) memcachedParameters(spec *resource.ElastiCacheMemcached) (*elasticache.ParameterGroup, error) {
	parts := strings.Split(spec.Version, ".") // the family is memcached and the version's first two parts
	family := "memcached" + strings.Join(parts[:min(len(parts), 2)], ".")
	var array elasticache.ParameterGroupParameterArray
	for _, name := range sortedKeys(spec.Parameters) {
		array = append(array, &elasticache.ParameterGroupParameterArgs{Name: pulumi.String(name),
			Value: pulumi.String(spec.Parameters[name])})
	}
	arguments := &elasticache.ParameterGroupArgs{Name: pulumi.String(p.name(maxLongName, "", family)),
		Family:      pulumi.String(family),
		Description: pulumi.String("parameters of " + p.order.Address.Short())}
	if len(array) > 0 {
		arguments.Parameters = array
	}
	return elasticache.NewParameterGroup(p.Context, "parameters", arguments)
}

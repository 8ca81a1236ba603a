package provision

import (
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/elasticache"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// cacheSite is where a cache of ElastiCache stands, whatever its engine.
type cacheSite struct {
	name    string
	subnets *elasticache.SubnetGroup
	group   *ec2.SecurityGroup
}

func (p *program) cacheSite(port int) (site cacheSite, err error) {
	net, err := p.network()
	if err != nil {
		return site, err
	}
	site.name = p.name(maxCacheName, "")
	site.subnets, err = elasticache.NewSubnetGroup(p.Context, "subnets", &elasticache.SubnetGroupArgs{
		Name: pulumi.String(site.name), SubnetIds: texts(net.privateSubnets...),
		Description: pulumi.String("subnets of " + p.order.Address.Short())})
	if err != nil {
		return site, err
	}
	if site.group, err = p.group(net.vpcID, "cache "+p.order.Address.Short()); err != nil {
		return site, err
	}
	return site, p.admitPods(site.group.ID(), net, port, port)
}

package provision

import (
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// balancerSite is where a load balancer of either kind stands.
type balancerSite struct {
	net      network
	group    *ec2.SecurityGroup
	subnets  []string
	internal bool
}

func (p *program) balancerSite(scheme resource.Scheme) (site balancerSite, err error) {
	if site.net, err = p.network(); err != nil {
		return site, err
	}
	site.subnets, site.internal = site.net.privateSubnets, scheme != resource.InternetFacing
	if !site.internal {
		if site.subnets, err = site.net.internetSubnets(); err != nil {
			return site, err
		}
	}
	site.group, err = p.group(site.net.vpcID, "load balancer "+p.order.Address.Short())
	return site, err
}

// balancer makes a load balancer there. What its kind alone has stands in arguments already.
func (p *program) balancer(site balancerSite, scheme resource.Scheme, protected bool, logs *resource.AccessLogs,
	arguments *lb.LoadBalancerArgs) (*lb.LoadBalancer, error) {
	arguments.Name = pulumi.String(p.name(maxLoadBalancerName, "", string(scheme)))
	arguments.Internal, arguments.Subnets = pulumi.Bool(site.internal), texts(site.subnets...)
	arguments.SecurityGroups = pulumi.StringArray{site.group.ID()}
	arguments.EnableDeletionProtection = pulumi.Bool(protected && !p.dismantle)
	if logs != nil {
		bucket, err := p.read(logs.Bucket.Component, "name")
		if err != nil {
			return nil, err
		}
		arguments.AccessLogs = &lb.LoadBalancerAccessLogsArgs{Bucket: pulumi.String(bucket),
			Prefix: p.optional(logs.Prefix), Enabled: pulumi.Bool(true)}
	}
	made, err := lb.NewLoadBalancer(p.Context, "balancer", arguments, p.guard(), p.patience())
	if err != nil {
		return nil, err
	}
	p.output("arn", made.Arn)
	p.output("dnsName", made.DnsName)
	p.output("hostedZoneId", made.ZoneId)
	p.output("securityGroupId", site.group.ID())
	return made, nil
}

// aliases give a load balancer its names.
func (p *program) aliases(domains []resource.Domain, made *lb.LoadBalancer) error {
	for _, domain := range domains {
		if err := p.alias(domain, made.DnsName, made.ZoneId); err != nil {
			return err
		}
	}
	return nil
}

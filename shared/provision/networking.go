package provision

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/servicediscovery"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

func networking(p *program, spec *resource.Networking) error {
	var net madeNetwork
	var err error
	if spec.Existing != nil {
		net = existingNetwork(spec.Existing)
	} else if net, err = p.makeNetwork(spec); err != nil {
		return err
	}
	domain := spec.PrivateDomain
	if domain == "" {
		domain = p.order.Address.Environment + "." + p.order.Address.Stack + ".internal"
	}
	namespace, err := servicediscovery.NewPrivateDnsNamespace(p.Context, "names",
		&servicediscovery.PrivateDnsNamespaceArgs{
			Name: pulumi.String(domain), Vpc: net.vpcID,
			Description: pulumi.String("names of " + p.order.Address.Scope().String())})
	if err != nil {
		return err
	}
	p.output("vpcId", net.vpcID)
	p.output("vpcCidr", net.cidr)
	p.output("privateSubnetIds", net.private)
	p.output("publicSubnetIds", net.public)
	p.output("availabilityZones", net.zones)
	p.output("namespaceId", namespace.ID())
	p.output("namespaceName", namespace.Name)
	if spec.EKS != nil {
		p.output("eksClusterName", pulumi.String(spec.EKS.Name))
		p.output("eksOidcProvider", pulumi.String(string(spec.EKS.OIDCProvider)))
		if err := p.clusterOutputs(spec.EKS.Name); err != nil {
			return err
		}
	}
	return p.cluster(&spec.Cluster, net)
}

// clusterOutputs looks up how an EKS cluster is reached.
func (p *program) clusterOutputs(name string) error {
	found, err := eks.LookupCluster(p.Context, &eks.LookupClusterArgs{Name: name, Region: &p.order.Region},
		pulumi.Provider(p.provider))
	if err != nil {
		return fmt.Errorf("the EKS cluster %s is not found: %w", name, err)
	}
	if len(found.CertificateAuthorities) == 0 {
		return fmt.Errorf("the EKS cluster %s is not ready yet; apply again when it is", name)
	}
	p.output("eksEndpoint", pulumi.String(found.Endpoint))
	p.output("eksCertificateAuthority", pulumi.String(found.CertificateAuthorities[0].Data))
	p.output("eksSecurityGroupId", pulumi.String(found.VpcConfig.ClusterSecurityGroupId))
	return nil
}

// madeNetwork is the network that Networking offers, made or found.
type madeNetwork struct {
	vpcID           pulumi.StringInput
	cidr            pulumi.StringInput
	private, public pulumi.StringArray
	zones           pulumi.StringArray
}

func existingNetwork(e *resource.ExistingNetwork) madeNetwork {
	return madeNetwork{vpcID: pulumi.String(e.VPCID), cidr: pulumi.String(string(e.CIDR)),
		private: texts(e.PrivateSubnetIDs...),
		public:  texts(e.PublicSubnetIDs...), zones: texts(e.AvailabilityZones...)}
}

// makeNetwork makes a VPC with a private and a public subnet in each zone.
func (p *program) makeNetwork(spec *resource.Networking) (madeNetwork, error) {
	var net madeNetwork
	vpc, err := ec2.NewVpc(p.Context, "vpc", &ec2.VpcArgs{CidrBlock: pulumi.String(string(spec.CIDR)),
		EnableDnsSupport: pulumi.Bool(true), EnableDnsHostnames: pulumi.Bool(true), Tags: p.named("")}, p.guard())
	if err != nil {
		return net, err
	}
	net.vpcID, net.cidr = vpc.ID(), vpc.CidrBlock
	// The group that everything without one of its own would get must allow nothing.
	if _, err := ec2.NewDefaultSecurityGroup(p.Context, "nothing", &ec2.DefaultSecurityGroupArgs{VpcId: vpc.ID(),
		Tags: p.named("nothing")}); err != nil {
		return net, err
	}
	zones, err := p.zones(spec.AvailabilityZones)
	if err != nil {
		return net, err
	}
	net.zones = texts(zones...)
	public, err := p.publicSubnets(vpc, spec, zones)
	if err != nil {
		return net, err
	}
	private, tables, err := p.privateSubnets(vpc, spec, zones, public)
	if err != nil {
		return net, err
	}
	for i := range zones {
		net.private, net.public = append(net.private, private[i].ID()), append(net.public, public[i].ID())
	}
	if err := p.endpoints(vpc, spec, net.private, tables); err != nil {
		return net, err
	}
	return net, p.flowLogs(vpc, spec.FlowLogs)
}

// gatewayEndpoints are the services that a VPC reaches by a route, free of charge; all others need network interfaces.
var gatewayEndpoints = map[string]bool{"s3": true, "dynamodb": true}

// endpoints lets the network reach AWS services without the internet.
func (p *program) endpoints(vpc *ec2.Vpc, spec *resource.Networking, private pulumi.StringArray,
	tables pulumi.StringArray) error {
	var group *ec2.SecurityGroup
	for _, service := range slices.Sorted(slices.Values(spec.Endpoints)) {
		arguments := &ec2.VpcEndpointArgs{VpcId: vpc.ID(),
			ServiceName: pulumi.String("com.amazonaws." + p.order.Region + "." + service),
			Tags:        p.named(service)}
		if gatewayEndpoints[service] {
			arguments.VpcEndpointType, arguments.RouteTableIds = pulumi.String("Gateway"), tables
		} else {
			if group == nil {
				made, err := p.endpointGroup(vpc, spec)
				if err != nil {
					return err
				}
				group = made
			}
			arguments.VpcEndpointType, arguments.SubnetIds = pulumi.String("Interface"), private
			arguments.SecurityGroupIds, arguments.PrivateDnsEnabled = pulumi.StringArray{group.ID()}, pulumi.Bool(true)
		}
		if _, err := ec2.NewVpcEndpoint(p.Context, "endpoint-"+service, arguments); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) endpointGroup(vpc *ec2.Vpc, spec *resource.Networking) (*ec2.SecurityGroup, error) {
	group, err := ec2.NewSecurityGroup(p.Context, "endpoints",
		&ec2.SecurityGroupArgs{NamePrefix: p.groupName("endpoints"),
			Description: pulumi.String("AWS services from within the network"), VpcId: vpc.ID(),
			RevokeRulesOnDelete: pulumi.Bool(true)})
	if err != nil {
		return nil, err
	}
	return group, p.admit("endpoints", group.ID(), "tcp", 443, string(spec.CIDR), "the network itself")
}

// flowLogs records who connects to whom.
func (p *program) flowLogs(vpc *ec2.Vpc, spec resource.FlowLogs) error {
	if !spec.Enabled {
		return nil
	}
	log, err := p.logGroup("flows", "/deployer/"+p.order.Address.Scope().String()+"/flows", spec.RetentionDays)
	if err != nil {
		return err
	}
	role, err := p.role("flows", "vpc-flow-logs.amazonaws.com",
		"writes the flow logs of "+p.order.Address.Scope().String(), []statement{{
			sid: "Write", resources: on(log.Arn, pulumi.Sprintf("%s:*", log.Arn)),
			actions: []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"}}})
	if err != nil {
		return err
	}
	_, err = ec2.NewFlowLog(p.Context, "flows", &ec2.FlowLogArgs{VpcId: vpc.ID(), TrafficType: pulumi.String("ALL"),
		LogDestinationType: pulumi.String("cloud-watch-logs"), LogDestination: log.Arn, IamRoleArn: role.Arn,
		Tags: p.named("flows")})
	return err
}

// named gives a resource that has no name of its own the tag by which the console calls it.
func (p *program) named(suffix string) pulumi.StringMap {
	return pulumi.StringMap{"Name": pulumi.String(p.name(maxLongName, suffix))}
}

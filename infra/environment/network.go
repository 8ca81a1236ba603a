package environment

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
)

// network is where tasks run.
type network struct {
	vpc     *string
	subnets []*string
}

func addNetwork(stack awscdk.Stack, n names, keep storage) network {
	if given := n.Network.VPC; given != nil {
		return network{vpc: str(given.ID), subnets: *strs(given.Subnets...)}
	}
	vpc := awsec2.NewVpc(stack, str("Vpc"), &awsec2.VpcProps{
		VpcName:                      str(n.prefix()),
		IpAddresses:                  awsec2.IpAddresses_Cidr(str(n.Network.CIDR)),
		AvailabilityZones:            strs(n.Network.Zones...),
		NatGateways:                  num(*n.Network.NATGateways),
		RestrictDefaultSecurityGroup: off, // it would need a function of the CDK's own; the flow log shows any use
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
			{Name: str("public"), SubnetType: awsec2.SubnetType_PUBLIC, CidrMask: num(28), MapPublicIpOnLaunch: off},
			{Name: str("tasks"), SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS},
		},
	})
	made := network{vpc: vpc.VpcId()}
	for _, subnet := range *vpc.PrivateSubnets() {
		made.subnets = append(made.subnets, subnet.SubnetId())
	}
	addFlowLog(stack, n, vpc, keep)
	addEndpoints(stack, n, vpc, made)
	for _, subnet := range append(*vpc.PublicSubnets(), *vpc.PrivateSubnets()...) {
		forgive(subnet.Node().DefaultChild().(awscdk.CfnResource), excuse{
			"The zones are the settings' or the region's first three: a look-up would need the account's credentials at synthesis.",
			[]string{"lint:W3010"}})
	}
	return made
}

func addFlowLog(stack awscdk.Stack, n names, vpc awsec2.Vpc, keep storage) {
	log := n.addLog(stack, "NetworkLog", n.networkLog(), keep)
	writer := n.addRole(stack, "FlowLogRole", role{
		name: n.serviceRole("flowlogs"), says: "Writes the network's flow log", service: "vpc-flow-logs",
		source: n.arn("ec2", "vpc-flow-log/*"),
		may: []statement{{sid: "Log", actions: []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
			resources: []string{n.logARN(n.networkLog()) + ":*"}}},
		excuses: []excuse{{"The wildcard stands for the streams of one log group.", []string{"nag:AwsSolutions-IAM5"}}},
	})
	awsec2.NewCfnFlowLog(stack, str("FlowLog"), &awsec2.CfnFlowLogProps{
		ResourceId: vpc.VpcId(), ResourceType: str("VPC"), TrafficType: str("ALL"), LogGroupName: log.Ref(),
		DeliverLogsPermissionArn: writer.AttrArn(),
	})
}

// addEndpoints keeps S3 and DynamoDB, which cost nothing, and the services of the settings off the NAT gateway.
func addEndpoints(stack awscdk.Stack, n names, vpc awsec2.Vpc, made network) {
	vpc.AddGatewayEndpoint(str("S3"), &awsec2.GatewayVpcEndpointOptions{Service: awsec2.GatewayVpcEndpointAwsService_S3()})
	vpc.AddGatewayEndpoint(str("DynamoDB"), &awsec2.GatewayVpcEndpointOptions{Service: awsec2.GatewayVpcEndpointAwsService_DYNAMODB()})
	if len(n.Network.InterfaceEndpoints) == 0 {
		return
	}
	group := awsec2.NewCfnSecurityGroup(stack, str("EndpointSecurityGroup"), &awsec2.CfnSecurityGroupProps{
		GroupDescription: str("AWS APIs inside the network"), VpcId: made.vpc,
		SecurityGroupIngress: []any{&awsec2.CfnSecurityGroup_IngressProperty{
			IpProtocol: str("tcp"), FromPort: num(443), ToPort: num(443), CidrIp: str(n.Network.CIDR), Description: str("HTTPS from tasks"),
		}},
		SecurityGroupEgress: []any{&awsec2.CfnSecurityGroup_EgressProperty{
			IpProtocol: str("icmp"), FromPort: num(252), ToPort: num(86), CidrIp: str("255.255.255.255/32"),
			Description: str("Nothing: endpoints only answer"),
		}},
	})
	var subnets []any
	for _, subnet := range made.subnets {
		subnets = append(subnets, subnet)
	}
	for _, service := range n.Network.InterfaceEndpoints {
		id := "Endpoint" + strings.NewReplacer(".", "", "-", "").Replace(title(service))
		awsec2.NewCfnVPCEndpoint(stack, str(id), &awsec2.CfnVPCEndpointProps{
			VpcId: made.vpc, VpcEndpointType: str("Interface"), PrivateDnsEnabled: on,
			ServiceName: str("com.amazonaws." + n.Region + "." + service),
			SubnetIds:   &subnets, SecurityGroupIds: &[]any{group.AttrGroupId()},
		})
	}
}

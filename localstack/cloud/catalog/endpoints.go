package catalog

import (
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

func endpoints() []Type {
	return []Type{
		{
			Is: "ec2.VpcEndpoint", ID: "vpce-{hex17}", Settles: 60e9,
			Replace:  "serviceName vpcEndpointType vpcId serviceRegion resourceConfigurationArn serviceNetworkArn",
			Defaults: object{"vpcEndpointType": "Gateway"},
			Enums: map[string]string{
				"vpcEndpointType": "Interface Gateway GatewayLoadBalancer Resource ServiceNetwork",
			},
			Outputs: object{
				"arn": ec2ARN + "vpc-endpoint/{id}", "ownerId": "{account}", "state": "available", "prefixListId": "", "requesterManaged": false,
				"cidrBlocks": list{}, "dnsEntries": list{}, "networkInterfaceIds": list{}, "ipAddressType": "ipv4",
				"policy": `{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}`,
			},
			Refs: []string{
				"vpcId ec2.Vpc", "routeTableIds ec2.RouteTable|ec2.DefaultRouteTable ?", "subnetIds ec2.Subnet",
				"securityGroupIds ec2.SecurityGroup|ec2.DefaultSecurityGroup",
			},
			Missing: "InvalidVpcEndpointId.NotFound: The Vpc Endpoint Id '{ref}' does not exist",
			Check:   func(c *Checking) { c.exactlyOne("serviceName", "resourceConfigurationArn", "serviceNetworkArn") },
			Before:  placeEndpoint,
		},
		{
			Is:      "ec2.VpcEndpointRouteTableAssociation",
			ID:      "a-{vpcEndpointId}{hex10}",
			Replace: "vpcEndpointId routeTableId",
			Unique:  "{vpcEndpointId}/{routeTableId}",
			Refs: []string{
				"vpcEndpointId ec2.VpcEndpoint +", "routeTableId ec2.RouteTable|ec2.DefaultRouteTable +",
			},
		},
		{
			Is: "ec2.FlowLog", ID: "fl-{hex17}",
			Replace: "deliverCrossAccountRole destinationOptions eniId iamRoleArn logDestination logDestinationType logFormat maxAggregationInterval " +
				"subnetId trafficType transitGatewayAttachmentId transitGatewayId vpcId",
			Defaults: object{"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
			Enums: map[string]string{
				"trafficType": "ACCEPT REJECT ALL", "logDestinationType": "cloud-watch-logs s3 kinesis-data-firehose",
			},
			Outputs: object{
				"arn":       ec2ARN + "vpc-flow-log/{id}",
				"logFormat": "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}",
			},
			Refs: []string{"vpcId ec2.Vpc +", "subnetId ec2.Subnet +", "iamRoleArn iam.Role ?"},
			Check: func(c *Checking) {
				c.exactlyOne("vpcId", "subnetId", "eniId", "transitGatewayId", "transitGatewayAttachmentId")
			},
		},
	}
}

func placeEndpoint(o *Op) error {
	if o.text("vpcEndpointType") == "Gateway" {
		if o.creating() {
			o.State["prefixListId"] = "pl-" + o.Tx.Hex(8)
		}
		return nil
	}
	service := o.text("serviceName")
	short := service[strings.LastIndex(service, ".")+1:]
	if o.creating() {
		o.State["dnsEntries"] = list{object{
			"dnsName":      "vpce-" + o.Tx.Hex(17) + "-" + o.Tx.Hex(8) + "." + short + "." + o.Region + ".vpce.amazonaws.com",
			"hostedZoneId": "Z" + strings.ToUpper(o.Tx.Hex(13)),
		}}
	}
	interfaces := property.List(o.State, "networkInterfaceIds")
	for len(interfaces) < len(property.List(o.State, "subnetIds")) {
		interfaces = append(interfaces, "eni-"+o.Tx.Hex(17))
	}
	o.State["networkInterfaceIds"] = interfaces[:len(property.List(o.State, "subnetIds"))]
	return nil
}

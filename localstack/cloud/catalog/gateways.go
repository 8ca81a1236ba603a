package catalog

import (
	"fmt"
	"strings"
)

func routes() []Type {
	return []Type{
		{
			Is: "ec2.RouteTable", ID: "rtb-{hex17}", Replace: "vpcId", Unordered: "routes",
			Outputs: object{"arn": ec2ARN + "route-table/{id}", "ownerId": "{account}"},
			Refs: []string{
				"vpcId ec2.Vpc", "routes.gatewayId ec2.InternetGateway ?", "routes.natGatewayId ec2.NatGateway ?",
			},
			Missing: "InvalidRouteTableID.NotFound: The routeTable ID '{ref}' does not exist",
			InUse:   "DependencyViolation: The routeTable '{id}' has dependencies and cannot be deleted.",
		},
		{
			Is:         "ec2.DefaultRouteTable",
			ID:         "{defaultRouteTableId}",
			Replace:    "defaultRouteTableId",
			Unordered:  "routes",
			Overwrites: true,
			Outputs:    object{"arn": ec2ARN + "route-table/{id}", "ownerId": "{account}", "vpcId": ""},
			Refs:       []string{"vpcId ec2.Vpc +"},
			Missing:    "InvalidRouteTableID.NotFound: The routeTable ID '{ref}' does not exist",
			Before: func(o *Op) error {
				if table := o.find("ec2.DefaultRouteTable", o.text("defaultRouteTableId")); table != nil {
					o.fill("vpcId", table.Text("vpcId"))
				}
				return nil
			},
		},
		{
			Is: "ec2.Route", ID: "r-{routeTableId}{hex10}",
			Replace: "routeTableId destinationCidrBlock destinationIpv6CidrBlock destinationPrefixListId",
			Unique:  "{routeTableId}/{destinationCidrBlock}{destinationIpv6CidrBlock}{destinationPrefixListId}",
			Exists: "RouteAlreadyExists: The route identified by " +
				"{destinationCidrBlock}{destinationIpv6CidrBlock} already exists.",
			Outputs: object{"origin": "CreateRoute", "state": "active", "instanceId": "", "instanceOwnerId": ""},
			Refs: []string{
				"routeTableId ec2.RouteTable|ec2.DefaultRouteTable +", "gatewayId ec2.InternetGateway ?", "natGatewayId ec2.NatGateway ?",
				"vpcEndpointId ec2.VpcEndpoint ?",
			},
			Check: func(c *Checking) {
				c.exactlyOne("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")
				c.exactlyOne("gatewayId", "natGatewayId", "vpcEndpointId", "networkInterfaceId", "transitGatewayId", "vpcPeeringConnectionId",
					"egressOnlyGatewayId", "carrierGatewayId", "localGatewayId", "coreNetworkArn")
			},
		},
		{
			Is:      "ec2.RouteTableAssociation",
			ID:      "rtbassoc-{hex17}",
			Replace: "subnetId gatewayId",
			Unique:  "{subnetId}{gatewayId}",
			Exists: "Resource.AlreadyAssociated: the specified association for route table {routeTableId} " +
				"conflicts with an existing association",
			Refs: []string{
				"routeTableId ec2.RouteTable|ec2.DefaultRouteTable", "subnetId ec2.Subnet +",
				"gatewayId ec2.InternetGateway +",
			},
			Check: func(c *Checking) { c.exactlyOne("subnetId", "gatewayId") },
		},
		{
			Is: "ec2.MainRouteTableAssociation", ID: "rtbassoc-{hex17}", Unique: "{vpcId}", Overwrites: true,
			Outputs: object{"originalRouteTableId": "{vpcId>mainRouteTableId}"},
			Refs:    []string{"vpcId ec2.Vpc +", "routeTableId ec2.RouteTable"},
		},
	}
}

func gateways() []Type {
	return []Type{
		{
			Is: "ec2.InternetGateway", ID: "igw-{hex17}",
			Outputs: object{"arn": ec2ARN + "internet-gateway/{id}", "ownerId": "{account}"},
			Refs:    []string{"vpcId ec2.Vpc"},
			Missing: "InvalidGatewayID.NotFound: The gateway ID '{ref}' does not exist",
			InUse: "DependencyViolation: Network has some mapped public address(es). Please unmap those public " +
				"address(es) before detaching the gateway.",
			Before: attachOnce,
		},
		{
			Is:      "ec2.InternetGatewayAttachment",
			ID:      "{internetGatewayId}:{vpcId}",
			Replace: "internetGatewayId vpcId",
			Refs:    []string{"internetGatewayId ec2.InternetGateway", "vpcId ec2.Vpc"},
			Before:  attachOnce,
		},
		{
			Is:       "ec2.NatGateway",
			ID:       "nat-{hex17}",
			Replace:  "allocationId subnetId connectivityType privateIp",
			Settles:  90e9,
			Defaults: object{"connectivityType": "public"},
			Enums:    map[string]string{"connectivityType": "public private"},
			Outputs: object{
				"associationId": "eipassoc-{hex17}", "networkInterfaceId": "eni-{hex17}", "publicIp": "{allocationId>publicIp}", "privateIp": "",
			},
			Refs:    []string{"subnetId ec2.Subnet", "allocationId ec2.Eip"},
			Missing: "NatGatewayNotFound: The Nat Gateway {ref} was not found",
			Before:  placeNAT,
		},
		{
			Is:      "ec2.Eip",
			ID:      "eipalloc-{hex17}",
			Replace: "address domain networkBorderGroup publicIpv4Pool customerOwnedIpv4Pool ipamPoolId",
			Outputs: object{
				"arn": ec2ARN + "elastic-ip/{id}", "allocationId": "{id}", "domain": "vpc", "networkBorderGroup": "{region}",
				"publicIpv4Pool": "amazon", "publicIp": "", "publicDns": "", "associationId": "",
				"carrierIp": "", "customerOwnedIp": "", "privateDns": "", "privateIp": "", "ptrRecord": "",
			},
			Refs:    []string{"instance ec2.Instance ?"},
			Also:    []string{"{publicIp}"},
			Missing: "InvalidAllocationID.NotFound: The allocation ID '{ref}' does not exist",
			InUse: "AuthFailure: You do not have permission to access the specified resource: {id} is " +
				"associated with {by}.",
			Before: func(o *Op) error {
				if o.creating() {
					o.fill("publicIp", drawAddress(o, "52"))
					dashed := strings.ReplaceAll(o.text("publicIp"), ".", "-")
					o.State["publicDns"] = "ec2-" + dashed + "." + o.Region + ".compute.amazonaws.com"
				}
				return nil
			},
		},
		{
			Is: "ec2.EipAssociation", ID: "eipassoc-{hex17}", Unique: "{allocationId}",
			Replace: "allocationId allowReassociation instanceId networkInterfaceId privateIpAddress publicIp",
			Exists:  "Resource.AlreadyAssociated: resource {allocationId} is already associated",
			Outputs: object{"publicIp": "{allocationId>publicIp}", "privateIpAddress": "{instanceId>privateIp}"},
			Refs:    []string{"allocationId ec2.Eip", "instanceId ec2.Instance +"},
		},
	}
}

// attachOnce refuses a second internet gateway for a VPC.
func attachOnce(o *Op) error {
	vpc := o.target("vpcId")
	if vpc == nil || !o.creating() && !o.changed("vpcId") {
		return nil
	}
	if len(Referring(o.Tx, vpc, "ec2.InternetGateway"))+len(Referring(o.Tx, vpc, "ec2.InternetGatewayAttachment")) > 0 {
		return o.refusef("Resource.AlreadyAssociated: resource %s is already attached to an internet gateway", vpc.ID)
	}
	return nil
}

// placeNAT gives a NAT gateway its private address. A public one needs an elastic address, and an internet gateway on its
// VPC.
func placeNAT(o *Op) error {
	if !o.creating() {
		return nil
	}
	o.fill("privateIp", drawAddress(o, "10"))
	if o.text("connectivityType") != "public" {
		return nil
	}
	if o.text("allocationId") == "" {
		return o.refuse("MissingParameter: The request must include the AllocationId parameter. Add the required " +
			"parameter and retry the request.")
	}
	subnet := o.target("subnetId")
	if subnet == nil {
		return nil
	}
	vpc := o.find("ec2.Vpc", subnet.Text("vpcId"))
	if vpc != nil && len(Referring(o.Tx, vpc, "ec2.InternetGateway"))+len(Referring(o.Tx, vpc, "ec2.InternetGatewayAttachment")) == 0 {
		return o.refusef("Gateway.NotAttached: Network %s has no Internet gateway attached", vpc.ID)
	}
	return nil
}

// drawAddress draws an IPv4 address whose first number is given.
func drawAddress(o *Op, first string) string {
	h := o.Tx.Hex(6)
	parts := []string{first}
	for i := 0; i < 6; i += 2 {
		var n int
		_, _ = fmt.Sscanf(h[i:i+2], "%x", &n) // Hex draws hexadecimal digits
		parts = append(parts, fmt.Sprint(max(n%254, 1)))
	}
	return strings.Join(parts, ".")
}

package catalog

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

const ec2ARN = "arn:{partition}:ec2:{region}:{account}:"

func network() []Type {
	return slices.Concat(vpcs(), routes(), gateways(), endpoints())
}

func vpcs() []Type {
	return []Type{
		{
			Is: "ec2.Vpc", ID: "vpc-{hex17}", Replace: "cidrBlock ipv4IpamPoolId ipv4NetmaskLength",
			Defaults: object{"enableDnsSupport": true, "instanceTenancy": "default"},
			Enums:    map[string]string{"instanceTenancy": "default dedicated"},
			Outputs: object{
				"arn": ec2ARN + "vpc/{id}", "defaultNetworkAclId": "acl-{hex17}", "defaultRouteTableId": "rtb-{hex17}",
				"mainRouteTableId": "{defaultRouteTableId}", "defaultSecurityGroupId": "sg-{hex17}", "dhcpOptionsId": "dopt-{hex17}",
				"ownerId": "{account}", "ipv6AssociationId": "",
			},
			Missing: "InvalidVpcID.NotFound: The vpc ID '{ref}' does not exist",
			InUse:   "DependencyViolation: The vpc '{id}' has dependencies and cannot be deleted.",
			Check: func(c *Checking) {
				c.exactlyOne("cidrBlock", "ipv4IpamPoolId")
				if block := c.text("cidrBlock"); block != "" && !validBlock(block, 16, 28) {
					c.Failf("cidrBlock", "expected cidr_block to be a network in CIDR notation, from /16 to /28, got %s", block)
				}
			},
			After: makeDefaults,
		},
		{
			Is: "ec2.Subnet", ID: "subnet-{hex17}",
			Replace: "vpcId cidrBlock availabilityZone availabilityZoneId ipv6Native outpostArn",
			Defaults: object{
				"assignIpv6AddressOnCreation": false, "enableDns64": false, "enableResourceNameDnsARecordOnLaunch": false,
				"enableResourceNameDnsAaaaRecordOnLaunch": false, "ipv6Native": false, "mapPublicIpOnLaunch": false,
			},
			Outputs: object{
				"arn": ec2ARN + "subnet/{id}", "ownerId": "{account}", "availabilityZone": "{region}a", "ipv6CidrBlockAssociationId": "",
				"privateDnsHostnameTypeOnLaunch": "ip-name", "availabilityZoneId": "",
			},
			Refs:    []string{"vpcId ec2.Vpc"},
			Missing: "InvalidSubnetID.NotFound: The subnet ID '{ref}' does not exist",
			InUse:   "DependencyViolation: The subnet '{id}' has dependencies and cannot be deleted.",
			Before:  placeSubnet,
		},
	}
}

// validBlock reports whether text is a network whose prefix length lies within the limits and that has no host bits.
func validBlock(text string, shortest, longest int) bool {
	prefix, err := netip.ParsePrefix(text)
	return err == nil && prefix.Bits() >= shortest && prefix.Bits() <= longest && prefix.Masked() == prefix
}

// makeDefaults makes what AWS makes along with a VPC.
func makeDefaults(o *Op) error {
	if !o.creating() {
		return nil
	}
	group := o.text("defaultSecurityGroupId")
	o.also("ec2.DefaultSecurityGroup", group, object{
		"arn": o.expand(ec2ARN + "security-group/" + group), "name": "default", "description": "default VPC security group",
		"vpcId": o.ID, "ownerId": o.Account, "region": o.Region,
	})
	table := o.text("defaultRouteTableId")
	o.also("ec2.DefaultRouteTable", table, object{
		"arn": o.expand(ec2ARN + "route-table/" + table), "defaultRouteTableId": table, "vpcId": o.ID, "ownerId": o.Account, "region": o.Region,
	})
	return nil
}

// placeSubnet checks that the subnet lies in its VPC, in a zone of the region, and on no other subnet.
func placeSubnet(o *Op) error {
	if !o.creating() {
		return nil
	}
	zone := o.text("availabilityZone")
	if zone == "" {
		zone = o.Region + "a"
		if id := o.text("availabilityZoneId"); id != "" {
			zone = o.Region + string('a'+id[len(id)-1]-'1')
		}
	}
	if !slices.Contains(Zones(o.Region), zone) {
		return o.refusef("InvalidParameterValue: Value (%s) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: %s.",
			zone, strings.Join(Zones(o.Region), ", "))
	}
	o.State["availabilityZone"], o.State["availabilityZoneId"] = zone, ZoneID(zone)
	vpc := o.target("vpcId")
	if vpc == nil {
		return nil // checkReferences says so
	}
	block, err := netip.ParsePrefix(o.text("cidrBlock"))
	if err != nil {
		if o.yes("ipv6Native") {
			return nil
		}
		return o.refusef("InvalidParameterValue: Value (%s) for parameter cidrBlock is invalid. This is not a valid CIDR block.", o.text("cidrBlock"))
	}
	whole, err := netip.ParsePrefix(vpc.Text("cidrBlock"))
	if err == nil && (!whole.Contains(block.Addr()) || block.Bits() < whole.Bits() || block.Bits() > 28) {
		return o.refusef("InvalidSubnet.Range: The CIDR '%s' is invalid.", block)
	}
	for _, other := range Referring(o.Tx, vpc, "ec2.Subnet") {
		if taken, err := netip.ParsePrefix(other.Text("cidrBlock")); err == nil && taken.Overlaps(block) {
			return o.refusef("InvalidSubnet.Conflict: The CIDR '%s' conflicts with another subnet", block)
		}
	}
	return nil
}

// Zones returns the availability zones of a region.
func Zones(region string) []string {
	letters := "abc"
	if region == "us-east-1" {
		letters = "abcdef"
	}
	zones := make([]string, 0, len(letters))
	for _, letter := range letters {
		zones = append(zones, region+string(letter))
	}
	return zones
}

// ZoneID returns the id of a zone, as in use1-az1 for us-east-1a.
func ZoneID(zone string) string {
	parts := strings.Split(zone, "-")
	if len(parts) < 3 || len(parts[len(parts)-1]) < 2 {
		return ""
	}
	last := parts[len(parts)-1]
	direction := parts[len(parts)-2]
	short := map[string]string{
		"north": "n", "south": "s", "east": "e", "west": "w", "central": "c", "northeast": "ne", "northwest": "nw",
		"southeast": "se", "southwest": "sw",
	}[direction]
	return fmt.Sprintf("%s%s%s-az%d", strings.Join(parts[:len(parts)-2], ""), short, last[:1], last[1]-'a'+1)
}

func routes() []Type {
	return []Type{
		{
			Is: "ec2.RouteTable", ID: "rtb-{hex17}", Replace: "vpcId", Unordered: "routes",
			Outputs: object{"arn": ec2ARN + "route-table/{id}", "ownerId": "{account}"},
			Refs:    []string{"vpcId ec2.Vpc", "routes.gatewayId ec2.InternetGateway ?", "routes.natGatewayId ec2.NatGateway ?"},
			Missing: "InvalidRouteTableID.NotFound: The routeTable ID '{ref}' does not exist",
			InUse:   "DependencyViolation: The routeTable '{id}' has dependencies and cannot be deleted.",
		},
		{
			Is: "ec2.DefaultRouteTable", ID: "{defaultRouteTableId}", Replace: "defaultRouteTableId", Unordered: "routes", Overwrites: true,
			Outputs: object{"arn": ec2ARN + "route-table/{id}", "ownerId": "{account}", "vpcId": ""},
			Refs:    []string{"vpcId ec2.Vpc +"},
			Missing: "InvalidRouteTableID.NotFound: The routeTable ID '{ref}' does not exist",
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
			Exists:  "RouteAlreadyExists: The route identified by {destinationCidrBlock}{destinationIpv6CidrBlock} already exists.",
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
			Is: "ec2.RouteTableAssociation", ID: "rtbassoc-{hex17}", Replace: "subnetId gatewayId", Unique: "{subnetId}{gatewayId}",
			Exists: "Resource.AlreadyAssociated: the specified association for route table {routeTableId} conflicts with an existing association",
			Refs:   []string{"routeTableId ec2.RouteTable|ec2.DefaultRouteTable", "subnetId ec2.Subnet +", "gatewayId ec2.InternetGateway +"},
			Check:  func(c *Checking) { c.exactlyOne("subnetId", "gatewayId") },
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
			InUse:   "DependencyViolation: Network has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.",
			Before:  attachOnce,
		},
		{
			Is: "ec2.InternetGatewayAttachment", ID: "{internetGatewayId}:{vpcId}", Replace: "internetGatewayId vpcId",
			Refs:   []string{"internetGatewayId ec2.InternetGateway", "vpcId ec2.Vpc"},
			Before: attachOnce,
		},
		{
			Is: "ec2.NatGateway", ID: "nat-{hex17}", Replace: "allocationId subnetId connectivityType privateIp", Settles: 90e9,
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
			Is: "ec2.Eip", ID: "eipalloc-{hex17}", Replace: "address domain networkBorderGroup publicIpv4Pool customerOwnedIpv4Pool ipamPoolId",
			Outputs: object{
				"arn": ec2ARN + "elastic-ip/{id}", "allocationId": "{id}", "domain": "vpc", "networkBorderGroup": "{region}",
				"publicIpv4Pool": "amazon", "publicIp": "", "publicDns": "", "associationId": "",
				"carrierIp": "", "customerOwnedIp": "", "privateDns": "", "privateIp": "", "ptrRecord": "",
			},
			Refs:    []string{"instance ec2.Instance ?"},
			Also:    []string{"{publicIp}"},
			Missing: "InvalidAllocationID.NotFound: The allocation ID '{ref}' does not exist",
			InUse:   "AuthFailure: You do not have permission to access the specified resource: {id} is associated with {by}.",
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
		return o.refuse("MissingParameter: The request must include the AllocationId parameter. Add the required parameter and retry the request.")
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

func endpoints() []Type {
	return []Type{
		{
			Is: "ec2.VpcEndpoint", ID: "vpce-{hex17}", Settles: 60e9,
			Replace:  "serviceName vpcEndpointType vpcId serviceRegion resourceConfigurationArn serviceNetworkArn",
			Defaults: object{"vpcEndpointType": "Gateway"},
			Enums:    map[string]string{"vpcEndpointType": "Interface Gateway GatewayLoadBalancer Resource ServiceNetwork"},
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
			Is: "ec2.VpcEndpointRouteTableAssociation", ID: "a-{vpcEndpointId}{hex10}", Replace: "vpcEndpointId routeTableId",
			Unique: "{vpcEndpointId}/{routeTableId}",
			Refs:   []string{"vpcEndpointId ec2.VpcEndpoint +", "routeTableId ec2.RouteTable|ec2.DefaultRouteTable +"},
		},
		{
			Is: "ec2.FlowLog", ID: "fl-{hex17}",
			Replace: "deliverCrossAccountRole destinationOptions eniId iamRoleArn logDestination logDestinationType logFormat maxAggregationInterval " +
				"subnetId trafficType transitGatewayAttachmentId transitGatewayId vpcId",
			Defaults: object{"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
			Enums:    map[string]string{"trafficType": "ACCEPT REJECT ALL", "logDestinationType": "cloud-watch-logs s3 kinesis-data-firehose"},
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

// vpcOf returns the VPC of the subnets at a path, and the zones they lie in.
func vpcOf(o *Op, path string) (vpc string, zones []string) {
	for _, subnet := range o.targets(path) {
		vpc = subnet.Text("vpcId")
		if zone := subnet.Text("availabilityZone"); !slices.Contains(zones, zone) {
			zones = append(zones, zone)
		}
	}
	slices.Sort(zones)
	return vpc, zones
}

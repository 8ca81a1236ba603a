package catalog

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
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
		return o.refusef("InvalidParameterValue: Value (%s) for parameter cidrBlock is invalid. This is not a "+
			"valid CIDR block.", o.text("cidrBlock"))
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

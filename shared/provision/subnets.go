package provision

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// zones returns the first zones of the region by name.
func (p *program) zones(count int) ([]string, error) {
	available := "available"
	found, err := aws.GetAvailabilityZones(p.Context, &aws.GetAvailabilityZonesArgs{State: &available,
		Region:  &p.order.Region,
		Filters: []aws.GetAvailabilityZonesFilter{{Name: "opt-in-status", Values: []string{"opt-in-not-required"}}}},
		pulumi.Provider(p.provider))
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(slices.Values(found.Names))
	if len(names) < count {
		return nil, fmt.Errorf("region %s has %d zones, and the network wants %d; lower availabilityZones",
			p.order.Region, len(names), count)
	}
	return names[:count], nil
}

// subnetRange cuts a network into eight parts: 0 to 2 are for private subnets, 4 to 6 for public ones; 3 and 7 stay free.
func subnetRange(network netip.Prefix, part int) string {
	bits := network.Bits() + 3
	address := network.Addr().As4()
	number := uint32(address[0])<<24 | uint32(address[1])<<16 | uint32(address[2])<<8 | uint32(address[3])
	number |= uint32(part) << (32 - bits)
	cut := netip.AddrFrom4([4]byte{byte(number >> 24), byte(number >> 16), byte(number >> 8), byte(number)})
	return netip.PrefixFrom(cut, bits).String()
}

func (p *program) subnet(vpc *ec2.Vpc, name, zone, cidr string) (*ec2.Subnet, error) {
	// A zone that is missing from the list one day must not move the subnets of the others.
	return ec2.NewSubnet(p.Context, name, &ec2.SubnetArgs{VpcId: vpc.ID(), CidrBlock: pulumi.String(cidr),
		AvailabilityZone: pulumi.String(zone),
		Tags:             p.named(name)}, pulumi.IgnoreChanges([]string{"availabilityZone"}))
}

// publicSubnets makes the subnets whose way out is the internet gateway.
func (p *program) publicSubnets(vpc *ec2.Vpc, spec *resource.Networking, zones []string) ([]*ec2.Subnet, error) {
	gateway, err := ec2.NewInternetGateway(p.Context, "internet", &ec2.InternetGatewayArgs{VpcId: vpc.ID(),
		Tags: p.named("internet")})
	if err != nil {
		return nil, err
	}
	table, err := ec2.NewRouteTable(p.Context, "public", &ec2.RouteTableArgs{VpcId: vpc.ID(), Tags: p.named("public")})
	if err != nil {
		return nil, err
	}
	if _, err := ec2.NewRoute(p.Context, "public-out", &ec2.RouteArgs{RouteTableId: table.ID(),
		DestinationCidrBlock: pulumi.String("0.0.0.0/0"),
		GatewayId:            gateway.ID()}); err != nil {
		return nil, err
	}
	subnets := make([]*ec2.Subnet, len(zones))
	for i, zone := range zones {
		name := fmt.Sprintf("public-%d", i+1)
		if subnets[i], err = p.subnet(vpc, name, zone, subnetRange(spec.CIDR.Prefix(), 4+i)); err != nil {
			return nil, err
		}
		if _, err := ec2.NewRouteTableAssociation(p.Context, name,
			&ec2.RouteTableAssociationArgs{SubnetId: subnets[i].ID(), RouteTableId: table.ID()}); err != nil {
			return nil, err
		}
	}
	return subnets, nil
}

// privateSubnets makes the subnets that nobody reaches from outside, each with a route table of its own, and the way out
// through NAT that the author chose.
func (p *program) privateSubnets(vpc *ec2.Vpc, spec *resource.Networking, zones []string,
	public []*ec2.Subnet) ([]*ec2.Subnet, pulumi.StringArray, error) {
	subnets, tables := make([]*ec2.Subnet, len(zones)), pulumi.StringArray{}
	var gateway *ec2.NatGateway
	for i, zone := range zones {
		name := fmt.Sprintf("private-%d", i+1)
		subnet, err := p.subnet(vpc, name, zone, subnetRange(spec.CIDR.Prefix(), i))
		if err != nil {
			return nil, nil, err
		}
		table, err := ec2.NewRouteTable(p.Context, name, &ec2.RouteTableArgs{VpcId: vpc.ID(), Tags: p.named(name)})
		if err != nil {
			return nil, nil, err
		}
		if _, err := ec2.NewRouteTableAssociation(p.Context, name, &ec2.RouteTableAssociationArgs{SubnetId: subnet.ID(),
			RouteTableId: table.ID()}); err != nil {
			return nil, nil, err
		}
		if spec.NATGateways == resource.NATPerZone || spec.NATGateways == resource.NATSingle && gateway == nil {
			if gateway, err = p.natGateway(fmt.Sprintf("nat-%d", i+1), public[i]); err != nil {
				return nil, nil, err
			}
		}
		if gateway != nil {
			if _, err := ec2.NewRoute(p.Context, name+"-out", &ec2.RouteArgs{RouteTableId: table.ID(),
				DestinationCidrBlock: pulumi.String("0.0.0.0/0"),
				NatGatewayId:         gateway.ID()}); err != nil {
				return nil, nil, err
			}
		}
		subnets[i], tables = subnet, append(tables, table.ID())
	}
	return subnets, tables, nil
}

func (p *program) natGateway(name string, in *ec2.Subnet) (*ec2.NatGateway, error) {
	address, err := ec2.NewEip(p.Context, name, &ec2.EipArgs{Domain: pulumi.String("vpc"), Tags: p.named(name)})
	if err != nil {
		return nil, err
	}
	return ec2.NewNatGateway(p.Context, name, &ec2.NatGatewayArgs{SubnetId: in.ID(), AllocationId: address.ID(),
		Tags: p.named(name)})
}

package provision

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// group makes a security group without a rule: nothing comes in and nothing goes out until a rule says so.
func (p *program) group(vpcID, description string) (*ec2.SecurityGroup, error) {
	return ec2.NewSecurityGroup(p.Context, "group", &ec2.SecurityGroupArgs{
		NamePrefix: p.groupName(""), Description: pulumi.String(description), VpcId: pulumi.String(vpcID),
		RevokeRulesOnDelete: pulumi.Bool(true), // rules of other components may name it
	})
}

// groupName is what the name of a security group begins with; the provider ends it. A group that an interrupted run made
// and forgot must not stand in the way of the next one, and nobody can tell its id from its name.
func (p *program) groupName(suffix string) pulumi.StringPtrInput {
	const room = 30 // for what the provider adds
	return pulumi.String(p.name(maxLongName-room, suffix) + "-")
}

// clientGroup makes the security group of something that reaches out: to what the component needs, and to the world on
// 443, where AWS's own interfaces and registries are. Each upstream's group is opened to it in turn, so that access goes
// with the component that needs it. special is as for openings.
func (p *program) clientGroup(vpcID, description string, special map[string]use) (*ec2.SecurityGroup, error) {
	group, err := p.group(vpcID, description)
	if err != nil {
		return nil, err
	}
	if err := p.letOut("https", group); err != nil {
		return nil, err
	}
	for _, o := range p.openings(special) {
		if err := p.open(group, o); err != nil {
			return nil, err
		}
	}
	return group, nil
}

// letOut lets a group reach the world on 443.
func (p *program) letOut(name string, group *ec2.SecurityGroup) error {
	_, err := vpc.NewSecurityGroupEgressRule(p.Context, name, &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId: group.ID(), Description: pulumi.String("AWS interfaces, registries and the web"),
		IpProtocol: pulumi.String("tcp"), FromPort: pulumi.Int(443), ToPort: pulumi.Int(443),
		CidrIpv4: pulumi.String("0.0.0.0/0"),
	})
	return err
}

// open lets a group reach an upstream: out of the one, into the other.
func (p *program) open(group *ec2.SecurityGroup, o opening) error {
	name := strings.ReplaceAll(o.upstream, "/", "-")
	_, err := vpc.NewSecurityGroupEgressRule(p.Context, "to-"+name, &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId: group.ID(), Description: pulumi.String("to " + o.upstream),
		IpProtocol: pulumi.String(o.protocol),
		FromPort:   pulumi.Int(o.from), ToPort: pulumi.Int(o.to), ReferencedSecurityGroupId: pulumi.String(o.group),
	})
	if err != nil {
		return err
	}
	_, err = vpc.NewSecurityGroupIngressRule(p.Context, "into-"+name, &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: pulumi.String(o.group), Description: pulumi.String("from " + p.order.Address.Short()),
		IpProtocol: pulumi.String(o.protocol),
		FromPort:   pulumi.Int(o.from), ToPort: pulumi.Int(o.to), ReferencedSecurityGroupId: group.ID(),
	})
	return err
}

// admit opens a port of a group to a range of addresses.
func (p *program) admit(name string, group pulumi.StringInput, protocol string, port int, cidr,
	description string) error {
	return p.admitRange(fmt.Sprintf("%s-%d", name, port), group, protocol, port, port, cidr, description)
}

// admitRange opens ports of a group to a range of addresses.
func (p *program) admitRange(name string, group pulumi.StringInput, protocol string, from, to int, cidr,
	description string) error {
	arguments := &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: group, Description: pulumi.String(description), IpProtocol: pulumi.String(protocol),
		FromPort: pulumi.Int(from), ToPort: pulumi.Int(to),
	}
	if strings.Contains(cidr, ":") {
		arguments.CidrIpv6 = pulumi.String(cidr)
	} else {
		arguments.CidrIpv4 = pulumi.String(cidr)
	}
	_, err := vpc.NewSecurityGroupIngressRule(p.Context, name, arguments)
	return err
}

// admitGroup opens ports of a group to another group.
func (p *program) admitGroup(name string, group, from pulumi.StringInput, low, high int, description string) error {
	_, err := vpc.NewSecurityGroupIngressRule(p.Context, name, &vpc.SecurityGroupIngressRuleArgs{SecurityGroupId: group,
		Description: pulumi.String(description),
		IpProtocol:  pulumi.String("tcp"), FromPort: pulumi.Int(low), ToPort: pulumi.Int(high),
		ReferencedSecurityGroupId: from.ToStringOutput().ToStringPtrOutput()})
	return err
}

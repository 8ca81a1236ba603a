package catalog

// A security group may be referred to by every kind of network interface, so its references stand with those.
const anyGroup = "ec2.SecurityGroup|ec2.DefaultSecurityGroup"

func securityGroups() []Type {
	const duplicate = "InvalidPermission.Duplicate: the specified rule already exists"
	rule := func(is string) Type {
		return Type{
			Is: is, ID: "sgr-{hex17}", Replace: "securityGroupId",
			Unique:  "{securityGroupId}/{ipProtocol}/{fromPort}/{toPort}/{cidrIpv4}{cidrIpv6}{prefixListId}{referencedSecurityGroupId}",
			Exists:  duplicate,
			Outputs: object{"arn": ec2ARN + "security-group-rule/{id}", "securityGroupRuleId": "{id}"},
			Refs:    []string{"securityGroupId " + anyGroup + " +", "referencedSecurityGroupId " + anyGroup},
			Check: func(c *Checking) {
				c.exactlyOne("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
				if protocol := c.text("ipProtocol"); protocol != "-1" && protocol != "" {
					for _, port := range []string{"fromPort", "toPort"} {
						if !c.given(port) {
							c.Failf(port, "%s is required when ip_protocol is %s", snake(port), protocol)
						}
					}
				}
				c.between("fromPort", -1, 65535)
				c.between("toPort", -1, 65535)
			},
		}
	}
	return []Type{
		{
			Is:        "ec2.SecurityGroup",
			ID:        "sg-{hex17}",
			Replace:   "name namePrefix description vpcId",
			Unordered: "ingress egress",
			Unique:    "{vpcId}/{name}",
			Defaults:  object{"description": "Managed by Pulumi", "revokeRulesOnDelete": false},
			Outputs:   object{"arn": ec2ARN + "security-group/{id}", "ownerId": "{account}"},
			Refs: []string{
				"vpcId ec2.Vpc", "ingress.securityGroups " + anyGroup, "egress.securityGroups " + anyGroup,
			},
			Exists:  "InvalidGroup.Duplicate: The security group '{name}' already exists for VPC '{vpcId}'",
			Missing: "InvalidGroup.NotFound: The security group '{ref}' does not exist",
			InUse:   "DependencyViolation: resource {id} has a dependent object",
			Before: func(o *Op) error {
				if o.text("vpcId") == "" {
					return o.refuse("VPCIdNotSpecified: No default VPC for this user. GroupName is only " +
						"supported for EC2-Classic and default VPC.")
				}
				return nil
			},
		},
		{
			Is:         "ec2.DefaultSecurityGroup",
			ID:         "{vpcId>defaultSecurityGroupId}",
			NameIn:     "-",
			Unique:     "{vpcId}",
			Overwrites: true,
			Replace:    "vpcId",
			Unordered:  "ingress egress",
			Defaults:   object{"revokeRulesOnDelete": false},
			Outputs: object{
				"arn": ec2ARN + "security-group/{id}", "ownerId": "{account}", "name": "default", "description": "default VPC security group",
				"namePrefix": "",
			},
			Refs:    []string{"vpcId ec2.Vpc +"},
			Missing: "InvalidGroup.NotFound: The security group '{ref}' does not exist",
			InUse:   "DependencyViolation: resource {id} has a dependent object",
		},
		{
			Is: "ec2.SecurityGroupRule", ID: "sgrule-{hex10}",
			Replace: "type fromPort toPort protocol cidrBlocks ipv6CidrBlocks prefixListIds securityGroupId " +
				"sourceSecurityGroupId self",
			Unique: "{securityGroupId}/{type}/{protocol}/{fromPort}/{toPort}/{*cidrBlocks}/{*ipv6CidrBlocks}/{*prefixListIds}/" +
				"{sourceSecurityGroupId}/{self}",
			Exists:   duplicate,
			Defaults: object{"self": false},
			Enums:    map[string]string{"type": "ingress egress"},
			Outputs:  object{"securityGroupRuleId": "sgr-{hex17}"},
			Refs:     []string{"securityGroupId " + anyGroup + " +", "sourceSecurityGroupId " + anyGroup},
			Check: func(c *Checking) {
				if !c.given("cidrBlocks") && !c.given("ipv6CidrBlocks") && !c.given("prefixListIds") && !c.given("sourceSecurityGroupId") && c.text("self") != "true" {
					c.Failf("cidrBlocks", "One of ['cidr_blocks', 'ipv6_cidr_blocks', 'self', 'source_security_group_id', 'prefix_list_ids'] must be set to create an AWS Security Group Rule")
				}
			},
		},
		rule("vpc.SecurityGroupIngressRule"), rule("vpc.SecurityGroupEgressRule"),
	}
}

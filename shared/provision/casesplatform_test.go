package provision

import (
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/resource"
)

// platformCases are those of what an environment has once.
var platformCases = map[string]execution.Order{
	"security by default": order[*resource.Security]("Security", nil),
	"security with everything": order("Security", func(s *resource.Security) {
		s.Encryption.Rotation, s.Encryption.DeletionWindow, s.DeletionPolicy = false, 7*resource.Day, resource.Delete
		s.PermissionsBoundary = "arn:aws:iam::123456789012:policy/boundary"
		s.WAF.Enabled, s.WAF.AllowedCIDRs, s.WAF.BlockedCIDRs = true, []resource.CIDR{"10.0.0.0/8", "fd00::/8"},
			[]resource.CIDR{"192.0.2.0/24"}
		s.Detection = resource.Detection{CloudTrail: true, GuardDuty: true}
	}),
	"security with a key that exists": order("Security", func(s *resource.Security) {
		s.Encryption.ExistingKey = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	}),
	"observability by default": order[*resource.Observability]("Observability", nil),
	"observability with everything": order("Observability", func(s *resource.Observability) {
		s.Alarms.Emails, s.Tracing.Enabled, s.Tracing.SamplePercent = []string{"ops@example.com"}, true, 12.5
	}, securityUp()),
	"observability with a topic that exists": order("Observability", func(s *resource.Observability) {
		s.Alarms.ExistingTopic, s.Dashboard = "arn:aws:sns:eu-west-1:123456789012:pager", false
	}),
	"a network": order[*resource.Networking]("Networking", nil),
	"a network with one gateway, endpoints and instances": order("Networking", func(s *resource.Networking) {
		s.NATGateways, s.AvailabilityZones, s.CIDR = resource.NATSingle, 2, "10.20.0.0/22"
		s.Endpoints = []string{"s3", "ecr.api", "ecr.dkr"}
		s.Cluster.SpotPercent = 50
		s.Cluster.EC2 = &resource.ClusterInstances{InstanceType: "m7g.large", Max: 10}
		s.Cluster.EC2.SetDefaults()
		s.Cluster.EC2.Architecture = resource.ARM
	}),
	"a network that exists": order("Networking", func(s *resource.Networking) {
		s.Existing = &resource.ExistingNetwork{VPCID: "vpc-11111111", CIDR: "10.1.0.0/16",
			PrivateSubnetIDs:  []string{"subnet-11111111", "subnet-22222222"},
			AvailabilityZones: []string{"eu-west-1a", "eu-west-1b"}}
		s.Cluster.Existing = "shared"
		s.EKS = &resource.EKSCluster{Name: "shop-eks",
			OIDCProvider: "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF"}
	}),
}

package resource

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

// CodeNetwork is the code of rules about the environment's network.
const CodeNetwork diag.Code = "network"

// Networking is the environment's network and what containers run on: a VPC that is made, or one that exists.
type Networking struct {
	Common
	// a VPC that exists, in place of one that is made
	Existing *ExistingNetwork `json:"existing,omitempty"`
	// the range of addresses
	CIDR CIDR `json:"cidr"`
	// over how many zones the network is spread
	AvailabilityZones int `json:"availabilityZones" jsonschema:"minimum=2,maximum=3"`
	// how private subnets reach the internet: perZone survives the loss of a zone, single is cheaper, none closes them off
	NATGateways NATGateways `json:"natGateways" jsonschema:"enum=perZone,enum=single,enum=none"`
	// the AWS services that are reached without the internet, as in s3, ecr.api or secretsmanager
	Endpoints []string `json:"endpoints" jsonschema:"uniqueItems=true,pattern=^[a-z0-9.-]+$"`
	// records who connects to whom
	FlowLogs FlowLogs `json:"flowLogs"`
	// the private domain of the environment; without it ENVIRONMENT.STACK.internal
	PrivateDomain string `json:"privateDomain,omitempty" jsonschema:"pattern=^([a-z0-9]([a-z0-9-]{0\\,61}[a-z0-9])?\\.)*[a-z0-9]([a-z0-9-]{0\\,61}[a-z0-9])?$"`
	// the ECS cluster that MicroServices, Workers and CronJobs run in
	Cluster Cluster `json:"cluster"`
	// the EKS cluster that those with platform: eks run in
	EKS *EKSCluster `json:"eks,omitempty"`
}

// ExistingNetwork is a VPC that exists.
type ExistingNetwork struct {
	// the VPC's id
	VPCID string `json:"vpcId" jsonschema:"required,pattern=^vpc-[0-9a-f]{8\\,17}$"`
	// the VPC's range of addresses
	CIDR CIDR `json:"cidr" jsonschema:"required"`
	// subnets for what nobody reaches from outside, in two zones at least
	PrivateSubnetIDs []string `json:"privateSubnetIds" jsonschema:"required,minItems=2,uniqueItems=true,pattern=^subnet-[0-9a-f]{8\\,17}$"`
	// subnets for internet-facing load balancers
	PublicSubnetIDs []string `json:"publicSubnetIds,omitempty" jsonschema:"uniqueItems=true,pattern=^subnet-[0-9a-f]{8\\,17}$"`
	// the zones of the private subnets, in their order
	AvailabilityZones []string `json:"availabilityZones" jsonschema:"required,minItems=2,pattern=^[a-z]{2}(-[a-z]+)+-[0-9][a-z]$"`
}

// NATGateways says how private subnets reach the internet.
type NATGateways string

// The choices for NAT.
const (
	NATPerZone NATGateways = "perZone"
	NATSingle  NATGateways = "single"
	NATNone    NATGateways = "none"
)

// FlowLogs records who connects to whom.
type FlowLogs struct {
	// records it
	Enabled bool `json:"enabled"`
	// how many days the records are kept
	RetentionDays int `json:"retentionDays" jsonschema:"enum=1,enum=3,enum=5,enum=7,enum=14,enum=30,enum=60,enum=90,enum=180,enum=365"`
}

// Cluster is the ECS cluster of the environment.
type Cluster struct {
	// a cluster that exists, by name, in place of one that is made
	Existing string `json:"existing,omitempty" jsonschema:"pattern=^[A-Za-z0-9_-]{1\\,255}$"`
	// how much CloudWatch shows of the containers
	ContainerInsights string `json:"containerInsights" jsonschema:"enum=enhanced,enum=enabled,enum=disabled"`
	// the share of copies, in percent, that run on Fargate Spot: cheaper, and taken away with two minutes' notice
	SpotPercent int `json:"spotPercent,omitempty" jsonschema:"minimum=0,maximum=100"`
	// the EC2 instances of the cluster, for platform: ecs-ec2
	EC2 *ClusterInstances `json:"ec2,omitempty"`
}

// ClusterInstances are the EC2 instances of an ECS cluster.
type ClusterInstances struct {
	// the type of the instances
	InstanceType string `json:"instanceType" jsonschema:"required,pattern=^[a-z0-9-]+\\.[a-z0-9]+$"`
	// the processor architecture of the type
	Architecture Architecture `json:"architecture" jsonschema:"enum=x86_64,enum=arm64"`
	// the fewest instances
	Min int `json:"min" jsonschema:"minimum=0,maximum=1000"`
	// the most instances
	Max int `json:"max" jsonschema:"required,minimum=1,maximum=1000"`
	// how full the instances are kept, in percent
	TargetCapacity int `json:"targetCapacity" jsonschema:"minimum=10,maximum=100"`
	// the size of the disk in GiB
	DiskSize int `json:"diskSize" jsonschema:"minimum=30,maximum=16384"`
}

// SetDefaults keeps two instances at least.
func (c *ClusterInstances) SetDefaults() {
	c.Architecture, c.Min, c.TargetCapacity, c.DiskSize = X86, 2, 90, 50
}

// EKSCluster is an EKS cluster that exists.
type EKSCluster struct {
	// the cluster's name
	Name string `json:"name" jsonschema:"required,pattern=^[A-Za-z0-9][A-Za-z0-9_-]{0\\,99}$"`
	// the ARN of the cluster's OIDC provider, so that service accounts can have roles
	OIDCProvider ARN `json:"oidcProvider" jsonschema:"required"`
}

// KindNetworking is the environment's network.
var KindNetworking = register(Definition{
	Kind: "Networking", APIVersion: InfraV1, Family: PlatformFamily, Revision: 2,
	Summary: "The environment's network (a VPC that is made, or one that exists), its private DNS, and the clusters that containers run in.",
	New: func() Spec {
		return &Networking{Common: defaultCommon(Retain, 45*Minute), CIDR: "10.0.0.0/16", AvailabilityZones: 3, NATGateways: NATPerZone,
			Endpoints: []string{"s3", "dynamodb"}, FlowLogs: FlowLogs{Enabled: true, RetentionDays: 30}, Cluster: Cluster{ContainerInsights: "enhanced"}}
	},
	Outputs: []Output{
		{Name: "vpcId", Type: Text, Doc: "the VPC's id"},
		{Name: "vpcCidr", Type: Text, Doc: "the VPC's range of addresses"},
		{Name: "privateSubnetIds", Type: TextList, Doc: "the private subnets, one per zone"},
		{Name: "publicSubnetIds", Type: TextList, Doc: "the public subnets, one per zone; may be empty in an existing network"},
		{Name: "availabilityZones", Type: TextList, Doc: "the zones, in the order of the subnets"},
		{Name: "clusterName", Type: Text, Doc: "the ECS cluster's name"},
		{Name: "clusterArn", Type: Text, Doc: "the ECS cluster's ARN"},
		{Name: "capacityProvider", Type: Text, Doc: "the capacity provider of the cluster's EC2 instances; only with cluster.ec2"},
		{Name: "spotPercent", Type: Number, Doc: "the share of Fargate's copies that run on Fargate Spot, in percent; not of an existing cluster"},
		{Name: "namespaceId", Type: Text, Doc: "the Cloud Map namespace of the private domain"},
		{Name: "namespaceName", Type: Text, Doc: "the private domain"},
		{Name: "eksClusterName", Type: Text, Doc: "the EKS cluster's name; only with eks"},
		{Name: "eksEndpoint", Type: Text, Doc: "where the EKS cluster's interface is; only with eks"},
		{Name: "eksCertificateAuthority", Type: Text, Doc: "the certificate of who signed for eksEndpoint, in base64; only with eks"},
		{Name: "eksSecurityGroupId", Type: Text, Doc: "the security group of the EKS cluster's pods; only with eks"},
		{Name: "eksOidcProvider", Type: Text, Doc: "the ARN of the EKS cluster's OIDC provider; only with eks"},
	},
	ReplaceOn: []string{"cidr", "existing.vpcId", "privateDomain"},
})

// Lacks says why the spec does not have one of its kind's outputs; empty when it has.
func (n *Networking) Lacks(output string) string {
	switch {
	case strings.HasPrefix(output, "eks") && n.EKS == nil:
		return "it has no eks"
	case output == "capacityProvider" && n.Cluster.EC2 == nil:
		return "its cluster has no ec2"
	case output == "spotPercent" && n.Cluster.Existing != "":
		return "its cluster is not made here"
	}
	return ""
}

// Check keeps the rules over several fields.
func (n *Networking) Check(k *Checker) {
	n.Common.check(k)
	if n.Existing != nil {
		for _, field := range []string{"cidr", "availabilityZones", "natGateways", "endpoints", "flowLogs"} {
			k.only(field, k.Wrote(field), false, "the network is made: existing is given")
		}
		n.checkExisting(k)
	} else {
		n.checkMade(k)
	}
	if ec2 := n.Cluster.EC2; ec2 != nil && ec2.Min > ec2.Max {
		k.Errorf(CodeNetwork, "cluster.ec2.min", "min (%d) is greater than max (%d)", ec2.Min, ec2.Max).WithHint("exchange them")
	}
	k.only("cluster.ec2", n.Cluster.EC2 != nil, n.Cluster.Existing == "", "the cluster is made: existing is given")
	k.only("cluster.spotPercent", n.Cluster.SpotPercent != 0, n.Cluster.Existing == "", "the cluster is made: existing is given")
	k.only("cluster.containerInsights", k.Wrote("cluster.containerInsights"), n.Cluster.Existing == "", "the cluster is made: existing is given")
}

func (n *Networking) checkExisting(k *Checker) {
	e := n.Existing
	if zones, subnets := len(e.AvailabilityZones), len(e.PrivateSubnetIDs); zones != subnets && zones > 0 && subnets > 0 {
		k.Errorf(CodeNetwork, "existing.availabilityZones", "%d zones stand beside %d private subnets", zones, subnets).
			WithHint("give the zone of each private subnet, in their order")
	}
	if len(e.PublicSubnetIDs) == 1 {
		k.Errorf(CodeNetwork, "existing.publicSubnetIds", "a load balancer needs subnets in two zones").WithHint("add another, or take them out")
	}
	environment := k.Environment()
	for i, zone := range e.AvailabilityZones {
		if slices.Contains(e.AvailabilityZones[:i], zone) {
			k.Errorf(CodeNetwork, indexed("existing.availabilityZones", i), "%s stands there twice; load balancers and file systems take one subnet of a zone", zone).
				WithHint("give one private subnet of each zone")
		}
		if environment != nil && len(zone) > 1 && zone[:len(zone)-1] != environment.Region {
			k.Errorf(CodeNetwork, indexed("existing.availabilityZones", i), "%s is not in the environment's region %s", zone, environment.Region).
				WithHint("correct the zone, or the region in the Stack document")
		}
	}
}

func (n *Networking) checkMade(k *Checker) {
	prefix := n.CIDR.Prefix()
	if !prefix.IsValid() {
		return
	}
	private := false
	for _, block := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"} {
		private = private || netip.MustParsePrefix(block).Overlaps(prefix) && netip.MustParsePrefix(block).Bits() <= prefix.Bits()
	}
	switch {
	case !prefix.Addr().Is4() || !private:
		k.Errorf(CodeNetwork, "cidr", "%s is no private IPv4 range", n.CIDR).WithHint("take one within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")
	case prefix.Bits() < 16 || prefix.Bits() > 22:
		k.Errorf(CodeNetwork, "cidr", "a network of %d subnets does not fit into %s", 2*n.AvailabilityZones, n.CIDR).WithHint("take a /16 to /22")
	}
}

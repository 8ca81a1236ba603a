package embedded

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/resource"
)

// given puts what a bundle takes as given (networks, clusters, secrets) into the simulated cloud, where nobody else could
// have made it. On AWS it is there. A secret's value is made up.
type given struct {
	execution.Provisioner
	cloud *cloud.Cloud
}

func (g given) Apply(ctx context.Context, order execution.Order) (execution.Result, error) {
	if err := g.secrets(order); err != nil {
		return execution.Result{}, fmt.Errorf("the simulated cloud cannot be given a secret: %w", err)
	}
	if n, ok := order.Spec.(*resource.Networking); ok {
		if err := g.network(order, n); err != nil {
			return execution.Result{}, fmt.Errorf("the simulated cloud cannot be given the existing network: %w", err)
		}
	}
	return g.Provisioner.Apply(ctx, order)
}

// putter adds an existing resource for the order's account and region.
func (g given) putter(order execution.Order) func(token, id string, properties map[string]any) error {
	return func(token, id string, properties map[string]any) error {
		_, err := g.cloud.Add(cloud.Existing{Type: token, ID: id, Account: order.Account, Region: order.Region, Properties: properties})
		return err
	}
}

func (g given) secrets(order execution.Order) error {
	found, err := g.cloud.Resources(cloud.Filter{Type: "aws:secretsmanager/secret:Secret"})
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, r := range found {
		known[r.Region+"|"+r.Name] = true
	}
	for _, use := range resource.Secrets(order.Spec) {
		if use.Provider != resource.SecretsManager || known[order.Region+"|"+use.Name] || strings.HasPrefix(use.Name, "arn:") {
			continue
		}
		known[order.Region+"|"+use.Name] = true
		arn := fmt.Sprintf("arn:aws:secretsmanager:%s:%s:secret:%s-000000", order.Region, account(order), use.Name)
		put := g.putter(order)
		if err := put("aws:secretsmanager/secret:Secret", arn, map[string]any{"name": use.Name}); err != nil {
			return err
		}
		value := fmt.Sprintf("{%q:%q}", use.Key, "made up by the embedded environment")
		if err := put("aws:secretsmanager/secretVersion:SecretVersion", "", map[string]any{"secretId": arn, "secretString": value}); err != nil {
			return err
		}
	}
	return nil
}

func (g given) network(order execution.Order, n *resource.Networking) error {
	put := g.putter(order)
	if name := n.Cluster.Existing; name != "" {
		if err := put("aws:ecs/cluster:Cluster", name, map[string]any{"name": name}); err != nil {
			return err
		}
	}
	if n.Existing == nil {
		return nil
	}
	if err := put("aws:ec2/vpc:Vpc", n.Existing.VPCID, map[string]any{"cidrBlock": string(n.Existing.CIDR)}); err != nil {
		return err
	}
	subnets := append(append([]string{}, n.Existing.PrivateSubnetIDs...), n.Existing.PublicSubnetIDs...)
	ranges, err := divide(string(n.Existing.CIDR), len(subnets))
	if err != nil {
		return err
	}
	for i, id := range subnets {
		zone := n.Existing.AvailabilityZones[i%len(n.Existing.PrivateSubnetIDs)%len(n.Existing.AvailabilityZones)]
		if err := put("aws:ec2/subnet:Subnet", id, map[string]any{"vpcId": n.Existing.VPCID, "cidrBlock": ranges[i],
			"availabilityZone": zone}); err != nil {
			return err
		}
	}
	if n.EKS == nil {
		return nil
	}
	role := n.EKS.Name + "-cluster"
	if err := put("aws:iam/role:Role", role, map[string]any{"name": role, "path": "/", "assumeRolePolicy": clusterTrust}); err != nil {
		return err
	}
	if err := put("aws:eks/cluster:Cluster", n.EKS.Name, map[string]any{"name": n.EKS.Name, "roleArn": "arn:aws:iam::" + account(order) + ":role/" + role,
		"vpcConfig": map[string]any{"subnetIds": n.Existing.PrivateSubnetIDs}}); err != nil {
		return err
	}
	made, err := g.cloud.Get(n.EKS.Name)
	if err != nil {
		return err
	}
	settings, _ := made.Properties["vpcConfig"].(map[string]any)
	group, _ := settings["clusterSecurityGroupId"].(string)
	return put("aws:ec2/securityGroup:SecurityGroup", group, map[string]any{"name": "eks-cluster-sg-" + n.EKS.Name, "vpcId": n.Existing.VPCID,
		"description": "EKS created security group"})
}

const clusterTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"eks.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// account is the order's account, or the simulated cloud's own.
func account(order execution.Order) string {
	if order.Account != "" {
		return order.Account
	}
	return "123456789012"
}

// divide cuts a range of addresses into the first n of its 1/256 parts: where the given subnets lie is not known here.
func divide(cidr string, n int) ([]string, error) {
	whole, err := netip.ParsePrefix(cidr)
	if err != nil || !whole.Addr().Is4() || whole.Bits() > 22 {
		return nil, fmt.Errorf("%s: want an IPv4 range of /22 or larger", cidr)
	}
	start, bits := whole.Masked().Addr().As4(), min(whole.Bits()+8, 28)
	base := uint32(start[0])<<24 | uint32(start[1])<<16 | uint32(start[2])<<8 | uint32(start[3])
	ranges := make([]string, n)
	for i := range ranges {
		at := base + uint32(i)<<(32-bits)
		ranges[i] = netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(at >> 24), byte(at >> 16), byte(at >> 8), byte(at)}), bits).String()
	}
	return ranges, nil
}

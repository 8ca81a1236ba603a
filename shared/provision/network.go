package provision

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// network is what a component knows of the network that it lives in.
type network struct {
	vpcID, vpcCIDR             string
	privateSubnets             []string
	publicSubnets              []string
	zones                      []string // of the private subnets, in their order
	clusterName, clusterARN    string
	capacityProvider           string // of the cluster's EC2 instances; empty without them
	spotPercent                int    // the share of Fargate's copies that run on Fargate Spot
	namespaceID, namespaceName string
	// The EKS cluster of the environment: its name, its OIDC provider, where its interface is and who signed for it, and the
	// security group of its pods; all empty without one.
	eksCluster, eksProvider, eksEndpoint, eksCertificate, eksGroup string
}

// network reads the outputs of the environment's Networking document.
func (p *program) network() (network, error) {
	u, err := p.need(platformNetworking)
	if err != nil {
		return network{}, err
	}
	values, err := u.must("vpcId", "vpcCidr", "clusterName", "clusterArn", "namespaceId", "namespaceName")
	if err != nil {
		return network{}, err
	}
	net := network{vpcID: values[0], vpcCIDR: values[1], clusterName: values[2], clusterARN: values[3],
		namespaceID: values[4], namespaceName: values[5],
		privateSubnets: u.list("privateSubnetIds"), publicSubnets: u.list("publicSubnetIds"),
		zones: u.list("availabilityZones"), capacityProvider: u.text("capacityProvider"),
		spotPercent: u.number("spotPercent"),
		eksCluster:  u.text("eksClusterName"), eksProvider: u.text("eksOidcProvider"),
		eksEndpoint:    u.text("eksEndpoint"),
		eksCertificate: u.text("eksCertificateAuthority"), eksGroup: u.text("eksSecurityGroupId")}
	if len(net.privateSubnets) < 2 {
		return network{}, fmt.Errorf("%s has fewer than two private subnets", u.short)
	}
	return net, nil
}

// internetSubnets are where something that the internet reaches has to be.
func (n network) internetSubnets() ([]string, error) {
	if len(n.publicSubnets) < 2 {
		return nil, fmt.Errorf("what the internet reaches needs two public subnets, and the environment's network has %d; "+
			"give publicSubnetIds in the Networking document", len(n.publicSubnets))
	}
	return n.publicSubnets, nil
}

// key is the KMS key for data: the author's, else the environment's own, else none, which means AWS's.
func (p *program) key(own resource.ARN) pulumi.StringPtrInput {
	if own != "" {
		return pulumi.String(string(own))
	}
	return p.optional(p.security("kmsKeyArn"))
}

// security reads an output of the environment's Security document, "" where there is no document or no such output.
func (p *program) security(output string) string {
	return upstream{Upstream: p.order.Upstreams[platformSecurity]}.text(output)
}

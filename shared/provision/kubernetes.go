package provision

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/iam"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// pods is what every kind that runs a container on EKS has: a place in the cluster, a service account with a role, and a
// secret that holds what the author keeps elsewhere.
type pods struct {
	provider  *kubernetes.Provider
	namespace pulumi.StringInput
	name      string // of the objects: the component's
	labels    pulumi.StringMap
	selector  pulumi.StringMap // those labels by which the pods are found; they can never be changed
	account   *corev1.ServiceAccount
	role      *iam.Role
	settings  resource.EKSSettings
	net       network
}

// pods makes what stands around the pods.
func (p *program) pods(spec *resource.Container, net network, special map[string]use) (*pods, error) {
	if net.eksCluster == "" {
		return nil, fmt.Errorf("%s runs on eks, and the environment has no EKS cluster; add eks to the Networking document", p.order.Address.Short())
	}
	s := &pods{name: p.order.Address.Component, net: net}
	s.settings.SetDefaults()
	if spec.EKS != nil {
		s.settings = *spec.EKS
	}
	s.selector = pulumi.StringMap{"app.kubernetes.io/name": pulumi.String(s.name),
		"app.kubernetes.io/instance": pulumi.String(p.name(maxLabel, ""))}
	s.labels = p.labels(s.selector)
	var err error
	if s.provider, err = p.clusterProvider(net); err != nil {
		return nil, err
	}
	if err := p.clusterNamespace(s); err != nil {
		return nil, err
	}
	if err := p.serviceAccount(s, spec, special); err != nil {
		return nil, err
	}
	return s, nil
}

// maxLabel is the longest value of a label.
const maxLabel = 63

// labels say whose an object is, as tags do in AWS.
func (p *program) labels(also pulumi.StringMap) pulumi.StringMap {
	of := p.order.Address
	labels := pulumi.StringMap{"deployer.io/stack": pulumi.String(of.Stack),
		"deployer.io/environment": pulumi.String(of.Environment),
		"deployer.io/service":     pulumi.String(of.Service), "deployer.io/component": pulumi.String(of.Component),
		"app.kubernetes.io/managed-by": pulumi.String("deployer")}
	for key, value := range also {
		labels[key] = value
	}
	return labels
}

// meta is the metadata of one of the component's objects.
func (s *pods) meta(name string, annotations map[string]string) *metav1.ObjectMetaArgs {
	made := &metav1.ObjectMetaArgs{Name: pulumi.String(name),
		Namespace: s.namespace.ToStringOutput().ToStringPtrOutput(), Labels: s.labels}
	if len(annotations) > 0 {
		made.Annotations = pulumi.ToStringMap(annotations)
	}
	return made
}

// in is the option that puts an object into the cluster.
func (s *pods) in() pulumi.ResourceOption { return pulumi.Provider(s.provider) }

// clusterProvider reaches the cluster with a token that is made anew for every connection. Which cluster it is, and not how it
// is reached, decides whether objects would have to move.
func (p *program) clusterProvider(net network) (*kubernetes.Provider, error) {
	arn := p.arn("eks", "cluster/"+net.eksCluster)
	config, err := asJSON(p.kubeconfig(net))
	if err != nil {
		return nil, err
	}
	return kubernetes.NewProvider(p.Context, "cluster", &kubernetes.ProviderArgs{ClusterIdentifier: pulumi.String(arn),
		Kubeconfig:            pulumi.String(config),
		EnableServerSideApply: pulumi.Bool(true), SuppressDeprecationWarnings: pulumi.Bool(true)})
}

// kubeconfig is the file that Kubernetes clients read, here in JSON.
func (p *program) kubeconfig(net network) map[string]any {
	command := p.clusterToken
	if len(command) == 0 {
		command = []string{"aws", "eks", "get-token"}
	}
	arguments := append(append([]string{}, command[1:]...), "--cluster-name", net.eksCluster, "--region",
		p.order.Region, "--output", "json")
	return map[string]any{"apiVersion": "v1", "kind": "Config", "current-context": "cluster",
		"contexts": []any{map[string]any{"name": "cluster", "context": map[string]any{"cluster": "cluster",
			"user": "deployer"}}},
		"clusters": []any{map[string]any{"name": "cluster", "cluster": map[string]any{"server": net.eksEndpoint,
			"certificate-authority-data": net.eksCertificate}}},
		"users": []any{map[string]any{"name": "deployer", "user": map[string]any{"exec": map[string]any{
			"apiVersion": "client.authentication.k8s.io/v1beta1", "command": command[0], "args": arguments,
			"interactiveMode": "Never"}}}},
	}
}

// clusterNamespace sees to it that the namespace is there. It is shared with other components, so nobody takes it away.
func (p *program) clusterNamespace(s *pods) error {
	name := cmp.Or(s.settings.Namespace, p.order.Address.Service)
	made, err := corev1.NewNamespace(p.Context, "namespace",
		&corev1.NamespaceArgs{Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(name)}},
		s.in(), pulumi.RetainOnDelete(true))
	if err != nil {
		return err
	}
	s.namespace = made.Metadata.Name().Elem()
	return nil
}

// serviceAccount gives the pods a role of their own through the cluster's OIDC provider. Who issues the tokens stands in the
// provider's ARN (Amazon EKS User Guide, "IAM roles for service accounts").
func (p *program) serviceAccount(s *pods, spec *resource.Container, special map[string]use) error {
	_, issuer, _ := strings.Cut(s.net.eksProvider, ":oidc-provider/")
	if issuer == "" {
		return fmt.Errorf("%q is no ARN of an OIDC provider; correct eks.oidcProvider in the Networking document",
			s.net.eksProvider)
	}
	own, err := p.permissions(spec.Permissions)
	if err != nil {
		return err
	}
	assume := statement{sid: "Assume", actions: []string{"sts:AssumeRoleWithWebIdentity"},
		principal: &principal{"Federated", []string{s.net.eksProvider}}}
	assume.when("StringEquals", issuer+":aud", pulumi.String("sts.amazonaws.com"))
	assume.when("StringEquals", issuer+":sub", pulumi.Sprintf("system:serviceaccount:%s:%s", s.namespace, s.name))
	trust, err := document(assume)
	if err != nil {
		return err
	}
	if s.role, err = p.roleFor("pods", trust, "what "+p.order.Address.Short()+" may do",
		append(p.access(special), own...)); err != nil {
		return err
	}
	account := s.meta(s.name, nil)
	account.Annotations = pulumi.StringMap{"eks.amazonaws.com/role-arn": s.role.Arn}
	s.account, err = corev1.NewServiceAccount(p.Context, "account", &corev1.ServiceAccountArgs{Metadata: account,
		AutomountServiceAccountToken: pulumi.Bool(false)}, s.in())
	return err
}

// podOutputs offers what all kinds that run a container on EKS have.
func (p *program) podOutputs(s *pods, name pulumi.StringInput) {
	p.output("name", name)
	p.output("clusterName", pulumi.String(s.net.eksCluster))
	p.output("taskRoleArn", s.role.Arn)
	// Where Container Insights' agents on the nodes write what containers print.
	p.output("logGroupName", pulumi.String("/aws/containerinsights/"+s.net.eksCluster+"/application"))
}

// admitPods opens a group to the pods of the environment's cluster, where it has one. They share the cluster's security
// group, and a rule for each component that needs it would be the same rule again, which AWS refuses: who may do what is left
// to roles and passwords.
func (p *program) admitPods(group pulumi.StringInput, net network, from, to int) error {
	if net.eksGroup == "" {
		return nil
	}
	return p.admitGroup("pods", group, pulumi.String(net.eksGroup), from, to, "pods of "+net.eksCluster)
}

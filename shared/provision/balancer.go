package provision

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/route53"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

func applicationBalancer(p *program, spec *resource.ALB) error {
	site, err := p.balancerSite(spec.Scheme)
	if err != nil {
		return err
	}
	if err := p.admitClients(site.group, spec, site.net); err != nil {
		return err
	}
	balancer, err := p.balancer(site, spec.Scheme, spec.DeletionProtection, spec.AccessLogs, &lb.LoadBalancerArgs{
		LoadBalancerType: pulumi.String("application"),
		IdleTimeout:      pulumi.Int(int(spec.IdleTimeout.Seconds())), EnableHttp2: pulumi.Bool(spec.HTTP2),
		DropInvalidHeaderFields: pulumi.Bool(spec.DropInvalidHeaders),
	})
	if err != nil {
		return err
	}
	if err := p.protectWithACL(spec, balancer); err != nil {
		return err
	}
	if err := p.aliases(spec.Domains, balancer); err != nil {
		return err
	}
	if err := p.balancerAlarms(balancer); err != nil {
		return err
	}
	return p.listeners(spec, balancer)
}

// admitClients opens each listener's port to those who may connect.
func (p *program) admitClients(group *ec2.SecurityGroup, spec *resource.ALB, net network) error {
	clients := clientRanges(spec.Scheme, spec.AllowedCIDRs, net)
	for i := range spec.Listeners {
		for j, client := range clients {
			name := fmt.Sprintf("client-%d", j+1)
			if err := p.admit(name, group.ID(), "tcp", spec.Listeners[i].EffectivePort(), client,
				"clients"); err != nil {
				return err
			}
		}
	}
	return nil
}

// listeners makes the listeners, each with the answer to what no rule is about.
func (p *program) listeners(spec *resource.ALB, balancer *lb.LoadBalancer) error {
	secure, first := pulumi.StringMap{}, pulumi.StringOutput{}
	chosen, _ := spec.DefaultListener()
	for i := range spec.Listeners {
		l := &spec.Listeners[i]
		arguments := &lb.ListenerArgs{LoadBalancerArn: balancer.Arn, Port: pulumi.Int(l.EffectivePort()),
			Protocol:       pulumi.String(l.Protocol),
			DefaultActions: lb.ListenerDefaultActionArray{defaultAction(l, spec)}}
		certificates, err := p.resolveAll(l.Certificates)
		if err != nil {
			return err
		}
		if l.Protocol == "HTTPS" {
			if len(certificates) == 0 {
				return fmt.Errorf("the HTTPS listener %s has no certificate", l.Name)
			}
			arguments.CertificateArn, arguments.SslPolicy = pulumi.String(certificates[0]), pulumi.String(l.TLSPolicy)
		}
		listener, err := lb.NewListener(p.Context, l.Name, arguments)
		if err != nil {
			return err
		}
		if err := p.moreCertificates(l.Name, listener, certificates); err != nil {
			return err
		}
		secure[l.Name] = listener.Arn
		if l.Name == chosen.Name {
			first = listener.Arn
		}
	}
	p.output("listenerArns", secure)
	p.output("listenerArn", first)
	p.output("url", balancerURL(chosen, spec.Domains, balancer.DnsName))
	return nil
}

func defaultAction(l *resource.Listener, spec *resource.ALB) *lb.ListenerDefaultActionArgs {
	if l.RedirectToHTTPS {
		port := 443
		for i := range spec.Listeners {
			if spec.Listeners[i].Protocol == "HTTPS" {
				port = spec.Listeners[i].EffectivePort()
				break
			}
		}
		return &lb.ListenerDefaultActionArgs{Type: pulumi.String("redirect"),
			Redirect: &lb.ListenerDefaultActionRedirectArgs{
				Protocol: pulumi.String("HTTPS"), Port: pulumi.String(fmt.Sprint(port)),
				StatusCode: pulumi.String("HTTP_301")}}
	}
	return &lb.ListenerDefaultActionArgs{Type: pulumi.String("fixed-response"),
		FixedResponse: &lb.ListenerDefaultActionFixedResponseArgs{
			StatusCode: pulumi.String(fmt.Sprint(l.Default.Status)), ContentType: pulumi.String(l.Default.ContentType),
			MessageBody: pulumi.String(l.Default.Body)}}
}

// balancerURL is where people go: the first domain, or the load balancer's own name, with the port where it is not the
// protocol's.
func balancerURL(l resource.Listener, domains []resource.Domain, dnsName pulumi.StringOutput) pulumi.StringOutput {
	scheme, port := "http", 80
	if l.Protocol == "HTTPS" {
		scheme, port = "https", 443
	}
	suffix := ""
	if l.EffectivePort() != port {
		suffix = fmt.Sprintf(":%d", l.EffectivePort())
	}
	if len(domains) > 0 {
		return pulumi.Sprintf("%s://%s%s", scheme, domains[0].Name, suffix)
	}
	return pulumi.Sprintf("%s://%s%s", scheme, dnsName, suffix)
}

// protectWithACL puts a web ACL in front of a load balancer: the author's, or that of the environment for what the internet
// reaches.
func (p *program) protectWithACL(spec *resource.ALB, balancer *lb.LoadBalancer) error {
	acl, err := spec.WebACL.Resolve(p.upstream)
	if err != nil {
		return err
	}
	if acl.Text == "" && spec.Scheme == resource.InternetFacing {
		acl.Text = p.security("webAclArn")
	}
	if acl.Text == "" {
		return nil
	}
	_, err = wafv2.NewWebAclAssociation(p.Context, "acl", &wafv2.WebAclAssociationArgs{ResourceArn: balancer.Arn,
		WebAclArn: pulumi.String(acl.Text)})
	return err
}

// alias gives a name in Route 53 to a load balancer.
func (p *program) alias(domain resource.Domain, target, zone pulumi.StringInput) error {
	return p.record("A", domain, target, zone, true)
}

// record makes an entry of Route 53 that leads to something of AWS's. healthy leaves it out while what it leads to is ill.
func (p *program) record(kind string, domain resource.Domain, target, zone pulumi.StringInput, healthy bool) error {
	name := domain.Name
	if kind != "A" {
		name += "-" + kind
	}
	_, err := route53.NewRecord(p.Context, name, &route53.RecordArgs{Name: pulumi.String(domain.Name),
		ZoneId: pulumi.String(domain.HostedZoneID),
		Type:   pulumi.String(kind), Aliases: route53.RecordAliasArray{&route53.RecordAliasArgs{Name: target,
			ZoneId: zone, EvaluateTargetHealth: pulumi.Bool(healthy)}}})
	return err
}

// resolveAll resolves inputs that may be shown.
func (p *program) resolveAll(inputs []resource.Input) ([]string, error) {
	values := make([]string, len(inputs))
	for i, input := range inputs {
		resolved, err := input.Resolve(p.upstream)
		if err != nil {
			return nil, err
		}
		values[i] = resolved.Text
	}
	return values, nil
}

// optional is an argument that is left out when it is empty.
func (p *program) optional(value string) pulumi.StringPtrInput {
	if value == "" {
		return nil
	}
	return pulumi.String(value)
}

// patience is how long the cloud may take for a resource that takes long.
func (p *program) patience() pulumi.ResourceOption {
	timeout := p.common.Timeout.Std().String()
	return pulumi.Timeouts(&pulumi.CustomTimeouts{Create: timeout, Update: timeout, Delete: timeout})
}

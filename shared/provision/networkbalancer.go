package provision

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

func networkBalancer(p *program, spec *resource.NLB) error {
	site, err := p.balancerSite(spec.Scheme)
	if err != nil {
		return err
	}
	if err := p.admitConnections(site.group, spec, site.net); err != nil {
		return err
	}
	balancer, err := p.balancer(site, spec.Scheme, spec.DeletionProtection, spec.AccessLogs, &lb.LoadBalancerArgs{
		LoadBalancerType:             pulumi.String("network"),
		EnableCrossZoneLoadBalancing: pulumi.Bool(spec.CrossZone),
		// Who comes through a private link, as REST APIs do, was let in by whoever made the link, and has no address here.
		EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic: pulumi.String("off"),
	})
	if err != nil {
		return err
	}
	if err := p.aliases(spec.Domains, balancer); err != nil {
		return err
	}
	return p.networkListeners(spec, balancer, site.net)
}

// transports are what a listener's protocol is on the wire.
var transports = map[string][]string{"TCP": {"tcp"}, "TLS": {"tcp"}, "UDP": {"udp"}, "TCP_UDP": {"tcp", "udp"}}

// admitConnections opens each listener's port to those who may connect.
func (p *program) admitConnections(group *ec2.SecurityGroup, spec *resource.NLB, net network) error {
	clients := clientRanges(spec.Scheme, spec.AllowedCIDRs, net)
	for i := range spec.Listeners {
		l := &spec.Listeners[i]
		for j, client := range clients {
			for _, transport := range transports[l.Protocol] {
				if err := p.admit(fmt.Sprintf("client-%d-%s", j+1, transport), group.ID(), transport, l.Port, client,
					"clients"); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// clientRanges are the addresses that may connect to a load balancer: those that its author names, else the network for an
// internal one and everybody for one that faces the internet.
func clientRanges(scheme resource.Scheme, allowed []resource.CIDR, net network) []string {
	if len(allowed) > 0 {
		ranges := make([]string, len(allowed))
		for i, cidr := range allowed {
			ranges[i] = string(cidr)
		}
		return ranges
	}
	if scheme == resource.InternetFacing {
		return []string{"0.0.0.0/0", "::/0"}
	}
	return []string{net.vpcCIDR}
}

// networkListeners makes each listener with the target group that it sends everything to.
func (p *program) networkListeners(spec *resource.NLB, balancer *lb.LoadBalancer, net network) error {
	listeners, groups, urls := pulumi.StringMap{}, pulumi.StringMap{}, pulumi.StringMap{}
	for i := range spec.Listeners {
		l := &spec.Listeners[i]
		target, err := p.networkTargets(l, net)
		if err != nil {
			return err
		}
		certificates, err := p.resolveAll(l.Certificates)
		if err != nil {
			return err
		}
		arguments := &lb.ListenerArgs{LoadBalancerArn: balancer.Arn, Port: pulumi.Int(l.Port),
			Protocol: pulumi.String(l.Protocol),
			DefaultActions: lb.ListenerDefaultActionArray{&lb.ListenerDefaultActionArgs{Type: pulumi.String("forward"),
				TargetGroupArn: target.Arn}}}
		if l.Protocol == "TLS" {
			if len(certificates) == 0 {
				return fmt.Errorf("the TLS listener %s has no certificate", l.Name)
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
		scheme := strings.ToLower(strings.TrimSuffix(l.Protocol, "_UDP"))
		listeners[l.Name], groups[l.Name] = listener.Arn, target.Arn
		urls[l.Name] = pulumi.Sprintf("%s://%s:%d", scheme, balancer.DnsName, l.Port)
		if err := p.targetAlarms(l.Name, balancer, target); err != nil {
			return err
		}
	}
	p.output("listenerArns", listeners)
	p.output("targetGroupArns", groups)
	p.output("urls", urls)
	return nil
}

// moreCertificates adds those after the first, which the listener itself has.
func (p *program) moreCertificates(name string, listener *lb.Listener, certificates []string) error {
	for i := 1; i < len(certificates); i++ {
		if _, err := lb.NewListenerCertificate(p.Context, fmt.Sprintf("%s-%d", name, i+1), &lb.ListenerCertificateArgs{
			ListenerArn: listener.Arn, CertificateArn: pulumi.String(certificates[i])}); err != nil {
			return err
		}
	}
	return nil
}

// networkTargets makes the group that services attach themselves to.
func (p *program) networkTargets(l *resource.NLBListener, net network) (*lb.TargetGroup, error) {
	protocol := l.Protocol
	if protocol == "TLS" {
		protocol = "TCP" // TLS ends at the load balancer
	}
	port := l.EffectiveTargetPort()
	check := &lb.TargetGroupHealthCheckArgs{Enabled: pulumi.Bool(true), Protocol: pulumi.String("TCP"),
		Port:     pulumi.String("traffic-port"),
		Interval: pulumi.Int(10), HealthyThreshold: pulumi.Int(3), UnhealthyThreshold: pulumi.Int(3)}
	if l.HealthCheckPath != "" {
		check.Protocol, check.Path, check.Matcher = pulumi.String("HTTP"), pulumi.String(l.HealthCheckPath),
			pulumi.String("200-399")
	}
	arguments := &lb.TargetGroupArgs{
		Name:       pulumi.String(p.name(maxLoadBalancerName, "", l.Name, strconv.Itoa(port), protocol, net.vpcID)),
		VpcId:      pulumi.String(net.vpcID),
		TargetType: pulumi.String("ip"), Port: pulumi.Int(port), Protocol: pulumi.String(protocol), HealthCheck: check,
		DeregistrationDelay: pulumi.Int(60), ConnectionTermination: pulumi.Bool(true)}
	if protocol == "TCP" { // with UDP the address is always handed on
		arguments.PreserveClientIp = pulumi.String(strconv.FormatBool(l.PreserveClientIP))
	}
	return lb.NewTargetGroup(p.Context, l.Name, arguments)
}

func (p *program) targetAlarms(name string, balancer *lb.LoadBalancer, target *lb.TargetGroup) error {
	return p.alarms(alarm{name: "unhealthy-" + name, about: "ill targets of " + name, namespace: "AWS/NetworkELB",
		metric:     "UnHealthyHostCount",
		dimensions: pulumi.StringMap{"LoadBalancer": balancer.ArnSuffix, "TargetGroup": target.ArnSuffix},
		statistic:  "Maximum", fixed: new(float64)})
}

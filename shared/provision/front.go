package provision

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// front is what stands between a load balancer and a service.
type front struct {
	attachment *ecs.ServiceLoadBalancerArgs
	label      pulumi.StringPtrInput // for scaling on requests
	ready      []pulumi.Resource     // what must be there before the service
	grace      int                   // seconds during which failed checks do not count
}

// front attaches a service to the load balancer that its ingress names.
func (p *program) front(t *task, net network, spec *resource.MicroService, port resource.Port) (*front, error) {
	in := spec.Ingress
	balancer, err := p.need(in.LoadBalancer.Component)
	if err != nil {
		return nil, err
	}
	f := &front{grace: 60, attachment: &ecs.ServiceLoadBalancerArgs{ContainerName: pulumi.String(t.container),
		ContainerPort: pulumi.Int(port.Port)}}
	if spec.HealthCheck != nil {
		f.grace = max(f.grace, int(spec.HealthCheck.StartPeriod.Seconds()))
	}
	if balancer.Kind == "NLB" {
		return f, p.behindNetworkBalancer(f, t, balancer, in, port)
	}
	listener := balancer.text("listenerArn")
	if in.Listener != "" {
		listener = outputAs[map[string]string](balancer, "listenerArns")[in.Listener]
	}
	if listener == "" {
		return nil, fmt.Errorf("%s has no listener %q; its listeners are %s", balancer.short, in.Listener,
			strings.Join(sortedKeys(outputAs[map[string]string](balancer, "listenerArns")), ", "))
	}
	target, err := p.targetGroup("target", net, in, port)
	if err != nil {
		return nil, err
	}
	rule, err := p.listenerRule(listener, in, target, spec.Rollout.Strategy)
	if err != nil {
		return nil, err
	}
	f.attachment.TargetGroupArn, f.ready = target.Arn, []pulumi.Resource{rule}
	f.label = target.Arn.ApplyT(func(arn string) string { return requestLabel(listener, arn) }).(pulumi.StringOutput)
	if spec.Rollout.Strategy == resource.BlueGreen {
		if err := p.blueGreen(f, net, in, port, rule); err != nil {
			return nil, err
		}
	}
	p.output("targetGroupArn", target.Arn)
	p.output("url", pulumi.String(ingressURL(balancer.text("url"), in)))
	return f, p.admitBalancer(t, balancer, port)
}

// admitBalancer lets the load balancer reach the service's copies, and nobody else. Health checks of UDP come over TCP.
func (p *program) admitBalancer(t *task, balancer upstream, port resource.Port) error {
	group := balancer.text("securityGroupId")
	if group == "" {
		return nil
	}
	protocols := map[string]string{"": "tcp"} // by what the rules' names end with
	if port.Protocol == resource.PortUDP {
		protocols["-udp"] = "udp"
	}
	for _, suffix := range sortedKeys(protocols) {
		protocol := pulumi.String(protocols[suffix])
		if _, err := vpc.NewSecurityGroupIngressRule(p.Context, "from-balancer"+suffix,
			&vpc.SecurityGroupIngressRuleArgs{
				SecurityGroupId: t.group.ID(), Description: pulumi.String("from " + balancer.short),
				IpProtocol: protocol,
				FromPort:   pulumi.Int(port.Port), ToPort: pulumi.Int(port.Port),
				ReferencedSecurityGroupId: pulumi.String(group)}); err != nil {
			return err
		}
		if _, err := vpc.NewSecurityGroupEgressRule(p.Context, "balancer-to"+suffix, &vpc.SecurityGroupEgressRuleArgs{
			SecurityGroupId: pulumi.String(group), Description: pulumi.String("to " + p.order.Address.Short()),
			IpProtocol: protocol,
			FromPort:   pulumi.Int(port.Port), ToPort: pulumi.Int(port.Port),
			ReferencedSecurityGroupId: t.group.ID()}); err != nil {
			return err
		}
	}
	return nil
}

// protocolVersions are what an ALB speaks to its targets.
var protocolVersions = map[resource.PortProtocol]string{resource.PortHTTP: "HTTP1", resource.PortHTTP2: "HTTP2",
	resource.PortGRPC: "GRPC"}

// targetGroup makes the group of the service's copies. What cannot be changed in place is part of its name, so that a new
// group can stand beside the old one until the listener has moved over.
func (p *program) targetGroup(name string, net network, in *resource.Ingress, port resource.Port) (*lb.TargetGroup,
	error) {
	version := protocolVersions[port.Protocol]
	if version == "" {
		version = "HTTP1"
	}
	check := in.HealthCheck
	path, status := check.Asked(port.Protocol)
	arguments := &lb.TargetGroupArgs{
		Name:       pulumi.String(p.name(maxLoadBalancerName, "", name, fmt.Sprint(port.Port), version, net.vpcID)),
		VpcId:      pulumi.String(net.vpcID),
		TargetType: pulumi.String("ip"), Port: pulumi.Int(port.Port), Protocol: pulumi.String("HTTP"),
		ProtocolVersion:     pulumi.String(version),
		DeregistrationDelay: pulumi.Int(int(in.DeregistrationDelay.Seconds())),
		HealthCheck: &lb.TargetGroupHealthCheckArgs{Enabled: pulumi.Bool(true), Path: pulumi.String(path),
			Matcher:  pulumi.String(status),
			Interval: pulumi.Int(int(check.Interval.Seconds())), Timeout: pulumi.Int(int(check.Timeout.Seconds())),
			HealthyThreshold: pulumi.Int(check.Healthy), UnhealthyThreshold: pulumi.Int(check.Unhealthy),
			Protocol: pulumi.String("HTTP"),
			Port:     pulumi.String("traffic-port")},
	}
	if in.Stickiness > 0 {
		arguments.Stickiness = &lb.TargetGroupStickinessArgs{Enabled: pulumi.Bool(true),
			Type:           pulumi.String("lb_cookie"),
			CookieDuration: pulumi.Int(int(in.Stickiness.Seconds()))}
	}
	return lb.NewTargetGroup(p.Context, name, arguments)
}

// listenerRule sends the requests that the ingress means to the target group.
func (p *program) listenerRule(listener string, in *resource.Ingress, target *lb.TargetGroup,
	strategy resource.RolloutStrategy) (*lb.ListenerRule, error) {
	var conditions lb.ListenerRuleConditionArray
	if len(in.Hosts) > 0 {
		conditions = append(conditions,
			&lb.ListenerRuleConditionArgs{HostHeader: &lb.ListenerRuleConditionHostHeaderArgs{Values: texts(in.Hosts...)}})
	}
	paths := in.Paths
	if len(paths) == 0 && len(in.Hosts) == 0 {
		paths = []string{"/*"} // a rule must have a condition
	}
	if len(paths) > 0 {
		conditions = append(conditions,
			&lb.ListenerRuleConditionArgs{PathPattern: &lb.ListenerRuleConditionPathPatternArgs{Values: texts(paths...)}})
	}
	var options []pulumi.ResourceOption
	if strategy == resource.BlueGreen {
		options = append(options, pulumi.IgnoreChanges([]string{"actions"})) // ECS moves the weights
	}
	return lb.NewListenerRule(p.Context, "rule", &lb.ListenerRuleArgs{ListenerArn: pulumi.String(listener),
		Priority:   pulumi.Int(p.priority(in)),
		Conditions: conditions, Actions: lb.ListenerRuleActionArray{&lb.ListenerRuleActionArgs{Type: pulumi.String("forward"), TargetGroupArn: target.Arn}}}, options...)
}

// priority is the rule's place: the author's, or one that lets the more particular rule come first. Rules that are equally
// particular are spread by the component's address, since no two may have the same place.
func (p *program) priority(in *resource.Ingress) int {
	if in.Priority != 0 {
		return in.Priority
	}
	particular := 0
	for _, path := range in.Paths {
		particular = max(particular, min(len(strings.TrimRight(path, "*")), 128))
	}
	for _, host := range in.Hosts {
		if !strings.ContainsAny(host, "*?") {
			particular += 64
			break
		}
	}
	const spread = 250
	h := fnv.New32a()
	h.Write([]byte(p.order.Address.String()))
	return 1000 + (128+64-particular)*spread + int(h.Sum32()%spread)
}

// blueGreen gives the service a second target group, and ECS the right to move the listener's rule from one to the other.
func (p *program) blueGreen(f *front, net network, in *resource.Ingress, port resource.Port,
	rule *lb.ListenerRule) error {
	other, err := p.targetGroup("target-other", net, in, port)
	if err != nil {
		return err
	}
	role, err := p.role("switch", "ecs.amazonaws.com", "moves requests of "+p.order.Address.Short()+" to new copies",
		nil)
	if err != nil {
		return err
	}
	if err := p.attach("switch", role, "AmazonECSInfrastructureRolePolicyForLoadBalancers"); err != nil {
		return err
	}
	f.attachment.AdvancedConfiguration = &ecs.ServiceLoadBalancerAdvancedConfigurationArgs{AlternateTargetGroupArn: other.Arn,
		ProductionListenerRule: rule.Arn, RoleArn: role.Arn}
	return nil
}

// behindNetworkBalancer attaches the service to the target group that an NLB made for its listener.
func (p *program) behindNetworkBalancer(f *front, t *task, balancer upstream, in *resource.Ingress,
	port resource.Port) error {
	groups := outputAs[map[string]string](balancer, "targetGroupArns")
	name := in.Listener
	if names := sortedKeys(groups); name == "" && len(names) > 0 {
		name = names[0]
	}
	if groups[name] == "" {
		return fmt.Errorf("%s has no listener %q; its listeners are %s", balancer.short, name,
			strings.Join(sortedKeys(groups), ", "))
	}
	f.attachment.TargetGroupArn = pulumi.String(groups[name])
	p.output("targetGroupArn", pulumi.String(groups[name]))
	p.output("url", pulumi.String(outputAs[map[string]string](balancer, "urls")[name]))
	return p.admitBalancer(t, balancer, port)
}

// ingressURL is the load balancer's address with the first host and path that mean the service.
func ingressURL(balancer string, in *resource.Ingress) string {
	scheme, rest, _ := strings.Cut(balancer, "://")
	host, port, hasPort := strings.Cut(rest, ":")
	if len(in.Hosts) > 0 && !strings.ContainsAny(in.Hosts[0], "*?") {
		host = in.Hosts[0]
	}
	if hasPort {
		host += ":" + port
	}
	path := ""
	if len(in.Paths) > 0 {
		path, _, _ = strings.Cut(in.Paths[0], "*")
	}
	return scheme + "://" + host + strings.TrimRight(path, "/")
}

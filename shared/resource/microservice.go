package resource

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

// The codes of rules of the kinds that run containers.
const (
	CodeFargateSize diag.Code = "fargate-size"
	CodeWildcard    diag.Code = "wildcard"
	CodeScaling     diag.Code = "scaling"
	CodeRollout     diag.Code = "rollout"
	CodeIngress     diag.Code = "ingress"
)

// MicroService is a container that serves requests: a number of copies, kept up, replaced without a gap.
type MicroService struct {
	Common
	Container
	// the ports that the container listens on; the first is where requests go unless something else is said
	Ports []Port `json:"ports,omitempty" jsonschema:"maxItems=10"`
	// how many copies run; with scaling, how many at the start
	Replicas int `json:"replicas" jsonschema:"minimum=0,maximum=1000"`
	// changes the number of copies with the load
	Scaling *Scaling `json:"scaling,omitempty"`
	// how a new version takes the old one's place
	Rollout Rollout `json:"rollout"`
	// brings requests in from a load balancer
	Ingress *Ingress `json:"ingress,omitempty"`
	// gives the service a name in the environment's private DNS
	ServiceDiscovery ServiceDiscovery `json:"serviceDiscovery"`
}

// Port is a port that a container listens on.
type Port struct {
	// the port's name
	Name string `json:"name" jsonschema:"required,pattern=^[a-z][a-z0-9-]{0\\,62}$"`
	// the port's number
	Port int `json:"port" jsonschema:"required,minimum=1,maximum=65535"`
	// what is spoken on it
	Protocol PortProtocol `json:"protocol" jsonschema:"enum=http,enum=http2,enum=grpc,enum=tcp,enum=udp"`
}

// SetDefaults makes it HTTP.
func (p *Port) SetDefaults() { p.Protocol = PortHTTP }

// PortProtocol is what is spoken on a port.
type PortProtocol string

// The protocols of ports.
const (
	PortHTTP  PortProtocol = "http"
	PortHTTP2 PortProtocol = "http2"
	PortGRPC  PortProtocol = "grpc"
	PortTCP   PortProtocol = "tcp"
	PortUDP   PortProtocol = "udp"
)

// Scaling changes the number of copies so that each target is met; the largest number wins.
type Scaling struct {
	// the fewest copies
	Min int `json:"min" jsonschema:"required,minimum=0,maximum=1000"`
	// the most copies
	Max int `json:"max" jsonschema:"required,minimum=1,maximum=1000"`
	// the average use of the processor to aim for, in percent
	CPU int `json:"cpu,omitempty" jsonschema:"minimum=10,maximum=95"`
	// the average use of memory to aim for, in percent
	Memory int `json:"memory,omitempty" jsonschema:"minimum=10,maximum=95"`
	// requests per minute and copy to aim for; needs ingress, and is not available on eks
	RequestsPerTarget int `json:"requestsPerTarget,omitempty" jsonschema:"minimum=1"`
	// messages waiting per copy to aim for; a Worker's alone, and not available on eks
	QueueDepth int `json:"queueDepth,omitempty" jsonschema:"minimum=1"`
	// the wait after copies were taken away
	ScaleInCooldown Duration `json:"scaleInCooldown"`
	// the wait after copies were added
	ScaleOutCooldown Duration `json:"scaleOutCooldown"`
}

// SetDefaults adds copies fast and takes them away slowly.
func (s *Scaling) SetDefaults() { s.ScaleInCooldown, s.ScaleOutCooldown = 5*Minute, Minute }

// Rollout says how a new version takes the old one's place.
type Rollout struct {
	// rolling replaces copies a few at a time; blueGreen starts all new ones, switches over, and can switch back
	Strategy RolloutStrategy `json:"strategy" jsonschema:"enum=rolling,enum=blueGreen"`
	// gives up and goes back when new copies do not get healthy
	CircuitBreaker bool `json:"circuitBreaker"`
	// how many of the copies stay healthy meanwhile, in percent
	MinHealthyPercent int `json:"minHealthyPercent" jsonschema:"minimum=0,maximum=100"`
	// how many copies may run meanwhile, old and new together, in percent
	MaxPercent int `json:"maxPercent" jsonschema:"minimum=100,maximum=400"`
	// how long the old copies stay after the switch, with blueGreen
	BakeTime Duration `json:"bakeTime,omitempty"`
}

// RolloutStrategy is a way to replace a version.
type RolloutStrategy string

// The rollout strategies.
const (
	Rolling   RolloutStrategy = "rolling"
	BlueGreen RolloutStrategy = "blueGreen"
)

func defaultRollout() Rollout {
	return Rollout{Strategy: Rolling, CircuitBreaker: true, MinHealthyPercent: 100, MaxPercent: 200}
}

// Ingress brings requests from a load balancer to a service.
type Ingress struct {
	// the ALB or NLB; on eks the cluster's ingress controller makes one instead
	LoadBalancer ComponentRef `json:"loadBalancer,omitzero" kinds:"ALB,NLB" reads:"listenerArn,listenerArns,targetGroupArns,securityGroupId,dnsName"`
	// the load balancer's listener, by name; without it an ALB's first HTTPS listener, or its first
	Listener string `json:"listener,omitempty"`
	// host names whose requests are meant, as in api.example.com or *.example.com
	Hosts []string `json:"hosts,omitempty" jsonschema:"maxItems=5,uniqueItems=true,pattern=^[A-Za-z0-9*?.-]{1\\,128}$"`
	// paths whose requests are meant, as in /api/*
	Paths []string `json:"paths,omitempty" jsonschema:"maxItems=5,uniqueItems=true,pattern=^/[A-Za-z0-9_.$/~\"'@:+*?&-]{0\\,127}$"`
	// the place among the rules of the listener: lower ones are looked at first; 0 lets longer paths come first
	Priority int `json:"priority,omitempty" jsonschema:"minimum=1,maximum=50000"`
	// the container's port, by name; without it the first
	Port string `json:"port,omitempty"`
	// what the load balancer asks of each copy
	HealthCheck TargetHealthCheck `json:"healthCheck"`
	// how long a copy that is taken away may finish its requests
	DeregistrationDelay Duration `json:"deregistrationDelay"`
	// how long a client's requests stay with one copy; 0 spreads them
	Stickiness Duration `json:"stickiness,omitempty"`
}

// SetDefaults asks every 15 seconds.
func (i *Ingress) SetDefaults() {
	i.HealthCheck = TargetHealthCheck{
		Interval: 15 * Second, Timeout: 5 * Second, Healthy: 2, Unhealthy: 3,
	}
	i.DeregistrationDelay = 30 * Second
}

// TargetHealthCheck is what a load balancer asks of each copy.
type TargetHealthCheck struct {
	// the path that is asked for; without it /, of gRPC the method /AWS.ALB/healthcheck
	Path string `json:"path,omitempty" jsonschema:"pattern=^/"`
	// the codes that mean healthy, as in 200,204 or 200-299: of HTTP, or of gRPC where the port speaks that, as in 0
	// or 0-99; without them 200-299, of gRPC 12, which says that a server which has no such method has answered
	Status string `json:"status,omitempty" jsonschema:"pattern=^[0-9]{1\\,3}([-\\,][0-9]{1\\,3})*$" jsonschema_extras:"scalar=true"`
	// the wait between two checks
	Interval Duration `json:"interval"`
	// how long one answer may take
	Timeout Duration `json:"timeout"`
	// how many successes in a row make a copy healthy
	Healthy int `json:"healthy" jsonschema:"minimum=2,maximum=10"`
	// how many failures in a row make it unhealthy
	Unhealthy int `json:"unhealthy" jsonschema:"minimum=2,maximum=10"`
}

// Asked returns the path that is asked for and the codes that mean healthy, on a port that speaks a protocol.
func (c *TargetHealthCheck) Asked(protocol PortProtocol) (path, status string) {
	path, status = "/", "200-299"
	if protocol == PortGRPC {
		path, status = "/AWS.ALB/healthcheck", "12"
	}
	return cmp.Or(c.Path, path), cmp.Or(c.Status, status)
}

// checkStatus keeps the codes within those of the protocol: a load balancer takes 0 to 99 of gRPC, 200 to 499 of HTTP.
func (c *TargetHealthCheck) checkStatus(k *Checker, protocol PortProtocol) {
	low, high, of := 200, 499, "HTTP"
	if protocol == PortGRPC {
		low, high, of = 0, 99, "gRPC"
	}
	for _, text := range strings.FieldsFunc(c.Status, func(r rune) bool { return r == ',' || r == '-' }) {
		if code, err := strconv.Atoi(text); err == nil && (code < low || code > high) {
			k.Errorf(CodeIngress, "ingress.healthCheck.status", "%d is no code of %s that a load balancer takes", code, of).
				WithHint("write codes from %d to %d", low, high)
			return
		}
	}
}

// ServiceDiscovery gives a service a name in the environment's private DNS.
type ServiceDiscovery struct {
	// registers every copy
	Enabled bool `json:"enabled"`
	// the name before the environment's domain; without it component.service
	Name string `json:"name,omitempty" jsonschema:"pattern=^[a-z][a-z0-9.-]{0\\,100}$"`
}

// KindMicroService is a container that serves requests.
var KindMicroService = register(Definition{
	Kind: "MicroService", APIVersion: ComponentsV1, Family: Compute, Revision: 2, Networked: true,
	Summary: "A container that serves requests, on ECS (Fargate or EC2) or EKS, behind a load balancer or only inside the network.",
	New: func() Spec {
		return &MicroService{Common: defaultCommon(Delete, 30*Minute), Container: defaultContainer(), Replicas: 2, Rollout: defaultRollout(),
			ServiceDiscovery: ServiceDiscovery{Enabled: true}}
	},
	Outputs: append(taskOutputs(),
		Output{Name: "targetGroupArn", Type: Text, Doc: "the load balancer's target group; only with ingress"},
		Output{Name: "url", Type: Text, Doc: "where the load balancer answers for the service; only with ingress"},
		Output{Name: "dnsName", Type: Text, Doc: "the name in the private DNS; only with serviceDiscovery"},
		Output{Name: "port", Type: Number, Doc: "the first port; only with ports"},
	),
	ReplaceOn: []string{"platform"},
})

// taskOutputs are what all kinds that run ECS tasks offer; on EKS only some of them exist.
func taskOutputs() []Output {
	return []Output{
		{Name: "name", Type: Text, Doc: "the name of the ECS service or schedule, or of the Kubernetes object"},
		{Name: "arn", Type: Text, Doc: "the ARN of the ECS service or schedule; not on eks"},
		{Name: "clusterName", Type: Text, Doc: "the cluster that it runs in"},
		{Name: "taskDefinitionArn", Type: Text, Doc: "the task definition with its revision; not on eks"},
		{Name: "taskRoleArn", Type: Text, Doc: "the role that the container has"},
		{Name: "securityGroupId", Type: Text, Doc: "the security group of its copies; not on eks"},
		{Name: "logGroupName", Type: Text, Doc: "where its logs go"},
	}
}

// lacksOnEKS says which of taskOutputs exist only on ECS.
func (c *Container) lacksOnEKS(output string) string {
	switch output {
	case "arn", "taskDefinitionArn", "securityGroupId", "targetGroupArn":
		if c.Platform == EKS {
			return "it runs on eks"
		}
	}
	return ""
}

// Lacks says why the spec does not have one of its kind's outputs; empty when it has.
func (m *MicroService) Lacks(output string) string {
	switch {
	case (output == "url" || output == "targetGroupArn") && m.Ingress == nil:
		return "it has no ingress"
	case output == "dnsName" && !m.ServiceDiscovery.Enabled:
		return "its serviceDiscovery is not enabled"
	case output == "port" && len(m.Ports) == 0:
		return "it has no ports"
	}
	return m.lacksOnEKS(output)
}

// Check keeps the rules over several fields.
func (m *MicroService) Check(k *Checker) {
	m.Common.check(k)
	m.Container.check(k)
	names, numbers := make([]string, len(m.Ports)), make([]string, len(m.Ports))
	for i, port := range m.Ports {
		names[i], numbers[i] = port.Name, strconv.Itoa(port.Port)
	}
	k.unique("ports", ".name", names)
	k.unique("ports", ".port", numbers)
	m.Rollout.check(k, m.Platform)
	if m.Scaling != nil {
		m.Scaling.check(k, m.Replicas)
		k.only("scaling.queueDepth", m.Scaling.QueueDepth != 0, false, "the component is a Worker")
		k.only("scaling.requestsPerTarget", m.Scaling.RequestsPerTarget != 0, m.Ingress != nil && m.Platform != EKS, "ingress is given and platform is not eks")
		// ECS moves the requests from one target group to another and back: the requests per copy of either tell only half.
		k.only("scaling.requestsPerTarget", m.Scaling.RequestsPerTarget != 0, m.Rollout.Strategy != BlueGreen, "rollout.strategy is rolling; scale on cpu or memory")
	}
	if m.Ingress != nil {
		m.checkIngress(k)
	}
	if m.HealthCheck != nil && m.HealthCheck.Path != "" && m.HealthCheck.Port == 0 {
		k.need("ports", len(m.Ports) > 0, true, "healthCheck.path is asked for on the first of them")
	}
}

func (m *MicroService) checkIngress(k *Checker) {
	in := m.Ingress
	k.need("ingress.loadBalancer", !in.LoadBalancer.IsZero(), m.Platform != EKS, "a service on ECS has to know who sends requests")
	k.only("ingress.loadBalancer", !in.LoadBalancer.IsZero(), m.Platform != EKS, "platform is fargate or ecs-ec2")
	k.only("ingress.listener", in.Listener != "", m.Platform != EKS, "platform is fargate or ecs-ec2")
	k.only("ingress.priority", in.Priority != 0, m.Platform != EKS, "platform is fargate or ecs-ec2")
	k.need("ports", len(m.Ports) > 0, true, "the load balancer has to know where to send requests")
	if in.Port != "" && len(m.Ports) > 0 {
		known := make([]string, len(m.Ports))
		for i, port := range m.Ports {
			known[i] = port.Name
		}
		k.oneOf(CodeIngress, "ingress.port", in.Port, known, "port")
	}
	health := in.HealthCheck
	if port, ok := m.IngressPort(); ok {
		health.checkStatus(k, port.Protocol)
	}
	k.between("ingress.healthCheck.interval", health.Interval, 5*Second, 5*Minute)
	k.between("ingress.healthCheck.timeout", health.Timeout, 2*Second, 2*Minute)
	if health.Timeout >= health.Interval {
		k.Errorf(CodeIngress, "ingress.healthCheck.timeout", "the timeout (%s) is not shorter than the interval (%s)", health.Timeout, health.Interval).
			WithHint("make the interval longer")
	}
	k.between("ingress.deregistrationDelay", in.DeregistrationDelay, 0, Hour)
	k.between("ingress.stickiness", in.Stickiness, 0, 7*Day)
	if len(in.Hosts)+len(in.Paths) > 5 {
		k.Errorf(CodeIngress, "ingress", "a rule has at most 5 hosts and paths together, this one has %d", len(in.Hosts)+len(in.Paths)).
			WithHint("use wildcards")
	}
}

// IngressPort returns the port that the load balancer sends requests to; false when there is none.
func (m *MicroService) IngressPort() (Port, bool) {
	for _, port := range m.Ports {
		if m.Ingress == nil || m.Ingress.Port == "" || m.Ingress.Port == port.Name {
			return port, true
		}
	}
	return Port{}, false
}

func (s *Scaling) check(k *Checker, replicas int) {
	if s.Min > s.Max {
		k.Errorf(CodeScaling, "scaling.min", "min (%d) is greater than max (%d)", s.Min, s.Max).WithHint("exchange them")
	} else if k.Wrote("replicas") && (replicas < s.Min || replicas > s.Max) {
		k.Errorf(CodeScaling, "replicas", "%d is not between scaling.min (%d) and scaling.max (%d)", replicas, s.Min, s.Max).
			WithHint("take replicas out: scaling decides")
	}
	if s.CPU == 0 && s.Memory == 0 && s.RequestsPerTarget == 0 && s.QueueDepth == 0 {
		k.Errorf(CodeScaling, "scaling", "nothing says when to scale").WithHint("give cpu, memory, requestsPerTarget or queueDepth")
	}
	k.between("scaling.scaleInCooldown", s.ScaleInCooldown, 0, Hour)
	k.between("scaling.scaleOutCooldown", s.ScaleOutCooldown, 0, Hour)
}

func (r *Rollout) check(k *Checker, platform Platform) {
	if r.MinHealthyPercent == 100 && r.MaxPercent == 100 {
		k.Errorf(CodeRollout, "rollout.maxPercent", "nothing can be replaced when all copies must stay and none may be added").
			WithHint("raise maxPercent or lower minHealthyPercent")
	}
	k.only("rollout.bakeTime", r.BakeTime != 0, r.Strategy == BlueGreen, "strategy is blueGreen")
	k.between("rollout.bakeTime", r.BakeTime, 0, 24*Hour)
	if r.Strategy == BlueGreen && platform == EKS {
		k.Errorf(CodeRollout, "rollout.strategy", "blueGreen is not available on eks").WithHint("write rolling")
	}
}

// conditions are the hosts and paths of an ingress, for comparison.
func (i *Ingress) conditions() string {
	return strings.ToLower(strings.Join(sorted(i.Hosts), ",")) + " " + strings.Join(sorted(i.Paths), ",")
}

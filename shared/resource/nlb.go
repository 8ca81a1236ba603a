package resource

// NLB is a load balancer for TCP, TLS and UDP: services attach themselves to its listeners with ingress.
type NLB struct {
	Common
	// internal serves the network alone, internet-facing everybody
	Scheme Scheme `json:"scheme" jsonschema:"enum=internal,enum=internet-facing"`
	// the ports it answers on; each has a target group of its own
	Listeners []NLBListener `json:"listeners" jsonschema:"required,minItems=1,maxItems=50"`
	// who may connect; without it the network for internal, everybody for internet-facing
	AllowedCIDRs []CIDR `json:"allowedCidrs,omitempty" jsonschema:"uniqueItems=true,maxItems=50"`
	// lets each zone's address send to the targets of all zones
	CrossZone bool `json:"crossZone"`
	// refuses to be deleted, on AWS's side
	DeletionProtection bool `json:"deletionProtection"`
	// where TLS connections are logged
	AccessLogs *AccessLogs `json:"accessLogs,omitempty"`
	// names in Route 53 that lead to it
	Domains []Domain `json:"domains,omitempty" jsonschema:"maxItems=20"`
}

// NLBListener is a port that an NLB answers on, with its target group.
type NLBListener struct {
	// the listener's name
	Name string `json:"name" jsonschema:"required,pattern=^[a-z][a-z0-9-]{0\\,31}$"`
	// the port
	Port int `json:"port" jsonschema:"required,minimum=1,maximum=65535"`
	// the protocol; TLS ends here and goes on as TCP
	Protocol string `json:"protocol" jsonschema:"enum=TCP,enum=TLS,enum=UDP,enum=TCP_UDP"`
	// the port of the targets; 0 is the listener's own
	TargetPort int `json:"targetPort,omitempty" jsonschema:"minimum=1,maximum=65535"`
	// the certificates, by ARN, with TLS; the first is the default
	Certificates []Input `json:"certificates,omitempty" jsonschema:"maxItems=25"`
	// the TLS versions and ciphers that are spoken, with TLS
	TLSPolicy string `json:"tlsPolicy" jsonschema:"pattern=^ELBSecurityPolicy-"`
	// a path that targets must answer over HTTP to be healthy; without it they must accept a connection
	HealthCheckPath string `json:"healthCheckPath,omitempty" jsonschema:"pattern=^/"`
	// hands the address of the client on, where the protocol allows it
	PreserveClientIP bool `json:"preserveClientIp"`
}

// SetDefaults speaks TCP, and TLS 1.2 and 1.3 where TLS is chosen.
func (l *NLBListener) SetDefaults() {
	l.Protocol, l.TLSPolicy, l.PreserveClientIP = "TCP", "ELBSecurityPolicy-TLS13-1-2-2021-06", true
}

// EffectiveTargetPort is the targets' port given, or the listener's own.
func (l *NLBListener) EffectiveTargetPort() int {
	if l.TargetPort != 0 {
		return l.TargetPort
	}
	return l.Port
}

// KindNLB is a load balancer for TCP, TLS and UDP.
var KindNLB = register(Definition{
	Kind: "NLB", APIVersion: ComponentsV1, Family: Network, Revision: 2, Networked: true,
	Summary: "A Network Load Balancer with its listeners and target groups; services attach themselves with ingress.",
	New: func() Spec {
		return &NLB{Common: defaultCommon(Delete, 20*Minute), Scheme: Internal, CrossZone: true, DeletionProtection: true}
	},
	Outputs: []Output{
		{Name: "arn", Type: Text, Doc: "the load balancer's ARN"},
		{Name: "dnsName", Type: Text, Doc: "the load balancer's host name"},
		{Name: "hostedZoneId", Type: Text, Doc: "the zone of dnsName, for aliases in Route 53"},
		{Name: "listenerArns", Type: TextMap, Doc: "the ARNs of the listeners, by name"},
		{Name: "targetGroupArns", Type: TextMap, Doc: "the ARNs of the target groups, by the listener's name"},
		{Name: "urls", Type: TextMap, Doc: "the addresses of the listeners, by name, as in tcp://HOST:PORT"},
		{Name: "securityGroupId", Type: Text, Doc: "its security group"},
	},
	ReplaceOn: []string{"scheme"},
})

func (n *NLB) scheme() Scheme { return n.Scheme }

// Check keeps the rules over several fields.
func (n *NLB) Check(k *Checker) {
	n.Common.check(k)
	names, ports := make([]string, len(n.Listeners)), map[int]bool{}
	for i := range n.Listeners {
		l, path := &n.Listeners[i], indexed("listeners", i)
		names[i] = l.Name
		if ports[l.Port] {
			k.Errorf(CodeListener, path+".port", "two listeners answer on port %d", l.Port).WithHint("give one of them another port")
		}
		ports[l.Port] = true
		k.need(path+".certificates", len(l.Certificates) > 0, l.Protocol == "TLS", "a TLS listener needs a certificate")
		k.only(path+".certificates", len(l.Certificates) > 0, l.Protocol == "TLS", "protocol is TLS")
		k.only(path+".tlsPolicy", k.Wrote(path+".tlsPolicy"), l.Protocol == "TLS", "protocol is TLS")
		checkCertificates(k, path+".certificates", l.Certificates)
	}
	k.unique("listeners", ".name", names)
	checkDomains(k, n.Domains)
}

// checkIngress looks at a service's ingress to an NLB, which knows no requests, only connections.
func (n *NLB) checkIngress(k *Checker, m *MicroService) {
	in := m.Ingress
	names := make([]string, len(n.Listeners))
	for i := range n.Listeners {
		names[i] = n.Listeners[i].Name
	}
	switch {
	case in.Listener != "":
		k.oneOf(CodeIngress, "ingress.listener", in.Listener, names, "listener")
	case len(names) > 1:
		k.Errorf(CodeIngress, "ingress.listener", "the load balancer has %d listeners, and none is chosen", len(names)).WithHint("name one of them")
	}
	for field, given := range map[string]bool{
		"hosts": len(in.Hosts) > 0, "paths": len(in.Paths) > 0, "priority": in.Priority != 0, "stickiness": in.Stickiness != 0,
		"healthCheck": k.Wrote("ingress.healthCheck"), "deregistrationDelay": k.Wrote("ingress.deregistrationDelay"),
	} {
		k.only("ingress."+field, given, false, "the load balancer is an ALB")
	}
	k.only("rollout.strategy", m.Rollout.Strategy == BlueGreen, false, "the load balancer is an ALB; write rolling")
	if m.Scaling != nil {
		k.only("scaling.requestsPerTarget", m.Scaling.RequestsPerTarget != 0, false, "the load balancer is an ALB: an NLB counts no requests")
	}
}

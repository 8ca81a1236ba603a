package resource

import (
	"hash/fnv"
	"slices"
	"strings"
)

// Related finds the component that a reference names, for rules that look at both.
type Related func(ref ComponentRef) (*Resource, bool)

// relate keeps the rules over several components.
func (b *builder) relate() {
	for _, e := range b.entries {
		k := e.checker
		if related, ok := e.resource.Spec.(interface{ Relate(*Checker, Related) }); ok {
			related.Relate(k, b.related)
		}
		b.checkPlatform(e)
		b.checkReach(e)
	}
	b.checkIngresses()
	for _, e := range b.entries {
		b.ds.Append(e.checker.ds)
	}
}

func (b *builder) related(ref ComponentRef) (*Resource, bool) {
	if e := b.byShort[ref.Component]; e != nil {
		return e.resource, true
	}
	return nil, false
}

func (b *builder) networking() *Networking {
	if e := b.byShort[PlatformService+"/networking"]; e != nil {
		return e.resource.Spec.(*Networking)
	}
	return nil
}

// checkPlatform reports what a component asks of the environment's network that is not there.
func (b *builder) checkPlatform(e *entry) {
	network := b.networking()
	if network == nil {
		return // reported once for all
	}
	if c, ok := e.resource.Spec.(interface{ container() *Container }); ok {
		platform := c.container().Platform
		if platform == ECSEC2 && network.Cluster.EC2 == nil && network.Cluster.Existing == "" {
			e.checker.Errorf(CodeNetwork, "platform", "the environment's cluster has no EC2 instances").WithHint("add cluster.ec2 to the Networking document")
		}
		if platform == EKS && network.EKS == nil {
			e.checker.Errorf(CodeNetwork, "platform", "the environment has no EKS cluster").WithHint("add eks to the Networking document")
		}
	}
	if s, ok := e.resource.Spec.(interface{ scheme() Scheme }); ok && s.scheme() == InternetFacing && network.Existing != nil && len(network.Existing.PublicSubnetIDs) == 0 {
		e.checker.Errorf(CodeNetwork, "scheme", "the environment's network has no public subnets").WithHint("add existing.publicSubnetIds to the Networking document")
	}
}

// checkReach reports a component outside of the network that needs one which can only be reached from inside.
func (b *builder) checkReach(e *entry) {
	if e.definition.Family != Compute || LivesInNetwork(e.definition, e.resource.Spec) {
		return
	}
	for _, need := range e.resource.Needs {
		other := b.byShort[need.Address.Short()]
		if need.Reason == ReasonValue && other != nil && (other.definition.Family == Data || other.definition.Family == Cache) &&
			LivesInNetwork(other.definition, other.resource.Spec) {
			e.checker.Errorf(CodeNetwork, "vpc", "%s can only be reached from inside the network", need.Address.Short()).WithHint("write vpc: true")
			return
		}
	}
}

func (a *ALB) scheme() Scheme { return a.Scheme }

// checkIngresses looks at the rules of all services on each listener, and gives those a priority that have none: a
// longer path comes before a shorter one, and a service keeps its priority when others come and go.
func (b *builder) checkIngresses() {
	type listener struct{ balancer, name string }
	rules := map[listener][]*entry{}
	for _, e := range b.entries {
		m, ok := e.resource.Spec.(*MicroService)
		if !ok || m.Ingress == nil {
			continue
		}
		name, attached := b.checkIngress(e.checker, m)
		if attached {
			at := listener{m.Ingress.LoadBalancer.Component, name}
			rules[at] = append(rules[at], e)
		}
	}
	for _, entries := range rules {
		b.checkConflicts(entries)
		assignPriorities(entries)
	}
}

// checkIngress finds the listener that a service attaches itself to; false when it has no rules there.
func (b *builder) checkIngress(k *Checker, m *MicroService) (string, bool) {
	balancer, found := b.related(m.Ingress.LoadBalancer)
	if !found {
		return "", false
	}
	switch lb := balancer.Spec.(type) {
	case *ALB:
		return b.checkALBIngress(k, m, lb)
	case *NLB:
		lb.checkIngress(k, m)
	}
	return "", false
}

func (b *builder) checkALBIngress(k *Checker, m *MicroService, lb *ALB) (string, bool) {
	l, any := lb.DefaultListener()
	if name := m.Ingress.Listener; name != "" {
		names := make([]string, len(lb.Listeners))
		any = false
		for i := range lb.Listeners {
			names[i] = lb.Listeners[i].Name
			if names[i] == name {
				l, any = lb.Listeners[i], true
			}
		}
		k.oneOf(CodeIngress, "ingress.listener", name, names, "listener")
	}
	if !any {
		return "", false
	}
	if l.RedirectToHTTPS {
		k.Errorf(CodeIngress, "ingress.listener", "the listener %q only redirects to HTTPS", l.Name).WithHint("attach to an HTTPS listener")
	}
	if port, ok := m.IngressPort(); ok {
		switch {
		case port.Protocol == PortTCP || port.Protocol == PortUDP:
			k.Errorf(CodeIngress, "ingress.port", "an ALB speaks HTTP, and the port %q is %s", port.Name, port.Protocol).WithHint("use an NLB, or another port")
		case port.Protocol == PortGRPC && l.Protocol != "HTTPS":
			k.Errorf(CodeIngress, "ingress.port", "gRPC needs an HTTPS listener, and %q is %s", l.Name, l.Protocol).WithHint("attach to an HTTPS listener")
		}
	}
	return l.Name, true
}

// checkConflicts reports two services that want the same requests, or the same priority.
func (b *builder) checkConflicts(entries []*entry) {
	conditions, priorities := map[string]*entry{}, map[int]*entry{}
	for _, e := range entries {
		in := e.resource.Spec.(*MicroService).Ingress
		if first, taken := conditions[in.conditions()]; taken {
			e.checker.Errorf(CodeIngress, "ingress", "%s wants the same requests", first.resource.Address.Short()).WithHint("give one of them other hosts or paths")
		} else {
			conditions[in.conditions()] = e
		}
		if in.Priority == 0 {
			continue
		}
		if first, taken := priorities[in.Priority]; taken {
			e.checker.Errorf(CodeIngress, "ingress.priority", "%s has the priority %d already", first.resource.Address.Short(), in.Priority).WithHint("choose another, or take it out")
		} else {
			priorities[in.Priority] = e
		}
	}
}

// An ALB knows priorities from 1 to 50,000; they are handed out in bands of a thousand, longer paths in lower bands.
const (
	priorityBand  = 1000
	priorityBands = 50
)

func assignPriorities(entries []*entry) {
	taken := map[int]bool{}
	var open []*entry
	for _, e := range entries {
		if priority := e.resource.Spec.(*MicroService).Ingress.Priority; priority != 0 {
			taken[priority] = true
		} else {
			open = append(open, e)
		}
	}
	for _, e := range open {
		in := e.resource.Spec.(*MicroService).Ingress
		h := fnv.New32a()
		h.Write([]byte(e.resource.Address.Short()))
		priority := in.band()*priorityBand + int(h.Sum32()%priorityBand)
		for taken[priority+1] && len(taken) < priorityBands*priorityBand {
			priority = (priority + 1) % (priorityBands * priorityBand)
		}
		in.Priority = priority + 1
		taken[in.Priority] = true
	}
}

// band is lower the more an ingress narrows its requests: by the length of its longest path, then by hosts.
func (i *Ingress) band() int {
	length := 0
	for _, path := range i.Paths {
		length = max(length, len(strings.TrimRight(path, "*")))
	}
	if slices.ContainsFunc(i.Hosts, func(h string) bool { return !strings.ContainsAny(h, "*?") }) {
		length++
	}
	return priorityBands - 1 - min(length, priorityBands-1)
}

package health

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/catalog"
	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// Request is an HTTP request that may be meant for something simulated.
type Request struct {
	Host string // without a port
	Port int
	Path string
}

// Reply is how the simulated cloud answers a request.
type Reply struct {
	Status int
	Body   string
}

// Answer answers a request as the load balancer or the distribution does that stands behind its host. It reports false when
// nothing of the cloud is called so.
func Answer(tx *world.Tx, to Request) (Reply, bool) {
	for _, balancer := range tx.OfType("aws:lb/loadBalancer:LoadBalancer") {
		if balancer.Text("loadBalancerType") != "network" && called(tx, balancer, to.Host) {
			return balanced(tx, balancer, to), true
		}
	}
	for _, d := range tx.OfType("aws:cloudfront/distribution:Distribution") {
		if d.Text("domainName") == to.Host || slices.Contains(property.Texts(d.State, "aliases"), to.Host) {
			return Reply{Status: 200}, true
		}
	}
	return Reply{}, false
}

// called reports whether a host means a load balancer: it is its own name, that of a record which leads to it, or one that
// its rules ask for.
func called(tx *world.Tx, balancer *world.Record, host string) bool {
	name := balancer.Text("dnsName")
	if name == host {
		return true
	}
	for _, record := range tx.OfType("aws:route53/record:Record") {
		if strings.TrimSuffix(record.Text("name"), ".") == host && slices.Contains(property.Texts(record.State, "aliases.name"), name) {
			return true
		}
	}
	for _, listener := range catalog.Referring(tx, balancer, "lb.Listener") {
		for _, rule := range catalog.Referring(tx, listener, "lb.ListenerRule") {
			if slices.ContainsFunc(property.Texts(rule.State, "conditions.hostHeader.values"), func(pattern string) bool { return matches(pattern, host) }) {
				return true
			}
		}
	}
	return false
}

// balanced is the answer of the listener at the request's port: that of its first rule that fits, or its own.
func balanced(tx *world.Tx, balancer *world.Record, to Request) Reply {
	for _, listener := range catalog.Referring(tx, balancer, "lb.Listener") {
		if int(property.Number(listener.State, "port")) != to.Port {
			continue
		}
		rules := catalog.Referring(tx, listener, "lb.ListenerRule")
		slices.SortFunc(rules, func(a, b *world.Record) int {
			return cmp.Compare(property.Number(a.State, "priority"), property.Number(b.State, "priority"))
		})
		for _, rule := range rules {
			if fits(rule, to) {
				return acted(tx, property.List(rule.State, "actions"))
			}
		}
		return acted(tx, property.List(listener.State, "defaultActions"))
	}
	return Reply{Status: 502, Body: "the load balancer has no listener at that port"}
}

// fits reports whether all of a rule's conditions hold.
func fits(rule *world.Record, to Request) bool {
	for _, condition := range property.List(rule.State, "conditions") {
		for field, value := range map[string]string{"hostHeader.values": to.Host, "pathPattern.values": to.Path} {
			patterns := property.Texts(condition, field)
			if len(patterns) > 0 && !slices.ContainsFunc(patterns, func(p string) bool { return matches(p, value) }) {
				return false
			}
		}
	}
	return true
}

// matches compares as a load balancer does: * stands for any text, ? for one character.
func matches(pattern, text string) bool {
	// To path.Match a slash is something special; to a load balancer it is not.
	level := strings.NewReplacer("/", "\x00", "[", "\\[", "\\", "\\\\")
	ok, err := path.Match(level.Replace(strings.ToLower(pattern)), level.Replace(strings.ToLower(text)))
	return err == nil && ok
}

// acted is the answer of a listener's or rule's action.
func acted(tx *world.Tx, actions []any) Reply {
	for _, action := range actions {
		switch property.Text(action, "type") {
		case "fixed-response":
			return Reply{Status: int(property.Number(action, "fixedResponse.statusCode")), Body: property.Text(action, "fixedResponse.messageBody")}
		case "redirect":
			return Reply{Status: 301}
		case "forward":
			return forwarded(tx, action)
		}
	}
	return Reply{Status: 503}
}

// forwarded is the answer of the targets that requests are sent to.
func forwarded(tx *world.Tx, action any) Reply {
	arns := append(property.Texts(action, "targetGroupArn"), property.Texts(action, "forward.targetGroups.arn")...)
	for _, arn := range arns {
		for _, group := range tx.Named("aws:lb/targetGroup:TargetGroup|" + arn) {
			if slices.ContainsFunc(DescribeTargets(tx, group), func(t Target) bool { return t.State == "healthy" }) {
				return Reply{Status: 200}
			}
		}
	}
	return Reply{Status: 503, Body: "no target is healthy"}
}

package provision

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// rules are those of a web ACL while they are being put together, in the order in which they are asked.
type rules struct {
	name  string // of the ACL; its metrics begin with it
	array wafv2.WebAclRuleArray
}

// firewall makes the environment's web ACL: addresses that are always let in, then those that never are, then a limit for
// each address, then AWS's rules. Whom none of them is about is let in.
func (p *program) firewall(spec *resource.WAF) error {
	r := &rules{name: p.name(maxLongName/2, "")}
	for _, list := range []struct {
		name  string
		cidrs []resource.CIDR
		does  *wafv2.WebAclRuleActionArgs
	}{{"allowed", spec.AllowedCIDRs, letIn}, {"blocked", spec.BlockedCIDRs, keepOut}} {
		if err := p.addresses(r, list.name, list.cidrs, list.does); err != nil {
			return err
		}
	}
	if spec.RateLimit > 0 {
		r.add("rate", keepOut, nil, &wafv2.WebAclRuleStatementArgs{RateBasedStatement: &wafv2.WebAclRuleStatementRateBasedStatementArgs{
			Limit: pulumi.Int(spec.RateLimit), AggregateKeyType: pulumi.String("IP"),
			EvaluationWindowSec: pulumi.Int(300)}})
	}
	for _, managed := range spec.ManagedRules {
		r.add(managed, nil, &wafv2.WebAclRuleOverrideActionArgs{None: &wafv2.WebAclRuleOverrideActionNoneArgs{}},
			&wafv2.WebAclRuleStatementArgs{
				ManagedRuleGroupStatement: &wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs{Name: pulumi.String(managed), VendorName: pulumi.String("AWS")}})
	}
	arguments := &wafv2.WebAclArgs{Name: pulumi.String(r.name), Scope: pulumi.String("REGIONAL"),
		Description:   pulumi.String("before " + p.order.Address.Scope().String()),
		DefaultAction: &wafv2.WebAclDefaultActionArgs{Allow: &wafv2.WebAclDefaultActionAllowArgs{}},
		VisibilityConfig: &wafv2.WebAclVisibilityConfigArgs{CloudwatchMetricsEnabled: pulumi.Bool(true),
			MetricName: pulumi.String(r.name), SampledRequestsEnabled: pulumi.Bool(true)}}
	if len(r.array) > 0 {
		arguments.Rules = r.array
	}
	acl, err := wafv2.NewWebAcl(p.Context, "firewall", arguments)
	if err != nil {
		return err
	}
	p.output("webAclArn", acl.Arn)
	return nil
}

var (
	letIn   = &wafv2.WebAclRuleActionArgs{Allow: &wafv2.WebAclRuleActionAllowArgs{}}
	keepOut = &wafv2.WebAclRuleActionArgs{Block: &wafv2.WebAclRuleActionBlockArgs{}}
)

// add adds a rule: one of its own has an action, a group of rules what overrides theirs.
func (r *rules) add(name string, action *wafv2.WebAclRuleActionArgs, override *wafv2.WebAclRuleOverrideActionArgs,
	is *wafv2.WebAclRuleStatementArgs) {
	rule := &wafv2.WebAclRuleArgs{Name: pulumi.String(name), Priority: pulumi.Int(len(r.array)), Statement: is,
		VisibilityConfig: &wafv2.WebAclRuleVisibilityConfigArgs{CloudwatchMetricsEnabled: pulumi.Bool(true),
			MetricName:             pulumi.String(r.name + "-" + name),
			SampledRequestsEnabled: pulumi.Bool(true)}}
	if action != nil {
		rule.Action = action
	}
	if override != nil {
		rule.OverrideAction = override
	}
	r.array = append(r.array, rule)
}

// addresses makes a rule about a list of addresses; a set of WAF holds those of one version of IP.
func (p *program) addresses(r *rules, name string, cidrs []resource.CIDR, does *wafv2.WebAclRuleActionArgs) error {
	byVersion := map[string][]string{}
	for _, cidr := range cidrs {
		version := "IPV4"
		if strings.Contains(string(cidr), ":") {
			version = "IPV6"
		}
		byVersion[version] = append(byVersion[version], string(cidr))
	}
	for _, version := range sortedKeys(byVersion) {
		full := name + "-" + strings.ToLower(version)
		set, err := wafv2.NewIpSet(p.Context, full, &wafv2.IpSetArgs{Name: pulumi.String(p.name(maxLongName/2, full)),
			Scope:            pulumi.String("REGIONAL"),
			IpAddressVersion: pulumi.String(version), Addresses: texts(byVersion[version]...)})
		if err != nil {
			return err
		}
		r.add(full, does, nil, &wafv2.WebAclRuleStatementArgs{IpSetReferenceStatement: &wafv2.WebAclRuleStatementIpSetReferenceStatementArgs{Arn: set.Arn}})
	}
	return nil
}

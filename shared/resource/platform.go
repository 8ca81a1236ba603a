package resource

import (
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

// CodeObservability is the code of rules about what is watched.
const CodeObservability diag.Code = "observability"

// Security is what protects all components of an environment: the key that data is encrypted with, the boundary of their
// roles, the rules of the web application firewall.
type Security struct {
	Common
	// the environment's KMS key, which encrypts whatever names no key of its own
	Encryption KeySettings `json:"encryption"`
	// the policy that bounds every role that deployer creates
	PermissionsBoundary ARN `json:"permissionsBoundary,omitempty"`
	// a web application firewall for internet-facing load balancers, APIs and distributions
	WAF WAF `json:"waf"`
	// what is recorded and looked for in the account; leave out what a landing zone does already
	Detection Detection `json:"detection,omitzero"`
}

// KeySettings are about the environment's key.
type KeySettings struct {
	// makes a key of the environment's own; without it AWS's keys are used
	CustomerManagedKey bool `json:"customerManagedKey"`
	// a key that exists, in place of one that is made
	ExistingKey ARN `json:"existingKey,omitempty"`
	// exchanges the key's material every year
	Rotation bool `json:"rotation"`
	// how long a deleted key can be brought back
	DeletionWindow Duration `json:"deletionWindow"`
}

// WAF is a web application firewall.
type WAF struct {
	// makes one
	Enabled bool `json:"enabled,omitempty"`
	// rule groups that AWS maintains
	ManagedRules []string `json:"managedRules" jsonschema:"uniqueItems=true,pattern=^AWSManagedRules[A-Za-z0-9]+$"`
	// how many requests one address may make in five minutes; 0 is without limit
	RateLimit int `json:"rateLimit" jsonschema:"minimum=0,maximum=2000000000"`
	// addresses that are always let in
	AllowedCIDRs []CIDR `json:"allowedCidrs,omitempty" jsonschema:"uniqueItems=true"`
	// addresses that never are
	BlockedCIDRs []CIDR `json:"blockedCidrs,omitempty" jsonschema:"uniqueItems=true"`
}

// Detection is what is recorded and looked for.
type Detection struct {
	// records calls of AWS's APIs
	CloudTrail bool `json:"cloudTrail,omitempty"`
	// looks for attacks
	GuardDuty bool `json:"guardDuty,omitempty"`
}

// KindSecurity is what protects all components of an environment.
var KindSecurity = register(Definition{
	Kind: "Security", APIVersion: InfraV1, Family: PlatformFamily, Revision: 1,
	Summary: "What protects all components of an environment: its KMS key, the boundary of roles, a web application firewall.",
	New: func() Spec {
		return &Security{Common: defaultCommon(Retain, 30*Minute),
			Encryption: KeySettings{CustomerManagedKey: true, Rotation: true, DeletionWindow: 30 * Day},
			WAF:        WAF{ManagedRules: []string{"AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"}, RateLimit: 2000}}
	},
	Outputs: []Output{
		{Name: "kmsKeyArn", Type: Text, Doc: "the environment's key; only with customerManagedKey or existingKey"},
		{Name: "kmsKeyId", Type: Text, Doc: "the key's id; only with customerManagedKey or existingKey"},
		{Name: "webAclArn", Type: Text, Doc: "the web ACL; only with waf"},
		{Name: "permissionsBoundary", Type: Text, Doc: "the policy that bounds roles; only with permissionsBoundary"},
	},
	ReplaceOn: []string{"encryption.existingKey"},
})

// Lacks says why the spec does not have one of its kind's outputs; empty when it has.
func (s *Security) Lacks(output string) string {
	switch {
	case strings.HasPrefix(output, "kmsKey") && !s.Encryption.CustomerManagedKey && s.Encryption.ExistingKey == "":
		return "it has no key"
	case output == "webAclArn" && !s.WAF.Enabled:
		return "its waf is not enabled"
	case output == "permissionsBoundary" && s.PermissionsBoundary == "":
		return "it has no permissionsBoundary"
	}
	return ""
}

// Check keeps the rules over several fields.
func (s *Security) Check(k *Checker) {
	s.Common.check(k)
	k.between("encryption.deletionWindow", s.Encryption.DeletionWindow, 7*Day, 30*Day)
	if s.Encryption.DeletionWindow%Day != 0 {
		k.Errorf(CodeRange, "encryption.deletionWindow", "%s is not a number of days", s.Encryption.DeletionWindow).WithHint("write 7d to 30d")
	}
	k.checkKey("encryption.existingKey", s.Encryption.ExistingKey)
	if b := s.PermissionsBoundary; b != "" && (b.Service() != "iam" || !strings.Contains(string(b), ":policy/")) {
		k.Errorf(CodeInvalid, "permissionsBoundary", "%s is no IAM policy", shorten(string(b))).WithHint("arn:aws:iam::ACCOUNT:policy/NAME")
	}
	if rate := s.WAF.RateLimit; rate > 0 && rate < 10 {
		k.Errorf(CodeRange, "waf.rateLimit", "WAF counts 10 requests at the least, not %d", rate).WithHint("write 10 or more, or 0 for no limit")
	}
	for i, cidr := range s.WAF.BlockedCIDRs {
		if cidr.IsAnywhere() {
			k.Errorf(CodePublic, indexed("waf.blockedCidrs", i), "%s shuts everybody out", cidr).WithHint("name the addresses")
		}
	}
}

// Observability is how all components of an environment are watched.
type Observability struct {
	// the fields that every component has
	Common
	// makes alarms with sensible thresholds for each component
	Alarms Alarms `json:"alarms"`
	// shows the stack on one CloudWatch dashboard
	Dashboard bool `json:"dashboard"`
	// follows requests through the services with X-Ray
	Tracing Tracing `json:"tracing"`
}

// Alarms are made for each component.
type Alarms struct {
	// makes them
	Enabled bool `json:"enabled"`
	// who is told by mail; each has to agree once
	Emails []string `json:"emails,omitempty" jsonschema:"uniqueItems=true,pattern=^[^@ ]+@[^@ ]+\\.[^@ ]+$"`
	// a topic that exists, in place of one that is made
	ExistingTopic ARN `json:"existingTopic,omitempty"`
	// the use of a processor from which an alarm rises, in percent
	CPU int `json:"cpu" jsonschema:"minimum=10,maximum=100"`
	// the use of memory from which an alarm rises, in percent
	Memory int `json:"memory" jsonschema:"minimum=10,maximum=100"`
	// the share of failed requests from which an alarm rises, in percent
	ErrorRate float64 `json:"errorRate" jsonschema:"exclusiveMinimum=0,maximum=100"`
	// the free disk below which an alarm rises, in percent
	FreeStorage int `json:"freeStorage" jsonschema:"minimum=1,maximum=90"`
	// the age of the oldest message in a queue from which an alarm rises
	MessageAge Duration `json:"messageAge"`
}

// Tracing follows requests through the services.
type Tracing struct {
	// records traces
	Enabled bool `json:"enabled"`
	// the share of requests that are recorded, in percent
	SamplePercent float64 `json:"samplePercent" jsonschema:"minimum=0,maximum=100"`
}

// KindObservability is how all components of an environment are watched.
var KindObservability = register(Definition{
	Kind: "Observability", APIVersion: InfraV1, Family: PlatformFamily, Revision: 1,
	Summary: "How all components of an environment are watched: alarms, a dashboard, traces.",
	New: func() Spec {
		return &Observability{Common: defaultCommon(Delete, 20*Minute), Dashboard: true,
			Alarms:  Alarms{Enabled: true, CPU: 85, Memory: 85, ErrorRate: 1, FreeStorage: 15, MessageAge: 15 * Minute},
			Tracing: Tracing{SamplePercent: 5}}
	},
	Outputs: []Output{
		{Name: "alarmTopicArn", Type: Text, Doc: "the topic that alarms are sent to; only with alarms"},
		{Name: "alarmThresholds", Type: TextMap, Doc: "from which values alarms rise, by what is measured; only with alarms"},
		{Name: "dashboardName", Type: Text, Doc: "the dashboard's name; only with dashboard"},
	},
})

// Lacks says why the spec does not have one of its kind's outputs; empty when it has.
func (o *Observability) Lacks(output string) string {
	switch {
	case strings.HasPrefix(output, "alarm") && !o.Alarms.Enabled:
		return "its alarms are not enabled"
	case output == "dashboardName" && !o.Dashboard:
		return "it has no dashboard"
	}
	return ""
}

// Check keeps the rules over several fields.
func (o *Observability) Check(k *Checker) {
	o.Common.check(k)
	if t := o.Alarms.ExistingTopic; t != "" && t.Service() != "sns" {
		k.Errorf(CodeInvalid, "alarms.existingTopic", "%s is no SNS topic", shorten(string(t))).WithHint("arn:aws:sns:REGION:ACCOUNT:NAME")
	}
	k.between("alarms.messageAge", o.Alarms.MessageAge, Minute, 14*Day)
	if o.Alarms.Enabled && len(o.Alarms.Emails) == 0 && o.Alarms.ExistingTopic == "" {
		k.Warnf(CodeObservability, "alarms", "nobody is told of alarms").WithHint("add emails, existingTopic, or subscribe to the output alarmTopicArn")
	}
}

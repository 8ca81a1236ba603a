package policy

import "github.com/deployer-io/deployer/shared/resource"

// live are the names by which production goes.
var live = []string{"production", "production-*", "prod", "prod-*", "live", "live-*"}

var production = Pack{
	Name:    "production",
	Summary: "What people rely on survives the loss of a zone and a slip of the hand. Holds in environments named production, prod or live, alone or with an ending such as prod-eu.",
	Rules: []BuiltIn{
		{Name: "copies", Severity: resource.Deny, Kinds: []string{"MicroService"}, Environments: live,
			Description: "A service with one copy is gone with it.",
			Expression:  "has(resource.spec.scaling) ? resource.spec.scaling.min >= 2 : resource.spec.replicas >= 2",
			Message:     "has fewer than two copies", Field: "spec.replicas"},
		{Name: "databases", Severity: resource.Deny, Kinds: []string{"RDS"}, Environments: live,
			Description: "A database survives the loss of a zone.",
			Expression:  "resource.spec.engine.startsWith('aurora') ? resource.spec.instances >= 2 : resource.spec.multiAZ",
			Message:     "stands in one zone alone", Field: "spec.multiAZ"},
		{Name: "clusters", Severity: resource.Deny, Kinds: []string{"DocumentDB"}, Environments: live,
			Description: "A database survives the loss of a zone.",
			Expression:  "resource.spec.instances >= 2", Message: "has one instance alone"},
		{Name: "caches", Severity: resource.Warn, Kinds: []string{"ElastiCacheRedis"}, Environments: live,
			Description: "A cache survives the loss of a zone.",
			Expression:  "resource.spec.multiAZ", Message: "stands in one zone alone"},
		{Name: "deletion-protection", Severity: resource.Deny, Kinds: []string{"RDS", "DocumentDB", "DynamoDB", "ALB", "NLB"}, Environments: live,
			Description: "AWS itself refuses to delete it.",
			Expression:  "resource.spec.deletionProtection", Message: "deletionProtection is off"},
		{Name: "images", Severity: resource.Deny, Kinds: containers, Environments: live,
			Description: "What runs today runs tomorrow.",
			Expression:  "resource.spec.image.contains('@sha256:') || resource.spec.image.matches(':[^/:]+$') && !resource.spec.image.endsWith(':latest')",
			Message:     "the image {{ resource.spec.image }} may be another one tomorrow"},
		{Name: "rollout", Severity: resource.Deny, Kinds: []string{"MicroService", "Worker"}, Environments: live,
			Description: "A version that does not start is taken back.",
			Expression:  "resource.spec.rollout.circuitBreaker", Message: "the circuit breaker is off"},
		{Name: "network", Severity: resource.Deny, Kinds: []string{"Networking"}, Environments: live,
			Description: "The way out of a network survives the loss of a zone.",
			Expression:  "has(resource.spec.existing) || resource.spec.natGateways != 'single'",
			Message:     "one NAT gateway serves all zones", Field: "spec.natGateways"},
		{Name: "alarms", Severity: resource.Warn, Kinds: []string{"Observability"}, Environments: live,
			Description: "Somebody is told when it fails.",
			Expression:  "resource.spec.alarms.enabled", Message: "there are no alarms"},
		{Name: "approval", Severity: resource.Deny, On: resource.OnPlan, Environments: live,
			Description: "A second pair of eyes looks at a change.",
			Expression:  "environment.approval.mode != 'auto'", Message: "nobody is asked before it is changed"},
		{Name: "data", Severity: resource.Warn, On: resource.OnPlan, Environments: live,
			Description: "Data is not lost by surprise.",
			Expression:  "!plan.steps.exists(s, s.stateful && s.action in ['delete', 'replace'])",
			Message:     "deletes or replaces {{ plan.steps.filter(s, s.stateful && s.action in ['delete', 'replace']).map(s, s.address) }}"},
	},
}

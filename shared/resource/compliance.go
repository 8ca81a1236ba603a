package resource

import "github.com/deployer-io/deployer/shared/diag"

// ComplianceSpec is the spec of a Compliance document: the policies that hold. Their expressions are compiled by package
// policy.
type ComplianceSpec struct {
	// built-in rules, by the name of their pack
	Packs []string `json:"packs,omitempty" jsonschema:"uniqueItems=true,enum=encryption,enum=public-exposure,enum=backups,enum=tags,enum=least-privilege,enum=production"`
	// tags that the pack tags wants on every component; without it owner and cost-center
	RequiredTags []string `json:"requiredTags,omitempty" jsonschema:"uniqueItems=true,minLength=1"`
	// rules of one's own
	Rules []PolicyRule `json:"rules,omitempty" jsonschema:"maxItems=500"`
	// components that a rule does not hold for, each with a reason and an end
	Exceptions []PolicyException `json:"exceptions,omitempty" jsonschema:"maxItems=500"`
}

// PolicyRule is a condition that must hold.
type PolicyRule struct {
	// the rule's name, unique in the stack
	Name string `json:"name" jsonschema:"required,pattern=^[a-z][a-z0-9-]{0\\,62}$"`
	// what the rule is for
	Description string `json:"description,omitempty" jsonschema:"maxLength=500"`
	// deny stops the deployment, warn only tells
	Severity PolicySeverity `json:"severity" jsonschema:"enum=deny,enum=warn"`
	// what is judged: each component by itself, or the plan as a whole
	On PolicySubject `json:"on" jsonschema:"enum=resource,enum=plan"`
	// which components, or plans, are judged; without it all
	Match PolicyMatch `json:"match,omitzero"`
	// a CEL expression that must be true. It sees resource (address, kind, service, component, stack, environment, spec, tags) or plan (counts, steps)
	Expression string `json:"expression" jsonschema:"required,minLength=1,maxLength=4000"`
	// what is said when it is false; {{ }} holds CEL expressions, as in {{ resource.address }}
	Message string `json:"message,omitempty" jsonschema:"maxLength=1000"`
}

// SetDefaults makes it stop the deployment for a single component.
func (r *PolicyRule) SetDefaults() { r.Severity, r.On = Deny, OnResource }

// PolicySeverity says what a broken rule does.
type PolicySeverity string

// The severities of rules.
const (
	Deny PolicySeverity = "deny"
	Warn PolicySeverity = "warn"
)

// PolicySubject says what a rule judges.
type PolicySubject string

// The subjects of rules.
const (
	OnResource PolicySubject = "resource"
	OnPlan     PolicySubject = "plan"
)

// PolicyMatch narrows a rule. What is given must all fit; a name may end with *.
type PolicyMatch struct {
	// kinds of components
	Kinds []string `json:"kinds,omitempty" jsonschema:"uniqueItems=true,minLength=1"`
	// environments
	Environments []string `json:"environments,omitempty" jsonschema:"uniqueItems=true,minLength=1"`
	// services
	Services []string `json:"services,omitempty" jsonschema:"uniqueItems=true,minLength=1"`
	// components, as service/component
	Components []string `json:"components,omitempty" jsonschema:"uniqueItems=true,minLength=1"`
}

// PolicyException lets one component break one rule for a time.
type PolicyException struct {
	// the rule's name
	Rule string `json:"rule" jsonschema:"required,minLength=1"`
	// the component, as service/component; * for all
	Component string `json:"component" jsonschema:"required,minLength=1"`
	// why
	Reason string `json:"reason" jsonschema:"required,minLength=10,maxLength=500"`
	// the last day on which it holds, as in 2027-03-31
	Expires Date `json:"expires" jsonschema:"required"`
}

// Compliance is a Compliance document of the environment.
type Compliance struct {
	Name     string         `json:"name"`
	Spec     ComplianceSpec `json:"spec"`
	Position diag.Position  `json:"position"`
	// Places holds where the parts of spec stand, by path, as in spec.rules[0].expression.
	Places map[string]diag.Position `json:"places,omitempty"`
}

// At returns the place of a part of the spec, or that of the document.
func (c *Compliance) At(path string) diag.Position {
	if position, known := c.Places[path]; known {
		return position
	}
	return c.Position
}

func (c *ComplianceSpec) check(k *Checker) {
	names := make([]string, len(c.Rules))
	for i, rule := range c.Rules {
		names[i] = rule.Name
		for j, kind := range rule.Match.Kinds {
			if kind != "*" && kind[len(kind)-1] != '*' {
				k.oneOf(CodeUnknownKind, indexed(indexed("rules", i)+".match.kinds", j), kind, kindNames(), "kind")
			}
		}
	}
	k.unique("rules", ".name", names)
}

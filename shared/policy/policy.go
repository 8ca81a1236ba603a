// Package policy judges what is to be deployed: a set of resources with its Compliance documents goes in, an Engine comes
// out, which says of resources and of plans which rules they break. Rules are CEL expressions; what they see is described
// at RuleVariables.
package policy

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/resource"
)

// The codes of diagnostics about policies.
const (
	CodePolicy     diag.Code = "policy"            // a rule is broken
	CodeExpression diag.Code = "policy-expression" // a rule cannot be understood
	CodeException  diag.Code = "policy-exception"  // an exception names no rule
	CodeRule       diag.Code = "policy-rule"       // two rules have one name
)

// Engine holds the rules of one stack in one environment, compiled.
type Engine struct {
	scope       address.Address
	environment resource.Environment
	platform    *platform
	now         time.Time
	budget      uint64  // for one set or plan
	rules       []*rule // sorted by name
	exceptions  []exception
	approval    *program // of autoApproveIf; nil without one
}

// Compile reads the Compliance documents of a set, and the condition of its environment's approval. now is when exceptions
// are looked at. A rule that cannot be understood is a diagnostic, and the Engine goes without it; it is never nil.
func Compile(set *resource.Set, now time.Time) (*Engine, diag.List) {
	e := &Engine{scope: set.Scope, environment: set.Environment, platform: platformOf(set), now: now, budget: maxBudget}
	var ds diag.List
	e.addPacks(set.Compliance)
	for i := range set.Compliance {
		e.addRules(&set.Compliance[i], &ds)
	}
	slices.SortStableFunc(e.rules, func(a, b *rule) int { return strings.Compare(a.name, b.name) })
	known := e.names(set.Compliance)
	for i := range set.Compliance {
		e.addExceptions(&set.Compliance[i], known, &ds)
	}
	e.addApproval(&ds)
	return e, ds.Sorted()
}

// addPacks takes the rules of each pack in that any document asks for.
func (e *Engine) addPacks(documents []resource.Compliance) {
	asked, required := map[string]bool{}, map[string]bool{}
	for _, c := range documents {
		for _, name := range c.Spec.Packs {
			asked[name] = true
		}
		for _, tag := range c.Spec.RequiredTags {
			required[tag] = true
		}
	}
	for _, pack := range packs {
		if !asked[pack.Name] {
			continue
		}
		for i := range pack.Rules {
			e.rules = append(e.rules, pack.Rules[i].compiled(pack.Name, sortedKeys(required)))
		}
	}
}

func (e *Engine) addRules(c *resource.Compliance, ds *diag.List) {
	for i := range c.Spec.Rules {
		source := &c.Spec.Rules[i]
		path := indexed("spec.rules", i)
		if slices.ContainsFunc(e.rules, func(known *rule) bool { return known.name == source.Name && known.document != c.Name }) {
			ds.Errorf(CodeRule, c.At(path+".name"), path+".name", "another Compliance document has a rule %q", source.Name).WithHint("rename one of the two")
			continue
		}
		r, mistakes := newRule(source, costOf(source), func(field string) diag.Position { return c.At(path + "." + field) }, path)
		ds.Append(mistakes)
		if r != nil {
			r.document = c.Name
			e.rules = append(e.rules, r)
		}
	}
}

// names are those of all rules, of which some may not be understood.
func (e *Engine) names(documents []resource.Compliance) []string {
	names := map[string]bool{}
	for _, r := range e.rules {
		names[r.name] = true
	}
	for _, c := range documents {
		for _, r := range c.Spec.Rules {
			names[r.Name] = true
		}
	}
	return sortedKeys(names)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

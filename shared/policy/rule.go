package policy

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/resource"
)

// rule is a condition that must hold, compiled.
type rule struct {
	name        string // of a built-in one pack/rule
	description string
	document    string // the Compliance document that it stands in
	severity    resource.PolicySeverity
	on          resource.PolicySubject
	match       resource.PolicyMatch
	condition   *program
	message     message
	path        string        // the first field of the spec that it looks at
	position    diag.Position // of the expression
}

// newRule compiles a rule; nil when it cannot be understood. at finds the place of one of its fields.
func newRule(source *resource.PolicyRule, cost uint64, at func(field string) diag.Position, path string) (*rule, diag.List) {
	var ds diag.List
	refuse := func(field string, err error) {
		ds.Errorf(CodeExpression, at(field), path+"."+field, "the rule %s: %v", source.Name, err).WithHint("%s", hintFor(err))
	}
	subject := string(source.On)
	r := &rule{name: source.Name, description: source.Description, severity: source.Severity, on: source.On, match: source.Match, position: at("expression")}
	condition, err := compile(subject, source.Expression, true, cost)
	if err == nil {
		r.path, err = checkCondition(condition, source.On, source.Match.Kinds)
	}
	if err != nil {
		refuse("expression", err)
	}
	r.condition = condition
	r.message, err = newMessage(subject, source.Message, cost)
	if err == nil {
		err = r.message.check(source.On, source.Match.Kinds)
	}
	if err != nil {
		refuse("message", err)
	}
	if ds.HasErrors() {
		return nil, ds
	}
	return r, nil
}

func hintFor(err error) string {
	var unknown *unknownField
	if errors.As(err, &unknown) {
		return unknown.hint
	}
	return "expressions are CEL, as in resource.spec.deletionPolicy != 'Delete'"
}

// costOf is what one evaluation of an author's rule may cost.
func costOf(source *resource.PolicyRule) uint64 {
	if source.On == resource.OnPlan {
		return planCost
	}
	return resourceCost
}

// appliesTo reports whether the rule is about a resource.
func (r *rule) appliesTo(res *resource.Resource) bool {
	a, m := res.Address, r.match
	return r.on == resource.OnResource && fits(m.Kinds, string(res.Kind)) && fits(m.Environments, a.Environment) &&
		fits(m.Services, a.Service) && fits(m.Components, a.Short())
}

// fits reports whether a name is among patterns, which may end with *. Without patterns every name fits.
func fits(patterns []string, name string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return fitsOne(p, name) })
}

func fitsOne(pattern, name string) bool {
	if beginning, open := strings.CutSuffix(pattern, "*"); open {
		return strings.HasPrefix(name, beginning)
	}
	return pattern == name
}

func indexed(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

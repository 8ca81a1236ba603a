package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/resource"
)

// Violation is a rule that is broken.
type Violation struct {
	Rule     string                  `json:"rule"` // a built-in one is pack/rule
	Severity resource.PolicySeverity `json:"severity"`
	Address  address.Address         `json:"address,omitzero"` // the component; that of the scope for a plan as a whole
	Message  string                  `json:"message"`
	Reason   string                  `json:"reason,omitempty"`  // what the rule is for
	Path     string                  `json:"path,omitempty"`    // the field that is at fault, or the first that the rule looks at, as in spec.multiAZ
	Position diag.Position           `json:"position,omitzero"` // of the component's document, or of a plan's rule
}

// Diagnostic says it to the author.
func (v Violation) Diagnostic() diag.Diagnostic {
	d := diag.Diagnostic{Severity: diag.Error, Code: CodePolicy, Position: v.Position, Path: v.Path, Message: v.Message}
	if v.Severity == resource.Warn {
		d.Severity = diag.Warning
	}
	if v.Address.IsComponent() {
		d.Message = v.Address.Short() + ": " + d.Message
	}
	d.Message += fmt.Sprintf(" [%s]", v.Rule)
	if d.Hint = v.Reason; d.Hint == "" {
		d.Hint = "change it, or add an exception with a reason to a Compliance document"
	}
	return d
}

// maxBudget is what all rules together may cost over one set or plan, so that a bundle cannot keep a function busy.
const maxBudget = 50_000_000

// CheckResources judges every resource of a set by itself. The violations are sorted by address and rule;
// exceptions whose day is over come last.
func (e *Engine) CheckResources(set *resource.Set) []Violation {
	var found []Violation
	left := e.budget
	for _, r := range set.Resources {
		var variables map[string]any
		for _, rule := range e.rules {
			if !rule.appliesTo(r) {
				continue
			}
			if variables == nil {
				variables = e.variables("resource", newSubject(r))
			}
			broken, text, cost := rule.judge(variables)
			if broken {
				found = append(found, Violation{Rule: rule.name, Severity: rule.severity, Address: r.Address, Message: text,
					Reason: rule.description, Path: rule.path, Position: r.Position})
			}
			if cost > left {
				return append(e.except(found), e.exhausted(rule))
			}
			left -= cost
		}
	}
	return append(e.except(found), e.ended()...)
}

// CheckPlan judges a plan, as decoded from plan.json. A rule that names kinds, services or components sees the steps of
// those alone, and is not asked when there are none.
func (e *Engine) CheckPlan(plan map[string]any) []Violation {
	var found []Violation
	data, _ := planData(plan).(map[string]any)
	left := e.budget
	for _, rule := range e.rules {
		seen, any := rule.narrowed(data)
		if rule.on != resource.OnPlan || !any || !fits(rule.match.Environments, e.scope.Environment) {
			continue
		}
		broken, text, cost := rule.judge(e.variables("plan", seen))
		if broken {
			found = append(found, Violation{Rule: rule.name, Severity: rule.severity, Address: e.scope, Message: text,
				Reason: rule.description, Position: rule.position})
		}
		if cost > left {
			return append(e.except(found), e.exhausted(rule))
		}
		left -= cost
	}
	return e.except(found)
}

func (e *Engine) variables(subject string, of any) map[string]any {
	return map[string]any{subject: of, "environment": &e.environment, "platform": e.platform}
}

func (e *Engine) exhausted(last *rule) Violation {
	return Violation{Rule: last.name, Severity: resource.Deny, Address: e.scope, Position: last.position,
		Message: "the rules together take too long; this one was the last to be asked", Reason: "make expressions simpler, or match fewer components"}
}

// judge reports whether the rule is broken, what is to be said, and what asking cost. A rule that cannot be evaluated is
// broken: what nobody could judge is not let through.
func (r *rule) judge(variables map[string]any) (broken bool, text string, cost uint64) {
	holds, cost, err := r.condition.holds(variables)
	switch {
	case err != nil:
		return true, "cannot be judged: " + err.Error(), cost
	case holds:
		return false, "", cost
	}
	text, more := r.message.text(variables)
	if text == "" {
		text = "must be true: " + strings.Join(strings.Fields(r.condition.text), " ")
	}
	return true, text, cost + more
}

// narrowed leaves of a plan the steps that the rule is about; false when there are none although it names some.
func (r *rule) narrowed(plan map[string]any) (map[string]any, bool) {
	m := r.match
	if len(m.Kinds) == 0 && len(m.Services) == 0 && len(m.Components) == 0 {
		return plan, true
	}
	steps, _ := plan["steps"].([]any)
	var kept []any
	for _, s := range steps {
		step, _ := s.(map[string]any)
		kind, _ := step["kind"].(string)
		text, _ := step["address"].(string)
		a, err := address.Parse(text)
		if err == nil && fits(m.Kinds, kind) && fits(m.Services, a.Service) && fits(m.Components, a.Short()) {
			kept = append(kept, step)
		}
	}
	narrowed := make(map[string]any, len(plan))
	for key, value := range plan {
		narrowed[key] = value
	}
	narrowed["steps"] = kept
	return narrowed, len(kept) > 0
}

func sortViolations(found []Violation) {
	slices.SortStableFunc(found, func(a, b Violation) int {
		return cmp.Or(a.Address.Compare(b.Address), strings.Compare(a.Rule, b.Rule))
	})
}

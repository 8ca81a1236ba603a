package policy

import (
	"fmt"
	"slices"

	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/resource"
)

// exception lets components break a rule until its day is over.
type exception struct {
	resource.PolicyException
	position diag.Position
	expired  bool
}

func (e *Engine) addExceptions(c *resource.Compliance, known []string, ds *diag.List) {
	for i, x := range c.Spec.Exceptions {
		path := indexed("spec.exceptions", i)
		if x.Rule != "" && !slices.Contains(known, x.Rule) {
			d := ds.Errorf(CodeException, c.At(path+".rule"), path+".rule", "there is no rule named %q", x.Rule)
			if nearest := diag.Nearest(x.Rule, known); nearest != "" {
				d.WithHint("did you mean %q?", nearest)
			} else {
				d.WithHint("built-in rules are written pack/rule, and the pack has to be among packs")
			}
			continue
		}
		e.exceptions = append(e.exceptions, exception{PolicyException: x, position: c.At(path), expired: !e.now.Before(x.Expires.End())})
	}
}

func (x *exception) covers(v Violation) bool {
	return x.Rule == v.Rule && (x.Component == "*" || v.Address.IsComponent() && fitsOne(x.Component, v.Address.Short()))
}

// except takes out what exceptions allow. One that has ended allows nothing, and the violation says so.
func (e *Engine) except(found []Violation) []Violation {
	kept := make([]Violation, 0, len(found))
	for _, v := range found {
		allowed, ended := false, resource.Date("")
		for i := range e.exceptions {
			x := &e.exceptions[i]
			switch {
			case !x.covers(v):
			case x.expired:
				ended = max(ended, x.Expires)
			default:
				allowed = true
			}
		}
		if allowed {
			continue
		}
		if ended != "" {
			v.Message += fmt.Sprintf(" (its exception ended with %s)", ended)
		}
		kept = append(kept, v)
	}
	sortViolations(kept)
	return kept
}

// ended are warnings of exceptions whose day is over: they have to be renewed or taken out.
func (e *Engine) ended() []Violation {
	var found []Violation
	for _, x := range e.exceptions {
		if x.expired {
			found = append(found, Violation{Rule: x.Rule, Severity: resource.Warn, Address: e.scope, Position: x.position, Path: "spec.exceptions",
				Message: fmt.Sprintf("the exception for %s ended with %s", x.Component, x.Expires), Reason: "take it out, or agree on another day"})
		}
	}
	return found
}

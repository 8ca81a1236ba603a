package plan

import (
	"fmt"
	"maps"
	"slices"

	"github.com/deployer-io/deployer/shared/resource"
)

// RulesChanged says in words which of the rules over deployments a bundle changes against what was deployed before it, so
// that whoever reads the plan sees them: they are no component, and have no step.
func RulesChanged(before, after *resource.Environment, was, is []resource.Compliance) []string {
	var said []string
	if old, now := inWords(before.Approval), inWords(after.Approval); old != now {
		said = append(said, fmt.Sprintf("approval: %s -> %s", old, now))
	}
	for _, window := range before.Windows {
		if !slices.Contains(after.Windows, window) {
			said = append(said, "window removed: "+windowText(window))
		}
	}
	for _, window := range after.Windows {
		if !slices.Contains(before.Windows, window) {
			said = append(said, "window added: "+windowText(window))
		}
	}
	return append(said, policiesChanged(was, is)...)
}

func inWords(a resource.Approval) string {
	if a.Mode == resource.ApprovalAuto {
		return "nobody has to agree"
	}
	text := fmt.Sprintf("%d to agree", max(a.MinApprovals, 1))
	if a.AllowSelf {
		text += ", the starter may be one"
	}
	if a.Mode == resource.ApprovalConditional {
		text += ", nobody if " + a.AutoApproveIf
	}
	return text
}

func windowText(w resource.Window) string {
	return fmt.Sprintf("%s %s for %s, %s", w.Kind, w.Schedule, w.Duration, w.Timezone)
}

// policiesChanged names the packs and rules that no longer hold as they did, and the exceptions that are new. What else a
// document adds only forbids more.
func policiesChanged(was, is []resource.Compliance) []string {
	var said []string
	old, now := policiesOf(was), policiesOf(is)
	for _, name := range slices.Sorted(maps.Keys(old.held)) {
		switch text, there := now.held[name]; {
		case !there:
			said = append(said, name+" removed")
		case text != old.held[name]:
			said = append(said, name+" changed")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now.excepted)) {
		if !old.excepted[name] {
			said = append(said, name+" added")
		}
	}
	return said
}

type policies struct {
	held     map[string]string // rules and packs, each with what it says
	excepted map[string]bool
}

func policiesOf(documents []resource.Compliance) policies {
	all := policies{held: map[string]string{}, excepted: map[string]bool{}}
	for _, c := range documents {
		for _, pack := range c.Spec.Packs {
			all.held["policy pack "+pack] = ""
		}
		for _, rule := range c.Spec.Rules {
			all.held["policy "+rule.Name] = fmt.Sprintf("%+v", rule)
		}
		for _, e := range c.Spec.Exceptions {
			all.excepted[fmt.Sprintf("exception of %s from policy %s until %v", e.Component, e.Rule, e.Expires)] = true
		}
	}
	return all
}

package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/state"
)

// Refusal is one component that a plan would have deleted or replaced although it is guarded against that.
type Refusal struct {
	Component string `json:"component"`       // service/component
	Where     string `json:"where,omitempty"` // file:line:column of its document; empty for one that has none any more
	Message   string `json:"message"`         // what would happen and what to do instead
}

// ReplaceRefused is the error of a plan that would delete or replace guarded components. Nothing was planned.
type ReplaceRefused struct{ Refusals []Refusal }

func (e *ReplaceRefused) Error() string {
	lines := make([]string, len(e.Refusals))
	for i, r := range e.Refusals {
		lines[i] = r.Component + " " + r.Message
		if r.Where != "" {
			lines[i] = r.Where + ": " + lines[i]
		}
	}
	return strings.Join(lines, "\n")
}

func refused(refusals []Refusal) error {
	slices.SortFunc(refusals, func(a, b Refusal) int { return strings.Compare(a.Component, b.Component) })
	return &ReplaceRefused{Refusals: refusals}
}

func (m *maker) refuse(step *Step, format string, args ...any) {
	m.refusals = append(m.refusals, Refusal{Component: step.Address.Short(), Where: step.Where,
		Message: fmt.Sprintf(format, args...)})
}

// guardReplacement refuses to replace what is protected or holds data, unless its author allows it.
func (m *maker) guardReplacement(c *comparison) {
	switch {
	case c.step.Action != Replace:
		return
	case m.back != nil:
		m.guardReplacementBack(c)
		return
	}
	base := c.resource.Spec.Base()
	because := strings.Join(c.replacing, ", ")
	holds := stateful(c.record.Kind) && exists(c.record)
	c.step.Stateful = c.step.Stateful || holds
	if holds {
		c.step.DeletionPolicy = base.DeletionPolicy
	}
	switch {
	case base.Protect:
		m.refuse(c.step, "is protected, and a change of %s would replace it: "+
			"take the change back, or take protect: true out first", because)
	case holds && !base.AllowReplace:
		m.refuse(c.step, "holds data, and a change of %s would delete it and create it anew: "+
			"take the change back, or write allowReplace: true", because)
	}
}

// guardDeletion refuses to delete what is protected.
func (m *maker) guardDeletion(step *Step, record state.Record) {
	if m.back != nil {
		m.guardDeletionBack(step, record)
		return
	}
	var spec guarded
	if err := json.Unmarshal(record.Spec, &spec); err == nil && spec.Protect {
		m.refuse(step, "is protected and would be deleted: take protect: true out of its document, apply that, and delete it then")
	}
	if step.Stateful {
		step.DeletionPolicy = spec.DeletionPolicy
	}
}

// checkAccount refuses to move an environment to another AWS account: its credentials could not delete what is in the old.
func (m *maker) checkAccount(set *resource.Set) {
	account := set.Environment.Account
	if account == "" {
		return
	}
	var moved []string
	for short, record := range m.snapshot.Components {
		if record.Account != "" && record.Account != account {
			moved = append(moved, short)
		}
	}
	if len(moved) > 0 {
		slices.Sort(moved)
		was := m.snapshot.Components[moved[0]].Account
		others := ""
		if more := len(moved) - 1; more > 0 {
			others = fmt.Sprintf("(and %d more) ", more)
		}
		m.refusals = append(m.refusals, Refusal{Component: moved[0], Message: fmt.Sprintf(
			"%sis in account %s, and environment %s is now in %s: "+
				"destroy the environment with its old account first, or add another environment",
			others, was, set.Scope.Environment, account)})
	}
}

// exists reports whether anything of the component is known or suspected to be there.
func exists(record state.Record) bool {
	return record.Status == state.Deployed || record.Resources > 0 || len(record.Leftovers) > 0
}

func stateful(kind string) bool {
	definition, ok := resource.Lookup(resource.Kind(kind))
	return !ok || definition.Stateful // what is not known is handled with the greater care
}

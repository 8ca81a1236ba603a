package plan

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/graph"
	"github.com/deployer-io/deployer/shared/resource"
)

// Impact is what a change of a bundle touches, whatever is deployed.
type Impact struct {
	Scope      address.Address `json:"scope"`
	Components []Affected      `json:"components"` // sorted by address
	// Settings are the changes of what is no component: the stack's spec, the environment's, the services' and the policies.
	Settings []Change `json:"settings"`
}

// Affected is a component that a change touches, by what it says itself or through what it needs.
type Affected struct {
	Address address.Address `json:"address"`
	Kind    resource.Kind   `json:"kind"`
	// Action is what would be done if the base were deployed. An update without Reasons is done only if the outputs of
	// what the component needs turn out to change.
	Action  Action   `json:"action"`
	Reasons []string `json:"reasons,omitempty"` // of the component itself, in words
	Changes []Change `json:"changes,omitempty"` // of its spec, sorted by path
	// Through are the edges from the component to others that are affected.
	Through []graph.Edge `json:"through,omitempty"`
}

// Direct reports whether the component itself has changed.
func (a Affected) Direct() bool { return len(a.Reasons) > 0 }

// Affect compares what two bundles want in one environment. Either may be nil: one that wants nothing there.
func Affect(base, head *resource.Set) (*Impact, error) {
	if base == nil && head == nil {
		return nil, fmt.Errorf("plan: there is nothing to compare")
	}
	impact := &Impact{Components: []Affected{}, Settings: []Change{}}
	wanted := head
	if head == nil {
		wanted = base
	}
	impact.Scope = wanted.Scope
	touched := map[address.Address]*Affected{}
	if err := touchDirectly(base, head, touched); err != nil {
		return nil, err
	}
	if head != nil {
		touchThrough(head, touched)
	}
	for _, a := range touched {
		impact.Components = append(impact.Components, *a)
	}
	slices.SortFunc(impact.Components, func(a, b Affected) int { return a.Address.Compare(b.Address) })
	if base == nil || head == nil {
		return impact, nil // all of it is new, or gone
	}
	settings, err := settingsDiffer(base, head)
	impact.Settings = append(impact.Settings, settings...)
	return impact, err
}

// touchDirectly finds the components whose own description differs.
func touchDirectly(base, head *resource.Set, touched map[address.Address]*Affected) error {
	before, after := resourcesOf(base), resourcesOf(head)
	for _, now := range after {
		was, known := find(base, now.Address)
		if !known {
			touched[now.Address] = &Affected{Address: now.Address, Kind: now.Kind, Action: Create, Reasons: []string{"added"}}
			continue
		}
		a, err := compareResources(base, head, was, now)
		if err != nil {
			return err
		}
		if a.Direct() {
			touched[now.Address] = a
		}
	}
	for _, was := range before {
		if _, still := find(head, was.Address); !still {
			touched[was.Address] = &Affected{Address: was.Address, Kind: was.Kind, Action: Delete, Reasons: []string{"removed"}}
		}
	}
	return nil
}

func resourcesOf(set *resource.Set) []*resource.Resource {
	if set == nil {
		return nil
	}
	return set.Resources
}

func find(set *resource.Set, at address.Address) (*resource.Resource, bool) {
	if set == nil {
		return nil, false
	}
	return set.Find(at)
}

func compareResources(base, head *resource.Set, was, now *resource.Resource) (*Affected, error) {
	a := &Affected{Address: now.Address, Kind: now.Kind, Action: Update}
	replace := func(what, before, after string) {
		if before != after {
			a.Action = Replace
			a.Reasons = append(a.Reasons, fmt.Sprintf("%s changes from %s to %s", what, before, after))
		}
	}
	replace("kind", string(was.Kind), string(now.Kind))
	if a.Direct() {
		return a, nil // the fields of two kinds cannot be compared
	}
	replace("account", base.Environment.Account, head.Environment.Account)
	replace("region", base.Environment.Region, head.Environment.Region)
	changes, err := Compare(was, now)
	if err != nil {
		return nil, err
	}
	a.Changes = changes
	if len(changes) > 0 {
		a.Reasons = append(a.Reasons, "spec differs")
	}
	if slices.ContainsFunc(changes, func(c Change) bool { return c.Replaces }) {
		a.Action = Replace
		a.Reasons = append(a.Reasons, "a field changes that cannot be changed in place")
	}
	before, after := seen(was), seen(now)
	for _, short := range before {
		if !slices.Contains(after, short) {
			a.Reasons = append(a.Reasons, "no longer needs "+short)
		}
	}
	for _, short := range after {
		if !slices.Contains(before, short) {
			a.Reasons = append(a.Reasons, "now needs "+short)
		}
	}
	return a, nil
}

// seen are the components that a resource sees something of, by service/component, sorted.
func seen(r *resource.Resource) []string {
	var shorts []string
	for _, need := range r.Needs { // sorted by address
		if need.Reason != resource.ReasonService {
			shorts = append(shorts, need.Address.Short())
		}
	}
	return slices.Compact(shorts)
}

// Compare returns the fields in which the specs of two resources of one kind differ, sorted by path.
func Compare(was, now *resource.Resource) ([]Change, error) {
	before, err := json.Marshal(was.Spec)
	if err != nil {
		return nil, fmt.Errorf("plan: %s: %w", was.Address, err)
	}
	after, err := json.Marshal(now.Spec)
	if err != nil {
		return nil, fmt.Errorf("plan: %s: %w", now.Address, err)
	}
	return CompareSpecs(now.Kind, before, after)
}

// CompareSpecs returns the fields in which two specs of one kind differ, both as JSON, sorted by path.
func CompareSpecs(kind resource.Kind, before, after []byte) ([]Change, error) {
	definition, known := resource.Lookup(kind)
	if !known {
		return nil, fmt.Errorf("plan: kind %q is not known", kind)
	}
	changes, err := diff(before, after)
	for i, change := range changes {
		changes[i].Replaces = slices.ContainsFunc(definition.ReplaceOn, func(path string) bool { return covers(path, change.Path) })
	}
	return changes, err
}

// touchThrough finds, again and again, the components that see something of one that is affected. An order among services
// gives nothing to see.
func touchThrough(head *resource.Set, touched map[address.Address]*Affected) {
	dependents := map[address.Address][]*resource.Resource{}
	for _, r := range head.Resources {
		for _, need := range r.Needs {
			if need.Reason != resource.ReasonService {
				dependents[need.Address] = append(dependents[need.Address], r)
			}
		}
	}
	var next []address.Address
	for at := range touched {
		next = append(next, at)
	}
	for len(next) > 0 {
		at := next[0]
		next = next[1:]
		for _, r := range dependents[at] {
			if touched[r.Address] == nil {
				touched[r.Address] = &Affected{Address: r.Address, Kind: r.Kind, Action: Update}
				next = append(next, r.Address)
			}
		}
	}
	for _, r := range head.Resources {
		if a := touched[r.Address]; a != nil {
			a.Through = edgesTo(r, touched)
		}
	}
}

func edgesTo(r *resource.Resource, touched map[address.Address]*Affected) []graph.Edge {
	var edges []graph.Edge
	for _, need := range r.Needs { // sorted
		if need.Reason == resource.ReasonService || touched[need.Address] == nil {
			continue
		}
		edge := graph.Edge{From: r.Address, To: need.Address, Reason: need.Reason, Path: need.Path}
		if need.Position.File != "" {
			edge.Where = need.Position.String()
		}
		edges = append(edges, edge)
	}
	return slices.Compact(edges) // several outputs may be read for one field
}

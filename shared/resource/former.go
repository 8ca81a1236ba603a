package resource

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/diag"
)

// Former is a component as it once was deployed: its complete spec, in which references name components by
// service/component, and all that it waited for.
type Former struct {
	Address   address.Address
	Kind      Kind
	Spec      json.RawMessage
	DependsOn []string // service/component
}

// Restored returns the set of components as they once were. What they see of one another follows from their specs and from
// the platform, as Build finds it; what they merely waited for, from DependsOn. A component that another refers to and that
// is not among them is left out of the other's needs.
func Restored(scope address.Address, stack StackSpec, environment Environment, formers []Former) (*Set, error) {
	set := &Set{SchemaVersion: SchemaVersion, Scope: scope, Stack: stack, Environment: environment, Services: []Service{}, Resources: []*Resource{}}
	known := make(map[string]*Resource, len(formers))
	for _, f := range formers {
		spec, err := DecodeSpec(f.Kind, f.Spec)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Address, err)
		}
		r := &Resource{Address: f.Address, Kind: f.Kind, Spec: spec}
		known[f.Address.Short()] = r
		set.Resources = append(set.Resources, r)
	}
	for _, f := range formers {
		r := known[f.Address.Short()]
		r.refer(known)
		r.settle(known)
		r.wait(known, f.DependsOn)
		slices.SortFunc(r.Needs, compareNeeds)
	}
	slices.SortFunc(set.Resources, func(a, b *Resource) int { return a.Address.Compare(b.Address) })
	return set, nil
}

// refer notes the needs that follow from the spec's references.
func (r *Resource) refer(known map[string]*Resource) {
	for _, reference := range References(r.Spec) {
		on, there := known[reference.Component]
		if !there || on == r {
			continue
		}
		outputs := []string{reference.Output}
		if reference.Output == "" {
			outputs = offered(on, reference.Reads)
		}
		for _, output := range outputs {
			r.needs(on, ReasonValue, reference.Path, output)
		}
		if len(outputs) == 0 {
			r.needs(on, ReasonDependsOn, reference.Path, "")
		}
	}
}

// offered returns those of the outputs that a component has.
func offered(r *Resource, outputs []string) []string {
	definition, _ := Lookup(r.Kind)
	var has []string
	for _, output := range outputs {
		if _, declared := definition.Output(output); declared && lacks(r.Spec, output) == "" {
			has = append(has, output)
		}
	}
	return has
}

// settle notes the needs of the environment's network, key and alarms.
func (r *Resource) settle(known map[string]*Resource) {
	definition, _ := Lookup(r.Kind)
	for name, lives := range map[string]bool{"networking": LivesInNetwork(definition, r.Spec), "security": true,
		"observability": definition.Family != PlatformFamily} {
		if on, there := known[PlatformService+"/"+name]; there && lives && on != r {
			r.needs(on, ReasonPlatform, "", "")
		}
	}
}

// wait notes those that the component waited for without seeing anything of them.
func (r *Resource) wait(known map[string]*Resource, dependsOn []string) {
	for _, short := range dependsOn {
		on, there := known[short]
		needed := slices.ContainsFunc(r.Needs, func(n Need) bool { return n.Address.Short() == short })
		if there && on != r && !needed {
			r.needs(on, ReasonService, "", "")
		}
	}
}

func (r *Resource) needs(on *Resource, reason Reason, path, output string) {
	r.Needs = append(r.Needs, Need{Address: on.Address, Reason: reason, Path: path, Output: output, Position: diag.Position{}})
}

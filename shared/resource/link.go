package resource

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/diag"
)

// link finds what each reference leads to, completes its name, and notes the needs that follow.
func (b *builder) link() {
	for _, e := range b.entries {
		walk(e.resource.Spec, func(at *place, target any, tags *refTags) {
			switch ref := target.(type) {
			case *OutputRef:
				b.linkOutput(e, ref)
			case *ComponentRef:
				if !ref.IsZero() {
					b.linkComponent(e, ref, tags)
				}
			}
		})
	}
	b.linkStackHooks()
}

// linkStackHooks looks at the components that the stack's own hooks name; a stack waits for nothing, so no need follows.
func (b *builder) linkStackHooks() {
	walk(&b.set.Stack, func(_ *place, target any, tags *refTags) {
		switch ref := target.(type) {
		case *OutputRef:
			if found := b.find(nil, ref.Component, ref.Position, ref.Path); found != nil {
				ref.Component = found.resource.Address.Short()
				b.checkOutput(found, ref)
			}
		case *ComponentRef:
			if ref.IsZero() {
				return
			}
			if found := b.find(nil, ref.Component, ref.Position, ref.Path); found != nil {
				ref.Component = found.resource.Address.Short()
				b.checkKind(found, ref, tags)
			}
		}
	})
}

func (b *builder) linkOutput(e *entry, ref *OutputRef) {
	found := b.find(e, ref.Component, ref.Position, ref.Path)
	if found == nil {
		return
	}
	ref.Component = found.resource.Address.Short()
	if found == e {
		if !afterwards(ref.Path) {
			b.refuseSelf(ref.Position, ref.Path, "a component cannot read its own outputs while it is made")
		} else {
			b.checkOutput(found, ref)
		}
		return
	}
	if b.checkOutput(found, ref) {
		e.resource.need(found, ReasonValue, ref.Path, ref.Output, ref.Position)
	}
}

func (b *builder) linkComponent(e *entry, ref *ComponentRef, tags *refTags) {
	found := b.find(e, ref.Component, ref.Position, ref.Path)
	if found == nil {
		return
	}
	ref.Component = found.resource.Address.Short()
	if found == e {
		b.refuseSelf(ref.Position, ref.Path, "a component cannot wait for itself")
		return
	}
	if !b.checkKind(found, ref, tags) {
		return
	}
	reads := false
	for _, output := range tags.reads {
		if _, has := found.definition.Output(output); has && lacks(found.resource.Spec, output) == "" {
			e.resource.need(found, ReasonValue, ref.Path, output, ref.Position)
			reads = true
		}
	}
	if !reads {
		e.resource.need(found, ReasonDependsOn, ref.Path, "", ref.Position)
	}
}

// afterwards reports whether a field is used only once the component is there, so that it may name the component itself.
func afterwards(path string) bool {
	return strings.HasPrefix(path, "spec.verify.") || strings.HasPrefix(path, "spec.hooks.post[") || strings.HasPrefix(path, "spec.hooks.onFailure[")
}

func (b *builder) refuseSelf(at diag.Position, path, message string) {
	b.ds.Errorf(CodeSelfReference, at, path, "%s", message).WithHint("name another component, or take it out")
}

func (r *Resource) need(on *entry, reason Reason, path, output string, position diag.Position) {
	r.Needs = append(r.Needs, Need{Address: on.resource.Address, Reason: reason, Path: path, Output: output, Position: position})
}

// find returns the component that a name means, seen from e; nil after reporting that there is none.
func (b *builder) find(e *entry, name string, at diag.Position, path string) *entry {
	short := name
	if !strings.Contains(name, "/") && e != nil {
		short = e.resource.Address.Service + "/" + name
	}
	if found := b.byShort[short]; found != nil {
		return found
	}
	d := b.ds.Errorf(CodeDangling, at, path, "there is no component %q in environment %s", shorten(name), b.set.Scope.Environment)
	d.WithHint("%s", b.nearestComponent(e, name, short))
	return nil
}

func (b *builder) nearestComponent(e *entry, name, short string) string {
	switch parts := strings.Count(name, "/"); {
	case parts > 1 || parts == 0 && e == nil:
		return "write service/component"
	case parts == 0:
		for _, known := range b.shorts { // the right name, but another service
			if strings.HasSuffix(known, "/"+name) {
				return `did you mean "` + known + `"?`
			}
		}
	}
	if strings.HasPrefix(short, PlatformService+"/") {
		return "add the " + strings.TrimPrefix(short, PlatformService+"/") + " document of the environment"
	}
	return b.suggest(short, b.shorts, "add it, or correct the name")
}

// checkOutput reports an output that the component does not have, or that is no text.
func (b *builder) checkOutput(found *entry, ref *OutputRef) bool {
	definition := found.definition
	output, known := definition.Output(ref.Output)
	if !known {
		names := make([]string, len(definition.Outputs))
		for i, o := range definition.Outputs {
			names[i] = o.Name
		}
		d := b.ds.Errorf(CodeUnknownOutput, ref.Position, ref.Path, "%s %s has no output %q", definition.Kind, ref.Component, shorten(ref.Output))
		d.WithHint("%s", b.suggest(ref.Output, names, "it has "+strings.Join(names, ", ")))
		return false
	}
	if why := lacks(found.resource.Spec, ref.Output); why != "" {
		b.ds.Errorf(CodeUnknownOutput, ref.Position, ref.Path, "%s %s has no output %q: %s", definition.Kind, ref.Component, ref.Output, why).
			WithHint("change its document at %s, or read another output", found.document.Position)
		return false
	}
	return b.checkOutputType(output, ref)
}

func (b *builder) checkOutputType(output Output, ref *OutputRef) bool {
	several := output.Type == TextList || output.Type == TextMap
	switch {
	case several && ref.Key == "":
		b.ds.Errorf(CodeOutputType, ref.Position, ref.Path, "the output %s is a %s, and one text is wanted", output.Name, output.Type).
			WithHint("add key to say which entry is meant")
	case !several && ref.Key != "":
		b.ds.Errorf(CodeOutputType, ref.Position, ref.Path, "the output %s is a %s and has no entries", output.Name, output.Type).
			WithHint("take key out")
	default:
		return true
	}
	return false
}

func (b *builder) checkKind(found *entry, ref *ComponentRef, tags *refTags) bool {
	if len(tags.kinds) == 0 || slices.Contains(tags.kinds, found.definition.Kind) {
		return true
	}
	names := make([]string, len(tags.kinds))
	for i, kind := range tags.kinds {
		names[i] = string(kind)
	}
	b.ds.Errorf(CodeReferenceKind, ref.Position, ref.Path, "%s is a %s, and a %s is wanted here", ref.Component, found.definition.Kind, strings.Join(names, " or ")).
		WithHint("name another component")
	return false
}

// addPlatformNeeds makes components wait for the environment's network, key and alarms.
func (b *builder) addPlatformNeeds() {
	platform := func(kind string) *entry { return b.byShort[PlatformService+"/"+kind] }
	networking, security, observability := platform("networking"), platform("security"), platform("observability")
	var homeless []*entry
	for _, e := range b.entries {
		if networking != nil && e != networking && LivesInNetwork(e.definition, e.resource.Spec) {
			e.resource.need(networking, ReasonPlatform, "", "", diag.Position{})
		} else if networking == nil && LivesInNetwork(e.definition, e.resource.Spec) {
			homeless = append(homeless, e)
		}
		if security != nil && e != security {
			e.resource.need(security, ReasonPlatform, "", "", diag.Position{})
		}
		if observability != nil && e.definition.Family != PlatformFamily {
			e.resource.need(observability, ReasonPlatform, "", "", diag.Position{})
		}
	}
	if len(homeless) > 0 {
		first := homeless[0]
		others := ""
		if more := len(homeless) - 1; more > 0 {
			others = fmt.Sprintf(" (the same holds for %d more)", more)
		}
		b.ds.Errorf(CodeNoNetwork, first.document.Position, "", "%s %s lives in a network, and environment %s has no Networking document%s",
			first.definition.Kind, first.resource.Address.Short(), b.set.Scope.Environment, others).
			WithHint("add one: apiVersion: infra.deployer.io/v1, kind: Networking, metadata: {name: network}, spec: {cidr: 10.0.0.0/16}")
	}
	for _, r := range b.set.Resources {
		slices.SortFunc(r.Needs, compareNeeds)
	}
}

func compareNeeds(a, b Need) int {
	return cmp.Or(a.Address.Compare(b.Address), strings.Compare(string(a.Reason), string(b.Reason)), strings.Compare(a.Path, b.Path),
		strings.Compare(a.Output, b.Output))
}

// addServiceNeeds makes the components of a service wait for those of the services it depends on. It is enough that the
// first of the one wait for the last of the other: those that nothing in their own service precedes, or follows.
func (b *builder) addServiceNeeds() {
	for _, s := range b.set.Services {
		dependent := b.services[s.Name]
		dependencies := dependent.document.Spec.Get("dependsOn").Items()
		for i, name := range s.Spec.DependsOn {
			if i >= len(dependencies) {
				break
			}
			at := dependencies[i]
			switch {
			case b.services[name] == nil:
				b.ds.Errorf(CodeUnknownService, at.Position(), at.Path(), "there is no Service document named %q", shorten(name)).
					WithHint("%s", b.suggest(name, sortedKeys(b.services), "add it, or correct the name"))
				continue
			case name == s.Name:
				b.refuseSelf(at.Position(), at.Path(), "a service cannot depend on itself")
				continue
			}
			for _, last := range b.lastOf(name, map[string]bool{s.Name: true}) {
				for _, first := range dependent.first() {
					first.resource.need(last, ReasonService, at.Path(), "", at.Position())
				}
			}
		}
	}
	for _, r := range b.set.Resources {
		slices.SortFunc(r.Needs, compareNeeds)
	}
}

// first returns the components that need nothing in their own service; all where each needs another.
func (s *service) first() []*entry {
	var first []*entry
	for _, e := range s.entries {
		if !slices.ContainsFunc(e.resource.Needs, func(n Need) bool { return n.Address.Service == s.Name }) {
			first = append(first, e)
		}
	}
	if len(first) == 0 {
		return s.entries
	}
	return first
}

// lastOf returns the components of a service that nothing in it needs. A service without components here stands for
// those it depends on itself.
func (b *builder) lastOf(name string, seen map[string]bool) []*entry {
	s := b.services[name]
	if s == nil || seen[name] {
		return nil
	}
	seen[name] = true
	if len(s.entries) == 0 {
		var last []*entry
		for _, dependency := range s.Spec.DependsOn {
			last = append(last, b.lastOf(dependency, seen)...)
		}
		return last
	}
	needed := map[address.Address]bool{}
	for _, e := range s.entries {
		for _, need := range e.resource.Needs {
			needed[need.Address] = true
		}
	}
	last := slices.DeleteFunc(slices.Clone(s.entries), func(e *entry) bool { return needed[e.resource.Address] })
	if len(last) == 0 {
		return s.entries
	}
	return last
}

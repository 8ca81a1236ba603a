package document

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

const (
	codeStack       diag.Code = "stack"
	codeEnvironment diag.Code = "environment"
	codeTarget      diag.Code = "dangling-target"
)

// ofStack chooses the stack and returns the documents that belong to it; m.stack stays nil when there is none to choose.
func (m *merger) ofStack(docs []*Document) []*Document {
	var stacks []*Document
	var names []string
	for _, d := range docs {
		if d.isStack() && d.Environment == "" {
			stacks, names = append(stacks, d), append(names, d.Metadata.Name)
		}
	}
	chosen := m.chooseStack(stacks, names)
	if chosen == nil {
		return nil
	}
	m.stack = &effective{base: chosen, own: []layer{{LayerDocument, chosen.Spec.n}}}
	var own []*Document
	for _, d := range docs {
		if m.belongs(d, chosen.Metadata.Name, names) {
			own = append(own, d)
		}
	}
	return own
}

func (d *Document) isStack() bool { return d.APIVersion == CoreV1 && d.Kind == KindStack }

func (m *merger) chooseStack(stacks []*Document, names []string) *Document {
	wanted := m.options.Stack
	switch {
	case len(stacks) == 0:
		m.ds.Errorf(codeStack, diag.Position{}, "", "the bundle holds no Stack document").
			WithHint("add one with apiVersion: %s and kind: Stack, or run 'deployer init'", CoreV1)
		return nil
	case wanted == "" && len(slices.Compact(slices.Sorted(slices.Values(names)))) > 1:
		m.ds.Errorf(codeStack, stacks[1].Position, "", "the bundle holds several stacks: %s", list(names)).
			WithHint("choose one with --stack")
		return nil
	case wanted == "":
		return stacks[0]
	}
	if i := slices.Index(names, wanted); i >= 0 {
		return stacks[i]
	}
	m.ds.Errorf(codeStack, stacks[0].Position, "", "the bundle holds no stack named %q", shorten(wanted)).
		WithHint("%s", m.suggest(wanted, names, "it holds "+list(names)))
	return nil
}

// belongs reports whether d is one of the stack's documents.
func (m *merger) belongs(d *Document, stack string, names []string) bool {
	of, at := d.Metadata.Stack, d.Metadata.Node.Get("stack")
	if d.isStack() {
		return d.Metadata.Name == stack
	}
	if of == "" {
		if several := slices.ContainsFunc(names, func(name string) bool { return name != stack }); several {
			m.ds.Errorf(codeStack, d.Metadata.Node.Position(), "metadata.stack", "%s does not say which stack it belongs to", d.title()).
				WithHint("the bundle holds several: add stack: with one of %s", list(names))
		}
		return true
	}
	if !slices.Contains(names, of) {
		m.ds.Errorf(codeStack, at.Position(), at.Path(), "the bundle holds no stack named %q", shorten(of)).
			WithHint("%s", m.suggest(of, names, "it holds "+list(names)))
	}
	return of == stack
}

// checkTargets reports what is said about environments and components that do not exist, and returns the --set values by
// component.
func (m *merger) checkTargets(docs []*Document) map[string][]layer {
	here, anywhere := map[string]bool{}, map[string]bool{}
	for _, d := range docs {
		if d.IsComponent() {
			anywhere[d.short()] = true
			here[d.short()] = here[d.short()] || d.holdsIn(m.options.Environment)
		}
	}
	components := slices.Collect(maps.Keys(anywhere))
	for _, d := range docs {
		if d.IsLayer() && d.Kind == KindComponentInfra && d.Metadata.Service != "" && !anywhere[d.short()] &&
			d.holdsIn(m.options.Environment) {
			m.ds.Errorf(codeTarget, d.Position, "", "there is no component %s for this ComponentInfra", d.short()).
				WithHint("%s", m.suggest(d.short(), components, "correct metadata.service and metadata.name"))
		}
	}
	sets := map[string][]layer{}
	for _, s := range m.options.Sets {
		if s.component == "" {
			continue
		}
		if !here[s.component] {
			m.ds.Errorf(codeTarget, diag.Position{File: s.title()}, "", "there is no component %s in environment %s",
				s.component, m.options.Environment).
				WithHint("%s", m.suggest(s.component, components, "write SERVICE/COMPONENT.path=value"))
			continue
		}
		sets[s.component] = append(sets[s.component], layer{LayerSet, s.patch})
	}
	return sets
}

// holdsIn reports whether the document is one of the environment's.
func (d *Document) holdsIn(environment string) bool {
	return d.Environment == "" || d.Environment == environment
}

// environmentNames are the environments that a Stack's spec declares.
func environmentNames(spec Node) []string {
	var names []string
	for _, e := range spec.Get("environments").Items() {
		if name, ok := e.Get("name").Text(); ok {
			names = append(names, name)
		}
	}
	return names
}

// checkEnvironments reports an environment that the stack does not declare: the one asked for, and those of overlays.
func (m *merger) checkEnvironments(docs []*Document, declared []string) {
	if m.options.Environment == "" {
		m.ds.Errorf(codeEnvironment, m.stack.base.Position, "spec.environments", "no environment was chosen").
			WithHint("choose one with --environment: %s", list(declared))
	} else if !slices.Contains(declared, m.options.Environment) {
		m.ds.Errorf(codeEnvironment, m.stack.base.Position, "spec.environments", "the stack %s declares no environment named %q",
			m.stack.base.Metadata.Name, shorten(m.options.Environment)).
			WithHint("%s", m.suggest(m.options.Environment, declared, "it declares "+list(declared)))
	}
	reported := map[string]bool{}
	for _, d := range docs {
		if d.Environment == "" || slices.Contains(declared, d.Environment) || reported[d.Position.File] {
			continue
		}
		reported[d.Position.File] = true
		m.ds.Errorf(codeEnvironment, diag.Position{File: d.Position.File}, "", "the folder is for the environment %q, which the stack %s does not declare",
			shorten(d.Environment), m.stack.base.Metadata.Name).
			WithHint("%s", m.suggest(d.Environment, declared, "it declares "+list(declared)))
	}
}

// maxSuggestions bounds the search for near names among all documents: a bundle with more such mistakes has another one.
const maxSuggestions = 50

// suggest is the hint with the nearest name, or otherwise.
func (m *merger) suggest(name string, known []string, otherwise string) string {
	if m.suggested++; m.suggested > maxSuggestions {
		return otherwise
	}
	return suggestion(name, known, otherwise)
}

// suggestion is the hint with the nearest name, or otherwise.
func suggestion(name string, known []string, otherwise string) string {
	if nearest := diag.Nearest(name, known); nearest != "" {
		return fmt.Sprintf("did you mean %q?", nearest)
	}
	return otherwise
}

// list joins names, sorted, each once, for a message.
func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(names))), ", ")
}

package document

import (
	"slices"

	"github.com/deployer-io/deployer/shared/diag"
)

// Layer is where a value of a merged document comes from.
type Layer string

// The layers, lowest first: each wins over those before it.
const (
	LayerInfraDefaults        Layer = "InfraDefaults"        // spec.kinds.KIND of the stack
	LayerServiceInfraDefaults Layer = "ServiceInfraDefaults" // spec.kinds.KIND of the component's service
	LayerComponentInfra       Layer = "ComponentInfra"       // spec.overrides for the component
	LayerDocument             Layer = "document"             // the document's own spec
	LayerEnvironment          Layer = "environment"          // an overlay in environments/NAME
	LayerSet                  Layer = "--set"                // the command line
)

type layer struct {
	name Layer
	tree *node
}

// defaults are what lies below the documents' own specs, by what it is for. What many documents share is merged once.
type defaults struct {
	ofKind      map[string]stackOf
	ofService   map[[2]string]stackOf // service, kind: with ofKind below
	ofComponent map[string][]layer    // service/name
}

// stackOf is layers and what they come to.
type stackOf struct {
	tree   *node
	layers []layer
}

// defaults reads the documents that give values, which are merged with their own overlays already.
func (m *merger) defaults(givers []*Document) *defaults {
	d := &defaults{ofKind: map[string]stackOf{}, ofService: map[[2]string]stackOf{}, ofComponent: map[string][]layer{}}
	p := patcher{ds: &m.ds}
	for _, g := range givers {
		if g.Kind == KindInfraDefaults {
			m.eachKind(g, func(kind string, value Node) {
				d.ofKind[kind] = d.ofKind[kind].over(&p, LayerInfraDefaults, value)
			})
		}
	}
	for _, g := range givers {
		switch g.Kind {
		case KindServiceInfraDefaults:
			if m.needsService(g) {
				m.eachKind(g, func(kind string, value Node) {
					key := [2]string{g.Metadata.Service, kind}
					if _, begun := d.ofService[key]; !begun {
						d.ofService[key] = d.ofKind[kind]
					}
					d.ofService[key] = d.ofService[key].over(&p, LayerServiceInfraDefaults, value)
				})
			}
		case KindComponentInfra:
			m.checkKeys(g, "overrides")
			if value := g.Spec.Get("overrides"); m.needsService(g) && m.isMapping(value) {
				d.ofComponent[g.short()] = append(d.ofComponent[g.short()], layer{LayerComponentInfra, value.n})
			}
		}
	}
	return d
}

func (s stackOf) over(p *patcher, name Layer, value Node) stackOf {
	tree := p.merge(s.tree, value.n, value.at)
	if tree == nil {
		tree = value.n.with(Map, nil)
	}
	return stackOf{tree, append(slices.Clip(s.layers), layer{name, value.n})}
}

// below returns what a document lies on: the merged tree, nil when there is none, and its layers.
func (d *defaults) below(doc *Document, ds *diag.List) (*node, []layer) {
	if doc.APIVersion == CoreV1 {
		return nil, nil
	}
	s, own := d.ofService[[2]string{doc.Metadata.Service, doc.Kind}]
	if !own {
		s = d.ofKind[doc.Kind]
	}
	if !doc.IsComponent() {
		return s.tree, s.layers
	}
	p := patcher{ds: ds}
	for _, l := range d.ofComponent[doc.short()] {
		s = s.over(&p, l.name, Node{l.tree, doc.Spec.at})
	}
	return s.tree, s.layers
}

func (m *merger) eachKind(g *Document, visit func(kind string, value Node)) {
	m.checkKeys(g, "kinds")
	kinds := g.Spec.Get("kinds")
	if !m.isMapping(kinds) {
		return
	}
	for key, value := range kinds.Each() {
		if m.isMapping(value) {
			visit(key.n.text, value)
		}
	}
}

func (m *merger) checkKeys(g *Document, known ...string) {
	for key := range g.Spec.Each() {
		if !slices.Contains(known, key.n.text) {
			unknownField(&m.ds, key.n, g.Spec.at, known)
		}
	}
}

func (m *merger) isMapping(n Node) bool {
	if k := n.Kind(); k == Map || k == Absent || k == Null {
		return k == Map
	}
	wrongKind(&m.ds, n.n, n.at, Map.String())
	return false
}

func (m *merger) needsService(g *Document) bool {
	if g.Metadata.Service == "" {
		missingField(&m.ds, g.Metadata.Node.n, g.Metadata.Node.at, "service")
	}
	return g.Metadata.Service != ""
}

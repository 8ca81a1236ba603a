package document

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

const codeDuplicateDocument diag.Code = "duplicate-document"

// effective is a document as it exists in the environment: its own spec and those of its overlays.
type effective struct {
	base     *Document
	overlays []*Document
	own      []layer
}

// document returns the merged document: lower are the layers below its own, spec what they came to.
func (e *effective) document(lower []layer, spec Node) *Document {
	d := *e.base
	d.Spec, d.layers = spec, append(slices.Clip(lower), e.own...)
	d.Metadata.Labels = maps.Clone(d.Metadata.Labels)
	d.Metadata.Annotations = maps.Clone(d.Metadata.Annotations)
	for _, o := range e.overlays {
		overlayMap(&d.Metadata.Labels, o.Metadata.Labels)
		overlayMap(&d.Metadata.Annotations, o.Metadata.Annotations)
	}
	return &d
}

func overlayMap(base *map[string]string, over map[string]string) {
	if *base == nil && len(over) > 0 {
		*base = map[string]string{}
	}
	maps.Copy(*base, over)
}

// effective groups the documents with their overlays for the environment, in the order of docs, and drops what an overlay
// deletes.
func (m *merger) effective(docs []*Document) []*effective {
	byIdentity := make(map[identity]*effective, len(docs))
	var all []*effective
	add := func(d *Document) {
		layerName := LayerDocument
		if d.Environment != "" {
			layerName = LayerEnvironment
		}
		e := &effective{base: d, own: []layer{{layerName, d.Spec.n}}}
		byIdentity[d.identity()] = e
		all = append(all, e)
	}
	for _, d := range docs {
		if d.Environment != "" {
			continue
		}
		if first, twice := byIdentity[d.identity()]; twice {
			m.ds.Errorf(codeDuplicateDocument, d.Position, "", "%s stands twice; first at %s", d.title(), first.base.Position).
				WithHint("rename one of the two, or take it out")
			continue
		}
		add(d)
	}
	deleted := map[identity]bool{}
	for _, d := range m.overlays(docs) {
		e, known := byIdentity[d.identity()]
		switch {
		case d.patch == patchDelete && known:
			deleted[d.identity()] = true
		case d.patch == patchDelete:
			m.ds.Errorf(codeOverlay, d.Position, "", "deletes %s, which is not there", d.title()).
				WithHint("%s", m.nearestDocument(d, all))
		case !known:
			add(d)
		case d.patch == patchReplace:
			e.own, e.overlays = []layer{{LayerEnvironment, d.Spec.n}}, append(e.overlays, d)
		default:
			e.own, e.overlays = append(e.own, layer{LayerEnvironment, d.Spec.n}), append(e.overlays, d)
		}
	}
	return slices.DeleteFunc(all, func(e *effective) bool { return deleted[e.base.identity()] })
}

func (m *merger) nearestDocument(d *Document, all []*effective) string {
	var names []string
	for _, e := range all {
		if e.base.Kind == d.Kind {
			names = append(names, e.base.short())
		}
	}
	return m.suggest(d.short(), names, "take the overlay out")
}

// overlays returns the documents that lie over others in the environment, from the outermost folder to the innermost.
func (m *merger) overlays(docs []*Document) []*Document {
	var overlays []*Document
	for _, d := range docs {
		if d.Environment == m.options.Environment && d.Environment != "" {
			overlays = append(overlays, d)
		}
	}
	slices.SortStableFunc(overlays, func(a, b *Document) int {
		return cmp.Or(
			cmp.Compare(strings.Count(a.Position.File, "/"), strings.Count(b.Position.File, "/")),
			a.Position.Compare(b.Position))
	})
	return overlays
}

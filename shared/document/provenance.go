package document

import "github.com/deployer-io/deployer/shared/diag"

// Field says where one value of a merged document comes from.
type Field struct {
	Origin
	Path     string   `json:"path"`
	Overrode []Origin `json:"overrode,omitempty"` // what lower layers say about the same field, the nearest first
}

// Origin is a value with its place.
type Origin struct {
	Value    any           `json:"value"` // as Node.Value; in Field with variables replaced, in Overrode as written
	Layer    Layer         `json:"layer"`
	Position diag.Position `json:"position"`
}

// Provenance returns, for a document that Merge returned, every field that holds a value, in the document's order: a
// scalar, an empty mapping, or a list that is not merged by name. Documents from Parse have none.
func (d *Document) Provenance() []Field {
	if len(d.layers) == 0 {
		return nil
	}
	trees := make([]*node, len(d.layers))
	for i, l := range d.layers {
		trees[i] = l.tree
	}
	p := provenance{layers: d.layers}
	p.walk(d.Spec, trees, len(trees)-1)
	return p.fields
}

type provenance struct {
	layers []layer
	fields []Field
}

// walk visits n; trees hold what each layer says at the same path, nil for nothing; winner is the layer that n's parent
// came from, which holds for what has no place of its own in any layer.
func (p *provenance) walk(n Node, trees []*node, winner int) {
	for i := len(trees) - 1; i >= 0; i-- {
		if trees[i].isPlaceOf(n.n) {
			winner = i
			break
		}
	}
	switch below := make([]*node, len(trees)); {
	case n.Kind() == Map && n.Len() > 0:
		for key, value := range n.Each() {
			for i, tree := range trees {
				below[i] = tree.get(key.n.text)
			}
			p.walk(value, below, winner)
		}
	case n.Kind() == List && isNamedList(n.n):
		for _, item := range n.Items() {
			for i, tree := range trees {
				below[i] = tree.named(item.n.get("name").text)
			}
			p.walk(item, below, winner)
		}
	default:
		p.leaf(n, trees, winner)
	}
}

func (p *provenance) leaf(n Node, trees []*node, winner int) {
	f := Field{Path: n.Path(), Origin: Origin{Value: n.Value(), Layer: p.layers[winner].name, Position: n.Position()}}
	for i := winner - 1; i >= 0; i-- {
		if tree := trees[i]; tree != nil {
			f.Overrode = append(f.Overrode, Origin{Value: tree.value(), Layer: p.layers[i].name, Position: tree.position()})
		}
	}
	p.fields = append(p.fields, f)
}

func (n *node) isPlaceOf(m *node) bool {
	return n != nil && n.from == m.from && n.line == m.line && n.column == m.column
}

// named returns the item of that name in a list.
func (n *node) named(name string) *node {
	if n == nil || n.kind != List {
		return nil
	}
	for _, item := range n.items {
		if value := item.get("name"); value != nil && value.text == name {
			return item
		}
	}
	return nil
}

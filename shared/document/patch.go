package document

import (
	"math"

	"github.com/deployer-io/deployer/shared/diag"
)

// The rules about merging.
const (
	codePatch     diag.Code = "patch"
	codeSameNames diag.Code = "duplicate-name"
)

// patchMode is what a $patch says.
type patchMode uint8

const (
	patchMerge patchMode = iota
	patchReplace
	patchDelete
)

var patchModes = map[string]patchMode{"merge": patchMerge, "replace": patchReplace, "delete": patchDelete}

// patcher lays one tree over another without changing either: what neither touches is shared. A mapping or list that both
// have stands at the patch's place, or at the base's when keep is set: a component is found where it is written, not in
// the defaults below it nor in the overlay above.
type patcher struct {
	ds   *diag.List
	keep bool
}

func (p *patcher) place(base, patch *node) *node {
	if p.keep {
		return base
	}
	return patch
}

// merge returns base with patch laid over it, nil when nothing is left. Either may be nil.
func (p *patcher) merge(base, patch *node, at *step) *node {
	switch {
	case patch == nil:
		return base
	case patch.kind == Null:
		return nil
	case patch.kind == Map:
		return p.mergeMaps(base, patch, at)
	case patch.kind == List && base != nil && base.kind == List && isNamedList(base) && p.isNamedPatch(patch):
		return p.mergeNamed(base, patch, at)
	}
	return p.clean(patch, at)
}

func (p *patcher) mergeMaps(base, patch *node, at *step) *node {
	switch p.mode(patch, at) {
	case patchDelete:
		return nil
	case patchReplace:
		base = nil
	}
	if base == nil || base.kind != Map {
		return p.clean(patch, at)
	}
	items := make([]*node, 0, len(base.items)+len(patch.items))
	patched := newLookup(patch)
	for i := 0; i < len(base.items); i += 2 {
		key, value := base.items[i], base.items[i+1]
		if over := patched.at(key.text); over >= 0 {
			value = p.merge(value, patch.items[over+1], &step{parent: at, key: key.text})
			key = patch.items[over]
		}
		if value != nil {
			items = append(items, key, value)
		}
	}
	inBase := newLookup(base)
	for i := 0; i < len(patch.items); i += 2 {
		key := patch.items[i]
		if key.text == patchKey || inBase.at(key.text) >= 0 {
			continue
		}
		if value := p.clean(patch.items[i+1], &step{parent: at, key: key.text}); value != nil {
			items = append(items, key, value)
		}
	}
	return p.place(base, patch).with(Map, items)
}

// clean takes the directives and nulls out of a tree that is laid over nothing; nil when nothing is left.
func (p *patcher) clean(n *node, at *step) *node {
	if n.kind == Null {
		return nil
	}
	if n.flags&hasPatch == 0 {
		return n
	}
	switch n.kind {
	case Map:
		if p.mode(n, at) == patchDelete {
			return nil
		}
		items := make([]*node, 0, len(n.items))
		for i := 0; i < len(n.items); i += 2 {
			if key := n.items[i]; key.text != patchKey {
				if value := p.clean(n.items[i+1], &step{parent: at, key: key.text}); value != nil {
					items = append(items, key, value)
				}
			}
		}
		return n.with(Map, items)
	case List:
		items := make([]*node, 0, len(n.items))
		for i, item := range n.items {
			if item.kind == Null {
				items = append(items, item) // of no use in a list: left to be reported where the list is read
			} else if !isReplaceAll(item) {
				if here := (&step{parent: at, index: i}); item.kind == Map && p.mode(item, here) == patchDelete {
					p.ds.Errorf(codePatch, item.position(), here.String(), "deletes an item, but no list below is merged "+
						"with this one by name: it would stand alone").WithHint("write out the items that are to stay")
				}
				if item = p.clean(item, &step{parent: at, index: i}); item != nil {
					items = append(items, item)
				}
			}
		}
		return n.with(List, items)
	}
	return n
}

// mode reads the $patch of a mapping.
func (p *patcher) mode(n *node, at *step) patchMode {
	if n.flags&hasPatch == 0 {
		return patchMerge
	}
	value := n.get(patchKey)
	if value == nil {
		return patchMerge
	}
	mode, ok := patchModes[value.text]
	if !ok || value.kind != Text {
		badPatch(p.ds, value, &step{parent: at, key: patchKey})
	}
	return mode
}

func badPatch(ds *diag.List, value *node, at *step) {
	ds.Errorf(codePatch, value.position(), at.String(), "$patch must be delete, replace or merge").
		WithHint("write $patch: delete or $patch: replace")
}

// with returns a node in n's place that holds items.
func (n *node) with(kind Kind, items []*node) *node {
	made := &node{from: n.from, line: n.line, column: n.column, kind: kind, items: items}
	size, height := 1, uint16(1)
	for _, item := range items {
		size += int(item.size)
		height = max(height, item.height+1)
		made.flags |= item.flags
		if item.kind == Null || item.text == patchKey {
			made.flags |= hasPatch
		}
	}
	made.size, made.height = uint32(min(size, math.MaxUint32)), height
	return made
}

// lookup finds keys of a mapping, by a map where it has many.
type lookup struct {
	n     *node
	index map[string]int
}

func newLookup(n *node) lookup {
	l := lookup{n: n}
	if len(n.items) > 4*few {
		l.index = make(map[string]int, len(n.items)/2)
		for i := 0; i < len(n.items); i += 2 {
			l.index[n.items[i].text] = i
		}
	}
	return l
}

// at returns where the key stands among the items, or -1.
func (l lookup) at(key string) int {
	if l.index != nil {
		if i, ok := l.index[key]; ok {
			return i
		}
		return -1
	}
	for i := 0; i < len(l.n.items); i += 2 {
		if l.n.items[i].text == key {
			return i
		}
	}
	return -1
}

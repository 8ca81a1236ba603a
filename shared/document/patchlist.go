package document

import "slices"

// mergeNamed merges lists by the names of their items: those of base keep their order, new ones follow.
func (p *patcher) mergeNamed(base, patch *node, at *step) *node {
	place := p.place(base, patch)
	if slices.ContainsFunc(patch.items, isReplaceAll) {
		base = base.with(List, nil)
	}
	byName := make(map[string]int, len(base.items))
	items := make([]*node, len(base.items), len(base.items)+len(patch.items))
	copy(items, base.items)
	for i, item := range items {
		name := item.get("name").text
		if _, twice := byName[name]; twice {
			p.sameNames(item, at, i, name)
			continue
		}
		byName[name] = i
	}
	patched := make(map[string]bool, len(patch.items))
	for i, item := range patch.items {
		if isReplaceAll(item) {
			continue
		}
		here, name := &step{parent: at, index: i}, item.get("name")
		if patched[name.text] {
			p.sameNames(item, at, i, name.text)
			continue
		}
		patched[name.text] = true
		if j, known := byName[name.text]; known {
			items[j] = p.merge(items[j], item, here)
			continue
		}
		if p.mode(item, here) == patchDelete {
			p.ds.Errorf(codePatch, item.position(), here.String(), "deletes the item %q, which is not there", shorten(name.text)).
				WithHint("take the item out, or correct its name")
			continue
		}
		items = append(items, p.clean(item, here))
	}
	kept := items[:0]
	for _, item := range items {
		if item != nil {
			kept = append(kept, item)
		}
	}
	return place.with(List, kept)
}

func (p *patcher) sameNames(item *node, at *step, i int, name string) {
	p.ds.Errorf(codeSameNames, item.position(), (&step{parent: at, index: i}).String(),
		"another item of the list is named %q too", shorten(name)).WithHint("rename one of the two")
}

// isNamedList is true for a list that is merged by name: it has items, and all are mappings with a name.
func isNamedList(list *node) bool {
	for _, item := range list.items {
		if !isNamed(item) {
			return false
		}
	}
	return len(list.items) > 0
}

func (p *patcher) isNamedPatch(list *node) bool {
	for _, item := range list.items {
		if !isNamed(item) && !isReplaceAll(item) {
			return false
		}
	}
	return len(list.items) > 0
}

func isNamed(item *node) bool {
	name := item.get("name")
	return name != nil && name.kind != Null && name.kind != List && name.kind != Map
}

// isReplaceAll is true for the item {$patch: replace}, which makes a patch of a named list the whole list.
func isReplaceAll(item *node) bool {
	return item.kind == Map && len(item.items) == 2 && item.items[0].text == patchKey && item.items[1].text == "replace"
}

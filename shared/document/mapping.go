package document

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// few is the number of keys up to which comparing each with each is cheaper than a map.
const few = 8

// mapping checks a mapping's keys before anything below them is looked at, in time linear in their number.
func (c *converter) mapping(y *yaml.Node, depth int) *node {
	c.checkTag(y, "!!map")
	n := c.add(y, Map)
	if count := len(y.Content) / 2; count > MaxKeys {
		c.fail(codeLimit, y, "the mapping has %d keys; at most %d are allowed", count, MaxKeys).WithHint("split it")
		return n
	}
	merges := c.checkKeys(y)
	if c.broken {
		return n
	}
	n.items = c.children(len(y.Content) - 2*merges)[:0]
	for i := 0; i+1 < len(y.Content) && !c.broken; i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		if key.Kind != yaml.ScalarNode || isMergeKey(key) {
			continue
		}
		k := c.add(key, Text)
		k.text = key.Value
		if key.Anchor != "" {
			c.fault(codeKey, key, "a key may not have an anchor").WithHint("leave &%s out", key.Anchor)
		}
		v := c.convert(value, depth+1)
		n.items = append(n.items, k, v)
		c.hold(n, k, key)
		c.hold(n, v, value)
		if k.text == patchKey {
			n.flags |= hasPatch
		}
	}
	for i := 0; merges > 0 && i+1 < len(y.Content) && !c.broken; i += 2 {
		if isMergeKey(y.Content[i]) {
			c.mergeKey(n, y.Content[i+1], depth)
		}
	}
	return n
}

func isMergeKey(key *yaml.Node) bool { return key.Kind == yaml.ScalarNode && key.Tag == "!!merge" }

// checkKeys reports keys that are no texts and keys that stand twice, and counts the merge keys.
func (c *converter) checkKeys(y *yaml.Node) (merges int) {
	useMap := len(y.Content)/2 > few
	if useMap {
		if c.seen == nil {
			c.seen = make(map[string]int, len(y.Content)/2)
		}
		clear(c.seen)
	}
	for i := 0; i+1 < len(y.Content); i += 2 {
		key := y.Content[i]
		if key.Kind != yaml.ScalarNode {
			c.fail(codeKey, key, "a key must be a plain text").WithHint("write the key out")
			return merges
		}
		if isMergeKey(key) {
			merges++
		} else {
			c.checkKey(key)
		}
		first := -1
		if useMap {
			if at, twice := c.seen[key.Value]; twice {
				first = at
			} else {
				c.seen[key.Value] = i
			}
		} else {
			for j := 0; j < i && first < 0; j += 2 {
				if y.Content[j].Value == key.Value {
					first = j
				}
			}
		}
		if first >= 0 {
			c.fault(codeDuplicate, key, "the key %q stands twice; first in line %d", shorten(key.Value), y.Content[first].Line).
				WithHint("keep one of the two")
		}
	}
	return merges
}

func (c *converter) checkKey(key *yaml.Node) {
	switch {
	case key.Tag == "!!null" || key.Value == "":
		c.fault(codeKey, key, "a key must not be empty").WithHint("name it")
	case key.Style&yaml.TaggedStyle != 0 && key.Tag != "!!str":
		c.fault(codeTag, key, "the tag %s is not allowed", shorten(key.Tag)).WithHint("leave it out")
	case strings.Contains(key.Value, "${"):
		c.fault(codeKey, key, "variables are replaced in values only, not in the key %q", shorten(key.Value)).
			WithHint("write the key out")
	}
}

// mergeKey adds to n what stands behind "<<": a mapping, or a list of mappings of which the first ones win. What the
// mapping itself says always wins.
func (c *converter) mergeKey(n *node, y *yaml.Node, depth int) {
	from := c.convert(y, depth)
	parts := []*node{from}
	if from.kind == List {
		parts = from.items
	}
	have := make(map[string]bool, len(n.items))
	for i := 0; i < len(n.items); i += 2 {
		have[n.items[i].text] = true
	}
	for _, part := range parts {
		if c.broken {
			return
		}
		if part.kind != Map {
			c.fault(codeKey, y, "what is merged by << must be a mapping, not %s", part.kind).WithHint("name a mapping: <<: *anchor")
			return
		}
		for i := 0; i < len(part.items) && !c.broken; i += 2 {
			key, value := part.items[i], part.items[i+1]
			if have[key.text] {
				continue
			}
			have[key.text] = true
			n.items = append(n.items, key, value)
			c.hold(n, key, y)
			c.hold(n, value, y)
			if key.text == patchKey {
				n.flags |= hasPatch
			}
		}
	}
	if len(n.items)/2 > MaxKeys && !c.broken {
		c.fail(codeLimit, y, "the mapping has more than %d keys with those merged by <<", MaxKeys).WithHint("split it")
	}
}

package document

import (
	"errors"
	"math"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/deployer-io/deployer/shared/diag"
)

const patchKey = "$patch"

// converter turns the library's trees of one file into ours: a third of the size, resolved, checked and bounded. Texts
// are shared, not copied.
type converter struct {
	file    string
	ds      *diag.List
	from    *source
	nodes   int // so far, those behind aliases counted each time
	aliases int
	broken  bool // a bound was passed: nothing more of the file is read

	anchors map[*yaml.Node]*node // nil while the anchor's own tree is being converted
	seen    map[string]int       // scratch: a mapping's keys
	slab    []node
	links   []*node
}

// document converts one document of the file; nil when it is empty or broken.
func (c *converter) document(root *yaml.Node) *node {
	if root.Kind != yaml.DocumentNode || len(root.Content) == 0 {
		return nil
	}
	c.from = &source{file: c.file}
	count := countNodes(root.Content[0])
	if c.nodes+count > MaxFileNodes {
		c.fail(codeLimit, root.Content[0], "the file holds more than %d values", MaxFileNodes).
			WithHint("split it into several files")
		return nil
	}
	c.slab, c.links = make([]node, 0, count), make([]*node, 0, count)
	tree := c.convert(root.Content[0], 1)
	if c.broken {
		return nil
	}
	c.nodes += int(tree.size)
	return tree
}

func countNodes(y *yaml.Node) int {
	count := 1
	for _, child := range y.Content {
		count += countNodes(child)
	}
	return count
}

func (c *converter) convert(y *yaml.Node, depth int) *node {
	if depth > MaxDepth {
		if !c.broken {
			c.fail(codeLimit, y, "the document is more than %d levels deep", MaxDepth).WithHint("flatten it")
		}
		return c.add(y, Null)
	}
	if y.Kind == yaml.AliasNode {
		return c.alias(y, depth)
	}
	if y.Anchor != "" {
		if c.anchors == nil {
			c.anchors = map[*yaml.Node]*node{}
		}
		c.anchors[y] = nil
	}
	var n *node
	switch y.Kind {
	case yaml.MappingNode:
		n = c.mapping(y, depth)
	case yaml.SequenceNode:
		n = c.sequence(y, depth)
	default:
		n = c.scalar(y)
	}
	if y.Anchor != "" {
		c.anchors[y] = n
	}
	return n
}

// add takes a node from the slab, which a broken document may outgrow.
func (c *converter) add(y *yaml.Node, kind Kind) *node {
	if len(c.slab) == cap(c.slab) {
		c.slab = make([]node, 0, 64)
	}
	c.slab = append(c.slab, node{
		from: c.from, line: narrow(y.Line), column: narrow(y.Column), size: 1, height: 1, kind: kind,
	})
	return &c.slab[len(c.slab)-1]
}

func narrow(n int) uint32 { return uint32(min(max(n, 0), math.MaxUint32)) }

// children takes room for n links.
func (c *converter) children(n int) []*node {
	if cap(c.links)-len(c.links) < n {
		c.links = make([]*node, 0, max(n, 64))
	}
	start := len(c.links)
	c.links = c.links[:start+n]
	return c.links[start : start+n : start+n]
}

// hold counts a child into its parent, and breaks off where aliases have multiplied the file beyond its bound.
func (c *converter) hold(parent, child *node, y *yaml.Node) {
	size := int(parent.size) + int(child.size)
	if size > MaxFileNodes {
		if !c.broken {
			c.fail(codeAlias, y, "its aliases multiply the file to more than %d values", MaxFileNodes).
				WithHint("write out what is meant, or use fewer aliases")
		}
		return
	}
	parent.size, parent.height = uint32(size), max(parent.height, child.height+1)
	parent.flags |= child.flags
	if child.kind == Null {
		parent.flags |= hasPatch
	}
}

func (c *converter) alias(y *yaml.Node, depth int) *node {
	if c.aliases++; c.aliases > MaxAliases {
		if !c.broken {
			c.fail(codeAlias, y, "the file has more than %d aliases", MaxAliases).WithHint("write out what is meant")
		}
		return c.add(y, Null)
	}
	target, known := c.anchors[y.Alias]
	switch {
	case target == nil:
		if known {
			c.fail(codeAlias, y, "the alias *%s lies inside of what it stands for", y.Value).WithHint("write out what is meant")
		} else {
			c.fail(codeAlias, y, "the alias *%s stands for nothing before it", y.Value).WithHint("put &%s before it", y.Value)
		}
		return c.add(y, Null)
	case depth+int(target.height)-1 > MaxDepth:
		c.fail(codeLimit, y, "the document is more than %d levels deep behind the alias *%s", MaxDepth, y.Value).
			WithHint("flatten it")
	}
	return target
}

func (c *converter) sequence(y *yaml.Node, depth int) *node {
	c.checkTag(y, "!!seq")
	n := c.add(y, List)
	n.items = c.children(len(y.Content))
	for i, item := range y.Content {
		n.items[i] = c.convert(item, depth+1)
		c.hold(n, n.items[i], item)
		if c.broken {
			n.items = n.items[:i+1]
			break
		}
	}
	return n
}

// scalar's kinds follow YAML 1.2's core schema; a date is a text.
func (c *converter) scalar(y *yaml.Node) *node {
	n := c.add(y, Text)
	n.text = y.Value
	valid := true
	switch y.Tag {
	case "!!null":
		n.kind = Null
		valid = y.Value == "" || y.Value == "~" || strings.EqualFold(y.Value, "null")
	case "!!bool":
		n.kind = Bool
		valid = strings.EqualFold(y.Value, "true") || strings.EqualFold(y.Value, "false")
	case "!!int":
		n.kind = Int
		_, err := parseInt(y.Value)
		_, unsignedErr := parseUint(y.Value)
		valid = err == nil || unsignedErr == nil || errors.Is(err, errLeadingZero)
	case "!!float":
		n.kind = Float
		_, err := parseFloat(y.Value)
		valid = err == nil || strings.Contains(err.Error(), "out of range") || isSpecialFloat(y.Value)
	case "!!str":
	default:
		c.checkTag(y, "!!timestamp", "!!merge")
	}
	if !valid {
		c.fault(codeTag, y, "%q is no value of the type %s", shorten(y.Value), y.Tag).WithHint("leave the tag out")
		n.kind = Text
	}
	if n.kind == Text && strings.Contains(n.text, "${") {
		n.flags |= hasVariable
	}
	return n
}

func isSpecialFloat(text string) bool {
	switch strings.ToLower(strings.TrimLeft(text, "+-")) {
	case ".inf", ".nan":
		return true
	}
	return false
}

// checkTag refuses a tag that was written and is not allowed here: tags that make objects have no place in configuration.
func (c *converter) checkTag(y *yaml.Node, implied ...string) {
	if y.Tag == "" || y.Style&yaml.TaggedStyle == 0 {
		return
	}
	if y.Kind != yaml.ScalarNode && y.Tag == implied[0] {
		return
	}
	c.fault(codeTag, y, "the tag %s is not allowed", shorten(y.Tag)).WithHint("leave it out")
}

// fault reports a mistake that does not keep the rest of the file from being read.
func (c *converter) fault(code diag.Code, y *yaml.Node, format string, args ...any) *diag.Diagnostic {
	return c.ds.Errorf(code, diag.Position{File: c.file, Line: y.Line, Column: y.Column}, "", format, args...)
}

// fail reports a mistake after which nothing more of the file is read.
func (c *converter) fail(code diag.Code, y *yaml.Node, format string, args ...any) *diag.Diagnostic {
	c.broken = true
	return c.fault(code, y, format, args...)
}

// shorten keeps an author's text in a message to a readable length.
func shorten(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}

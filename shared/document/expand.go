package document

import (
	"errors"
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

var errYAML = errors.New("malformed")

// maxVariable bounds the name between ${ and }, in bytes.
const maxVariable = 128

// textPart is a piece of a text: plain, or the name of a variable.
type textPart struct {
	text     string
	variable bool
	broken   bool // begins a variable, but does not end one
}

// splitText finds the variables of a text. "$${" is the text "${".
func splitText(text string) []textPart {
	if !strings.Contains(text, "${") {
		return nil
	}
	var parts []textPart
	var plain strings.Builder
	for text != "" {
		i := strings.Index(text, "${")
		switch {
		case i < 0:
			plain.WriteString(text)
			text = ""
			continue
		case i > 0 && text[i-1] == '$':
			plain.WriteString(text[:i-1] + "${")
			text = text[i+2:]
			continue
		}
		plain.WriteString(text[:i])
		end := strings.IndexByte(text[i:], '}')
		if end < 0 || end > maxVariable || !isVariableName(text[i+2:i+end]) {
			return append(parts, textPart{text: text[i:], broken: true})
		}
		if plain.Len() > 0 {
			parts = append(parts, textPart{text: plain.String()})
			plain.Reset()
		}
		parts = append(parts, textPart{text: text[i+2 : i+end], variable: true})
		text = text[i+end+1:]
	}
	if plain.Len() > 0 {
		parts = append(parts, textPart{text: plain.String()})
	}
	return parts
}

func isVariableName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return name != ""
}

// expander replaces variables in trees without changing them.
type expander struct {
	variables *variables
	ds        *diag.List
}

// stack replaces variables in a Stack's spec, but not where it declares them.
func (e *expander) stack(spec *node, at *step) *node {
	if spec.flags&hasVariable == 0 {
		return spec
	}
	items := make([]*node, len(spec.items))
	for i := 0; i < len(spec.items); i += 2 {
		key, value := spec.items[i], spec.items[i+1]
		items[i], items[i+1] = key, value
		here := &step{parent: at, key: key.text}
		switch {
		case key.text == "variables":
		case key.text == "environments" && value.kind == List:
			environments := make([]*node, len(value.items))
			for j, item := range value.items {
				environments[j] = e.environment(item, &step{parent: here, index: j})
			}
			items[i+1] = value.with(List, environments)
		default:
			items[i+1] = e.tree(value, here)
		}
	}
	return spec.with(Map, items)
}

func (e *expander) environment(n *node, at *step) *node {
	if n.kind != Map {
		return e.tree(n, at)
	}
	items := make([]*node, len(n.items))
	for i := 0; i < len(n.items); i += 2 {
		items[i], items[i+1] = n.items[i], n.items[i+1]
		if key := n.items[i].text; key != "variables" {
			items[i+1] = e.tree(n.items[i+1], &step{parent: at, key: key})
		}
	}
	return n.with(Map, items)
}

// tree replaces the variables in all texts of a tree.
func (e *expander) tree(n *node, at *step) *node {
	if n.flags&hasVariable == 0 {
		return n
	}
	switch n.kind {
	case Map:
		items := make([]*node, len(n.items))
		for i := 0; i < len(n.items); i += 2 {
			items[i], items[i+1] = n.items[i], n.items[i+1]
			if n.items[i+1].flags&hasVariable != 0 {
				items[i+1] = e.tree(n.items[i+1], &step{parent: at, key: n.items[i].text})
			}
		}
		return n.with(Map, items)
	case List:
		items := make([]*node, len(n.items))
		for i, item := range n.items {
			items[i] = item
			if item.flags&hasVariable != 0 {
				items[i] = e.tree(item, &step{parent: at, index: i})
			}
		}
		return n.with(List, items)
	}
	return e.scalar(n, at)
}

// scalar replaces the variables of one text. A text that is one variable alone takes its value whole, with its type.
func (e *expander) scalar(n *node, at *step) *node {
	parts := splitText(n.text)
	if len(parts) == 1 && parts[0].variable {
		value := e.find(n, at, parts[0].text)
		if value == nil {
			return n
		}
		e.variables.text.Add(int64(value.size)) // a list is not copied, but every use of it will be read
		made := *value
		made.from, made.line, made.column = n.from, n.line, n.column
		return &made
	}
	var b strings.Builder
	for _, part := range parts {
		text := part.text
		if part.broken {
			e.ds.Errorf(codeVariable, n.position(), at.String(), "%q begins a variable that does not end, or has no proper name",
				shorten(part.text)).WithHint("write ${name}, or $${ for the text ${")
			return n
		}
		if part.variable {
			value := e.find(n, at, part.text)
			if value == nil {
				return n
			}
			if value.kind == List || value.kind == Map {
				e.ds.Errorf(codeVariable, n.position(), at.String(), "${%s} is %s, which cannot be part of a text", part.text, value.kind).
					WithHint("let it stand alone, or name a variable that is a text")
				return n
			}
			text = value.text
		}
		if b.Len()+len(text) > maxExpansion {
			e.ds.Errorf(codeLimit, n.position(), at.String(), "the text grows to more than %d bytes by its variables", maxExpansion).
				WithHint("use shorter variables")
			return n
		}
		b.WriteString(text)
	}
	e.variables.text.Add(int64(b.Len()))
	return &node{from: n.from, text: b.String(), line: n.line, column: n.column, kind: Text, size: 1, height: 1}
}

// find returns the variable's value, nil after having reported that it has none.
func (e *expander) find(n *node, at *step, name string) *node {
	value, message, hint := e.variables.find(name)
	if message != "" {
		e.ds.Errorf(codeVariable, n.position(), at.String(), "%s", message).WithHint("%s", hint)
	}
	return value
}

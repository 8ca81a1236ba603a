package document

import (
	"bytes"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/deployer-io/deployer/shared/diag"
)

const codeSet diag.Code = "set"

// maxSet bounds the text of one --set, in bytes.
const maxSet = 64 << 10

// Set is one --set of the command line: a value for a component's field or for a variable.
type Set struct {
	component string // service/name
	path      string // as written
	variable  string
	patch     *node // the component's spec as far as the path goes, with the value at its end
	value     *node
	raw       string
}

// title is the "file" of what comes from the command line. It does not hold the value, which may be long or secret.
func (s Set) title() string {
	if s.variable != "" {
		return "--set var." + shorten(s.variable)
	}
	return "--set " + shorten(s.component+"."+s.path)
}

// ParseSets reads the values of --set, each one of
//
//	SERVICE/COMPONENT.path=value    user/api.replicas=3, user/api.env[LOG_LEVEL].value=debug, user/api.tags["a.b"]=x
//	var.NAME=value
//
// The path begins in the component's spec (a leading "spec." may be written); [NAME] is the item of that name in a list.
// The value is YAML in its short form: 3 is a number, "3" a text, [a, b] a list, null deletes the field, nothing is the
// empty text. It is merged like an overlay.
func ParseSets(texts []string) ([]Set, diag.List) {
	var sets []Set
	var ds diag.List
	for _, text := range texts {
		if s, ok := parseSet(text, &ds); ok {
			sets = append(sets, s)
		}
	}
	return sets, ds
}

func parseSet(text string, ds *diag.List) (Set, bool) {
	before := len(*ds)
	at := diag.Position{File: "--set"}
	target, value, found := strings.Cut(text, "=")
	if quoted := strings.Index(text, `["`); found && quoted >= 0 && quoted < len(target) {
		target, value, found = cutQuoted(text)
	}
	s := Set{raw: value}
	if len(text) > maxSet {
		ds.Errorf(codeSet, at, "", "the value of --set has more than %d bytes", maxSet).WithHint("put it into an overlay")
		return s, false
	}
	head, path, dotted := strings.Cut(target, ".")
	service, component, slashed := strings.Cut(head, "/")
	if head == "var" {
		slashed, service, component = true, "var", path
	}
	if !found || !dotted || !slashed || service == "" || component == "" || path == "" {
		ds.Errorf(codeSet, at, "", "%q is not of the form SERVICE/COMPONENT.path=value or var.NAME=value", shorten(target)).
			WithHint("write, for example, --set user/api.replicas=3")
		return s, false
	}
	if head == "var" {
		s.variable = path
	} else {
		s.component, s.path = head, path
	}
	at.File = s.title()
	s.value = parseValue(value, at, ds)
	if s.component != "" {
		s.patch = parsePatch(strings.TrimPrefix(path, "spec."), s.value, at, ds)
	}
	return s, len(*ds) == before
}

// cutQuoted cuts at the first '=' that stands outside of quotes.
func cutQuoted(text string) (target, value string, found bool) {
	quoted := false
	for i := range len(text) {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '=' && !quoted:
			return text[:i], text[i+1:], true
		}
	}
	return text, "", false
}

func parseValue(text string, at diag.Position, ds *diag.List) *node {
	from := &source{file: at.File}
	if strings.TrimSpace(text) == "" {
		return textNode(from, text)
	}
	c := converter{file: at.File, ds: ds}
	var root yaml.Node
	if err := decodeOne(text, &root); err != nil {
		ds.Errorf(codeSet, at, "", "the value cannot be read as YAML: %v", strings.TrimPrefix(err.Error(), "yaml: ")).
			WithHint("quote it: '\"...\"'")
		return nil
	}
	tree := c.document(&root)
	if tree == nil {
		if !c.broken {
			return textNode(from, "")
		}
		return nil
	}
	tree.forget()
	return tree
}

func decodeOne(text string, root *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errYAML
		}
	}()
	return yaml.NewDecoder(bytes.NewReader([]byte(text))).Decode(root)
}

// forget drops lines and columns, which mean nothing on the command line.
func (n *node) forget() {
	n.line, n.column = 0, 0
	for _, item := range n.items {
		if item.line != 0 || item.column != 0 {
			item.forget()
		}
	}
}

func textNode(from *source, text string) *node {
	n := &node{from: from, text: text, kind: Text, size: 1, height: 1}
	if strings.Contains(text, "${") {
		n.flags = hasVariable
	}
	return n
}

// parsePatch makes the tree in which value stands at path.
func parsePatch(path string, value *node, at diag.Position, ds *diag.List) *node {
	keys, ok := splitPath(path)
	if !ok || len(keys) == 0 || len(keys) > MaxDepth {
		ds.Errorf(codeSet, at, "", "%q is no path", shorten(path)).
			WithHint(`write keys with dots between them, [NAME] for an item of a list, ["a.b"] for a key with dots`)
		return nil
	}
	if value == nil {
		return nil
	}
	place := &node{from: &source{file: at.File}}
	tree := value
	for i := len(keys) - 1; i >= 0; i-- {
		if keys[i].item {
			name := []*node{textNode(place.from, "name"), textNode(place.from, keys[i].text)}
			if tree.kind == Map {
				name = append(name, tree.items...)
			}
			tree = place.with(List, []*node{place.with(Map, name)})
			continue
		}
		tree = place.with(Map, []*node{textNode(place.from, keys[i].text), tree})
	}
	return tree
}

type pathKey struct {
	text string
	item bool // the item of that name in a list
}

// splitPath reads a.b[NAME]["c.d"].
func splitPath(path string) ([]pathKey, bool) {
	var keys []pathKey
	for len(path) > 0 {
		switch {
		case strings.HasPrefix(path, `["`):
			end := strings.Index(path, `"]`)
			if end < 3 {
				return nil, false
			}
			keys, path = append(keys, pathKey{text: path[2:end]}), path[end+2:]
		case path[0] == '[':
			end := strings.IndexByte(path, ']')
			if end < 2 || len(keys) == 0 || isNumber(path[1:end]) {
				return nil, false
			}
			keys, path = append(keys, pathKey{text: path[1:end], item: true}), path[end+1:]
		default:
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			if !isPlainKey(path[:end]) {
				return nil, false
			}
			keys, path = append(keys, pathKey{text: path[:end]}), path[end:]
		}
		if rest, dotted := strings.CutPrefix(path, "."); dotted {
			if rest == "" {
				return nil, false
			}
			path = rest
		} else if path != "" && path[0] != '[' {
			return nil, false
		}
	}
	return keys, true
}

func isNumber(text string) bool { return strings.Trim(text, "0123456789") == "" }

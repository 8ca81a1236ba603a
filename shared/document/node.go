package document

import (
	"iter"
	"strconv"
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

// Node is a value in a document, knowing its place in the file and its path in the document, also where the document was
// merged from several files. The zero Node is absent; every method may be called on it.
type Node struct {
	n  *node
	at *step
}

// Kind says what a Node holds.
type Kind uint8

// The kinds of values.
const (
	Absent Kind = iota
	Null
	Bool
	Int
	Float
	Text
	List
	Map
)

var kindNames = [...]string{"nothing", "null", "a boolean", "an integer", "a number", "a text", "a list", "a mapping"}

// String names the kind as messages do: "a list".
func (k Kind) String() string { return kindNames[k] }

// node is one value. Trees share nodes freely (aliases, layers, variables), so a node never changes once its tree is
// complete, and knows neither its parent nor its path.
type node struct {
	from         *source
	text         string  // of a scalar, as written but unquoted
	items        []*node // of a List; of a Map its keys and values in turn
	line, column uint32
	size         uint32 // nodes in the tree below and with this one, shared ones counted each time
	height       uint16 // levels below and with this one
	kind         Kind
	flags        flags
}

type flags uint8

const (
	hasVariable flags = 1 << iota // a scalar in the tree holds "${"
	hasPatch                      // the tree holds a $patch or a null, which merging has to look at
)

// source is where nodes come from: one document of one file, or the command line.
type source struct{ file string }

// step is one link of the way from a document's root to a Node, kept as links so that going down costs no text.
type step struct {
	parent *step
	key    string
	index  int // of a list's item, when key is empty
}

// IsZero reports whether the node is absent: not written at all. A null that was written is not absent; see Kind.
func (n Node) IsZero() bool { return n.n == nil }

// Kind returns what the node holds.
func (n Node) Kind() Kind {
	if n.n == nil {
		return Absent
	}
	return n.n.kind
}

// Position returns where the value stands in its file; unknown for an absent node.
func (n Node) Position() diag.Position { return n.n.position() }

func (n *node) position() diag.Position {
	if n == nil {
		return diag.Position{}
	}
	return diag.Position{File: n.from.file, Line: int(n.line), Column: int(n.column)}
}

// Path returns the way to the node from the document's root, as in spec.env[2].name. A key that holds more than letters,
// digits, '-' and '_' is quoted: metadata.labels["example.com/team"].
func (n Node) Path() string { return n.at.String() }

// Get returns the value under key, absent when there is none or n is no mapping.
func (n Node) Get(key string) Node {
	if value := n.n.get(key); value != nil {
		return Node{value, &step{parent: n.at, key: key}}
	}
	return Node{}
}

func (n *node) get(key string) *node {
	if n == nil || n.kind != Map {
		return nil
	}
	for i := 0; i < len(n.items); i += 2 {
		if n.items[i].text == key {
			return n.items[i+1]
		}
	}
	return nil
}

// Each returns the keys, as written, and values of a mapping in the file's order; nothing for any other node.
func (n Node) Each() iter.Seq2[Node, Node] {
	return func(yield func(key, value Node) bool) {
		if n.Kind() != Map {
			return
		}
		for i := 0; i < len(n.n.items); i += 2 {
			at := &step{parent: n.at, key: n.n.items[i].text}
			if !yield(Node{n.n.items[i], at}, Node{n.n.items[i+1], at}) {
				return
			}
		}
	}
}

// Items returns the items of a list; nil for any other node.
func (n Node) Items() []Node {
	if n.Kind() != List {
		return nil
	}
	items, steps := make([]Node, len(n.n.items)), make([]step, len(n.n.items))
	for i, item := range n.n.items {
		steps[i] = step{parent: n.at, index: i}
		items[i] = Node{item, &steps[i]}
	}
	return items
}

// Len returns the number of a list's items or a mapping's keys; 0 for any other node.
func (n Node) Len() int {
	switch n.Kind() {
	case List:
		return len(n.n.items)
	case Map:
		return len(n.n.items) / 2
	}
	return 0
}

// Text returns a scalar as written, without its quotes: a number and a boolean too. It is false for a null, a list, a
// mapping and an absent node.
func (n Node) Text() (string, bool) {
	switch n.Kind() {
	case Bool, Int, Float, Text:
		return n.n.text, true
	}
	return "", false
}

// Value returns the node as JSON would: map[string]any, []any, string, int64 (uint64 where that is too small), float64,
// bool or nil.
func (n Node) Value() any { return n.n.value() }

func (n *node) value() any {
	if n == nil {
		return nil
	}
	switch n.kind {
	case Bool:
		return n.text == "true" || n.text == "True" || n.text == "TRUE"
	case Int:
		if i, err := parseInt(n.text); err == nil {
			return i
		}
		u, _ := parseUint(n.text)
		return u
	case Float:
		f, _ := parseFloat(n.text)
		return f
	case Text:
		return n.text
	case List:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = item.value()
		}
		return list
	case Map:
		mapping := make(map[string]any, len(n.items)/2)
		for i := 0; i < len(n.items); i += 2 {
			mapping[n.items[i].text] = n.items[i+1].value()
		}
		return mapping
	}
	return nil
}

// String returns the path that the steps make.
func (s *step) String() string {
	if s == nil {
		return ""
	}
	var way []*step
	for ; s != nil; s = s.parent {
		way = append(way, s)
	}
	var b strings.Builder
	for i := len(way) - 1; i >= 0; i-- {
		appendKey(&b, way[i].key, way[i].index)
	}
	return b.String()
}

func appendKey(b *strings.Builder, key string, index int) {
	switch {
	case key == "":
		b.WriteString("[" + strconv.Itoa(index) + "]")
	case !isPlainKey(key):
		b.WriteString("[" + strconv.Quote(key) + "]")
	default:
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(key)
	}
}

func isPlainKey(key string) bool {
	for i := range len(key) {
		c := key[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '$') {
			return false
		}
	}
	return key != ""
}

package document

import (
	"encoding"
	"fmt"
	"reflect"

	"github.com/deployer-io/deployer/shared/diag"
)

// Unmarshaler is a type that reads itself from a node. It is not called for an absent or null node.
type Unmarshaler interface{ UnmarshalNode(n Node) diag.List }

// Defaulter is a type that knows its defaults. Decode calls SetDefaults on what it makes itself (the target of a nil
// pointer, the items of a list, the values of a mapping) before it fills it; what the caller passes in, and the structs
// that lie in it by value, hold their defaults already.
type Defaulter interface{ SetDefaults() }

// The rules that Decode keeps.
const (
	codeWrongType  diag.Code = "wrong-type"
	codeInvalid    diag.Code = "invalid-value"
	codeOutOfRange diag.Code = "out-of-range"
)

// Decode fills into, a pointer, with what n says, and reports all that does not fit.
//
// Structs: fields are known by their json names, embedded structs lie flat in the outer one, `json:"-"` hides a field.
// A field that is not written, or is null, keeps what it holds: its default. An unknown field is an error. A tag
// jsonschema:"required,minimum=1,..." holds the value's rules in the dialect of github.com/invopop/jsonschema: required,
// minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, minLength, maxLength, pattern, enum, minItems,
// maxItems and uniqueItems; on a list the rules about texts and numbers hold for its items. Rules hold for what is
// written, not for defaults.
//
// Scalars are strict: a text field takes texts only, and a number or boolean must be quoted, unless the field has the tag
// jsonschema_extras:"scalar=true". A list or mapping that is written replaces the default. encoding.TextUnmarshaler gets
// any scalar as written. A field of type Node holds the node itself; one of type any what Node.Value returns.
//
// An absent n is read as an empty mapping, so that required fields are missed.
func Decode(n Node, into any) diag.List {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		panic(fmt.Sprintf("document: Decode into %T, want a pointer", into))
	}
	d := decoder{}
	tree := n.n
	if tree == nil || tree.kind == Null {
		tree = &node{from: &source{}, kind: Map, size: 1, height: 1}
		if n.n != nil {
			tree.from, tree.line, tree.column = n.n.from, n.n.line, n.n.column
		}
	}
	codecOf(v.Type().Elem()).decode(&d, tree, n.at, v.Elem(), nil)
	return d.ds
}

// decoder is one call of Decode.
type decoder struct {
	ds    diag.List
	steps []step // room for the steps on the way, taken many at a time
}

func (d *decoder) step(parent *step, key string, index int) *step {
	if len(d.steps) == cap(d.steps) {
		d.steps = make([]step, 0, min(max(8, 2*cap(d.steps)), 64))
	}
	d.steps = append(d.steps, step{parent: parent, key: key, index: index})
	return &d.steps[len(d.steps)-1]
}

// decodeFunc reads n into v, which is addressable. Rules may be nil. It reports whether v now holds n.
type decodeFunc func(d *decoder, n *node, at *step, v reflect.Value, r *rules) bool

var (
	unmarshalerType     = reflect.TypeFor[Unmarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
	defaulterType       = reflect.TypeFor[Defaulter]()
	nodeType            = reflect.TypeFor[Node]()
)

func decodeUnmarshaler(d *decoder, n *node, at *step, v reflect.Value, _ *rules) bool {
	before := len(d.ds)
	d.ds.Append(v.Addr().Interface().(Unmarshaler).UnmarshalNode(Node{n, at}))
	return len(d.ds) == before
}

func decodeTextUnmarshaler(d *decoder, n *node, at *step, v reflect.Value, r *rules) bool {
	text, scalar := Node{n, nil}.Text()
	if !scalar {
		wrongKind(&d.ds, n, at, Text.String())
		return false
	}
	if !r.checkText(d, n, at, text) {
		return false
	}
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
		d.ds.Errorf(codeInvalid, n.position(), at.String(), "%v", err).WithHint("correct the value")
		return false
	}
	return true
}

func decodeNode(_ *decoder, n *node, at *step, v reflect.Value, _ *rules) bool {
	v.Set(reflect.ValueOf(Node{n, at}))
	return true
}

func decodeAny(_ *decoder, n *node, _ *step, v reflect.Value, _ *rules) bool {
	v.Set(reflect.ValueOf(n.value()))
	return true
}

func (c *codec) decodePointer(d *decoder, n *node, at *step, v reflect.Value, r *rules) bool {
	fresh := v.IsNil()
	target := v
	if fresh {
		target = reflect.New(v.Type().Elem())
		c.elem.setDefaults(target)
	}
	ok := c.elem.decode(d, n, at, target.Elem(), r)
	if fresh {
		v.Set(target)
	}
	return ok
}

func (c *codec) decodeList(d *decoder, n *node, at *step, v reflect.Value, r *rules) bool {
	if n.kind != List {
		wrongKind(&d.ds, n, at, List.String())
		return false
	}
	ok := r.checkItems(d, n, at)
	list := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	items := r.ofItems()
	for i, item := range n.items {
		if item.kind == Null && c.elem.kind != reflect.Interface {
			d.ds.Errorf(codeWrongType, item.position(), d.step(at, "", i).String(), "an item of a list must not be null").
				WithHint("take the item out or fill it in")
			ok = false
			continue
		}
		slot := list.Index(i)
		c.elem.setDefaults(slot.Addr())
		ok = c.elem.decode(d, item, d.step(at, "", i), slot, items) && ok
	}
	v.Set(list)
	return ok
}

func (c *codec) decodeMap(d *decoder, n *node, at *step, v reflect.Value, r *rules) bool {
	if n.kind != Map {
		wrongKind(&d.ds, n, at, Map.String())
		return false
	}
	ok, t := true, v.Type()
	mapping := reflect.MakeMapWithSize(t, len(n.items)/2)
	for i := 0; i < len(n.items); i += 2 {
		key, value := n.items[i], n.items[i+1]
		if value.kind == Null && c.elem.kind != reflect.Interface {
			continue
		}
		slot := reflect.New(t.Elem())
		c.elem.setDefaults(slot)
		ok = c.elem.decode(d, value, d.step(at, key.text, 0), slot.Elem(), r.ofValues()) && ok
		mapping.SetMapIndex(reflect.ValueOf(key.text).Convert(t.Key()), slot.Elem())
	}
	v.Set(mapping)
	return ok
}

func (c *codec) decodeStruct(d *decoder, n *node, at *step, v reflect.Value, _ *rules) bool {
	if n.kind != Map {
		wrongKind(&d.ds, n, at, Map.String())
		return false
	}
	ok := true
	var have fieldSet
	for i := 0; i < len(n.items); i += 2 {
		key, value := n.items[i], n.items[i+1]
		at2, known := c.byName[key.text]
		if !known {
			unknownField(&d.ds, key, at, c.names)
			ok = false
			continue
		}
		if value.kind == Null {
			continue
		}
		have.add(at2)
		f := &c.fields[at2]
		ok = f.codec.decode(d, value, d.step(at, key.text, 0), f.in(v), &f.rules) && ok
	}
	for _, i := range c.required {
		if !have.has(i) {
			missingField(&d.ds, n, at, c.fields[i].name)
			ok = false
		}
	}
	return ok
}

// fieldSet is a set of small numbers without allocation up to 128.
type fieldSet struct {
	low  [2]uint64
	more map[int]bool
}

func (s *fieldSet) add(i int) {
	if i < 128 {
		s.low[i/64] |= 1 << (i % 64)
		return
	}
	if s.more == nil {
		s.more = map[int]bool{}
	}
	s.more[i] = true
}

func (s *fieldSet) has(i int) bool {
	if i < 128 {
		return s.low[i/64]&(1<<(i%64)) != 0
	}
	return s.more[i]
}

func wrongKind(ds *diag.List, n *node, at *step, want string) {
	d := ds.Errorf(codeWrongType, n.position(), at.String(), "must be %s, not %s", want, n.kind)
	switch {
	case want == Text.String() && (n.kind == Int || n.kind == Float || n.kind == Bool):
		d.WithHint("quote it to make it a text")
	case want == Bool.String() && n.kind == Text:
		d.WithHint("write true or false, without quotes")
	case (want == Int.String() || want == Float.String()) && n.kind == Text:
		d.WithHint("write a number, without quotes")
	case want == List.String():
		d.WithHint("begin each item with '- '")
	default:
		d.WithHint("write %s here", want)
	}
}

package document

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// codec is how values of one type are read: made once per type, then only used.
type codec struct {
	decode   decodeFunc
	kind     reflect.Kind
	defaults bool   // a pointer to the type is a Defaulter
	elem     *codec // of a pointer, list or mapping

	fields   []field // of a struct, those of embedded ones included
	byName   map[string]int
	names    []string
	required []int
}

type field struct {
	name  string
	index []int
	codec *codec
	rules rules
}

var codecs sync.Map // reflect.Type: *codec

// codecOf returns the codec of a type. It panics for types and tags that cannot be read: the programmer's mistake, found
// by the first use.
func codecOf(t reflect.Type) *codec {
	if c, ok := codecs.Load(t); ok {
		return c.(*codec)
	}
	made := map[reflect.Type]*codec{}
	c := compile(t, made)
	for t, c := range made {
		codecs.LoadOrStore(t, c)
	}
	return c
}

// compile makes t's codec and those it needs; made breaks the circle of types that contain themselves.
func compile(t reflect.Type, made map[reflect.Type]*codec) *codec {
	if c, ok := made[t]; ok {
		return c
	}
	if c, ok := codecs.Load(t); ok {
		return c.(*codec)
	}
	c := &codec{kind: t.Kind(), defaults: reflect.PointerTo(t).Implements(defaulterType)}
	made[t] = c
	switch pointer := reflect.PointerTo(t); {
	case t == nodeType:
		c.decode = decodeNode
	case pointer.Implements(unmarshalerType):
		c.decode = decodeUnmarshaler
	case pointer.Implements(textUnmarshalerType):
		c.decode = decodeTextUnmarshaler
	default:
		c.compileKind(t, made)
	}
	return c
}

func (c *codec) compileKind(t reflect.Type, made map[reflect.Type]*codec) {
	switch t.Kind() {
	case reflect.Bool:
		c.decode = decodeBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		c.decode = decodeInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		c.decode = decodeUint
	case reflect.Float32, reflect.Float64:
		c.decode = decodeFloat
	case reflect.String:
		c.decode = decodeText
	case reflect.Interface:
		if t.NumMethod() > 0 {
			panic(fmt.Sprintf("document: values of the interface type %s cannot be read", t))
		}
		c.decode = decodeAny
	case reflect.Pointer:
		c.elem = compile(t.Elem(), made)
		c.decode = c.decodePointer
	case reflect.Slice:
		c.elem = compile(t.Elem(), made)
		c.decode = c.decodeList
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			panic(fmt.Sprintf("document: the keys of %s are no texts", t))
		}
		c.elem = compile(t.Elem(), made)
		c.decode = c.decodeMap
	case reflect.Struct:
		c.compileStruct(t, made)
		c.decode = c.decodeStruct
	default:
		panic(fmt.Sprintf("document: values of type %s cannot be read", t))
	}
}

func (c *codec) compileStruct(t reflect.Type, made map[reflect.Type]*codec) {
	depths := map[string]int{}
	c.byName = map[string]int{}
	c.collect(t, nil, depths, made)
	for i, f := range c.fields {
		if depths[f.name] != len(f.index) {
			continue // hidden by a field of the same name further out
		}
		c.byName[f.name] = i
		c.names = append(c.names, f.name)
		if f.rules.required {
			c.required = append(c.required, i)
		}
	}
}

// collect gathers the fields of t, and those of the structs embedded in it, which lie at index.
func (c *codec) collect(t reflect.Type, index []int, depths map[string]int, made map[reflect.Type]*codec) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		way := append(slices.Clone(index), i)
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		inline := f.Anonymous && name == "" || slices.Contains(strings.Split(options, ","), "inline")
		if inline && inner.Kind() == reflect.Struct {
			if f.Type.Kind() == reflect.Pointer && !f.IsExported() {
				panic(fmt.Sprintf("document: %s.%s is an embedded pointer to a type without export", t, f.Name))
			}
			c.collect(inner, way, depths, made)
			continue
		}
		if !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if depth, taken := depths[name]; !taken || len(way) < depth {
			depths[name] = len(way)
		}
		r, err := compileRules(f.Tag)
		if err != nil {
			panic(fmt.Sprintf("document: %s.%s: %v", t, f.Name, err))
		}
		c.fields = append(c.fields, field{name: name, index: way, codec: compile(f.Type, made), rules: r})
	}
}

// in returns the field in the struct v, making the embedded pointers on the way.
func (f *field) in(v reflect.Value) reflect.Value {
	for i, index := range f.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(index)
	}
	return v
}

// setDefaults lets a fresh value, given by pointer, hold its defaults.
func (c *codec) setDefaults(pointer reflect.Value) {
	if c.defaults {
		pointer.Interface().(Defaulter).SetDefaults()
	}
}

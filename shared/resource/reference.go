package resource

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/deployer-io/deployer/shared/diag"
)

// Reference is a place in a spec that names another component.
type Reference struct {
	Path      string // as in spec.env[2].valueFrom
	Component string // as written; service/component after Build
	Output    string // the output that is read; empty where only the component is named
	Key       string // the entry of the output
	Position  diag.Position
	Kinds     []Kind   // the kinds that may be named; empty for any
	Reads     []string // the outputs that the translation uses of a component that is only named
}

// SecretUse is a place in a spec that names a secret.
type SecretUse struct {
	Path string
	SecretRef
}

// References returns the places where a spec names other components, in the order of its fields. Those of its own
// component are among them.
func References(spec Spec) []Reference {
	var found []Reference
	walk(spec, func(at *place, target any, tags *refTags) {
		switch ref := target.(type) {
		case *OutputRef:
			found = append(found, Reference{Path: at.String(), Component: ref.Component, Output: ref.Output, Key: ref.Key, Position: ref.Position})
		case *ComponentRef:
			if !ref.IsZero() {
				found = append(found, Reference{Path: at.String(), Component: ref.Component, Position: ref.Position, Kinds: tags.kinds, Reads: tags.reads})
			}
		}
	})
	return found
}

// Secrets returns the places where a spec names secrets, in the order of its fields.
func Secrets(spec Spec) []SecretUse {
	var found []SecretUse
	walk(spec, func(at *place, target any, _ *refTags) {
		if ref, ok := target.(*SecretRef); ok {
			found = append(found, SecretUse{Path: at.String(), SecretRef: *ref})
		}
	})
	return found
}

// place is the way to a value, as links, so that going down costs no text.
type place struct {
	above *place
	name  string
	index int // of a list's item, when name is empty
}

// String returns the path that the links make, below spec.
func (p *place) String() string {
	if p == nil {
		return "spec"
	}
	if p.name == "" {
		return p.above.String() + "[" + strconv.Itoa(p.index) + "]"
	}
	return p.above.String() + "." + p.name
}

// refTags are what a ComponentRef's field says about it.
type refTags struct {
	kinds []Kind
	reads []string
}

// visitor is given *OutputRef, *ComponentRef and *SecretRef, which it may change.
type visitor func(at *place, target any, tags *refTags)

// route leads to the references in values of one type; nil where there are none.
type route struct {
	leaf   bool
	fields []routeField // of a struct
	elem   *route       // of a pointer or list
	kind   reflect.Kind
}

type routeField struct {
	index int
	name  string // empty for an embedded struct
	route *route
	tags  *refTags
}

var routes sync.Map // reflect.Type: *route

var leaves = map[reflect.Type]bool{
	reflect.TypeFor[OutputRef](): true, reflect.TypeFor[ComponentRef](): true, reflect.TypeFor[SecretRef](): true,
}

func walk(spec any, visit visitor) {
	v := reflect.ValueOf(spec)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return
	}
	routeOf(v.Type().Elem()).walk(v.Elem(), nil, nil, visit)
}

func (r *route) walk(v reflect.Value, at *place, tags *refTags, visit visitor) {
	switch {
	case r == nil:
	case r.leaf:
		visit(at, v.Addr().Interface(), tags)
	case r.kind == reflect.Pointer:
		if !v.IsNil() {
			r.elem.walk(v.Elem(), at, tags, visit)
		}
	case r.kind == reflect.Slice:
		for i := range v.Len() {
			r.elem.walk(v.Index(i), &place{above: at, index: i}, tags, visit)
		}
	default:
		for i := range r.fields {
			f, below := &r.fields[i], at
			value := v.Field(f.index)
			if isEmpty(value) {
				continue
			}
			if f.name != "" {
				below = &place{above: at, name: f.name}
			}
			f.route.walk(value, below, f.tags, visit)
		}
	}
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return v.IsNil()
	case reflect.Slice:
		return v.Len() == 0
	}
	return false
}

func routeOf(t reflect.Type) *route {
	if r, ok := routes.Load(t); ok {
		return r.(*route)
	}
	r := newRoute(t)
	routes.Store(t, r)
	return r
}

// newRoute finds the way to the references in t; no type of a spec contains itself. A map with references in its values
// is a mistake of the programmer: nothing could be changed there.
func newRoute(t reflect.Type) *route {
	if leaves[t] {
		return &route{leaf: true}
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		if elem := routeOf(t.Elem()); elem != nil {
			return &route{kind: t.Kind(), elem: elem}
		}
	case reflect.Map:
		if routeOf(t.Elem()) != nil {
			panic(fmt.Sprintf("resource: references in a map: %s", t))
		}
	case reflect.Struct:
		r := &route{kind: reflect.Struct}
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "-" || !f.IsExported() {
				continue
			}
			if below := routeOf(f.Type); below != nil {
				r.fields = append(r.fields, routeField{index: i, name: name, route: below, tags: tagsOf(f.Tag)})
			}
		}
		if len(r.fields) > 0 {
			return r
		}
	}
	return nil
}

func tagsOf(tag reflect.StructTag) *refTags {
	tags := &refTags{}
	for _, kind := range splitList(tag.Get("kinds")) {
		tags.kinds = append(tags.kinds, Kind(kind))
	}
	tags.reads = splitList(tag.Get("reads"))
	return tags
}

func splitList(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

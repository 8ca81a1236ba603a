package policy

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"github.com/deployer-io/deployer/shared/resource"
)

// adapter shows Go values to expressions. Specs are read in place, field by field, by their names in YAML: turning each
// into a mapping first would cost more than all rules together.
type adapter struct{}

// NativeToValue shows a value: durations as durations, texts of any type as strings, structs as objects.
func (a adapter) NativeToValue(value any) ref.Val {
	switch v := value.(type) {
	case ref.Val:
		return v
	case nil:
		return types.NullValue
	case resource.Duration:
		return types.Duration{Duration: time.Duration(v)}
	case resource.ComponentRef:
		return types.String(v.Component)
	case resource.Input:
		if v.ValueFrom == nil && v.SecretRef == nil {
			return types.String(v.Value)
		}
	case string, bool, int64, float64, map[string]any, []any, map[string]string, []string:
		return types.DefaultTypeAdapter.NativeToValue(value)
	}
	return a.show(reflect.ValueOf(value))
}

func (a adapter) show(v reflect.Value) ref.Val {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return types.NullValue
		}
		if v.Elem().Kind() == reflect.Struct && !special[v.Type().Elem()] {
			return object{v: v.Elem(), shape: shapeOf(v.Type().Elem())}
		}
		return a.NativeToValue(v.Elem().Interface())
	case reflect.Struct:
		return object{v: v, shape: shapeOf(v.Type())}
	case reflect.String:
		return types.String(v.String())
	case reflect.Bool:
		return types.Bool(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return types.Int(v.Int())
	case reflect.Float32, reflect.Float64:
		return types.Double(v.Float())
	case reflect.Slice:
		return types.NewDynamicList(a, v.Interface())
	case reflect.Map:
		return types.NewDynamicMap(a, v.Interface())
	}
	return types.NewErr("a %s cannot be shown to a policy", v.Kind())
}

// special are the structs that are shown as something else than an object.
var special = map[reflect.Type]bool{reflect.TypeFor[resource.ComponentRef](): true, reflect.TypeFor[resource.Input](): true}

// objectType is the type of structs in expressions.
var objectType = types.NewObjectType("deployer.Object", traits.IndexerType, traits.FieldTesterType)

// object is a struct whose fields are known by their JSON names. A field that may stand there and does not is nothing: 0,
// "", false, null or an empty list; has() tells the difference.
type object struct {
	v     reflect.Value
	shape *shape
}

// Get returns a field.
func (o object) Get(name ref.Val) ref.Val {
	key, ok := name.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(name)
	}
	f, known := o.shape.fields[string(key)]
	if !known {
		return types.NewErr("there is no field %s", string(key))
	}
	return f.show(o.v.FieldByIndex(f.index))
}

// IsSet reports whether the field stands in the object's JSON form.
func (o object) IsSet(name ref.Val) ref.Val {
	key, ok := name.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(name)
	}
	f, known := o.shape.fields[string(key)]
	if !known {
		return types.False
	}
	v := o.v.FieldByIndex(f.index)
	return types.Bool(!f.optional || !isEmpty(v))
}

func isEmpty(v reflect.Value) bool {
	if v.Kind() == reflect.Slice || v.Kind() == reflect.Map {
		return v.Len() == 0
	}
	return v.IsZero()
}

// ConvertToNative is not supported: expressions end in booleans and texts.
func (o object) ConvertToNative(to reflect.Type) (any, error) {
	return nil, fmt.Errorf("an object cannot become %s", to)
}

// ConvertToType only knows type().
func (o object) ConvertToType(to ref.Type) ref.Val {
	if to == types.TypeType {
		return objectType
	}
	return types.NewErr("an object cannot become %s", to.TypeName())
}

// Equal compares all fields.
func (o object) Equal(other ref.Val) ref.Val {
	with, ok := other.(object)
	return types.Bool(ok && o.v.Type() == with.v.Type() && reflect.DeepEqual(o.v.Interface(), with.v.Interface()))
}

// Type is the same for all objects.
func (o object) Type() ref.Type { return objectType }

// Value returns the struct.
func (o object) Value() any { return o.v.Interface() }

// shape is what is known about a struct's type.
type shape struct{ fields map[string]field }

type field struct {
	index    []int
	of       reflect.Type
	optional bool // left out of JSON when it is nothing
	basic    bool // no method and no meaning of its own: shown by its kind, without an allocation for any
}

func (f field) show(v reflect.Value) ref.Val {
	if f.basic || v.Kind() == reflect.Pointer {
		return adapter{}.show(v)
	}
	return adapter{}.NativeToValue(v.Interface())
}

var shapes sync.Map // reflect.Type: *shape

func shapeOf(t reflect.Type) *shape {
	if known, ok := shapes.Load(t); ok {
		return known.(*shape)
	}
	s := &shape{fields: map[string]field{}}
	s.add(t, nil)
	shapes.Store(t, s)
	return s
}

// add takes the fields in, those of embedded structs first, so that outer ones hide them.
func (s *shape) add(t reflect.Type, at []int) {
	for _, embedded := range []bool{true, false} {
		for i := range t.NumField() {
			f := t.Field(i)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			index := append(append([]int{}, at...), i)
			switch flat := f.Anonymous && name == ""; {
			case name == "-" || !f.IsExported() || flat != embedded:
			case flat:
				s.add(f.Type, index)
			case name != "":
				kind := f.Type.Kind()
				s.fields[name] = field{index: index, of: f.Type, optional: options != "",
					basic: kind == reflect.String || kind == reflect.Bool || kind == reflect.Int || kind == reflect.Float64}
			}
		}
	}
}

// names returns the fields' names, sorted.
func (s *shape) names() []string { return sortedKeys(s.fields) }

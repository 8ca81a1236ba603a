package asl

import (
	"errors"
	"fmt"
	"strings"
)

// template is a payload template: JSON in which every member whose name ends in ".$" holds an expression, at any depth.
type template interface {
	fill(at *scope) (any, error)
}

type (
	fixed    struct{ value any }
	fields   []field
	elements []template
	field    struct {
		name    string // without ".$"
		value   template
		dynamic expression
	}
)

// unresolved is a ".$" field whose path leads nowhere; AWS names the field with its ending.
type unresolved struct {
	path  *path
	field string
	input string
}

func (e *unresolved) Error() string {
	return fmt.Sprintf("The JSONPath '%s' specified for the field '%s' could not be found in the input '%s'",
		e.path.text, e.field, e.input)
}

func (t fixed) fill(*scope) (any, error) { return t.value, nil }

func (t elements) fill(at *scope) (any, error) {
	list := make([]any, len(t))
	for i, e := range t {
		v, err := e.fill(at)
		if err != nil {
			return nil, err
		}
		list[i] = v
	}
	return list, nil
}

func (t fields) fill(at *scope) (any, error) {
	o := newObject(len(t))
	for _, f := range t {
		var v any
		var err error
		if f.dynamic != nil {
			v, err = f.evaluate(at)
		} else {
			v, err = f.value.fill(at)
		}
		if err != nil {
			return nil, err
		}
		o.set(f.name, v)
	}
	return o, nil
}

func (f *field) evaluate(at *scope) (any, error) {
	v, err := f.dynamic.eval(at)
	var missing *absent
	if errors.As(err, &missing) {
		return nil, &unresolved{missing.path, f.name + ".$", at.shown(missing.path)}
	}
	return v, err
}

// template compiles v, which stands at pointer; parts without expressions stay as they are and are never copied.
func (p *parser) template(pointer string, v any) template {
	switch x := v.(type) {
	case []any:
		list := make(elements, len(x))
		plain := true
		for i, e := range x {
			list[i] = p.template(fmt.Sprintf("%s/%d", pointer, i), e)
			_, isFixed := list[i].(fixed)
			plain = plain && isFixed
		}
		if !plain {
			return list
		}
	case *object:
		if t, plain := p.templateFields(pointer, x); !plain {
			return t
		}
	}
	return fixed{v}
}

func (p *parser) templateFields(pointer string, o *object) (fields, bool) {
	list := make(fields, len(o.keys))
	plain := true
	for i, key := range o.keys {
		at := pointer + "/" + pointerToken(key)
		name, dynamic := strings.CutSuffix(key, ".$")
		if !dynamic {
			list[i] = field{name: key, value: p.template(at, o.values[i])}
			_, isFixed := list[i].value.(fixed)
			plain = plain && isFixed
			continue
		}
		plain = false
		list[i].name = name
		if _, twice := o.get(name); twice {
			p.mistake(at, "%q and %q are the same field", name, key)
		}
		list[i].dynamic = p.expression(at, o.values[i])
	}
	return list, plain
}

func (p *parser) expression(pointer string, v any) expression {
	text, ok := v.(string)
	if !ok {
		p.mistake(pointer, "a field whose name ends in .$ holds a path or an intrinsic function as a string, not %s", kindOf(v))
		return literal{}
	}
	e, err := parseExpression(text)
	if err != nil {
		p.mistake(pointer, "%v", err)
		return literal{}
	}
	return e
}

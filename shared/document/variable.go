package document

import (
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/deployer-io/deployer/shared/diag"
)

const (
	codeVariable diag.Code = "variable"
	codeCycle    diag.Code = "variable-cycle"
)

// The bounds on what variables may make of a bundle, in bytes.
const (
	maxExpansion = 64 << 10 // of one text after its variables were replaced
	maxExpanded  = 64 << 20 // of all such texts of one Merge
)

// variables are the values that "${...}" may name, complete and then only read. A declared variable's value may name
// built-in and other declared variables; one that leads back to itself is an error. The value for the environment wins
// over the default, --set over both.
type variables struct {
	values map[string]*node // by full name: var.x, environment
	unset  map[string]bool  // declared, but without a value
	broken map[string]bool  // declared, but its value is in error, which was reported
	names  []string         // all that may be named, sorted
	text   atomic.Int64     // bytes of the texts made so far
}

// declaration is a declared variable before it is resolved.
type declaration struct {
	value *node // nil: none
	kind  string
	at    *step
}

// variableTypes are the types that a declaration may name.
var variableTypes = map[string][]Kind{
	"string": {Text}, "integer": {Int}, "number": {Int, Float}, "boolean": {Bool}, "list": {List}, "map": {Map},
}

// declare reads the variables that the merged stack declares.
func (m *merger) declare(stack Node) *variables {
	v := &variables{values: map[string]*node{}, unset: map[string]bool{}, broken: map[string]bool{}}
	declared := m.declarations(stack.Get("variables"))
	m.environmentValues(stack.Get("environments"), declared)
	m.setValues(declared)
	builtin := &source{file: "(built in)"}
	v.values["environment"] = textNode(builtin, m.options.Environment)
	v.values["stack"] = textNode(builtin, m.stack.base.Metadata.Name)
	for name, value := range m.options.Values {
		v.values[name] = textNode(builtin, value)
	}
	for _, n := range v.values {
		n.flags = 0 // what a built-in says is never looked at for variables
	}
	v.names = slices.Collect(maps.Keys(v.values))
	for name := range declared {
		v.names = append(v.names, "var."+name)
	}
	slices.Sort(v.names)
	r := resolver{variables: v, declared: declared, ds: &m.ds, state: map[string]visit{}}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		r.resolve(name)
	}
	return v
}

func (m *merger) declarations(n Node) map[string]*declaration {
	declared := map[string]*declaration{}
	if !m.isMapping(n) {
		return declared
	}
	for key, value := range n.Each() {
		if !m.isMapping(value) {
			continue
		}
		d := &declaration{at: value.at}
		if kind := value.Get("type"); !kind.IsZero() {
			d.kind = kind.n.text
			if _, known := variableTypes[d.kind]; !known {
				types := slices.Collect(maps.Keys(variableTypes))
				m.ds.Errorf(codeVariable, kind.Position(), kind.Path(), "%q is no type of a variable", shorten(d.kind)).
					WithHint("%s", suggestion(d.kind, types, "use one of "+list(types)))
				d.kind = ""
			}
		}
		if given := value.Get("default"); given.Kind() != Absent && given.Kind() != Null {
			m.give(d, key.n.text, given)
		}
		declared[key.n.text] = d
	}
	return declared
}

// give sets a variable's value when it is of the declared type.
func (m *merger) give(d *declaration, name string, value Node) {
	if d.kind != "" && !slices.Contains(variableTypes[d.kind], value.Kind()) && value.n.flags&hasVariable == 0 {
		m.ds.Errorf(codeVariable, value.Position(), value.Path(), "the variable %s is of the type %s, not %s", name, d.kind, value.Kind()).
			WithHint("%s", typeHint(d.kind))
	}
	d.value, d.at = value.n, value.at
}

func typeHint(kind string) string {
	if kind == "string" {
		return "quote the value to make it a text"
	}
	return "write a value of the type " + kind
}

// environmentValues reads the values that the stack gives for the environment. It reports variables in any environment
// that are not declared.
func (m *merger) environmentValues(environments Node, declared map[string]*declaration) {
	names := slices.Collect(maps.Keys(declared))
	for _, e := range environments.Items() {
		values := e.Get("variables")
		if !m.isMapping(values) {
			continue
		}
		of, _ := e.Get("name").Text()
		for key, value := range values.Each() {
			d, known := declared[key.n.text]
			if !known {
				m.undeclared(key.Position(), key.Path(), key.n.text, names)
			} else if of == m.options.Environment && value.Kind() != Null {
				m.give(d, key.n.text, value)
			}
		}
	}
}

func (m *merger) setValues(declared map[string]*declaration) {
	names := slices.Collect(maps.Keys(declared))
	for _, s := range m.options.Sets {
		if s.variable == "" {
			continue
		}
		d, known := declared[s.variable]
		if !known {
			m.undeclared(diag.Position{File: s.title()}, "", s.variable, names)
			continue
		}
		value := s.value
		if d.kind == "string" || d.kind == "" && d.value != nil && d.value.kind == Text {
			value = textNode(s.value.from, s.raw) // so that var.tag=1.10 stays 1.10
		}
		m.give(d, s.variable, Node{value, nil})
	}
}

func (m *merger) undeclared(at diag.Position, path, name string, names []string) {
	m.ds.Errorf(codeVariable, at, path, "the stack %s declares no variable %q", m.stack.base.Metadata.Name, shorten(name)).
		WithHint("%s", suggestion(name, names, "declare it under spec.variables of the Stack"))
}

// find returns the value of a variable, or why there is none: with an empty message where that was reported already.
func (v *variables) find(name string) (value *node, message, hint string) {
	if v.broken[name] {
		return nil, "", ""
	}
	if value, known := v.values[name]; known {
		return value, "", ""
	}
	if v.unset[name] {
		return nil, fmt.Sprintf("the variable ${%s} has no value in this environment", shorten(name)),
			"give it a default, a value for the environment, or --set " + name + "=..."
	}
	if name == "git.commit" {
		return nil, "the commit is not known here, so ${git.commit} has no value", "run in a Git checkout, or say which commit it is"
	}
	return nil, fmt.Sprintf("there is no variable ${%s}", shorten(name)),
		suggestion(name, v.names, "declare it under spec.variables of the Stack, or write $${ for the text ${")
}

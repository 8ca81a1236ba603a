package asl

import "math/rand/v2"

// scope is what an expression can see: the state's data as "$", the context object as "$$", the variables, and the two
// sources of chance. The context object is built when it is read, so it shows the moment of the reading.
type scope struct {
	data        any
	makeContext func() *object
	vars        *variables
	random      func() *rand.Rand
	newID       func() string
}

func (s *scope) input() any { return s.data }

func (s *scope) context() *object { return s.makeContext() }

func (s *scope) variable(name string) (any, bool) { return s.vars.get(name) }

// with is the same scope with other data under "$".
func (s *scope) with(data any) *scope {
	c := *s
	c.data = data
	return &c
}

// shown is the text of what a path was applied to, for messages.
func (s *scope) shown(p *path) string {
	switch p.root {
	case rootContext:
		return jsonText(s.context())
	case rootVariable:
		if v, ok := s.vars.get(p.variable); ok {
			return jsonText(v)
		}
		return ""
	default:
		return jsonText(s.data)
	}
}

// variables are the assigned values of one scope: the machine, a branch of a Parallel or an iteration of a Map. Inner
// scopes read the outer ones and write only themselves.
type variables struct {
	outer  *variables
	values map[string]any
}

func (v *variables) get(name string) (any, bool) {
	for s := v; s != nil; s = s.outer {
		if value, ok := s.values[name]; ok {
			return value, true
		}
	}
	return nil, false
}

func (v *variables) set(name string, value any) {
	if v.values == nil {
		v.values = make(map[string]any)
	}
	v.values[name] = value
}

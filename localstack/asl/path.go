package asl

import (
	"fmt"
	"strconv"
	"strings"
)

// path is a JSONPath of AWS's dialect: "$" the input, "$$" the context object, "$name" a variable, "@" the element that
// a filter looks at. A definite path names exactly one place and fails where that is missing; an indefinite one (a
// wildcard, a slice, several indices, "..", a filter) gives an array of what it finds, perhaps empty. Several names make
// one object of those members where they end the path, and an indefinite path where more follows.
type path struct {
	text     string
	root     rootKind
	variable string
	steps    []step
	definite bool
}

type rootKind int

const (
	rootInput rootKind = iota
	rootContext
	rootVariable
	rootElement
)

type stepKind int

const (
	stepNames stepKind = iota
	stepIndices
	stepSlice
	stepWildcard
	stepFilter
	stepFunction
)

type step struct {
	kind     stepKind
	deep     bool // after "..": at this place and everywhere below it
	names    []string
	gather   bool // several names at the end of the path: one object of those that are there
	indices  []int
	from, to *int
	filter   condition
	function string
}

// absent says that a definite path leads nowhere; reason in AWS's words.
type absent struct {
	path   *path
	reason string
}

func (e *absent) Error() string { return fmt.Sprintf("Invalid path '%s' : %s", e.path.text, e.reason) }

// places gives a path its roots.
type places interface {
	input() any
	context() *object
	variable(name string) (any, bool)
}

func (p *path) eval(at places) (any, error) {
	var root any
	switch p.root {
	case rootInput:
		root = at.input()
	case rootContext:
		root = at.context()
	case rootVariable:
		v, ok := at.variable(p.variable)
		if !ok {
			return nil, &absent{p, fmt.Sprintf("The variable '$%s' has no value here", p.variable)}
		}
		root = v
	}
	return p.from(root, at)
}

func (p *path) from(root any, at places) (any, error) {
	steps := p.steps
	var function string
	if n := len(steps); n > 0 && steps[n-1].kind == stepFunction {
		function, steps = steps[n-1].function, steps[:n-1]
	}
	v, err := p.walk(root, steps, at)
	if err != nil || function == "" {
		return v, err
	}
	return pathFunctions[function](v, p)
}

func (p *path) walk(root any, steps []step, at places) (any, error) {
	nodes := []any{root}
	single := true
	for i := range steps {
		s := &steps[i]
		single = single && s.definite()
		var found []any
		for _, n := range nodes {
			found = s.apply(found, n, at)
		}
		if nodes = found; len(nodes) == 0 && single && p.definite {
			if i < len(steps)-1 {
				return nil, &absent{p, "Missing property in path " + canonical(steps[:i+1])}
			}
			return nil, &absent{p, "No results for path: " + canonical(steps)}
		}
	}
	if single {
		if len(nodes) == 0 { // the definite beginning of an indefinite path
			return []any{}, nil
		}
		return nodes[0], nil
	}
	if nodes == nil {
		nodes = []any{}
	}
	return nodes, nil
}

// canonical writes members and indices as AWS's messages do.
func canonical(steps []step) string {
	var b strings.Builder
	b.WriteByte('$')
	for _, s := range steps {
		if len(s.names) > 0 {
			b.WriteString("['" + strings.Join(s.names, "','") + "']")
		}
		for _, i := range s.indices {
			b.WriteString("[" + strconv.Itoa(i) + "]")
		}
	}
	return b.String()
}

func (s *step) apply(found []any, node any, at places) []any {
	found = s.here(found, node, at)
	if !s.deep {
		return found
	}
	switch n := node.(type) {
	case *object:
		for _, v := range n.values {
			found = s.apply(found, v, at)
		}
	case []any:
		for _, v := range n {
			found = s.apply(found, v, at)
		}
	}
	return found
}

func (s *step) here(found []any, node any, at places) []any {
	switch s.kind {
	case stepNames:
		if o, ok := node.(*object); ok {
			found = s.named(found, o)
		}
	case stepWildcard:
		switch n := node.(type) {
		case *object:
			found = append(found, n.values...)
		case []any:
			found = append(found, n...)
		}
	case stepFilter:
		found = s.filtered(found, node, at)
	default:
		if list, ok := node.([]any); ok {
			found = s.positioned(found, list)
		}
	}
	return found
}

// definite says whether the step leads from one place to at most one.
func (s *step) definite() bool {
	return !s.deep && (s.kind == stepNames && (s.gather || len(s.names) == 1) || s.kind == stepIndices && len(s.indices) == 1)
}

func (s *step) named(found []any, o *object) []any {
	if s.gather {
		gathered := newObject(len(s.names))
		for _, name := range s.names {
			if v, ok := o.get(name); ok {
				gathered.set(name, v)
			}
		}
		if s.deep && len(gathered.keys) < len(s.names) {
			return found
		}
		return append(found, gathered)
	}
	for _, name := range s.names {
		if v, ok := o.get(name); ok {
			found = append(found, v)
		}
	}
	return found
}

func (s *step) filtered(found []any, node any, at places) []any {
	switch n := node.(type) {
	case *object:
		if s.filter.holds(n, at) {
			found = append(found, n)
		}
	case []any:
		for _, v := range n {
			if s.filter.holds(v, at) {
				found = append(found, v)
			}
		}
	}
	return found
}

func (s *step) positioned(found, list []any) []any {
	if s.kind == stepIndices {
		for _, i := range s.indices {
			if i < 0 {
				i += len(list)
			}
			if i >= 0 && i < len(list) {
				found = append(found, list[i])
			}
		}
		return found
	}
	from, to := 0, len(list)
	if s.from != nil {
		from = clampIndex(*s.from, len(list))
	}
	if s.to != nil {
		to = clampIndex(*s.to, len(list))
	}
	if from < to {
		found = append(found, list[from:to]...)
	}
	return found
}

func clampIndex(i, length int) int {
	if i < 0 {
		i += length
	}
	return max(0, min(i, length))
}

// place puts v at a reference path inside root and gives the new root; objects on the way are made where they miss.
func (p *path) place(root, v any) (any, bool) { return placeAt(root, p.steps, v) }

func placeAt(node any, steps []step, v any) (any, bool) {
	if len(steps) == 0 {
		return v, true
	}
	s := &steps[0]
	if s.kind == stepIndices {
		list, ok := node.([]any)
		if !ok || s.indices[0] >= len(list) {
			return nil, false
		}
		inner, ok := placeAt(list[s.indices[0]], steps[1:], v)
		if !ok {
			return nil, false
		}
		c := append([]any(nil), list...)
		c[s.indices[0]] = inner
		return c, true
	}
	o, ok := node.(*object)
	if !ok {
		return nil, false
	}
	var inner any = newObject(1)
	if existing, found := o.get(s.names[0]); found {
		inner = existing
	}
	if inner, ok = placeAt(inner, steps[1:], v); !ok {
		return nil, false
	}
	return o.with(s.names[0], inner), true
}

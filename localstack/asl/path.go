package asl

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// path is a JSONPath of AWS's dialect: "$" the input, "$$" the context object, "$name" a variable, "@" the element that
// a filter looks at. A definite path names exactly one place and fails where that is missing; an indefinite one (a
// wildcard, a slice, several names or indices, "..", a filter) gives an array of what it finds, perhaps empty.
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
	indices  []int
	from, to *int
	filter   condition
	function string
}

// pathReader reads a path, alone or inside an intrinsic or a filter, where it ends before any character of stop.
type pathReader struct {
	text string
	pos  int
	stop string
}

func parsePath(text string) (*path, error) {
	r := &pathReader{text: text}
	p, err := r.read()
	if err != nil {
		return nil, err
	}
	if r.pos != len(text) {
		return nil, r.wrong("unexpected %q", text[r.pos:])
	}
	return p, nil
}

// parseReferencePath reads a path that may name one place only, by members and indices.
func parseReferencePath(text string) (*path, error) {
	p, err := parsePath(text)
	if err != nil {
		return nil, err
	}
	for _, s := range p.steps {
		if s.deep || s.kind != stepNames && s.kind != stepIndices || len(s.names)+len(s.indices) != 1 {
			return nil, fmt.Errorf("%q is not a reference path: it must name one place by members and indices", text)
		}
		if s.kind == stepIndices && s.indices[0] < 0 {
			return nil, fmt.Errorf("%q is not a reference path: an index must not be negative", text)
		}
	}
	return p, nil
}

func (r *pathReader) wrong(format string, args ...any) error {
	return fmt.Errorf("invalid path %q at character %d: %s", r.text, r.pos+1, fmt.Sprintf(format, args...))
}

func (r *pathReader) peek() byte {
	if r.pos < len(r.text) {
		return r.text[r.pos]
	}
	return 0
}

func (r *pathReader) take(c byte) bool {
	if r.peek() == c && r.pos < len(r.text) {
		r.pos++
		return true
	}
	return false
}

func (r *pathReader) spaces() {
	for r.peek() == ' ' {
		r.pos++
	}
}

func (r *pathReader) ends() bool {
	return r.pos >= len(r.text) || strings.IndexByte(r.stop, r.text[r.pos]) >= 0
}

func (r *pathReader) read() (*path, error) {
	start := r.pos
	p := &path{definite: true}
	switch {
	case r.take('@'):
		p.root = rootElement
	case !r.take('$'):
		return nil, r.wrong("a path begins with $")
	case r.take('$'):
		p.root = rootContext
	default:
		if p.variable = r.identifier(); p.variable != "" {
			p.root = rootVariable
		}
	}
	for !r.ends() {
		s, err := r.step()
		if err != nil {
			return nil, err
		}
		p.steps = append(p.steps, s)
		if s.deep || s.kind == stepWildcard || s.kind == stepSlice || s.kind == stepFilter ||
			len(s.names)+len(s.indices) > 1 {
			p.definite = false
		}
		if s.kind == stepFunction {
			if p.definite = true; !r.ends() {
				return nil, r.wrong("nothing may follow %s()", s.function)
			}
		}
	}
	p.text = r.text[start:r.pos]
	return p, nil
}

// identifier reads a variable's name: letters, digits and _, not beginning with a digit.
func (r *pathReader) identifier() string {
	start := r.pos
	for r.pos < len(r.text) {
		c, size := utf8.DecodeRuneInString(r.text[r.pos:])
		if c != '_' && !unicode.IsLetter(c) && (r.pos == start || !unicode.IsDigit(c)) {
			break
		}
		r.pos += size
	}
	return r.text[start:r.pos]
}

func (r *pathReader) step() (step, error) {
	if r.peek() == '[' {
		return r.bracket(false)
	}
	if !r.take('.') {
		return step{}, r.wrong("expected '.' or '[', found %q", r.text[r.pos:])
	}
	deep := r.take('.')
	if r.peek() == '[' {
		return r.bracket(deep)
	}
	if r.take('*') {
		return step{kind: stepWildcard, deep: deep}, nil
	}
	start := r.pos
	for !r.ends() && strings.IndexByte(".[(", r.peek()) < 0 {
		if c := r.peek(); c <= ' ' {
			return step{}, r.wrong("a name with blanks is written ['like this']")
		}
		r.pos++
	}
	name := r.text[start:r.pos]
	if name == "" {
		return step{}, r.wrong("a name is missing")
	}
	if r.peek() != '(' {
		return step{kind: stepNames, deep: deep, names: []string{name}}, nil
	}
	if _, known := pathFunctions[name]; !known || deep || !strings.HasPrefix(r.text[r.pos:], "()") {
		return step{}, r.wrong("%s(...) is not a path function; known are %s", name, pathFunctionNames)
	}
	r.pos += 2
	return step{kind: stepFunction, function: name}, nil
}

func (r *pathReader) bracket(deep bool) (step, error) {
	r.pos++
	r.spaces()
	s := step{deep: deep}
	var err error
	switch c := r.peek(); {
	case c == '*':
		r.pos++
		s.kind = stepWildcard
	case c == '?':
		r.pos++
		s.kind = stepFilter
		s.filter, err = r.filter()
	case c == '\'' || c == '"':
		s.names, err = r.nameList()
	default:
		err = r.positions(&s)
	}
	if err != nil {
		return s, err
	}
	if r.spaces(); !r.take(']') {
		return s, r.wrong("expected ]")
	}
	return s, nil
}

func (r *pathReader) nameList() ([]string, error) {
	var names []string
	for {
		name, err := r.quoted()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
		if r.spaces(); !r.take(',') {
			return names, nil
		}
		r.spaces()
	}
}

// quoted reads a string in single or double quotes, in which a backslash protects the next character.
func (r *pathReader) quoted() (string, error) {
	quote := r.peek()
	if quote != '\'' && quote != '"' {
		return "", r.wrong("expected a name in quotes")
	}
	r.pos++
	var b strings.Builder
	for r.pos < len(r.text) {
		c := r.text[r.pos]
		r.pos++
		switch {
		case c == quote:
			return b.String(), nil
		case c == '\\' && r.pos < len(r.text):
			b.WriteByte(r.text[r.pos])
			r.pos++
		default:
			b.WriteByte(c)
		}
	}
	return "", r.wrong("a quote is not closed")
}

func (r *pathReader) integer() (*int, error) {
	start := r.pos
	r.take('-')
	for c := r.peek(); c >= '0' && c <= '9'; c = r.peek() {
		r.pos++
	}
	if r.pos == start {
		return nil, nil
	}
	i, err := strconv.Atoi(r.text[start:r.pos])
	if err != nil || i > 1<<31-1 || i < -1<<31 {
		return nil, r.wrong("%q is not an index", r.text[start:r.pos])
	}
	return &i, nil
}

// positions reads 3, or 0,2,4 or a slice 1:3, :2, -2:
func (r *pathReader) positions(s *step) error {
	first, err := r.integer()
	if err != nil {
		return err
	}
	r.spaces()
	if r.take(':') {
		s.kind, s.from = stepSlice, first
		r.spaces()
		s.to, err = r.integer()
		return err
	}
	s.kind = stepIndices
	for {
		if first == nil {
			return r.wrong("expected an index, a name in quotes, * or a filter")
		}
		s.indices = append(s.indices, *first)
		if r.spaces(); !r.take(',') {
			return nil
		}
		r.spaces()
		if first, err = r.integer(); err != nil {
			return err
		}
	}
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
		single = single && !s.deep && (s.kind == stepNames && len(s.names) == 1 || s.kind == stepIndices && len(s.indices) == 1)
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
		for _, n := range s.names {
			b.WriteString("['" + n + "']")
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
			for _, name := range s.names {
				if v, ok := o.get(name); ok {
					found = append(found, v)
				}
			}
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

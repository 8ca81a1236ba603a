package asl

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

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
		s.gather = len(s.names) > 1 && r.ends()
		p.steps = append(p.steps, s)
		switch {
		case s.kind != stepFunction:
			p.definite = p.definite && s.definite()
		case !r.ends():
			return nil, r.wrong("nothing may follow %s()", s.function)
		default:
			p.definite = true
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
	switch r.peek() {
	case '*':
		r.pos++
		s.kind = stepWildcard
	case '?':
		r.pos++
		s.kind = stepFilter
		s.filter, err = r.filter()
	case '\'', '"':
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

package asl

import (
	"errors"
	"fmt"
	"sort"
	"strings"
)

// expression is what a ".$" field holds: a path, or a call of an intrinsic function whose arguments are expressions.
type expression interface {
	eval(at *scope) (any, error)
}

type pathExpression struct{ *path }

func (e pathExpression) eval(at *scope) (any, error) { return e.path.eval(at) }

// literal is an argument of a call. escaped is the text between a string's quotes with its escapes still in place,
// because in a template \{ and { differ.
type literal struct {
	value   any
	escaped string
}

func (e literal) eval(*scope) (any, error) { return e.value, nil }

type call struct {
	text string
	name string
	run  intrinsic
	args []expression
}

// functionError is an intrinsic function that could not answer.
type functionError struct {
	call   *call
	reason string
}

func (e *functionError) Error() string {
	return fmt.Sprintf("The function '%s' had the following error: %s", e.call.text, e.reason)
}

func (e *call) eval(at *scope) (any, error) {
	args := make([]any, len(e.args))
	for i, a := range e.args {
		v, err := a.eval(at)
		var missing *absent
		switch {
		case errors.As(err, &missing):
			return nil, &functionError{e, fmt.Sprintf(
				"The JsonPath argument for the field '%s' could not be found in the input '%s'",
				missing.path.text, at.shown(missing.path))}
		case err != nil:
			return nil, err
		}
		args[i] = v
		if l, isLiteral := a.(literal); isLiteral && i == 0 && e.name == "States.Format" && l.escaped != "" {
			args[i] = l.escaped
		}
	}
	v, err := e.run.apply(at, args)
	if err != nil {
		return nil, &functionError{e, err.Error()}
	}
	return v, nil
}

// maxNesting is how many intrinsic functions may stand inside one another.
const maxNesting = 10

// parseExpression reads a path or an intrinsic function.
func parseExpression(text string) (expression, error) {
	switch {
	case strings.HasPrefix(text, "$"):
		p, err := parsePath(text)
		if err != nil {
			return nil, err
		}
		return pathExpression{p}, nil
	case strings.HasPrefix(text, "States."):
		r := &callReader{pathReader{text: text, stop: " ,)"}}
		e, err := r.call(0)
		if err != nil {
			return nil, err
		}
		if r.pos != len(text) {
			return nil, r.wrong("unexpected %q after the call", text[r.pos:])
		}
		return e, nil
	default:
		return nil, fmt.Errorf("%q is neither a path (it begins with $) nor an intrinsic function (States. ...)", text)
	}
}

type callReader struct{ pathReader }

func (r *callReader) wrong(format string, args ...any) error {
	return fmt.Errorf("invalid intrinsic function %q at character %d: %s", r.text, r.pos+1, fmt.Sprintf(format, args...))
}

func (r *callReader) call(depth int) (expression, error) {
	start := r.pos
	open := strings.IndexByte(r.text[start:], '(')
	if open < 0 {
		return nil, r.wrong("expected (")
	}
	name := r.text[start : start+open]
	run, known := intrinsics[name]
	if !known {
		return nil, r.wrong("%q is not an intrinsic function; known are %s", name, strings.Join(intrinsicNames(), ", "))
	}
	if depth == maxNesting {
		return nil, r.wrong("more than %d functions inside one another", maxNesting)
	}
	r.pos = start + open + 1
	c := &call{name: name, run: run}
	for {
		if r.spaces(); len(c.args) == 0 && r.take(')') {
			break
		}
		arg, err := r.argument(depth)
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, arg)
		if r.spaces(); r.take(')') {
			break
		}
		if !r.take(',') {
			return nil, r.wrong("expected , or )")
		}
	}
	c.text = r.text[start:r.pos]
	if n := len(c.args); n < run.least || run.most >= 0 && n > run.most {
		return nil, r.wrong("%s takes %s, not %d", name, run.arity(), n)
	}
	return c, nil
}

func (r *callReader) argument(depth int) (expression, error) {
	switch c := r.peek(); {
	case c == '$':
		p, err := r.read()
		return pathExpression{p}, err
	case c == '\'':
		return r.quotedText()
	case strings.HasPrefix(r.text[r.pos:], "States."):
		return r.call(depth + 1)
	default:
		j := &jsonReader{text: r.text, pos: r.pos}
		if c == '"' || c == '{' || c == '[' {
			return nil, r.wrong("an argument is a path, a 'string', a number, true, false, null or another function")
		}
		v, err := j.value()
		if err != nil {
			return nil, r.wrong("an argument is a path, a 'string', a number, true, false, null or another function")
		}
		r.pos = j.pos
		return literal{value: v}, nil
	}
}

// quotedText reads a 'string'; a backslash stands before ', \, { or } only.
func (r *callReader) quotedText() (expression, error) {
	r.pos++
	start := r.pos
	for r.pos < len(r.text) {
		switch r.text[r.pos] {
		case '\'':
			escaped := r.text[start:r.pos]
			r.pos++
			return literal{value: unescape(escaped), escaped: escaped}, nil
		case '\\':
			if r.pos+1 >= len(r.text) || strings.IndexByte(`'\{}`, r.text[r.pos+1]) < 0 {
				return nil, r.wrong(`a backslash stands only before ', \, { or }`)
			}
			r.pos++
		}
		r.pos++
	}
	return nil, r.wrong("a string that does not end")
}

func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`'\{}`, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func intrinsicNames() []string {
	names := make([]string, 0, len(intrinsics))
	for n := range intrinsics {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

package asl

import (
	"regexp"
	"strings"
)

// Two-character relations stand before their beginnings.
var relations = []string{
	"==", "!=", "<=", ">=", "=~", "<", ">", "in", "nin", "contains", "subsetof", "anyof", "noneof", "size", "empty",
}

const filterStops = " )],=!<>~&|"

// filter reads (condition) after the question mark.
func (r *pathReader) filter() (condition, error) {
	if r.spaces(); r.peek() != '(' {
		return nil, r.wrong("a filter is written [?( )]")
	}
	return r.primary(0)
}

func (r *pathReader) either(depth int) (condition, error) {
	return r.joined("||", depth, r.both, func(list []condition) condition { return anyOf(list) })
}

func (r *pathReader) both(depth int) (condition, error) {
	return r.joined("&&", depth, r.primary, func(list []condition) condition { return allOf(list) })
}

func (r *pathReader) joined(sign string, depth int, read func(int) (condition, error), join func([]condition) condition,
) (condition, error) {
	var list []condition
	for {
		c, err := read(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
		if r.spaces(); !strings.HasPrefix(r.text[r.pos:], sign) {
			break
		}
		r.pos += 2
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return join(list), nil
}

func (r *pathReader) primary(depth int) (condition, error) {
	if depth > 50 {
		return nil, r.wrong("the filter nests too deeply")
	}
	r.spaces()
	switch {
	case r.peek() == '!' && !strings.HasPrefix(r.text[r.pos:], "!="):
		r.pos++
		c, err := r.primary(depth + 1)
		return notOf{c}, err
	case r.take('('):
		c, err := r.either(depth + 1)
		if err != nil {
			return nil, err
		}
		if r.spaces(); !r.take(')') {
			return nil, r.wrong("expected ) in the filter")
		}
		return c, nil
	}
	left, err := r.operand()
	if err != nil {
		return nil, err
	}
	r.spaces()
	relation := r.relation()
	if relation == "" {
		if left.path == nil {
			return nil, r.wrong("expected a comparison")
		}
		return exists{left.path}, nil
	}
	r.spaces()
	right, err := r.operand()
	if err != nil {
		return nil, err
	}
	if (relation == "=~") != (right.pattern != nil) || left.pattern != nil {
		return nil, r.wrong("=~ takes a /regular expression/ on its right, nothing else does")
	}
	return related{left, right, relation}, nil
}

func (r *pathReader) relation() string {
	rest := r.text[r.pos:]
	for _, rel := range relations {
		if !strings.HasPrefix(rest, rel) {
			continue
		}
		if rel[0] >= 'a' && !strings.HasPrefix(rest[len(rel):], " ") && !strings.HasPrefix(rest[len(rel):], "[") {
			continue
		}
		r.pos += len(rel)
		return rel
	}
	return ""
}

func (r *pathReader) operand() (operand, error) {
	switch r.peek() {
	case '@', '$':
		inner := &pathReader{text: r.text, pos: r.pos, stop: filterStops}
		p, err := inner.read()
		r.pos = inner.pos
		return operand{path: p}, err
	case '\'', '"':
		s, err := r.quoted()
		return operand{literal: s}, err
	case '/':
		return r.pattern()
	case '[':
		return r.literalList()
	default:
		j := &jsonReader{text: r.text, pos: r.pos}
		v, err := j.value()
		if err != nil || r.peek() == '{' {
			return operand{}, r.wrong("expected a path, a number, a string or a list in the filter")
		}
		r.pos = j.pos
		return operand{literal: v}, nil
	}
}

func (r *pathReader) literalList() (operand, error) {
	r.pos++
	list := []any{}
	for {
		if r.spaces(); len(list) == 0 && r.take(']') {
			return operand{literal: list}, nil
		}
		o, err := r.operand()
		if err != nil {
			return o, err
		}
		if o.path != nil || o.pattern != nil {
			return o, r.wrong("a list in a filter holds literals only")
		}
		list = append(list, o.literal)
		if r.spaces(); r.take(']') {
			return operand{literal: list}, nil
		}
		if !r.take(',') {
			return o, r.wrong("expected , or ] in the list")
		}
	}
}

// pattern reads /expression/ with the flags i, m and s behind it; it must match the whole string.
func (r *pathReader) pattern() (operand, error) {
	r.pos++
	start := r.pos
	for r.pos < len(r.text) && r.text[r.pos] != '/' {
		if r.text[r.pos] == '\\' {
			r.pos++
		}
		r.pos++
	}
	if r.pos >= len(r.text) {
		return operand{}, r.wrong("the regular expression does not end")
	}
	expression := r.text[start:r.pos]
	r.pos++
	flags := ""
	for strings.IndexByte("ims", r.peek()) >= 0 && r.pos < len(r.text) {
		flags += "(?" + r.text[r.pos:r.pos+1] + ")"
		r.pos++
	}
	re, err := regexp.Compile(flags + `\A(?:` + expression + `)\z`)
	if err != nil {
		return operand{}, r.wrong("the regular expression is malformed: %v", err)
	}
	return operand{pattern: re}, nil
}

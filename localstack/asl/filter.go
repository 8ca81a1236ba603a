package asl

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// condition is what stands in [?( )]: it looks at one element.
type condition interface {
	holds(element any, at places) bool
}

type (
	allOf   []condition
	anyOf   []condition
	notOf   struct{ inner condition }
	exists  struct{ path *path }
	related struct {
		left, right operand
		relation    string
	}
)

func (c allOf) holds(e any, at places) bool {
	for _, inner := range c {
		if !inner.holds(e, at) {
			return false
		}
	}
	return true
}

func (c anyOf) holds(e any, at places) bool {
	for _, inner := range c {
		if inner.holds(e, at) {
			return true
		}
	}
	return false
}

func (c notOf) holds(e any, at places) bool { return !c.inner.holds(e, at) }

func (c exists) holds(e any, at places) bool {
	v, ok := operand{path: c.path}.value(e, at)
	if list, isList := v.([]any); ok && isList && !c.path.definite {
		return len(list) > 0
	}
	return ok
}

// operand is a path or a literal; a literal in slashes is a regular expression.
type operand struct {
	path    *path
	literal any
	pattern *regexp.Regexp
}

func (o operand) value(element any, at places) (any, bool) {
	if o.path == nil {
		return o.literal, true
	}
	var v any
	var err error
	if o.path.root == rootElement {
		v, err = o.path.from(element, at)
	} else {
		v, err = o.path.eval(at)
	}
	return v, err == nil
}

func (c related) holds(e any, at places) bool {
	left, okLeft := c.left.value(e, at)
	right, okRight := c.right.value(e, at)
	if c.relation == "!=" {
		return okLeft != okRight || okLeft && !equalValues(left, right)
	}
	if !okLeft || !okRight {
		return false
	}
	switch c.relation {
	case "==":
		return equalValues(left, right)
	case "=~":
		s, ok := left.(string)
		return ok && c.right.pattern.MatchString(s)
	case "<", "<=", ">", ">=":
		order, ok := orderOf(left, right)
		return ok && relates(c.relation, order)
	default:
		return listRelation(c.relation, left, right)
	}
}

func relates(relation string, order int) bool {
	switch relation {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	default:
		return order >= 0
	}
}

// orderOf compares two numbers or two strings.
func orderOf(a, b any) (int, bool) {
	switch x := a.(type) {
	case number:
		if y, ok := b.(number); ok {
			return x.compare(y), true
		}
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y), true
		}
	}
	return 0, false
}

func listRelation(relation string, left, right any) bool {
	list, isList := right.([]any)
	own, ownList := left.([]any)
	switch relation {
	case "in":
		return isList && member(list, left)
	case "nin":
		return isList && !member(list, left)
	case "contains":
		text, ok := left.(string)
		part, okPart := right.(string)
		return ownList && member(own, right) || ok && okPart && strings.Contains(text, part)
	case "subsetof":
		return isList && ownList && count(own, list) == len(own)
	case "anyof":
		return isList && ownList && count(own, list) > 0
	case "noneof":
		return isList && ownList && count(own, list) == 0
	case "size":
		n, ok := right.(number)
		return ok && n.compare(intNumber(int64(lengthOf(left)))) == 0
	case "empty":
		wanted, ok := right.(bool)
		return ok && (lengthOf(left) == 0) == wanted
	}
	return false
}

func lengthOf(v any) int {
	switch x := v.(type) {
	case string:
		return len([]rune(x))
	case []any:
		return len(x)
	case *object:
		return len(x.keys)
	}
	return -1
}

func member(list []any, v any) bool {
	for _, e := range list {
		if equalValues(e, v) {
			return true
		}
	}
	return false
}

func count(list, in []any) int {
	n := 0
	for _, e := range list {
		if member(in, e) {
			n++
		}
	}
	return n
}

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
	switch c := r.peek(); {
	case c == '@' || c == '$':
		inner := &pathReader{text: r.text, pos: r.pos, stop: filterStops}
		p, err := inner.read()
		r.pos = inner.pos
		return operand{path: p}, err
	case c == '\'' || c == '"':
		s, err := r.quoted()
		return operand{literal: s}, err
	case c == '/':
		return r.pattern()
	case c == '[':
		return r.literalList()
	default:
		j := &jsonReader{text: r.text, pos: r.pos}
		v, err := j.value()
		if err != nil || c == '{' {
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

// pattern reads /expression/ or /expression/i; it must match the whole string.
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
	if r.take('i') {
		flags = "(?i)"
	}
	re, err := regexp.Compile(flags + "^(?:" + expression + ")$")
	if err != nil {
		return operand{}, r.wrong("the regular expression is malformed: %v", err)
	}
	return operand{pattern: re}, nil
}

const pathFunctionNames = "length, keys, min, max, avg, sum, stddev, first and last"

// pathFunctions may end a path: $.items.length().
var pathFunctions = map[string]func(v any, p *path) (any, error){
	"length": func(v any, p *path) (any, error) {
		if n := lengthOf(v); n >= 0 {
			return intNumber(int64(n)), nil
		}
		return nil, &absent{p, "length() needs an array, an object or a string"}
	},
	"keys": func(v any, p *path) (any, error) {
		o, ok := v.(*object)
		if !ok {
			return nil, &absent{p, "keys() needs an object"}
		}
		list := make([]any, len(o.keys))
		for i, k := range o.keys {
			list[i] = k
		}
		return list, nil
	},
	"first": func(v any, p *path) (any, error) { return edge(v, p, 0) },
	"last":  func(v any, p *path) (any, error) { return edge(v, p, -1) },
	"min":   aggregate(func(all []float64) float64 { return fold(all, math.Min) }),
	"max":   aggregate(func(all []float64) float64 { return fold(all, math.Max) }),
	"sum":   aggregate(sum),
	"avg":   aggregate(func(all []float64) float64 { return sum(all) / float64(len(all)) }),
	"stddev": aggregate(func(all []float64) float64 {
		mean, squares := sum(all)/float64(len(all)), 0.0
		for _, f := range all {
			squares += (f - mean) * (f - mean)
		}
		return math.Sqrt(squares / float64(len(all)))
	}),
}

func edge(v any, p *path, i int) (any, error) {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return nil, &absent{p, "first() and last() need an array that is not empty"}
	}
	return list[(i+len(list))%len(list)], nil
}

func aggregate(of func([]float64) float64) func(any, *path) (any, error) {
	return func(v any, p *path) (any, error) {
		list, _ := v.([]any)
		var all []float64
		for _, e := range list {
			if n, ok := e.(number); ok {
				all = append(all, n.float())
			}
		}
		if len(all) == 0 {
			return nil, &absent{p, "the function needs an array with numbers"}
		}
		return floatNumber(of(all)), nil
	}
}

// floatNumber is how AWS's path functions answer: always with a decimal point.
func floatNumber(f float64) number {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return "0"
	}
	return number(number(strconv.FormatFloat(f, 'e', -1, 64)).javaText())
}

func fold(all []float64, with func(a, b float64) float64) float64 {
	v := all[0]
	for _, f := range all[1:] {
		v = with(v, f)
	}
	return v
}

func sum(all []float64) float64 {
	v := 0.0
	for _, f := range all {
		v += f
	}
	return v
}

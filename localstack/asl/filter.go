package asl

import (
	"regexp"
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

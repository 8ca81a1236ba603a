package asl

import (
	"errors"
	"fmt"
	"strings"
)

// test is the condition of a Choice rule.
type test interface {
	passes(at *scope) (bool, error)
}

type (
	andTest []test
	orTest  []test
	notTest struct{ inner test }
	varTest struct {
		variable *path
		operator operator
		name     string
		literal  any
		other    *path // of the operators that end in Path
	}
)

func (t andTest) passes(at *scope) (bool, error) {
	for _, inner := range t {
		if ok, err := inner.passes(at); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (t orTest) passes(at *scope) (bool, error) {
	for _, inner := range t {
		if ok, err := inner.passes(at); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func (t notTest) passes(at *scope) (bool, error) {
	ok, err := t.inner.passes(at)
	return !ok && err == nil, err
}

// invalidReference is a path of a rule that leads nowhere, or that gives what the operator cannot compare with.
type invalidReference struct{ path *path }

func (e *invalidReference) Error() string {
	return fmt.Sprintf("Invalid path '%s': The choice state's condition path references an invalid value.", e.path.text)
}

func (t *varTest) passes(at *scope) (bool, error) {
	v, err := t.variable.eval(at)
	var missing *absent
	present := !errors.As(err, &missing)
	if err != nil && present {
		return false, err
	}
	if t.operator.is != nil {
		if t.name == "IsPresent" {
			return present == t.literal, nil
		}
		if !present {
			return false, &invalidReference{t.variable}
		}
		return t.operator.is(v) == t.literal, nil
	}
	if !present {
		return false, &invalidReference{t.variable}
	}
	with := t.literal
	if t.other != nil {
		if with, err = t.other.eval(at); err != nil {
			return false, &invalidReference{t.other}
		}
		if !t.operator.accepts(with) {
			return false, &invalidReference{t.other}
		}
	}
	return t.operator.compare(v, with), nil
}

// operator is one of the comparisons; it has either is, for IsNull and its like, or accepts and compare.
type operator struct {
	is      func(v any) bool
	accepts func(literal any) bool
	compare func(v, with any) bool
	wants   string
	path    bool // has a twin that ends in Path
}

func isText(v any) bool { _, ok := v.(string); return ok }

func isNumber(v any) bool { _, ok := v.(number); return ok }

func isBoolean(v any) bool { _, ok := v.(bool); return ok }

func isTimestamp(v any) bool {
	s, ok := v.(string)
	if !ok {
		return false
	}
	_, ok = parseTimestamp(s)
	return ok
}

var operators = map[string]operator{}

func init() {
	orders := map[string]func(int) bool{
		"Equals":            func(o int) bool { return o == 0 },
		"LessThan":          func(o int) bool { return o < 0 },
		"GreaterThan":       func(o int) bool { return o > 0 },
		"LessThanEquals":    func(o int) bool { return o <= 0 },
		"GreaterThanEquals": func(o int) bool { return o >= 0 },
	}
	for name, holds := range orders {
		operators["String"+name] = operator{accepts: isText, wants: "a string", path: true, compare: func(v, with any) bool {
			s, ok := v.(string)
			return ok && holds(strings.Compare(s, with.(string)))
		}}
		operators["Numeric"+name] = operator{accepts: isNumber, wants: "a number", path: true, compare: func(v, with any) bool {
			n, ok := v.(number)
			return ok && holds(n.compare(with.(number)))
		}}
		operators["Timestamp"+name] = operator{accepts: isTimestamp, wants: "a timestamp such as 2030-01-31T08:00:00Z",
			path: true, compare: func(v, with any) bool {
				s, _ := v.(string)
				t, ok := parseTimestamp(s)
				u, _ := parseTimestamp(with.(string))
				return ok && holds(t.Compare(u))
			}}
	}
	operators["BooleanEquals"] = operator{accepts: isBoolean, wants: "true or false", path: true,
		compare: func(v, with any) bool { return v == with }}
	operators["StringMatches"] = operator{accepts: isText, wants: "a string", compare: func(v, with any) bool {
		s, ok := v.(string)
		return ok && matchesWildcard(s, with.(string))
	}}
	for name, is := range map[string]func(any) bool{
		"IsNull": func(v any) bool { return v == nil }, "IsPresent": func(any) bool { return true },
		"IsNumeric": isNumber, "IsString": isText, "IsBoolean": isBoolean, "IsTimestamp": isTimestamp,
	} {
		operators[name] = operator{is: is, accepts: isBoolean, wants: "true or false"}
	}
}

// matchesWildcard matches * with any characters; \* is a star and \\ a backslash.
func matchesWildcard(s, pattern string) bool {
	var pieces []string
	var piece strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\' && i+1 < len(pattern) && (pattern[i+1] == '*' || pattern[i+1] == '\\'):
			i++
			piece.WriteByte(pattern[i])
		case c == '*':
			pieces = append(pieces, piece.String())
			piece.Reset()
		default:
			piece.WriteByte(c)
		}
	}
	last := piece.String()
	if len(pieces) == 0 {
		return s == last
	}
	s, ok := strings.CutPrefix(s, pieces[0])
	if !ok {
		return false
	}
	for _, p := range pieces[1:] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return strings.HasSuffix(s, last)
}

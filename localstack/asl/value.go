package asl

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A JSON value is nil, bool, number, string, []any or *object. No value changes once it has been made, so values are
// shared between states, branches and variables without copying, and what "$$" gave out stays as it was.

// number is a JSON number as it was written: 1.0 stays 1.0 and nothing loses digits on its way through a machine.
type number string

// object is a JSON object that keeps the order of its members, because States.Format and States.JsonToString show it.
type object struct {
	keys   []string
	values []any
	index  map[string]int
}

// indexedFrom is the size from which an object looks its members up in a map instead of one after another.
const indexedFrom = 9

func newObject(capacity int) *object {
	return &object{keys: make([]string, 0, capacity), values: make([]any, 0, capacity)}
}

// objectOf makes an object of alternating keys and values.
func objectOf(pairs ...any) *object {
	o := newObject(len(pairs) / 2)
	for i := 0; i+1 < len(pairs); i += 2 {
		o.set(pairs[i].(string), pairs[i+1])
	}
	return o
}

// set is for building: an object that others can see is never changed.
func (o *object) set(key string, value any) {
	if i := o.find(key); i >= 0 {
		o.values[i] = value
		return
	}
	o.keys = append(o.keys, key)
	o.values = append(o.values, value)
	switch {
	case o.index != nil:
		o.index[key] = len(o.keys) - 1
	case len(o.keys) == indexedFrom:
		o.index = make(map[string]int, 2*indexedFrom)
		for i, k := range o.keys {
			o.index[k] = i
		}
	}
}

func (o *object) find(key string) int {
	if o.index != nil {
		if i, ok := o.index[key]; ok {
			return i
		}
		return -1
	}
	for i, k := range o.keys {
		if k == key {
			return i
		}
	}
	return -1
}

func (o *object) get(key string) (any, bool) {
	if i := o.find(key); i >= 0 {
		return o.values[i], true
	}
	return nil, false
}

// with is a copy in which key has another value.
func (o *object) with(key string, value any) *object {
	c := newObject(len(o.keys) + 1)
	for i, k := range o.keys {
		c.set(k, o.values[i])
	}
	c.set(key, value)
	return c
}

func intNumber(i int64) number { return number(strconv.FormatInt(i, 10)) }

func (n number) float() float64 {
	f, _ := strconv.ParseFloat(string(n), 64)
	return f
}

// whole is the number as an integer; false where it has a fraction or does not fit.
func (n number) whole() (int64, bool) {
	if i, err := strconv.ParseInt(string(n), 10, 64); err == nil {
		return i, true
	}
	f := n.float()
	if f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		return 0, false
	}
	return int64(f), true
}

// compare orders two numbers by value; decimal digits beyond a float64 count.
func (n number) compare(m number) int {
	if n == m {
		return 0
	}
	a, b := n.float(), m.float()
	if a != b && !math.IsInf(a, 0) && !math.IsInf(b, 0) {
		if a < b {
			return -1
		}
		return 1
	}
	if len(n) > 40 || len(m) > 40 { // far exponents would make the exact comparison expensive
		return 0
	}
	x, okX := new(big.Rat).SetString(string(n))
	y, okY := new(big.Rat).SetString(string(m))
	if !okX || !okY {
		return 0
	}
	return x.Cmp(y)
}

// javaText is the number as Java prints it, which is what AWS puts into strings.
func (n number) javaText() string {
	if !strings.ContainsAny(string(n), ".eE") {
		if n == "-0" {
			return "0"
		}
		return string(n)
	}
	f := n.float()
	if f == 0 || math.Abs(f) >= 1e-3 && math.Abs(f) < 1e7 {
		s := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(s, "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	sign := ""
	if exponent[0] == '-' {
		sign = "-"
	}
	return mantissa + "E" + sign + strings.TrimLeft(exponent[1:], "0")
}

// equalValues compares by value: numbers by what they amount to, objects without regard to order.
func equalValues(a, b any) bool {
	switch x := a.(type) {
	case number:
		y, ok := b.(number)
		return ok && x.compare(y) == 0
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !equalValues(x[i], y[i]) {
				return false
			}
		}
		return true
	case *object:
		y, ok := b.(*object)
		if !ok || len(x.keys) != len(y.keys) {
			return false
		}
		for i, k := range x.keys {
			other, found := y.get(k)
			if !found || !equalValues(x.values[i], other) {
				return false
			}
		}
		return true
	default:
		return a == b
	}
}

// payload is a value together with its JSON text, which events, limits and handlers need; the text is made once.
type payload struct {
	value any
	text  string
}

func payloadOf(v any) payload { return payload{v, jsonText(v)} }

func jsonText(v any) string { return string(appendJSON(nil, v)) }

func appendJSON(b []byte, v any) []byte {
	switch x := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, x)
	case number:
		return append(b, x...)
	case string:
		return appendString(b, x)
	case []any:
		b = append(b, '[')
		for i, e := range x {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, e)
		}
		return append(b, ']')
	case *object:
		b = append(b, '{')
		for i, k := range x.keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, k), ':')
			b = appendJSON(b, x.values[i])
		}
		return append(b, '}')
	default:
		panic("asl: not a JSON value") // a bug of this package: every maker of values is in it
	}
}

const hexDigits = "0123456789abcdef"

func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[from:i]...), "\ufffd"...)
				from = i + 1
			}
			i += size
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}

func (p payload) raw() json.RawMessage { return json.RawMessage(p.text) }

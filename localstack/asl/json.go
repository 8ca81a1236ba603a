package asl

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deeply JSON may nest; beyond it no machine and no payload makes sense, and the stack is safe.
const maxDepth = 1000

// syntaxError is broken JSON at a byte offset.
type syntaxError struct {
	offset int
	reason string
}

func (e *syntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at offset %d: %s", e.offset, e.reason)
}

// jsonReader reads JSON (RFC 8259) into values. With places set it also notes where each value begins, by its JSON
// pointer, and which members appear twice.
type jsonReader struct {
	text       string
	pos        int
	depth      int
	places     map[string]int
	trail      []string
	duplicates []string
}

// parseJSON reads one JSON document.
func parseJSON(text string) (any, error) {
	if !utf8.ValidString(text) {
		return nil, &syntaxError{0, "not valid UTF-8"}
	}
	r := &jsonReader{text: text}
	return r.document()
}

func (r *jsonReader) document() (any, error) {
	v, err := r.value()
	if err != nil {
		return nil, err
	}
	r.space()
	if r.pos < len(r.text) {
		return nil, r.broken("unexpected %q after the document", r.text[r.pos])
	}
	return v, nil
}

func (r *jsonReader) broken(format string, args ...any) error {
	return &syntaxError{r.pos, fmt.Sprintf(format, args...)}
}

func (r *jsonReader) space() {
	for r.pos < len(r.text) {
		switch r.text[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

func (r *jsonReader) value() (any, error) {
	r.space()
	if r.pos >= len(r.text) {
		return nil, r.broken("unexpected end")
	}
	if r.places != nil {
		r.places[pointerOf(r.trail)] = r.pos
	}
	switch c := r.text[r.pos]; {
	case c == '{':
		return r.nested(r.object)
	case c == '[':
		return r.nested(r.array)
	case c == '"':
		return r.str()
	case c == '-' || c >= '0' && c <= '9':
		return r.number()
	case c == 't':
		return true, r.word("true")
	case c == 'f':
		return false, r.word("false")
	case c == 'n':
		return nil, r.word("null")
	default:
		return nil, r.broken("unexpected %q", c)
	}
}

func (r *jsonReader) nested(read func() (any, error)) (any, error) {
	if r.depth++; r.depth > maxDepth {
		return nil, r.broken("nested more than %d deep", maxDepth)
	}
	defer func() { r.depth-- }()
	return read()
}

func (r *jsonReader) word(w string) error {
	if !strings.HasPrefix(r.text[r.pos:], w) {
		return r.broken("expected %s", w)
	}
	r.pos += len(w)
	return nil
}

func (r *jsonReader) object() (any, error) {
	o := newObject(4)
	r.pos++
	for first := true; ; first = false {
		r.space()
		if first && r.at('}') {
			return o, nil
		}
		if r.pos >= len(r.text) || r.text[r.pos] != '"' {
			return nil, r.broken("expected a member's name in quotes")
		}
		key, err := r.str()
		if err != nil {
			return nil, err
		}
		if r.space(); !r.at(':') {
			return nil, r.broken("expected ':'")
		}
		if r.places != nil {
			r.trail = append(r.trail, key)
			if _, twice := o.get(key); twice {
				r.duplicates = append(r.duplicates, pointerOf(r.trail))
			}
		}
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		if r.places != nil {
			r.trail = r.trail[:len(r.trail)-1]
		}
		o.set(key, v)
		r.space()
		if r.at('}') {
			return o, nil
		}
		if !r.at(',') {
			return nil, r.broken("expected ',' or '}'")
		}
	}
}

func (r *jsonReader) array() (any, error) {
	list := []any{}
	r.pos++
	for {
		r.space()
		if len(list) == 0 && r.at(']') {
			return list, nil
		}
		if r.places != nil {
			r.trail = append(r.trail, strconv.Itoa(len(list)))
		}
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		if r.places != nil {
			r.trail = r.trail[:len(r.trail)-1]
		}
		list = append(list, v)
		r.space()
		if r.at(']') {
			return list, nil
		}
		if !r.at(',') {
			return nil, r.broken("expected ',' or ']'")
		}
	}
}

// at steps over c if it is next.
func (r *jsonReader) at(c byte) bool {
	if r.pos < len(r.text) && r.text[r.pos] == c {
		r.pos++
		return true
	}
	return false
}

func (r *jsonReader) digits() int {
	n := 0
	for r.pos < len(r.text) && r.text[r.pos] >= '0' && r.text[r.pos] <= '9' {
		r.pos++
		n++
	}
	return n
}

func (r *jsonReader) number() (any, error) {
	start := r.pos
	r.at('-')
	zero := r.pos < len(r.text) && r.text[r.pos] == '0'
	whole := r.digits()
	if whole == 0 || zero && whole > 1 {
		return nil, r.broken("a malformed number")
	}
	if r.at('.') && r.digits() == 0 {
		return nil, r.broken("a number without digits after the point")
	}
	if r.at('e') || r.at('E') {
		if !r.at('+') {
			r.at('-')
		}
		if r.digits() == 0 {
			return nil, r.broken("a number without an exponent")
		}
	}
	return number(r.text[start:r.pos]), nil
}

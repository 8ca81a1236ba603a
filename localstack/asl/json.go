package asl

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
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

func (r *jsonReader) str() (string, error) {
	r.pos++
	start := r.pos
	for r.pos < len(r.text) {
		switch c := r.text[r.pos]; {
		case c == '"':
			s := r.text[start:r.pos]
			r.pos++
			return strings.ToValidUTF8(s, "\ufffd"), nil
		case c == '\\':
			return r.escaped(start)
		case c < 0x20:
			return "", r.broken("a control character in a string")
		default:
			r.pos++
		}
	}
	return "", r.broken("a string that does not end")
}

// escaped reads the rest of a string in which a backslash has been met.
func (r *jsonReader) escaped(start int) (string, error) {
	b := []byte(r.text[start:r.pos])
	for r.pos < len(r.text) {
		c := r.text[r.pos]
		switch {
		case c == '"':
			r.pos++
			return strings.ToValidUTF8(string(b), "\ufffd"), nil
		case c < 0x20:
			return "", r.broken("a control character in a string")
		case c != '\\':
			b = append(b, c)
			r.pos++
			continue
		}
		if r.pos++; r.pos >= len(r.text) {
			break
		}
		switch c = r.text[r.pos]; c {
		case '"', '\\', '/':
			b = append(b, c)
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			u, err := r.unicode()
			if err != nil {
				return "", err
			}
			b = utf8.AppendRune(b, u)
			continue
		default:
			return "", r.broken("an unknown escape \\%c", c)
		}
		r.pos++
	}
	return "", r.broken("a string that does not end")
}

// unicode reads uXXXX, and the second half of a surrogate pair with it.
func (r *jsonReader) unicode() (rune, error) {
	u, ok := r.hex(r.pos + 1)
	if !ok {
		return 0, r.broken("a malformed \\u escape")
	}
	r.pos += 5
	if utf16.IsSurrogate(u) {
		if strings.HasPrefix(r.text[r.pos:], `\u`) {
			if low, ok := r.hex(r.pos + 2); ok {
				if pair := utf16.DecodeRune(u, low); pair != utf8.RuneError {
					r.pos += 6
					return pair, nil
				}
			}
		}
		return utf8.RuneError, nil
	}
	return u, nil
}

func (r *jsonReader) hex(from int) (rune, bool) {
	if from+4 > len(r.text) {
		return 0, false
	}
	v := rune(0)
	for _, c := range []byte(r.text[from : from+4]) {
		var d byte
		switch {
		case c >= '0' && c <= '9':
			d = c - '0'
		case c >= 'a' && c <= 'f':
			d = c - 'a' + 10
		case c >= 'A' && c <= 'F':
			d = c - 'A' + 10
		default:
			return 0, false
		}
		v = v<<4 | rune(d)
	}
	return v, true
}

// pointerOf writes a JSON pointer (RFC 6901).
func pointerOf(trail []string) string {
	var b strings.Builder
	for _, t := range trail {
		b.WriteByte('/')
		b.WriteString(pointerToken(t))
	}
	return b.String()
}

func pointerToken(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1")
}

package asl

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

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

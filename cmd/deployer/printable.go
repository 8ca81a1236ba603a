package main

import (
	"bytes"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"
)

// printable writes text in which what others wrote (a bundle, a provider, a person's reason) cannot steer the terminal:
// control characters, and those that turn the direction of writing, stand there as their numbers. Lines and tabs stay.
type printable struct {
	to       io.Writer
	verbatim func() bool // when it says so, everything is written as it is: not nil
}

// Write reports the length of p, whatever was written in its place.
func (w printable) Write(p []byte) (int, error) {
	text := p
	if !w.verbatim() {
		text = shown(p)
	}
	if _, err := w.to.Write(text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// shown is p as it may be shown. The numbers are written as JSON writes them, so that JSON stays the same JSON.
func shown(p []byte) []byte {
	if !bytes.ContainsFunc(p, steers) {
		return p
	}
	p = bytes.ReplaceAll(p, []byte("\r\n"), []byte("\n"))
	var b bytes.Buffer
	for len(p) > 0 {
		r, size := utf8.DecodeRune(p)
		switch {
		case r == utf8.RuneError && size == 1 && p[0] >= 0x80 && p[0] < 0xa0:
			fmt.Fprintf(&b, `\u%04x`, p[0])
		case r == utf8.RuneError:
			b.WriteRune(r)
		case steers(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.Write(p[:size])
		}
		p = p[size:]
	}
	return b.Bytes()
}

// steers is true for what changes a terminal, or the order in which text is read. A byte that is no UTF-8 is looked at too:
// some of them are control characters to an older terminal.
func steers(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.IsControl(r), r == utf8.RuneError, r == '\u2028', r == '\u2029', r == '\u061c', r == '\u200e', r == '\u200f':
		return true
	}
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

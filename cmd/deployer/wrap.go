package main

import (
	"bytes"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// narrowest is the width below which lines are left to the terminal.
const narrowest = 40

// columnsOf is the width of the terminal that a writer leads to; 0 when it leads elsewhere.
func columnsOf(w any) int {
	if guarded, is := w.(printable); is {
		w = guarded.to
	}
	file, is := w.(*os.File)
	if !is || !term.IsTerminal(int(file.Fd())) {
		return 0
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// wrapped breaks the lines of a text that are wider than a terminal between words, and indents what follows a little deeper
// than the line began.
func wrapped(text []byte, columns int) []byte {
	if columns < narrowest {
		return text
	}
	var b bytes.Buffer
	for line := range strings.Lines(string(text)) {
		wrapLine(&b, line, columns)
	}
	return b.Bytes()
}

func wrapLine(b *bytes.Buffer, line string, columns int) {
	body := strings.TrimRight(line, "\n")
	if utf8.RuneCountInString(body) <= columns {
		b.WriteString(line)
		return
	}
	words := strings.TrimLeft(body, " ")
	indent := strings.Repeat(" ", min(len(body)-len(words)+4, columns/2))
	b.WriteString(body[:len(body)-len(words)])
	used, first := len(body)-len(words), true
	for _, word := range together(strings.Split(words, " ")) {
		width := utf8.RuneCountInString(word)
		switch {
		case first:
		case used+1+width <= columns:
			b.WriteByte(' ')
			used++
		default:
			b.WriteString("\n" + indent)
			used = len(indent)
		}
		b.WriteString(word)
		used, first = used+width, false
	}
	b.WriteString(line[len(body):])
}

// together joins a number with the word that it counts.
func together(words []string) []string {
	var joined []string
	for i := 0; i < len(words); i++ {
		word := words[i]
		if i+1 < len(words) && word != "" && strings.Trim(word, "0123456789") == "" {
			i++
			word += " " + words[i]
		}
		joined = append(joined, word)
	}
	return joined
}

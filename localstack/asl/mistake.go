package asl

import (
	"fmt"
	"sort"
	"strings"
)

// Mistake is one thing wrong with a definition.
type Mistake struct {
	Pointer string // JSON pointer (RFC 6901) of the place; empty for the whole document
	Line    int    // from 1
	Column  int    // from 1, in bytes
	Message string
}

// String is line:column: pointer: message.
func (m Mistake) String() string {
	if m.Pointer == "" {
		return fmt.Sprintf("%d:%d: %s", m.Line, m.Column, m.Message)
	}
	return fmt.Sprintf("%d:%d: %s: %s", m.Line, m.Column, m.Pointer, m.Message)
}

// DefinitionError is a definition that Parse refuses, with everything that is wrong with it, in the order of its text.
type DefinitionError struct {
	Mistakes []Mistake
}

// Error gives one mistake per line.
func (e *DefinitionError) Error() string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		lines[i] = m.String()
	}
	return "the state machine definition is not valid:\n" + strings.Join(lines, "\n")
}

func (p *parser) mistake(pointer, format string, args ...any) {
	p.mistakes = append(p.mistakes, Mistake{Pointer: pointer, Message: fmt.Sprintf(format, args...)})
}

// sorted gives every mistake its line and column, drops repetitions and orders them.
func (p *parser) sorted() []Mistake {
	for i := range p.mistakes {
		m := &p.mistakes[i]
		m.Line, m.Column = lineColumn(p.text, p.offsetOf(m.Pointer))
	}
	list := p.mistakes
	sort.SliceStable(list, func(i, j int) bool {
		if list[i].Line != list[j].Line {
			return list[i].Line < list[j].Line
		}
		if list[i].Column != list[j].Column {
			return list[i].Column < list[j].Column
		}
		return list[i].Message < list[j].Message
	})
	unique := list[:0]
	for i, m := range list {
		if i == 0 || m != list[i-1] {
			unique = append(unique, m)
		}
	}
	return unique
}

// offsetOf is where the pointer's value begins, or that of the nearest place around it.
func (p *parser) offsetOf(pointer string) int {
	for {
		if offset, ok := p.places[pointer]; ok {
			return offset
		}
		i := strings.LastIndexByte(pointer, '/')
		if i < 0 {
			return 0
		}
		pointer = pointer[:i]
	}
}

func lineColumn(text string, offset int) (line, column int) {
	offset = min(offset, len(text))
	before := text[:offset]
	return strings.Count(before, "\n") + 1, offset - strings.LastIndexByte(before, '\n')
}

// nearest suggests what was meant, if something known is close.
func nearest(name string, known []string) string {
	best, distance := "", min(len(name)/3+1, len(name)-1)
	for _, k := range known {
		if d := editDistance(strings.ToLower(name), strings.ToLower(k)); d <= distance && (best == "" || d < distance) {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// editDistance counts the insertions, deletions, replacements and swaps of neighbours that turn a into b.
func editDistance(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := last[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			row[j] = min(replaced, row[j-1]+1, last[j]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}

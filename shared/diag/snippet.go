package diag

import (
	"io"
	"strconv"
	"strings"
	"unicode"
)

// Snippets shows diagnostics to a person, each with the line that it is about and a mark below the place in it:
//
//	orders.yaml:12:3: error: spec.visibilityTimout: unknown field "visibilityTimout"
//	  12 |   visibilityTimout: 30s
//	     |   ^^^^^^^^^^^^^^^^ did you mean "visibilityTimeout"?
type Snippets struct {
	// Source returns the contents of a file of the bundle; false where there is none, as for the command line.
	Source func(file string) (data []byte, found bool)
	// Conceal reports whether a line must not be shown, because it holds a secret; about is all that is said of the line.
	// Nil conceals nothing.
	Conceal func(line string, about List) bool
	Colour  bool
	Width   int // of the screen in columns; 0: 120
}

const (
	defaultWidth = 120
	margin       = 7 // columns for what stands before a line, and for the signs that it was cut on both sides
)

// Write writes the sorted diagnostics.
func (s Snippets) Write(w io.Writer, list List) error {
	list = list.Sorted()
	p := painter{Snippets: s, lines: map[string][]string{}}
	if p.Width <= 0 {
		p.Width = defaultWidth
	}
	for i, d := range list {
		first, last := i, i+1
		for first > 0 && list[first-1].sameLine(d) {
			first--
		}
		for last < len(list) && list[last].sameLine(d) {
			last++
		}
		p.diagnostic(d, list[first:last])
	}
	_, err := io.WriteString(w, p.out.String())
	return err
}

func (d Diagnostic) sameLine(other Diagnostic) bool {
	return d.File == other.File && d.Line == other.Line
}

// painter is one call of Write.
type painter struct {
	Snippets
	out   strings.Builder
	lines map[string][]string // by file
}

// The colours, as parameters of the terminal's "select graphic rendition" (ECMA-48).
const (
	bold       = "1"
	boldRed    = "1;31"
	boldYellow = "1;33"
	faint      = "2"
	cyan       = "36"
)

func (p *painter) paint(colour, text string) string {
	if !p.Colour || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

func (p *painter) diagnostic(d Diagnostic, about List) {
	colour := boldRed
	if d.Severity == Warning {
		colour = boldYellow
	}
	p.out.WriteString(p.paint(bold, clean(d.Position.String())+":") + " " + p.paint(colour, string(d.Severity)) + ": ")
	if d.Path != "" {
		p.out.WriteString(clean(d.Path) + ": ")
	}
	p.out.WriteString(clean(d.Message))
	line, found := p.line(d.Position)
	if !found || p.Conceal != nil && p.Conceal(line, about) {
		if d.Hint != "" {
			p.out.WriteString(" (" + clean(d.Hint) + ")")
		}
		p.out.WriteString("\n")
		return
	}
	p.out.WriteString("\n")
	p.snippet(d, line, colour)
}

// line returns the line of a position without its end.
func (p *painter) line(at Position) (string, bool) {
	if at.File == "" || at.Line < 1 || p.Source == nil {
		return "", false
	}
	lines, known := p.lines[at.File]
	if !known {
		if data, found := p.Source(at.File); found {
			lines = strings.Split(string(data), "\n")
		}
		p.lines[at.File] = lines
	}
	if at.Line > len(lines) {
		return "", false
	}
	return strings.TrimSuffix(lines[at.Line-1], "\r"), true
}

// snippet writes the line, cut so that the place is in sight, and the mark with the hint below it.
func (p *painter) snippet(d Diagnostic, line, colour string) {
	number := strconv.Itoa(d.Line)
	room := max(p.Width-len(number)-margin, 20)
	runes := []rune(line)
	start, length := 0, 0
	if d.Column > 0 {
		start = min(d.Column-1, len(runes))
		length = extent(runes, start)
	}
	from, to := window(runes, start, length, room)
	shown, before, marked := layOut(runes, from, to, start, start+length)
	p.out.WriteString("  " + p.paint(faint, number+" |") + " " + shown + "\n")
	below := ""
	if d.Column > 0 {
		below = strings.Repeat(" ", before) + p.paint(colour, strings.Repeat("^", max(marked, 1)))
	}
	if d.Hint != "" {
		if below != "" {
			below += " "
		}
		below += p.paint(cyan, clean(d.Hint))
	}
	if below != "" {
		p.out.WriteString("  " + strings.Repeat(" ", len(number)) + p.paint(faint, " |") + " " + below + "\n")
	}
}

// extent is how many characters from start belong to the key or scalar that begins there, as far as one line of YAML tells.
func extent(line []rune, start int) int {
	if start >= len(line) {
		return 1
	}
	first := line[start]
	switch first {
	case '"', '\'':
		for i := start + 1; i < len(line); i++ {
			if first == '"' && line[i] == '\\' {
				i++
			} else if line[i] == first {
				return i + 1 - start
			}
		}
		return len(line) - start
	case '{', '[', '|', '>':
		return 1
	}
	if first == '-' && (start+1 == len(line) || line[start+1] == ' ') {
		return 1
	}
	flow := strings.ContainsAny(string(line[:start]), "{[")
	end := start
	for ; end < len(line); end++ {
		atEnd := end+1 == len(line)
		if line[end] == ':' && (atEnd || line[end+1] == ' ') || flow && strings.ContainsRune(",]}", line[end]) ||
			line[end] == '#' && end > start && line[end-1] == ' ' {
			break
		}
	}
	return max(len([]rune(strings.TrimRight(string(line[start:end]), " \t"))), 1)
}

// window chooses which characters of a line are shown, so that the marked ones are among them.
func window(line []rune, start, length, room int) (from, to int) {
	if len(line) <= room {
		return 0, len(line)
	}
	if start+length > room {
		from = max(start-room/3, 0)
	}
	return from, min(from+room, len(line))
}

// layOut returns what is shown of a line, how many columns lie before the marked characters, and how many those take.
func layOut(line []rune, from, to, start, end int) (shown string, before, marked int) {
	var b strings.Builder
	if from > 0 {
		b.WriteString("…")
		before++
	}
	for i := from; i < to; i++ {
		text, width := cell(line[i])
		b.WriteString(text)
		switch {
		case i < start:
			before += width
		case i < end:
			marked += width
		}
	}
	if to < len(line) {
		b.WriteString("…")
	}
	return b.String(), before, marked
}

// tab is how a tab is shown: where its stop would be depends on what stands before the line.
const tab = "    "

// cell is how a terminal shows a character, and how many columns that takes. What could change the terminal, or the order
// of what is read, is shown as a sign for it: the line is somebody else's text.
func cell(r rune) (text string, width int) {
	switch {
	case r == '\t':
		return tab, len(tab)
	case !unicode.IsPrint(r):
		return string(unicode.ReplacementChar), 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return string(r), 0
	case isWide(r):
		return string(r), 2
	}
	return string(r), 1
}

// isWide reports whether terminals give a character two columns: the scripts of East Asia in their full width, and emoji.
func isWide(r rune) bool {
	return r >= 0x1100 && r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf && r != 0x303f || r >= 0xac00 && r <= 0xd7a3 ||
		r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0xffe0 && r <= 0xffe6 ||
		r >= 0x1f300 && r <= 0x1f64f || r >= 0x1f900 && r <= 0x1f9ff || r >= 0x20000 && r <= 0x3fffd
}

// clean makes a text one line that is safe for a terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

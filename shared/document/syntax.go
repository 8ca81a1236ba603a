package document

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/diag"
)

func firstInvalid(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// place returns the line and column of an offset.
func place(f bundle.File, offset int) diag.Position {
	before := f.Data[:offset]
	return diag.Position{
		File: f.Path, Line: bytes.Count(before, []byte("\n")) + 1,
		Column: utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1,
	}
}

var (
	syntaxLine    = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
)

// syntaxError reports the library's error at its place, as near as the library says it.
func syntaxError(f bundle.File, err error, ds *diag.List) {
	at, message := diag.Position{File: f.Path}, err.Error()
	m := syntaxLine.FindStringSubmatch(strings.ReplaceAll(message, "\n", " "))
	if m != nil {
		message = m[2]
		if line, convErr := strconv.Atoi(m[1]); convErr == nil {
			at.Line, at.Column = line, 1
		}
	}
	hint := "mend the YAML here or just above"
	switch {
	case strings.HasPrefix(message, "did not find expected"), strings.HasPrefix(message, "found undefined tag"):
		// The library's parser, unlike its scanner, counts lines from 0, and names the line where the surrounding
		// mapping or list begins.
		at.Line, at.Column = at.Line+1, 1
		hint = "mend the YAML that begins here: its brackets, quotes and indentation"
	case strings.HasPrefix(message, "unknown anchor"):
		if a := unknownAnchor.FindStringSubmatch(message); a != nil {
			if i := bytes.Index(f.Data, []byte("*"+a[1])); i >= 0 {
				at = place(f, i)
			}
		}
		hint = "put the anchor before the alias, in the same file"
	case strings.HasPrefix(message, "control characters"):
		if i := bytes.IndexFunc(f.Data, isControl); i >= 0 {
			at = place(f, i)
		}
		hint = "take the character out, or write it as an escape between double quotes"
	case strings.HasPrefix(message, "found character that cannot start any token"):
		hint = "indent with spaces, not with tabs, and quote a value that begins with @ or `"
	}
	ds.Errorf(codeSyntax, at, "", "the YAML cannot be read: %s", message).WithHint("%s", hint)
}

func isControl(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r >= 0x7f && r < 0xa0 && r != 0x85
}

package diag

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sources is a bundle's files by path.
type sources map[string]string

func (s sources) source(file string) ([]byte, bool) {
	data, found := s[file]
	return []byte(data), found
}

func snippet(t *testing.T, s Snippets, list ...Diagnostic) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, s.Write(&b, list))
	return b.String()
}

func TestASnippetMarksThePlace(t *testing.T) {
	for name, c := range map[string]struct {
		line   string
		column int
		want   string // the line and the mark
	}{
		"a key ends at its colon":                          {"  visibilityTimout: 30s", 3, "  visibilityTimout: 30s\n  ^^^^^^^^^^^^^^^^"},
		"a key at the end of the line":                     {"spec:", 1, "spec:\n^^^^"},
		"a text with spaces":                               {"a: hello wide world  # why", 4, "a: hello wide world  # why\n   ^^^^^^^^^^^^^^^^"},
		"a quoted text ends at its quote":                  {`a: "x \" y" # z`, 4, `a: "x \" y" # z` + "\n" + `   ^^^^^^^^`},
		"a quoted text without an end":                     {`a: 'x y`, 4, "a: 'x y\n   ^^^^"},
		"a value among others":                             {"{a: bcd, e: f}", 5, "{a: bcd, e: f}\n    ^^^"},
		"the last value among others":                      {"{a: bcd, e: [f]}", 14, "{a: bcd, e: [f]}\n             ^"},
		"a text with a colon inside":                       {"a: http://x:1", 4, "a: http://x:1\n   ^^^^^^^^^^"},
		"a mapping is marked where it begins":              {"a: {b: c}", 4, "a: {b: c}\n   ^"},
		"a list is marked where it begins":                 {"  - a", 3, "  - a\n  ^"},
		"a negative number is a value":                     {"a: -12", 4, "a: -12\n   ^^^"},
		"a tab takes four columns":                         {"\ta: b", 5, "    a: b\n       ^"},
		"a wide character takes two columns, marked twice": {"é日: 日本", 5, "é日: 日本\n     ^^^^"},
		"a mark beyond the end":                            {"a:", 9, "a:\n  ^"},
		"an unknown column marks nothing":                  {"a: b", 0, "a: b"},
		"what would change the terminal is not passed on":  {"a: \x1b[31mred\u202e\x00", 4, "a: \ufffd[31mred\ufffd\ufffd\n   ^^^^^^^^^^"},
		"an empty line":                                    {"", 1, "\n^"},
	} {
		t.Run(name, func(t *testing.T) {
			s := Snippets{Source: sources{"a.yaml": "first\n" + c.line + "\r\nlast"}.source}
			got := snippet(t, s, Diagnostic{Severity: Error, Position: Position{File: "a.yaml", Line: 2, Column: c.column}, Message: "m"})
			lines := strings.SplitAfter(got, "\n")[1:]
			shown := strings.TrimPrefix(lines[0], "  2 | ")
			for _, line := range lines[1:] {
				shown += strings.TrimPrefix(line, "    | ")
			}
			require.Equal(t, c.want, strings.TrimSuffix(shown, "\n"))
		})
	}
}

func TestSnippetsHaveHintsAndStandInOrder(t *testing.T) {
	files := sources{"a.yaml": "a: 1\n\n\n\n\n\n\n\n\nspec: {replica: 3}\n"}
	var list List
	list.Warnf("late", Position{File: "a.yaml", Line: 10, Column: 8}, "spec.replica", "unknown field %q", "replica").WithHint("did you mean %q?", "replicas")
	list.Errorf("early", Position{File: "a.yaml", Line: 1, Column: 4}, "a", "too small")
	list.Errorf("set", Position{File: "--set x/y.z"}, "", "no such component").WithHint("write another")
	list.Errorf("gone", Position{File: "b.yaml", Line: 3, Column: 1}, "", "not in the bundle")
	require.Equal(t, `--set x/y.z: error: no such component (write another)
a.yaml:1:4: error: a: too small
  1 | a: 1
    |    ^
a.yaml:10:8: warning: spec.replica: unknown field "replica"
  10 | spec: {replica: 3}
     |        ^^^^^^^ did you mean "replicas"?
b.yaml:3:1: error: not in the bundle
`, snippet(t, Snippets{Source: files.source}, list...))
	require.Equal(t, list.Sorted()[0].String()+"\n", snippet(t, Snippets{}, list[2]), "without sources there is nothing to show")
}

func TestColoursSurroundWhatTheyPaint(t *testing.T) {
	s := Snippets{Source: sources{"a.yaml": "a: b"}.source, Colour: true}
	d := Diagnostic{Severity: Error, Position: Position{File: "a.yaml", Line: 1, Column: 4}, Message: "m", Hint: "h"}
	painted := snippet(t, s, d)
	require.Equal(t, "\x1b[1ma.yaml:1:4:\x1b[0m \x1b[1;31merror\x1b[0m: m\n  \x1b[2m1 |\x1b[0m a: b\n   \x1b[2m |\x1b[0m    \x1b[1;31m^\x1b[0m \x1b[36mh\x1b[0m\n", painted)
	d.Severity = Warning
	require.Contains(t, snippet(t, s, d), "\x1b[1;33mwarning\x1b[0m")
}

func TestALineWithASecretIsNotShownForAnyOfItsMistakes(t *testing.T) {
	files := sources{"a.yaml": "{password: hunter2, colour: red}\nother: 1\n"}
	s := Snippets{Source: files.source, Conceal: func(_ string, about List) bool {
		for _, d := range about {
			if d.Code == "secret" {
				return true
			}
		}
		return false
	}}
	got := snippet(t, s,
		Diagnostic{Severity: Error, Code: "secret", Position: Position{File: "a.yaml", Line: 1, Column: 12}, Message: "a secret", Hint: "move it"},
		Diagnostic{Severity: Error, Code: "field", Position: Position{File: "a.yaml", Line: 1, Column: 21}, Message: "unknown"},
		Diagnostic{Severity: Error, Code: "field", Position: Position{File: "a.yaml", Line: 2, Column: 1}, Message: "unknown"})
	require.Equal(t, "a.yaml:1:12: error: a secret (move it)\na.yaml:1:21: error: unknown\na.yaml:2:1: error: unknown\n  2 | other: 1\n    | ^^^^^\n", got)
}

func TestALongLineIsCutAroundThePlace(t *testing.T) {
	long := "{" + strings.Repeat("key: value, ", 50) + "wrong: 1, " + strings.Repeat("key: value, ", 50) + "}"
	s := Snippets{Source: sources{"a.yaml": long}.source, Width: 60}
	for name, column := range map[string]int{"at the beginning": 2, "in the middle": 602, "at the end": len(long)} {
		t.Run(name, func(t *testing.T) {
			got := snippet(t, s, Diagnostic{Severity: Error, Position: Position{File: "a.yaml", Line: 1, Column: column}, Message: "m"})
			lines := strings.Split(got, "\n")
			require.LessOrEqual(t, len([]rune(lines[1])), 60)
			place := strings.IndexByte(lines[2], '^')
			require.Equal(t, long[column-1], string([]rune(lines[1])[place])[0])
		})
	}
}

func FuzzSnippet(f *testing.F) {
	f.Add("a: b\n\tc: \x1b[0m", 2, 4, 40)
	f.Add("{日本: \"x", 1, 5, 0)
	f.Add("- - -", 1, 3, 1)
	f.Fuzz(func(t *testing.T, text string, line, column, width int) {
		s := Snippets{Source: sources{"a": text}.source, Width: width % 500}
		d := Diagnostic{Severity: Error, Position: Position{File: "a", Line: line, Column: column}, Message: text, Hint: text}
		got := snippet(t, s, d)
		require.NotContains(t, got, "\x1b", "what a bundle says must not reach the terminal as commands")
		require.LessOrEqual(t, strings.Count(got, "\n"), 3)
	})
}

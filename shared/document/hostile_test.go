package document_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/document"
)

// maxRefusal is how much memory refusing a file may take, everything allocated on the way counted.
const maxRefusal = 64 << 20

// allocated returns the bytes that fn allocates.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// fill repeats pattern, which may hold the number of its repetition, up to a file's limit less what the rest of the file needs.
func fill(pattern string) string {
	var b strings.Builder
	for i := 0; b.Len() < document.MaxFile-2000; i++ {
		if strings.Contains(pattern, "%") {
			fmt.Fprintf(&b, pattern, i)
		} else {
			b.WriteString(pattern)
		}
	}
	return b.String()
}

func lines(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// laughs multiplies a list by itself, with few enough aliases for their own bound.
func laughs(levels, width int) string {
	b := "spec:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i <= levels; i++ {
		b += fmt.Sprintf("  a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), width), ", "))
	}
	return b
}

// hostileFiles are YAML files that must be refused, by what is wrong with them, each with a part of the message.
func hostileFiles() map[string][2]string {
	return map[string][2]string{
		"a billion laughs":                      {laughs(9, 9), "multiply the file"},
		"a large list ten times ten times":      {laughs(5, 20), "multiply the file"},
		"one large list, often":                 {"a: &a [" + strings.Repeat("x,", 2000) + "]\nb: [" + strings.Repeat("*a,", 90) + "]\n", "multiply the file"},
		"more than a hundred aliases":           {"a: &a x\nb: [" + strings.Repeat("*a,", 101) + "]\n", "more than 100 aliases"},
		"a mapping that holds itself":           {"a: &a {b: *a}\n", "lies inside of what it stands for"},
		"a list that holds itself":              {"a: &a [*a]\n", "lies inside of what it stands for"},
		"a mapping that merges itself":          {"a: &a\n  <<: *a\n", "lies inside of what it stands for"},
		"an alias of nothing":                   {"a: *b\n", "unknown anchor 'b'"},
		"aliases that go ever deeper":           {"a0: &a0 [x]\n" + deepAliases(70), "levels deep behind the alias"},
		"merged mappings that multiply":         {mergeBomb(), "multiply the file"},
		"too many keys by merging":              {"a: &a {" + lines(1500, "k%d: 1,") + "}\nb: {<<: *a, " + lines(1500, "l%d: 1,") + "}\n", "more than 2000 keys"},
		"a merge of a text":                     {"a: {<<: x}\n", "must be a mapping"},
		"65 lists in each other":                {strings.Repeat("[", 65) + strings.Repeat("]", 65), "more than 64 levels"},
		"65 mappings in each other":             {strings.Repeat("{a: ", 65) + "x" + strings.Repeat("}", 65), "more than 64 levels"},
		"65 mappings by indentation":            {indented(65), "more than 64 levels"},
		"5,000 lists in each other":             {strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "more than 64 levels"},
		"a file of opening brackets":            {fill("["), "cannot be read"},
		"a file of opening braces":              {fill("{"), "cannot be read"},
		"a file of list dashes":                 {fill("- "), "cannot be read"},
		"a file of question marks":              {fill("? "), "cannot be read"},
		"a mapping of 2,001 keys":               {"spec: {" + lines(2001, "k%d: 1, ") + "}\n", "has 2001 keys"},
		"a mapping of as many keys as fit":      {fill("k%d: 1\n"), "at most 2000"},
		"a key twice":                           {"a: 1\nb: 2\na: 3\n", "stands twice; first in line 1"},
		"a key twice among many":                {lines(1500, "k%d: 1\n") + "k700: 2\n", "stands twice; first in line 701"},
		"the same key as often as fits":         {"spec: {" + strings.Repeat("a: 1, ", 1900) + "}\n", "stands twice"},
		"a quoted key twice":                    {"a: 1\n\"a\": 2\n", "stands twice"},
		"more values than allowed":              {"spec: {a: [" + fill("a,") + "]}\n", "more than 65536 values"},
		"a file over the limit":                 {"a: " + strings.Repeat("x", document.MaxFile), "more than 262144 bytes"},
		"bytes that are not UTF-8":              {"a: caf\xe9\n", "not UTF-8"},
		"UTF-16 with its mark":                  {"\xff\xfea\x00:\x00 \x001\x00", "not UTF-8"},
		"half a letter":                         {"a: \xe2\x82", "not UTF-8"},
		"a surrogate":                           {"a: \xed\xa0\x80", "not UTF-8"},
		"a NUL":                                 {"a: b\x00c\n", "control characters"},
		"an escape sequence":                    {"a: \x1b[31mred\n", "control characters"},
		"a Python object":                       {"a: !!python/object/apply:os.system [ls]\n", "tag !!python/object/apply:os.system is not allowed"},
		"a Java object":                         {"a: !!javax.script.ScriptEngineManager [x]\n", "is not allowed"},
		"a Ruby object":                         {"a: !ruby/object:Gem::Installer {i: x}\n", "is not allowed"},
		"a CloudFormation function":             {"a: !Ref b\n", "tag !Ref is not allowed"},
		"a binary":                              {"a: !!binary aGVsbG8=\n", "tag !!binary is not allowed"},
		"a set":                                 {"a: !!set {b, c}\n", "tag !!set is not allowed"},
		"a tag under another name":              {"%TAG !e! tag:example.com,2000:\n---\na: !e!x y\n", "is not allowed"},
		"a tag with 10,000 letters":             {"a: !" + strings.Repeat("x", 10000) + " y\n", "is not allowed"},
		"a tagged key":                          {"!!int 1: x\n", "tag !!int is not allowed"},
		"an integer that is none":               {"a: !!int abc\n", "no value of the type !!int"},
		"a boolean that is none":                {"a: !!bool yes\n", "no value of the type !!bool"},
		"a number that is none":                 {"a: !!float x\n", "no value of the type !!float"},
		"a mapping tagged as a list":            {"a: !!seq {b: c}\n", "is not allowed"},
		"a key that is a list":                  {"? [a, b]\n: c\n", "must be a plain text"},
		"a key that is an alias":                {"a: &a x\n*a : y\n", "must be a plain text"},
		"a key with an anchor":                  {"&a a: x\n", "may not have an anchor"},
		"an empty key":                          {"\"\": x\n", "must not be empty"},
		"a null key":                            {"~: x\n", "must not be empty"},
		"a variable in a key":                   {"spec: {\"${var.x}\": 1}\n", "not in the key"},
		"a quote that never ends":               {"a: \"" + fill("x "), "cannot be read"},
		"a list that never ends":                {"a: [" + fill("x,"), "cannot be read"},
		"a tab as indentation":                  {"a:\n\tb: c\n", "not with tabs"},
		"an unknown directive":                  {"%FOO bar\n---\na: 1\n", "cannot be read"},
		"another version of YAML":               {"%YAML 3.0\n---\na: 1\n", "cannot be read"},
		"an undeclared tag":                     {"a: !x!y z\n", "undefined tag handle"},
		"a second value after the first":        {"a: 1\n]\n", "cannot be read"},
		"a text instead of a document":          {"hello\n", "must be a mapping, not a text"},
		"a list instead of a document":          {"- a\n", "must be a mapping, not a list"},
		"a file of anchors":                     {fill("a%[1]d: &a%[1]d x\n"), "at most 2000"},
		"a thousand mistakes":                   {"spec:\n" + lines(1000, "  a%d: !Ref x\n"), "and"},
		"a thousand documents that are no good": {lines(1000, "--- x%d\n"), "and"},
	}
}

func deepAliases(levels int) string {
	b := ""
	for i := range levels {
		b += fmt.Sprintf("a%d: &a%d [*a%d]\n", i+1, i+1, i)
	}
	return b
}

func mergeBomb() string {
	b := "m0: &m0 {" + lines(1900, "k%d: [x,x,x,x],") + "}\n"
	for i := 1; i < 40; i++ {
		b += fmt.Sprintf("m%d: &m%d {<<: [*m0, *m%d]}\n", i, i, i-1)
	}
	return b
}

func indented(levels int) string {
	var b strings.Builder
	for i := range levels {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	b.WriteString(strings.Repeat(" ", levels) + "x\n")
	return b.String()
}

// unchecked makes a bundle whose files may be larger than bundles allow.
func unchecked(t testing.TB, pairs ...string) *bundle.Bundle {
	t.Helper()
	var all []bundle.File
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, bundle.File{Path: pairs[i], Data: []byte(pairs[i+1])})
	}
	b, ds := bundle.FromFiles(all, bundle.Limits{File: 1 << 30, Total: 1 << 32, Entries: 1 << 20})
	require.Empty(t, ds.String())
	return b
}

func TestHostileFilesAreRefusedByName(t *testing.T) {
	cases := hostileFiles()
	require.GreaterOrEqual(t, len(cases), 25)
	for wrong, c := range cases {
		t.Run(wrong, func(t *testing.T) {
			b := unchecked(t, "a.yaml", c[0])
			var ds diag.List
			var spent float64
			took := allocated(func() {
				before := cpuUsed()
				_, ds = document.Parse(b)
				spent = cpuUsed() - before
			})
			requireQuick(t, spent)
			require.True(t, ds.HasErrors())
			require.Contains(t, ds.String(), c[1])
			require.Less(t, took, uint64(maxRefusal))
			require.LessOrEqual(t, len(ds), 101)
			for _, d := range ds {
				require.Equal(t, "a.yaml", d.File)
				require.NotEmpty(t, d.Hint, d.String())
				require.Less(t, len(d.String()), 500)
			}
		})
	}
}

func TestLargeButHarmlessFilesAreRead(t *testing.T) {
	const head = "apiVersion: core.deployer.io/v1\nkind: Service\nmetadata: {name: a}\n"
	for sentence, text := range map[string]string{
		"a text as long as fits":         head + "spec: {a: \"" + fill("x ") + "\"}\n",
		"a comment as long as fits":      head + fill("# x\n"),
		"comments between values":        head + "spec:\n  a:\n" + lines(15000, "  # %d\n  - x\n")[:200_000] + "\n",
		"as many documents as fit":       head + fill("---\n"),
		"2,000 keys":                     head + "spec: {" + lines(2000, "k%d: 1, ") + "}\n",
		"60,000 items":                   head + "spec: {a: [" + strings.Repeat("1,", 60_000) + "]}\n",
		"64 levels":                      head + "spec: " + strings.Repeat("{a: ", 62) + "x" + strings.Repeat("}", 62) + "\n",
		"a hundred aliases":              head + "spec: {a: &a [x, y], b: [" + strings.Repeat("*a,", 100) + "]}\n",
		"many anchors":                   head + "spec:\n" + lines(1900, "  a%[1]d: &a%[1]d x\n"),
		"a byte order mark":              "\ufeff" + head,
		"a folded text of many lines":    head + "spec:\n  a: >\n" + strings.Repeat("    words\n", 20_000),
		"the same aliases in a document": head + "---\n" + strings.Replace(head, "name: a", "name: b", 1),
	} {
		t.Run(sentence, func(t *testing.T) {
			b := unchecked(t, "a.yaml", text)
			took := allocated(func() {
				docs, ds := document.Parse(b)
				require.Empty(t, ds.String())
				require.NotEmpty(t, docs)
			})
			require.Less(t, took, uint64(maxRefusal))
		})
	}
}

func TestTooManyDocumentsAreRefused(t *testing.T) {
	one := "apiVersion: core.deployer.io/v1\nkind: Service\nmetadata: {name: a}\n---\n"
	pairs := []string{}
	for i := range 26 {
		pairs = append(pairs, fmt.Sprintf("%02d.yaml", i), strings.Repeat(one, 2000))
	}
	_, ds := document.Parse(unchecked(t, pairs...))
	require.Contains(t, ds.String(), "more than 50000 documents")
}

// Defaults, aliases and variables that many documents share must not be multiplied without bound.
func TestMergingIsBounded(t *testing.T) {
	component := func(i int, spec string) string {
		return fmt.Sprintf("---\napiVersion: components.deployer.io/v1\nkind: MicroService\nmetadata: {name: c%d, service: user}\nspec: %s\n", i, spec)
	}
	many := func(n int, spec string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(component(i, spec))
		}
		return b.String()
	}
	bigList := "[" + strings.Repeat("1,", 50_000) + "]"
	for wrong, c := range map[string]struct{ stack, rest, want string }{
		"large defaults for many components": {stack, "apiVersion: infra.deployer.io/v1\nkind: InfraDefaults\nmetadata: {name: d}\n" +
			"spec: {kinds: {MicroService: {a: " + bigList + "}}}\n" + many(1000, "{}"), "more than 8000000 values"},
		"a large variable in many places": {strings.Replace(stack, "variables:\n", "variables:\n    big: {default: "+bigList+"}\n", 1),
			many(400, "{a: \"${var.big}\"}"), "more than 8000000 values"},
		"variables that double": {strings.Replace(stack, "variables:\n", "variables:\n"+doubling(60, `["${var.d%d}", "${var.d%d}"]`), 1),
			many(1, "{a: \"${var.d60}\"}"), "more than 8000000 values"},
		"texts that double": {strings.Replace(stack, "variables:\n", "variables:\n"+doubling(60, `"${var.d%d}${var.d%d}"`), 1),
			many(1, "{a: \"${var.d60}\"}"), "grows to more than 65536 bytes"},
		"a long text in many places": {strings.Replace(stack, "variables:\n", "variables:\n    big: {default: "+strings.Repeat("x", 60_000)+"}\n", 1),
			many(1500, "{a: \"x${var.big}\"}"), "bytes from variables"},
	} {
		t.Run(wrong, func(t *testing.T) {
			docs, ds := document.Parse(unchecked(t, "stack.yaml", c.stack, "rest.yaml", c.rest))
			require.Empty(t, ds.String())
			var merged []*document.Document
			took := allocated(func() { merged, ds = document.Merge(docs, document.Options{Environment: "staging"}) })
			require.Contains(t, ds.String(), c.want)
			require.LessOrEqual(t, len(ds), 200)
			if strings.Contains(c.want, "more than 8") || strings.Contains(c.want, "bytes from") {
				require.Nil(t, merged)
			}
			require.Less(t, took, uint64(2*maxRefusal))
		})
	}
}

func doubling(levels int, format string) string {
	b := "    d0: {default: x}\n"
	for i := 1; i <= levels; i++ {
		b += fmt.Sprintf("    d%d: {default: "+format+"}\n", i, i-1, i-1)
	}
	return b
}

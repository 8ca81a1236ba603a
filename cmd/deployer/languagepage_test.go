package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// pageFile is a block of a page that is a file of a bundle: its first line is a comment with the path.
var pageFile = regexp.MustCompile("(?s)```yaml\n# (\\S+\\.yaml)\n(.*?)```")

func TestTheBundleAndTheCommandsOfTheLanguagePageDoWhatItSays(t *testing.T) {
	page, err := os.ReadFile("../../docs/language.md")
	require.NoError(t, err)
	files := map[string]string{}
	for _, block := range pageFile.FindAllStringSubmatch(string(page), -1) {
		files[block[1]] = block[2]
	}
	require.Len(t, files, 4)
	at := folder(t, files)
	says := [][]string{
		{"shop/staging is valid", "shop/production is valid"},
		{"environments/staging/smaller.yaml", "InfraDefaults", "2048"},
		{"4 to create"},
		{"spec.replicas"},
	}
	commands := pageOf(t, "docs/language.md")
	require.Len(t, commands, len(says))
	s := newShell(t)
	for i, command := range commands {
		a := s.run(command.with(map[string]string{"shop": at})...)
		require.Equal(t, command.code, a.code, "%s\n%s%s", command.line, a.out, a.err)
		for _, text := range says[i] {
			require.Contains(t, a.out+a.err, text, command.line)
		}
	}
	a := s.run("describe", "component", "orders/api", at, "-e", "staging", "--provenance")
	require.NotContains(t, a.out, "DEBUG_TOOLS", "the overlay deletes it")
}

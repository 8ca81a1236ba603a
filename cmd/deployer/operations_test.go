package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// What the page on pull requests tells people to type exists.
func TestThePageOnPullRequestsNamesCommandsThatExist(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations/pull-requests.md")
	require.NoError(t, err)
	lines := regexp.MustCompile(`deployer (?:validate|describe|plan)[^\n`+"`"+`>]*`).FindAllString(string(page), -1)
	require.GreaterOrEqual(t, len(lines), 5)
	for _, line := range lines {
		root := newRoot(&options{})
		cmd, rest, err := root.Find(strings.Fields(line)[1:])
		require.NoError(t, err, line)
		require.NotEqual(t, root, cmd, line)
		var flags []string
		for _, word := range rest {
			if name, isFlag := strings.CutPrefix(word, "--"); isFlag {
				flags = append(flags, name)
			}
		}
		known := map[string]bool{}
		for _, set := range []*pflag.FlagSet{cmd.Flags(), root.PersistentFlags()} {
			set.VisitAll(func(f *pflag.Flag) { known[f.Name] = true })
		}
		for _, name := range flags {
			require.True(t, known[name], "%s: there is no --%s", line, name)
		}
	}
}

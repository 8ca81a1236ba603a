package main

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// typed is a command that a page of the documentation tells people to type.
type typed struct {
	section string // the heading above it
	line    string
	words   []string // without the first, "deployer"
	code    int      // the exit code that the page promises: 0, or what "# exit code N" behind it says
}

var (
	pageWord = regexp.MustCompile(`"[^"]*"|\S+`)
	pageCode = regexp.MustCompile(`\s*# exit code (\d+)$`)
)

// pageOf are the commands of a page, in order.
func pageOf(t *testing.T, path string) (commands []typed) {
	t.Helper()
	page, err := os.ReadFile("../../" + path)
	require.NoError(t, err)
	section, fenced := "", false
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "## "):
			section = strings.TrimPrefix(line, "## ")
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
		case fenced && (strings.HasPrefix(line, "deployer ") || strings.HasPrefix(line, ".bin/deployer ")):
			commands = append(commands, typedAs(t, section, line))
		}
	}
	return commands
}

func typedAs(t *testing.T, section, line string) typed {
	t.Helper()
	command := typed{section: section, line: line}
	if noted := pageCode.FindStringSubmatch(line); noted != nil {
		var err error
		command.code, err = strconv.Atoi(noted[1])
		require.NoError(t, err)
		line = strings.TrimSuffix(line, noted[0])
	}
	line, _, _ = strings.Cut(line, " #")
	for _, word := range pageWord.FindAllString(line, -1)[1:] {
		command.words = append(command.words, strings.Trim(word, `"`))
	}
	return command
}

// with puts what a person reads off the screen in the place of the words that stand for it.
func (c typed) with(values map[string]string) []string {
	args := slices.Clone(c.words)
	for i, word := range args {
		if value, known := values[word]; known {
			args[i] = value
		}
	}
	return args
}

func TestTheCommandsOfTheReadmeDoWhatItSays(t *testing.T) {
	commands := pageOf(t, "README.md")
	says := []string{"NoChanges", "replicas: 3 -> 5", "edge/gateway", "Nothing is left half-done", "NoChanges", "accounts/db", "14 succeeded"}
	require.Len(t, says, len(commands))
	s := deployed(t)
	for i, command := range commands {
		a := s.run(command.with(map[string]string{"examples/user-platform": example})...)
		require.Equal(t, command.code, a.code, "%s\n%s%s", command.line, a.out, a.err)
		require.Contains(t, a.out, says[i], command.line)
	}
}

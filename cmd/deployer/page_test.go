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

// pageOf are the commands of a page of docs/operations, in order.
func pageOf(t *testing.T, name string) (commands []typed) {
	t.Helper()
	page, err := os.ReadFile("../../docs/operations/" + name)
	require.NoError(t, err)
	section, fenced := "", false
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "## "):
			section = strings.TrimPrefix(line, "## ")
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
		case fenced && strings.HasPrefix(line, "deployer "):
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

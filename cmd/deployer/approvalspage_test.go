package main

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pageCommands are the command lines of a page of the documentation, with the exit codes that it promises.
func pageCommands(t *testing.T, path string) (commands [][]string, codes []int) {
	t.Helper()
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	fenced := false
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if !fenced || !strings.HasPrefix(line, "deployer ") {
			continue
		}
		command, note, _ := strings.Cut(line, "#")
		code := exitOK
		if noted, ok := strings.CutPrefix(strings.TrimSpace(note), "exit code "); ok {
			code, err = strconv.Atoi(noted)
			require.NoError(t, err)
		}
		var args []string
		for _, word := range demoWord.FindAllString(command, -1)[1:] {
			if word = strings.Trim(word, `"`); word == "examples/user-platform" {
				word = example
			}
			args = append(args, word)
		}
		commands, codes = append(commands, args), append(codes, code)
	}
	return commands, codes
}

func TestTheCommandsOfTheApprovalsPageDoWhatItSays(t *testing.T) {
	commands, codes := pageCommands(t, "../../docs/operations/approvals.md")
	says := []string{"waits for 2 more approvals by others than ana", "Approvals missing: 2", "Recorded.", "14 succeeded",
		"waits for 2 more approvals", "nothing was changed", "1 test.Thing", "replicas: 2 -> 5", "halted by", "begins nothing new",
		"Succeeded", "Succeeded", "production", "create done"}
	require.Len(t, says, len(commands))
	s := newShell(t)
	other := &shell{t: t, dir: s.dir, cloud: &fakeCloud{}, env: s.env}
	for i, args := range commands {
		if args[0] == "halt" {
			continue // it was given while the one before was at work
		}
		if i+1 < len(commands) && commands[i+1][0] == "halt" {
			s.cloud.during = func(short string) {
				if short == "accounts/db" {
					a := other.run(other.named(commands[i+1])...)
					require.Equal(t, codes[i+1], a.code, a.err)
					require.Contains(t, a.out, says[i+1])
				}
			}
		}
		a := s.run(s.named(args)...)
		s.cloud.during = nil
		require.Equal(t, codes[i], a.code, "%v\n%s%s", args, a.out, a.err)
		require.Contains(t, a.out+a.err, says[i], "%v", args)
	}
}

// named puts the id of the latest run for RUN.
func (s *shell) named(args []string) []string {
	named := make([]string, len(args))
	for i, arg := range args {
		if named[i] = arg; arg == "RUN" {
			named[i] = s.history()[0].Run
		}
	}
	return named
}

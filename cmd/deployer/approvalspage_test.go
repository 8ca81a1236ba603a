package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheCommandsOfTheApprovalsPageDoWhatItSays(t *testing.T) {
	commands := pageOf(t, "docs/operations/approvals.md")
	says := []string{"waits for 2 more approvals by others than ana", "Approvals missing: 2", "Recorded.", "14 succeeded",
		"waits for 2 more approvals", "nothing was changed", "1 test.Thing", "replicas: 2 -> 5", "halted by", "begins nothing new",
		"Succeeded", "Succeeded", "production", "create done"}
	require.Len(t, says, len(commands))
	s := newShell(t)
	other := &shell{t: t, dir: s.dir, cloud: &fakeCloud{}, env: s.env}
	for i, command := range commands {
		if command.words[0] == "halt" {
			continue // it was given while the one before was at work
		}
		if i+1 < len(commands) && commands[i+1].words[0] == "halt" {
			s.cloud.during = func(short string) {
				if short == "accounts/db" {
					a := other.run(other.named(commands[i+1])...)
					require.Equal(t, commands[i+1].code, a.code, a.err)
					require.Contains(t, a.out, says[i+1])
				}
			}
		}
		a := s.run(s.named(command)...)
		s.cloud.during = nil
		require.Equal(t, command.code, a.code, "%s\n%s%s", command.line, a.out, a.err)
		require.Contains(t, a.out+a.err, says[i], command.line)
	}
}

// named are a command's arguments, with the id of the latest run for RUN.
func (s *shell) named(c typed) []string {
	values := map[string]string{"examples/user-platform": example}
	if slices.Contains(c.words, "RUN") {
		values["RUN"] = s.history()[0].Run
	}
	return c.with(values)
}

package main

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheCommandsOfTheFailuresPageDoWhatItSays(t *testing.T) {
	commands := pageOf(t, "docs/operations/failures.md")
	says := []string{"14 succeeded", "VerificationFailed", "No changes", "Nothing is left half-done", "--release", "Succeeded",
		"Succeeded", "now", "replicas: 2 -> 4", "Succeeded"}
	require.Len(t, says, len(commands))
	s := newShell(t)
	values := map[string]string{"examples/user-platform": example}
	for i, command := range commands {
		a := s.run(command.with(values)...)
		require.Equal(t, command.code, a.code, "%s\n%s%s", command.line, a.out, a.err)
		require.Contains(t, a.out+a.err, says[i], command.line)
		if i == 5 { // to what the page goes back later
			values["SERIAL"] = strconv.FormatInt(s.now().Serial, 10)
		}
	}
}

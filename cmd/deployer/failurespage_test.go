package main

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// demoWord is a word of a command line, in quotes or not.
var demoWord = regexp.MustCompile(`"[^"]*"|\S+`)

func TestTheCommandsOfTheFailuresPageDoWhatItSays(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations/failures.md")
	require.NoError(t, err)
	says := []string{"14 succeeded", "VerificationFailed", "No changes", "Nothing is left half-done", "--release", "Succeeded",
		"Succeeded", "now", "replicas: 2 -> 4", "Succeeded"}
	s := newShell(t)
	serial := ""
	fenced, done := false, 0
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if !fenced || !strings.HasPrefix(line, "deployer ") {
			continue
		}
		command, note, _ := strings.Cut(line, "#")
		want := exitOK
		if noted, ok := strings.CutPrefix(strings.TrimSpace(note), "exit code "); ok {
			want, err = strconv.Atoi(noted)
			require.NoError(t, err)
		}
		var args []string
		for _, word := range demoWord.FindAllString(command, -1)[1:] {
			word = strings.Trim(word, `"`)
			switch word {
			case "examples/user-platform":
				word = example
			case "SERIAL":
				word = serial
			}
			args = append(args, word)
		}
		require.Less(t, done, len(says), line)
		a := s.run(args...)
		require.Equal(t, want, a.code, "%s\n%s%s", line, a.out, a.err)
		require.Contains(t, a.out+a.err, says[done], line)
		if done == 5 { // to what the page goes back later
			serial = strconv.FormatInt(s.now().Serial, 10)
		}
		done++
	}
	require.Len(t, says, done)
}

package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// at carries a command out at a terminal at which a person types.
func (s *shell) at(typed string, args ...string) (code int, shown, out string) {
	s.t.Helper()
	terminal := newScreen(s.t, 120)
	_, err := io.WriteString(terminal.here, typed)
	require.NoError(s.t, err)
	seen := make(chan string)
	go func() {
		var all bytes.Buffer
		_, _ = io.Copy(&all, terminal.here) // ends with an error when the last who holds the terminal has closed it
		seen <- all.String()
	}()
	var results bytes.Buffer
	o := &options{console: console{in: terminal.tty, out: &results, err: terminal.tty, getenv: func(string) string { return "" }}, provisioner: s.cloud}
	code = execute(s.t.Context(), append(args, "--dir", s.dir), o)
	require.NoError(s.t, terminal.tty.Close())
	return code, strings.ReplaceAll(<-seen, "\r\n", "\n"), results.String()
}

func TestThePersonAtTheTerminalIsAsked(t *testing.T) {
	for sentence, c := range map[string]struct {
		typed, environment string
		code, calls        int
		shown              string
	}{
		"yes is yes":                                        {"yes\n", "staging", exitOK, 14, "Carry out this plan?"},
		"anything else is no":                               {"y\n", "staging", exitCancelled, 0, "Carry out this plan?"},
		"whose word does not count is not asked":            {"yes\n", "production", exitAwaiting, 0, "waits for 2 more approvals"},
		"whose environment approves by itself is not asked": {"", "development", exitOK, 14, "[14/14]"},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := newShell(t)
			code, shown, out := s.at(c.typed, "apply", example, "-e", c.environment)
			require.Equal(t, c.code, code, "%s%s", shown, out)
			require.Len(t, s.cloud.calls, c.calls)
			require.Contains(t, shown, c.shown)
		})
	}
}

func TestAtATerminalWatchShowsATree(t *testing.T) {
	s := newShell(t)
	require.Equal(t, exitOK, s.run("apply", example, "-e", "staging", "--auto-approve").code)
	code, shown, out := s.at("", "watch", s.history()[0].Run)
	require.Equal(t, exitOK, code)
	require.Contains(t, shown, "wave 4/4  2 done")
	require.NotContains(t, shown, "[14/14]")
	require.Contains(t, out, "Succeeded")
}

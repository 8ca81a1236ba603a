package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatOthersWroteCannotSteerTheTerminal(t *testing.T) {
	for name, test := range map[string]struct{ in, want string }{
		"plain text stays":                     {"a\tb\nñ – 日本\n", "a\tb\nñ – 日本\n"},
		"an escape sequence":                   {"\x1b[2J\x1b]0;title\x07", `\u001b[2J\u001b]0;title\u0007`},
		"a carriage return":                    {"failed\rok", `failed\u000dok`},
		"the end of a line on Windows":         {"a\r\nb\n", "a\nb\n"},
		"backspaces and a delete":              {"no\b\bok\x7f", `no\u0008\u0008ok\u007f`},
		"a sequence that begins with one byte": {"\x9b31m", `\u009b31m`},
		"the same in UTF-8":                    {"\u009b31m", `\u009b31m`},
		"text that is turned round":            {"a\u202eb\u2066c", `a\u202eb\u2066c`},
		"the replacement character":            {"a\ufffdb\x1b", "a\ufffdb" + `\u001b`},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			n, err := printable{to: &b, verbatim: func() bool { return false }}.Write([]byte(test.in))
			require.NoError(t, err)
			require.Equal(t, len(test.in), n)
			require.Equal(t, test.want, b.String())
		})
	}
}

// hostile is what a provider, a hook's server or a person may say.
const hostile = "no such\x1b[2J\x1b[1;1HSucceeded\r\u009b31m\u202e thing"

var control = regexp.MustCompile(`[\x00-\x08\x0b-\x1f\x7f-\x9f]|\x{202e}`)

func TestNoCommandShowsControlCharactersOfOthers(t *testing.T) {
	s := newShell(t)
	s.cloud.fail["accounts/db"] = errors.New(hostile)
	a := s.run("apply", example, "-e", "staging", "--auto-approve", "--as", "eve"+hostile)
	require.NotEqual(t, exitOK, a.code)
	require.Contains(t, a.out, `\u001b[2J`)
	ran := s.history()[0].Run
	for _, args := range [][]string{{"status", ran}, {"logs", ran}, {"history"}, {"history", "-o", "json"}, {"watch", ran, "--no-color"}, {"status", "-o", "json", ran},
		{"state", "show", "user-platform/staging"}, {"validate", "no\x1b[31msuch"}, {"approve", "no\x1b[31msuch"}, {"no\x1b[31msuch"},
		{"plan", example, "-e", "x\x1b[31m"}, {"plan", example, "-e", "staging", "--set", "x\x1b[31m"}, {"status", ran, "-s", "\x1b[2J", "-e", "y"}} {
		b := s.run(args...)
		a.out, a.err = a.out+b.out, a.err+b.err
		if args[len(args)-1] == "json" {
			require.True(t, json.Valid([]byte(b.out)))
		}
	}
	for line := range strings.Lines(a.out + a.err) {
		// JSON for programs keeps the characters above U+007F: they are data there, and shown on no terminal.
		if !strings.Contains(line, `\u001b`) || !strings.HasPrefix(strings.TrimSpace(line), `"`) {
			require.NotRegexp(t, control, strings.TrimSuffix(line, "\n"), "%q", line)
		}
	}
}

func TestLongLinesAreBrokenBetweenWords(t *testing.T) {
	require.Equal(t, "short\n", string(wrapped([]byte("short\n"), 80)))
	long := "        +   " + strings.Repeat("4 ec2.Subnet, ", 30) + "1 ec2.Vpc\n"
	require.Equal(t, long, string(wrapped([]byte(long), 0)), "what is no terminal gets lines as they are")
	broken := string(wrapped([]byte("Wave 1\n"+long+"end"), 60))
	for line := range strings.Lines(broken) {
		require.LessOrEqual(t, len(strings.TrimSuffix(line, "\n")), 60)
	}
	require.Equal(t, strings.Fields("Wave 1\n"+long+"end"), strings.Fields(broken), "nothing is lost")
	require.Contains(t, broken, "\n            4 ec2.Subnet,")
	word := strings.Repeat("x", 100)
	require.Equal(t, "a\n    "+word+"\n", string(wrapped([]byte("a "+word+"\n"), 60)), "a word is never broken")
}

func TestAfterAFailureTheReportSaysHowToGoOn(t *testing.T) {
	s := newShell(t)
	s.cloud.fail["edge/gateway"] = errors.New("no capacity")
	a := s.run("apply", example, "-e", "staging", "--auto-approve", "--set", "edge/gateway.onFailure=stop")
	require.NotEqual(t, exitRolledBack, a.code, a.err)
	require.NotEqual(t, exitOK, a.code, a.err)
	ran := s.history()[0].Run
	require.Contains(t, a.err, "deployer logs "+ran)
	require.Contains(t, a.err, "deployer retry "+ran)
	require.NotContains(t, a.err, "\n\n\n", "one empty line sets apart")
	require.Contains(t, s.run("logs", "user-platform/staging").out, "no capacity", "of the latest run")
	require.Equal(t, s.run("logs", ran).out, s.run("logs", example, "-e", "staging").out)
	require.Equal(t, exitNotFound, s.run("logs", "20260101-000000-abc").code)
	require.Equal(t, exitNotFound, s.run("logs", "nothing-of-the-kind").code)
	require.Equal(t, exitNotFound, s.run("watch", "user-platform/production").code, "it has no run yet")

	delete(s.cloud.fail, "edge/gateway")
	a = s.run("retry", ran, "--auto-approve")
	require.Equal(t, exitOK, a.code, a.err)
	require.NotContains(t, a.err, "Next:")
	require.Len(t, s.history(), 2)
	for _, args := range [][]string{{"history", example}, {"history", "user-platform/staging"}, {"history", example, "-e", "staging"}} {
		require.Contains(t, s.run(args...).out, ran)
	}
	require.Contains(t, s.run("history", "user-platform/production").out, "No runs.")
	require.Contains(t, s.run("history", example, "-e", "production").out, "No runs.")
	require.Equal(t, exitConfiguration, s.run("history", "no-such-folder").code)
}

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// screen is a terminal that nobody looks at.
type screen struct {
	t    *testing.T
	here *os.File // what a person sees and types
	tty  *os.File // what the command gets
}

func newScreen(t *testing.T, columns uint16) *screen {
	t.Helper()
	here, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("this machine has no pseudo terminals: %v", err)
	}
	t.Cleanup(func() { here.Close() })
	fd := int(here.Fd())
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { tty.Close() })
	require.NoError(t, unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: columns}))
	return &screen{t: t, here: here, tty: tty}
}

// run carries a command out on the screen, with these lines typed, and returns what was shown and the results.
func (s *screen) run(typed string, env map[string]string, args ...string) (code int, shown, out string) {
	s.t.Helper()
	_, err := io.WriteString(s.here, typed)
	require.NoError(s.t, err)
	seen := make(chan string)
	go func() {
		var all bytes.Buffer
		_, _ = io.Copy(&all, s.here) // ends with an error when the last who holds the terminal has closed it
		seen <- all.String()
	}()
	var results bytes.Buffer
	o := &options{console: console{in: s.tty, out: &results, err: s.tty, getenv: func(name string) string { return env[name] }}}
	code = execute(s.t.Context(), args, o)
	require.NoError(s.t, s.tty.Close())
	return code, strings.ReplaceAll(<-seen, "\r\n", "\n"), results.String()
}

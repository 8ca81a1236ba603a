package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tryRun runs the command with emulators "one", "two" and so on in these roles.
func tryRun(ctx context.Context, t *testing.T, command []string, out io.Writer, roles ...string) error {
	t.Helper()
	scratch, cache := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", scratch)
	var emulators []emulator
	for i, role := range roles {
		emulators = append(emulators, installed([]string{"one", "two"}[i], role, cache))
	}
	err := run(ctx, emulators, command, out, out)
	left, readErr := os.ReadDir(scratch)
	require.NoError(t, readErr)
	require.Empty(t, left, "the scratch folder is gone")
	return err
}

// onLine is a writer that takes a line at once.
type onLine func(fields []string)

func (f onLine) Write(data []byte) (int, error) {
	if fields := strings.Fields(string(data)); len(fields) == 3 {
		f(fields)
	}
	return len(data), nil
}

func TestTheCommandFindsTheEmulatorsAndTheyEndWithIt(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, tryRun(t.Context(), t, as("command"), &out, "emulator", "parent emulator"))
	_, after, found := strings.Cut(out.String(), "integration: installing two in ")
	require.True(t, found, out.String())
	_, lines, _ := strings.Cut(after, "\n")
	told := strings.Fields(lines)
	require.Len(t, told, 6, out.String())
	require.Equal(t, []string{"one", "two"}, []string{told[0], told[3]})
	require.NotEqual(t, told[1], told[4], "each has a port of its own")
	requireGone(t, told[1], told[4], told[5])
}

func TestAnInterruptStopsTheCommandAndTheEmulators(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var ports []string
	err := tryRun(ctx, t, as("staying command"), onLine(func(fields []string) {
		ports = fields[1:]
		cancel()
	}), "parent emulator")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "was stopped")
	require.Len(t, ports, 2)
	requireGone(t, ports...)
}

func TestTheExitCodeIsTheCommands(t *testing.T) {
	err := tryRun(t.Context(), t, []string{"sh", "-c", "exit 7"}, io.Discard, "emulator")
	require.EqualError(t, err, "sh: exit status 7")
	require.Equal(t, 7, exitCode(err))
	require.Equal(t, 1, exitCode(context.Canceled))
	require.Equal(t, 0, exitCode(nil))
}

func TestAnEmulatorThatFailsIsNamedWithItsLastWords(t *testing.T) {
	for sentence, c := range map[string]struct {
		role string
		want []string
	}{
		"it ends before it is ready": {
			"broken emulator", []string{"two ended before it was ready: exit status 3", "the disk is full"},
		},
		"it ends while the command runs": {
			"emulator", []string{"two ended while the command ran: exit status 4", "out of memory"},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			err := tryRun(t.Context(), t, as("ending command"), io.Discard, "emulator", c.role)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestWithoutACommandTheEmulatorsAreOnlyInstalled(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, tryRun(t.Context(), t, nil, &out, "broken emulator"))
	require.Contains(t, out.String(), "installing one in ")
}

func TestAProgramThatCannotBeStartedIsNamed(t *testing.T) {
	err := tryRun(t.Context(), t, []string{"/no/such/program"}, io.Discard, "emulator")
	require.ErrorContains(t, err, "start /no/such/program: ")
	require.ErrorIs(t, err, os.ErrNotExist)
}

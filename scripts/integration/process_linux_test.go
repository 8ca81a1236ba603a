package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNothingOutlivesARunThatIsKilled(t *testing.T) {
	runner := exec.Command(os.Args[0], t.TempDir())
	runner.Env = append(os.Environ(), roleVariable+"=runner", "TMPDIR="+t.TempDir())
	output, err := runner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, runner.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	port := strings.Fields(line)[1]
	require.True(t, listens(port))
	require.NoError(t, runner.Process.Kill())
	require.Error(t, runner.Wait())
	requireGone(t, port)
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// installable counts its installations in a file beside its folder.
func installable(t *testing.T, source string) (e emulator, count func() int) {
	folder := filepath.Join(t.TempDir(), "cache", "thing")
	counter, pin := filepath.Join(t.TempDir(), "count"), filepath.Join(t.TempDir(), "pin")
	require.NoError(t, os.WriteFile(pin, []byte(source), 0o600))
	e = emulator{name: "thing", folder: folder, sources: []string{pin}, steps: [][]string{
		{"sh", "-c", "mkdir " + folder + " && echo one more >> " + counter},
		{"cp", pin, filepath.Join(folder, "installed")},
	}}
	return e, func() int {
		written, err := os.ReadFile(counter)
		require.NoError(t, err)
		return strings.Count(string(written), "\n")
	}
}

func TestAnEmulatorIsInstalledOnceForItsPins(t *testing.T) {
	e, count := installable(t, "1.0")
	var out bytes.Buffer
	require.NoError(t, e.install(t.Context(), &out))
	require.Equal(t, "integration: installing thing in "+e.folder+"\n", out.String())
	require.NoError(t, e.install(t.Context(), &out))
	require.Equal(t, 1, count())

	require.NoError(t, os.WriteFile(e.sources[0], []byte("1.1"), 0o600))
	require.NoError(t, e.install(t.Context(), &out))
	require.Equal(t, 2, count(), "a source has changed")
	installed, err := os.ReadFile(filepath.Join(e.folder, "installed"))
	require.NoError(t, err)
	require.Equal(t, "1.1", string(installed))

	e.steps = append(e.steps, []string{"true"})
	require.NoError(t, e.install(t.Context(), &out))
	require.Equal(t, 3, count(), "a step has changed")
}

func TestAnInstallationCutShortIsDoneAnew(t *testing.T) {
	e, count := installable(t, "1.0")
	whole := e.steps
	e.steps = [][]string{whole[0], {"sh", "-c", "echo no space left; exit 5"}}
	var out bytes.Buffer
	require.ErrorContains(t, e.install(t.Context(), &out), "echo no space left; exit 5: exit status 5")
	require.Contains(t, out.String(), "no space left\n")
	require.Error(t, e.install(t.Context(), &out))
	require.Equal(t, 2, count())
	e.steps = whole
	require.NoError(t, e.install(t.Context(), &out))
	require.Equal(t, 3, count())
}

func TestTwoInstallationsAtOnceAreOne(t *testing.T) {
	e, count := installable(t, "1.0")
	failures := make(chan error, 4)
	for range cap(failures) {
		go func() { failures <- e.install(t.Context(), &bytes.Buffer{}) }()
	}
	for range cap(failures) {
		require.NoError(t, <-failures)
	}
	require.Equal(t, 1, count())
}

func TestProgramsThatAreMissingAreNamedWithTheirPackages(t *testing.T) {
	e, _ := installable(t, "1.0")
	e.needs = map[string]string{"no-such-mvn": "maven", "no-such-javac": "default-jdk-headless", "sh": "dash"}
	err := e.install(t.Context(), &bytes.Buffer{})
	require.ErrorContains(t, err, `"no-such-mvn": executable file not found in $PATH; on Debian the package maven has it`)
	require.ErrorContains(t, err, `"no-such-javac"`)
	require.NotContains(t, err.Error(), "dash")
	require.NoDirExists(t, e.folder)
}

func TestChooseKeepsTheOrderAndRefusesUnknownNames(t *testing.T) {
	all := emulators("/repository")
	chosen, err := choose(all, []string{"versitygw", "moto"})
	require.NoError(t, err)
	require.Equal(t, []string{"moto", "versitygw"}, []string{chosen[0].name, chosen[1].name})
	_, err = choose(all, []string{"moto", "s4"})
	require.EqualError(t, err, `there is no emulator "s4"; there are moto, dynamodb-local, versitygw`)
}

func TestThePinnedSourcesAreThere(t *testing.T) {
	root, err := moduleRoot()
	require.NoError(t, err)
	for _, e := range emulators(root) {
		stamp, err := e.stamp()
		require.NoError(t, err, e.name)
		require.Len(t, stamp, 65)
	}
}

package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// archive writes a plugin's archive whose program only its owner may start, and returns its SHA-256.
func archive(t *testing.T, folder, name, version, arch string) string {
	t.Helper()
	path := filepath.Join(folder, "pulumi-resource-"+name+"-"+version+"-linux-"+arch+".tar.gz")
	file, err := os.Create(path)
	require.NoError(t, err)
	zipped := gzip.NewWriter(file)
	writer := tar.NewWriter(zipped)
	require.NoError(t, writer.WriteHeader(&tar.Header{Name: "pulumi-resource-" + name, Mode: 0o700, Size: 2}))
	_, err = writer.Write([]byte("#!"))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	require.NoError(t, zipped.Close())
	require.NoError(t, file.Close())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// fetch runs the script of the image as the image does, but for where the archives are.
func fetch(t *testing.T, home, from string, plugins ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "sh", "-c", `umask 077; exec ./plugins.sh "$@"`, "sh", home, "arm64")
	command.Args = append(command.Args, plugins...)
	command.Env = append(os.Environ(), "PLUGIN_URL=file://"+from)
	out, err := command.CombinedOutput()
	return string(out), err
}

func TestAnybodyMayStartThePluginsOfTheImage(t *testing.T) {
	from, home := t.TempDir(), filepath.Join(t.TempDir(), "pulumi")
	sum := archive(t, from, "aws", "v1.2.3", "arm64")
	archive(t, from, "kubernetes", "v4.5.6", "arm64")
	out, err := fetch(t, home, from, "aws", "v1.2.3", sum, "kubernetes", "v4.5.6", "-")
	require.NoError(t, err, out)
	require.FileExists(t, filepath.Join(home, "plugins/resource-aws-v1.2.3/pulumi-resource-aws"))
	require.FileExists(t, filepath.Join(home, "plugins/resource-kubernetes-v4.5.6/pulumi-resource-kubernetes"))
	files := 0
	require.NoError(t, filepath.WalkDir(home, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o755), info.Mode().Perm(), path)
		files++
		return nil
	}))
	require.Equal(t, 6, files, "no archive is left")
}

func TestAPluginThatIsNotTheExpectedOneStopsTheBuild(t *testing.T) {
	from := t.TempDir()
	archive(t, from, "aws", "v1.2.3", "arm64")
	_, err := fetch(t, t.TempDir(), from, "aws", "v1.2.3", "0000000000000000000000000000000000000000000000000000000000000000")
	require.Error(t, err)
	_, err = fetch(t, t.TempDir(), from, "aws", "v9.9.9", "-")
	require.Error(t, err)
}

package bundle

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/diag"
)

func TestAFileThatBecomesSomethingElseWhileItIsReadIsRefused(t *testing.T) {
	for name, become := range map[string]func(t *testing.T, at string) error{
		"a link to a hidden file":         func(_ *testing.T, at string) error { return os.Symlink(".hidden", at) },
		"a link to what is outside":       func(t *testing.T, at string) error { return os.Symlink(filepath.Join(t.TempDir(), "x"), at) },
		"a link to a file of the machine": func(_ *testing.T, at string) error { return os.Symlink("/etc/hostname", at) },
		"a pipe":                          func(_ *testing.T, at string) error { return syscall.Mkfifo(at, 0o600) },
		"a folder":                        func(_ *testing.T, at string) error { return os.Mkdir(at, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(folder, ".hidden"), []byte("password: canary"), 0o600))
			at := filepath.Join(folder, "stack.yaml")
			require.NoError(t, become(t, at)) // the walk has seen a plain file of that name
			root, err := os.OpenRoot(folder)
			require.NoError(t, err)
			defer root.Close()
			var ds diag.List
			file, err := readFile(root, "stack.yaml", DefaultLimits(), &ds)
			require.Empty(t, file.Data)
			require.True(t, err != nil || ds.HasErrors())
			require.NotContains(t, ds.String(), "canary")
		})
	}
}

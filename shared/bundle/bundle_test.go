package bundle_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/deployer-io/deployer/shared/bundle"
)

func writeFiles(t testing.TB, folder string, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		path := filepath.Join(folder, pairs[i])
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(pairs[i+1]), 0o600))
	}
}

func paths(b *bundle.Bundle) []string {
	var all []string
	for _, f := range b.Files() {
		all = append(all, f.Path)
	}
	return all
}

func TestFolderAndZipOfItAreOneBundle(t *testing.T) {
	folder := t.TempDir()
	writeFiles(t, folder, "stack.yaml", "a: 1\n", "user/api.yml", "b: 2\n", "user/environments/staging/api.yaml", "c: 3\n",
		"README.md", "no", ".git/config.yaml", "no", ".deployer/state.yaml", "no", "node_modules/x/y.yaml", "no", ".hidden.yaml", "no")
	require.NoError(t, os.Symlink("README.md", filepath.Join(folder, "LINK.md")))
	b, ds, err := bundle.FromFolder(folder, bundle.Limits{})
	require.NoError(t, err)
	require.Empty(t, ds)
	require.Equal(t, []string{"stack.yaml", "user/api.yml", "user/environments/staging/api.yaml"}, paths(b))
	require.EqualValues(t, 15, b.Size())

	packed, err := bundle.Pack(b)
	require.NoError(t, err)
	again, err := bundle.Pack(b)
	require.NoError(t, err)
	require.Equal(t, packed, again)
	unpacked, ds := bundle.FromZip(packed, bundle.Limits{})
	require.Empty(t, ds)
	require.Equal(t, b, unpacked)

	// A zip as other tools make it: folders, other files, another order.
	foreign, ds := bundle.FromZip(rawZip(
		raw{name: "user/", mode: 0o040755, store: true}, raw{name: "user/environments/staging/api.yaml", content: []byte("c: 3\n")},
		raw{name: "user/api.yml", content: []byte("b: 2\n"), store: true}, raw{name: "README.md", content: []byte("other")},
		raw{name: ".git/config.yaml", content: []byte("x")}, raw{name: "stack.yaml", content: []byte("a: 1\n")}), bundle.Limits{})
	require.Empty(t, ds.String())
	require.Equal(t, b.Digest(), foreign.Digest())

	f, ok := b.File("user/api.yml")
	require.True(t, ok)
	require.Equal(t, "b: 2\n", string(f.Data))
	_, ok = b.File("user/api.yaml")
	require.False(t, ok)
}

func TestDigestTellsEveryDifference(t *testing.T) {
	seen := map[string]string{}
	for sentence, files := range map[string][]bundle.File{
		"one file":                    {{Path: "a.yaml", Data: []byte("x")}},
		"another name":                {{Path: "b.yaml", Data: []byte("x")}},
		"another content":             {{Path: "a.yaml", Data: []byte("y")}},
		"an empty file":               {{Path: "a.yaml"}},
		"two files":                   {{Path: "a.yaml", Data: []byte("x")}, {Path: "b.yaml", Data: []byte("y")}},
		"content moved to the next":   {{Path: "a.yaml"}, {Path: "b.yaml", Data: []byte("xy")}},
		"name and content run across": {{Path: "a.yaml", Data: []byte("xb.yaml")}, {Path: "c.yaml", Data: []byte("y")}},
	} {
		b, ds := bundle.FromFiles(files, bundle.Limits{})
		require.Empty(t, ds)
		require.Len(t, b.Digest(), 64)
		require.Empty(t, seen[b.Digest()], sentence)
		seen[b.Digest()] = sentence
	}
}

func TestDigestIsKeptForEver(t *testing.T) {
	b, ds := bundle.FromFiles([]bundle.File{{Path: "a.yaml", Data: []byte("a: 1\n")}, {Path: "b/c.yml", Data: []byte{}}}, bundle.Limits{})
	require.Empty(t, ds)
	// printf '\0\0\0\0\0\0\0\006a.yaml\0\0\0\0\0\0\0\005a: 1\n\0\0\0\0\0\0\0\007b/c.yml\0\0\0\0\0\0\0\0' | sha256sum
	require.Equal(t, "1fa6b05a4d4b206ff3b3482369ec3ba6f0779b28f96ce5052f46cd43dc4bf8c8", b.Digest())
}

func TestPackingLosesNothing(t *testing.T) {
	name := rapid.StringMatching(`[a-z0-9]{1,5}(/[a-z0-9]{1,5}){0,3}\.ya?ml`)
	rapid.Check(t, func(t *rapid.T) {
		var files []bundle.File
		seen := map[string]bool{}
		for range rapid.IntRange(1, 8).Draw(t, "files") {
			path := name.Draw(t, "path")
			if seen[path] {
				continue
			}
			seen[path] = true
			files = append(files, bundle.File{Path: path, Data: []byte(rapid.StringN(0, 200, 2000).Draw(t, "content"))})
		}
		b, ds := bundle.FromFiles(files, bundle.Limits{})
		if ds.HasErrors() {
			t.Fatal(ds.String())
		}
		packed, err := bundle.Pack(b)
		if err != nil {
			t.Fatal(err)
		}
		again, ds := bundle.FromZip(packed, bundle.Limits{})
		if ds.HasErrors() || again.Digest() != b.Digest() {
			t.Fatalf("digest %s became %s: %s", b.Digest(), again.Digest(), ds)
		}
	})
}

func TestFilesInMemoryFollowTheSameRules(t *testing.T) {
	for wrong, c := range map[string]struct {
		files []bundle.File
		want  string
	}{
		"a path that climbs": {[]bundle.File{{Path: "../a.yaml"}}, "climbs out"},
		"a name twice":       {[]bundle.File{{Path: "a.yaml"}, {Path: "a.yaml"}}, "stands twice"},
		"a large file":       {[]bundle.File{{Path: "a.yaml", Data: make([]byte, 101)}}, "more than 100 bytes"},
		"too much together":  {[]bundle.File{{Path: "a.yaml", Data: make([]byte, 90)}, {Path: "b.yaml", Data: make([]byte, 90)}}, "more than 150 bytes together"},
		"too many":           {[]bundle.File{{Path: "a.yaml"}, {Path: "b.yaml"}, {Path: "c.yaml"}, {Path: "d.yaml"}}, "at most 3"},
		"nothing":            {nil, "no .yaml or .yml file"},
	} {
		t.Run(wrong, func(t *testing.T) {
			b, ds := bundle.FromFiles(c.files, bundle.Limits{File: 100, Total: 150, Entries: 3})
			require.Nil(t, b)
			require.Contains(t, ds.String(), c.want)
		})
	}
}

func TestFolderThatIsNotThereIsAnError(t *testing.T) {
	_, _, err := bundle.FromFolder(filepath.Join(t.TempDir(), "gone"), bundle.Limits{})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.True(t, strings.Contains(err.Error(), "gone"))
}

func FuzzBundle(f *testing.F) {
	f.Add(named("a.yaml"))
	for _, c := range hostileZips() {
		if len(c.zip) < 4<<10 {
			f.Add(c.zip)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, ds := bundle.FromZip(data, bundle.Limits{})
		require.Equal(t, b == nil, ds.HasErrors())
		if b == nil {
			return
		}
		packed, err := bundle.Pack(b)
		require.NoError(t, err)
		again, ds := bundle.FromZip(packed, bundle.Limits{})
		// What was stored or badly packed may shrink so well that our own packing looks like a bomb; nothing else may differ.
		if ds.HasErrors() {
			require.Contains(t, ds.String(), "grows from")
			return
		}
		require.Equal(t, b.Digest(), again.Digest())
	})
}

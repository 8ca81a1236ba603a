package bundle_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/diag"
)

// maxRefusal is how much memory refusing a bundle may take, everything allocated on the way counted.
const maxRefusal = 64 << 20

// allocated returns the bytes that fn allocates.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

var yaml = []byte("apiVersion: core.deployer.io/v1\n")

func named(names ...string) []byte {
	entries := make([]raw, len(names))
	for i, name := range names {
		entries[i] = raw{name: name, content: yaml}
	}
	return rawZip(entries...)
}

type hostile struct {
	zip  []byte
	want string
}

// hostileZips are zips that must be refused, by what is wrong with them, each with a part of the message.
var hostileZips = sync.OnceValue(func() map[string]hostile {
	good := raw{name: "a.yaml", content: yaml}
	blank := bytes.Repeat([]byte(" "), 200<<10)
	random := pseudoRandom(64 << 10)
	whole := rawZip(good, raw{name: "b.yaml", content: random, store: true})
	return map[string]hostile{
		"an absolute path":                       {named("/etc/a.yaml"), "absolute path"},
		"a path that climbs out":                 {named("../a.yaml"), "climbs out"},
		"a path that climbs out later":           {named("a/../../a.yaml"), "climbs out"},
		"a path that climbs but stays":           {named("b/../a.yaml"), "climbs out"},
		"a path that ends in two dots":           {named("a.yaml/.."), "climbs out"},
		"a backslash":                            {named(`a\b.yaml`), "backslash"},
		"climbing with backslashes":              {named(`..\..\a.yaml`), "backslash"},
		"a network share":                        {named(`\\host\share\a.yaml`), "backslash"},
		"a drive letter":                         {named("C:/a.yaml"), "drive letter"},
		"a drive's current folder":               {named("c:a.yaml"), "drive letter"},
		"a NUL in the name":                      {named("a.yaml\x00.png"), "NUL"},
		"a line break in the name":               {named("a\nb.yaml"), "control"},
		"an escape sequence in the name":         {named("a\x1b[2Jb.yaml"), "control"},
		"a name that runs backwards":             {rawZip(raw{name: "a\u202elmay.exe.yaml", content: yaml, flags: 0x800}), "direction"},
		"an invisible letter in the name":        {rawZip(raw{name: "a\u200b.yaml", content: yaml, flags: 0x800}), "control"},
		"a name that is not UTF-8":               {named("a\xff\xfe.yaml"), "not UTF-8"},
		"a name of unknown encoding":             {named("caf\u00e9.yaml"), "not marked as UTF-8"},
		"no name":                                {named(""), "has no name"},
		"only a slash":                           {named("/"), "has no name"},
		"a dot segment":                          {named("./a.yaml"), "'.' segment"},
		"a dot segment inside":                   {named("b/./a.yaml"), "'.' segment"},
		"an empty segment":                       {named("b//a.yaml"), "'.' segment"},
		"a segment that ends in a dot":           {named("b./a.yaml"), "ends in a dot"},
		"a segment that ends in a space":         {named("b /a.yaml"), "ends in a dot or a space"},
		"a name of 600 bytes":                    {named(strings.Repeat("a", 595) + ".yaml"), "at most 512"},
		"a path of 40 folders":                   {named(strings.Repeat("a/", 40) + "a.yaml"), "folders deep"},
		"a symbolic link":                        {rawZip(good, raw{name: "b.yaml", content: []byte("/etc/passwd"), mode: 0o120777}), "symbolic link"},
		"a symbolic link with another name":      {rawZip(good, raw{name: "notes", content: []byte("../.."), mode: 0o120777}), "symbolic link"},
		"a folder that is a symbolic link":       {rawZip(good, raw{name: "b/", content: []byte(".."), mode: 0o120777}), "symbolic link"},
		"a character device":                     {rawZip(good, raw{name: "b.yaml", mode: 0o020666}), "device"},
		"a block device":                         {rawZip(good, raw{name: "b.yaml", mode: 0o060666}), "device"},
		"a named pipe":                           {rawZip(good, raw{name: "b.yaml", mode: 0o010666}), "named pipe"},
		"a socket":                               {rawZip(good, raw{name: "b.yaml", mode: 0o140666}), "socket"},
		"a name twice":                           {named("a.yaml", "b.yaml", "a.yaml"), "stands twice"},
		"names equal but for case":               {named("a.yaml", "A.yaml"), "but for the case"},
		"folders equal but for case":             {named("b/a.yaml", "B/a.yaml"), "but for the case"},
		"names equal but for accented case":      {rawZip(raw{name: "\u00e9.yaml", content: yaml, flags: 0x800}, raw{name: "\u00c9.yaml", content: yaml, flags: 0x800}), "but for the case"},
		"a file where another needs a folder":    {named("a.yaml", "a.yaml/b.yaml"), "name of the file"},
		"a folder where another is a file":       {named("a.yaml/b.yaml", "a.yaml"), "a file and of the folder"},
		"a zip inside":                           {rawZip(good, raw{name: "more.zip", content: named("a.yaml")}), "archive inside"},
		"a tar inside":                           {rawZip(good, raw{name: "more.tar.gz", content: yaml}), "archive inside"},
		"a jar inside":                           {rawZip(good, raw{name: "lib/MORE.JAR", content: yaml}), "archive inside"},
		"a zip with a YAML name":                 {rawZip(raw{name: "a.yaml", content: named("a.yaml"), store: true}, good), "stands twice"},
		"a stored zip with a YAML name":          {rawZip(raw{name: "b.yaml", content: named("a.yaml"), store: true}), "zip archive"},
		"a gzip with a YAML name":                {rawZip(raw{name: "a.yml", content: []byte("\x1f\x8b\x08\x00rest")}), "gzip archive"},
		"a tar with a YAML name":                 {rawZip(raw{name: "a.yml", content: append(make([]byte, 257), "ustar\x0000"...)}), "tar archive"},
		"a zstd with a YAML name":                {rawZip(raw{name: "a.yml", content: []byte("\x28\xb5\x2f\xfdrest")}), "zstd archive"},
		"a file that grows a thousand times":     {rawZip(raw{name: "a.yaml", content: blank}), "grows from"},
		"a file over the limit":                  {rawZip(raw{name: "a.yaml", content: pseudoRandom(300 << 10), store: true}), "more than 262144 bytes"},
		"a file of 100 MiB of blanks":            {rawZip(raw{name: "a.yaml", content: bytes.Repeat([]byte(" "), 100<<20)}), "more than 262144 bytes"},
		"100 MiB that say they are 10 bytes":     {rawZip(raw{name: "a.yaml", content: bytes.Repeat([]byte(" "), 100<<20), uncompressed: value(10)}), "size is not"},
		"a size told too small":                  {rawZip(raw{name: "a.yaml", content: random, uncompressed: value(100)}), "size is not"},
		"a size told too large":                  {rawZip(raw{name: "a.yaml", content: yaml, uncompressed: value(2000)}), "size is not"},
		"a stored size told too small":           {rawZip(raw{name: "a.yaml", content: yaml, store: true, uncompressed: value(3)}), "size is not"},
		"a size of 4 GiB":                        {rawZip(raw{name: "a.yaml", content: yaml, uncompressed: value(1<<32 - 2)}), "more than 262144 bytes"},
		"a wrong checksum":                       {rawZip(raw{name: "a.yaml", content: yaml, crc: value(7)}), "cannot be unpacked"},
		"a broken deflate stream":                {rawZip(raw{name: "a.yaml", content: pseudoRandom(1000), store: true, method: 8}), "cannot be unpacked"},
		"an encrypted entry":                     {rawZip(raw{name: "a.yaml", content: yaml, flags: 1}), "encrypted"},
		"an entry packed by bzip2":               {rawZip(raw{name: "a.yaml", content: yaml, method: 12}), "method 12"},
		"an entry of an unknown method":          {rawZip(raw{name: "a.yaml", content: yaml, method: 99}), "method 99"},
		"more contents than allowed":             {many(270, pseudoRandom(200<<10)), "more than 52428800 bytes"},
		"too many entries":                       {many(5001, nil), "at most 5000"},
		"100,000 entries":                        {many(100_000, nil), "at most 5000"},
		"too many folders":                       {folders(6000), "at most 5000"},
		"entries that share one content":         {rawZip(good, raw{name: "b.yaml", content: yaml, sharesWith: 1}), "shares its bytes"},
		"2,000 entries that share one content":   {sharing(2000), "shares its bytes"},
		"an entry inside of another":             {inside(), "shares its bytes"},
		"an entry beyond the end":                {rawZip(raw{name: "a.yaml", content: yaml, offset: value(1 << 30)}), "lies outside"},
		"an entry that ends beyond the end":      {rawZip(raw{name: "a.yaml", content: yaml, compressed: value(1 << 30)}), "lies outside"},
		"an entry whose place is no entry":       {rawZip(good, raw{name: "b.yaml", content: yaml, offset: value(3)}), "lies outside"},
		"a zip cut in the middle":                {whole[:len(whole)/2], "cannot be read"},
		"a zip without its last byte":            {whole[:len(whole)-1], "cannot be read"},
		"a zip without its beginning":            {whole[1000:], "lies outside"},
		"no zip at all":                          {[]byte("apiVersion: v1\n"), "cannot be read"},
		"nothing":                                {nil, "cannot be read"},
		"a zip of nothing":                       {rawZip(), "no .yaml or .yml file"},
		"a zip of other files only":              {named("README.md", "main.go"), "no .yaml or .yml file"},
		"a zip of hidden files only":             {named(".git/a.yaml", "node_modules/x/a.yaml", "b/.deployer/a.yaml"), "no .yaml or .yml file"},
		"a directory that lies about its count":  {lyingCount(), "cannot be read"},
		"a directory that lies about its place":  {lyingPlace(), "cannot be read"},
		"a zip over the limit":                   {append(pseudoRandom(10<<20), whole...), "at most 10485760"},
		"a zip64 record that points to anywhere": {zip64Lie(), "cannot be read"},
	}
})

// pseudoRandom is n bytes that do not compress, as printable ASCII.
func pseudoRandom(n int) []byte {
	data, state := make([]byte, n), uint64(88172645463325252)
	for i := range data {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		data[i] = '!' + byte(state%90)
	}
	return data
}

func many(n int, content []byte) []byte {
	entries := make([]raw, n)
	for i := range entries {
		entries[i] = raw{name: fmt.Sprintf("%06d.yaml", i), content: content, store: true}
	}
	if content != nil && len(content)*n > 10<<20 {
		// Too large for the zip as it is: let it shrink, but not so much that a single entry would be refused.
		content = bytes.Repeat(content[:2<<10], len(content)>>11)
		for i := range entries {
			entries[i] = raw{name: entries[i].name, content: content}
		}
	}
	return rawZip(entries...)
}

func folders(n int) []byte {
	entries := []raw{{name: "a.yaml", content: yaml}}
	for i := range n {
		entries = append(entries, raw{name: fmt.Sprintf("%d/", i), mode: 0o040755, store: true})
	}
	return rawZip(entries...)
}

func sharing(n int) []byte {
	entries := []raw{{name: "a.yaml", content: pseudoRandom(100 << 10), store: true}}
	for i := range n {
		entries = append(entries, raw{name: fmt.Sprintf("%d.yaml", i), content: entries[0].content, store: true, sharesWith: 1})
	}
	return rawZip(entries...)
}

// inside hides a second entry in the content of the first.
func inside() []byte {
	hidden := rawZip(raw{name: "b.yaml", content: yaml})
	return rawZip(raw{name: "a.yaml", content: append([]byte("# \n"), hidden[:60]...), store: true},
		raw{name: "b.yaml", content: yaml, offset: value(30 + 6 + 3)})
}

func lyingCount() []byte {
	z := named("a.yaml")
	z[len(z)-12], z[len(z)-11] = 0xfe, 0x7f
	return z
}

func lyingPlace() []byte {
	z := named("a.yaml")
	copy(z[len(z)-10:], []byte{0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f})
	return z
}

// zip64Lie says that the directory's true place is in a zip64 record, which lies far outside.
func zip64Lie() []byte {
	z := named("a.yaml")
	end := bytes.Clone(z[len(z)-22:])
	for i := 8; i < 20; i++ {
		end[i] = 0xff
	}
	var out bytes.Buffer
	out.Write(z[:len(z)-22])
	write(&out, uint32(0x07064b50), uint32(0), uint64(1)<<60, uint32(1))
	out.Write(end)
	return out.Bytes()
}

func TestHostileZipsAreRefusedByName(t *testing.T) {
	cases := hostileZips()
	require.GreaterOrEqual(t, len(cases), 60)
	for wrong, c := range cases {
		t.Run(wrong, func(t *testing.T) {
			t.Chdir(t.TempDir())
			var b *bundle.Bundle
			var ds diag.List
			var spent float64
			took := allocated(func() {
				before := cpuUsed()
				b, ds = bundle.FromZip(c.zip, bundle.Limits{})
				spent = cpuUsed() - before
			})
			requireQuick(t, spent)
			require.Nil(t, b)
			require.True(t, ds.HasErrors())
			require.Contains(t, ds.String(), c.want)
			require.Less(t, took, uint64(maxRefusal))
			for _, d := range ds {
				require.NotEmpty(t, d.Hint, d.String())
			}
			entries, err := os.ReadDir(".")
			require.NoError(t, err)
			require.Empty(t, entries, "nothing may be written")
		})
	}
}

func TestHostileFoldersAreRefusedByName(t *testing.T) {
	for wrong, c := range map[string]struct {
		make func(t *testing.T, folder string)
		want string
	}{
		"a link out of the folder": {func(t *testing.T, folder string) {
			outside := filepath.Join(t.TempDir(), "secret")
			require.NoError(t, os.WriteFile(outside, []byte("top: secret\n"), 0o600))
			require.NoError(t, os.Symlink(outside, filepath.Join(folder, "b.yaml")))
		}, "b.yaml: error: the entry is a symbolic link"},
		"a link inside of the folder": {func(t *testing.T, folder string) {
			require.NoError(t, os.Symlink("a.yaml", filepath.Join(folder, "b.yml")))
		}, "b.yml: error: the entry is a symbolic link"},
		"a folder that is a link": {func(t *testing.T, folder string) {
			require.NoError(t, os.Symlink(t.TempDir(), filepath.Join(folder, "more")))
		}, "more: error: the entry is a symbolic link"},
		"a link to itself": {func(t *testing.T, folder string) {
			require.NoError(t, os.Symlink("loop", filepath.Join(folder, "loop")))
		}, "loop: error: the entry is a symbolic link"},
		"a named pipe": {func(t *testing.T, folder string) {
			require.NoError(t, syscall.Mkfifo(filepath.Join(folder, "p.yaml"), 0o600))
		}, "p.yaml: error: the entry is a named pipe"},
		"a socket": {func(t *testing.T, folder string) {
			t.Chdir(folder)
			listener, err := net.Listen("unix", "s.yaml")
			require.NoError(t, err)
			t.Cleanup(func() { listener.Close() })
		}, "s.yaml: error: the entry is a socket"},
		"a backslash in a name": {func(t *testing.T, folder string) {
			require.NoError(t, os.WriteFile(filepath.Join(folder, `b\c.yaml`), yaml, 0o600))
		}, "backslash"},
		"a line break in a name": {func(t *testing.T, folder string) {
			require.NoError(t, os.WriteFile(filepath.Join(folder, "b\n.yaml"), yaml, 0o600))
		}, "control"},
		"names equal but for case": {func(t *testing.T, folder string) {
			require.NoError(t, os.WriteFile(filepath.Join(folder, "A.yaml"), yaml, 0o600))
		}, "but for the case"},
		"a file over the limit": {func(t *testing.T, folder string) {
			require.NoError(t, os.WriteFile(filepath.Join(folder, "b.yaml"), make([]byte, 100<<20), 0o600))
		}, "b.yaml: error: the file holds more than 262144 bytes"},
		"an archive with a YAML name": {func(t *testing.T, folder string) {
			require.NoError(t, os.WriteFile(filepath.Join(folder, "b.yaml"), named("a.yaml"), 0o600))
		}, "zip archive"},
		"too many files": {func(t *testing.T, folder string) {
			for i := range 30 {
				require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.yaml", i)), yaml, 0o600))
			}
		}, "at most 20"},
		"too much contents": {func(t *testing.T, folder string) {
			for i := range 10 {
				require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.yaml", i)), pseudoRandom(200<<10), 0o600))
			}
		}, "more than 1048576 bytes"},
		"too many other files": {func(t *testing.T, folder string) {
			for i := range 900 {
				require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprint(i)), nil, 0o600))
			}
		}, "more than 800 files and folders"},
	} {
		t.Run(wrong, func(t *testing.T) {
			folder := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(folder, "a.yaml"), yaml, 0o600))
			c.make(t, folder)
			var b *bundle.Bundle
			var ds diag.List
			var err error
			took := allocated(func() { b, ds, err = bundle.FromFolder(folder, bundle.Limits{Entries: 20, Total: 1 << 20}) })
			require.NoError(t, err)
			require.Nil(t, b)
			require.Contains(t, ds.String(), c.want)
			require.NotContains(t, ds.String(), "secret")
			require.Less(t, took, uint64(maxRefusal))
		})
	}
}

// Package bundle holds what an author hands over: a folder or a zip of YAML goes in, a Bundle comes out, its files in
// memory and its digest known, after everything hostile or broken about it has been refused by name.
package bundle

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
)

// Bundle is a set of YAML files. It does not change once made, and may be shared between goroutines.
type Bundle struct {
	files  []File
	digest string
}

// File is one YAML file of a bundle.
type File struct {
	Path string // relative to the bundle's root, with forward slashes
	Data []byte // must not be changed
}

// Files returns the files ordered by path. The slice must not be changed.
func (b *Bundle) Files() []File { return b.files }

// File returns the file with that path.
func (b *Bundle) File(path string) (File, bool) {
	i, found := slices.BinarySearchFunc(b.files, path, func(f File, path string) int { return strings.Compare(f.Path, path) })
	if !found {
		return File{}, false
	}
	return b.files[i], true
}

// Digest is the SHA-256 of the sorted files, in 64 hexadecimal digits: for each file the length of its path, the path,
// the length of its contents and the contents, lengths as eight bytes, big endian. A folder and the zip of it have
// the same digest.
func (b *Bundle) Digest() string { return b.digest }

// Size is the length of all contents in bytes.
func (b *Bundle) Size() int64 {
	var size int64
	for _, f := range b.files {
		size += int64(len(f.Data))
	}
	return size
}

func newBundle(files []File) *Bundle {
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return &Bundle{files: files, digest: digest(files)}
}

func digest(files []File) string {
	sum := sha256.New()
	var length [8]byte
	write := func(data []byte) {
		binary.BigEndian.PutUint64(length[:], uint64(len(data)))
		sum.Write(length[:])
		sum.Write(data)
	}
	for _, f := range files {
		write([]byte(f.Path))
		write(f.Data)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

package bundle

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/deployer-io/deployer/shared/diag"
)

// The rules about entries, whichever way the bundle came.
const (
	codePath      diag.Code = "bundle-path"
	codeDuplicate diag.Code = "bundle-duplicate"
	codeSpecial   diag.Code = "bundle-special-file"
	codeNested    diag.Code = "bundle-nested-archive"
	codeTooLarge  diag.Code = "bundle-too-large"
	codeBomb      diag.Code = "bundle-bomb"
	codeZip       diag.Code = "bundle-zip"
	codeEmpty     diag.Code = "bundle-empty"
)

// checkPath says why a path may not stand in a bundle, or "".
func checkPath(path string) string {
	switch {
	case path == "":
		return "has no name"
	case strings.ContainsRune(path, 0):
		return "has a NUL byte in its name"
	case !utf8.ValidString(path):
		return "has a name that is not UTF-8"
	case len(path) > maxPath:
		return fmt.Sprintf("has a name of %d bytes; at most %d are allowed", len(path), maxPath)
	case strings.Contains(path, `\`):
		return "has a backslash in its name"
	case path[0] == '/':
		return "has an absolute path"
	case len(path) > 1 && path[1] == ':':
		return "has a path with a drive letter"
	case strings.ContainsFunc(path, isControl):
		return "has a control or direction-changing character in its name"
	}
	segments := strings.Split(path, "/")
	if len(segments) > maxSegments {
		return fmt.Sprintf("lies %d folders deep; at most %d are allowed", len(segments), maxSegments)
	}
	for _, segment := range segments {
		switch {
		case segment == "..":
			return "climbs out of the bundle with '..'"
		case segment == "." || segment == "":
			return "has an empty or '.' segment in its path"
		case segment != strings.TrimRight(segment, ". "):
			return "has a segment that ends in a dot or a space, which some systems drop"
		}
	}
	return ""
}

// isControl is true for what would change the look of a path on a terminal or in a review.
func isControl(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e ||
		r >= 0x2060 && r <= 0x2069 || r == 0xfeff
}

// isIgnored is true for a name that is passed over with all that lies below it.
func isIgnored(name string) bool { return strings.HasPrefix(name, ".") || name == "node_modules" }

// liesInIgnored is true when any segment of path is passed over.
func liesInIgnored(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if isIgnored(segment) {
			return true
		}
	}
	return false
}

func isYAML(path string) bool {
	return strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".yml")
}

var archiveSuffixes = []string{
	".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".lz4", ".br", ".7z", ".rar", ".jar", ".war", ".whl", ".cab", ".iso",
}

func isArchive(path string) bool {
	lower := strings.ToLower(path)
	for _, suffix := range archiveSuffixes {
		if strings.HasSuffix(lower, suffix) {
			return true
		}
	}
	return false
}

// archiveSignature names the archive format that data begins with, or "".
func archiveSignature(data []byte) string {
	for _, s := range [...]struct{ magic, name string }{
		{"PK\x03\x04", "zip"}, {"PK\x05\x06", "zip"}, {"\x1f\x8b", "gzip"}, {"BZh", "bzip2"}, {"\xfd7zXZ\x00", "xz"},
		{"\x28\xb5\x2f\xfd", "zstd"}, {"7z\xbc\xaf\x27\x1c", "7z"}, {"Rar!\x1a\x07", "rar"},
	} {
		if strings.HasPrefix(string(data[:min(len(data), 8)]), s.magic) {
			return s.name
		}
	}
	if len(data) > 262 && string(data[257:262]) == "ustar" {
		return "tar"
	}
	return ""
}

// names finds entries that would be one file on some file system: equal names, names equal but for case, and a file
// where another entry needs a folder.
type names struct {
	seen    map[string]string // folded path: the path itself
	folders map[string]string // folded folder: a path below it
}

func newNames(size int) *names {
	return &names{seen: make(map[string]string, size), folders: map[string]string{}}
}

func (n *names) add(path string, ds *diag.List) bool {
	at, folded := diag.Position{File: path}, strings.ToLower(path)
	switch other, taken := n.seen[folded]; {
	case taken && other == path:
		ds.Errorf(codeDuplicate, at, "", "the name stands twice in the bundle").WithHint("keep one of the two entries")
		return false
	case taken:
		ds.Errorf(codeDuplicate, at, "", "the name equals %s but for the case of its letters", other).
			WithHint("rename one of the two files")
		return false
	}
	if below, taken := n.folders[folded]; taken {
		ds.Errorf(codeDuplicate, at, "", "the name is that of a file and of the folder of %s", below).
			WithHint("rename one of the two")
		return false
	}
	for i := len(folded) - 1; i > 0; i-- {
		if folded[i] != '/' {
			continue
		}
		if other, taken := n.seen[folded[:i]]; taken {
			ds.Errorf(codeDuplicate, at, "", "its folder has the name of the file %s", other).WithHint("rename one of the two")
			return false
		}
		if _, known := n.folders[folded[:i]]; known {
			break
		}
		n.folders[folded[:i]] = path
	}
	n.seen[folded] = path
	return true
}

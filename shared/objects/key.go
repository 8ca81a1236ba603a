package objects

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxKey is the longest key in bytes (S3's limit), MaxSegment the longest part between slashes (that of file systems).
const (
	MaxKey     = 1024
	MaxSegment = 255
)

// reserved is the folder of a File's own in its root; no key may name it.
const reserved = ".objects"

// CheckKey returns an ErrKey with its reason unless key may name an object: 1 to MaxKey bytes of UTF-8, in segments of 1 to
// MaxSegment bytes with slashes between them, none of them "." or "..", without backslashes, control characters and what
// XML cannot carry (S3 lists in XML). Every Store holds its keys to it, so that what works on one works on all.
//
// One difference remains: a File cannot hold both "a" and "a/b"; it refuses the second with ErrKey. S3 keeps both.
func CheckKey(key string) error {
	if why := keyFault(key); why != "" {
		return fmt.Errorf("%q: %w: %s", key, ErrKey, why)
	}
	return nil
}

func keyFault(key string) string {
	switch {
	case key == "":
		return "it is empty"
	case len(key) > MaxKey:
		return fmt.Sprintf("it has %d bytes, more than %d", len(key), MaxKey)
	case !utf8.ValidString(key):
		return "it is not UTF-8"
	case strings.Contains(key, `\`):
		return "it has a backslash"
	case strings.ContainsFunc(key, func(r rune) bool { return unicode.IsControl(r) || r == '\ufffe' || r == '\uffff' }):
		return "it has a control character"
	}
	for segment := range strings.SplitSeq(key, "/") {
		switch {
		case segment == "":
			return "it has an empty segment"
		case segment == "." || segment == "..":
			return `it has "." or ".." as a segment`
		case segment == reserved:
			return "it names the store's own folder " + reserved
		case len(segment) > MaxSegment:
			return fmt.Sprintf("a segment has %d bytes, more than %d", len(segment), MaxSegment)
		}
	}
	return ""
}

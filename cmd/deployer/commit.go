package main

import (
	"os"
	"path/filepath"
	"strings"
)

// commitOf returns the git commit that is checked out where path lies, or "" where that cannot be told. It reads the
// repository's files, so that git need not be installed.
func commitOf(path string) string {
	at, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	for ; ; at = filepath.Dir(at) {
		head, err := os.ReadFile(filepath.Join(at, ".git", "HEAD"))
		if err == nil {
			return resolve(filepath.Join(at, ".git"), strings.TrimSpace(string(head)))
		}
		if at == filepath.Dir(at) {
			return ""
		}
	}
}

func resolve(git, head string) string {
	name, symbolic := strings.CutPrefix(head, "ref: ")
	if !symbolic {
		return head
	}
	if commit, err := os.ReadFile(filepath.Join(git, filepath.FromSlash(name))); err == nil {
		return strings.TrimSpace(string(commit))
	}
	packed, err := os.ReadFile(filepath.Join(git, "packed-refs"))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(packed)) {
		if commit, ref, ok := strings.Cut(strings.TrimSpace(line), " "); ok && ref == name {
			return commit
		}
	}
	return ""
}

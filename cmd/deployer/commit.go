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
		git := gitFolder(filepath.Join(at, ".git"))
		if head, err := os.ReadFile(filepath.Join(git, "HEAD")); err == nil {
			return resolve(git, strings.TrimSpace(string(head)))
		}
		if at == filepath.Dir(at) {
			return ""
		}
	}
}

// gitFolder is where a checkout has its HEAD: in a worktree and in a submodule .git is a file that says where.
func gitFolder(git string) string {
	data, err := os.ReadFile(git)
	if err != nil {
		return git // a folder, or nothing
	}
	return pathIn(filepath.Dir(git), strings.TrimPrefix(strings.TrimSpace(string(data)), "gitdir: "))
}

// pathIn is a path that git wrote, which may be relative to a folder.
func pathIn(folder, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

func resolve(git, head string) string {
	name, symbolic := strings.CutPrefix(head, "ref: ")
	if !symbolic {
		return head
	}
	folders := []string{git}
	if common, err := os.ReadFile(filepath.Join(git, "commondir")); err == nil {
		folders = append(folders, pathIn(git, strings.TrimSpace(string(common)))) // a worktree's branches stand there
	}
	for _, folder := range folders {
		if commit := refIn(folder, name); commit != "" {
			return commit
		}
	}
	return ""
}

func refIn(git, name string) string {
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

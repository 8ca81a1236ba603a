package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var kindLine = regexp.MustCompile(`(?m)^kind: (\w+)`)

// readExamples returns a document of each kind, as it stands in examples/shop.
func readExamples(root string) (map[string]string, error) {
	found := map[string]string{}
	folder := filepath.Join(root, "examples", "shop")
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" || strings.Contains(filepath.ToSlash(path), "/environments/") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, text := range strings.Split(string(data), "\n---\n") {
			if kind := kindLine.FindStringSubmatch(text); kind != nil && found[kind[1]] == "" {
				found[kind[1]] = withoutModeline(text)
			}
		}
		return nil
	})
	return found, err
}

// withoutModeline takes the line for editors out, which is about the file.
func withoutModeline(text string) string {
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return strings.HasPrefix(l, "# yaml-language-server") })
	return strings.Join(lines, "\n")
}

// told is a line of a want.txt: the place, then what is said.
var told = regexp.MustCompile(`^([^:]+):([0-9]+):[0-9]+: (?:error|warning): (.*)$`)

// readMistakes returns what the golden mistakes of package resource say, by the kind that it is said of.
func readMistakes(root string) (map[string][]string, error) {
	found := map[string][]string{}
	wants, err := filepath.Glob(filepath.Join(root, "shared/resource/testdata/mistakes/*/want.txt"))
	if err != nil {
		return nil, err
	}
	for _, want := range wants {
		data, err := os.ReadFile(want)
		if err != nil {
			return nil, err
		}
		for line := range strings.SplitSeq(strings.TrimSpace(string(data)), "\n") {
			m := told.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			number, _ := strconv.Atoi(m[2])
			kind, err := kindAt(filepath.Join(filepath.Dir(want), filepath.FromSlash(m[1])), number)
			if err != nil {
				return nil, err
			}
			if !slices.Contains(found[kind], m[3]) {
				found[kind] = append(found[kind], m[3])
			}
		}
	}
	return found, nil
}

// kindAt returns the kind of the document that a line of a file is in.
func kindAt(path string, line int) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	lines := strings.Split(string(data), "\n")
	begin, end := min(line, len(lines))-1, min(line, len(lines))
	for begin > 0 && lines[begin] != "---" {
		begin--
	}
	for end < len(lines) && lines[end] != "---" {
		end++
	}
	if kind := kindLine.FindStringSubmatch(strings.Join(lines[begin:end], "\n")); kind != nil {
		return kind[1], nil
	}
	return "", nil
}

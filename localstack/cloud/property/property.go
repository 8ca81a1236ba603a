// Package property works on trees of properties: JSON values (maps, lists, text, float64, bool, nil) in which Unknown may
// stand for what is not known yet. Trees go in; values at a path, comparisons and differences come out.
package property

import (
	"fmt"
	"strconv"
	"strings"
)

// Unknown stands in a tree for a value that is known only after something else was created.
type Unknown struct{}

// HasUnknown reports whether Unknown stands anywhere in v.
func HasUnknown(v any) bool {
	switch v := v.(type) {
	case Unknown:
		return true
	case map[string]any:
		for _, item := range v {
			if HasUnknown(item) {
				return true
			}
		}
	case []any:
		for _, item := range v {
			if HasUnknown(item) {
				return true
			}
		}
	}
	return false
}

// At returns all values under a dotted path; a list on the way stands for all of its items.
func At(tree any, path string) []any {
	if path == "" {
		if list, ok := tree.([]any); ok {
			return list
		}
		return []any{tree}
	}
	if list, ok := tree.([]any); ok {
		var all []any
		for _, item := range list {
			all = append(all, At(item, path)...)
		}
		return all
	}
	head, rest, _ := strings.Cut(path, ".")
	if m, ok := tree.(map[string]any); ok {
		if v, ok := m[head]; ok {
			return At(v, rest)
		}
	}
	return nil
}

// Texts returns the texts among At's values that are not empty.
func Texts(tree any, path string) []string {
	var texts []string
	for _, v := range At(tree, path) {
		if s, ok := v.(string); ok && s != "" {
			texts = append(texts, s)
		}
	}
	return texts
}

// Text returns the first text under the path, or "". Numbers and truth values are written as JSON would.
func Text(tree any, path string) string {
	for _, v := range At(tree, path) {
		return Format(v)
	}
	return ""
}

// Number returns the first number under the path, or 0; text that holds a number counts.
func Number(tree any, path string) float64 {
	for _, v := range At(tree, path) {
		switch v := v.(type) {
		case float64:
			return v
		case string:
			n, _ := strconv.ParseFloat(v, 64)
			return n
		}
	}
	return 0
}

// True reports whether the first value under the path is true; the text "true" counts.
func True(tree any, path string) bool { return Text(tree, path) == "true" }

// List returns the list at a path of map keys, or nil.
func List(tree any, path string) []any {
	for head := range strings.SplitSeq(path, ".") {
		m, _ := tree.(map[string]any)
		tree = m[head]
	}
	list, _ := tree.([]any)
	return list
}

// Map returns the map at a path of map keys, or nil.
func Map(tree any, path string) map[string]any {
	for head := range strings.SplitSeq(path, ".") {
		m, _ := tree.(map[string]any)
		tree = m[head]
	}
	m, _ := tree.(map[string]any)
	return m
}

// Format writes a scalar as text.
func Format(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case Unknown:
		return "(unknown)"
	}
	return fmt.Sprint(v)
}

// Get returns the value at a path as Set takes it; false when nothing is there.
func Get(tree any, path string) (any, bool) {
	keys, err := split(path)
	if err != nil {
		return nil, false
	}
	for _, key := range keys {
		switch c := tree.(type) {
		case map[string]any:
			v, has := c[key]
			if !has {
				return nil, false
			}
			tree = v
		case []any:
			n, err := strconv.Atoi(key)
			if err != nil || n < 0 || n >= len(c) {
				return nil, false
			}
			tree = c[n]
		default:
			return nil, false
		}
	}
	return tree, true
}

// Below reports whether a path is another or lies below it, however they are written; * stands for any one step.
func Below(path, above string) bool {
	steps, err := split(path)
	if err != nil {
		return false
	}
	tops, err := split(above)
	if err != nil || len(tops) > len(steps) {
		return false
	}
	for i := range tops {
		if tops[i] != steps[i] && tops[i] != "*" {
			return false
		}
	}
	return true
}

// Set puts v at a path of map keys and list indices, as in tags.Name or listeners[0].port, making maps on the way.
func Set(tree map[string]any, path string, v any) error {
	keys, err := split(path)
	if err != nil {
		return err
	}
	var container any = tree
	for i, key := range keys {
		last := i == len(keys)-1
		switch c := container.(type) {
		case map[string]any:
			switch {
			case last && v == nil:
				delete(c, key)
			case last:
				c[key] = v
			case c[key] == nil:
				c[key] = map[string]any{}
			}
			container = c[key]
		case []any:
			n, err := strconv.Atoi(key)
			if err != nil || n < 0 || n >= len(c) {
				return fmt.Errorf("path %s: the list before %q has %d items", path, key, len(c))
			}
			if last {
				c[n] = v
			}
			container = c[n]
		default:
			return fmt.Errorf("path %s: nothing can stand below %q, which is %v", path, key, container)
		}
	}
	return nil
}

// split reads a.b[0]["c.d"].
func split(path string) ([]string, error) {
	var keys []string
	for rest := path; rest != ""; {
		switch {
		case strings.HasPrefix(rest, `["`):
			key, after, ok := strings.Cut(rest[2:], `"]`)
			if !ok {
				return nil, fmt.Errorf("path %s: an opening [\" has no \"]", path)
			}
			keys, rest = append(keys, key), strings.TrimPrefix(after, ".")
		case rest[0] == '[':
			key, after, ok := strings.Cut(rest[1:], "]")
			if !ok {
				return nil, fmt.Errorf("path %s: an opening [ has no ]", path)
			}
			keys, rest = append(keys, key), strings.TrimPrefix(after, ".")
		default:
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			keys, rest = append(keys, rest[:end]), strings.TrimPrefix(rest[end:], ".")
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("path %q is empty", path)
	}
	return keys, nil
}

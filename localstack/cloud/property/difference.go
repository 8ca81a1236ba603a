package property

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Change is what happened to one property.
type Change string

// The changes.
const (
	Added   Change = "added"
	Deleted Change = "deleted"
	Updated Change = "updated"
)

// Difference is one changed property. Path is in Pulumi's notation: tags.Name, routes[0].cidrBlock.
type Difference struct {
	Path   string
	Change Change
}

// Compare returns how the wanted value under a name differs from the present one. Unordered lists and JSON texts are
// compared by meaning, and what is empty equals what is absent, as AWS's own comparison would have it.
func Compare(name string, present, wanted any, unordered bool) []Difference {
	var found []Difference
	compare(name, present, wanted, unordered, &found)
	return found
}

func compare(path string, present, wanted any, unordered bool, found *[]Difference) {
	if _, unknown := wanted.(Unknown); unknown {
		*found = append(*found, Difference{path, changeOf(present, wanted)})
		return
	}
	if Equal(present, wanted, unordered) {
		return
	}
	if p, ok := present.(map[string]any); ok {
		if w, ok := wanted.(map[string]any); ok {
			keys := slices.Sorted(maps.Keys(merged(p, w)))
			for _, k := range keys {
				compare(path+step(k), p[k], w[k], unordered, found)
			}
			return
		}
	}
	if p, ok := present.([]any); ok {
		if w, ok := wanted.([]any); ok && len(p) > 0 && len(w) > 0 {
			for i := range max(len(p), len(w)) {
				compare(path+"["+strconv.Itoa(i)+"]", item(p, i), item(w, i), unordered, found)
			}
			return
		}
	}
	*found = append(*found, Difference{path, changeOf(present, wanted)})
}

func item(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

func merged(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, b)
	return all
}

func step(key string) string {
	if strings.ContainsAny(key, ".[]\"") {
		return `["` + strings.ReplaceAll(key, `"`, `\"`) + `"]`
	}
	return "." + key
}

func changeOf(present, wanted any) Change {
	switch {
	case empty(present):
		return Added
	case empty(wanted):
		return Deleted
	}
	return Updated
}

// Equal reports whether two values mean the same.
func Equal(a, b any, unordered bool) bool {
	if empty(a) && empty(b) {
		return true
	}
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			return false
		}
		for k := range merged(x, y) {
			if !Equal(x[k], y[k], unordered) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		return ok && len(x) == len(y) && equalLists(x, y, unordered)
	case string:
		if y, ok := b.(string); ok {
			return x == y || equalJSON(x, y)
		}
	}
	if reflect.DeepEqual(a, b) {
		return true
	}
	return scalar(a) && scalar(b) && Format(a) == Format(b)
}

// equalLists takes lists of scalars for sets: nearly all of AWS's are.
func equalLists(x, y []any, unordered bool) bool {
	same := true
	for i := range x {
		same = same && Equal(x[i], y[i], unordered)
	}
	if same {
		return true
	}
	if !unordered && !(allScalar(x) && allScalar(y)) {
		return false
	}
	rest := slices.Clone(y)
	for _, v := range x {
		i := slices.IndexFunc(rest, func(w any) bool { return Equal(v, w, unordered) })
		if i < 0 {
			return false
		}
		rest = slices.Delete(rest, i, i+1)
	}
	return true
}

func equalJSON(x, y string) bool {
	if x == "" || y == "" || !strings.ContainsAny(x[:1], "{[") || !strings.ContainsAny(y[:1], "{[") {
		return false
	}
	var a, b any
	return json.Unmarshal([]byte(x), &a) == nil && json.Unmarshal([]byte(y), &b) == nil && reflect.DeepEqual(a, b)
}

func allScalar(list []any) bool {
	return !slices.ContainsFunc(list, func(v any) bool { return !scalar(v) })
}

func scalar(v any) bool {
	switch v.(type) {
	case string, float64, bool:
		return true
	}
	return false
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case float64:
		return v == 0
	case map[string]any:
		for _, item := range v {
			if !empty(item) {
				return false
			}
		}
		return true
	case []any:
		return len(v) == 0
	}
	return false
}

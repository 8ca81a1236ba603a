package plan

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
)

// diff returns the fields in which two JSON objects differ, down to the leaves; lists of named objects are compared by
// name. A nil side is an empty object.
func diff(before, after []byte) ([]Change, error) {
	b, err := decode(before)
	if err != nil {
		return nil, err
	}
	a, err := decode(after)
	if err != nil {
		return nil, err
	}
	var changes []Change
	walk("", b, a, &changes)
	sortChanges(changes)
	return changes, nil
}

func sortChanges(changes []Change) {
	slices.SortStableFunc(changes, func(x, y Change) int { return cmp.Compare(x.Path, y.Path) })
}

func jsonEqual(a, b []byte) bool {
	x, errX := decode(a)
	y, errY := decode(b)
	return errX == nil && errY == nil && reflect.DeepEqual(x, y)
}

func decode(data []byte) (any, error) {
	if len(data) == 0 {
		return map[string]any{}, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // so that 64-bit ids survive
	var value any
	err := decoder.Decode(&value)
	return value, err
}

func walk(path string, before, after any, changes *[]Change) {
	if reflect.DeepEqual(before, after) {
		return
	}
	bMap, bIsMap := asMap(before)
	aMap, aIsMap := asMap(after)
	if (bIsMap || before == nil) && (aIsMap || after == nil) && (bIsMap || aIsMap) {
		for _, key := range unionKeys(bMap, aMap) {
			walk(join(path, key), bMap[key], aMap[key], changes)
		}
		return
	}
	*changes = append(*changes, Change{Path: path, Before: raw(before), After: raw(after)})
}

// asMap sees an object as a map, and a list of named objects as a map by "[name]"; other lists as a map by "[index]" only
// when they hold objects, so that a list of scalars is compared as one value.
func asMap(value any) (map[string]any, bool) {
	switch v := value.(type) {
	case map[string]any:
		return v, true
	case []any:
		byName := make(map[string]any, len(v))
		for i, item := range v {
			object, ok := item.(map[string]any)
			if !ok {
				return nil, false
			}
			key := "[" + strconv.Itoa(i) + "]"
			if name, ok := object["name"].(string); ok {
				key = "[" + name + "]"
			}
			if _, twice := byName[key]; twice {
				return nil, false
			}
			byName[key] = item
		}
		return byName, len(v) > 0
	}
	return nil, false
}

func unionKeys(a, b map[string]any) []string {
	keys := make([]string, 0, len(a)+len(b))
	for key := range a {
		keys = append(keys, key)
	}
	for key := range b {
		if _, both := a[key]; !both {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func join(path, key string) string {
	if path == "" || key[0] == '[' {
		return path + key
	}
	return path + "." + key
}

func raw(value any) json.RawMessage {
	if value == nil {
		return nil
	}
	data, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("plan: a value that was just decoded does not encode: %v", err))
	}
	return data
}

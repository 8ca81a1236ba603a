package document

import (
	"strconv"
	"strings"
)

// Find returns the value at a path below n, as in env[2].name, env[LOG_LEVEL].value or tags["a.b"]: [NAME] is the item of
// that name in a list, [2] the third item where none is named so. It is absent when the path leads nowhere or is no path.
func (n Node) Find(path string) Node {
	for path != "" && !n.IsZero() {
		switch {
		case strings.HasPrefix(path, `["`):
			key, rest, ok := cutQuotedKey(path)
			if !ok {
				return Node{}
			}
			n, path = n.Get(key), rest
		case path[0] == '[':
			item, rest, ok := strings.Cut(path[1:], "]")
			if !ok {
				return Node{}
			}
			n, path = n.item(item), rest
		default:
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			n, path = n.Get(path[:end]), path[end:]
		}
		path = strings.TrimPrefix(path, ".")
	}
	return n
}

// cutQuotedKey reads the ["key"] that path begins with, as Path writes it.
func cutQuotedKey(path string) (key, rest string, ok bool) {
	quoted, err := strconv.QuotedPrefix(path[1:])
	if err != nil || !strings.HasPrefix(path[1+len(quoted):], "]") {
		return "", "", false
	}
	key, err = strconv.Unquote(quoted)
	return key, path[len(quoted)+2:], err == nil
}

func (n Node) item(name string) Node {
	items := n.Items()
	for _, item := range items {
		if text, ok := item.Get("name").Text(); ok && text == name {
			return item
		}
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(items) {
		return items[i]
	}
	return Node{}
}

// Join returns the path of the value under key in the mapping at path, as Node.Path writes it.
func Join(path, key string) string {
	var b strings.Builder
	b.WriteString(path)
	if key == "" { // appendKey takes this for an item of a list
		return path + `[""]`
	}
	appendKey(&b, key, 0)
	return b.String()
}

package catalog

import (
	_ "embed"
	"strings"
)

// schema.txt holds a line for each type: its token, then name:kind for each property. The kind is s text, b truth value,
// n number, l list, m map, o object, a archive; then ! required, ? optional, * optional and filled in by AWS when absent,
// = output only; then # when the value is secret.
//
//go:embed schema.txt
var schemaText string

type prop struct {
	kind                       byte
	required, computed, output bool
	secret                     bool
}

func readSchemas() map[string]map[string]prop {
	all := map[string]map[string]prop{}
	for line := range strings.Lines(schemaText) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		props := make(map[string]prop, len(words)-1)
		for _, word := range words[1:] {
			name, kind, _ := strings.Cut(word, ":")
			props[name] = prop{
				kind: kind[0], required: kind[1] == '!', computed: kind[1] == '*' || kind[1] == '=', output: kind[1] == '=',
				secret: strings.HasSuffix(kind, "#"),
			}
		}
		all[words[0]] = props
	}
	return all
}

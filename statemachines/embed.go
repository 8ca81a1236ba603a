// Package statemachines holds the definitions of the state machines in Amazon States Language, as they are deployed: the
// CDK application and the embedded environment read them from here. ${Name} stands for what the environment fills in: a
// function by its Task's name, a machine, the executor's cluster and task definition.
package statemachines

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

//go:embed *.asl.json
var files embed.FS

// Names returns the machines' names, sorted.
func Names() []string {
	matches, err := fs.Glob(files, "*.asl.json")
	if err != nil {
		panic(err) // the pattern is fixed
	}
	names := make([]string, len(matches))
	for i, match := range matches {
		names[i] = strings.TrimSuffix(match, ".asl.json")
	}
	slices.Sort(names)
	return names
}

// Source returns a machine's definition as it stands in its file.
func Source(name string) ([]byte, error) {
	return files.ReadFile(name + ".asl.json")
}

var placeholder = regexp.MustCompile(`\$\{[A-Za-z]+\}`)

// Definition returns a machine's definition with every ${Name} replaced. A name that fill does not know is an error.
func Definition(name string, fill func(name string) (string, bool)) ([]byte, error) {
	source, err := Source(name)
	if err != nil {
		return nil, fmt.Errorf("state machine %q: %w", name, err)
	}
	var unknown []string
	filled := placeholder.ReplaceAllFunc(source, func(match []byte) []byte {
		key := string(match[2 : len(match)-1])
		value, ok := fill(key)
		if !ok {
			unknown = append(unknown, key)
		}
		return []byte(value)
	})
	if len(unknown) > 0 {
		return nil, fmt.Errorf("state machine %q: nothing is known to put for ${%s}", name, strings.Join(unknown, "}, ${"))
	}
	return filled, nil
}

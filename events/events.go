// Package events holds samples of every event that enters Deployer from AWS, and the patterns by which EventBridge picks
// them: names go in, JSON comes out. The CDK application deploys the patterns; tests match them to the samples, and the
// functions' tests decode the samples.
package events

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed samples/*.json patterns/*.json
var files embed.FS

// Samples returns the samples' names, sorted.
func Samples() []string { return names("samples") }

// Patterns returns the patterns' names, sorted.
func Patterns() []string { return names("patterns") }

func names(folder string) []string {
	found, err := fs.Glob(files, folder+"/*.json")
	if err != nil {
		panic(err) // the pattern is fixed
	}
	for i, path := range found {
		found[i] = strings.TrimSuffix(strings.TrimPrefix(path, folder+"/"), ".json")
	}
	slices.Sort(found)
	return found
}

// Sample returns one event as it enters. A name that does not exist is a mistake in the program: it panics.
func Sample(name string) []byte { return read("samples", name) }

// Pattern returns one event pattern with every ${Name} replaced. A name that does not exist panics.
func Pattern(name string, values map[string]string) []byte {
	text := string(read("patterns", name))
	for key, value := range values {
		text = strings.ReplaceAll(text, "${"+key+"}", value)
	}
	return []byte(text)
}

func read(folder, name string) []byte {
	data, err := files.ReadFile(folder + "/" + name + ".json")
	if err != nil {
		panic(fmt.Sprintf("events: there is no %s/%s.json", folder, name))
	}
	return data
}

// Package docs holds what is published about documents: the name of a kind goes in, its JSON Schema and its reference page
// come out. Both are written by scripts/schema.
package docs

import (
	"embed"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed schema reference
var files embed.FS

// The schemas that are no kind's own: the one that picks by apiVersion and kind, and the one of overlays in
// environments/NAME.
const (
	SchemaOfAll      = "deployer"
	SchemaOfOverlays = "overlay"
)

// Schema returns the JSON Schema of a kind, as in RDS, or one of SchemaOfAll and SchemaOfOverlays.
func Schema(kind string) ([]byte, bool) {
	names, err := fs.Glob(files, "schema/*/"+kind+".json")
	if kind == SchemaOfAll || kind == SchemaOfOverlays {
		names = []string{"schema/" + kind + ".json"}
	}
	if err != nil || len(names) != 1 || strings.ContainsAny(kind, "*?[\\/") {
		return nil, false
	}
	data, err := files.ReadFile(names[0])
	return data, err == nil
}

// Reference returns the reference page of a kind, in Markdown; also README, common and policies.
func Reference(kind string) ([]byte, bool) {
	data, err := files.ReadFile("reference/" + kind + ".md")
	return data, err == nil
}

// Kinds returns the kinds that have a schema, sorted.
func Kinds() []string {
	var kinds []string
	names, _ := fs.Glob(files, "schema/*/*.json") // the pattern is well formed
	for _, name := range names {
		kinds = append(kinds, strings.TrimSuffix(path.Base(name), ".json"))
	}
	slices.Sort(kinds)
	return kinds
}

// Files returns all schemas, at their paths below docs/schema.
func Files() fs.FS {
	schemas, err := fs.Sub(files, "schema")
	if err != nil {
		panic(err) // the name is valid
	}
	return schemas
}

// Command schema writes what is known about documents from the Go types of package resource: JSON Schemas into docs/schema,
// for editors and for 'deployer schema', and pages for people into docs/reference. Run it at the root of the repository:
//
//	go run ./scripts/schema
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := write("."); err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}

// write writes all files below root, and removes schemas of kinds that are gone.
func write(root string) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(root, "docs/schema")); err != nil {
		return err
	}
	for name, data := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the contents of all files by their paths below root, where the sources are.
func generate(root string) (map[string][]byte, error) {
	comments, err := readComments(root)
	if err != nil {
		return nil, err
	}
	files, err := schemas(comments)
	if err != nil {
		return nil, err
	}
	pages, err := reference(root, comments)
	if err != nil {
		return nil, err
	}
	for name, data := range pages {
		files[name] = data
	}
	return files, nil
}

package environment

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/deployer-io/deployer/statemachines"
)

// Sources is what the repository holds at synthesis: what is deployed follows from it.
type Sources struct {
	Root      string          // the repository
	Artifact  string          // the folder with the Lambda bootstrap
	Functions map[string]bool // the folders of functions/ that its catalog serves
	Machines  map[string]bool // the definitions of statemachines/, by name
	Image     bool            // cmd/executor/Dockerfile is there
}

// Look reads the repository at root.
func Look(root string) (Sources, error) {
	sources := Sources{
		Root: root, Artifact: filepath.Join(root, "dist", "functions"),
		Machines: map[string]bool{},
	}
	var err error
	if sources.Functions, err = functionsOf(filepath.Join(root, "functions")); err != nil {
		return sources, err
	}
	for _, name := range statemachines.Names() {
		sources.Machines[name] = true
	}
	if _, err := os.Stat(filepath.Join(root, "cmd", "executor", "Dockerfile")); err == nil {
		sources.Image = true
	}
	if _, err := os.Stat(filepath.Join(sources.Artifact, "bootstrap")); err != nil {
		return sources, fmt.Errorf("the functions are not built (%w); build them with: "+
			"GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -tags lambda.norpc -trimpath -ldflags '-s -w' "+
			"-o dist/functions/bootstrap ./functions", err)
	}
	return sources, nil
}

// functionsOf returns the folders below functions that the bootstrap serves: those whose Task's name, in any case, is a
// key in the package catalog, or all of them as long as there is no such package. What the bootstrap does not serve must
// not be created: it would fail at every start.
func functionsOf(folder string) (map[string]bool, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	keys, err := keysOf(filepath.Join(folder, "catalog"))
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, entry := range entries {
		if entry.IsDir() && (keys == nil || keys[entry.Name()]) {
			found[entry.Name()] = true
		}
	}
	return found, nil
}

// keysOf returns the texts, in lower case, that are keys of composite literals in a package's files; nil without files.
func keysOf(folder string) (map[string]bool, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		return nil, err
	}
	keys := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if pair, ok := node.(*ast.KeyValueExpr); ok {
				if key, ok := pair.Key.(*ast.BasicLit); ok && key.Kind == token.STRING {
					keys[strings.ToLower(strings.Trim(key.Value, "`\""))] = true
				}
			}
			return true
		})
	}
	return keys, nil
}

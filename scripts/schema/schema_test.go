package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/document"
)

const root = "../.."

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	files, err := generate(root)
	require.NoError(t, err)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err, "run 'go run ./scripts/schema'")
		require.True(t, bytes.Equal(want, got), "%s is stale: run 'go run ./scripts/schema'", name)
	}
	err = filepath.WalkDir(filepath.Join(root, "docs/schema"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(root, path)
		require.Contains(t, files, filepath.ToSlash(relative), "no kind has this schema: run 'go run ./scripts/schema'")
		return err
	})
	require.NoError(t, err)
}

func TestEveryKindHasAllThatIsPromised(t *testing.T) {
	files, err := generate(root)
	require.NoError(t, err)
	for _, k := range kinds() {
		require.NotEmpty(t, files["docs/schema/"+group(k)+"/"+k.name+".json"], k.name)
		page := string(files["docs/reference/"+k.name+".md"])
		wanted := []string{"## Fields\n", "## Mistakes that are found\n", "## Example\n"}
		if k.definition != nil {
			wanted = append(wanted, "## Outputs\n", "## Changes that replace it\n", "## Resources created\n")
		}
		for _, section := range wanted {
			require.True(t, strings.Contains(page, section), "%s has no %s", k.name, section)
		}
		for line := range strings.SplitSeq(page, "\n") {
			require.False(t, strings.HasPrefix(line, "| `") && strings.HasSuffix(line, "|  |"), "%s: not described: %s", k.name, line)
		}
	}
}

var compiler = jsonschema.NewCompiler() // keeps what it has read

// compiled returns one of the published schemas, ready to validate.
func compiled(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, "docs/schema", name))
	require.NoError(t, err)
	schema, err := compiler.Compile(path)
	require.NoError(t, err)
	return schema
}

func TestEverySchemaIsOne(t *testing.T) {
	for _, k := range kinds() {
		compiled(t, group(k)+"/"+k.name+".json")
	}
	compiled(t, "deployer.json")
	compiled(t, "overlay.json")
}

// value is a document as a validator sees it.
func value(d *document.Document) any {
	metadata := d.Metadata.Node.Value()
	v := map[string]any{"apiVersion": d.APIVersion, "kind": d.Kind, "metadata": metadata}
	if d.Spec.Len() > 0 {
		v["spec"] = d.Spec.Value()
	}
	return v
}

func parsed(t *testing.T, b *bundle.Bundle) []*document.Document {
	t.Helper()
	docs, ds := document.Parse(b)
	require.Empty(t, ds.String())
	return docs
}

func TestTheExamplesAreValid(t *testing.T) {
	all, overlay := compiled(t, "deployer.json"), compiled(t, "overlay.json")
	folders, err := filepath.Glob(filepath.Join(root, "examples/*"))
	require.NoError(t, err)
	require.NotEmpty(t, folders)
	for _, folder := range folders {
		b, ds, err := bundle.FromFolder(folder, bundle.Limits{})
		require.NoError(t, err)
		require.Empty(t, ds.String())
		for _, d := range parsed(t, b) {
			schema := all
			if d.Environment != "" {
				schema = overlay
			}
			require.NoError(t, schema.Validate(value(d)), "%s", d.Position)
		}
	}
}

const head = "apiVersion: components.deployer.io/v1\nkind: MicroService\nmetadata: {name: api, service: orders}\nspec: "

func TestSchemasTellRightFromWrong(t *testing.T) {
	schema := compiled(t, "deployer.json")
	for spec, valid := range map[string]bool{
		"{image: 'a:1'}": true, "{image: 'a:1', cpu: 256, stopTimeout: 1m30s}": true, "{cpu: '${var.cpu}', stopTimeout: '${var.x}'}": true,
		"{env: [{name: A, value: 5}, {name: B, valueFrom: {component: db, output: port}}, {name: C, secretRef: {name: x}}]}": true,
		"{user: 1000}": true, "{platform: eks, eks: {nodeSelector: {a: b}}}": true, "{verify: {http: [{name: up, url: 'https://a'}]}}": true,
		"{verify: {http: [{name: up, url: {valueFrom: {component: api, output: url}}}]}}": true,
		"{imag: a}": false, "{cpu: many}": false, "{cpu: 1}": false, "{platform: lambda}": false, "{stopTimeout: soon}": false,
		"{ports: [{name: http}]}": false, "{ports: {}}": false, "{env: [{name: C, secretRef: x}]}": false, "{tags: {a: 1}}": false,
		"{verify: {http: [{name: up, url: {value: a}}]}}": false, "{dependsOn: [{component: A/B/C}]}": false,
	} {
		b, ds := bundle.FromFiles([]bundle.File{{Path: "a.yaml", Data: []byte(head + spec)}}, bundle.Limits{})
		require.Empty(t, ds.String())
		err := schema.Validate(value(parsed(t, b)[0]))
		require.Equal(t, valid, err == nil, "%s: %v", spec, err)
	}
}

// A schema must not refuse what validate accepts.
func TestSchemasAcceptWhatGoldensOnlyWarnOf(t *testing.T) {
	schema := compiled(t, "deployer.json")
	folders, err := filepath.Glob(filepath.Join(root, "shared/resource/testdata/mistakes/*"))
	require.NoError(t, err)
	checked := 0
	for _, folder := range folders {
		want, err := os.ReadFile(filepath.Join(folder, "want.txt"))
		require.NoError(t, err)
		if strings.Contains(string(want), ": error: ") {
			continue
		}
		b, ds, err := bundle.FromFolder(folder, bundle.Limits{})
		require.NoError(t, err)
		require.Empty(t, ds.String())
		for _, d := range parsed(t, b) {
			require.NoError(t, schema.Validate(value(d)), "%s", d.Position)
			checked++
		}
	}
	require.Positive(t, checked)
}

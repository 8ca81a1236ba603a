package initial_test

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/cmd/deployer/initial"
	"github.com/deployer-io/deployer/docs"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/document"
)

// schemas compiles the published schemas, as an editor does that follows the first line of each file.
func schemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	const base = "https://example.com/schema/"
	require.NoError(t, fs.WalkDir(docs.Files(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(docs.Files(), path)
		require.NoError(t, err)
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		require.NoError(t, err)
		return compiler.AddResource(base+path, value)
	}))
	compiled := map[string]*jsonschema.Schema{}
	for _, name := range []string{docs.SchemaOfAll, docs.SchemaOfOverlays} {
		schema, err := compiler.Compile(base + name + ".json")
		require.NoError(t, err)
		compiled[base+name+".json"] = schema
	}
	return compiled
}

func TestEditorsFindNothingWrong(t *testing.T) {
	compiled := schemas(t)
	files, err := choice(t, initial.Kinds()...).Files()
	require.NoError(t, err)
	for _, f := range files {
		first, _, _ := strings.Cut(string(f.Data), "\n")
		schema := compiled[strings.TrimPrefix(first, "# yaml-language-server: $schema=")]
		require.NotNil(t, schema, first)
		b, mistakes := bundle.FromFiles([]bundle.File{f}, bundle.DefaultLimits())
		require.Empty(t, mistakes)
		parsed, mistakes := document.Parse(b)
		require.Empty(t, mistakes)
		for _, d := range parsed {
			value := map[string]any{"apiVersion": d.APIVersion, "kind": d.Kind, "metadata": d.Metadata.Node.Value(), "spec": d.Spec.Value()}
			require.NoError(t, schema.Validate(value), "%s", d.Position)
		}
	}
}

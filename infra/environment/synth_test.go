package environment

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/deployer-io/deployer/infra/settings"
	"github.com/deployer-io/deployer/statemachines"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// everything is a repository that has all functions and today's machines.
func everything(t *testing.T) Sources {
	sources := Sources{Root: filepath.Join("..", ".."), Artifact: t.TempDir(), Functions: map[string]bool{}, Machines: map[string]bool{}}
	require.NoError(t, os.WriteFile(filepath.Join(sources.Artifact, "bootstrap"), []byte("a placeholder"), 0o600))
	for _, one := range rows {
		sources.Functions[strings.ToLower(one.task)] = true
	}
	for _, name := range statemachines.Names() {
		sources.Machines[name] = true
	}
	return sources
}

func full(t *testing.T) settings.Settings {
	data, err := os.ReadFile("testdata/full.yaml")
	require.NoError(t, err)
	chosen, err := settings.Parse("testdata/full.yaml", data)
	require.NoError(t, err)
	return chosen
}

// synthesize writes the cloud assembly into the folder.
func synthesize(t *testing.T, folder string, chosen settings.Settings, sources Sources) map[string]template {
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: &folder, AnalyticsReporting: jsii.Bool(false)})
	require.NoError(t, Add(app, chosen, sources))
	app.Synth(nil)
	templates := map[string]template{}
	files, err := filepath.Glob(filepath.Join(folder, "*.template.json"))
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var one template
		require.NoError(t, json.Unmarshal(data, &one))
		one.text = data
		templates[strings.TrimSuffix(filepath.Base(file), ".template.json")] = one
	}
	return templates
}

// template is a stack's template as CloudFormation reads it.
type template struct {
	Resources map[string]resource
	text      []byte
}

type resource struct {
	Type           string
	Properties     map[string]any
	Metadata       map[string]any
	DeletionPolicy string
}

// of returns the logical ids of a type's resources, sorted.
func (t template) of(kind string) []string {
	var ids []string
	for id, one := range t.Resources {
		if one.Type == kind {
			ids = append(ids, id)
		}
	}
	sort.Strings(ids)
	return ids
}

// assemblies is where synthesized templates go: DEPLOYER_ASSEMBLY names a folder to keep them for the scanners.
var assemblies sync.Map

// templates are those of testdata/full.yaml, synthesized once for all tests.
func templates(t *testing.T) map[string]template {
	if done, ok := assemblies.Load("full"); ok {
		return done.(map[string]template)
	}
	folder := os.Getenv("DEPLOYER_ASSEMBLY")
	if folder == "" {
		made, err := os.MkdirTemp("", "assembly")
		require.NoError(t, err)
		folder = made
		defer os.RemoveAll(folder)
	}
	done := synthesize(t, folder, full(t), everything(t))
	assemblies.Store("full", done)
	return done
}

// policiesOf returns every policy document in a resource: anything that has a Statement.
func policiesOf(value any) []map[string]any {
	var found []map[string]any
	switch value := value.(type) {
	case map[string]any:
		if _, ok := value["Statement"]; ok {
			return []map[string]any{value}
		}
		keys := make([]string, 0, len(value))
		for key := range value {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			found = append(found, policiesOf(value[key])...)
		}
	case []any:
		for _, one := range value {
			found = append(found, policiesOf(one)...)
		}
	}
	return found
}

func statementsOf(document map[string]any) []map[string]any {
	var found []map[string]any
	switch statements := document["Statement"].(type) {
	case []any:
		for _, one := range statements {
			found = append(found, one.(map[string]any))
		}
	case map[string]any:
		found = append(found, statements)
	}
	return found
}

// list makes a list of what may be one text or many.
func list(value any) []string {
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		var texts []string
		for _, one := range value {
			if text, ok := one.(string); ok {
				texts = append(texts, text)
			} else {
				data, _ := json.Marshal(one)
				texts = append(texts, string(data))
			}
		}
		return texts
	case nil:
		return nil
	}
	data, _ := json.Marshal(value)
	return []string{string(data)}
}

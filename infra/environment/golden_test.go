package environment

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden templates")

var assetHash = regexp.MustCompile(`[0-9a-f]{64}`)

// reviewed are the stacks whose templates are kept: one environment with every setting, and what a given VPC changes.
func reviewed() []string {
	stacks := []string{"deployer-small-executor"}
	for _, room := range Rooms {
		stacks = append(stacks, "deployer-staging-"+room)
	}
	return stacks
}

// golden is a template without what changes by itself or has a test of its own: assets' hashes, the machines' definitions,
// which have their own files, the scanners' excuses, and what the CDK adds to every template.
func golden(t *testing.T, text []byte) []byte {
	var whole map[string]any
	require.NoError(t, json.Unmarshal(text, &whole))
	delete(whole, "Rules")
	delete(whole, "Parameters")
	for _, one := range whole["Resources"].(map[string]any) {
		resource := one.(map[string]any)
		if properties, _ := resource["Properties"].(map[string]any); properties["DefinitionString"] != nil {
			properties["DefinitionString"] = "(the file)"
		}
		metadata, _ := resource["Metadata"].(map[string]any)
		for key := range metadata {
			if key != reasonsKey {
				delete(metadata, key)
			}
		}
		if len(metadata) == 0 {
			delete(resource, "Metadata")
		}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	require.NoError(t, encoder.Encode(whole))
	return assetHash.ReplaceAll(b.Bytes(), []byte("(hash)"))
}

func TestTemplatesAreAsReviewed(t *testing.T) {
	all := templates(t)
	if *update {
		require.NoError(t, os.RemoveAll("testdata/golden"))
		require.NoError(t, os.MkdirAll("testdata/golden", 0o755))
	}
	for _, name := range reviewed() {
		file := filepath.Join("testdata", "golden", name+".json")
		got := golden(t, all[name].text)
		if *update {
			require.NoError(t, os.WriteFile(file, got, 0o644))
			continue
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		if different := differences(string(want), string(got)); different != "" {
			t.Errorf("%s changed; run go test ./environment -update and read the difference. It begins:\n%s", name, different)
		}
	}
}

// differences are the first lines that only one of the two has; enough to see what it is about.
func differences(want, got string) string {
	old, new := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := 0; i < len(old) || i < len(new); i++ {
		if i >= len(old) || i >= len(new) || old[i] != new[i] {
			return fmt.Sprintf("line %d\n-%s\n+%s", i+1, strings.Join(old[min(i, len(old)):min(i+5, len(old))], "\n-"),
				strings.Join(new[min(i, len(new)):min(i+5, len(new))], "\n+"))
		}
	}
	return ""
}

func TestTheSameSettingsGiveTheSameTemplates(t *testing.T) {
	again := synthesize(t, t.TempDir(), full(t), everything(t))
	for name, one := range templates(t) {
		require.Equal(t, string(one.text), string(again[name].text), name)
	}
}

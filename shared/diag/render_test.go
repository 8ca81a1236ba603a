package diag

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// inRepository is where the bundle of these tests stands.
func inRepository(file string) (string, bool) {
	if strings.HasPrefix(file, "--set") {
		return "", false
	}
	return "deploy/shop bundle/" + file, true
}

func rendered() List {
	var list List
	list.Errorf("unknown-field", Position{File: "orders.yaml", Line: 12, Column: 3}, "spec.visibilityTimout", "unknown field %q", "visibilityTimout").
		WithHint("did you mean %q?", "visibilityTimeout")
	list.Warnf("policy", Position{File: "a,b:c%.yaml", Line: 4, Column: 1}, "spec", "%s", "100% of it:\nall, really")
	list.Errorf("dangling-target", Position{File: "--set x/y.z"}, "", "there is no component x/y")
	list.Errorf("stack", Position{}, "", "the bundle holds no Stack document")
	list.Errorf("path", Position{File: "big.yaml"}, "", "the file is too large")
	list.Errorf("unknown-field", Position{File: "orders.yaml", Line: 13, Column: 3}, "spec.colour", "unknown field %q", "colour")
	return list
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestTextIsALineEach(t *testing.T) {
	var b strings.Builder
	require.NoError(t, Text(&b, rendered()))
	require.Equal(t, rendered().String(), b.String())
}

func TestGitHubCommandsAreEscaped(t *testing.T) {
	var b strings.Builder
	require.NoError(t, GitHub(&b, rendered(), inRepository))
	golden(t, "diagnostics.github", b.String())
	for line := range strings.Lines(b.String()) {
		require.Regexp(t, `^::(error|warning) ([a-z]+=[^,:\n]*,)*title=[^,:\n]*::[^\n]+\n$`, line)
	}
}

// The runner takes the escapes back in this order: https://github.com/actions/toolkit, packages/core, is their source.
func TestGitHubTakesTheEscapesBack(t *testing.T) {
	for _, text := range []string{"plain", "100%", "a:b,c", "two\r\nlines", "%0A is no line end", "%25", "::error::x"} {
		property, data := escapeProperty(text), escapeData(text)
		require.NotContains(t, data+property, "\n")
		require.NotContains(t, property, ":")
		require.NotContains(t, property, ",")
		back := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%")
		require.Equal(t, text, back.Replace(data))
		back = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")
		require.Equal(t, text, back.Replace(property))
	}
}

func TestSARIFHasTheShapeOfTheFormat(t *testing.T) {
	schema := compileSchema(t)
	for name, list := range map[string]List{"diagnostics.sarif": rendered(), "nothing.sarif": nil} {
		var b strings.Builder
		require.NoError(t, SARIF(&b, list, Tool{Name: "deployer", Version: "1.2.3", URI: "https://github.com/deployer-io/deployer"}, inRepository))
		golden(t, name, b.String())
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(b.String()))
		require.NoError(t, err)
		require.NoError(t, schema.Validate(value))
		checkRuleIndexes(t, b.String(), len(list))
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	file, err := os.Open("testdata/sarif.schema.json")
	require.NoError(t, err)
	defer file.Close()
	document, err := jsonschema.UnmarshalJSON(file)
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("sarif.schema.json", document))
	schema, err := compiler.Compile("sarif.schema.json")
	require.NoError(t, err)
	return schema
}

// checkRuleIndexes checks what no schema can: that every result names its rule by the right index.
func checkRuleIndexes(t *testing.T, text string, results int) {
	t.Helper()
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID    string
				RuleIndex int
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &log))
	require.Len(t, log.Runs, 1)
	require.Len(t, log.Runs[0].Results, results)
	for _, result := range log.Runs[0].Results {
		require.Equal(t, result.RuleID, log.Runs[0].Tool.Driver.Rules[result.RuleIndex].ID)
	}
}

func TestTheSchemaOfTheseTestsRefusesWhatIsNoSARIF(t *testing.T) {
	schema := compileSchema(t)
	for name, text := range map[string]string{
		"no runs":          `{"version": "2.1.0"}`,
		"another version":  `{"version": "2.0.0", "runs": []}`,
		"no driver":        `{"version": "2.1.0", "runs": [{"tool": {}, "results": []}]}`,
		"a level unknown":  `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"level": "fatal", "message": {"text": "x"}}]}]}`,
		"a line from zero": `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"message": {"text": "x"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a"}, "region": {"startLine": 0}}}]}]}]}`,
		"a field unknown":  `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"message": {"text": "x"}, "rule": "y"}]}]}`,
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		require.NoError(t, err)
		require.Error(t, schema.Validate(value), name)
	}
}

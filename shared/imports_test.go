package shared_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/deployer-io/deployer/"

// doors says, for each room, which other rooms of this module it may import. A room not named here may not exist.
// Tests are held to the same doors, except that they may use the memory implementations and suites beside the ports.
var doors = map[string][]string{
	"shared/address":   {},
	"shared/diag":      {},
	"shared/bundle":    {"shared/diag"},
	"shared/document":  {"shared/bundle", "shared/diag"},
	"shared/resource":  {"shared/address", "shared/diag", "shared/document"},
	"shared/policy":    {"shared/address", "shared/diag", "shared/document", "shared/resource"},
	"shared/graph":     {"shared/address", "shared/resource"},
	"shared/objects":   {},
	"shared/run":       {"shared/address", "shared/objects"},
	"shared/lock":      {"shared/address"},
	"shared/state":     {"shared/address", "shared/objects"},
	"shared/plan":      {"shared/address", "shared/graph", "shared/resource", "shared/run", "shared/state"},
	"shared/pipeline":  {"shared/address", "shared/bundle", "shared/diag", "shared/document", "shared/graph", "shared/policy", "shared/resource"},
	"shared/execution": {"shared/address", "shared/objects", "shared/plan", "shared/resource", "shared/run", "shared/state"},
	"shared/drift":     {"shared/address", "shared/resource", "shared/run", "shared/state"},
	"shared/report":    {"shared/address", "shared/drift", "shared/execution", "shared/plan", "shared/resource", "shared/run"},
	"shared/provision": {"shared/address", "shared/drift", "shared/execution", "shared/objects", "shared/resource"},
	"shared/wiring":    {"shared/lock", "shared/objects", "shared/report", "shared/resource", "shared/run"},
	"statemachines":    {},
	"events":           {},
	"localstack/asl":   {},
	"localstack/cloud": {"shared/address", "shared/diag", "shared/objects"},
	"functions":        {pipelineRooms, "shared/wiring", "functions"},
	"localstack":       {pipelineRooms, "shared/provision", "functions", "statemachines", "cmd/executor", "localstack"},
	"cmd/executor":     {pipelineRooms, "shared/provision", "shared/wiring", "cmd/executor"},
	"cmd/deployer":     {pipelineRooms, "shared/wiring", "localstack", "statemachines", "cmd/deployer", "docs"},
	"scripts":          {pipelineRooms, "functions", "localstack", "scripts", "docs"},
	"docs":             {},
	"test":             {pipelineRooms, "shared/provision", "shared/wiring", "functions", "statemachines", "localstack", "cmd/executor", "cmd/deployer", "test"},
}

// pipelineRooms stands for every room of shared/ that sees neither AWS nor Pulumi.
const pipelineRooms = "the pipeline"

var pipeline = []string{"shared/address", "shared/diag", "shared/bundle", "shared/document", "shared/resource", "shared/policy",
	"shared/graph", "shared/objects", "shared/run", "shared/lock", "shared/state", "shared/plan", "shared/pipeline",
	"shared/execution", "shared/drift", "shared/report"}

// adapters are the packages below a port's room that may see AWS; only mains and wiring import them.
var adapters = []string{"shared/objects/s3objects", "shared/lock/dynamotable", "shared/report/snsreport", "shared/execution/awscloud"}

// outside says which foreign modules only certain rooms may import.
var outside = map[string][]string{
	"github.com/pulumi/":           {"shared/provision", "localstack/cloud"},
	"github.com/aws/aws-sdk-go-v2": {"shared/objects/s3objects", "shared/lock/dynamotable", "shared/report/snsreport", "shared/execution/awscloud", "shared/wiring", "shared/provision", "cmd", "functions"},
	"github.com/aws/aws-lambda-go": {"functions", "localstack/embedded"},
}

type imported struct{ file, pkg, of string }

func TestEveryImportGoesThroughADoor(t *testing.T) {
	for _, i := range imports(t) {
		rest, ours := strings.CutPrefix(i.pkg, module)
		if !ours {
			continue
		}
		from, to := room(i.of), room(rest)
		allowed, known := doors[from]
		require.Truef(t, known, "%s: %s is not a room; add it to the doors with its place in the design", i.file, from)
		if from == to || strings.HasPrefix(rest, i.of+"/") {
			continue
		}
		if slices.Contains(adapters, rest) {
			require.Containsf(t, []string{"shared/wiring", "cmd/executor"}, from, "%s: only wiring constructs the adapter %s", i.file, rest)
			continue
		}
		open := slices.Contains(allowed, to) || slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(to, a+"/") }) ||
			slices.Contains(allowed, pipelineRooms) && slices.Contains(pipeline, to)
		require.Truef(t, open, "%s: %s may not import %s", i.file, from, to)
	}
}

func TestForeignModulesStayInTheirRooms(t *testing.T) {
	for _, i := range imports(t) {
		for prefix, rooms := range outside {
			if strings.HasPrefix(i.pkg, prefix) {
				inside := slices.ContainsFunc(rooms, func(r string) bool { return i.of == r || strings.HasPrefix(i.of, r+"/") })
				require.Truef(t, inside, "%s: %s may be imported only by %s", i.file, i.pkg, strings.Join(rooms, ", "))
			}
		}
	}
}

// imports returns every import of every non-test file of this module; nested modules keep their own doors.
func imports(t *testing.T) []imported {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	var found []imported
	err = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			nested, _ := filepath.Glob(filepath.Join(file, "go.mod"))
			if file != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" || len(nested) > 0) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			pkg, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found = append(found, imported{file: filepath.ToSlash(relative), pkg: pkg, of: path.Dir(filepath.ToSlash(relative))})
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, found)
	return found
}

// room is the longest prefix of a package's folder that the doors name.
func room(folder string) string {
	for at := folder; at != "."; at = path.Dir(at) {
		if _, named := doors[at]; named {
			return at
		}
	}
	return folder
}

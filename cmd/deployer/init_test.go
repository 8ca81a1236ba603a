package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/cmd/deployer/initial"
)

// filesIn returns the files below a folder, by path.
func filesIn(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		relative, _ := filepath.Rel(folder, path)
		found[filepath.ToSlash(relative)] = string(data)
		return err
	}))
	return found
}

func TestInitByFlagsIsValidWhateverTheySay(t *testing.T) {
	s := newShell(t)
	n := 0
	for _, name := range [][]string{nil, {"--name", "shop"}} {
		for _, environments := range [][]string{nil, {"-e", "production"}, {"--environment", "dev,test=us-east-1", "--environment", "prod"}} {
			for _, region := range [][]string{nil, {"--region", "ap-southeast-2"}} {
				for _, owner := range [][]string{nil, {"--owner", `the "shop": team`}} {
					for _, service := range [][]string{nil, {"--service", "orders"}} {
						for _, kinds := range [][]string{nil, {"--kind", "SQS"}, {"--kind", "ALB,MicroService=web", "--kind", "MicroService=api,Worker,SQS,S3"}} {
							for _, schemas := range [][]string{nil, {"--schemas", "../schemas/"}} {
								if n++; testing.Short() && n%5 != 0 {
									continue
								}
								folder := filepath.Join(t.TempDir(), "My Folder")
								args := []string{"init", folder}
								for _, more := range [][]string{name, environments, region, owner, service, kinds, schemas} {
									args = append(args, more...)
								}
								requireInit(t, s, folder, args)
							}
						}
					}
				}
			}
		}
	}
	require.Equal(t, 288, n)
}

func requireInit(t *testing.T, s *shell, folder string, args []string) {
	t.Helper()
	a := s.run(args...)
	require.Equal(t, exitOK, a.code, "%v: %s", args, a.err)
	a = s.run("validate", folder)
	require.Equal(t, exitOK, a.code, "%v: %s", args, a.err)
	require.Empty(t, a.err, "%v", args)
}

func TestInitOfEveryKindIsValid(t *testing.T) {
	s := newShell(t)
	for _, kind := range initial.Kinds() {
		folder := t.TempDir()
		requireInit(t, s, folder, []string{"init", folder, "--name", "shop", "--kind", kind})
	}
}

func TestInitWritesThis(t *testing.T) {
	s := newShell(t)
	folder := filepath.Join(t.TempDir(), "shop")
	a := s.run("init", folder, "--owner", "shop-team")
	require.Equal(t, exitOK, a.code, a.err)
	require.Empty(t, a.err)
	golden(t, "init/output.txt", strings.ReplaceAll(a.out, folder, "FOLDER"))
	files := filesIn(t, folder)
	require.Len(t, files, 5)
	for path, text := range files {
		golden(t, filepath.Join("init", "shop", path), text)
	}
	require.NoDirExists(t, s.dir)
}

func TestInitOverwritesNothing(t *testing.T) {
	s := newShell(t)
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"a file that it would write": {map[string]string{"services/app.yaml": "mine"}, "already has services/app.yaml"},
		"a folder of that name":      {map[string]string{"stack.yaml/x": "mine"}, "already has stack.yaml"},
		"another stack":              {map[string]string{"other.yaml": twoEnvironments}, "already holds the stack shop"},
	} {
		t.Run(name, func(t *testing.T) {
			at := folder(t, c.files)
			a := s.run("init", at, "--name", "new")
			require.Equal(t, exitConfiguration, a.code)
			require.Contains(t, a.err, c.want)
			require.Contains(t, a.err, "nothing was written")
			require.Equal(t, c.files, filesIn(t, at))
		})
	}
	at := folder(t, map[string]string{"README.md": "mine"})
	require.Equal(t, exitOK, s.run("init", at, "--name", "new").code, "what is no part of a bundle stays beside it")
	require.Equal(t, exitConfiguration, s.run("init", at, "--name", "new").code, "and a second time there is something")
}

func TestInitRefusesFlagsThatCannotBe(t *testing.T) {
	s := newShell(t)
	for want, args := range map[string][]string{
		"invalid name":               {"--name", "Shop"},
		"did you mean MicroService?": {"--kind", "Microservice"},
		"no AWS region":              {"--region", "mars"},
		"reserved":                   {"--service", "platform"},
		"stands twice":               {"-e", "a,a"},
		"two components are named":   {"--kind", "SQS,SQS"},
		"would not be valid":         {"--owner", "${var.nobody}"},
	} {
		t.Run(want, func(t *testing.T) {
			at := filepath.Join(t.TempDir(), "shop")
			a := s.run(append([]string{"init", at}, args...)...)
			require.Equal(t, exitConfiguration, a.code)
			require.Contains(t, a.err, want)
			require.NoDirExists(t, at)
		})
	}
}

func TestInitWithOutputJSON(t *testing.T) {
	at := filepath.Join(t.TempDir(), "shop")
	a := newShell(t).run("init", at, "--kind", "SQS", "--output", "json")
	require.Equal(t, exitOK, a.code, a.err)
	require.JSONEq(t, fmt.Sprintf(`{"stack": "shop", "folder": %q, "files": [".gitignore", "services/app.yaml", "stack.yaml"]}`, at), a.out)
}

func TestInitAsksOnATerminal(t *testing.T) {
	at := filepath.Join(t.TempDir(), "My Shop")
	code, shown, out := newScreen(t, 100).run("Wrong Name\nshop\n\nmars\neu-west-3\nstaging,production\n\nMicroServic\nMicroService SQS=jobs-1\n", nil, "init", at)
	require.Equal(t, exitOK, code, shown)
	require.Contains(t, shown, "The stack's name [my-shop]: ")
	require.Contains(t, shown, "invalid name")
	require.Contains(t, shown, `"mars" is no AWS region`)
	require.Contains(t, shown, "did you mean MicroService?")
	require.Contains(t, out, "Wrote the stack shop")
	files := filesIn(t, at)
	require.Contains(t, files["stack.yaml"], "region: eu-west-3")
	require.Contains(t, files["services/app.yaml"], "name: jobs-1")
	require.Equal(t, exitOK, newShell(t).run("validate", at).code)
}

func TestInitAsksOnlyForWhatNoFlagSays(t *testing.T) {
	at := filepath.Join(t.TempDir(), "shop")
	code, shown, _ := newScreen(t, 100).run("\n", nil, "init", at, "--name", "shop", "--owner", "us", "--region", "eu-west-1", "-e", "staging", "--kind", "SQS")
	require.Equal(t, exitOK, code, shown)
	require.Contains(t, shown, "The first service's name [app]: ")
	require.NotContains(t, shown, "AWS region")
	require.NotContains(t, shown, "Its components")
}

func TestInitWithoutAnAnswerWritesNothing(t *testing.T) {
	at := filepath.Join(t.TempDir(), "shop")
	code, shown, _ := newScreen(t, 100).run("\x04", nil, "init", at) // the end of the input, as a terminal gives it
	require.Equal(t, exitCancelled, code, shown)
	require.Contains(t, shown, "nothing was written")
	require.NoDirExists(t, at)
}

func TestInitKeepsTheGitignoreThatIsThere(t *testing.T) {
	at := folder(t, map[string]string{".gitignore": "mine"})
	require.Equal(t, exitOK, newShell(t).run("init", at, "--name", "new").code)
	require.Equal(t, "mine", filesIn(t, at)[".gitignore"])
}

func TestInitQuotesTheFolderInWhatToTypeNext(t *testing.T) {
	at := filepath.Join(t.TempDir(), "My App's")
	a := newShell(t).run("init", at)
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, a.out, "deployer validate '"+strings.ReplaceAll(at, "'", `'\''`)+"'")
}

func TestInitLeavesWhatStandsInForProductionAsLarge(t *testing.T) {
	at := filepath.Join(t.TempDir(), "shop")
	a := newShell(t).run("init", at, "-e", "test,prod,dr", "--owner", "shop-team")
	require.Equal(t, exitOK, a.code, a.err)
	files := filesIn(t, at)
	require.Contains(t, files["environments/test/size.yaml"], "natGateways: single")
	require.NotContains(t, files, "environments/dr/size.yaml")
	require.NotContains(t, files["platform.yaml"], "natGateways")
	require.Contains(t, files["stack.yaml"], "cost-center: \"shop-team\"")
	require.Equal(t, 1, strings.Count(files["stack.yaml"], "allowSelf: true"))
}

// What init writes can be deployed, whatever its kind.
func TestInitOfEveryKindIsDeployed(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the Pulumi CLI for each kind: some twenty seconds")
	}
	s := newShell(t)
	if s.env["DEPLOYER_PULUMI"] = pulumiForTests(); s.env["DEPLOYER_PULUMI"] == "" {
		t.Skip("needs the Pulumi CLI: make pulumi")
	}
	for _, kind := range initial.Kinds() {
		t.Run(kind, func(t *testing.T) {
			at := t.TempDir()
			requireInit(t, s, at, []string{"init", at, "--name", "k-" + strings.ToLower(kind), "--kind", kind})
			var out, failed strings.Builder
			o := &options{console: console{in: strings.NewReader(""), out: &out, err: &failed, getenv: func(name string) string { return s.env[name] }}}
			code := execute(t.Context(), []string{"apply", at, "-e", "staging", "--auto-approve", "--dir", filepath.Join(t.TempDir(), defaultDir)}, o)
			require.Equal(t, exitOK, code, out.String()+failed.String())
		})
	}
}

// pulumiForTests is the Pulumi CLI that make pulumi has built, or the one on PATH.
func pulumiForTests() string {
	if built, err := filepath.Abs("../../.bin/pulumi"); err == nil {
		if _, err := os.Stat(built); err == nil {
			return built
		}
	}
	return findPulumi(os.Getenv)
}

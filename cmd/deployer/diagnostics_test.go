package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/diag"
)

func TestEveryExampleIsValidInEveryEnvironment(t *testing.T) {
	s := newShell(t)
	for name, want := range map[string][]string{
		"user-platform": {"user-platform/development", "user-platform/staging", "user-platform/production"},
		"shop":          {"shop/development", "shop/staging", "shop/production"},
		"shop-eks":      {"shop-eks/staging", "shop-eks/production"},
	} {
		a := s.run("validate", "../../examples/"+name)
		require.Equal(t, exitOK, a.code, a.err)
		require.Empty(t, a.err, name)
		for _, scope := range want {
			require.Contains(t, a.out, scope+" is valid: ")
		}
		require.Equal(t, len(want), strings.Count(a.out, "\n"), a.out)
	}
	folders, err := os.ReadDir("../../examples")
	require.NoError(t, err)
	require.Len(t, folders, 3, "an example that this test does not know")
	require.NoDirExists(t, s.dir)
}

// inRepository is a bundle in a folder of a repository.
func inRepository(t *testing.T, text string) string {
	t.Helper()
	root := folder(t, map[string]string{".git/HEAD": "0123456789abcdef0123456789abcdef01234567\n", "deploy/shop/stack.yaml": text})
	return filepath.Join(root, "deploy", "shop")
}

func TestMistakesAreShownInEveryForm(t *testing.T) {
	s := newShell(t)
	bundle := inRepository(t, mistakes)
	for name, c := range map[string]struct{ stdout, stderr []string }{
		"text":   {nil, []string{"stack.yaml:23:3: error: spec.visibilityTimout: unknown field"}},
		"github": {[]string{"::error file=deploy/shop/stack.yaml,line=23,col=3,title=unknown-field::spec.visibilityTimout: unknown field"}, []string{"Error: "}},
		"sarif":  {[]string{`"uri": "deploy/shop/stack.yaml"`, `"startLine": 23`, `"ruleId": "unknown-field"`}, []string{"Error: "}},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.run("validate", bundle, "--format", name)
			require.Equal(t, exitConfiguration, a.code)
			for _, want := range c.stdout {
				require.Contains(t, a.out, want)
			}
			for _, want := range c.stderr {
				require.Contains(t, a.err, want)
			}
			require.Equal(t, len(c.stdout) == 0, a.out == "", "only forms for programs go to standard output")
			if name != "text" {
				require.Equal(t, 1, strings.Count(a.err, "\n"), a.err)
			}
			golden(t, "validate."+name, a.out+a.err)
		})
	}
}

func TestValidateWithOutputJSON(t *testing.T) {
	s := newShell(t)
	a := s.run("validate", inRepository(t, mistakes), "--output", "json")
	require.Equal(t, exitConfiguration, a.code)
	var refused struct{ Diagnostics diag.List }
	require.NoError(t, json.Unmarshal([]byte(a.out), &refused))
	require.Equal(t, refused.Diagnostics.Sorted(), refused.Diagnostics)
	require.Equal(t, "stack.yaml", refused.Diagnostics[0].File)

	a = s.run("validate", example, "--output", "json")
	require.Equal(t, exitOK, a.code, a.err)
	var valid validOf
	require.NoError(t, json.Unmarshal([]byte(a.out), &valid))
	require.Len(t, valid.Environments, 3)
	require.NotEmpty(t, valid.Digest)
	require.NotNil(t, valid.Diagnostics)
}

func TestFormatsThatDoNotExist(t *testing.T) {
	s := newShell(t)
	a := s.run("validate", example, "--format", "xml")
	require.Equal(t, exitConfiguration, a.code)
	require.Contains(t, a.err, `--format "xml": want text, sarif or github`)
	a = s.run("validate", example, "--format", "sarif", "--output", "json")
	require.Equal(t, exitConfiguration, a.code)
}

func TestAValidBundleMakesAnEmptySARIFLog(t *testing.T) {
	a := newShell(t).run("validate", example, "--format", "sarif")
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, a.out, `"results": []`)
	require.Contains(t, a.err, "user-platform/staging is valid")
	require.Empty(t, newShell(t).run("validate", example, "--format", "github").out)
}

func TestAMistakeInOneEnvironmentIsFoundWithoutNamingIt(t *testing.T) {
	s := newShell(t)
	bundle := folder(t, map[string]string{"stack.yaml": twoEnvironments, "environments/production/size.yaml": `apiVersion: components.deployer.io/v1
kind: SQS
metadata: {name: queue, service: orders}
spec: {visibilityTimeout: forever}
`})
	require.Equal(t, exitOK, s.run("validate", bundle, "-e", "staging").code)
	a := s.run("validate", bundle)
	require.Equal(t, exitConfiguration, a.code)
	require.Contains(t, a.err, "environments/production/size.yaml:4:27: error: spec.visibilityTimeout")
	require.Contains(t, a.err, "1 mistake in the bundle; nothing was changed")
}

const twoEnvironments = `apiVersion: core.deployer.io/v1
kind: Stack
metadata: {name: shop}
spec:
  environments:
    - {name: staging, region: eu-west-1}
    - {name: production, region: eu-west-1}
---
apiVersion: core.deployer.io/v1
kind: Service
metadata: {name: orders}
spec: {}
---
apiVersion: components.deployer.io/v1
kind: SQS
metadata: {name: queue, service: orders}
spec: {visibilityTimeout: 30s}
`

func TestWithoutAStackTheAuthorIsToldSo(t *testing.T) {
	s := newShell(t)
	a := s.run("validate", folder(t, map[string]string{"a.yaml": "apiVersion: core.deployer.io/v1\nkind: Service\nmetadata: {name: a}\nspec: {}\n"}))
	require.Equal(t, exitConfiguration, a.code)
	require.Contains(t, a.err, "the bundle holds no Stack document")
	a = s.run("validate", folder(t, map[string]string{"a.yaml": "apiVersion: core.deployer.io/v1\nkind: [Stack\n"}))
	require.Equal(t, exitConfiguration, a.code)
	require.Contains(t, a.err, "a.yaml:2:")
}

func TestOnATerminalMistakesHaveSnippets(t *testing.T) {
	bundle := inRepository(t, mistakes)
	plain := "stack.yaml:23:3: error: spec.visibilityTimout: unknown field \"visibilityTimout\"\n" +
		"  23 |   visibilityTimout: 30s\n" +
		"     |   ^^^^^^^^^^^^^^^^ did you mean \"visibilityTimeout\"?\n"
	for name, c := range map[string]struct {
		env    map[string]string
		args   []string
		colour bool
	}{
		"in colours":               {nil, nil, true},
		"plain with --no-color":    {nil, []string{"--no-color"}, false},
		"plain where NO_COLOR is":  {map[string]string{"NO_COLOR": "1"}, nil, false},
		"an empty NO_COLOR is not": {map[string]string{"NO_COLOR": ""}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			code, shown, out := newScreen(t, 100).run("", c.env, append([]string{"validate", bundle}, c.args...)...)
			require.Equal(t, exitConfiguration, code)
			require.Empty(t, out)
			require.Equal(t, c.colour, strings.Contains(shown, "\x1b[1;31merror"), shown)
			if !c.colour {
				require.NotContains(t, shown, "\x1b")
				require.Contains(t, shown, plain)
			}
		})
	}
}

func TestASecretIsNotShownOnATerminal(t *testing.T) {
	bundle := folder(t, map[string]string{"stack.yaml": twoEnvironments + `---
apiVersion: components.deployer.io/v1
kind: MicroService
metadata: {name: api, service: orders}
spec:
  image: example.com/api:1
  env:
    - {name: DB_PASSWORD, vlaue: hunter2hunter2}
    - {name: KEY, value: AKIAIOSFODNN7EXAMPLE, x: 1}
`})
	code, shown, _ := newScreen(t, 100).run("", nil, "validate", bundle, "-e", "staging", "--no-color")
	require.Equal(t, exitConfiguration, code)
	require.Contains(t, shown, "vlaue")
	require.NotContains(t, shown, "hunter2", "a value beside the name of a secret")
	require.NotContains(t, shown, "AKIA")
}

func TestInAZipTheEntriesAreThePaths(t *testing.T) {
	var data bytes.Buffer
	w := zip.NewWriter(&data)
	entry, err := w.Create("stack.yaml")
	require.NoError(t, err)
	_, err = entry.Write([]byte(mistakes))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	file := filepath.Join(t.TempDir(), "bundle.zip")
	require.NoError(t, os.WriteFile(file, data.Bytes(), 0o600))
	a := newShell(t).run("validate", file, "--format", "github")
	require.Equal(t, exitConfiguration, a.code)
	require.Contains(t, a.out, "file=stack.yaml,line=23")
}

const queuesNeedAnOwner = `---
apiVersion: infra.deployer.io/v1
kind: Compliance
metadata: {name: rules}
spec:
  rules:
    - name: owner
      match: {kinds: [SQS]}
      expression: "'owner' in resource.tags"
      message: tag it with its owner
      severity: SEVERITY
`

func TestPoliciesDenyWithACodeOfTheirOwnAndWarnWithNone(t *testing.T) {
	s := newShell(t)
	deny := twoEnvironments + strings.ReplaceAll(queuesNeedAnOwner, "SEVERITY", "deny")
	a := s.run("validate", inRepository(t, deny))
	require.Equal(t, exitPolicy, a.code, a.err)
	require.Contains(t, a.err, "stack.yaml:14:1: error: ")
	require.Contains(t, a.err, "tag it with its owner")
	require.Equal(t, 1, strings.Count(a.err, "tag it with its owner"), "once for all environments")
	a = s.run("validate", inRepository(t, strings.ReplaceAll(deny, "30s", "soon")))
	require.Equal(t, exitConfiguration, a.code, "a mistake of another kind comes first")

	warn := twoEnvironments + strings.ReplaceAll(queuesNeedAnOwner, "SEVERITY", "warn")
	a = s.run("validate", inRepository(t, warn))
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, a.err, "warning: ")
	a = s.run("validate", inRepository(t, warn), "--format", "github")
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, a.out, "::warning file=deploy/shop/stack.yaml,line=14,")
}

func TestASnippetShowsNothingThatMayBeASecret(t *testing.T) {
	unknown := diag.List{{Code: codeUnknownField}}
	other := diag.List{{Code: "wrong-type"}}
	for line, about := range map[string]diag.List{
		`  pasword: hunter2`:                        unknown,
		`  dbPaswd: hunter2`:                        unknown,
		`  tokne: "abc"`:                            unknown,
		`  allocatedStorage: "canary-Hunter2-77"`:   unknown,
		`  - {name: x, valu: s3cr3tpassw0rd}`:       unknown,
		`  - {name: X, secretRef: "hunter2"}`:       other,
		`    secretRef: hunter2`:                    other,
		`  masterPassword: hunter2`:                 other,
		`  - {name: DB_PASSWORD, value: hunter2}`:   other,
		`  url: postgres://app:hunter2@db/x?token=`: other,
	} {
		require.True(t, holdsSecret(line, about), line)
	}
	for _, line := range []string{`  replica: 3`, `  instanceclass: large`, `  - {name: X, secretRef: {name: shop/db, kye: password}}`, `  dependOn: [app/db]`, `  kind: RDSS`} {
		require.False(t, holdsSecret(line, unknown), line)
	}
}

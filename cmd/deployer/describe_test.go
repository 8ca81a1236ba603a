package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/document"
	"github.com/deployer-io/deployer/shared/plan"
)

func TestDescribeComponent(t *testing.T) {
	s := newShell(t)
	for name, args := range map[string][]string{
		"component.txt":   {"edge/gateway", example, "-e", "production"},
		"component.json":  {"user-platform/production/edge/gateway", example, "--output", "json"},
		"provenance.txt":  {"accounts/db", example, "-e", "production", "--set", "accounts/db.storage.size=80", "--provenance"},
		"provenance.json": {"accounts/db", example, "-e", "production", "--set", "accounts/db.storage.size=80", "--provenance", "--output", "json"},
		"stateful.txt":    {"shop/production/orders/db", "../../examples/shop"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.run(append([]string{"describe", "component"}, args...)...)
			require.Equal(t, exitOK, a.code, a.err)
			require.Empty(t, a.err)
			golden(t, filepath.Join("describe", name), a.out)
		})
	}
	require.NoDirExists(t, s.dir, "describing writes nothing")
}

// copyFolder copies an example, with these texts replaced in one of its files.
func copyFolder(t *testing.T, from, file string, replace ...string) string {
	t.Helper()
	to := t.TempDir()
	require.NoError(t, os.CopyFS(to, os.DirFS(from)))
	edited := filepath.Join(to, filepath.FromSlash(file))
	data, err := os.ReadFile(edited)
	require.NoError(t, err)
	for i := 0; i < len(replace); i += 2 {
		require.Contains(t, string(data), replace[i])
	}
	require.NoError(t, os.WriteFile(edited, []byte(strings.NewReplacer(replace...).Replace(string(data))), 0o600))
	return to
}

func TestDescribeAffected(t *testing.T) {
	s := newShell(t)
	changed := copyFolder(t, example, "services/accounts.yaml", "nodeType: cache.t4g.small", "nodeType: cache.t4g.medium",
		"owner: identity-team", "owner: us", "    - name: DB_PASSWORD\n      valueFrom: {component: db, output: password}\n", "")
	for name, args := range map[string][]string{
		"affected.txt":     {changed, "--base", example},
		"affected.json":    {changed, "--base", example, "-e", "staging", "--output", "json"},
		"affectedset.txt":  {example, "--base", example, "-e", "staging", "--set", "edge/gateway.replicas=9"},
		"affectednone.txt": {example, "--base", example},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.run(append([]string{"describe", "affected"}, args...)...)
			require.Equal(t, exitOK, a.code, a.err)
			require.Empty(t, a.err)
			golden(t, filepath.Join("describe", name), a.out)
		})
	}
	require.NoDirExists(t, s.dir)
}

func TestAnEnvironmentThatIsNewOrGoneIsAffectedAsAWhole(t *testing.T) {
	s := newShell(t)
	one := copyFolder(t, folder(t, map[string]string{"stack.yaml": twoEnvironments}), "stack.yaml", "    - {name: production, region: eu-west-1}\n", "")
	two := folder(t, map[string]string{"stack.yaml": twoEnvironments})
	a := s.run("describe", "affected", two, "--base", one)
	require.Equal(t, exitOK, a.code, a.err)
	require.Equal(t, "shop/staging: nothing is touched.\n\nshop/production: 1 component touched, 1 directly, 0 through the graph.\n  orders/queue (SQS): create\n    added\n", a.out)
	a = s.run("describe", "affected", one, "--base", two)
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, a.out, "shop/production: 1 component touched, 1 directly, 0 through the graph.\n  orders/queue (SQS): delete\n    removed\n")
	a = s.run("describe", "affected", folder(t, map[string]string{"stack.yaml": strings.Replace(twoEnvironments, "name: shop", "name: store", 1)}), "--base", two)
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, a.err, "The base has no stack store (it has shop): all of it is new.")
	require.Equal(t, 2, strings.Count(a.out, "orders/queue (SQS): create"))
	a = s.run("describe", "affected", one, "--base", two, "-e", "staging")
	require.Equal(t, "shop/staging: nothing is touched.\n", a.out)
}

func TestMistakesOfTheBaseAreNotTakenForThoseOfTheBundle(t *testing.T) {
	s := newShell(t)
	good, bad := folder(t, map[string]string{"stack.yaml": twoEnvironments}), folder(t, map[string]string{"stack.yaml": strings.ReplaceAll(twoEnvironments, "30s", "soon")})
	a := s.run("describe", "affected", good, "--base", bad)
	require.Equal(t, exitConfiguration, a.code)
	require.Contains(t, a.err, "1 mistake in the base "+bad)
	a = s.run("describe", "affected", bad, "--base", good)
	require.Equal(t, exitConfiguration, a.code)
	require.Contains(t, a.err, "1 mistake in the bundle")
	a = s.run("describe", "affected", good)
	require.Equal(t, exitConfiguration, a.code)
	require.Contains(t, a.err, "--base FOLDER")
	require.Equal(t, exitConfiguration, s.run("describe", "affected", good, "--base", filepath.Join(good, "nowhere")).code)
}

func TestDescribeTellsOfWhatIsDeployed(t *testing.T) {
	s := newShell(t)
	require.Equal(t, exitOK, s.run("apply", example, "-e", "staging", "--auto-approve").code)
	a := s.run("describe", "component", "accounts/db", example, "-e", "staging")
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, a.out, "What is deployed is what the bundle says.")
	require.Regexp(t, `status +deployed\n`, a.out)
	require.Regexp(t, `endpoint +string += "accounts/db:endpoint"\n`, a.out)

	a = s.run("describe", "component", "accounts/db", example, "-e", "staging", "--set", "accounts/db.instanceClass=db.t4g.large", "--output", "json")
	require.Equal(t, exitOK, a.code, a.err)
	var told componentOf
	require.NoError(t, json.Unmarshal([]byte(a.out), &told))
	require.NotNil(t, told.State)
	require.Equal(t, []plan.Change{{Path: "instanceClass", Before: json.RawMessage(`"db.t4g.medium"`), After: json.RawMessage(`"db.t4g.large"`)}}, told.State.Differ)
	require.Len(t, told.Dependents, 2)
}

func TestNamesThatLeadNowhere(t *testing.T) {
	s := newShell(t)
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"a slip gets a hint":          {[]string{"acounts/db", example, "-e", "staging"}, exitNotFound, "did you mean accounts/db?"},
		"another gets the way":        {[]string{"nothing/like-it-at-all", example, "-e", "staging"}, exitNotFound, "'deployer graph' lists them"},
		"one word is no component":    {[]string{"db", example, "-e", "staging"}, exitConfiguration, "SERVICE/COMPONENT"},
		"what is no name":             {[]string{"Accounts/db", example, "-e", "staging"}, exitConfiguration, "invalid name"},
		"what is no full address":     {[]string{"a/b/C/d", example}, exitConfiguration, "invalid name"},
		"an address against a flag":   {[]string{"user-platform/staging/accounts/db", example, "-e", "production"}, exitConfiguration, "leave them out"},
		"no environment":              {[]string{"accounts/db", example}, exitConfiguration, "which environment?"},
		"an environment of no bundle": {[]string{"user-platform/nowhere/accounts/db", example}, exitConfiguration, "nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.run(append([]string{"describe", "component"}, c.args...)...)
			require.Equal(t, c.code, a.code, a.err)
			require.Contains(t, a.err, c.want)
			require.Empty(t, a.out)
		})
	}
}

// Every component of every example can be described, and no field of it is without a layer.
func TestEveryComponentOfTheExamplesCanBeDescribed(t *testing.T) {
	s := newShell(t)
	for _, example := range []string{"user-platform", "shop", "shop-eks"} {
		bundle, scope := "../../examples/"+example, example+"/staging/"
		a := s.run("graph", bundle, "-e", "staging", "--output", "json")
		var order struct{ Nodes []string }
		require.NoError(t, json.Unmarshal([]byte(a.out), &order))
		for _, node := range order.Nodes {
			require.True(t, strings.HasPrefix(node, scope))
			require.Equal(t, exitOK, s.run("describe", "component", node, bundle).code, node)
			a = s.run("describe", "component", node, bundle, "--provenance", "--output", "json")
			require.Equal(t, exitOK, a.code, a.err)
			var told struct{ Fields []document.Field }
			require.NoError(t, json.Unmarshal([]byte(a.out), &told))
			for _, f := range told.Fields {
				require.NotEmpty(t, f.Layer, f.Path)
				require.Equal(t, f.Layer == "default", f.Position.File == "", f.Path)
			}
		}
	}
}

func TestGraphsOfTheShop(t *testing.T) {
	s := newShell(t)
	for _, format := range []string{"tree", "dot", "mermaid", "json"} {
		a := s.run("graph", "../../examples/shop", "-e", "production", "--format", format)
		require.Equal(t, exitOK, a.code, a.err)
		golden(t, filepath.Join("graph", "shop."+format), a.out)
		for _, r := range shopComponents {
			require.Contains(t, a.out, r, format)
		}
	}
}

// shopComponents are one of each kind that only the shop has.
var shopComponents = []string{"storefront/front", "payments/charge", "catalog/search-index", "insights/stream", "insights/partners-lb", "orders/shared",
	"platform/security", "platform/observability"}

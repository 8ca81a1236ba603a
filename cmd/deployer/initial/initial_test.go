package initial_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/cmd/deployer/initial"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/pipeline"
)

// requireValid compiles what a choice comes to in each of its environments.
func requireValid(t *testing.T, c initial.Choice, msg string) {
	t.Helper()
	files, err := c.Files()
	require.NoError(t, err, msg)
	b, mistakes := bundle.FromFiles(files, bundle.DefaultLimits())
	require.Empty(t, mistakes, msg)
	for _, e := range c.Environments {
		compiled, mistakes := pipeline.Compile(b, pipeline.Options{Scope: address.Scope(c.Stack, e.Name), Now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)})
		require.Empty(t, mistakes.String(), "%s in %s", msg, e.Name)
		for _, one := range c.Components {
			r, found := compiled.Set.Find(compiled.Set.Scope.In(c.Service, one.Name))
			require.True(t, found, msg)
			require.Equal(t, one.Kind, r.Kind)
		}
	}
	for _, f := range files {
		require.True(t, strings.HasPrefix(string(f.Data), "# yaml-language-server: $schema="), f.Path)
		require.NotContains(t, string(f.Data), "\n\n", f.Path)
		require.True(t, strings.HasSuffix(string(f.Data), "\n") && !strings.HasSuffix(string(f.Data), "\n\n"), f.Path)
	}
}

func choice(t *testing.T, kinds ...string) initial.Choice {
	t.Helper()
	c := initial.Choice{Stack: "shop", Service: "app", Schemas: "https://example.com/schema",
		Environments: []initial.Environment{{Name: "staging", Region: "eu-west-1"}, {Name: "production", Region: "eu-central-1"}}}
	for _, kind := range kinds {
		one, err := initial.ParseComponent(kind)
		require.NoError(t, err)
		c.Components = append(c.Components, one)
	}
	return c
}

func TestEveryKindAndEveryPairOfKindsIsValid(t *testing.T) {
	kinds := initial.Kinds()
	require.Len(t, kinds, 23)
	for i, first := range kinds {
		requireValid(t, choice(t, first), first)
		requireValid(t, choice(t, first, first+"=other"), "two of "+first)
		for _, second := range kinds[i+1:] {
			requireValid(t, choice(t, first, second), first+" and "+second)
		}
	}
	requireValid(t, choice(t, kinds...), "all kinds")
	slices.Reverse(kinds)
	requireValid(t, choice(t, kinds...), "all kinds, the other way round")
}

func TestEveryCombinationOfTheOtherChoicesIsValid(t *testing.T) {
	for _, owner := range []string{"", "us", `a "b": {c} #d`, "Grüße, 日本"} {
		for _, environments := range [][]string{{"staging"}, {"production"}, {"dev", "test=us-east-1", "prod=ap-southeast-2"}} {
			for _, service := range []string{"app", "a-1"} {
				for _, schemas := range []string{"https://example.com", "../docs/schema", "/opt/schema"} {
					c := choice(t, "MicroService", "RDS", "SQS")
					c.Owner, c.Service, c.Schemas, c.Environments = owner, service, schemas, nil
					for _, text := range environments {
						e, err := initial.ParseEnvironment(text, "eu-west-1")
						require.NoError(t, err)
						c.Environments = append(c.Environments, e)
					}
					requireValid(t, c, fmt.Sprint(owner, environments, service, schemas))
				}
			}
		}
	}
}

func TestSchemasAreFoundFromEveryFolder(t *testing.T) {
	c := choice(t, "MicroService")
	c.Schemas = "../docs/schema"
	files, err := c.Files()
	require.NoError(t, err)
	want := map[string]string{"stack.yaml": "../docs/schema/deployer.json", "platform.yaml": "../docs/schema/deployer.json",
		"services/app.yaml": "../../docs/schema/deployer.json", "environments/staging/size.yaml": "../../../docs/schema/overlay.json"}
	require.Len(t, files, len(want))
	for _, f := range files {
		first, _, _ := strings.Cut(string(f.Data), "\n")
		require.Equal(t, "# yaml-language-server: $schema="+want[f.Path], first, f.Path)
	}
}

func TestChoicesThatCannotBe(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*initial.Choice)
		want   string
	}{
		"no name":              {func(c *initial.Choice) { c.Stack = "" }, "invalid name"},
		"a name in capitals":   {func(c *initial.Choice) { c.Stack = "Shop" }, "invalid name"},
		"the reserved service": {func(c *initial.Choice) { c.Service = "platform" }, "reserved"},
		"no environment":       {func(c *initial.Choice) { c.Environments = nil }, "at least one environment"},
		"no component":         {func(c *initial.Choice) { c.Components = nil }, "at least one environment and one component"},
		"a region of no cloud": {func(c *initial.Choice) { c.Environments[0].Region = "here" }, "no AWS region"},
		"an environment twice": {func(c *initial.Choice) { c.Environments[1].Name = "staging" }, "stands twice"},
		"a component twice":    {func(c *initial.Choice) { c.Components = append(c.Components, c.Components[0]) }, "two components are named api"},
	} {
		t.Run(name, func(t *testing.T) {
			made := choice(t, "MicroService")
			c.change(&made)
			files, err := made.Files()
			require.ErrorContains(t, err, c.want)
			require.Empty(t, files)
		})
	}
	_, err := initial.ParseComponent("Microservice")
	require.ErrorContains(t, err, "did you mean MicroService?")
	_, err = initial.ParseComponent("Nothing")
	require.ErrorContains(t, err, "the kinds are ALB, ")
	_, err = initial.ParseComponent("RDS=Not a name")
	require.Error(t, err)
}

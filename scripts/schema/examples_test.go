package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/document"
	"github.com/deployer-io/deployer/shared/graph"
	"github.com/deployer-io/deployer/shared/policy"
	"github.com/deployer-io/deployer/shared/resource"
)

// The examples that teach have nothing to be told about, in any environment, policies included.
func TestTheShopsAreWithoutMistakes(t *testing.T) {
	kinds := map[resource.Kind]bool{}
	for _, c := range []struct {
		folder, stack string
		environments  []string
	}{
		{"shop", "shop", []string{"development", "staging", "production"}},
		{"shop-eks", "shop-eks", []string{"staging", "production"}},
	} {
		b, ds, err := bundle.FromFolder(filepath.Join(root, "examples", c.folder), bundle.Limits{})
		require.NoError(t, err)
		require.Empty(t, ds.String())
		for _, environment := range c.environments {
			scope := address.Scope(c.stack, environment)
			docs, ds := document.Parse(b)
			docs, more := document.Merge(docs, document.Options{Stack: scope.Stack, Environment: scope.Environment})
			ds.Append(more)
			set, more := resource.Build(docs, scope)
			ds.Append(more)
			engine, more := policy.Compile(set, time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC))
			ds.Append(more)
			for _, v := range engine.CheckResources(set) {
				ds = append(ds, v.Diagnostic())
			}
			require.Empty(t, ds.String(), "%s in %s", c.folder, environment)
			_, err := graph.FromSet(set)
			require.NoError(t, err, "%s in %s", c.folder, environment)
			for _, r := range set.Resources {
				kinds[r.Kind] = true
			}
		}
	}
	require.Len(t, kinds, len(resource.Kinds()), "every kind is shown")
}

package resource_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/resource"
)

var update = flag.Bool("update", false, "rewrite the golden files; read the difference before you keep it")

const leastMistakes = 60

// Each folder of testdata/mistakes is a bundle that breaks one rule; want.txt is all that is said about it.
func TestEveryMistakeIsToldWithItsPlace(t *testing.T) {
	folders, err := filepath.Glob("testdata/mistakes/*")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(folders), leastMistakes)
	covered := map[string]bool{}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			b, ds, err := bundle.FromFolder(folder, bundle.Limits{})
			require.NoError(t, err)
			require.Empty(t, ds.String())
			_, ds = buildBundle(b, staging)
			got := ds.String()
			require.NotEmpty(t, got)
			for _, d := range ds {
				require.NotEmpty(t, d.Code)
				require.NotEmpty(t, d.Hint, "what is to be done about %s", d)
				if d.File == "orders.yaml" {
					covered[kindAround(t, b, d.Line)] = true
				} else if d.File != "" {
					covered[filepath.Base(d.File)] = true
				}
			}
			golden := filepath.Join(folder, "want.txt")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
	for _, kind := range components {
		require.True(t, covered[string(kind)], "no mistake is shown for the kind %s", kind)
	}
	for _, kind := range []string{"networking", "security", "observability"} {
		matches, _ := filepath.Glob("testdata/mistakes/" + kind + "*")
		require.NotEmpty(t, matches, "no mistake is shown for %s", kind)
	}
}

// kindAround returns the kind of the document of orders.yaml that a line is in.
func kindAround(t *testing.T, b *bundle.Bundle, line int) string {
	t.Helper()
	for _, f := range b.Files() {
		if f.Path != "orders.yaml" {
			continue
		}
		lines := strings.Split(string(f.Data), "\n")
		for i := min(line+1, len(lines)-1); i >= 0; i-- {
			if kind, found := strings.CutPrefix(lines[i], "kind: "); found {
				return kind
			}
		}
	}
	return ""
}

// Credentials are refused without being repeated, whatever else is said about the same field.
func TestNoMistakeRepeatsASecret(t *testing.T) {
	for _, folder := range []string{"credential", "secret-literal"} {
		want, err := os.ReadFile(filepath.Join("testdata/mistakes", folder, "want.txt"))
		require.NoError(t, err)
		for _, secret := range []string{"hunter22secret", "AKIAIOSFODNN7EXAMPLE", "T0AB12CD3", "abcdefGHIJ"} {
			require.NotContains(t, string(want), secret)
		}
	}
	require.NotEmpty(t, resource.CodeCredential)
}

package document_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/document"
)

const findable = `apiVersion: components.deployer.io/v1
kind: MicroService
metadata: {name: api, service: user}
spec:
  image: a
  tags: {"example.com/team": users, plain: x, 'quo"te': y}
  env:
    - {name: LOG_LEVEL, value: debug}
    - {name: "7", value: seven}
    - value: nameless
  matrix: [[a, b], [c]]
`

func TestAPathLeadsBackToItsValue(t *testing.T) {
	b, ds := bundle.FromFiles([]bundle.File{{Path: "a.yaml", Data: []byte(findable)}}, bundle.Limits{})
	require.Empty(t, ds)
	docs, ds := document.Parse(b)
	require.Empty(t, ds)
	spec := docs[0].Spec
	var walk func(n document.Node)
	walk = func(n document.Node) {
		if path := n.Path()[len("spec"):]; path != "" {
			if path[0] == '.' {
				path = path[1:]
			}
			require.Equal(t, n.Position(), spec.Find(path).Position(), path)
		}
		for key, value := range n.Each() {
			name, _ := key.Text()
			require.Equal(t, value.Path(), document.Join(n.Path(), name))
			walk(value)
		}
		for _, item := range n.Items() {
			walk(item)
		}
	}
	walk(spec)
	for path, want := range map[string]string{"env[LOG_LEVEL].value": "debug", "env[7].value": "seven", "env[0].name": "LOG_LEVEL",
		`tags["quo\"te"]`: "y", "matrix[0][1]": "b", "image": "a"} {
		text, ok := spec.Find(path).Text()
		require.True(t, ok, path)
		require.Equal(t, want, text, path)
	}
	require.Equal(t, spec.Position(), spec.Find("").Position())
	for _, path := range []string{"nothing", "env[9]", "env[LOG_LEVEL].value.more", "env[", `tags["plain`, `tags["plain"`, "image[0]", "[0]", "matrix[-1]"} {
		require.True(t, spec.Find(path).IsZero(), path)
	}
}

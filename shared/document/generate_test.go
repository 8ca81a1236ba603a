package document_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/bundle"
)

// generated is a bundle of n components in services of about ten, each depending on about three of the layer before it,
// with defaults on every layer, variables, and an overlay for six in ten of them: a file each, as teams write them.
func generated(t testing.TB, n int) *bundle.Bundle {
	t.Helper()
	all := []bundle.File{
		{Path: "stack.yaml", Data: []byte(stack)},
		{Path: "infra/defaults.yaml", Data: []byte(generatedDefaults)},
	}
	const layers = 12
	width := max(n/layers, 1)
	for i := range n {
		service, name := fmt.Sprintf("service-%04d", i/10), fmt.Sprintf("component-%05d", i)
		var b strings.Builder
		fmt.Fprintf(&b, "apiVersion: components.deployer.io/v1\nkind: MicroService\nmetadata:\n  name: %s\n  service: %s\n", name, service)
		fmt.Fprintf(&b, "spec:\n  image: registry.example.com/%s:${var.size}\n  cpu: 512\n  memory: 1024\n  replicas: ${var.count}\n", name)
		b.WriteString("  ports:\n    - name: http\n      port: 8080\n  dependsOn:\n")
		for j := range 3 {
			if up := i - width + (j*7)%width; i >= width && up >= 0 && up < i {
				fmt.Fprintf(&b, "    - component: service-%04d/component-%05d\n", up/10, up)
			}
		}
		b.WriteString("  env:\n    - name: LOG_LEVEL\n      value: info\n    - name: STAGE\n      value: ${environment}\n")
		fmt.Fprintf(&b, "    - name: NAME\n      value: %s\n", name)
		all = append(all, bundle.File{Path: service + "/" + name + ".yaml", Data: []byte(b.String())})
		if i%10 < 6 {
			overlay := fmt.Sprintf("apiVersion: components.deployer.io/v1\nkind: MicroService\nmetadata:\n  name: %s\n  service: %s\n"+
				"spec:\n  cpu: 256\n  env:\n    - name: LOG_LEVEL\n      value: debug\n", name, service)
			all = append(all, bundle.File{Path: service + "/environments/staging/" + name + ".yaml", Data: []byte(overlay)})
		}
	}
	b, ds := bundle.FromFiles(all, bundle.Limits{Entries: len(all)})
	require.Empty(t, ds.String())
	return b
}

const generatedDefaults = `apiVersion: infra.deployer.io/v1
kind: InfraDefaults
metadata: {name: defaults}
spec:
  kinds:
    MicroService:
      platform: fargate
      tags: {owner: platform, environment: "${environment}"}
      healthCheck: {path: /healthz, interval: 10s, timeout: 2s}
      rollout: {strategy: rolling, minHealthyPercent: 100, maxPercent: 200}
`

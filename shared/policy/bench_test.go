package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/policy"
)

// A thousand services, each under the built-in rules, and under twenty rules of one's own as well.
func BenchmarkCheckResources(b *testing.B) {
	for name, own := range map[string]int{"packs": 0, "packs and 20 rules": 20} {
		b.Run(name, func(b *testing.B) {
			set := build(b, production, rules(own), services(1000))
			engine, ds := policy.Compile(set, today)
			require.Empty(b, ds.String())
			b.ReportAllocs()
			for b.Loop() {
				require.Len(b, engine.CheckResources(set), 1001, "all lack tags")
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	set := build(b, production, rules(20), "")
	for b.Loop() {
		_, ds := policy.Compile(set, today)
		require.Empty(b, ds.String())
	}
}

func rules(n int) string {
	var b strings.Builder
	b.WriteString("  packs: [encryption, public-exposure, backups, tags, least-privilege, production]\n  requiredTags: [owner, team]\n  rules:\n")
	for i := range n {
		fmt.Fprintf(&b, "    - {name: rule-%d, match: {kinds: [MicroService]}, expression: \"resource.spec.ports.all(p, p.port > %d) && resource.spec.memory <= resource.spec.cpu * 8\"}\n", i, i)
	}
	return b.String()
}

func services(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(component("MicroService", fmt.Sprintf("api-%d", i), `{image: "registry.example.com/api:1.0", ports: [{name: http, port: 8080}, {name: admin, port: 9090}]}`))
	}
	return b.String()
}

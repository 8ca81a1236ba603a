package resource_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/document"
	"github.com/deployer-io/deployer/shared/resource"
)

// generated are the merged documents of n components in services of ten, each reading outputs of about three of the layer
// before it, twelve layers deep.
func generated(t testing.TB, n int) []*document.Document {
	t.Helper()
	var all strings.Builder
	all.WriteString(base)
	files := []bundle.File{}
	width := max(n/12, 1)
	for i := range n {
		service, name := fmt.Sprintf("service-%04d", i/10), fmt.Sprintf("component-%05d", i)
		if i%10 == 0 {
			fmt.Fprintf(&all, "---\napiVersion: core.deployer.io/v1\nkind: Service\nmetadata: {name: %s}\n", service)
		}
		var b strings.Builder
		fmt.Fprintf(&b, "apiVersion: components.deployer.io/v1\nkind: MicroService\nmetadata:\n  name: %s\n  service: %s\n", name, service)
		fmt.Fprintf(&b, "spec:\n  image: registry.example.com/%s:1.4.2\n  cpu: 512\n  memory: 1024\n  replicas: 3\n", name)
		b.WriteString("  ports:\n    - name: http\n      port: 8080\n  healthCheck: {path: /healthz}\n  env:\n    - name: LOG_LEVEL\n      value: info\n")
		for j := range 3 {
			if up := i - width + (j*7)%width; i >= width && up >= 0 && up < i {
				fmt.Fprintf(&b, "    - name: UPSTREAM_%d\n      valueFrom: {component: service-%04d/component-%05d, output: dnsName}\n", j, up/10, up)
			}
		}
		fmt.Fprintf(&b, "    - name: NAME\n      value: %s\n", name)
		files = append(files, bundle.File{Path: service + "/" + name + ".yaml", Data: []byte(b.String())})
	}
	for i, part := range strings.SplitAfter(all.String(), "---\n") {
		files = append(files, bundle.File{Path: fmt.Sprintf("core/%05d.yaml", i), Data: []byte(part)})
	}
	b, ds := bundle.FromFiles(files, bundle.Limits{Entries: len(files)})
	require.Empty(t, ds.String())
	docs, ds := document.Parse(b)
	require.Empty(t, ds.String())
	docs, ds = document.Merge(docs, document.Options{Environment: "staging"})
	require.Empty(t, ds.String())
	return docs
}

// cpuUsed is the processor time of this process so far, in milliseconds.
func cpuUsed() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e6
}

func measured(b *testing.B, do func()) {
	b.ReportAllocs()
	before := cpuUsed()
	for b.Loop() {
		do()
	}
	b.ReportMetric((cpuUsed()-before)/float64(b.N), "cpu-ms/op")
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{100, 1000, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			docs := generated(b, n)
			measured(b, func() {
				set, ds := resource.Build(docs, staging)
				require.Empty(b, ds.String())
				require.Len(b, set.Resources, n+1)
			})
		})
	}
}

func BenchmarkSetJSON(b *testing.B) {
	for _, n := range []int{100, 1000, 5000} {
		set, _ := resource.Build(generated(b, n), staging)
		data, err := json.Marshal(set)
		require.NoError(b, err)
		b.Run(fmt.Sprint("encode/", n), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			measured(b, func() {
				_, err := json.Marshal(set)
				require.NoError(b, err)
			})
		})
		b.Run(fmt.Sprint("decode/", n), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			measured(b, func() {
				var back resource.Set
				require.NoError(b, json.Unmarshal(data, &back))
			})
		})
	}
}

package document_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/deployer-io/deployer/shared/document"
)

var sizes = []int{100, 1000, 5000}

// BenchmarkFloor is what the YAML library alone needs to make its trees, one core: what Parse is compared with.
func BenchmarkFloor(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			files := generated(b, n).Files()
			b.ReportAllocs()
			before := cpuUsed()
			for b.Loop() {
				kept := make([]*yaml.Node, 0, len(files))
				for _, f := range files {
					decoder := yaml.NewDecoder(bytes.NewReader(f.Data))
					for {
						var root yaml.Node
						err := decoder.Decode(&root)
						if errors.Is(err, io.EOF) {
							break
						}
						require.NoError(b, err)
						kept = append(kept, &root)
					}
				}
				require.Len(b, kept, len(files))
			}
			perOperation(b, before)
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			bundle := generated(b, n)
			b.ReportAllocs()
			before := cpuUsed()
			for b.Loop() {
				_, ds := document.Parse(bundle)
				require.Empty(b, ds)
			}
			perOperation(b, before)
		})
	}
}

func BenchmarkMerge(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			docs, ds := document.Parse(generated(b, n))
			require.Empty(b, ds)
			b.ReportAllocs()
			before := cpuUsed()
			for b.Loop() {
				_, ds := document.Merge(docs, document.Options{Environment: "staging"})
				require.Empty(b, ds)
			}
			perOperation(b, before)
		})
	}
}

// generatedSpec is the struct that the generated components are decoded into.
type generatedSpec struct {
	Image     string            `json:"image" jsonschema:"required,minLength=1"`
	Platform  string            `json:"platform" jsonschema:"enum=fargate,enum=ecs-ec2,enum=eks"`
	CPU       int               `json:"cpu" jsonschema:"minimum=256,maximum=16384"`
	Memory    int               `json:"memory" jsonschema:"minimum=512"`
	Replicas  int               `json:"replicas" jsonschema:"minimum=0"`
	Tags      map[string]string `json:"tags"`
	DependsOn []struct {
		Component string `json:"component" jsonschema:"required"`
	} `json:"dependsOn"`
	Ports []struct {
		Name string `json:"name"`
		Port int    `json:"port" jsonschema:"required,minimum=1,maximum=65535"`
	} `json:"ports"`
	Env []struct {
		Name  string `json:"name" jsonschema:"required,pattern=^[A-Z_]+$"`
		Value string `json:"value"`
	} `json:"env"`
	HealthCheck struct{ Path, Interval, Timeout string } `json:"-"`
	Health      map[string]any                           `json:"healthCheck"`
	Rollout     struct {
		Strategy          string `json:"strategy"`
		MinHealthyPercent int    `json:"minHealthyPercent"`
		MaxPercent        int    `json:"maxPercent"`
	} `json:"rollout"`
}

func BenchmarkDecode(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			docs, ds := document.Parse(generated(b, n))
			require.Empty(b, ds)
			docs, ds = document.Merge(docs, document.Options{Environment: "staging"})
			require.Empty(b, ds)
			b.ReportAllocs()
			before := cpuUsed()
			for b.Loop() {
				for _, d := range docs {
					if d.IsComponent() {
						var spec generatedSpec
						require.Empty(b, document.Decode(d.Spec, &spec))
					}
				}
			}
			perOperation(b, before)
		})
	}
}

package plan_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/graph"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/state"
)

// BenchmarkNoChange plans a deployed system that has not changed, from the bytes of its state.
func BenchmarkNoChange(b *testing.B) {
	for _, size := range []int{100, 1000, 5000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w := newWorld(b)
			typical(w, size)
			w.deploy()
			stored, err := state.Encode(*w.snapshot)
			require.NoError(b, err)
			order, err := graph.FromSet(w.set)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				snapshot, err := state.Decode(stored)
				require.NoError(b, err)
				p, err := plan.Make(w.set, order, &snapshot, plan.Options{})
				require.NoError(b, err)
				require.Empty(b, p.Steps)
			}
		})
	}
}

// BenchmarkCreate plans a system of which nothing is there, with its clusters.
func BenchmarkCreate(b *testing.B) {
	for _, size := range []int{100, 1000, 5000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w := newWorld(b)
			typical(w, size)
			order, err := graph.FromSet(w.set)
			require.NoError(b, err)
			for b.Loop() {
				p, err := plan.Make(w.set, order, w.snapshot, plan.Options{})
				require.NoError(b, err)
				require.Len(b, p.Steps, len(w.set.Resources))
			}
		})
	}
}

func typical(w *world, size int) {
	topologies["services with their own data, calling few others"](w, size, rand.New(rand.NewPCG(1, 2)))
}

package provision

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/resource"
)

// spent is the processor time of this process and of all its ended children.
func spent(b *testing.B) time.Duration {
	var all time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		require.NoError(b, syscall.Getrusage(who, &usage))
		all += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return all
}

// BenchmarkComponents makes, leaves as they are and takes away topics, several at a time, on a cloud that answers at once. The
// processor time is that of everything: the CLI, this process, and the simulated cloud in it.
func BenchmarkComponents(b *testing.B) {
	for _, concurrent := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprintf("%d at a time", concurrent), func(b *testing.B) {
			g := newGround(b, concurrent)
			topic := func(i int) execution.Order {
				o := order[*resource.SNS]("SNS", nil)
				o.Address.Component = fmt.Sprintf("t%d", i)
				return o
			}
			phases := []struct {
				name string
				do   func(execution.Order) error
			}{
				{"create", func(o execution.Order) error { _, err := g.Apply(b.Context(), o); return err }},
				{"unchanged", func(o execution.Order) error { _, err := g.Apply(b.Context(), o); return err }},
				{"destroy", func(o execution.Order) error { _, err := g.Destroy(b.Context(), o); return err }},
			}
			b.ResetTimer()
			for _, phase := range phases {
				start, before := time.Now(), spent(b)
				var all errgroup.Group
				all.SetLimit(concurrent)
				for i := range b.N {
					all.Go(func() error { return phase.do(topic(i)) })
				}
				require.NoError(b, all.Wait())
				wall, cpu := time.Since(start), spent(b)-before
				b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/"+phase.name)
				b.ReportMetric(float64(b.N)/wall.Minutes(), phase.name+"/min")
				b.ReportMetric(float64(b.N)/cpu.Minutes(), phase.name+"/min/core")
			}
			b.ReportMetric(float64(runtime.NumCPU()), "cores")
		})
	}
}

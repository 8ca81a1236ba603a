package cloud

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud/catalog"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// BenchmarkCreateInAFolder tells how many resources a second are made in a journal.
func BenchmarkCreateInAFolder(b *testing.B) {
	c, _ := open(b, b.TempDir())
	typ := catalog.Find(queueType)
	inputs, _ := typ.CheckInputs(home, nil, nil, catalog.Naming{Resource: "q"})
	b.ResetTimer()
	for i := range b.N {
		in := world.CloneMap(inputs)
		in["name"] = fmt.Sprintf("q-%d", i)
		require.NoError(b, c.world.Update(func(tx *world.Tx) error {
			_, err := typ.Create(tx, home, catalog.Wanted{Inputs: in})
			return err
		}))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
}

// BenchmarkUp tells what one new and one unchanged `pulumi up` of one queue cost in CPU time of the CLI and its children.
func BenchmarkUp(b *testing.B) {
	c := openCloud(b, b.TempDir())
	w := newWorkshop(b, c)
	spent := func() time.Duration {
		var usage syscall.Rusage
		require.NoError(b, syscall.Getrusage(syscall.RUSAGE_CHILDREN, &usage))
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	var changed, unchanged time.Duration
	for i := range b.N {
		program := func(ctx *pulumi.Context) error {
			_, err := sqs.NewQueue(ctx, "orders", &sqs.QueueArgs{VisibilityTimeoutSeconds: pulumi.Int(1 + i)})
			return err
		}
		before := spent()
		w.up(program)
		between := spent()
		w.up(program)
		changed += between - before
		unchanged += spent() - between
	}
	b.ReportMetric(changed.Seconds()/float64(b.N), "cpu-s/changed")
	b.ReportMetric(unchanged.Seconds()/float64(b.N), "cpu-s/unchanged")
}

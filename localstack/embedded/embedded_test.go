package embedded_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/embedded"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

const stack = `apiVersion: core.deployer.io/v1
kind: Stack
metadata: {name: shop}
spec:
  environments: [{name: staging, region: eu-west-1, approval: {mode: auto}}]
---
apiVersion: core.deployer.io/v1
kind: Service
metadata: {name: orders}
spec: {}
`

// instant is a Provisioner that does everything at once.
type instant struct{}

func (instant) Apply(context.Context, execution.Order) (execution.Result, error) {
	return execution.Result{Outputs: map[string]json.RawMessage{"arn": json.RawMessage(`"a"`), "url": json.RawMessage(`"u"`), "name": json.RawMessage(`"n"`)}, Resources: 1}, nil
}
func (instant) Destroy(context.Context, execution.Order) (execution.Result, error) {
	return execution.Result{}, nil
}
func (instant) Preview(context.Context, execution.Order, bool) (execution.Result, error) {
	return execution.Result{}, nil
}

// queues is a bundle of n queues, each third one waiting for the one before it.
func queues(t testing.TB, n int) []byte {
	t.Helper()
	files := []bundle.File{{Path: "stack.yaml", Data: []byte(stack)}}
	for i := range n {
		spec := "{}"
		if i%3 == 2 {
			spec = fmt.Sprintf("{dependsOn: [{component: q%d}]}", i-1)
		}
		files = append(files, bundle.File{Path: fmt.Sprintf("q%d.yaml", i), Data: fmt.Appendf(nil,
			"apiVersion: components.deployer.io/v1\nkind: SQS\nmetadata: {name: q%d, service: orders}\nspec: %s\n", i, spec)})
	}
	b, mistakes := bundle.FromFiles(files, bundle.DefaultLimits())
	require.Empty(t, mistakes)
	data, err := bundle.Pack(b)
	require.NoError(t, err)
	return data
}

func open(t testing.TB, dir string, p execution.Provisioner, pulumi string) *embedded.Environment {
	t.Helper()
	e, err := embedded.Open(t.Context(), embedded.Options{Dir: dir, Provisioner: p, Pulumi: pulumi})
	require.NoError(t, err)
	return e
}

// deploy runs a bundle to its end and returns the report.
func deploy(t testing.TB, e *embedded.Environment, id string, zip []byte) report.Report {
	t.Helper()
	object, err := e.Objects.Put(t.Context(), "bundles/shop/staging/"+id+".zip", zip, objects.Always())
	require.NoError(t, err)
	r, err := e.Start(t.Context(), id, run.Request{Bundle: run.BundleRef{Key: object.Key}, Operation: run.Deploy})
	require.NoError(t, err)
	require.NoError(t, r.Wait())
	var made report.Report
	require.NoError(t, run.Archive{Store: e.Objects, Ref: r.Ref}.Read(t.Context(), run.ReportArtifact, &made))
	return made
}

func TestARunGoesThroughTheMachinesAndItsHistoriesAreKept(t *testing.T) {
	dir := t.TempDir()
	e := open(t, dir, instant{}, "")
	require.Equal(t, run.Succeeded, deploy(t, e, "r1", queues(t, 4)).Ending)
	require.Equal(t, run.NoChanges, deploy(t, e, "r2", queues(t, 4)).Ending)
	require.NoError(t, e.Close())
	for _, name := range []string{"r1", "r1-rollout", "r1-wave-0", "r1-wave-1"} {
		data, err := os.ReadFile(filepath.Join(dir, "executions", "r1", name+".jsonl"))
		require.NoError(t, err)
		require.Contains(t, string(data), "ExecutionSucceeded")
	}
	require.NoFileExists(t, filepath.Join(dir, "executions", "r2", "r2-rollout.jsonl"))
}

func TestARunIDIsUsedOnce(t *testing.T) {
	e := open(t, t.TempDir(), instant{}, "")
	defer e.Close()
	deploy(t, e, "r1", queues(t, 1))
	_, err := e.Start(t.Context(), "r1", run.Request{Stack: "shop", Environment: "staging", Operation: run.Destroy})
	var exists *embedded.RunExists
	require.ErrorAs(t, err, &exists)
}

// hanging is a Provisioner that works until it is told to stop.
type hanging struct {
	instant
	begun chan struct{}
}

func (h hanging) Apply(ctx context.Context, _ execution.Order) (execution.Result, error) {
	close(h.begun)
	<-ctx.Done()
	return execution.Result{}, ctx.Err()
}

func TestAnInterruptedRunEndsCleanlyAndFreesItsLock(t *testing.T) {
	h := hanging{begun: make(chan struct{})}
	e := open(t, t.TempDir(), h, "")
	defer e.Close()
	object, err := e.Objects.Put(t.Context(), "bundles/shop/staging/b.zip", queues(t, 1), objects.Always())
	require.NoError(t, err)
	ctx, interrupt := context.WithCancel(t.Context())
	r, err := e.Start(ctx, "r1", run.Request{Bundle: run.BundleRef{Key: object.Key}})
	require.NoError(t, err)
	<-h.begun
	interrupt()
	require.NoError(t, r.Wait())
	var made report.Report
	require.NoError(t, run.Archive{Store: e.Objects, Ref: r.Ref}.Read(t.Context(), run.ReportArtifact, &made))
	require.Equal(t, run.FailedClean, made.Ending)
	held, err := e.Locker.Held(t.Context(), r.Ref.Scope())
	require.NoError(t, err)
	require.Empty(t, held)
}

// BenchmarkOverhead is the environment's own cost: 500 components with a Provisioner that answers at once.
func BenchmarkOverhead(b *testing.B) {
	zip := queues(b, 500)
	for i := 0; b.Loop(); i++ {
		e := open(b, b.TempDir(), instant{}, "")
		require.Equal(b, run.Succeeded, deploy(b, e, fmt.Sprintf("r%d", i), zip).Ending)
		require.NoError(b, e.Close())
	}
}

// BenchmarkPulumi is components per minute with the real Pulumi engine and the simulated cloud.
func BenchmarkPulumi(b *testing.B) {
	pulumi, err := filepath.Abs("../../.bin/pulumi")
	require.NoError(b, err)
	if _, err := os.Stat(pulumi); err != nil {
		b.Skip("no Pulumi CLI: make pulumi")
	}
	const components = 48
	zip := queues(b, components)
	for i := 0; b.Loop(); i++ {
		e := open(b, b.TempDir(), nil, pulumi)
		begun := time.Now()
		require.Equal(b, run.Succeeded, deploy(b, e, fmt.Sprintf("r%d", i), zip).Ending)
		b.ReportMetric(components/time.Since(begun).Minutes(), "components/min")
		require.NoError(b, e.Close())
	}
}

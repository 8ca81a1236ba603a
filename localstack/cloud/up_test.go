package cloud

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud/fault"
)

// shop is a program with a provider of its own, a queue, a table and a secret.
type shop struct {
	timeout   int
	key       string
	protected bool
}

func (s shop) run(ctx *pulumi.Context) error {
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
		Region: pulumi.String("eu-west-1"), AllowedAccountIds: pulumi.ToStringArray([]string{"111111111111"}),
		DefaultTags: aws.ProviderDefaultTagsArgs{Tags: pulumi.ToStringMap(map[string]string{"stack": "shop"})},
	})
	if err != nil {
		return err
	}
	queue, err := sqs.NewQueue(ctx, "orders", &sqs.QueueArgs{VisibilityTimeoutSeconds: pulumi.Int(s.timeout)}, pulumi.Provider(provider))
	if err != nil {
		return err
	}
	table, err := dynamodb.NewTable(ctx, "items", &dynamodb.TableArgs{
		BillingMode: pulumi.String("PAY_PER_REQUEST"), HashKey: pulumi.String(s.key), DeletionProtectionEnabled: pulumi.Bool(s.protected),
		Attributes: dynamodb.TableAttributeArray{dynamodb.TableAttributeArgs{Name: pulumi.String(s.key), Type: pulumi.String("S")}},
	}, pulumi.Provider(provider))
	if err != nil {
		return err
	}
	ctx.Export("url", queue.Url)
	ctx.Export("tags", queue.TagsAll)
	ctx.Export("table", table.Name)
	ctx.Export("secret", pulumi.ToSecret(queue.Arn))
	return nil
}

func TestTheCLIWorksOnTheSimulatedCloud(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the Pulumi CLI a dozen times")
	}
	dir := t.TempDir()
	c := openCloud(t, dir)
	w := newWorkshop(t, c)
	s := shop{timeout: 60, key: "id", protected: true}
	w.up(s.run)
	before := w.outputs()
	require.Regexp(t, `^https://sqs\.eu-west-1\.amazonaws\.com/111111111111/orders-[0-9a-f]{7}$`, before["url"])
	require.Regexp(t, `^arn:aws:sqs:eu-west-1:111111111111:orders-[0-9a-f]{7}$`, before["secret"])
	require.Equal(t, map[string]any{"stack": "shop"}, before["tags"])
	checkpoint, err := os.ReadFile(filepath.Join(w.dir, "backend", ".pulumi", "stacks", "workshop", "test.json"))
	require.NoError(t, err)
	require.Contains(t, string(checkpoint), "ciphertext")

	require.Contains(t, w.up(s.run), "4 unchanged")
	s.timeout = 90
	require.Contains(t, w.must(w.with(s.run, "preview")...), "1 to update")
	require.Contains(t, w.up(s.run), "1 updated")
	s.key = "sku"
	output, err := w.run(w.with(s.run, "up", "--yes", "--skip-preview")...)
	require.Error(t, err)
	require.Contains(t, output, "protected against deletion")
	tables, err := c.Resources(Filter{Type: "Table"})
	require.NoError(t, err)
	require.Len(t, tables, 2, "the new table is there, the old one could not be deleted")

	require.NoError(t, c.Edit(before["table"].(string), "deletionProtectionEnabled", false))
	s.protected = false
	w.up(s.run)
	after := w.outputs()
	require.NotEqual(t, before["table"], after["table"])
	require.Equal(t, before["url"], after["url"])

	require.NoError(t, c.Edit(after["url"].(string), "visibilityTimeoutSeconds", 1))
	require.Contains(t, w.must(w.with(s.run, "preview", "--refresh")...), "1 to update")
	require.Contains(t, w.must(w.with(s.run, "destroy", "--yes", "--skip-preview")...), "4 deleted")
	left, err := c.Resources(Filter{})
	require.NoError(t, err)
	require.Empty(t, left)
}

// workload is a program for the kubernetes provider, without its SDK, which takes a minute to compile.
func workload(image string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		var namespace, deployment, secret pulumi.CustomResourceState
		make := func(token, name string, inputs pulumi.Map, made *pulumi.CustomResourceState, opts ...pulumi.ResourceOption) error {
			return ctx.RegisterResource("kubernetes:"+token, name, inputs, made, opts...)
		}
		if err := make("core/v1:Namespace", "shop", pulumi.Map{"metadata": pulumi.Map{"name": pulumi.String("shop")}}, &namespace); err != nil {
			return err
		}
		labels := pulumi.Map{"app": pulumi.String("web")}
		if err := make("apps/v1:Deployment", "web", pulumi.Map{
			"metadata": pulumi.Map{"namespace": namespace.ID()},
			"spec": pulumi.Map{
				"selector": pulumi.Map{"matchLabels": labels},
				"template": pulumi.Map{
					"metadata": pulumi.Map{"labels": labels},
					"spec":     pulumi.Map{"containers": pulumi.Array{pulumi.Map{"name": pulumi.String("web"), "image": pulumi.String(image)}}},
				},
			},
		}, &deployment); err != nil {
			return err
		}
		ctx.Export("id", deployment.ID())
		return make("core/v1:Secret", "password", pulumi.Map{
			"metadata":   pulumi.Map{"namespace": namespace.ID()},
			"stringData": pulumi.ToSecret(pulumi.StringMap{"password": pulumi.String("correct horse")}),
		}, &secret)
	}
}

func TestTheCLIWorksOnASimulatedCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the Pulumi CLI")
	}
	dir := t.TempDir()
	c := openCloud(t, dir)
	w := newWorkshop(t, c)
	w.up(workload("nginx:1"))
	journal, err := os.ReadFile(filepath.Join(dir, "resources.jsonl"))
	require.NoError(t, err)
	require.NotContains(t, string(journal), "correct horse")
	require.Regexp(t, `^shop/web-[0-9a-f]{8}$`, w.outputs()["id"])
	checkpoint, err := os.ReadFile(filepath.Join(w.dir, "backend", ".pulumi", "stacks", "workshop", "test.json"))
	require.NoError(t, err)
	require.NotContains(t, string(checkpoint), "correct horse")
	require.Contains(t, w.up(workload("nginx:1")), "4 unchanged")
	require.Contains(t, w.up(workload("nginx:2")), "1 updated")
	found, err := c.Get("kubernetes:apps/v1:Deployment::" + w.outputs()["id"].(string))
	require.NoError(t, err)
	require.Equal(t, "default", found.Region)
	require.NoError(t, c.Edit(found.Type+"::"+found.ID, "spec.template.spec.containers[0].image", "evil:1"))
	require.Contains(t, w.must(w.with(workload("nginx:2"), "preview", "--refresh")...), "1 to update")
	require.Contains(t, w.must(w.with(workload("nginx:2"), "destroy", "--yes", "--skip-preview")...), "4 deleted")
}

func TestAnInterruptEndsACallThatHangs(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the Pulumi CLI")
	}
	c := openCloud(t, t.TempDir())
	w := newWorkshop(t, c)
	_, err := c.Inject(Fault{Kind: fault.Hang, Times: 1, Match: Match{Type: queueType, Operation: "create"}})
	require.NoError(t, err)
	program := func(ctx *pulumi.Context) error {
		_, err := sqs.NewQueue(ctx, "orders", nil)
		return err
	}
	command := w.command(w.with(program, "up", "--yes", "--skip-preview")...)
	require.NoError(t, command.Start())
	require.Eventually(t, func() bool {
		faults, err := c.Faults()
		return err == nil && len(faults) == 0
	}, 10*time.Second, 10*time.Millisecond, "the call has met its fault")
	require.NoError(t, syscall.Kill(-command.Process.Pid, syscall.SIGINT))
	require.Error(t, command.Wait())
	left, err := c.Resources(Filter{})
	require.NoError(t, err)
	require.Empty(t, left, "a call that hung has done nothing")
	require.Contains(t, w.up(program), "created")
}

func TestTheCLIImportsWhatWasThereBefore(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the Pulumi CLI")
	}
	c := openCloud(t, t.TempDir())
	w := newWorkshop(t, c)
	id, err := c.Add(Existing{Type: queueType, Properties: map[string]any{"name": "orders", "delaySeconds": 5, "tags": map[string]any{"team": "a"}}})
	require.NoError(t, err)
	require.Contains(t, w.up(func(ctx *pulumi.Context) error {
		_, err := sqs.NewQueue(ctx, "orders", &sqs.QueueArgs{
			Name: pulumi.String("orders"), DelaySeconds: pulumi.Int(5), Tags: pulumi.ToStringMap(map[string]string{"team": "a"}),
		}, pulumi.Import(pulumi.ID(id)))
		return err
	}), "imported")
	found, err := c.Get(id)
	require.NoError(t, err)
	require.Equal(t, "orders", found.Name)
}

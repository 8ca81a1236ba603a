package cloud

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestTheCLIBringsUpOneQueue(t *testing.T) {
	dir := t.TempDir()
	w := newWorkshop(t, openCloud(t, dir))
	program := func(ctx *pulumi.Context) error {
		queue, err := sqs.NewQueue(ctx, "orders", &sqs.QueueArgs{VisibilityTimeoutSeconds: pulumi.Int(60)})
		if err != nil {
			return err
		}
		ctx.Export("url", queue.Url)
		ctx.Export("secret", pulumi.ToSecret(queue.Arn))
		return nil
	}
	w.up(program)
	outputs := w.outputs()
	require.Regexp(t, `^https://sqs\.us-east-1\.amazonaws\.com/123456789012/orders-[0-9a-f]{7}$`, outputs["url"])
	require.Regexp(t, `^arn:aws:sqs:us-east-1:123456789012:orders-[0-9a-f]{7}$`, outputs["secret"])

	checkpoint, err := os.ReadFile(filepath.Join(w.dir, "backend", ".pulumi", "stacks", "workshop", "test.json"))
	require.NoError(t, err)
	require.Contains(t, string(checkpoint), "ciphertext")

	require.Contains(t, w.up(program), "2 unchanged")
	require.Contains(t, w.must(w.with(program, "destroy", "--yes", "--skip-preview")...), "2 deleted")
}

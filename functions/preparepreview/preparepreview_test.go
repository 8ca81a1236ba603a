package preparepreview_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/preparepreview"
	"github.com/deployer-io/deployer/functions/preparewave"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/run"
)

func TestEveryStepIsInABatch(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	h := preparepreview.Handler{Objects: w.Objects, Size: 2}
	for range 2 { // a task may run twice
		out, err := h.Handle(t.Context(), preparepreview.In{Run: r.Ref})
		require.NoError(t, err)
		require.Equal(t, []preparewave.Batch{{Number: 0, Key: "stacks/orders/staging/runs/r1/previews/0.json"},
			{Number: 1, Key: "stacks/orders/staging/runs/r1/previews/1.json"}}, out.Batches)
	}
	var found []string
	for number := range 2 {
		var batch execution.Batch
		require.NoError(t, r.Archive().Read(t.Context(), execution.PreviewBatchArtifact(number), &batch))
		require.Equal(t, r.Plan.Digest, batch.Preview)
		for _, a := range batch.Assignments {
			found = append(found, a.Order.Address.Short())
			if a.Order.Address.Component == "events" {
				require.Contains(t, a.Unknown, "intake/queue.arn")
			}
		}
	}
	require.ElementsMatch(t, []string{"intake/queue", "intake/table", "intake/events"}, found)
}

func TestAPlanThatIsNotThereCannotBePreviewed(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle)
	_, err := preparepreview.Handler{Objects: w.Objects}.Handle(t.Context(), preparepreview.In{Run: r.Ref})
	require.Error(t, err)
}

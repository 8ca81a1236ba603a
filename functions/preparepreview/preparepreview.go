// Package preparepreview is the PreparePreview task: a plan goes in; batches of its steps come out, as previews/{batch}.json,
// of which an executor tells what they would do to each cloud resource.
package preparepreview

import (
	"context"

	"github.com/deployer-io/deployer/functions/preparewave"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
)

// Handler prepares previews.
type Handler struct {
	Objects objects.Store
	Size    int // steps per batch; 0: plan.DefaultBatchSize
}

// In refers to the run.
type In struct {
	Run run.Ref `json:"run"`
}

// Out names the batches.
type Out struct {
	Batches []preparewave.Batch `json:"batches"`
}

// Handle writes the batches.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	archive := run.Archive{Store: h.Objects, Ref: in.Run}
	preparation, err := preparewave.Load(ctx, archive, 0)
	if err != nil {
		return Out{}, err
	}
	size := h.Size
	if size == 0 {
		size = plan.DefaultBatchSize
	}
	batches, err := preparation.Previews(size)
	if err != nil {
		return Out{}, err
	}
	out := Out{Batches: []preparewave.Batch{}}
	for _, batch := range batches {
		artifact := execution.PreviewBatchArtifact(batch.Number)
		if err := archive.Replace(ctx, artifact, batch); err != nil { // a stale plan is previewed anew
			return Out{}, err
		}
		out.Batches = append(out.Batches, preparewave.Batch{Number: batch.Number, Key: archive.Key(artifact)})
	}
	return out, nil
}

package makeplan

import (
	"context"
	"errors"

	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// environmentArtifact is what a destroy goes by: it reads no bundle, and so asks those whom the last deployment's would have
// asked.
const environmentArtifact run.Artifact = "environment.json"

// deployed returns the environment as the bundle of the last run said it is, and keeps it for a destroy that comes after
// this one; nil where nothing was deployed or its archive is gone.
func (h Handler) deployed(ctx context.Context, destroy run.Archive) (*resource.Environment, error) {
	snapshot, _, err := state.NewStore(h.Objects, destroy.Ref.Scope()).Read(ctx)
	if err != nil || snapshot.Run == "" {
		return nil, err
	}
	ref := destroy.Ref
	ref.ID = snapshot.Run
	last := run.Archive{Store: h.Objects, Ref: ref.Whole()}
	var set resource.Set
	err = last.Read(ctx, run.ResourcesArtifact, &set)
	environment := set.Environment
	if errors.Is(err, objects.ErrNotFound) {
		err = last.Read(ctx, environmentArtifact, &environment)
	}
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &environment, destroy.Replace(ctx, environmentArtifact, environment)
}

// judgeDestroy finds out who has to agree to a destroy. Where deployments are approved by nobody, or nothing is known, one
// person's word is wanted all the same: whoever started it may give it.
func judgeDestroy(out Out, in In, environment *resource.Environment) Out {
	if environment == nil || environment.Approval.Mode == resource.ApprovalAuto {
		out.AllowSelf, out.Approved = true, in.Request.AutoApprove
		return out
	}
	return asking(out, in, environment.Approval)
}

// asking says who has to agree. To start a run with --auto-approve is the starter's own approval: it counts where that is
// allowed and enough.
func asking(out Out, in In, approval resource.Approval) Out {
	out.Approved = in.Request.AutoApprove && approval.AllowSelf && approval.MinApprovals <= 1
	out.MinApprovals, out.AllowSelf = max(approval.MinApprovals, 1), approval.AllowSelf
	if timeout := approval.Timeout.Seconds(); timeout > 0 {
		out.ApprovalTimeout = int(timeout)
	}
	return out
}

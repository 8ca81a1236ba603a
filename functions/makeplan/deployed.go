package makeplan

import (
	"context"
	"errors"

	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// former is what was deployed last, as far as it guards what comes next: whoever uploads a bundle writes its rules, so that
// those of the bundle before count as well until this one has been deployed under them.
type former struct {
	Environment resource.Environment
	// Compliance is known where the last run had a bundle: not after a destroy.
	Compliance []resource.Compliance
}

// deployed returns the rules of the last run's bundle; nil where nothing was deployed or its archive is gone.
func (h Handler) deployed(ctx context.Context, ref run.Ref) (*former, error) {
	snapshot, _, err := state.NewStore(h.Objects, ref.Scope()).Read(ctx)
	if err != nil || snapshot.Run == "" {
		return nil, err
	}
	ref.ID = snapshot.Run
	last := run.Archive{Store: h.Objects, Ref: ref.Whole()}
	var set resource.Set
	err = last.Read(ctx, run.ResourcesArtifact, &set)
	if errors.Is(err, objects.ErrNotFound) { // a destroy reads no bundle, and has kept the one's before it
		err = last.Read(ctx, run.DeployedArtifact, &set.Environment)
	}
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &former{Environment: set.Environment, Compliance: set.Compliance}, nil
}

// thawed returns *resource.FrozenWindow when a freeze of the bundle, or of the one that is deployed, holds the run up.
func (h Handler) thawed(environment *resource.Environment, before *former) error {
	if err := environment.Thawed(h.Now()); err != nil || before == nil {
		return err
	}
	return before.Environment.Thawed(h.Now())
}

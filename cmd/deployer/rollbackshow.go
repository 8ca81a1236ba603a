package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
)

// lookAtRollback shows what is taken back of a run in which something went wrong.
func (f *follower) lookAtRollback(ctx context.Context) error {
	if !f.wrong || f.archive.Ref.Undoes() {
		return nil
	}
	if f.undo == nil {
		archive := run.Archive{Store: f.archive.Store, Ref: f.archive.Ref.Undo()}
		var p plan.Plan
		err := archive.Read(ctx, run.PlanArtifact, &p)
		if errors.Is(err, objects.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		f.undo = &follower{options: f.options, archive: archive, backend: f.backend, show: f.show, plan: &p, outcomes: map[string]bool{}}
		if len(p.Steps) > 0 {
			fmt.Fprintf(f.err, "\nRolling back %d of the components:\n", len(p.Steps))
			f.show.planned(&p)
		}
	}
	return f.undo.lookAtSteps(ctx)
}

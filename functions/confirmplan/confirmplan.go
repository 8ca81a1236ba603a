// Package confirmplan is the ConfirmPlan task: an approved plan goes in, and word that it may be carried out now comes out.
// Time has passed since it was made: the lock may be lost, the state may have moved, a freeze may have begun.
package confirmplan

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// Handler confirms plans.
type Handler struct {
	Objects objects.Store
	Locker  *lock.Locker
	Now     func() time.Time
	Teller  Teller // may be nil
}

// Teller tells people that a run begins to change things.
type Teller interface {
	Begun(ctx context.Context, ref run.Ref, startedBy, summary string) error
}

// In is the plan that was approved.
type In struct {
	Run    run.Ref    `json:"run"`
	Lease  lock.Lease `json:"lease"`
	Digest string     `json:"digest"`
}

// Out says which state the plan starts from, and why people could not be told, if so.
type Out struct {
	Serial int64  `json:"serial"`
	Untold string `json:"untold,omitempty"`
}

// Handle returns an error unless everything is as it was when the plan was made: *lock.LockLost, *run.StalePlan (both: plan
// anew), *run.Halted, *resource.FrozenWindow.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	if err := h.Locker.Check(ctx, in.Lease); err != nil {
		return Out{}, err
	}
	archive := run.Archive{Store: h.Objects, Ref: in.Run}
	if err := archive.Halted(ctx); err != nil {
		return Out{}, err
	}
	var made plan.Plan
	if err := archive.Read(ctx, run.PlanArtifact, &made); err != nil {
		return Out{}, err
	}
	if made.Digest != in.Digest {
		return Out{}, &run.StalePlan{Run: in.Run.ID, Reason: "another plan stands in its archive"}
	}
	if err := h.thawed(ctx, archive); err != nil {
		return Out{}, err
	}
	snapshot, _, err := state.NewStore(h.Objects, in.Run.Scope()).Read(ctx)
	if err != nil {
		return Out{}, err
	}
	if snapshot.Serial != made.Base.Serial || snapshot.Lineage != made.Base.Lineage {
		return Out{}, &run.StalePlan{Run: in.Run.ID, Reason: fmt.Sprintf("it starts from serial %d, and the state is at serial %d now", made.Base.Serial, snapshot.Serial)}
	}
	return Out{Serial: snapshot.Serial, Untold: h.tell(ctx, archive, &made)}, nil
}

// tell lets people know; that it fails stops no run.
func (h Handler) tell(ctx context.Context, archive run.Archive, made *plan.Plan) (untold string) {
	if h.Teller == nil {
		return ""
	}
	var request run.Request
	err := archive.Read(ctx, run.RequestArtifact, &request)
	if err == nil {
		err = h.Teller.Begun(ctx, archive.Ref, request.StartedBy, report.PlanSummary(made))
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// thawed looks at the freezes again: an approval may take days.
func (h Handler) thawed(ctx context.Context, archive run.Archive) error {
	if archive.Ref.Operation.Destroys() {
		return nil // it reads no bundle, and so knows of no freeze
	}
	var request run.Request
	if err := archive.Read(ctx, run.RequestArtifact, &request); err != nil {
		return err
	}
	if request.OverrideFreeze != "" {
		return nil
	}
	var set resource.Set
	if err := archive.Read(ctx, run.ResourcesArtifact, &set); err != nil {
		return err
	}
	if err := set.Environment.Thawed(h.Now()); err != nil {
		return err
	}
	var deployed resource.Environment // the windows of before hold until this run has been carried out
	err := archive.Read(ctx, run.DeployedArtifact, &deployed)
	if errors.Is(err, objects.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return deployed.Thawed(h.Now())
}

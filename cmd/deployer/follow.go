package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
)

// follower looks at a run's archive for news. It sees the same on every backend, and in another process than the run's.
type follower struct {
	*options
	archive run.Archive
	backend backend
	show    display
	watches bool // it only looks: it neither asks nor leaves the run

	waits    lockWait
	plan     *plan.Plan
	outcomes map[string]bool
	wrong    bool      // a step was not fine
	undo     *follower // of the run's rollback, once there is one

	askedAbout string     // the digest of the plan that the question was put about
	answers    chan reply // of the person at the terminal; not nil while one is asked
	left       *run.Approval
}

// display shows a run's progress.
type display interface {
	planned(p *plan.Plan)
	began(short string, at time.Time)
	ended(o execution.Outcome)
	tick() // time has passed
	close()
}

func (o *options) follower(b backend, ref run.Ref) *follower {
	return &follower{options: o, archive: run.Archive{Store: b.Store(), Ref: ref}, backend: b, show: newProgress(o)}
}

// toTheEnd follows a run and ends the command as the run ended, or says that it waits for people.
func (f *follower) toTheEnd(ctx context.Context, started running) error {
	if err := f.follow(ctx, started); err != nil {
		return err
	}
	if f.left != nil {
		return f.awaiting(*f.left)
	}
	return f.conclude(context.WithoutCancel(ctx))
}

func (f *follower) follow(ctx context.Context, started running) error {
	defer f.show.close()
	ticker := time.NewTicker(f.backend.Poll())
	defer ticker.Stop()
	for {
		select {
		case <-started.Done():
			return errors.Join(started.Wait(), f.look(context.WithoutCancel(ctx), true))
		case said := <-f.answers:
			f.answers = nil
			if err := f.answer(ctx, said); err != nil {
				return err
			}
		case <-ticker.C:
			if err := f.look(context.WithoutCancel(ctx), false); err != nil {
				return err
			}
			if err := f.question(ctx, started); err != nil {
				return err
			}
			f.show.tick()
		}
	}
}

// look shows what is new; over says that the run has ended.
func (f *follower) look(ctx context.Context, over bool) error {
	stands, err := f.stands(ctx, over)
	if err != nil {
		return err
	}
	if stands {
		if err := f.showPlan(ctx); err != nil {
			return err
		}
	}
	if f.plan == nil {
		return f.lookAtLock(ctx)
	}
	if err := f.lookAtSteps(ctx); err != nil {
		return err
	}
	return f.lookAtRollback(ctx)
}

// stands reports whether there is a plan to show that was not shown: one that people are asked about, or that is being
// carried out, so that what it means for each cloud resource is known by now.
func (f *follower) stands(ctx context.Context, over bool) (bool, error) {
	if f.plan != nil && f.archive.Ref.Operation.OnlyPlans() {
		return false, nil
	}
	asked, err := f.approval(ctx)
	if err != nil {
		return false, err
	}
	if asked != nil && !over {
		return f.plan == nil || f.plan.Digest != asked.PlanDigest, nil
	}
	if f.plan != nil || over {
		return f.plan == nil, nil
	}
	waves, err := f.archive.Store.List(ctx, f.archive.Key("waves/"), "", 1)
	return len(waves) > 0, err
}

// approval returns the run's question; nil when nobody was asked.
func (f *follower) approval(ctx context.Context) (*run.Approval, error) {
	var asked run.Approval
	err := f.archive.Read(ctx, run.ApprovalArtifact, &asked)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil
	}
	return &asked, err
}

func (f *follower) showPlan(ctx context.Context) error {
	var p plan.Plan
	err := f.archive.Read(ctx, run.PlanArtifact, &p)
	if errors.Is(err, objects.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if f.plan != nil {
		fmt.Fprintln(f.err, "Something has changed since the plan was made. This is the plan now:")
	}
	f.plan, f.outcomes, f.changes = &p, map[string]bool{}, p.Counts.Changes()
	if !f.json() {
		previews, err := execution.Previews(ctx, f.archive, &p)
		if err != nil {
			return err
		}
		if err := f.writePlan(&p, previews); err != nil {
			return err
		}
	}
	f.show.planned(&p)
	return nil
}

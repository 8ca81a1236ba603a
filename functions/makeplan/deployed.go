package makeplan

import (
	"context"
	"errors"
	"slices"

	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/policy"
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

// asking says who has to agree where each of these rules wants people: as many as the one that wants most, and those who
// started the run only where all allow it. To start a run with --auto-approve is the starter's own approval: it counts where
// that is allowed and enough.
func asking(out Out, in In, rules []resource.Approval) Out {
	out.AllowSelf = true
	for i, rule := range rules {
		out.MinApprovals, out.AllowSelf = max(out.MinApprovals, rule.MinApprovals, 1), out.AllowSelf && rule.AllowSelf
		if timeout := rule.Timeout.Seconds(); i == 0 && timeout > 0 {
			out.ApprovalTimeout = int(timeout)
		}
	}
	out.Approved = in.Request.AutoApprove && out.AllowSelf && out.MinApprovals <= 1
	return out
}

// wanting returns those rules that want people for the plan: the bundle's, and the one that was deployed before. Takes says
// that a rollback takes data away: then a person has to say so, whatever the bundle says.
func wanting(set *resource.Set, engine *policy.Engine, before *former, data map[string]any, takes bool) ([]resource.Approval, error) {
	var rules []resource.Approval
	byRule, err := engine.AutoApproves(data)
	if err != nil {
		return nil, err
	}
	if !byRule || takes {
		rules = append(rules, set.Environment.Approval)
	}
	if before == nil || before.Environment.Approval == set.Environment.Approval {
		return rules, nil
	}
	// A condition that cannot be evaluated any more approves nothing: people are asked, and the run does not end for it.
	if byRule, err := engine.For(before.Environment).AutoApproves(data); err != nil || !byRule {
		rules = append(rules, before.Environment.Approval)
	}
	return rules, nil
}

// thawed returns *resource.FrozenWindow when a freeze of the bundle, or of the one that is deployed, holds the run up.
func (h Handler) thawed(environment *resource.Environment, before *former) error {
	if err := environment.Thawed(h.Now()); err != nil || before == nil {
		return err
	}
	return before.Environment.Thawed(h.Now())
}

// takesData reports whether a rollback deletes data.
func takesData(made *plan.Plan) bool {
	return made.Operation.RollsBack() && slices.ContainsFunc(made.Steps, func(s plan.Step) bool { return s.Saves })
}

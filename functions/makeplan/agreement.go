package makeplan

import (
	"slices"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/policy"
	"github.com/deployer-io/deployer/shared/resource"
)

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

// judgeDestroy finds out who has to agree to a destroy. Where deployments are approved by nobody, or nothing is known, one
// person's word is wanted all the same: whoever started it may give it.
func judgeDestroy(out Out, in In, before *former) Out {
	if before == nil || before.Environment.Approval.Mode == resource.ApprovalAuto {
		out.AllowSelf, out.Approved = true, in.Request.AutoApprove
		return out
	}
	return asking(out, in, []resource.Approval{before.Environment.Approval})
}

// takesData reports whether a rollback deletes data.
func takesData(made *plan.Plan) bool {
	return made.Operation.RollsBack() && slices.ContainsFunc(made.Steps, func(s plan.Step) bool { return s.Saves })
}

package makeplan

import "github.com/deployer-io/deployer/shared/resource"

// judgeDestroy finds out who has to agree to a destroy. Where deployments are approved by nobody, or nothing is known, one
// person's word is wanted all the same: whoever started it may give it.
func judgeDestroy(out Out, in In, before *former) Out {
	if before == nil || before.Environment.Approval.Mode == resource.ApprovalAuto {
		out.AllowSelf, out.Approved = true, in.Request.AutoApprove
		return out
	}
	return asking(out, in, []resource.Approval{before.Environment.Approval})
}

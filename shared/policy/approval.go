package policy

import (
	"fmt"

	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/resource"
)

// addApproval compiles the condition under which a plan needs nobody's agreement.
func (e *Engine) addApproval(ds *diag.List) {
	text := e.environment.Approval.AutoApproveIf
	if text == "" {
		return
	}
	condition, err := compile("plan", text, true, planCost)
	if err == nil {
		_, err = checkCondition(condition, resource.OnPlan, nil)
	}
	if err != nil {
		ds.Errorf(CodeExpression, e.environment.Approval.Position, "spec.environments.approval.autoApproveIf", "the condition of %s: %v", e.environment.Name, err).
			WithHint("%s", hintFor(err))
		return
	}
	e.approval = condition
}

// For is the engine with another bundle's environment in place of its own: only the approval is another's.
func (e *Engine) For(environment resource.Environment) *Engine {
	other := *e
	other.environment, other.approval = environment, nil
	var mistakes diag.List // of a condition that was understood once: AutoApproves says so
	other.addApproval(&mistakes)
	return &other
}

// AutoApproves reports whether a plan, as decoded from plan.json, needs nobody's agreement: the environment's approval is
// automatic, or its condition holds. A condition that cannot be evaluated is an error, and people have to be asked.
func (e *Engine) AutoApproves(plan map[string]any) (bool, error) {
	switch e.environment.Approval.Mode {
	case resource.ApprovalAuto:
		return true, nil
	case resource.ApprovalConditional:
		if e.approval == nil {
			return false, fmt.Errorf("the condition of environment %s cannot be understood", e.scope.Environment)
		}
		data, _ := planData(plan).(map[string]any)
		holds, _, err := e.approval.holds(e.variables("plan", data))
		if err != nil {
			return false, fmt.Errorf("the condition of environment %s: %w", e.scope.Environment, err)
		}
		return holds, nil
	}
	return false, nil
}

package execution

import (
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
)

// Answer is what a plan wants done about what became of its steps: the strictest answer to any of the failures, of which
// rollback is the strictest; "" when everything was fine. Steps that were skipped follow from others; where nothing else
// failed, the environment answers.
func Answer(p *plan.Plan, outcomes []Outcome) resource.OnFailure {
	skipped, found := false, map[resource.OnFailure]bool{}
	for _, o := range outcomes {
		switch o.Outcome {
		case Failed:
			step, _ := p.Step(o.Address.Short())
			found[p.Answer(step)] = true
		case Skipped:
			skipped = true
		}
	}
	for _, answer := range []resource.OnFailure{resource.OnFailureRollback, resource.OnFailureStop, resource.OnFailureContinue} {
		if found[answer] {
			return answer
		}
	}
	if skipped {
		return p.Answer(nil)
	}
	return ""
}

// Fates is what a run's steps have done to their components, as far as that has to be undone.
func Fates(outcomes []Outcome) map[string]plan.Fate {
	fates := map[string]plan.Fate{}
	for _, o := range outcomes {
		switch {
		case o.Outcome == Done:
			fates[o.Address.Short()] = plan.Changed
		case o.Outcome == Kept:
			fates[o.Address.Short()] = plan.LetGo
		case o.Dirty:
			fates[o.Address.Short()] = plan.Half
		}
	}
	return fates
}

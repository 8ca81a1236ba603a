package makeplan

import (
	"context"
	"errors"
	"fmt"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
)

// NothingToRetry is the error of doing again a run that had planned nothing.
type NothingToRetry struct{ Run string }

func (e *NothingToRetry) Error() string {
	return fmt.Sprintf("run %s has ended before it had a plan: there is nothing of it to do again; mend what it says and apply", e.Run)
}

// unfinished returns the components whose steps in an earlier run failed, were not begun, or were taken back, by
// service/component.
func unfinished(ctx context.Context, earlier run.Archive) ([]string, error) {
	var p plan.Plan
	err := earlier.Read(ctx, run.PlanArtifact, &p)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, &NothingToRetry{Run: earlier.Ref.ID}
	}
	if err != nil {
		return nil, err
	}
	addresses := make([]address.Address, len(p.Steps))
	for i, step := range p.Steps {
		addresses[i] = step.Address
	}
	outcomes, err := execution.Outcomes(ctx, earlier, addresses)
	if err != nil {
		return nil, err
	}
	fine := map[address.Address]bool{}
	for _, o := range outcomes {
		fine[o.Address] = o.Outcome.Fine()
	}
	undone, err := undone(ctx, run.Archive{Store: earlier.Store, Ref: earlier.Ref.Undo()})
	if err != nil {
		return nil, err
	}
	for _, at := range undone {
		fine[at] = false
	}
	shorts := []string{} // not nil: that would restrict nothing
	for _, at := range addresses {
		if !fine[at] {
			shorts = append(shorts, at.Short())
		}
	}
	return shorts, nil
}

// undone returns what a rollback was to take back; whether it did, the state says.
func undone(ctx context.Context, undo run.Archive) ([]address.Address, error) {
	var back plan.Plan
	err := undo.Read(ctx, run.PlanArtifact, &back)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil
	}
	var addresses []address.Address
	for _, step := range back.Steps {
		addresses = append(addresses, step.Address)
	}
	return addresses, err
}

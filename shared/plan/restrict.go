package plan

import (
	"slices"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/state"
)

// restrict leaves out every step that is neither one of the named components', nor of what waits for those, nor needed by
// either. A need that is deployed serves as it is: to change it is not what was asked for, and since the bundle was written
// another run may have brought it further. What is left out stays to be done by another run.
func (m *maker) restrict(only []string, counts *Counts) error {
	steps, needs, err := m.order()
	if err != nil {
		return err
	}
	kept := make([]bool, len(steps))
	for i, step := range steps { // needs stand before what waits for them
		kept[i] = slices.Contains(only, step.Address.Short()) || slices.ContainsFunc(needs[i], func(need int) bool { return kept[need] })
	}
	for i := len(steps) - 1; i >= 0; i-- {
		if kept[i] {
			for _, need := range needs[i] {
				kept[need] = kept[need] || !m.serves(steps[need])
			}
		}
	}
	left := map[address.Address]bool{}
	for i, step := range steps {
		if !kept[i] {
			left[step.Address] = true
		}
	}
	for at := range left {
		delete(m.steps, at)
	}
	counts.LeftOut = len(left)
	return nil
}

// serves reports whether what a step would change can be used as it is. What a step deletes cannot stay: what needs it gone
// waits for that.
func (m *maker) serves(step *Step) bool {
	record, known := m.snapshot.Components[step.Address.Short()]
	return known && record.Status == state.Deployed && step.Action != Delete
}

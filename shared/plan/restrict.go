package plan

import (
	"slices"

	"github.com/deployer-io/deployer/shared/address"
)

// restrict leaves out every step that is neither one of the named components', nor of what waits for those, nor needed by
// either. What is left out stays to be done by another run.
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
				kept[need] = true
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

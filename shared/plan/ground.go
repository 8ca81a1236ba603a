package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/resource"
)

// keepGround leaves the network standing under data that a deletion lets go of: AWS refuses to take it away while something
// is in it, and the data would be out of reach without it. It returns what stays, sorted.
func (m *maker) keepGround() []Kept {
	var kept []Kept
	for _, short := range slices.Sorted(maps.Keys(m.snapshot.Components)) {
		record := m.snapshot.Components[short]
		step := m.steps[record.Address]
		if step == nil || step.Action != Delete || !step.Stateful || guardsOf(record.Spec).DeletionPolicy != resource.Retain {
			continue
		}
		for _, below := range record.DependsOn {
			ground := m.steps[m.snapshot.Components[below].Address]
			if ground == nil || ground.Action != Delete || ground.Kind != resource.KindNetworking {
				continue
			}
			ground.Action, ground.Reasons, ground.Changes = NoOp, nil, nil
			kept = append(kept, Kept{Component: below, Kind: ground.Kind,
				Reason: fmt.Sprintf("%s, which is kept, is in it; destroy again once that is gone", short)})
		}
	}
	slices.SortFunc(kept, func(a, b Kept) int { return strings.Compare(a.Component, b.Component) })
	return kept
}

package state

import "github.com/deployer-io/deployer/shared/address"

// The broken rules by which the proof shows that it would notice them.

// WithOneFloor lets the highest floor of all count for every component.
func WithOneFloor() Option {
	return func(s *Store) {
		s.rule = func(floors map[string]int64, fence Fence, _ address.Address) (string, int64) {
			return floorsBelow(floors, fence, s.scope)
		}
	}
}

// WithOwnFloorOnly looks only at the floors of the writer's own locks and of what is above them.
func WithOwnFloorOnly() Option {
	return func(s *Store) {
		s.rule = func(floors map[string]int64, fence Fence, _ address.Address) (string, int64) {
			on, err := fence.addresses(s.scope)
			if err != nil {
				panic(err)
			}
			for _, a := range on {
				if key, floor := floorsOnThePath(floors, fence, a); key != "" {
					return key, floor
				}
			}
			return "", 0
		}
	}
}

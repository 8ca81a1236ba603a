package state

import (
	"fmt"
	"maps"
	"slices"

	"github.com/deployer-io/deployer/shared/address"
)

// Fence is what a lock holder writes under: the keys of its locks and their common fence.
type Fence struct {
	Keys   []string
	Number int64
}

// covers reports whether a lock of the fence is on a or above it.
func (f Fence) covers(a address.Address) bool {
	return slices.ContainsFunc(upward(a), func(key string) bool { return slices.Contains(f.Keys, key) })
}

// upward returns the lock keys of a and of everything above it, the scope first.
func upward(a address.Address) []string {
	var keys []string
	for _, ancestor := range a.Ancestors() {
		keys = append(keys, ancestor.LockKey())
	}
	return append(keys, a.LockKey())
}

// floorRule returns the lock whose floor forbids the fence to write to a, and that floor; "" when none does.
//
// The floors that count for a component are its own, its service's and the scope's: whoever was granted one of these later
// has replaced the writer. A floor of another component does not count; its holder is a legal neighbour.
type floorRule func(floors map[string]int64, fence Fence, a address.Address) (key string, floor int64)

func floorsOnThePath(floors map[string]int64, fence Fence, a address.Address) (string, int64) {
	for _, key := range upward(a) {
		if floors[key] > fence.Number {
			return key, floors[key]
		}
	}
	return "", 0
}

// floorsBelow is floorsOnThePath for a fence on everything below a.
func floorsBelow(floors map[string]int64, fence Fence, a address.Address) (string, int64) {
	for _, key := range slices.Sorted(maps.Keys(floors)) {
		if floors[key] > fence.Number && isBelow(key, a) {
			return key, floors[key]
		}
	}
	return "", 0
}

// isBelow reports whether a lock key is that of something below a.
func isBelow(key string, a address.Address) bool {
	scope := a.Scope().LockKey() + ":"
	switch {
	case a.IsScope():
		return len(key) > len(scope) && key[:len(scope)] == scope
	case a.IsComponent():
		return false
	}
	prefix := scope + "component:" + a.Service + "/"
	return len(key) > len(prefix) && key[:len(prefix)] == prefix
}

// raise returns the floors with the fence installed on the addresses, and whether that changes them. What it stands above
// and is lower goes, since a path's highest floor is the one that counts.
func raise(floors map[string]int64, fence Fence, on []address.Address) (map[string]int64, bool) {
	raised, changed := make(map[string]int64, len(floors)+len(on)), false
	maps.Copy(raised, floors)
	for _, a := range on {
		if raised[a.LockKey()] == fence.Number {
			continue
		}
		maps.DeleteFunc(raised, func(key string, floor int64) bool { return floor <= fence.Number && isBelow(key, a) })
		raised[a.LockKey()], changed = fence.Number, true
	}
	return raised, changed
}

// addresses returns what the fence's locks are on.
func (f Fence) addresses(scope address.Address) ([]address.Address, error) {
	if len(f.Keys) == 0 || f.Number <= 0 {
		return nil, fmt.Errorf("state: a fence without locks or number")
	}
	var on []address.Address
	for _, key := range f.Keys {
		a, err := address.ParseLockKey(key)
		if err != nil {
			return nil, fmt.Errorf("state: %w", err)
		}
		if a.Scope() != scope {
			return nil, fmt.Errorf("state: a lock on %s is of no use for the state of %s", a, scope)
		}
		on = append(on, a)
	}
	return on, nil
}

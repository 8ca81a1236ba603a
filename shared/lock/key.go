package lock

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/deployer-io/deployer/shared/address"
)

// The table keeps other things beside the locks, under keys that no address has.
const (
	fenceSuffix = "#fence"
	auditPrefix = "audit:"
)

func fenceKey(scope address.Address) string { return scope.LockKey() + fenceSuffix }

func auditKey(lockKey string, fence int64) string {
	return auditPrefix + lockKey + ":" + strconv.FormatInt(fence, 10)
}

// target is one address to lock, with its keys.
type target struct {
	address   address.Address
	key       string
	ancestors []string // keys, the scope first
}

func newTarget(a address.Address) target {
	t := target{address: a, key: a.LockKey()}
	for _, ancestor := range a.Ancestors() {
		t.ancestors = append(t.ancestors, ancestor.LockKey())
	}
	return t
}

// targetsOf returns the targets of a lease's keys.
func targetsOf(keys []string) ([]target, error) {
	targets := make([]target, 0, len(keys))
	for _, key := range keys {
		a, err := address.ParseLockKey(key)
		if err != nil {
			return nil, fmt.Errorf("lock: %w", err)
		}
		targets = append(targets, newTarget(a))
	}
	return targets, nil
}

// targets returns what a request locks, sorted and each once: its addresses, or their scope when they are more than one
// transaction holds.
func (r Request) targets() ([]target, error) {
	if len(r.Addresses) == 0 {
		return nil, fmt.Errorf("lock: a request without an address")
	}
	addresses := slices.Clone(r.Addresses)
	slices.SortFunc(addresses, address.Address.Compare)
	addresses = slices.Compact(addresses)
	first := addresses[0]
	for _, a := range addresses {
		parsed, err := address.Parse(a.String())
		if err == nil && parsed != a {
			err = fmt.Errorf("a component %q without a service", a.Component)
		}
		if err != nil {
			return nil, fmt.Errorf("lock: %w", err)
		}
		if a.Scope() != first.Scope() || a.IsScope() != first.IsScope() || a.IsComponent() != first.IsComponent() {
			return nil, fmt.Errorf("lock: %s and %s cannot be locked together: want one stack, environment and level", first, a)
		}
	}
	targets := make([]target, len(addresses))
	for i, a := range addresses {
		targets[i] = newTarget(a)
	}
	if 1+len(ancestorsOf(targets))+len(targets) > MaxWrites {
		targets = []target{newTarget(first.Scope())}
	}
	return targets, nil
}

// ancestorsOf returns the keys above any of the targets, each once, in the order in which they come.
func ancestorsOf(targets []target) []string {
	var keys []string
	seen := map[string]bool{}
	for _, t := range targets {
		for _, key := range t.ancestors {
			if !seen[key] {
				seen[key] = true
				keys = append(keys, key)
			}
		}
	}
	return keys
}

func keysOf(targets []target) []string {
	keys := make([]string, len(targets))
	for i, t := range targets {
		keys[i] = t.key
	}
	slices.Sort(keys)
	return keys
}

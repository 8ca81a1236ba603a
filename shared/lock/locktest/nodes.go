package locktest

import (
	"math/bits"

	"github.com/deployer-io/deployer/shared/address"
)

// The addresses of the histories: a scope, two services, two components in each. Sets of them are bit masks.
var (
	scope = address.Scope("shop", "test")
	nodes = []address.Address{scope, service("a"), service("b"), scope.In("a", "x"), scope.In("a", "y"), scope.In("b", "x"), scope.In("b", "y")}
	// related are the nodes that a lock on the node excludes: itself, and what is above and below it.
	related = relations(func(a, b address.Address) bool { return a.Contains(b) || b.Contains(a) })
	// path are the node and what is above it.
	path  = relations(func(a, b address.Address) bool { return b.Contains(a) })
	byKey = map[string]int{}
)

const (
	holders        = 4 // clients that lock
	firstComponent = 3
)

func init() {
	for i, node := range nodes {
		byKey[node.LockKey()] = i
	}
}

func service(name string) address.Address {
	return address.Address{Stack: scope.Stack, Environment: scope.Environment, Service: name}
}

func relations(holds func(a, b address.Address) bool) (masks [7]uint8) {
	for i, a := range nodes {
		for j, b := range nodes {
			if holds(a, b) {
				masks[i] |= 1 << j
			}
		}
	}
	return masks
}

// wish draws what an execution locks.
func (w *World) wish() uint8 {
	wishes := []uint8{1 << 0, 1 << 1, 1 << 2, 1<<1 | 1<<2, 1 << 3, 1 << 4, 1 << 5, 1<<3 | 1<<4, 1<<3 | 1<<5, 1<<4 | 1<<5 | 1<<6}
	return wishes[w.random.IntN(len(wishes))]
}

func addresses(mask uint8) []address.Address {
	var list []address.Address
	for each := range eachBit(mask) {
		list = append(list, nodes[each])
	}
	return list
}

func eachBit(mask uint8) func(func(int) bool) {
	return func(yield func(int) bool) {
		for ; mask != 0; mask &= mask - 1 {
			if !yield(bits.TrailingZeros8(mask)) {
				return
			}
		}
	}
}

// maskOf is the set of a lease's keys.
func maskOf(keys []string) (mask uint8) {
	for _, key := range keys {
		mask |= 1 << byKey[key]
	}
	return mask
}

// below draws a component that the lease covers.
func (w *World) below(mask uint8) int {
	var components []int
	for node := firstComponent; node < len(nodes); node++ {
		if path[node]&mask != 0 {
			components = append(components, node)
		}
	}
	return components[w.random.IntN(len(components))]
}

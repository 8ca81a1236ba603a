package state

import (
	"fmt"

	"github.com/deployer-io/deployer/shared/address"
)

// Reason is why a snapshot's bytes are refused.
type Reason string

// The reasons.
const (
	BadJSON      Reason = "bad JSON"
	BadChecksum  Reason = "bad checksum"
	NewerSchema  Reason = "newer schema"
	OtherLineage Reason = "other lineage"
	OtherScope   Reason = "other scope"
	OtherSerial  Reason = "other serial"
	Missing      Reason = "missing"
)

// Refusal says what is wrong with the bytes of a snapshot.
type Refusal struct {
	Reason Reason `json:"reason"`
	Detail string `json:"detail"`
}

func (e *Refusal) Error() string { return fmt.Sprintf("%s: %s", e.Reason, e.Detail) }

// StateCorrupt is the error of a state.json that is not to be trusted. Nothing was changed.
type StateCorrupt struct {
	Refusal
	Scope address.Address `json:"scope"`
	Key   string          `json:"key"`
	// NewestGood is the newest serial in the history that can be restored; 0: there is none.
	NewestGood int64 `json:"newestGood"`
}

func (e *StateCorrupt) Error() string {
	text := fmt.Sprintf("the state of %s (%s) is refused: %s", e.Scope, e.Key, &e.Refusal)
	switch {
	case e.Reason == NewerSchema:
		return text
	case e.NewestGood == 0:
		return text + "; its history holds no good one: bring one back with 'deployer state import'"
	}
	return fmt.Sprintf("%s; the newest good one in its history is serial %d: look at it with 'deployer state show %s --serial %d', "+
		"bring it back with 'deployer state restore %s --serial %d'", text, e.NewestGood, e.Scope, e.NewestGood, e.Scope, e.NewestGood)
}

// Unwrap returns the refusal.
func (e *StateCorrupt) Unwrap() error { return &e.Refusal }

// FencedOut is the error of a write by a lock holder that was replaced. Nothing was changed, and nothing may be done in
// that lock's name any more.
type FencedOut struct {
	Scope address.Address `json:"scope"`
	Key   string          `json:"key"`   // of the lock whose floor is higher
	Floor int64           `json:"floor"` // the fence of the later holder
	Fence int64           `json:"fence"`
}

func (e *FencedOut) Error() string {
	return fmt.Sprintf("the state of %s is no longer this run's to write: its lock has fence %d, and fence %d has been granted on %s since; "+
		"stop, and start a new run", e.Scope, e.Fence, e.Floor, e.Key)
}

// NotCovered is the error of a write to something that the lock does not cover: a mistake of the program.
type NotCovered struct {
	Address address.Address `json:"address"`
	Keys    []string        `json:"keys"`
}

func (e *NotCovered) Error() string {
	return fmt.Sprintf("the state of %s may not be changed under the locks %v, which do not cover it", e.Address, e.Keys)
}

// StateUnavailable is the error of a store that gave no clear answer, or of a state that others kept changing. What was
// asked may have happened; asking again is safe for a change that looks at what is there.
type StateUnavailable struct {
	Doing string          `json:"doing"`
	Scope address.Address `json:"scope"`
	cause error
}

func (e *StateUnavailable) Error() string {
	return fmt.Sprintf("%s of %s: no clear answer, try again: %v", e.Doing, e.Scope, e.cause)
}

// Unwrap returns the last answer of the store.
func (e *StateUnavailable) Unwrap() error { return e.cause }

// SerialUnknown is the error of asking for a serial that the history does not hold.
type SerialUnknown struct {
	Scope  address.Address `json:"scope"`
	Serial int64           `json:"serial"`
}

func (e *SerialUnknown) Error() string {
	return fmt.Sprintf("the history of %s holds no serial %d: 'deployer state history %s' lists what it holds", e.Scope, e.Serial, e.Scope)
}

// ImportRefused is the error of a snapshot that may not become the state.
type ImportRefused struct {
	Refusal
	Scope address.Address `json:"scope"`
}

func (e *ImportRefused) Error() string {
	return fmt.Sprintf("the snapshot may not become the state of %s: %s", e.Scope, &e.Refusal)
}

// Unwrap returns the refusal.
func (e *ImportRefused) Unwrap() error { return &e.Refusal }

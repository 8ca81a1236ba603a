package state

import (
	"context"
	"errors"
	"fmt"

	"github.com/deployer-io/deployer/shared/address"
)

// Restore makes the components of an earlier serial the state again, under a lock on the whole scope. The state moves on
// to a new serial; the history stays. It also replaces a state.json that is refused: the new serial then comes after all
// in the history. A state of a newer schema is left to a newer program.
func (s *Store) Restore(ctx context.Context, fence Fence, serial int64, run string) (Snapshot, error) {
	wanted, err := s.At(ctx, serial)
	if err != nil {
		return Snapshot{}, err
	}
	return s.commit(ctx, commit{fence: fence, touched: []address.Address{s.scope}, base: s.baseFor(fence, wanted),
		change: func(next *Snapshot) error {
			next.Components, next.Bundle, next.LastGood, next.Run = wanted.Components, wanted.Bundle, min(wanted.LastGood, serial), run
			return nil
		}})
}

// baseFor reads what a restored snapshot comes after. Where the state is refused, that is what the history knows, under the
// floor of the lock on the whole scope, which is above all others.
func (s *Store) baseFor(fence Fence, wanted Snapshot) func(context.Context) (Snapshot, string, error) {
	return func(ctx context.Context) (Snapshot, string, error) {
		current, etag, err := s.read(ctx)
		var refusal *Refusal
		if !errors.As(err, &refusal) {
			return current, etag, err
		}
		if refusal.Reason == NewerSchema {
			return Snapshot{}, "", &StateCorrupt{Refusal: *refusal, Scope: s.scope, Key: s.Key()}
		}
		base := s.empty()
		base.Lineage, base.Floors = wanted.Lineage, map[string]int64{s.scope.LockKey(): fence.Number}
		base.Serial, err = s.lastSerial(ctx)
		return base, etag, err
	}
}

// lastSerial is the highest serial that was ever written to the history.
func (s *Store) lastSerial(ctx context.Context) (int64, error) {
	entries, err := s.entries(ctx)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	return entries[len(entries)-1].Serial, nil
}

// Export returns the bytes of the state, which Import takes. The error is *StateCorrupt as for Read.
func (s *Store) Export(ctx context.Context) ([]byte, error) {
	snapshot, _, err := s.Read(ctx)
	if err != nil {
		return nil, err
	}
	return Encode(snapshot)
}

// Import makes an exported snapshot the state, under a lock on the whole scope: as its next serial, in the present lineage.
// The error is *ImportRefused for a snapshot that is damaged, of another scope or lineage, or older than the state. A state
// that nothing was committed to yet takes the snapshot's lineage.
func (s *Store) Import(ctx context.Context, fence Fence, data []byte, run string) (Snapshot, error) {
	imported, err := s.accept(data)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return Snapshot{}, &ImportRefused{Refusal: *refusal, Scope: s.scope}
	}
	base := func(ctx context.Context) (Snapshot, string, error) {
		current, etag, err := s.Read(ctx)
		if err == nil && current.Serial == 0 {
			current.Lineage = imported.Lineage
		}
		if err == nil && current.Lineage == imported.Lineage {
			current.Serial = max(current.Serial, imported.Serial)
		}
		return current, etag, err
	}
	change := func(next *Snapshot) error {
		refusal := Refusal{Reason: OtherLineage, Detail: fmt.Sprintf("its lineage is %s, the state's is %s", imported.Lineage, next.Lineage)}
		if next.Lineage == imported.Lineage {
			refusal = Refusal{Reason: OtherSerial, Detail: fmt.Sprintf("it has serial %d, the state is at %d by now: export it anew and import that",
				imported.Serial, next.Serial)}
		}
		if next.Lineage != imported.Lineage || imported.Serial < next.Serial {
			return &ImportRefused{Refusal: refusal, Scope: s.scope}
		}
		next.Components, next.Bundle, next.LastGood, next.Run = imported.Components, imported.Bundle, imported.LastGood, run
		return nil
	}
	return s.commit(ctx, commit{fence: fence, touched: []address.Address{s.scope}, change: change, base: base})
}

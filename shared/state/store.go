package state

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/objects"
)

// attempts is how often an operation looks anew when others write meanwhile or the store does not answer.
const attempts = 24

// Store is the state of one stack and environment on an object store. It keeps nothing in memory, so it may be made anew
// for every call, and it is safe for concurrent use, by several processes too.
type Store struct {
	objects objects.Store
	scope   address.Address
	now     func() time.Time
	newID   func() string
	lineage string
	rule    floorRule
}

// Option changes a Store.
type Option func(*Store)

// WithClock stamps what is written with the time. Without it nothing is stamped, and the history's times are the store's.
func WithClock(now func() time.Time) Option { return func(s *Store) { s.now = now } }

// WithIDs takes new lineages and the ids of attempts from newID instead of from random numbers.
func WithIDs(newID func() string) Option { return func(s *Store) { s.newID = newID } }

// WithLineage refuses a state of another lineage.
func WithLineage(lineage string) Option { return func(s *Store) { s.lineage = lineage } }

// NewStore returns the state of the scope that a lies in.
func NewStore(store objects.Store, a address.Address, options ...Option) *Store {
	s := &Store{objects: store, scope: a.Scope(), rule: floorsOnThePath, newID: randomID, now: func() time.Time { return time.Time{} }}
	for _, option := range options {
		option(s)
	}
	return s
}

func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	return hex.EncodeToString(b[:])
}

// Key is the object key of the state.
func (s *Store) Key() string { return s.scope.Prefix() + "state.json" }

// Read returns the state and the ETag of its object. Where there is none yet, it is an empty snapshot with serial 0 and the
// ETag is "". The error is *StateCorrupt for a state that is not to be trusted.
func (s *Store) Read(ctx context.Context) (Snapshot, string, error) {
	snapshot, etag, err := s.read(ctx)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return Snapshot{}, etag, &StateCorrupt{Refusal: *refusal, Scope: s.scope, Key: s.Key(), NewestGood: s.newestGood(ctx)}
	}
	return snapshot, etag, err
}

// read is Read with the bare refusal as its error; the ETag is given beside that, too.
func (s *Store) read(ctx context.Context) (Snapshot, string, error) {
	object, err := s.get(ctx, s.Key())
	if errors.Is(err, objects.ErrNotFound) {
		history, listErr := s.list(ctx, s.historyPrefix())
		if listErr != nil {
			return Snapshot{}, "", listErr
		}
		if len(history) == 0 {
			return s.empty(), "", nil
		}
		// Where there is a history, there was a state, and starting afresh would forget everything that is deployed; unless
		// both have come about between the two looks.
		if object, err = s.get(ctx, s.Key()); errors.Is(err, objects.ErrNotFound) {
			return Snapshot{}, "", &Refusal{Reason: Missing, Detail: "there is a history, so it was there and has been deleted"}
		}
	}
	if err != nil {
		return Snapshot{}, "", err
	}
	snapshot, err := s.accept(object.Data)
	return snapshot, object.ETag, err
}

func (s *Store) empty() Snapshot {
	return Snapshot{SchemaVersion: SchemaVersion, Scope: s.scope, Floors: map[string]int64{}, Components: map[string]Record{}}
}

// accept decodes a snapshot and checks that it is one of this state.
func (s *Store) accept(data []byte) (Snapshot, error) {
	snapshot, err := Decode(data)
	switch {
	case err != nil:
		return Snapshot{}, err
	case snapshot.Scope != s.scope:
		return Snapshot{}, &Refusal{Reason: OtherScope, Detail: "it is the state of " + snapshot.Scope.String()}
	case s.lineage != "" && snapshot.Lineage != s.lineage:
		return Snapshot{}, &Refusal{Reason: OtherLineage, Detail: fmt.Sprintf("its lineage is %s, wanted is %s", snapshot.Lineage, s.lineage)}
	}
	return snapshot, nil
}

// get reads an object, again when the store does not answer.
func (s *Store) get(ctx context.Context, key string) (objects.Object, error) {
	for attempt := 1; ; attempt++ {
		object, err := s.objects.Get(ctx, key)
		if err == nil || errors.Is(err, objects.ErrNotFound) || attempt == attempts || ctx.Err() != nil {
			return object, err
		}
	}
}

// Install raises the floors of the fence's locks, so that no earlier holder of any of them, or of a lock above or below,
// can write any more. It is the first act after a lock was granted, before any side effect. It may be repeated.
// The error is *FencedOut when a later holder has done so already.
func (s *Store) Install(ctx context.Context, fence Fence) error {
	on, err := fence.addresses(s.scope)
	if err != nil {
		return err
	}
	for range attempts {
		var done bool
		if done, err = s.install(ctx, fence, on); done {
			return nil
		}
		if err != nil && !s.again(ctx, err) {
			return err
		}
	}
	return &StateUnavailable{Doing: "install fence in the state", Scope: s.scope, cause: err}
}

func (s *Store) install(ctx context.Context, fence Fence, on []address.Address) (done bool, err error) {
	snapshot, etag, err := s.Read(ctx)
	if err != nil {
		return false, err
	}
	for _, a := range on {
		if err := s.forbidden(snapshot.Floors, fence, a, floorsOnThePath); err != nil {
			return false, err
		}
	}
	floors, changed := raise(snapshot.Floors, fence, on)
	if !changed {
		return true, nil
	}
	snapshot.Floors = floors
	if snapshot.Lineage == "" {
		snapshot.Lineage = s.newID()
	}
	data, err := Encode(snapshot)
	if err != nil {
		return false, err
	}
	_, err = s.objects.Put(ctx, s.Key(), data, matching(etag))
	return err == nil, err
}

// forbidden returns the error of a fence that may not write to a or to anything below it.
func (s *Store) forbidden(floors map[string]int64, fence Fence, a address.Address, rule floorRule) error {
	key, floor := rule(floors, fence, a)
	if key == "" {
		key, floor = floorsBelow(floors, fence, a)
	}
	if key == "" {
		return nil
	}
	return &FencedOut{Scope: s.scope, Key: key, Floor: floor, Fence: fence.Number}
}

// matching is the condition that the state is still the one that was read.
func matching(etag string) objects.Condition {
	if etag == "" {
		return objects.IfAbsent()
	}
	return objects.IfMatch(etag)
}

// again reports whether an operation that failed so may be tried once more: the state has changed meanwhile, or the store
// did not answer. A refusal of ours, or a context that has ended, is final.
func (s *Store) again(ctx context.Context, err error) bool {
	var corrupt *StateCorrupt
	var fenced *FencedOut
	return ctx.Err() == nil && !errors.As(err, &corrupt) && !errors.As(err, &fenced) && !errors.Is(err, objects.ErrKey)
}

func newNumberDecoder(data []byte) *json.Decoder {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // 64-bit numbers stay what they are
	return decoder
}

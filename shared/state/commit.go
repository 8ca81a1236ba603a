package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/objects"
)

// ErrNoChange is what a change returns that finds nothing to do: nothing is written, and Commit returns what is there.
var ErrNoChange = errors.New("state: nothing to change")

// Commit applies a change to the state, under a fence. It writes the successor to the history, then replaces state.json,
// provided that nobody else has meanwhile; else it starts anew from what is there then, so change may be called several
// times and must depend on nothing but its argument. Change may set Run (it must, unless it is set), Bundle, Hold, LastGood and
// those Components that touched names or that lie below one of touched.
//
// The error is *FencedOut when a later lock holder has installed itself, *NotCovered when the fence's locks do not cover
// what changes, *StateCorrupt, what change returned, or *StateUnavailable.
func (s *Store) Commit(ctx context.Context, fence Fence, touched []address.Address, change func(*Snapshot) error) (Snapshot, error) {
	return s.commit(ctx, commit{fence: fence, touched: touched, change: change, base: s.Read})
}

// commit is one Commit on its way.
type commit struct {
	fence   Fence
	touched []address.Address
	change  func(*Snapshot) error
	base    func(context.Context) (Snapshot, string, error)
	at      time.Time
	// unsure are the snapshots, by entry, that were sent without a clear answer: they may have become the state.
	unsure map[string]Snapshot
}

func (s *Store) commit(ctx context.Context, c commit) (Snapshot, error) {
	if _, err := c.fence.addresses(s.scope); err != nil {
		return Snapshot{}, err
	}
	for _, a := range c.touched {
		if a.Scope() != s.scope || !c.fence.covers(a) {
			return Snapshot{}, &NotCovered{Address: a, Keys: c.fence.Keys}
		}
	}
	c.at, c.unsure = s.now().UTC(), map[string]Snapshot{}
	var err error
	for range attempts {
		var next Snapshot
		if next, err = s.try(ctx, &c); err == nil {
			return next, nil
		}
		var final *finalError
		if errors.As(err, &final) {
			return Snapshot{}, final.error
		}
		if !s.again(ctx, err) {
			return Snapshot{}, err
		}
	}
	return Snapshot{}, &StateUnavailable{Doing: "commit to the state", Scope: s.scope, cause: err}
}

// finalError is an error that another attempt would not change.
type finalError struct{ error }

func (e *finalError) Unwrap() error { return e.error }

// try makes one attempt from what is there now.
func (s *Store) try(ctx context.Context, c *commit) (Snapshot, error) {
	current, etag, err := c.base(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	if sent, ok, err := s.arrived(ctx, c, current); ok || err != nil {
		return sent, err
	}
	for _, a := range c.touched {
		if err := s.forbidden(current.Floors, c.fence, a, s.rule); err != nil {
			return Snapshot{}, err
		}
	}
	next, lines, err := s.successor(c, current)
	if errors.Is(err, ErrNoChange) {
		return current, nil
	}
	if err != nil {
		return Snapshot{}, &finalError{err}
	}
	if err := s.writeHistory(ctx, &next, lines); err != nil {
		return Snapshot{}, err
	}
	data, checksum, err := seal(next, lines)
	if err != nil {
		return Snapshot{}, &finalError{err}
	}
	next.Checksum = checksum
	_, err = s.objects.Put(ctx, s.Key(), data, matching(etag))
	if err != nil && !errors.Is(err, objects.ErrPrecondition) && !errors.Is(err, objects.ErrConflict) {
		c.unsure[next.Entry] = next
	}
	return next, err
}

// arrived reports whether a snapshot that was sent without a clear answer has become the state, or had before the present
// one did.
func (s *Store) arrived(ctx context.Context, c *commit, current Snapshot) (Snapshot, bool, error) {
	if len(c.unsure) == 0 {
		return Snapshot{}, false, nil
	}
	oldest := current.Serial
	for _, sent := range c.unsure {
		oldest = min(oldest, sent.Serial)
	}
	for back := current; ; {
		if sent, ok := c.unsure[back.Entry]; ok {
			return sent, true, nil
		}
		if back.Serial <= oldest || back.Previous == "" {
			return Snapshot{}, false, nil
		}
		object, err := s.get(ctx, s.historyKey(back.Previous))
		if err != nil {
			return Snapshot{}, false, err
		}
		if back, err = s.accept(object.Data); err != nil {
			return Snapshot{}, false, &finalError{fmt.Errorf("history of %s: %w", s.scope, err)}
		}
	}
}

// successor applies the change and returns what comes after current, with its components' lines.
func (s *Store) successor(c *commit, current Snapshot) (Snapshot, map[string][]byte, error) {
	before, err := encodeRecords(current.Components)
	if err != nil {
		return Snapshot{}, nil, err
	}
	next := current
	next.Components = maps.Clone(current.Components)
	if err := c.change(&next); err != nil {
		return Snapshot{}, nil, err
	}
	next.SchemaVersion, next.Scope, next.Lineage, next.Floors = SchemaVersion, s.scope, current.Lineage, current.Floors
	next.Serial, next.Previous, next.At, next.Checksum = current.Serial+1, current.Entry, c.at, ""
	if next.Lineage == "" {
		return Snapshot{}, nil, fmt.Errorf("state: commit to %s without a fence installed", s.scope)
	}
	if !runName(next.Run) {
		return Snapshot{}, nil, fmt.Errorf("state: commit to %s by a run named %q: want letters, digits, '-', '_', '.'", s.scope, next.Run)
	}
	after, err := encodeRecords(next.Components)
	if err != nil {
		return Snapshot{}, nil, err
	}
	if err := s.stamp(c, &next, before, after); err != nil {
		return Snapshot{}, nil, err
	}
	return next, after, nil
}

// stamp gives the changed records their serial and refuses changes of others than touched.
func (s *Store) stamp(c *commit, next *Snapshot, before, after map[string][]byte) error {
	for short, line := range before {
		if _, stays := after[short]; !stays && !c.touches(s.scope, short) {
			return &NotCovered{Address: at(s.scope, short), Keys: c.fence.Keys}
		}
		if bytes.Equal(line, after[short]) {
			continue
		}
	}
	for _, short := range slices.Sorted(maps.Keys(after)) {
		if bytes.Equal(before[short], after[short]) {
			continue
		}
		record := next.Components[short]
		if record.Address.Short() != short || record.Address.Scope() != s.scope || !record.Address.IsComponent() {
			return fmt.Errorf("state: the component %s stands under the name %s", record.Address, short)
		}
		if !c.touches(s.scope, short) {
			return &NotCovered{Address: record.Address, Keys: c.fence.Keys}
		}
		record.Serial = next.Serial
		next.Components[short] = record
		lines, err := encodeRecords(map[string]Record{short: record})
		if err != nil {
			return err
		}
		after[short] = lines[short]
	}
	return nil
}

// touches reports whether the component of that short name is among what the commit may change.
func (c *commit) touches(scope address.Address, short string) bool {
	return slices.ContainsFunc(c.touched, func(t address.Address) bool { return t.Contains(at(scope, short)) })
}

// at is the component of that short name.
func at(scope address.Address, short string) address.Address {
	a, err := address.Parse(scope.String() + "/" + short)
	if err != nil {
		return address.Address{}
	}
	return a
}

// runName reports whether a run's name may stand in an object key.
func runName(run string) bool {
	for _, c := range []byte(run) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return run != "" && len(run) <= 128
}

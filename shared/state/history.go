package state

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deployer-io/deployer/shared/objects"
)

// Retention is how long the history is kept.
const Retention = 90 * 24 * time.Hour

// Entry is one snapshot of the history.
type Entry struct {
	Serial int64     `json:"serial"`
	Name   string    `json:"name"`
	Key    string    `json:"key"`
	Run    string    `json:"run"`
	At     time.Time `json:"at"` // when it was written, by the store's clock
	Size   int64     `json:"size"`
}

func (s *Store) historyPrefix() string { return s.scope.Prefix() + "history/" }

func (s *Store) historyKey(name string) string { return s.historyPrefix() + name + ".json" }

// entryName names a history object: the serial, so wide that names order as serials do, and the run. Variant counts from 1;
// a second one comes about when a run that died before its commit is run again and comes to another result.
func entryName(serial int64, run string, variant int) string {
	name := fmt.Sprintf("%08d-%s", serial, run)
	if variant > 1 {
		name += fmt.Sprintf("~%d", variant)
	}
	return name
}

// writeHistory writes the snapshot into the history, under a name that it gives to it. What stands in the history is never
// written over: the same run's earlier try is taken for this one when it says the same.
func (s *Store) writeHistory(ctx context.Context, next *Snapshot, lines map[string][]byte) error {
	for variant := 1; variant <= attempts; variant++ {
		next.Entry = entryName(next.Serial, next.Run, variant)
		data, _, err := seal(*next, lines)
		if err != nil {
			return err
		}
		key := s.historyKey(next.Entry)
		_, err = s.objects.Put(ctx, key, data, objects.IfAbsent())
		if err == nil {
			return nil
		}
		object, readErr := s.get(ctx, key)
		switch {
		case errors.Is(readErr, objects.ErrNotFound):
			return err
		case readErr != nil:
			return readErr
		}
		earlier, err := s.accept(object.Data)
		if err == nil && sameExceptTime(earlier, *next, lines) {
			next.At = earlier.At
			return nil
		}
	}
	return fmt.Errorf("state: run %s has written serial %d of %s too often", next.Run, next.Serial, s.scope)
}

// sameExceptTime reports whether two snapshots say the same but for when, and for the floors, which belong to the locks and
// not to the history.
func sameExceptTime(earlier, next Snapshot, lines map[string][]byte) bool {
	if len(earlier.Components) != len(next.Components) {
		return false
	}
	before, err := encodeRecords(earlier.Components)
	if err != nil {
		return false
	}
	for short, line := range lines {
		if !bytes.Equal(before[short], line) {
			return false
		}
	}
	plain := func(s Snapshot) []byte {
		s.At, s.Floors = time.Time{}, nil
		data, err := json.Marshal(s)
		if err != nil {
			panic(fmt.Sprintf("state: a snapshot that was encoded before does not encode: %v", err))
		}
		return data
	}
	return bytes.Equal(plain(earlier), plain(next))
}

// entries lists the history's objects, the oldest first, those that never became the state included.
func (s *Store) entries(ctx context.Context) ([]Entry, error) {
	listed, err := s.list(ctx, s.historyPrefix())
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(listed))
	for _, object := range listed {
		name, ok := strings.CutSuffix(strings.TrimPrefix(object.Key, s.historyPrefix()), ".json")
		number, run, dash := strings.Cut(name, "-")
		serial, err := strconv.ParseInt(number, 10, 64)
		if !ok || !dash || err != nil || serial < 1 {
			continue
		}
		run, _, _ = strings.Cut(run, "~")
		entries = append(entries, Entry{Serial: serial, Name: name, Key: object.Key, Run: run, At: object.Modified, Size: object.Size})
	}
	slices.SortStableFunc(entries, func(a, b Entry) int { return int(a.Serial - b.Serial) })
	return entries, nil
}

func (s *Store) list(ctx context.Context, prefix string) ([]objects.Object, error) {
	for attempt := 1; ; attempt++ {
		listed, err := s.objects.List(ctx, prefix, "", 0)
		if err == nil || attempt == attempts || ctx.Err() != nil {
			return listed, err
		}
	}
}

// History returns the snapshots that became the state, the newest first. Those that were written and never did, because
// their writer died or was overtaken, are left out.
func (s *Store) History(ctx context.Context) ([]Entry, error) {
	entries, err := s.entries(ctx)
	if err != nil {
		return nil, err
	}
	current, _, err := s.read(ctx)
	var refusal *Refusal
	if err != nil && !errors.As(err, &refusal) {
		return nil, err
	}
	if err != nil {
		return s.chain(ctx, entries, Snapshot{})
	}
	return s.chain(ctx, entries, current)
}

// chain picks, of the entries of one serial, the one that its successor names; only where there are several does it have
// to read the successor. Without a current snapshot all entries are taken, in case of doubt the last written.
func (s *Store) chain(ctx context.Context, entries []Entry, current Snapshot) ([]Entry, error) {
	var chain []Entry
	expected := current.Entry // of the serial that comes next
	for end := len(entries); end > 0; {
		start := end
		for start > 0 && entries[start-1].Serial == entries[end-1].Serial {
			start--
		}
		candidates := entries[start:end]
		end = start
		serial := candidates[0].Serial
		if current.SchemaVersion != 0 && serial > current.Serial {
			continue
		}
		if len(candidates) > 1 && len(chain) > 0 && chain[len(chain)-1].Serial == serial+1 {
			successor, err := s.open(ctx, chain[len(chain)-1])
			if err != nil && !isRefusal(err) {
				return nil, err
			}
			expected = successor.Previous
		}
		chosen := candidates[0]
		for _, candidate := range candidates[1:] {
			if candidate.Name == expected || chosen.Name != expected && candidate.At.After(chosen.At) {
				chosen = candidate
			}
		}
		chain = append(chain, chosen)
	}
	return chain, nil
}

func isRefusal(err error) bool {
	var refusal *Refusal
	return errors.As(err, &refusal)
}

// open reads an entry.
func (s *Store) open(ctx context.Context, entry Entry) (Snapshot, error) {
	object, err := s.get(ctx, entry.Key)
	if err != nil {
		return Snapshot{}, err
	}
	snapshot, err := s.accept(object.Data)
	switch {
	case err != nil:
		return Snapshot{}, err
	case snapshot.Serial != entry.Serial || snapshot.Entry != "" && snapshot.Entry != entry.Name:
		return Snapshot{}, &Refusal{Reason: OtherSerial, Detail: fmt.Sprintf("it is %s with serial %d", snapshot.Entry, snapshot.Serial)}
	}
	return snapshot, nil
}

// newestGood returns the newest serial of the history whose snapshot is whole; 0 when there is none.
func (s *Store) newestGood(ctx context.Context) int64 {
	entries, err := s.entries(ctx)
	if err != nil {
		return 0
	}
	chain, err := s.chain(ctx, entries, Snapshot{})
	if err != nil {
		return 0
	}
	for _, entry := range chain {
		if _, err := s.open(ctx, entry); err == nil {
			return entry.Serial
		}
	}
	return 0
}

// At returns the snapshot that was the state at a serial. The error is *SerialUnknown when the history holds none.
func (s *Store) At(ctx context.Context, serial int64) (Snapshot, error) {
	history, err := s.History(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	for _, entry := range history {
		if entry.Serial == serial {
			snapshot, err := s.open(ctx, entry)
			if err != nil {
				return Snapshot{}, fmt.Errorf("history object %s: %w", entry.Key, err)
			}
			return snapshot, nil
		}
	}
	return Snapshot{}, &SerialUnknown{Scope: s.scope, Serial: serial}
}

// Package world is what exists in the simulated cloud: records go in through transactions, and are found again by key,
// by any of their names, and by what refers to them. With a folder a world outlives its process and is shared by several:
// every transaction holds an advisory lock and first reads what others have appended to the journal.
package world

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Options say where a world is kept and how records are indexed.
type Options struct {
	// Dir is the folder of the journal; empty keeps the world in memory.
	Dir string
	// Seed makes generated identifiers repeatable for a new world; empty draws one.
	Seed string
	// Now is the clock.
	Now func() time.Time
	// Pace is how many times faster things become ready than on AWS; 0: as on AWS.
	Pace float64
	// Index returns the names under which a record can be found, and the names that it refers to. Names of different
	// types must differ, so they carry the type.
	Index func(*Record) (names, references []string)
	// Sealer hides secret values on disk; nil only in memory.
	Sealer *Sealer
}

// World holds records. It is safe for concurrent use.
type World struct {
	options Options
	journal *journal // nil in memory

	mu       sync.Mutex
	seed     string
	sequence uint64
	records  map[Key]*Record
	types    map[string]map[Key]*Record
	names    map[string]map[Key]*Record
	referrer map[string]map[Key]*Record
}

// Open returns the world kept in options.Dir, or an empty one.
func Open(options Options) (*World, error) {
	if options.Now == nil || options.Index == nil {
		return nil, errors.New("world: Now and Index must be set")
	}
	w := &World{options: options, seed: options.Seed}
	w.reset()
	if w.seed == "" {
		w.seed = randomSeed()
	}
	if options.Dir == "" {
		return w, nil
	}
	if options.Sealer == nil {
		return nil, errors.New("world: a world in a folder needs a sealer for its secrets")
	}
	var err error
	w.journal, err = openJournal(options.Dir, options.Sealer)
	return w, err
}

// Close gives the folder back.
func (w *World) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.journal == nil {
		return nil
	}
	return w.journal.close()
}

func (w *World) reset() {
	w.records = map[Key]*Record{}
	w.types, w.names, w.referrer = map[string]map[Key]*Record{}, map[string]map[Key]*Record{}, map[string]map[Key]*Record{}
}

// Update runs change as one transaction: when it returns an error nothing has happened. Change must not keep the Tx.
func (w *World) Update(change func(*Tx) error) error { return w.transact(true, change) }

// View runs look on a consistent state.
func (w *World) View(look func(*Tx) error) error { return w.transact(false, look) }

func (w *World) transact(write bool, run func(*Tx) error) (err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.journal != nil {
		unlock, err := w.journal.enter(write, w)
		if err != nil {
			return err
		}
		defer unlock()
	}
	tx := &Tx{world: w, write: write, salt: w.sequence, now: w.options.Now().UTC()}
	if err := run(tx); err != nil {
		tx.undo()
		return err
	}
	if len(tx.steps) == 0 {
		return nil
	}
	w.sequence++
	if w.journal != nil {
		if err := w.journal.append(w, tx.steps); err != nil {
			tx.undo()
			w.sequence--
			return err
		}
	}
	return nil
}

func (w *World) place(r *Record) {
	key := r.Key()
	w.remove(key)
	w.records[key] = r
	add(w.types, r.Type, r)
	names, references := w.options.Index(r)
	for _, n := range names {
		add(w.names, n, r)
	}
	for _, n := range references {
		add(w.referrer, n, r)
	}
}

func (w *World) remove(key Key) *Record {
	r := w.records[key]
	if r == nil {
		return nil
	}
	delete(w.records, key)
	drop(w.types, r.Type, key)
	names, references := w.options.Index(r)
	for _, n := range names {
		drop(w.names, n, key)
	}
	for _, n := range references {
		drop(w.referrer, n, key)
	}
	return r
}

func add(index map[string]map[Key]*Record, name string, r *Record) {
	if index[name] == nil {
		index[name] = map[Key]*Record{}
	}
	index[name][r.Key()] = r
}

func drop(index map[string]map[Key]*Record, name string, key Key) {
	delete(index[name], key)
	if len(index[name]) == 0 {
		delete(index, name)
	}
}

// Tx is one transaction.
type Tx struct {
	world *World
	write bool
	steps []step
	salt  uint64
	drawn int
	now   time.Time
}

type step struct{ before, after *Record }

// Now is the time of the transaction, UTC.
func (tx *Tx) Now() time.Time { return tx.now }

// In is the time at which something is ready that takes so long on AWS.
func (tx *Tx) In(long time.Duration) time.Time {
	if pace := tx.world.options.Pace; pace > 0 {
		long = time.Duration(float64(long) / pace)
	}
	return tx.now.Add(long)
}

// Put adds or replaces a record.
func (tx *Tx) Put(r *Record) {
	tx.must()
	before := tx.world.records[r.Key()]
	tx.world.place(r)
	tx.steps = append(tx.steps, step{before, r})
}

// Delete removes a record, if it is there.
func (tx *Tx) Delete(key Key) {
	tx.must()
	if before := tx.world.remove(key); before != nil {
		tx.steps = append(tx.steps, step{before, nil})
	}
}

func (tx *Tx) must() {
	if !tx.write {
		panic("world: a View changed something")
	}
}

func (tx *Tx) undo() {
	for _, s := range slices.Backward(tx.steps) {
		if s.after != nil {
			tx.world.remove(s.after.Key())
		}
		if s.before != nil {
			tx.world.place(s.before)
		}
	}
}

// Get returns the record, or nil.
func (tx *Tx) Get(key Key) *Record { return tx.world.records[key] }

// All returns every record, ordered by type, account, region and id.
func (tx *Tx) All() []*Record { return ordered(tx.world.records) }

// OfType returns the records of one type, in order.
func (tx *Tx) OfType(t string) []*Record { return ordered(tx.world.types[t]) }

// Named returns the records found under a name, in order.
func (tx *Tx) Named(name string) []*Record { return ordered(tx.world.names[name]) }

// Referrers returns the records that refer to a name, in order.
func (tx *Tx) Referrers(name string) []*Record { return ordered(tx.world.referrer[name]) }

func ordered(m map[Key]*Record) []*Record {
	if len(m) == 0 {
		return nil
	}
	found := make([]*Record, 0, len(m))
	for _, k := range sortedKeys(m) {
		found = append(found, m[k])
	}
	return found
}

// Hex draws n hexadecimal digits, at most 64. The same seed and the same transactions draw the same digits.
func (tx *Tx) Hex(n int) string {
	tx.drawn++
	sum := sha256.Sum256([]byte(tx.world.seed + "/" + strconv.FormatUint(tx.salt, 10) + "/" + strconv.Itoa(tx.drawn)))
	return hex.EncodeToString(sum[:])[:n]
}

// counterType is the type of the records that Next counts in. No query by a resource's type meets them.
const counterType = "cloud:counter"

// Next counts up a named counter that never goes back, and returns it: 1 at first.
func (tx *Tx) Next(name string) int {
	key := Key{Type: counterType, ID: name}
	n := 1
	if r := tx.Get(key); r != nil {
		if last, ok := r.State["last"].(float64); ok {
			n = int(last) + 1
		}
	}
	tx.Put(&Record{Type: counterType, ID: name, State: map[string]any{"last": float64(n)}, Created: tx.now, Changed: tx.now})
	return n
}

// IsCounter reports whether the record is one of Next's and no resource.
func (r *Record) IsCounter() bool { return r.Type == counterType }

func randomSeed() string { return fmt.Sprintf("%x", randomBytes(16)) }

package lock

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// MemoryTable is a Table in memory, for tests and simulations.
type MemoryTable struct {
	mu     sync.Mutex
	now    func() time.Time
	items  map[string]*Item // replaced whole, never changed
	tokens map[string]used
	order  []string // of the tokens, the oldest first
}

// used is what a token was used for.
type used struct {
	writes []Write
	at     time.Time
}

// NewMemoryTable returns an empty table; now tells when a token's life is over.
func NewMemoryTable(now func() time.Time) *MemoryTable {
	return &MemoryTable{now: now, items: map[string]*Item{}, tokens: map[string]used{}}
}

var _ Table = (*MemoryTable)(nil)

// Get implements Table.
func (m *MemoryTable) Get(ctx context.Context, key string) (*Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return clone(m.items[key]), nil
}

// List implements Table. The items are all of one moment.
func (m *MemoryTable) List(ctx context.Context, prefix string) ([]Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return listed(m.items, prefix), nil
}

func listed(items map[string]*Item, prefix string) []Item {
	var found []Item
	for _, key := range slices.Sorted(maps.Keys(items)) {
		if strings.HasPrefix(key, prefix) {
			found = append(found, *clone(items[key]))
		}
	}
	return found
}

// Transact implements Table.
func (m *MemoryTable) Transact(ctx context.Context, token string, writes []Write) error {
	if err := Validate(token, writes); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	m.forget(now)
	if before, again := m.tokens[token]; again {
		return replay(token, digest(before.writes) == digest(writes))
	}
	effects, err := evaluate(writes, func(key string) *Item { return m.items[key] })
	if err != nil {
		return err
	}
	for _, e := range effects {
		if e.item == nil {
			delete(m.items, e.key)
		} else {
			m.items[e.key] = e.item
		}
	}
	m.tokens[token] = used{writes: cloneWrites(writes), at: now}
	m.order = append(m.order, token)
	return nil
}

// forget drops the tokens whose life is over.
func (m *MemoryTable) forget(now time.Time) {
	for len(m.order) > 0 && now.Sub(m.tokens[m.order[0]].at) >= TokenLife {
		delete(m.tokens, m.order[0])
		m.order = m.order[1:]
	}
}

// replay is the answer to a token that was used before.
func replay(token string, same bool) error {
	if same {
		return nil
	}
	return fmt.Errorf("%w: token %q was used for other writes", ErrInvalidWrite, token)
}

func cloneWrites(writes []Write) []Write {
	cloned := slices.Clone(writes)
	for i, w := range writes {
		if w.Item != nil {
			item := *w.Item
			item.Metadata, item.IxChildren = maps.Clone(item.Metadata), slices.Clone(item.IxChildren)
			cloned[i].Item = &item
		}
		cloned[i].Changes = slices.Clone(w.Changes)
		for j := range cloned[i].Changes {
			cloned[i].Changes[j].Map = maps.Clone(cloned[i].Changes[j].Map)
		}
		cloned[i].Conditions = slices.Clone(w.Conditions)
	}
	return cloned
}

// ExpireBefore deletes the items whose expiresAt is before now and returns their keys in order: what DynamoDB's TTL does
// at some moment of the days after.
func (m *MemoryTable) ExpireBefore(now time.Time) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return expire(m.items, now)
}

func expire(items map[string]*Item, before time.Time) []string {
	var gone []string
	for key, item := range items {
		if item.ExpiresAt != 0 && item.ExpiresAt < before.Unix() {
			gone = append(gone, key)
			delete(items, key)
		}
	}
	slices.Sort(gone)
	return gone
}

package objects

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Memory is a Store in memory that keeps every version, for tests and simulations. It lives in one process.
type Memory struct {
	mu      sync.RWMutex
	now     func() time.Time
	writes  int64            // so far; numbers the versions
	keys    []string         // of the current objects, sorted
	current map[string]int64 // the version that stands under a key
	kept    map[string]map[int64]Object
}

// NewMemory returns an empty store; now gives the objects' time of modification.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{now: now, current: map[string]int64{}, kept: map[string]map[int64]Object{}}
}

var _ Store = (*Memory)(nil)

// Get implements Store.
func (m *Memory) Get(ctx context.Context, key string) (Object, error) {
	if err := begin(ctx, key); err != nil {
		return Object{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.version(key, m.current[key])
}

// GetVersion implements Store.
func (m *Memory) GetVersion(ctx context.Context, key, version string) (Object, error) {
	if err := begin(ctx, key); err != nil {
		return Object{}, err
	}
	number, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return Object{}, KeyError(key, ErrNotFound)
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.version(key, number)
}

func (m *Memory) version(key string, number int64) (Object, error) {
	object, there := m.kept[key][number]
	if !there {
		return Object{}, KeyError(key, ErrNotFound)
	}
	object.Data = append([]byte{}, object.Data...)
	return object, nil
}

// Put implements Store.
func (m *Memory) Put(ctx context.Context, key string, data []byte, condition Condition) (Object, error) {
	if err := begin(ctx, key); err != nil {
		return Object{}, err
	}
	etag := contentETag(data)
	m.mu.Lock()
	defer m.mu.Unlock()
	number, there := m.current[key]
	if condition.Absent() && there || condition.Match() != "" && condition.Match() != m.kept[key][number].ETag {
		return Object{}, KeyError(key, ErrPrecondition)
	}
	m.writes++
	object := Object{
		Key: key, ETag: etag, Version: strconv.FormatInt(m.writes, 10), Size: int64(len(data)), Modified: m.now().UTC(),
	}
	if !there {
		at, _ := slices.BinarySearch(m.keys, key)
		m.keys = slices.Insert(m.keys, at, key)
	}
	if m.kept[key] == nil {
		m.kept[key] = map[int64]Object{}
	}
	m.current[key] = m.writes
	written := object
	written.Data = slices.Clone(data)
	m.kept[key][m.writes] = written
	return object, nil
}

// List implements Store.
func (m *Memory) List(ctx context.Context, prefix, after string, limit int) ([]Object, error) {
	if err := ctx.Err(); err != nil {
		return nil, KeyError(prefix, err)
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	var found []Object
	first, _ := slices.BinarySearch(m.keys, max(prefix, after))
	for _, key := range m.keys[first:] {
		if !strings.HasPrefix(key, prefix) && key > prefix || limit > 0 && len(found) == limit {
			break
		}
		if key == after {
			continue
		}
		object := m.kept[key][m.current[key]]
		found = append(found, Object{Key: key, Size: object.Size, Modified: object.Modified})
	}
	return found, nil
}

// Delete implements Store. The versions stay.
func (m *Memory) Delete(ctx context.Context, key string) error {
	if err := begin(ctx, key); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if at, there := slices.BinarySearch(m.keys, key); there {
		m.keys = slices.Delete(m.keys, at, at+1)
		delete(m.current, key)
	}
	return nil
}

func begin(ctx context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return KeyError(key, err)
	}
	return nil
}

func contentETag(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

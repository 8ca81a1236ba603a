package objects

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Memory is a Store in this process's memory. It keeps every version, as a bucket with versioning does.
type Memory struct {
	now func() time.Time

	mu       sync.RWMutex
	versions map[string][]Object // the newest last; a deleted object ends with one that has no version
	count    int
}

// NewMemory returns an empty store; now gives the time of modification.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{now: now, versions: map[string][]Object{}}
}

// Get returns the newest version.
func (m *Memory) Get(ctx context.Context, key string) (Object, error) {
	if err := usable(ctx, key); err != nil {
		return Object{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	object, there := m.newest(key)
	if !there {
		return Object{}, KeyError(key, ErrNotFound)
	}
	return whole(object), nil
}

// GetVersion returns one version, also of an object that was replaced or deleted since.
func (m *Memory) GetVersion(ctx context.Context, key, version string) (Object, error) {
	if err := usable(ctx, key); err != nil {
		return Object{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, object := range m.versions[key] {
		if version != "" && object.Version == version {
			return whole(object), nil
		}
	}
	return Object{}, KeyError(key, ErrNotFound)
}

// Put adds a version when the condition holds.
func (m *Memory) Put(ctx context.Context, key string, data []byte, condition Condition) (Object, error) {
	if err := usable(ctx, key); err != nil {
		return Object{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	before, there := m.newest(key)
	switch {
	case condition.Absent() && there:
		return Object{}, KeyError(key, ErrPrecondition)
	case condition.Match() != "" && !there:
		return Object{}, KeyError(key, ErrNotFound)
	case condition.Match() != "" && before.ETag != condition.Match():
		return Object{}, KeyError(key, ErrPrecondition)
	}
	sum := sha256.Sum256(data)
	m.count++
	object := Object{Key: key, Data: bytes.Clone(data), ETag: hex.EncodeToString(sum[:]), Version: strconv.Itoa(m.count),
		Size: int64(len(data)), Modified: m.now().UTC()}
	m.versions[key] = append(m.versions[key], object)
	return bare(object), nil
}

// List walks the keys in order.
func (m *Memory) List(ctx context.Context, prefix, after string, limit int) ([]Object, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	var found []Object
	for key := range m.versions {
		if object, there := m.newest(key); there && strings.HasPrefix(key, prefix) && key > after {
			found = append(found, bare(object))
		}
	}
	slices.SortFunc(found, func(a, b Object) int { return strings.Compare(a.Key, b.Key) })
	if limit > 0 && len(found) > limit {
		found = found[:limit]
	}
	return found, nil
}

// Delete hides the object; its versions stay.
func (m *Memory) Delete(ctx context.Context, key string) error {
	if err := usable(ctx, key); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.newest(key); there {
		m.versions[key] = append(m.versions[key], Object{Key: key})
	}
	return nil
}

func (m *Memory) newest(key string) (Object, bool) {
	versions := m.versions[key]
	if len(versions) == 0 || versions[len(versions)-1].Version == "" {
		return Object{}, false
	}
	return versions[len(versions)-1], true
}

func whole(object Object) Object {
	object.Data = bytes.Clone(object.Data)
	if object.Data == nil {
		object.Data = []byte{}
	}
	return object
}

func bare(object Object) Object {
	object.Data = nil
	return object
}

// usable reports whether a call with this key can go on at all.
func usable(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return CheckKey(key)
}

// CheckKey reports whether a key may be used: slash-separated segments, none of them empty, "." or "..", without NUL and
// backslash, so that every store can keep it, one of files too.
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKey || strings.ContainsAny(key, "\x00\\") {
		return KeyError(key, ErrKey)
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return KeyError(key, ErrKey)
		}
	}
	return nil
}

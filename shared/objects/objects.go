// Package objects is the storage port for artifacts and state: keys to bytes, with the conditional writes that S3 offers.
// Memory and File implement it here, s3objects on S3; objectstest is the suite that all of them pass.
package objects

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Store keeps objects. Every method is safe for concurrent use, by several processes too unless the store says otherwise.
// A read that follows a finished write sees it (strong consistency, as S3 since 2020).
//
// Errors: ErrNotFound, ErrPrecondition, ErrConflict and ErrKey are matched with errors.Is and carry the key, and so does the
// error of a context that was over before the call. After any other error of a Put or Delete the outcome is unknown: the
// caller reads to find out.
type Store interface {
	// Get returns the object under key, whole. ErrNotFound when there is none.
	Get(ctx context.Context, key string) (Object, error)
	// GetVersion returns one version of the object, for stores that keep versions; ErrNotFound when that version is gone
	// or the store keeps none. Versions outlive overwriting and Delete.
	GetVersion(ctx context.Context, key, version string) (Object, error)
	// Put writes data under key when condition holds and returns what was written, without Data; Modified is zero when
	// only a Get can tell it. Readers see the old object or the new one, never a mixture.
	// ErrPrecondition: the condition did not hold. IfMatch never holds where nothing stands.
	// ErrConflict: another write was under way; read, then try again.
	Put(ctx context.Context, key string, data []byte, condition Condition) (Object, error)
	// List returns the objects whose key starts with prefix, ordered by the bytes of their keys, those after `after` (which
	// need not exist), at most limit (0: no limit). Only Key, Size and Modified are filled. It is no snapshot: writes
	// during a List may or may not show.
	List(ctx context.Context, prefix, after string, limit int) ([]Object, error)
	// Delete removes the object; deleting what is not there is no error.
	Delete(ctx context.Context, key string) error
}

// Object is one stored object.
type Object struct {
	Key      string
	Data     []byte    // the caller's own copy
	ETag     string    // opaque, without quotes; equal contents may share it; compare it only through IfMatch
	Version  string    // empty where the store keeps no versions
	Size     int64     // bytes
	Modified time.Time // UTC
}

// Condition guards a Put. The zero Condition always holds.
type Condition struct {
	match  string
	absent bool
}

// IfAbsent holds when nothing stands under the key (If-None-Match: *).
func IfAbsent() Condition { return Condition{absent: true} }

// IfMatch holds when the object's ETag is etag (If-Match). An empty etag makes the zero Condition, which always holds.
func IfMatch(etag string) Condition { return Condition{match: etag} }

// Always holds.
func Always() Condition { return Condition{} }

// Match returns the ETag that must match, or "".
func (c Condition) Match() string { return c.match }

// Absent reports whether nothing may stand under the key.
func (c Condition) Absent() bool { return c.absent }

// The reasons a call on a Store fails with a known outcome: nothing was changed.
var (
	ErrNotFound     = errors.New("object not found")
	ErrPrecondition = errors.New("object changed meanwhile: precondition failed")
	ErrConflict     = errors.New("object is being written by another: conflict")
	ErrKey          = errors.New("invalid object key")
)

// KeyError returns reason wrapped with the key.
func KeyError(key string, reason error) error { return fmt.Errorf("%q: %w", key, reason) }

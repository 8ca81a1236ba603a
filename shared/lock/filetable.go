package lock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// FileTable is a Table in a folder, for one machine; several processes may share it. Its file locks.jsonl is a journal in
// JSON, one transaction a line: what it wrote and deleted, when, and by which token; the items are what the lines leave.
// A transaction holds an advisory lock (flock on locks.lock), appends its line and syncs it. A process or machine that
// dies meanwhile leaves a line that is whole, and counts, or one that is not, and is cut off by whoever comes next. When
// the journal is mostly history it is written anew. Unix only.
type FileTable struct {
	folder string
	now    func() time.Time
	synced bool
	turn   chan struct{} // full while a goroutine of this process uses what follows
	lock   *os.File
	state  journal
}

const (
	journalName = "locks.jsonl"
	newName     = "locks.jsonl.new"
	lockName    = "locks.lock"
)

// FileTableOption changes a FileTable.
type FileTableOption func(*FileTable)

// WithoutSync leaves the journal in the system's cache: a transaction survives the death of the process, but not that of
// the machine. For tests and benchmarks only.
func WithoutSync() FileTableOption { return func(f *FileTable) { f.synced = false } }

// OpenFileTable opens the table in folder, which it makes if need be (for its owner only); now tells when a token's life
// is over. Close it after use.
func OpenFileTable(folder string, now func() time.Time, options ...FileTableOption) (*FileTable, error) {
	f := &FileTable{folder: folder, now: now, synced: true, turn: make(chan struct{}, 1)}
	for _, option := range options {
		option(f)
	}
	err := os.MkdirAll(folder, 0o700)
	if err == nil {
		f.lock, err = os.OpenFile(f.path(lockName), os.O_RDWR|os.O_CREATE, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("open lock table: %w", err)
	}
	if err := f.exclusive(context.Background(), func() error { return f.refresh() }); err != nil {
		f.Close()
		return nil, fmt.Errorf("open lock table: %w", err)
	}
	return f, nil
}

// Close frees the table's handles. Its items stay.
func (f *FileTable) Close() error {
	f.turn <- struct{}{}
	defer func() { <-f.turn }()
	return errors.Join(f.state.close(), f.lock.Close())
}

var _ Table = (*FileTable)(nil)

// Get implements Table.
func (f *FileTable) Get(ctx context.Context, key string) (*Item, error) {
	var item *Item
	err := f.read(ctx, func() { item = clone(f.state.items[key]) })
	return item, err
}

// List implements Table. The items are all of one moment.
func (f *FileTable) List(ctx context.Context, prefix string) ([]Item, error) {
	var items []Item
	err := f.read(ctx, func() { items = listed(f.state.items, prefix) })
	return items, err
}

// Transact implements Table.
func (f *FileTable) Transact(ctx context.Context, token string, writes []Write) error {
	if err := Validate(token, writes); err != nil {
		return err
	}
	return f.exclusive(ctx, func() error {
		if err := f.refresh(); err != nil {
			return err
		}
		now := f.now().UTC()
		sum := digest(writes)
		if before, again := f.state.tokens[token]; again && now.Sub(before.At) < TokenLife {
			return replay(token, before.Digest == sum)
		}
		effects, err := evaluate(writes, func(key string) *Item { return f.state.items[key] })
		if err != nil {
			return err
		}
		done := entry{Token: token, Digest: sum, At: now}
		for _, e := range effects {
			if e.item == nil {
				done.Deleted = append(done.Deleted, e.key)
			} else {
				done.Items = append(done.Items, e.item)
			}
		}
		if err := f.state.append(done, f.synced); err != nil {
			return err
		}
		// The transaction is in the journal; what fails here is tried again by a later one.
		_ = f.compact(now)
		return nil
	})
}

func (f *FileTable) path(name string) string { return filepath.Join(f.folder, name) }

// read calls use with the newest items. Only when the journal was changed since the last look does it wait for the lock:
// never does it read what may still be cut off.
func (f *FileTable) read(ctx context.Context, use func()) error {
	if err := f.take(ctx); err != nil {
		return err
	}
	unchanged, err := f.state.unchanged(f.path(journalName))
	if unchanged {
		use()
	}
	<-f.turn
	if unchanged || err != nil {
		return err
	}
	return f.exclusive(ctx, func() error {
		if err := f.refresh(); err != nil {
			return err
		}
		use()
		return nil
	})
}

// take waits for this process's turn.
func (f *FileTable) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case f.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// exclusive calls do while no other goroutine or process does.
func (f *FileTable) exclusive(ctx context.Context, do func() error) error {
	if err := f.take(ctx); err != nil {
		return err
	}
	if err := flock(ctx, f.lock, func() { <-f.turn }); err != nil {
		return err
	}
	defer func() {
		unflock(f.lock)
		<-f.turn
	}()
	return do()
}

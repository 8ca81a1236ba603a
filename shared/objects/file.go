package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// File is a Store in a folder: the object a/b/c.json is the file a/b/c.json below the root, to be read with a pager, and
// other programs may keep files of their own beside it. Several processes may share the folder, on one machine.
//
// A write goes to a temporary file, is synced, and takes its name by a rename, so that a process or a machine that dies at
// any moment leaves the old object or the new one. Conditions are checked under advisory locks (flock) in the root's folder
// .objects, which List does not show. Symbolic links below the root are never followed: they are no objects. Unix only.
type File struct {
	root   *os.Root
	base   *os.File // the root's own handle
	locks  *shards
	synced bool
}

// FileOption changes a File.
type FileOption func(*File)

// WithoutSync leaves the writes in the system's cache: what was acknowledged survives the death of the process, but not
// that of the machine. For tests and benchmarks only.
func WithoutSync() FileOption { return func(f *File) { f.synced = false } }

// OpenFile opens the store in the folder root, which it makes if need be (for its owner only). Close it after use.
func OpenFile(root string, options ...FileOption) (*File, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("open object store: %w", err)
	}
	opened, err := os.OpenRoot(root)
	if err != nil {
		return nil, fmt.Errorf("open object store: %w", err)
	}
	f := &File{root: opened, synced: true, locks: newShards(opened)}
	for _, option := range options {
		option(f)
	}
	f.base, err = opened.Open(".")
	if err := errors.Join(err, opened.MkdirAll(locksFolder, 0o700), opened.MkdirAll(tempFolder, 0o700)); err != nil {
		f.Close()
		return nil, fmt.Errorf("open object store: %w", err)
	}
	f.tidy()
	return f, nil
}

// Close frees the store's handles. Its objects stay.
func (f *File) Close() error { return errors.Join(f.locks.close(), f.base.Close(), f.root.Close()) }

var _ Store = (*File)(nil)

// Get implements Store. The ETag is the SHA-256 of the contents.
func (f *File) Get(ctx context.Context, key string) (Object, error) {
	if err := begin(ctx, key); err != nil {
		return Object{}, err
	}
	object, err := f.read(key)
	if err != nil {
		return Object{}, KeyError(key, err)
	}
	return object, nil
}

// GetVersion implements Store: a File keeps no versions.
func (f *File) GetVersion(ctx context.Context, key, _ string) (Object, error) {
	if err := begin(ctx, key); err != nil {
		return Object{}, err
	}
	return Object{}, KeyError(key, ErrNotFound)
}

// Put implements Store.
func (f *File) Put(ctx context.Context, key string, data []byte, condition Condition) (Object, error) {
	if err := begin(ctx, key); err != nil {
		return Object{}, err
	}
	shard, unlock, err := f.locks.lock(ctx, key)
	if err != nil {
		return Object{}, KeyError(key, err)
	}
	defer unlock()
	if err := f.holds(key, condition); err != nil {
		return Object{}, KeyError(key, err)
	}
	temp := path.Join(tempFolder, shard)
	info, err := f.writeTemp(temp, data)
	if err == nil {
		err = f.install(temp, key)
	}
	if err != nil {
		_ = f.root.Remove(temp) // where the rename was done there is none; a leftover is harmless
		return Object{}, KeyError(key, err)
	}
	return Object{Key: key, ETag: contentETag(data), Size: int64(len(data)), Modified: info.ModTime().UTC()}, nil
}

// Delete implements Store. Folders that it leaves empty go too.
func (f *File) Delete(ctx context.Context, key string) error {
	if err := begin(ctx, key); err != nil {
		return err
	}
	_, unlock, err := f.locks.lock(ctx, key)
	if err != nil {
		return KeyError(key, err)
	}
	defer unlock()
	parent, err := f.open(path.Dir(key), os.O_RDONLY)
	if err != nil {
		return gone(key, err)
	}
	defer parent.Close()
	object, err := f.open(key, os.O_RDONLY)
	if err != nil {
		return gone(key, err)
	}
	info, err := object.Stat()
	object.Close()
	if err != nil || !info.Mode().IsRegular() {
		return gone(key, missing(err))
	}
	if err := errors.Join(f.root.Remove(key), f.syncFolder(parent)); err != nil {
		return KeyError(key, err)
	}
	for dir := path.Dir(key); dir != "." && f.root.Remove(dir) == nil; { // fails on a folder that is not empty
		dir = path.Dir(dir)
	}
	return nil
}

// gone is what Delete says of an object that it could not open.
func gone(key string, err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return KeyError(key, err)
}

func (f *File) holds(key string, condition Condition) error {
	if condition == Always() {
		return nil
	}
	there, err := f.read(key)
	switch {
	case errors.Is(err, ErrNotFound):
		if condition.Absent() {
			return nil
		}
		return ErrPrecondition
	case err != nil:
		return err
	case condition.Absent() || there.ETag != condition.Match():
		return ErrPrecondition
	}
	return nil
}

func (f *File) read(key string) (Object, error) {
	file, err := f.open(key, os.O_RDONLY)
	if err != nil {
		return Object{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return Object{}, missing(err)
	}
	data := make([]byte, info.Size()) // a file under its final name is never changed, only replaced
	if _, err := io.ReadFull(file, data); err != nil {
		return Object{}, fmt.Errorf("read: %w", err)
	}
	return Object{
		Key: key, Data: data, ETag: contentETag(data), Size: info.Size(), Modified: info.ModTime().UTC(),
	}, nil
}

// missing turns what the system says of a path that leads to no file, or (nil) to something that is no file, into ErrNotFound.
func missing(err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return ErrNotFound
	}
	return err
}

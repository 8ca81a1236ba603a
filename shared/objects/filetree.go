package objects

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
)

// folder opens the folder of that path ("." is the root) step by step, refusing links; ErrNotFound when a step is missing
// or no folder. os.Root keeps every step below the root even against a race; the comparison after opening shows a link that
// came between look and step.
func (f *File) folder(at string) (*os.Root, error) {
	here, err := f.root.OpenRoot(".")
	if err != nil || at == "." {
		return here, err
	}
	for name := range strings.SplitSeq(at, "/") {
		next, err := step(here, name)
		here.Close()
		if err != nil {
			return nil, err
		}
		here = next
	}
	return here, nil
}

func step(from *os.Root, name string) (*os.Root, error) {
	named, err := from.Lstat(name)
	if err != nil || !named.IsDir() {
		return nil, missing(err)
	}
	next, err := from.OpenRoot(name)
	if err != nil {
		return nil, missing(err)
	}
	opened, err := next.Stat(".")
	if err != nil || !os.SameFile(named, opened) {
		next.Close()
		return nil, missing(err)
	}
	return next, nil
}

// makeFolder makes the folders of that path that are missing and opens the last. ErrKey when an object or a link stands in
// the way.
func (f *File) makeFolder(at string) (*os.File, error) {
	here, err := f.root.OpenRoot(".")
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(at, "/") {
		next, err := f.makeStep(here, name)
		here.Close()
		if err != nil {
			return nil, err
		}
		here = next
	}
	defer here.Close()
	return here.Open(".")
}

func (f *File) makeStep(from *os.Root, name string) (*os.Root, error) {
	next, err := step(from, name)
	if !errors.Is(err, ErrNotFound) {
		return next, err
	}
	if err := from.Mkdir(name, 0o700); err == nil {
		if err := f.syncRoot(from); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	next, err = step(from, name)
	if errors.Is(err, ErrNotFound) {
		if named, looked := from.Lstat(name); looked == nil && !named.IsDir() {
			return nil, fmt.Errorf("%w: %s stands where it needs a folder", ErrKey, name)
		}
		return nil, fs.ErrNotExist // made and removed again by another's Delete: the caller tries again
	}
	return next, err
}

func (f *File) syncRoot(folder *os.Root) error {
	if !f.synced {
		return nil
	}
	handle, err := folder.Open(".")
	if err != nil {
		return err
	}
	defer handle.Close()
	return handle.Sync()
}

func (f *File) syncFolder(folder *os.File) error {
	if !f.synced {
		return nil
	}
	return folder.Sync()
}

// openByStep is open by means that every system has.
func (f *File) openByStep(at string, flags int) (*os.File, error) {
	parent, err := f.folder(path.Dir(at))
	if err != nil {
		return nil, err
	}
	defer parent.Close()
	name := path.Base(at)
	named, err := parent.Lstat(name)
	if err != nil || !named.Mode().IsRegular() && !named.IsDir() {
		return nil, missing(err)
	}
	file, err := parent.OpenFile(name, flags, 0)
	if err != nil {
		return nil, missing(err)
	}
	opened, err := file.Stat()
	if err != nil || !os.SameFile(named, opened) && !opened.Mode().IsRegular() {
		file.Close()
		return nil, missing(err)
	}
	return file, nil
}

// writeTemp fills the temporary file of a shard that the caller holds.
func (f *File) writeTemp(temp string, data []byte) (fs.FileInfo, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	file, err := f.root.OpenFile(temp, flags, 0o600)
	if errors.Is(err, fs.ErrExist) { // left by a process that died
		if err := f.root.Remove(temp); err != nil {
			return nil, err
		}
		file, err = f.root.OpenFile(temp, flags, 0o600)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if _, err := file.Write(data); err != nil {
		return nil, err
	}
	if f.synced {
		if err := file.Sync(); err != nil {
			return nil, err
		}
	}
	return file.Stat()
}

// patience bounds how often one Put makes anew the folder that concurrent Deletes found empty and removed.
const patience = 1000

// install gives the temporary file its name.
func (f *File) install(temp, key string) error {
	var err error
	for range patience {
		if err = f.tryInstall(temp, key); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

func (f *File) tryInstall(temp, key string) error {
	parent, err := f.open(path.Dir(key), os.O_RDONLY)
	if errors.Is(err, ErrNotFound) {
		parent, err = f.makeFolder(path.Dir(key))
	}
	if err != nil {
		return err
	}
	defer parent.Close()
	err = f.root.Rename(temp, key)
	switch {
	case errors.Is(err, syscall.EISDIR) || errors.Is(err, fs.ErrExist):
		if err := f.root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: it is a folder of other objects", ErrKey)
		}
		return fs.ErrNotExist // an empty folder stood there: try again
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w: an object stands where it needs a folder", ErrKey)
	case err != nil:
		return err
	}
	return f.syncFolder(parent)
}

// tidy removes temporary files of processes that died. One whose shard is held is in use.
func (f *File) tidy() {
	for i := range shardCount {
		temp := path.Join(tempFolder, shardName(i))
		if _, err := f.root.Lstat(temp); err != nil {
			continue
		}
		lock, err := f.root.OpenFile(path.Join(locksFolder, shardName(i)), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			continue
		}
		if flockCall(lock, syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = f.root.Remove(temp)
		}
		lock.Close()
	}
}

// List implements Store. Files whose path is no key, links and devices are passed over.
func (f *File) List(ctx context.Context, prefix, after string, limit int) ([]Object, error) {
	q := &listing{ctx: ctx, prefix: prefix, after: after, limit: limit}
	if err := ctx.Err(); err != nil {
		return nil, KeyError(prefix, err)
	}
	base, _ := path.Split(prefix)
	from := "."
	if base != "" {
		from = strings.TrimSuffix(base, "/")
		if CheckKey(from) != nil {
			return nil, nil
		}
	}
	folder, err := f.folder(from)
	if err == nil {
		defer folder.Close()
		err = q.walk(folder, base)
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, KeyError(prefix, err)
	}
	return q.found, nil
}

type listing struct {
	ctx           context.Context
	prefix, after string
	limit         int
	found         []Object
}

func (q *listing) full() bool { return q.limit > 0 && len(q.found) >= q.limit }

// walk adds what lies in folder, whose keys begin with base. Folders are ordered as if named with their slash, which is how
// the bytes of the keys below them compare with their neighbours'.
func (q *listing) walk(folder *os.Root, base string) error {
	if err := q.ctx.Err(); err != nil {
		return err
	}
	handle, err := folder.Open(".")
	if err != nil {
		return missing(err)
	}
	entries, err := handle.ReadDir(-1)
	handle.Close()
	if err != nil && len(entries) == 0 {
		return missing(err)
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() {
			name += "/"
		} else if !entry.Type().IsRegular() {
			continue
		}
		if q.wants(base + name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if q.full() {
			return nil
		}
		if err := q.visit(folder, base, name); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

// wants says whether a key, or (with its slash) any key of a folder, can be in the listing.
func (q *listing) wants(key string) bool {
	if folder, is := strings.CutSuffix(key, "/"); is {
		within := strings.HasPrefix(key, q.prefix) || strings.HasPrefix(q.prefix, key)
		return within && (key > q.after || strings.HasPrefix(q.after, key)) && CheckKey(folder) == nil
	}
	return strings.HasPrefix(key, q.prefix) && key > q.after && CheckKey(key) == nil
}

func (q *listing) visit(folder *os.Root, base, name string) error {
	if inner, is := strings.CutSuffix(name, "/"); is {
		next, err := step(folder, inner)
		if err != nil {
			return err
		}
		defer next.Close()
		return q.walk(next, base+name)
	}
	info, err := folder.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return missing(err)
	}
	q.found = append(q.found, Object{Key: base + name, Size: info.Size(), Modified: info.ModTime().UTC()})
	return nil
}

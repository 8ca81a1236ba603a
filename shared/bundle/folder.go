package bundle

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"

	"github.com/deployer-io/deployer/shared/diag"
)

// FromFolder reads the YAML files at and below path. Hidden files and folders and node_modules are passed over, and so is
// all that is not named *.yaml or *.yml. The error is for a folder that cannot be read; what is wrong with its files is
// in the list, and then there is no bundle.
func FromFolder(path string, limits Limits) (*Bundle, diag.List, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, nil, fmt.Errorf("open the bundle's folder: %w", err)
	}
	defer root.Close()
	limits = limits.withDefaults()
	w := walk{root: root, limits: limits, seen: newNames(64)}
	if err := fs.WalkDir(root.FS(), ".", w.visit); err != nil && !errors.Is(err, errTooMany) {
		return nil, nil, fmt.Errorf("read the bundle's folder: %w", err)
	}
	if w.ds.HasErrors() {
		return nil, w.ds, nil
	}
	files, errs := make([]File, len(w.paths)), make([]error, len(w.paths))
	w.ds.Append(readAll(len(files), limits, func(i int, ds *diag.List) int64 {
		files[i], errs[i] = readFile(root, w.paths[i], limits, ds)
		return int64(len(files[i].Data))
	}))
	if err := errors.Join(errs...); err != nil {
		return nil, nil, err
	}
	bundle, ds := finish(files, w.ds)
	return bundle, ds, nil
}

var errTooMany = errors.New("too many entries")

type walk struct {
	root    *os.Root
	limits  Limits
	seen    *names
	paths   []string
	visited int
	ds      diag.List
}

func (w *walk) visit(name string, entry fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	if name == "." {
		return nil
	}
	if isIgnored(entry.Name()) {
		if entry.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	if w.visited++; w.visited > w.limits.Entries*otherEntries {
		w.ds.Errorf(codeTooLarge, diag.Position{File: name}, "", "the folder holds more than %d files and folders",
			w.limits.Entries*otherEntries).WithHint("name the folder that holds only the stack's documents")
		return errTooMany
	}
	switch {
	case entry.IsDir():
		return nil
	case entry.Type()&fs.ModeSymlink != 0:
		w.link(name)
		return nil
	case !isYAML(name):
		return nil
	case !entry.Type().IsRegular():
		w.special(name, entry.Type())
		return nil
	}
	return w.take(name)
}

func (w *walk) take(name string) error {
	if why := checkPath(name); why != "" {
		w.ds.Errorf(codePath, diag.Position{File: name}, "", "the file %s", why).WithHint("rename it")
		return nil
	}
	if !w.seen.add(name, &w.ds) {
		return nil
	}
	w.paths = append(w.paths, name)
	if len(w.paths) > w.limits.Entries {
		tooMany(&w.ds, len(w.paths), w.limits)
		return errTooMany
	}
	return nil
}

// link refuses a symbolic link that would have brought documents in. One to some other file, inside the folder, is passed
// over like that file would be.
func (w *walk) link(name string) {
	if !isYAML(name) {
		if info, err := w.root.Stat(name); err == nil && !info.IsDir() {
			return
		}
	}
	w.special(name, fs.ModeSymlink)
}

func (w *walk) special(name string, mode fs.FileMode) {
	w.ds.Errorf(codeSpecial, diag.Position{File: name}, "", "the entry is %s; a bundle holds plain files only", sort(mode)).
		WithHint("replace it by a plain file, or take it out")
}

// sort names the sort of file that mode says.
func sort(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&(fs.ModeDevice|fs.ModeCharDevice) != 0:
		return "a device"
	}
	return "a special file"
}

// readFile reads one file whose kind may have changed since the walk saw it: O_NONBLOCK keeps a pipe from holding the
// reader up, and what was opened is looked at again.
func readFile(root *os.Root, name string, limits Limits, ds *diag.List) (File, error) {
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return File{}, fmt.Errorf("read the bundle's file %s: %w", path.Clean(name), err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return File{}, fmt.Errorf("read the bundle's file %s: %w", name, err)
	}
	// The opened file must be the entry itself: a link put in its place could lead to another file of the folder.
	entry, err := root.Lstat(name)
	if err != nil {
		return File{}, fmt.Errorf("read the bundle's file %s: %w", name, err)
	}
	mode := info.Mode()
	if !os.SameFile(entry, info) {
		mode = entry.Mode() | fs.ModeIrregular
	}
	if !mode.IsRegular() {
		ds.Errorf(codeSpecial, diag.Position{File: name}, "", "the entry is %s; a bundle holds plain files only", sort(mode)).
			WithHint("replace it by a plain file, or take it out")
		return File{}, nil
	}
	if info.Size() > limits.File {
		fileTooLarge(ds, name, limits)
		return File{}, nil
	}
	data, err := readBounded(f, info.Size(), limits.File)
	if err != nil {
		return File{}, fmt.Errorf("read the bundle's file %s: %w", name, err)
	}
	file := File{Path: name, Data: data}
	if !checkContents(file, limits, ds) {
		return File{}, nil
	}
	return file, nil
}

// readBounded reads r to its end, but never more than limit+1 bytes; expected sizes the buffer.
func readBounded(r io.Reader, expected, limit int64) ([]byte, error) {
	data := make([]byte, min(expected, limit)+1)
	n, err := io.ReadFull(r, data)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return data[:n:n], nil
	}
	if err != nil {
		return nil, err
	}
	rest, err := io.ReadAll(io.LimitReader(r, limit+1-int64(n)))
	return append(data, rest...), err
}

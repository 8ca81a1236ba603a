package bundle

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/deployer-io/deployer/shared/diag"
)

// centralHeader begins every entry of a zip's directory.
const centralHeader = "PK\x01\x02"

// encrypted is the bit of an entry's flags that says so.
const encrypted = 0x1

// FromZip reads the YAML files of a zip, with the same choice of files as FromFolder. Everything wrong with it is in the
// list, and then there is no bundle.
func FromZip(data []byte, limits Limits) (*Bundle, diag.List) {
	limits = limits.withDefaults()
	var ds diag.List
	if int64(len(data)) > limits.Zip {
		ds.Errorf(codeTooLarge, diag.Position{}, "", "the zip has %d bytes; at most %d are allowed", len(data), limits.Zip).
			WithHint("take out what is not configuration, or raise the limit in the configuration")
		return nil, ds
	}
	// The library allocates for every directory entry before it answers, so they are counted first.
	if count := bytes.Count(data, []byte(centralHeader)); count > limits.Entries {
		tooMany(&ds, count, limits)
		return nil, ds
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		ds.Errorf(codeZip, diag.Position{}, "", "the zip cannot be read: %v", err).WithHint("make it again, it may be cut short")
		return nil, ds
	}
	entries := chooseEntries(archive.File, limits, &ds)
	checkOverlap(archive.File, int64(len(data)), &ds)
	if ds.HasErrors() {
		return nil, ds
	}
	files := make([]File, len(entries))
	ds.Append(readAll(len(files), limits, func(i int, ds *diag.List) int64 {
		files[i] = readEntry(entries[i], limits, ds)
		return int64(len(files[i].Data))
	}))
	return finish(files, ds)
}

// chooseEntries refuses, by the directory alone, what no entry may be, and returns the YAML files.
func chooseEntries(all []*zip.File, limits Limits, ds *diag.List) []*zip.File {
	entries, total := make([]*zip.File, 0, len(all)), uint64(0)
	seen := newNames(len(all))
	for _, f := range all {
		at := diag.Position{File: f.Name}
		name, isFolder := bytes.CutSuffix([]byte(f.Name), []byte("/"))
		if why := checkPath(string(name)); why != "" {
			ds.Errorf(codePath, at, "", "the entry %s", why).WithHint("make the zip of plain relative paths")
			continue
		}
		if f.NonUTF8 && !isASCII(f.Name) {
			ds.Errorf(codePath, at, "", "the entry has a name that is not marked as UTF-8").WithHint("rename it in plain ASCII letters")
			continue
		}
		mode := f.Mode()
		if isFolder && mode.Type() == fs.ModeDir {
			continue
		}
		if !mode.IsRegular() {
			ds.Errorf(codeSpecial, at, "", "the entry is %s; a bundle holds plain files only", sort(mode)).
				WithHint("replace it by a plain file, or take it out")
			continue
		}
		if liesInIgnored(f.Name) || !seen.add(f.Name, ds) {
			continue
		}
		if isArchive(f.Name) {
			ds.Errorf(codeNested, at, "", "the entry is an archive inside the bundle").
				WithHint("unpack it and put its YAML files into the bundle")
			continue
		}
		if isYAML(f.Name) && checkEntry(f, limits, ds) {
			entries, total = append(entries, f), total+f.UncompressedSize64
		}
	}
	if total > uint64(limits.Total) {
		tooLarge(ds, limits)
	}
	return entries
}

func checkEntry(f *zip.File, limits Limits, ds *diag.List) bool {
	at := diag.Position{File: f.Name}
	switch {
	case f.Flags&encrypted != 0:
		ds.Errorf(codeZip, at, "", "the entry is encrypted").WithHint("make the zip without a password")
	case f.Method != zip.Store && f.Method != zip.Deflate:
		ds.Errorf(codeZip, at, "", "the entry is packed by method %d; only store and deflate are read", f.Method).
			WithHint("make the zip with plain deflate")
	case f.UncompressedSize64 > uint64(limits.File):
		fileTooLarge(ds, f.Name, limits)
	case f.UncompressedSize64 > bombSize && f.UncompressedSize64/bombRatio > f.CompressedSize64:
		ds.Errorf(codeBomb, at, "", "the entry grows from %d to %d bytes when unpacked, more than %d times",
			f.CompressedSize64, f.UncompressedSize64, bombRatio).WithHint("take it out: no configuration is that regular")
	case f.Method == zip.Store && f.CompressedSize64 != f.UncompressedSize64:
		lyingSize(ds, f)
	default:
		return true
	}
	return false
}

// checkOverlap refuses entries that share bytes of the zip: the way to put many large files into few bytes.
func checkOverlap(all []*zip.File, size int64, ds *diag.List) {
	type extent struct {
		start, end int64
		name       string
	}
	extents := make([]extent, 0, len(all))
	for _, f := range all {
		start, err := f.DataOffset()
		if err != nil || f.CompressedSize64 > uint64(size) || start > size-int64(f.CompressedSize64) {
			ds.Errorf(codeZip, diag.Position{File: f.Name}, "", "the entry lies outside the zip").
				WithHint("make the zip again, it may be cut short")
			continue
		}
		extents = append(extents, extent{start, start + int64(f.CompressedSize64), f.Name})
	}
	slices.SortFunc(extents, func(a, b extent) int { return int(a.start - b.start) })
	for i := 1; i < len(extents); i++ {
		// Two entries, even empty ones, cannot begin at one place: a header stands before each.
		if extents[i].start < extents[i-1].end || extents[i].start == extents[i-1].start {
			ds.Errorf(codeBomb, diag.Position{File: extents[i].name}, "", "the entry shares its bytes with %s", extents[i-1].name).
				WithHint("make the zip again with an ordinary tool")
			return
		}
	}
}

func readEntry(f *zip.File, limits Limits, ds *diag.List) File {
	at := diag.Position{File: f.Name}
	r, err := f.Open()
	if err == nil {
		defer r.Close()
		data, readErr := readExactly(r, f.UncompressedSize64)
		if readErr == nil {
			file := File{Path: f.Name, Data: data}
			if checkContents(file, limits, ds) {
				return file
			}
			return File{}
		}
		err = readErr
	}
	if errors.Is(err, errLonger) || errors.Is(err, zip.ErrFormat) || errors.Is(err, io.ErrUnexpectedEOF) {
		lyingSize(ds, f)
	} else {
		ds.Errorf(codeZip, at, "", "the entry cannot be unpacked: %v", err).WithHint("make the zip again, it may be damaged")
	}
	return File{}
}

var errLonger = errors.New("longer than its header says")

// readExactly reads size bytes and the end, so that the checksum is compared too.
func readExactly(r io.Reader, size uint64) ([]byte, error) {
	data := make([]byte, size)
	if _, err := io.ReadFull(r, data); err != nil {
		if err == io.EOF {
			return nil, io.ErrUnexpectedEOF
		}
		return nil, err
	}
	var more [1]byte
	switch n, err := io.ReadFull(r, more[:]); {
	case n > 0:
		return nil, errLonger
	case err != io.EOF:
		return nil, err
	}
	return data, nil
}

func lyingSize(ds *diag.List, f *zip.File) {
	ds.Errorf(codeZip, diag.Position{File: f.Name}, "", "the entry's size is not the %d bytes that its header says",
		f.UncompressedSize64).WithHint("make the zip again with an ordinary tool")
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// Pack returns the zip of a bundle: the files in order, without times or modes, so that the same bundle gives the same
// bytes. FromZip of it is a bundle with the same digest.
func Pack(b *Bundle) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range b.files {
		entry, err := w.CreateHeader(&zip.FileHeader{Name: f.Path, Method: zip.Deflate})
		if err == nil {
			_, err = entry.Write(f.Data)
		}
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.Path, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack the bundle: %w", err)
	}
	return out.Bytes(), nil
}

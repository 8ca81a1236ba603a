package lock

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// journalVersion is of the journal's form; its first line tells it.
const journalVersion = 1

// entry is one line of the journal.
type entry struct {
	SchemaVersion int       `json:"schemaVersion,omitempty"` // of the first line alone
	At            time.Time `json:"at,omitzero"`
	Token         string    `json:"token,omitempty"`
	Digest        string    `json:"digest,omitempty"` // of the writes, SHA-256
	Items         []*Item   `json:"items,omitempty"`  // as they are after the transaction
	Deleted       []string  `json:"deleted,omitempty"`
}

// journal is the file as it was read so far, and what its lines come to.
type journal struct {
	file   *os.File // kept open, so that no other file can have its inode
	offset int64    // of the end of the last line that was read
	lines  int
	looked int              // lines when it was last considered to write it anew
	items  map[string]*Item // replaced whole, never changed
	tokens map[string]entry // without items
}

func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	*j = journal{}
	return err
}

// unchanged says whether what stands at path is what was read, whole.
func (j *journal) unchanged(path string) (bool, error) {
	if j.file == nil {
		return false, nil
	}
	named, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	opened, err := j.file.Stat()
	return err == nil && os.SameFile(named, opened) && named.Size() == j.offset, err
}

// refresh reads what was added since, or a journal that has taken the place of the old one. The caller holds the lock, so
// a last line that is not whole is what a dead writer left, and is cut off.
func (f *FileTable) refresh() error {
	path := f.path(journalName)
	unchanged, err := f.state.unchanged(path)
	if err != nil || unchanged {
		return err
	}
	j := &f.state
	if err := j.reopen(path); err != nil {
		return err
	}
	rest, err := io.ReadAll(io.NewSectionReader(j.file, j.offset, 1<<62))
	if err != nil {
		return err
	}
	for len(rest) > 0 {
		end := bytes.IndexByte(rest, '\n')
		var e entry
		if end < 0 || json.Unmarshal(rest[:end], &e) != nil {
			if end >= 0 && end != len(rest)-1 {
				return f.state.damaged(path)
			}
			return j.file.Truncate(j.offset)
		}
		if j.offset == 0 && e.SchemaVersion != journalVersion {
			return fmt.Errorf("%s has schemaVersion %d, and this program knows only %d: use the newer program",
				path, e.SchemaVersion, journalVersion)
		}
		j.apply(e)
		j.offset += int64(end) + 1
		rest = rest[end+1:]
	}
	return nil
}

func (j *journal) damaged(path string) error {
	line := j.lines + 1
	_ = j.close()
	return fmt.Errorf("%s: line %d is damaged, with more after it: make sure that nothing is deploying, keep a copy, "+
		"and remove that line", path, line)
}

// reopen opens the file at path unless it is the one that is open, and makes it if need be.
func (j *journal) reopen(path string) error {
	if j.file != nil {
		named, err := os.Stat(path)
		opened, err2 := j.file.Stat()
		if err == nil && err2 == nil && os.SameFile(named, opened) && named.Size() >= j.offset {
			return nil
		}
		_ = j.close()
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	*j = journal{file: file, items: map[string]*Item{}, tokens: map[string]entry{}}
	return nil
}

func (j *journal) apply(e entry) {
	j.lines++
	for _, item := range e.Items {
		j.items[item.Key] = clone(item)
	}
	for _, key := range e.Deleted {
		delete(j.items, key)
	}
	if e.Token != "" {
		j.tokens[e.Token] = entry{At: e.At, Token: e.Token, Digest: e.Digest}
	}
}

// append writes e's line and syncs it. After an error the journal is read anew at the next use, since what the file holds
// is not known.
func (j *journal) append(e entry, synced bool) error {
	var buffer bytes.Buffer
	if j.offset == 0 {
		writeLine(&buffer, entry{SchemaVersion: journalVersion})
	}
	writeLine(&buffer, e)
	_, err := j.file.WriteAt(buffer.Bytes(), j.offset)
	if err == nil && synced {
		err = j.file.Sync()
		if err == nil && j.offset == 0 {
			err = syncFolder(filepath.Dir(j.file.Name()))
		}
	}
	if err != nil {
		_ = j.close()
		return fmt.Errorf("append to the lock table's journal: %w", err)
	}
	if j.offset == 0 {
		j.lines++
	}
	j.offset += int64(buffer.Len())
	j.apply(e)
	return nil
}

func writeLine(to *bytes.Buffer, e entry) {
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e); err != nil {
		panic(err) // it consists of text, numbers, instants and maps of text
	}
}

// tidyAfter is how long after its expiresAt the table may delete an item, as DynamoDB's TTL does: some days.
const tidyAfter = 48 * time.Hour

// compactEvery is how many lines are added between two looks at whether the journal is mostly history.
const compactEvery = 1000

// compact replaces a journal that is mostly history by one that holds the items and the tokens that are still alive.
func (f *FileTable) compact(now time.Time) error {
	j := &f.state
	if j.lines-j.looked < compactEvery {
		return nil
	}
	j.looked = j.lines
	for token, e := range j.tokens {
		if now.Sub(e.At) >= TokenLife {
			delete(j.tokens, token)
		}
	}
	if j.lines < 4*(len(j.items)+len(j.tokens)) {
		return nil
	}
	expire(j.items, now.Add(-tidyAfter))
	var buffer bytes.Buffer
	writeLine(&buffer, entry{SchemaVersion: journalVersion})
	for _, item := range listed(j.items, "") {
		writeLine(&buffer, entry{Items: []*Item{&item}})
	}
	tokens := make([]entry, 0, len(j.tokens))
	for _, e := range j.tokens {
		tokens = append(tokens, e)
	}
	slices.SortFunc(tokens, func(a, b entry) int {
		if order := a.At.Compare(b.At); order != 0 {
			return order
		}
		return bytes.Compare([]byte(a.Token), []byte(b.Token))
	})
	for _, e := range tokens {
		writeLine(&buffer, e)
	}
	return errors.Join(f.replace(buffer.Bytes()), j.close())
}

func (f *FileTable) replace(data []byte) error {
	file, err := os.OpenFile(f.path(newName), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil && f.synced {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.path(newName), f.path(journalName)); err != nil {
		return err
	}
	if !f.synced {
		return nil
	}
	return syncFolder(f.folder)
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

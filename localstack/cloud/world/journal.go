package world

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// schemaVersion is that of the journal's lines.
const schemaVersion = 1

// journalName is the file of a world: its first line is a header, every other says what one record became.
const journalName = "resources.jsonl"

type header struct {
	SchemaVersion int    `json:"schemaVersion"`
	Seed          string `json:"seed"`
}

// line is one change. Sequence counts transactions.
type line struct {
	Sequence uint64  `json:"sequence"`
	Put      *Record `json:"put,omitempty"`
	Delete   *Key    `json:"delete,omitempty"`
}

// journal appends transactions to a file that several processes share. The lock is a file of its own, because the
// journal is replaced when it is compacted. Nothing is synced: what must survive is the death of processes, not of
// the machine.
type journal struct {
	path   string
	sealer *Sealer
	lock   *os.File

	file   *os.File // as this process knows it; nil before the first transaction
	offset int64    // how far it was read
	lines  int      // that were read or written, without the header
}

func openJournal(dir string, sealer *Sealer) (*journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("world: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("world: %w", err)
	}
	return &journal{path: filepath.Join(dir, journalName), sealer: sealer, lock: lock}, nil
}

func (j *journal) close() error {
	err := j.lock.Close()
	if j.file != nil {
		err = errors.Join(err, j.file.Close())
	}
	return err
}

// enter takes the lock, shared or exclusive, and brings w up to date.
func (j *journal) enter(write bool, w *World) (unlock func(), err error) {
	how := syscall.LOCK_SH
	if write {
		how = syscall.LOCK_EX
	}
	if err := j.flock(how); err != nil {
		return nil, err
	}
	unlock = func() { _ = j.flock(syscall.LOCK_UN) }
	if err := j.catchUp(write, w); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

func (j *journal) flock(how int) error {
	for {
		err := syscall.Flock(int(j.lock.Fd()), how)
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("world: locking %s: %w", j.lock.Name(), err)
		}
	}
}

func (j *journal) catchUp(write bool, w *World) error {
	info, err := os.Stat(j.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if j.file != nil { // somebody removed it: the world is empty again
			_ = j.file.Close()
			j.file, j.offset, j.lines = nil, 0, 0
			w.reset()
			w.sequence = 0
		}
		if !write {
			return nil
		}
		return j.rewrite(w)
	case err != nil:
		return fmt.Errorf("world: %w", err)
	}
	if j.file != nil {
		known, err := j.file.Stat()
		if err != nil {
			return fmt.Errorf("world: %w", err)
		}
		if os.SameFile(known, info) && info.Size() == j.offset {
			return nil
		}
		if !os.SameFile(known, info) || info.Size() < j.offset {
			_ = j.file.Close()
			j.file = nil
		}
	}
	if j.file == nil {
		if j.file, err = os.OpenFile(j.path, os.O_RDWR|os.O_APPEND, 0o600); err != nil {
			return fmt.Errorf("world: %w", err)
		}
		j.offset, j.lines = 0, 0
		w.reset()
		w.sequence = 0
	}
	return j.read(write, w)
}

// read applies the lines behind the offset. A last line without its end is what a killed process left: the next writer
// cuts it off.
func (j *journal) read(write bool, w *World) error {
	reader := bufio.NewReaderSize(io.NewSectionReader(j.file, j.offset, 1<<62), 1<<16)
	for {
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if len(text) > 0 && write {
				if err := j.file.Truncate(j.offset); err != nil {
					return fmt.Errorf("world: %w", err)
				}
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("world: %w", err)
		}
		if err := j.apply(w, bytes.TrimSpace(text)); err != nil {
			return fmt.Errorf("world: %s at byte %d: %w", j.path, j.offset, err)
		}
		j.offset += int64(len(text))
	}
}

func (j *journal) apply(w *World, text []byte) error {
	if j.offset == 0 {
		var h header
		if err := json.Unmarshal(text, &h); err != nil {
			return err
		}
		if h.SchemaVersion != schemaVersion {
			return fmt.Errorf("schema version %d was written by another release; this one reads %d", h.SchemaVersion, schemaVersion)
		}
		w.seed = h.Seed
		return nil
	}
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return err
	}
	j.lines++
	w.sequence = l.Sequence
	if l.Delete != nil {
		w.remove(*l.Delete)
	}
	if l.Put != nil {
		r, err := j.sealer.opening(l.Put)
		if err != nil {
			return err
		}
		w.place(r)
	}
	return nil
}

// append writes the steps of one transaction in one call.
func (j *journal) append(w *World, steps []step) error {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	for _, s := range steps {
		l := line{Sequence: w.sequence}
		if s.after != nil {
			sealed, err := j.sealer.sealing(s.after)
			if err != nil {
				return err
			}
			l.Put = sealed
		} else {
			key := s.before.Key()
			l.Delete = &key
		}
		if err := encoder.Encode(l); err != nil {
			return fmt.Errorf("world: %w", err)
		}
	}
	if _, err := j.file.Write(buffer.Bytes()); err != nil {
		_ = j.file.Truncate(j.offset)
		return fmt.Errorf("world: %w", err)
	}
	j.offset += int64(buffer.Len())
	j.lines += len(steps)
	if j.lines > 2*len(w.records)+1000 {
		// The transaction stands already: a journal that could not be made shorter is tried again next time.
		_ = j.rewrite(w)
	}
	return nil
}

// rewrite replaces the journal by one that only holds what exists.
func (j *journal) rewrite(w *World) error {
	temporary := j.path + ".new"
	file, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("world: %w", err)
	}
	size, err := j.writeAll(file, w)
	if err == nil {
		err = os.Rename(temporary, j.path)
	}
	if err != nil {
		return fmt.Errorf("world: %w", errors.Join(err, file.Close()))
	}
	if j.file != nil {
		_ = j.file.Close()
	}
	j.file, j.offset, j.lines = file, size, len(w.records)
	return nil
}

func (j *journal) writeAll(file *os.File, w *World) (int64, error) {
	buffered := bufio.NewWriterSize(file, 1<<16)
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(header{SchemaVersion: schemaVersion, Seed: w.seed}); err != nil {
		return 0, err
	}
	for _, key := range sortedKeys(w.records) {
		sealed, err := j.sealer.sealing(w.records[key])
		if err != nil {
			return 0, err
		}
		if err := encoder.Encode(line{Sequence: w.sequence, Put: sealed}); err != nil {
			return 0, err
		}
	}
	if err := buffered.Flush(); err != nil {
		return 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

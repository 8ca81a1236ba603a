package embedded

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/run"
)

const waitingFile = "waiting"

// wait is the file waiting.
type wait struct {
	Until time.Time `json:"until"` // when the question expires
}

// leave notes that no process is at work on the run because it waits for a person.
func (b *book) leave(id string, until time.Time) error {
	data, err := run.Encode(wait{Until: until})
	if err != nil {
		return err
	}
	path := filepath.Join(b.dir, id, waitingFile)
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// waiting reports whether the run was left to wait, and until when.
func (b *book) waiting(id string) (until time.Time, waits bool, err error) {
	data, err := os.ReadFile(filepath.Join(b.dir, id, waitingFile))
	if errors.Is(err, os.ErrNotExist) {
		return time.Time{}, false, nil
	}
	var w wait
	if err == nil {
		err = json.Unmarshal(data, &w)
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("%s of run %s: %w", waitingFile, id, err)
	}
	return w.Until, true, nil
}

// over returns the runs that were left to wait and whose question has expired, the oldest first.
func (b *book) over(now time.Time) ([]string, error) {
	folders, err := os.ReadDir(b.dir)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, folder := range folders {
		until, waits, err := b.waiting(folder.Name())
		if err != nil {
			return nil, err
		}
		if waits && !now.Before(until) {
			ids = append(ids, folder.Name())
		}
	}
	return ids, nil
}

// takeUp makes this process the one that is at work on a run that waits; ok is false when it does not wait any more, or
// when another process has just taken it up.
func (b *book) takeUp(id string) (closeAlive func() error, ok bool, err error) {
	alive, locked, err := tryLock(filepath.Join(b.dir, id, aliveFile))
	if err != nil || !locked {
		return nil, false, err
	}
	_, waits, err := b.waiting(id)
	if err == nil && waits {
		// From here on, a death of this process leaves a dead run.
		if err = os.Remove(filepath.Join(b.dir, id, waitingFile)); err == nil {
			return alive.Close, true, nil
		}
	}
	return nil, false, errors.Join(err, alive.Close())
}

// ended reports whether nothing is left to do for the run; known, whether there is such a run.
func (b *book) ended(id string) (ended, known bool) {
	folder := filepath.Join(b.dir, id)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return false, false
	}
	_, err := os.Stat(filepath.Join(folder, endedFile))
	return err == nil, true
}

// entered returns what was started as the run.
func (b *book) entered(id string) (entry, error) {
	data, err := os.ReadFile(filepath.Join(b.dir, filepath.Base(id), entryFile))
	if err != nil {
		return entry{}, err
	}
	var there entry
	if err := json.Unmarshal(data, &there); err != nil {
		return entry{}, fmt.Errorf("%s of run %s: %w", entryFile, id, err)
	}
	return there, nil
}

// recorded returns the history of the run's own execution, to be gone on with by this process. A process that was killed
// while it wrote leaves part of a line, which counts as never written.
func (b *book) recorded(id string) ([]asl.Event, error) {
	path := filepath.Join(b.dir, id, id+".jsonl")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	whole := data[:bytes.LastIndexByte(data, '\n')+1]
	if len(whole) < len(data) {
		if err := os.Truncate(path, int64(len(whole))); err != nil {
			return nil, err
		}
	}
	var history []asl.Event
	lines := bufio.NewScanner(bytes.NewReader(whole))
	lines.Buffer(nil, len(whole)+1)
	for lines.Scan() {
		var event asl.Event
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return nil, fmt.Errorf("history of run %s: line %d: %w", id, len(history)+1, err)
		}
		history = append(history, event)
	}
	return history, lines.Err()
}

package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/run"
)

// book keeps, for each run, a folder: run.json says what was started, alive is locked by the process that runs it as long
// as that lives, waiting says that no process does because the run waits for a person, ended says that nothing is left to
// do, and NAME.jsonl is the history of each of its executions.
type book struct {
	dir string

	mu        sync.Mutex
	taken     map[string]bool     // the dead runs that this process has taken over
	histories map[string]*os.File // by execution name
	failed    error               // the first event that could not be written
}

// entry is run.json.
type entry struct {
	Run     run.Ref     `json:"run"`
	Request run.Request `json:"request"`
}

const (
	entryFile = "run.json"
	aliveFile = "alive"
	endedFile = "ended"
)

// RunExists is the error of a run id that was used before.
type RunExists struct{ Run string }

func (e *RunExists) Error() string {
	return fmt.Sprintf("a run %s was started before; choose another id", e.Run)
}

// begin enters a run. The lock on alive ends with the returned close or with this process.
func (b *book) begin(what entry) (closeAlive func() error, err error) {
	folder := filepath.Join(b.dir, what.Run.ID)
	if err := os.Mkdir(folder, 0o700); errors.Is(err, os.ErrExist) {
		return nil, &RunExists{Run: what.Run.ID}
	} else if err != nil {
		return nil, err
	}
	alive, locked, err := tryLock(filepath.Join(folder, aliveFile))
	if err != nil {
		return nil, err
	}
	if !locked {
		return nil, &RunExists{Run: what.Run.ID}
	}
	data, err := run.Encode(what)
	if err != nil {
		return nil, errors.Join(err, alive.Close())
	}
	return alive.Close, errors.Join(os.WriteFile(filepath.Join(folder, entryFile), data, 0o600))
}

// end marks a run as done with.
func (b *book) end(id string) error {
	return os.WriteFile(filepath.Join(b.dir, id, endedFile), nil, 0o600)
}

// dead returns the runs whose process died before they ended, the oldest first, each with its lock taken over so that no
// other process finishes it as well.
func (b *book) dead() ([]entry, func(), error) {
	folders, err := os.ReadDir(b.dir)
	if err != nil {
		return nil, nil, err
	}
	var entries []entry
	var held []*os.File
	release := func() {
		for _, file := range held {
			file.Close()
		}
	}
	for _, folder := range folders {
		at := filepath.Join(b.dir, folder.Name())
		if _, err := os.Stat(filepath.Join(at, endedFile)); err == nil {
			continue
		}
		alive, locked, err := tryLock(filepath.Join(at, aliveFile))
		if err != nil {
			release()
			return nil, nil, err
		}
		if !locked {
			continue // it is running in another process
		}
		held = append(held, alive)
		// Looked at under the lock: a process that leaves a run to wait says so before it lets go.
		if _, waits, err := b.waiting(folder.Name()); err != nil || waits {
			if err == nil {
				continue
			}
			release()
			return nil, nil, err
		}
		b.take(folder.Name())
		data, err := os.ReadFile(filepath.Join(at, entryFile))
		if errors.Is(err, os.ErrNotExist) {
			continue // it died before it was entered: nothing was started
		}
		var one entry
		if err == nil {
			err = json.Unmarshal(data, &one)
		}
		if err != nil {
			release()
			return nil, nil, fmt.Errorf("%s: %w", at, err)
		}
		entries = append(entries, one)
	}
	return entries, release, nil
}

// take notes that nobody but this process sees to a dead run now.
func (b *book) take(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken == nil {
		b.taken = map[string]bool{}
	}
	b.taken[id] = true
}

// running reports whether a process is at work on the run, or a person is: then it waits for an answer and has not ended.
func (b *book) running(id string) (bool, error) {
	b.mu.Lock()
	taken := b.taken[id]
	b.mu.Unlock()
	if taken {
		return false, nil
	}
	path := filepath.Join(b.dir, id, aliveFile)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	alive, locked, err := tryLock(path)
	if err != nil || !locked {
		return !locked, err
	}
	_, waits, err := b.waiting(id)
	return waits, errors.Join(err, alive.Close())
}

// tryLock opens the file and locks it, unless another process has.
func tryLock(path string) (file *os.File, locked bool, err error) {
	file, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, false, err
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return file, true, nil
	}
	file.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, false, nil
	}
	return nil, false, err
}

// record appends an event to its execution's history. The engine calls it one event at a time.
func (b *book) record(x *asl.Execution, event asl.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	file, err := b.history(x.Name())
	if err == nil {
		err = json.NewEncoder(file).Encode(event)
	}
	if err != nil && b.failed == nil {
		b.failed = fmt.Errorf("history of %s: %w", x.Name(), err)
	}
	if strings.HasPrefix(event.Type, "Execution") && event.Type != "ExecutionStarted" && file != nil {
		file.Close()
		delete(b.histories, x.Name())
	}
}

// history opens the file of an execution in the folder of the run that it belongs to: a child's name begins with the run's.
func (b *book) history(name string) (*os.File, error) {
	if file, open := b.histories[name]; open {
		return file, nil
	}
	folders, err := os.ReadDir(b.dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(folders))
	for _, folder := range folders {
		if name == folder.Name() || strings.HasPrefix(name, folder.Name()+"-") {
			names = append(names, folder.Name())
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("execution %s belongs to no run", name)
	}
	owner := slices.MaxFunc(names, func(a, b string) int { return len(a) - len(b) })
	file, err := os.OpenFile(filepath.Join(b.dir, owner, name+".jsonl"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if b.histories == nil {
		b.histories = map[string]*os.File{}
	}
	b.histories[name] = file
	return file, nil
}

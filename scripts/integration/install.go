package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// install does nothing where the emulator stands installed as it is pinned; else it installs it anew. The stamp is
// written last, so that an installation cut short is not taken for a whole one. Progress goes to out.
func (e emulator) install(ctx context.Context, out io.Writer) error {
	if err := e.missing(); err != nil {
		return err
	}
	unlock, err := e.lock()
	if err != nil {
		return err
	}
	defer unlock()
	want, err := e.stamp()
	if err != nil {
		return err
	}
	stampFile := e.folder + ".stamp"
	have, err := os.ReadFile(stampFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if string(have) == want {
		return nil
	}
	fmt.Fprintf(out, "integration: installing %s in %s\n", e.name, e.folder)
	if err := errors.Join(os.RemoveAll(stampFile), os.RemoveAll(e.folder)); err != nil {
		return err
	}
	for _, step := range e.steps {
		cmd := exec.CommandContext(ctx, step[0], step[1:]...)
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w", strings.Join(step, " "), err)
		}
	}
	return os.WriteFile(stampFile, []byte(want), 0o644)
}

// missing names the programs that this machine lacks, all at once.
func (e emulator) missing() error {
	var failures []error
	for _, program := range slices.Sorted(maps.Keys(e.needs)) {
		if _, err := exec.LookPath(program); err != nil {
			failures = append(failures, fmt.Errorf("%w; on Debian the package %s has it", err, e.needs[program]))
		}
	}
	return errors.Join(failures...)
}

// lock keeps two runs in one repository from installing into the same folder at once.
func (e emulator) lock() (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(e.folder), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(e.folder+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() { _ = file.Close() }, nil // closing gives the lock back
}

// stamp changes whenever what is to be installed does, or where: a virtual environment knows its own path.
func (e emulator) stamp() (string, error) {
	pins := map[string]any{"steps": e.steps}
	for _, name := range e.sources {
		contents, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		pins[name] = contents
	}
	encoded, err := json.Marshal(pins)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:]) + "\n", nil
}

package lock

import (
	"context"
	"errors"
	"os"
	"syscall"
)

// flock locks file against other processes. On an error it has called, or will call, release: a wait that ctx cut short
// goes on in the background until the lock is had and given back, since the system call cannot be interrupted.
func flock(ctx context.Context, file *os.File, release func()) error {
	err := flockCall(file, syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return nil
	}
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		release()
		return err
	}
	locked := make(chan error, 1)
	go func() { locked <- flockCall(file, syscall.LOCK_EX) }()
	select {
	case err := <-locked:
		if err != nil {
			release()
		}
		return err
	case <-ctx.Done():
		go func() {
			if <-locked == nil {
				unflock(file)
			}
			release()
		}()
		return ctx.Err()
	}
}

func unflock(file *os.File) { _ = flockCall(file, syscall.LOCK_UN) }

func flockCall(file *os.File, how int) error {
	for {
		if err := syscall.Flock(int(file.Fd()), how); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

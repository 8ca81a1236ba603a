package objects

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path"
	"sync"
	"syscall"
)

const (
	locksFolder = reserved + "/locks"
	tempFolder  = reserved + "/temp"
	shardCount  = 64
)

// shards are the locks of a File, each for the keys that hash to it. Whoever holds a shard is the only one, of all
// goroutines and processes, to write those keys, and owns the one temporary file of that name: so a leftover of a dead
// process is found and replaced by the next writer, and needs no age to be told from one in use.
type shards struct {
	root *os.Root
	all  [shardCount]struct {
		turn chan struct{} // full while a goroutine of this process holds or awaits the file's lock
		file *os.File      // guarded by turn; opened at first use
	}
	closing sync.Once
}

func newShards(root *os.Root) *shards {
	s := &shards{root: root}
	for i := range s.all {
		s.all[i].turn = make(chan struct{}, 1)
	}
	return s
}

func shardName(i int) string { return fmt.Sprintf("%02x", i) }

// lock takes the key's shard and returns its name. It waits for other processes until ctx is over.
func (s *shards) lock(ctx context.Context, key string) (name string, unlock func(), err error) {
	hash := fnv.New32a()
	hash.Write([]byte(key))
	i := int(hash.Sum32() % shardCount)
	shard := &s.all[i]
	select {
	case shard.turn <- struct{}{}:
	case <-ctx.Done():
		return "", nil, ctx.Err()
	}
	release := func() { <-shard.turn }
	if shard.file == nil {
		shard.file, err = s.root.OpenFile(path.Join(locksFolder, shardName(i)), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			release()
			return "", nil, err
		}
	}
	if err := flock(ctx, shard.file, release); err != nil {
		return "", nil, err
	}
	return shardName(i), func() {
		_ = flockCall(shard.file, syscall.LOCK_UN)
		release()
	}, nil
}

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
				_ = flockCall(file, syscall.LOCK_UN)
			}
			release()
		}()
		return ctx.Err()
	}
}

func flockCall(file *os.File, how int) error {
	for {
		if err := syscall.Flock(int(file.Fd()), how); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// close waits for the writes under way. Later ones find the root closed.
func (s *shards) close() error {
	var all []error
	s.closing.Do(func() {
		for i := range s.all {
			s.all[i].turn <- struct{}{}
			if s.all[i].file != nil {
				all = append(all, s.all[i].file.Close())
				s.all[i].file = nil
			}
			<-s.all[i].turn
		}
	})
	return errors.Join(all...)
}

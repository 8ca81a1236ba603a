package objects_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/objects"
)

// The variables that make this test binary one of several processes on one store.
const (
	writerRoot = "DEPLOYER_TEST_WRITER_ROOT"
	writerName = "DEPLOYER_TEST_WRITER_NAME"
)

func TestMain(m *testing.M) {
	if root := os.Getenv(writerRoot); root != "" {
		if err := write(root, os.Getenv(writerName)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// tally is the object that all writers change: how often each has, and the sum.
type tally struct {
	Total int
	By    map[string]int
}

// write counts up with If-Match until its standard input ends, and prints each count once it is acknowledged.
func write(root, name string) error {
	store, err := objects.OpenFile(root)
	if err != nil {
		return err
	}
	defer store.Close()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	for ctx.Err() == nil {
		mine, err := count(context.WithoutCancel(ctx), store, name)
		switch {
		case err == nil:
			fmt.Println(mine)
		case !errors.Is(err, objects.ErrPrecondition):
			return err
		}
	}
	return nil
}

func count(ctx context.Context, store objects.Store, name string) (int, error) {
	read, err := store.Get(ctx, "tally.json")
	if err != nil {
		return 0, err
	}
	var t tally
	if err := json.Unmarshal(read.Data, &t); err != nil {
		return 0, err
	}
	t.Total++
	t.By[name]++
	data, err := json.Marshal(t)
	if err != nil {
		return 0, err
	}
	_, err = store.Put(ctx, "tally.json", data, objects.IfMatch(read.ETag))
	return t.By[name], err
}

// writer is a running process and what it has acknowledged.
type writer struct {
	name  string
	cmd   *exec.Cmd
	stdin io.Closer
	acks  *bufio.Scanner
	last  int
}

func startWriter(t *testing.T, root, name string) *writer {
	w := &writer{name: name, cmd: exec.Command(os.Args[0])}
	w.cmd.Env = append(os.Environ(), writerRoot+"="+root, writerName+"="+name)
	w.cmd.Stderr = os.Stderr
	stdin, err := w.cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := w.cmd.StdoutPipe()
	require.NoError(t, err)
	w.stdin, w.acks = stdin, bufio.NewScanner(stdout)
	require.NoError(t, w.cmd.Start())
	t.Cleanup(func() { _ = w.cmd.Process.Kill() })
	return w
}

// upTo reads acknowledgements until there are n of them, or (negative) until the process ends.
func (w *writer) upTo(n int) error {
	for n < 0 || w.last < n {
		if !w.acks.Scan() {
			if n < 0 {
				return w.acks.Err()
			}
			return fmt.Errorf("writer %s ended after %d", w.name, w.last)
		}
		ack, err := strconv.Atoi(w.acks.Text())
		if err != nil || ack != w.last+1 {
			return fmt.Errorf("writer %s acknowledged %q after %d", w.name, w.acks.Text(), w.last)
		}
		w.last = ack
	}
	return nil
}

func TestFourProcessesOneKilledLoseNothingAcknowledged(t *testing.T) {
	root := t.TempDir()
	store := openFile(t, root)
	_, err := store.Put(t.Context(), "tally.json", []byte(`{"Total":0,"By":{}}`), objects.IfAbsent())
	require.NoError(t, err)
	var writers []*writer
	for i := range 4 {
		writers = append(writers, startWriter(t, root, fmt.Sprint("writer", i)))
	}
	killAt := 1 + rand.IntN(20)
	t.Logf("writer0 is killed after its acknowledgement %d", killAt)
	failures := make(chan error)
	for i, w := range writers {
		go func() {
			if i != 0 {
				failures <- errors.Join(w.upTo(25), w.stdin.Close(), w.upTo(-1), w.cmd.Wait())
				return
			}
			err := w.upTo(killAt)
			for range rand.IntN(200) { // somewhere within the next write
				runtime.Gosched()
			}
			failures <- errors.Join(err, w.cmd.Process.Kill(), w.upTo(-1))
			_ = w.cmd.Wait()
		}()
	}
	for range writers {
		require.NoError(t, <-failures)
	}
	read, err := store.Get(t.Context(), "tally.json")
	require.NoError(t, err)
	var final tally
	require.NoError(t, json.Unmarshal(read.Data, &final))
	sum := 0
	for i, w := range writers {
		sum += final.By[w.name]
		if i == 0 { // its last write may have come through without its word
			require.GreaterOrEqual(t, final.By[w.name], w.last)
			require.LessOrEqual(t, final.By[w.name], w.last+1)
			continue
		}
		require.Equal(t, w.last, final.By[w.name], w.name)
	}
	require.Equal(t, sum, final.Total, "no write was made over another's")
	_, err = store.Put(t.Context(), "tally.json", nil, objects.IfMatch(read.ETag))
	require.NoError(t, err, "the dead process's lock is free")
	require.Equal(t, []string{"tally.json"}, listed(t, store))
}

// waitingInFlock tells when a goroutine stands in the wait for a file lock, by the stacks of all.
func waitingInFlock(t *testing.T) <-chan struct{} {
	found := make(chan struct{})
	go func() {
		stacks := make([]byte, 1<<20)
		for t.Context().Err() == nil {
			if strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "objects.flock(") {
				close(found)
				return
			}
			runtime.Gosched()
		}
	}()
	return found
}

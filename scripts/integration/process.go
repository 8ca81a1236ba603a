package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// process is a running program, an emulator or the command, with the children that it started.
type process struct {
	name  string
	cmd   *exec.Cmd
	ended chan struct{} // closed once it has ended
	err   error         // how it ended; read it after ended
}

// startProcess starts cmd in a process group of its own, so that stop reaches its children too and an interrupt at the
// terminal reaches nobody but this program, which then stops all in order.
func startProcess(name string, cmd *exec.Cmd) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithParent(cmd.SysProcAttr)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &process{name: name, cmd: cmd, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// grace is how long a process may take to end when asked.
const grace = 10 * time.Second

// stop ends it and its children, by force when they do not go.
func (p *process) stop() error {
	group := -p.cmd.Process.Pid
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := syscall.Kill(group, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop %s: %w", p.name, err)
		}
		select {
		case <-p.ended:
			return nil
		case <-time.After(grace):
		}
	}
	return fmt.Errorf("%s, process %d, does not end", p.name, p.cmd.Process.Pid)
}

// wait returns how it ended; when ctx is over first it stops it and returns the reason of ctx.
func (p *process) wait(ctx context.Context) error {
	select {
	case <-p.ended:
		if p.err != nil {
			return fmt.Errorf("%s: %w", p.name, p.err)
		}
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("%s was stopped: %w", p.name, context.Cause(ctx)), p.stop())
	}
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// service is a running emulator.
type service struct {
	*process
	url, log string
}

// patience is for a machine that is busy with other things.
const patience = 2 * time.Minute

// ready waits until it answers HTTP, whatever the answer.
func (s *service) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			response.Body.Close()
		}
		if s.hasEnded() { // who answered then is a stranger who has its port
			return fmt.Errorf("%s ended before it was ready: %s", s.name, s.lastWords())
		}
		if err == nil {
			return nil
		}
		select {
		case <-s.ended:
		case <-ctx.Done():
			return fmt.Errorf("%s did not answer at %s: %w: %s", s.name, s.url, ctx.Err(), s.lastWords())
		case <-again.C:
		}
	}
}

// lastWords is how it ended, where it did, and the end of its log.
func (s *service) lastWords() string {
	const most = 4000
	state := "it still runs"
	if s.hasEnded() {
		state = s.cmd.ProcessState.String()
	}
	log, err := os.ReadFile(s.log)
	if err != nil {
		return state + "; " + err.Error()
	}
	return fmt.Sprintf("%s; its log ends:\n%s", state, log[max(0, len(log)-most):])
}

// freePorts are n different ones of the loopback address that nobody listens on at this moment.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close() // only at the end, so that the next one is another
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

package plugin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// Pin is a provider plugin of a fixed version.
type Pin struct {
	Name    string // as in aws
	Version string // as in v7.11.1
	Path    string // of its program; empty: where the Pulumi CLI installs it below PULUMI_HOME
}

func (p Pin) String() string { return p.Name + " provider plugin " + p.Version }

// ParsePins reads pins written as NAME@VERSION and separated by commas, as in aws@v7.11.1,kubernetes@v4.24.0.
func ParsePins(text string) ([]Pin, error) {
	var all []Pin
	for one := range strings.SplitSeq(text, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		name, version, found := strings.Cut(one, "@")
		if !found || name == "" || !strings.HasPrefix(version, "v") || strings.ContainsAny(one, "/:") {
			return nil, fmt.Errorf("%q: want NAME@VERSION, as in aws@v7.11.1", one)
		}
		all = append(all, Pin{Name: name, Version: version})
	}
	return all, nil
}

// program finds the plugin's program below the folder of the CLI's own things.
func (p Pin) program(home string) (string, error) {
	path := p.Path
	if path == "" {
		path = filepath.Join(home, "plugins", "resource-"+p.Name+"-"+p.Version, "pulumi-resource-"+p.Name)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no %s; build the executor's image anew with that version (cmd/executor/Dockerfile)", path)
	case err != nil:
		return "", err
	case info.IsDir() || info.Mode().Perm()&0o111 == 0:
		return "", fmt.Errorf("%s is no program; build the executor's image anew (cmd/executor/Dockerfile)", path)
	}
	return path, nil
}

// process is one running plugin.
type process struct {
	pin       Pin
	pid       int
	log       *slog.Logger
	stopLimit time.Duration
	connected *grpc.ClientConn
	handshake *pulumirpc.ProviderHandshakeResponse // nil: the plugin has none
	ended     chan struct{}                        // closed when the process is over; how stands in state
	state     string

	configured configuration

	// The pool's lock guards what follows.
	keys     map[string]bool // of the configuration that it is for, in the forms it comes in; empty: not decided yet
	users    map[*link]bool
	retired  bool // nobody else may come
	stopping bool
}

// start runs the plugin and returns when it can be called. The error says what a person should know.
func (p *Pool) start(ctx context.Context, pin Pin) (_ *process, err error) {
	path, err := pin.program(p.options.Home)
	if err != nil {
		return nil, err
	}
	command := exec.Command(path, p.host.address)
	command.Dir, command.Env = p.options.Dir, p.options.Env
	// A group of its own: an interrupt at our terminal must let it finish what it is doing.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// What it leaves behind may hold its output open.
	command.WaitDelay = time.Second
	stdout, words := io.Pipe()
	messages := &lines{tell: p.tell(pin)}
	command.Stdout, command.Stderr = words, messages
	if err := command.Start(); err != nil {
		return nil, err
	}
	made := &process{pin: pin, pid: command.Process.Pid, log: p.options.Log, stopLimit: p.options.StopLimit,
		ended: make(chan struct{}), keys: map[string]bool{}, users: map[*link]bool{}}
	go func() {
		_ = command.Wait() // its state tells how it ended
		made.state = command.ProcessState.String()
		messages.flush()
		close(made.ended)
		_ = words.Close()
	}()
	defer func() {
		if err != nil {
			made.stop()
		}
	}()
	port, err := made.readPort(ctx, stdout)
	if err != nil {
		return nil, err
	}
	if err := made.connect(ctx, port, p.host.address); err != nil {
		return nil, err
	}
	p.options.Log.Info("a provider plugin was started", "plugin", pin.Name, "version", pin.Version, "pid", made.pid)
	return made, nil
}

// readPort reads the first line of the plugin's output, which is the port on which it listens, and drops the rest.
func (p *process) readPort(ctx context.Context, stdout io.Reader) (int, error) {
	type answer struct {
		line string
		err  error
	}
	read := make(chan answer, 1)
	go func() { // its output ends only when it is known how it ended
		reader := bufio.NewReaderSize(stdout, 4096)
		line, err := reader.ReadSlice('\n')
		read <- answer{string(line), err}
		_, _ = io.Copy(io.Discard, reader)
	}()
	select {
	case <-ctx.Done():
		return 0, fmt.Errorf("it did not say in time on which port it listens: %w", context.Cause(ctx))
	case <-p.ended:
		return 0, p.endedEarly()
	case a := <-read:
		if a.line == "" && p.dead() {
			return 0, p.endedEarly()
		}
		port, err := strconv.Atoi(strings.TrimSpace(a.line))
		if err != nil || port < 1 || port > 65535 {
			return 0, fmt.Errorf("it should have said on which port it listens, and said %.80q", a.line)
		}
		return port, nil
	}
}

func (p *process) endedEarly() error {
	return fmt.Errorf("it ended (%s) before it said on which port it listens; its messages are in the log", p.state)
}

// connect dials the plugin and greets it as the Pulumi engine does.
func (p *process) connect(ctx context.Context, port int, host string) error {
	var err error
	p.connected, err = grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", port), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(mostBytes), grpc.MaxCallSendMsgSize(mostBytes)))
	if err != nil {
		return err
	}
	p.handshake, err = pulumirpc.NewResourceProviderClient(p.connected).Handshake(ctx, &pulumirpc.ProviderHandshakeRequest{
		EngineAddress: host, ConfigureWithUrn: true, SupportsViews: true, SupportsRefreshBeforeUpdate: true, InvokeWithPreview: true,
	}, grpc.WaitForReady(true))
	if status.Code(err) == codes.Unimplemented {
		return nil
	}
	return err
}

// dead reports whether the process is over.
func (p *process) dead() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// stop ends the process: it is asked to, and killed when it does not.
func (p *process) stop() {
	if p.connected != nil {
		_ = p.connected.Close()
	}
	if p.dead() {
		return
	}
	_ = syscall.Kill(-p.pid, syscall.SIGTERM)
	timer := time.NewTimer(p.stopLimit)
	defer timer.Stop()
	select {
	case <-p.ended:
		return
	case <-timer.C:
	}
	p.log.Warn("a provider plugin did not end when it was asked to, and is killed", "plugin", p.pin.Name, "pid", p.pid)
	_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	<-p.ended
}

// lines tells what is written line by line. A line without an end is told in pieces.
type lines struct {
	tell func(string)
	mu   sync.Mutex
	rest []byte
}

const longestLine = 16 << 10

func (l *lines) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, data...)
	for {
		end := strings.IndexByte(string(l.rest), '\n')
		if end < 0 && len(l.rest) < longestLine {
			return len(data), nil
		}
		if end < 0 {
			end = longestLine - 1
		}
		l.tell(string(l.rest[:end+1]))
		l.rest = l.rest[end+1:]
	}
}

func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) > 0 {
		l.tell(string(l.rest))
	}
	l.rest = nil
}

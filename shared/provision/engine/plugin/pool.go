// Package plugin shares provider plugins: the pins of those that programs need go in, each is started once for each distinct
// configuration, and what comes out is a door for each Pulumi CLI, at which it attaches to them.
//
// A plugin is written for one engine: it holds one configuration, sends its messages to the engine that attached last, and takes an
// engine's interrupt for the whole process. Therefore the CLIs do not reach it themselves. A door tells by what a CLI configures
// which process it belongs to, configures that process once, and passes everything else through. To the plugin all of
// them are one engine that does several things at a time.
package plugin

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Options say which plugins there are and how they are run.
type Options struct {
	Pins       []Pin
	Home       string        // PULUMI_HOME, where the plugins are installed
	Dir        string        // the folder in which they run
	Env        []string      // their environment, KEY=value
	StartLimit time.Duration // how long one may take until it can be called; 0: DefaultStartLimit
	StopLimit  time.Duration // how long one may take to end before it is killed; 0: DefaultStopLimit
	Log        *slog.Logger
	// Essence makes of a plugin's words what may be logged: without what looks like a credential.
	Essence func(string) string
}

// The limits unless others are given. A plugin loads the schema of all its resources, which takes seconds on a small task. It has
// nothing to do any more when it is stopped.
const (
	DefaultStartLimit = time.Minute
	DefaultStopLimit  = 3 * time.Second
)

// mostBytes is the largest message, as Pulumi's own limit.
const mostBytes = 400 << 20

// Lost is the error of a plugin that ended by itself while it was needed. The next call starts another.
type Lost struct {
	Pin   Pin
	State string // how it ended
}

func (e *Lost) Error() string {
	return fmt.Sprintf("the %s was lost while it was at work (%s); what it was doing may have been done", e.Pin, e.State)
}

// Unusable is the error of a plugin that cannot be started.
type Unusable struct {
	Pin    Pin
	Reason error
}

func (e *Unusable) Error() string { return fmt.Sprintf("the %s cannot be used: %v", e.Pin, e.Reason) }

func (e *Unusable) Unwrap() error { return e.Reason }

// Pool is the plugins of one engine. It starts none before it is needed. It is safe for concurrent use.
type Pool struct {
	options  Options
	host     *host
	packages []*family
	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	tasks    sync.WaitGroup // starts and stops under way
}

// family is the processes of one plugin.
type family struct {
	*Pool
	pin Pin

	mu        sync.Mutex
	processes []*process // those that work
	starting  *starting  // nil: none is being started
}

type starting struct {
	done chan struct{}
	err  error
}

// Share makes a pool. Close it after the last CLI.
func Share(options Options) (*Pool, error) {
	if options.StartLimit <= 0 {
		options.StartLimit = DefaultStartLimit
	}
	if options.StopLimit <= 0 {
		options.StopLimit = DefaultStopLimit
	}
	p := &Pool{options: options}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	var err error
	if p.host, err = serveHost(options.Log, options.Essence); err != nil {
		return nil, err
	}
	for _, pin := range options.Pins {
		p.packages = append(p.packages, &family{Pool: p, pin: pin})
	}
	return p, nil
}

// Close stops the plugins. All doors must be closed.
func (p *Pool) Close() error {
	p.cancel()
	p.tasks.Wait()
	var stopping sync.WaitGroup
	for _, f := range p.packages {
		f.mu.Lock()
		for _, one := range f.processes {
			one.stopping = true
			stopping.Go(one.stop)
		}
		f.processes = nil
		f.mu.Unlock()
	}
	stopping.Wait()
	return p.host.close()
}

// process returns a process for a configuration: the one that it has, one that has none yet, or a new one. Without a key any
// will do. Several that need a new one wait for the same; who stops waiting does not stop the start.
func (f *family) process(ctx context.Context, key string) (*process, error) {
	for {
		f.mu.Lock()
		if found := f.find(key); found != nil {
			f.mu.Unlock()
			return found, nil
		}
		s := f.starting
		if s == nil {
			s = &starting{done: make(chan struct{})}
			f.starting = s
			f.tasks.Go(func() { f.begin(s) })
		}
		f.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.done:
			if s.err != nil {
				return nil, &Unusable{f.pin, s.err}
			}
		}
	}
}

// find looks for a process and makes one that had no configuration that of the key. The lock is held.
func (f *family) find(key string) *process {
	usable := func(match func(*process) bool) *process {
		i := slices.IndexFunc(f.processes, func(p *process) bool { return !p.retired && !p.dead() && match(p) })
		if i < 0 {
			return nil
		}
		return f.processes[i]
	}
	if key == "" {
		return usable(func(*process) bool { return true })
	}
	if found := usable(func(p *process) bool { return p.keys[key] }); found != nil {
		return found
	}
	free := usable(func(p *process) bool { return len(p.keys) == 0 })
	if free != nil {
		free.keys[key] = true
	}
	return free
}

// claim makes another form of its configuration a process's, unless another process has it.
func (f *family) claim(one *process, key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.ContainsFunc(f.processes, func(p *process) bool { return !p.retired && p.keys[key] }) {
		one.keys[key] = true
	}
}

// begin starts a process.
func (f *family) begin(s *starting) {
	ctx, cancel := context.WithTimeoutCause(f.ctx, f.options.StartLimit, fmt.Errorf("%s have passed", f.options.StartLimit))
	defer cancel()
	made, err := f.start(ctx, f.pin)
	f.mu.Lock()
	defer f.mu.Unlock()
	s.err, f.starting = err, nil
	if err == nil {
		f.processes = append(f.processes, made)
		go f.watch(made)
	}
	close(s.done)
}

// watch takes a process that is over out of the family.
func (f *family) watch(one *process) {
	<-one.ended
	f.mu.Lock()
	defer f.mu.Unlock()
	f.processes = slices.DeleteFunc(f.processes, func(p *process) bool { return p == one })
	if !one.stopping {
		f.options.Log.Error("a provider plugin ended by itself; the next call starts another", "plugin", f.pin.Name, "version",
			f.pin.Version, "pid", one.pid, "ended", one.state, "usedBy", len(one.users))
	}
}

// retire lets nobody else come to a process, and stops it when it is left alone.
func (f *family) retire(one *process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one.retired = true
	f.clear(one)
}

// clear stops a retired process that nobody uses. The lock is held.
func (f *family) clear(one *process) {
	if one.retired && len(one.users) == 0 && !one.stopping && f.ctx.Err() == nil {
		one.stopping = true
		f.tasks.Go(one.stop)
	}
}

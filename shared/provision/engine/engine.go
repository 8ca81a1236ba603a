// Package engine drives the Pulumi engine with the fewest processes: a Call (one operation on one Pulumi stack, with its
// program) goes in, one CLI process runs, and a Report of changes, outputs and what is left pending comes out.
//
// The stack is not made by the CLI but by its first checkpoint, its settings files are written here, its program is
// served by one language runtime for all calls of this process, its outputs are read from the checkpoint, and its
// changes from the event log: every other way costs a process of its own.
package engine

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/provision/engine/plugin"
)

// Options say where the engine's parts are.
type Options struct {
	Pulumi  string        // path of the Pulumi CLI
	Objects objects.Store // the store under BackendURL; checkpoints are read and prepared through it
	// BackendURL is the root of the store as Pulumi names it: file:///path or s3://bucket?region=eu-west-1&awssdk=v2. A
	// call's prefix is put behind its path.
	BackendURL string
	// SecretsProvider encrypts secrets in checkpoints, as in awskms://alias/deployer?region=eu-west-1.
	SecretsProvider string
	Env             []string // the CLI's whole environment, KEY=value, beside what this package sets
	WorkDir         string   // scratch space that may be lost; empty: the system's
	Parallelism     int      // CLI processes at a time; 0: two per core
	// Plugins are the providers that calls need. Each is started once for all calls that configure it alike, when one needs it;
	// those that Env attaches are left out, and of one that is not named each CLI starts its own.
	Plugins []plugin.Pin
	// PluginStart is how long a plugin may take to start; 0: plugin.DefaultStartLimit.
	PluginStart time.Duration
	Grace       time.Duration // how long an interrupted operation may take to end; 0: DefaultGrace
	Log         *slog.Logger
}

// DefaultGrace leaves time to write the outcome within the 120 seconds that a stopped Fargate task has at the most.
const DefaultGrace = 100 * time.Second

// Engine runs calls. It is safe for concurrent use; calls on the same stack follow one another.
type Engine struct {
	options  Options
	home     string
	language *language
	plugins  *plugin.Pool // nil without any
	slots    *semaphore.Weighted

	mu    sync.Mutex
	busy  map[string]chan struct{} // by project/stack; holds a token while no call runs
	owned bool                     // WorkDir was made here and goes with Close
}

// New checks the options, starts the language runtime and returns an Engine. Close it after its last call.
func New(options Options) (*Engine, error) {
	if options.Pulumi == "" || options.Objects == nil || options.BackendURL == "" || options.SecretsProvider == "" {
		return nil, errors.New("engine: Pulumi, Objects, BackendURL and SecretsProvider must be set")
	}
	if _, err := os.Stat(options.Pulumi); err != nil {
		return nil, fmt.Errorf("engine: the Pulumi CLI cannot be used: %w", err)
	}
	if options.Parallelism <= 0 {
		options.Parallelism = 2 * runtime.GOMAXPROCS(0)
	}
	if options.Grace <= 0 {
		options.Grace = DefaultGrace
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	var err error
	e := &Engine{options: options, busy: map[string]chan struct{}{}, slots: semaphore.NewWeighted(int64(options.Parallelism))}
	if e.options.SecretsProvider, err = secretsProvider(options.SecretsProvider); err != nil {
		return nil, err
	}
	if err := e.makeWorkDir(); err != nil {
		return nil, err
	}
	language, err := serveLanguage()
	if err != nil {
		e.removeWorkDir()
		return nil, err
	}
	e.language = language
	if err := e.sharePlugins(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// secretsProvider asks for the current AWS SDK: the CLI's default is the first one, which knows neither
// AWS_ENDPOINT_URL_KMS nor newer sources of credentials.
func secretsProvider(text string) (string, error) {
	provider, err := url.Parse(text)
	if err != nil {
		return "", fmt.Errorf("engine: the secrets provider is not a URL: %w", err)
	}
	if query := provider.Query(); provider.Scheme == "awskms" && !query.Has("awssdk") {
		query.Set("awssdk", "v2")
		provider.RawQuery = query.Encode()
	}
	return provider.String(), nil
}

// sharePlugins opens the doors to the plugins that are not attached already.
func (e *Engine) sharePlugins() error {
	attached := variable(e.options.Env, attachVariable)
	pins := slices.DeleteFunc(slices.Clone(e.options.Plugins), func(p plugin.Pin) bool {
		return strings.Contains(","+attached, ","+p.Name+":")
	})
	if len(pins) == 0 {
		return nil
	}
	var err error
	e.plugins, err = plugin.Share(plugin.Options{Pins: pins, Home: e.home, Dir: e.options.WorkDir, StartLimit: e.options.PluginStart,
		Env: append(slices.Clip(e.options.Env), "PULUMI_HOME="+e.home), Log: e.options.Log, Essence: Essence})
	return err
}

// variable returns the value of a variable in an environment, "" without one. As for a process, the last one counts.
func variable(env []string, name string) string {
	for _, v := range slices.Backward(env) {
		if value, found := strings.CutPrefix(v, name+"="); found {
			return value
		}
	}
	return ""
}

// Close stops the plugins and the language runtime and removes the scratch space. No call may be running.
func (e *Engine) Close() error {
	var err error
	if e.plugins != nil {
		err = e.plugins.Close()
	}
	err = errors.Join(err, e.language.close())
	e.removeWorkDir()
	return err
}

func (e *Engine) makeWorkDir() error {
	if e.options.WorkDir == "" {
		dir, err := os.MkdirTemp("", "deployer-engine-")
		if err != nil {
			return fmt.Errorf("engine: %w", err)
		}
		e.options.WorkDir, e.owned = dir, true
	}
	// A plugin that the image brings along lies in the PULUMI_HOME it was installed into: the environment's word counts.
	e.home = filepath.Join(e.options.WorkDir, "home")
	e.home = cmp.Or(variable(e.options.Env, "PULUMI_HOME"), e.home)
	if err := os.MkdirAll(e.home, 0o700); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	return nil
}

func (e *Engine) removeWorkDir() {
	if !e.owned {
		return
	}
	if err := os.RemoveAll(e.options.WorkDir); err != nil {
		e.options.Log.Warn("the engine's scratch space stays behind", "folder", e.options.WorkDir, "error", err)
	}
}

// turn returns the channel that holds a token while nobody works on the stack.
func (e *Engine) turn(id string) chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.busy[id] == nil {
		e.busy[id] = make(chan struct{}, 1)
		e.busy[id] <- struct{}{}
	}
	return e.busy[id]
}

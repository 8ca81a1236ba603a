package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/deployer-io/deployer/shared/provision/engine/plugin"
)

// process is how one run of the CLI ended.
type process struct {
	output string // standard output and error, the last part of it
	err    error
	cpu    time.Duration
	killed bool         // it did not end within the grace period
	lost   *plugin.Lost // the plugin that went away while it was used, and for which the CLI was killed
}

// arguments of each operation. --skip-preview saves a second walk over the resources; what a person approved was
// previewed before.
var arguments = map[Operation][]string{
	Up:             {"up", "--yes", "--skip-preview"},
	Destroy:        {"destroy", "--yes", "--skip-preview"},
	Preview:        {"preview"},
	PreviewDestroy: {"destroy", "--preview-only"},
	Observe:        {"refresh", "--yes", "--skip-preview"},
}

func (e *Engine) arguments(call Call, log string) []string {
	args := append([]string{}, arguments[call.Operation]...)
	args = append(args, "--non-interactive", "--color=never", "--suppress-progress", "--suppress-outputs",
		"--stack=organization/"+call.id(), "--exec-kind=auto.inline", "--client="+e.language.address, "--event-log="+log)
	if call.Refresh && call.Operation != Observe {
		args = append(args, "--refresh")
	}
	for _, urn := range call.Targets {
		args = append(args, "--target="+urn)
	}
	return args
}

// environment is the CLI's. GOGC: the CLI lives for a moment and uses some 150 MiB; collecting less often saves it a
// sixth of its CPU time. A checkpoint's backups and the legacy layout cost calls to the store that nobody reads.
// What Options.Env says goes last and wins.
func (e *Engine) environment(backendURL string, door *plugin.Door) []string {
	return slices.Concat([]string{
		"GOGC=400",
		"PULUMI_HOME=" + e.home,
		"PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK=true",
		"PULUMI_DIY_BACKEND_NO_LEGACY_WARNING=true",
		"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS=true",
		"PULUMI_DEBUG_COMMANDS=true", // --event-log is hidden without it
		"PULUMI_SUPPRESS_NEO_LINK=true",
		// Providers are attached, or installed beside the CLI in the version that the programs were written for; looking
		// for them elsewhere takes most of a second even where there is nothing to be found.
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
	}, e.options.Env, []string{"PULUMI_BACKEND_URL=" + backendURL}, e.attach(door))
}

// attachVariable names providers that a CLI attaches to instead of starting them, as NAME:PORT separated by commas.
const attachVariable = "PULUMI_DEBUG_PROVIDERS"

// attach is the variable that adds the shared plugins to those that are attached already.
func (e *Engine) attach(door *plugin.Door) []string {
	if door == nil {
		return nil
	}
	all := door.Attached()
	if already := variable(e.options.Env, attachVariable); already != "" {
		all = already + "," + all
	}
	return []string{attachVariable + "=" + all}
}

// open makes the CLI's way to the shared plugins, nil where there are none. The channel tells of one that is lost.
func (e *Engine) open() (*plugin.Door, <-chan *plugin.Lost, error) {
	if e.plugins == nil {
		return nil, nil, nil
	}
	lost := make(chan *plugin.Lost, 1)
	door, err := e.plugins.Open(func(gone *plugin.Lost) { lost <- gone })
	return door, lost, err
}

// start runs the CLI to its end.
func (e *Engine) start(ctx context.Context, s *stack, log string) process {
	door, lost, err := e.open()
	if err != nil {
		return process{err: err}
	}
	if door != nil {
		defer door.Close()
	}
	var output tail
	command := exec.Command(e.options.Pulumi, e.arguments(s.call, log)...)
	command.Dir = s.dir
	command.Env = e.environment(s.backendURL(), door)
	command.Stdout, command.Stderr = &output, &output
	// A group of its own: an interrupt that a person sends to our terminal must reach the CLI once, from us.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// A provider that outlives the CLI may hold its output open.
	command.WaitDelay = 5 * time.Second
	if err := command.Start(); err != nil {
		return process{err: fmt.Errorf("the Pulumi CLI cannot be started: %w", err)}
	}
	ended := make(chan struct{})
	var p process
	var watching sync.WaitGroup
	watching.Go(func() { p.killed, p.lost = e.interruptWhen(ctx, command.Process.Pid, ended, lost) })
	err = command.Wait()
	close(ended)
	watching.Wait()
	p.output, p.err = output.String(), err
	if errors.Is(err, exec.ErrWaitDelay) {
		p.err = nil
	}
	if state := command.ProcessState; state != nil {
		p.cpu = state.UserTime() + state.SystemTime()
	}
	return p
}

// interruptWhen waits for the process to end. When ctx ends first it interrupts the process group, which lets Pulumi
// finish what is under way and write it down, and kills it after the grace period; it reports whether it had to. When a plugin is
// lost, it kills the group: a CLI that heard of it would write down that what was begun had failed, and forget it.
func (e *Engine) interruptWhen(ctx context.Context, group int, ended <-chan struct{}, lost <-chan *plugin.Lost) (bool, *plugin.Lost) {
	var late <-chan time.Time
	interrupted := ctx.Done()
	for {
		select {
		case <-ended:
			return false, nil
		case <-interrupted:
			_ = syscall.Kill(-group, syscall.SIGINT)
			grace := time.NewTimer(e.options.Grace)
			defer grace.Stop()
			interrupted, late = nil, grace.C
		case <-late:
			_ = syscall.Kill(-group, syscall.SIGKILL)
			return true, nil
		case gone := <-lost:
			_ = syscall.Kill(-group, syscall.SIGKILL)
			return true, gone
		}
	}
}

// tail is a writer that keeps the last part of what is written.
type tail struct{ data bytes.Buffer }

const tailSize = 16 << 10

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	if n > tailSize {
		p = p[n-tailSize:]
	}
	if excess := t.data.Len() + len(p) - tailSize; excess > 0 {
		t.data.Next(excess)
	}
	t.data.Write(p)
	return n, nil
}

func (t *tail) String() string { return t.data.String() }

func exitCode(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return strconv.Itoa(exit.ExitCode())
	}
	return "unknown"
}

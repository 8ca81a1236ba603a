package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Operation is what a call does with its stack.
type Operation string

// The operations. The last three change nothing but a copy of the checkpoint.
const (
	Up             Operation = "up"
	Destroy        Operation = "destroy"
	Preview        Operation = "preview"
	PreviewDestroy Operation = "preview-destroy"
	Observe        Operation = "observe" // read the real resources and tell how they differ from the checkpoint
)

// passive reports whether the operation leaves the stack as it is.
func (o Operation) passive() bool { return o == Preview || o == PreviewDestroy || o == Observe }

// Call is one operation on one stack.
type Call struct {
	Operation Operation
	Project   string
	Stack     string
	Program   pulumi.RunFunc // for Up and Preview
	// Prefix is the key prefix of the stack's backend, ending in a slash. Base is the prefix whose checkpoint is taken over
	// when Prefix has none yet; empty for a new stack. A Base that was given and has no checkpoint is an error.
	Prefix string
	Base   string
	// Kept is the prefix under which the checkpoint of resources stands that an earlier destruction let go of; empty: none is
	// looked for. An Up without a Base takes them over from there, and what a Destroy lets go of is written there.
	Kept string
	// Refresh reads the real resources before anything else; it is implied where pending operations are resolved.
	Refresh bool
	// Targets limits an Up to these resources (by URN).
	Targets []string
	// Resolve decides what becomes of operations that an interrupted run left pending; asked before an Up or Destroy,
	// only when there are any. Nil: they are left as they are.
	Resolve func([]PendingOperation) ([]Resolution, error)
	// Unprotect takes the protection of all resources out of the checkpoint before a Destroy.
	Unprotect bool
}

func (c Call) id() string { return c.Project + "/" + c.Stack }

// Report is what a call did. It is filled as far as known beside an error too.
type Report struct {
	Changes   []Change
	Outputs   map[string]json.RawMessage // the stack's outputs; a secret one is left out and named in Secrets
	Secrets   []string
	Resources []Resource
	Pending   []PendingOperation
	// Checkpoint is the SHA-256 of the checkpoint after the call, "" when there is none.
	Checkpoint string
	Adopted    bool // the call started from what an earlier destruction had let go of
	Duration   time.Duration
	CPU        time.Duration // of the CLI process
}

// Change is one resource that the call touched, or would touch.
type Change struct {
	URN       string
	Type      string
	Name      string
	ID        string
	Operation string // create, update, replace, delete, read, import
	Fields    []string
	Failed    bool
	Done      bool
	Message   string
}

// Run carries out a call. When ctx ends, the CLI is interrupted as a person would do it, so that what is under way
// comes to an end and is recorded; after the grace period it is killed. Errors: *Failure, or a failure of the store.
func (e *Engine) Run(ctx context.Context, call Call) (Report, error) {
	began := time.Now()
	turn := e.turn(call.id())
	select {
	case <-turn:
	case <-ctx.Done():
		return Report{}, canceled(ctx)
	}
	defer func() { turn <- struct{}{} }()
	if err := e.slots.Acquire(ctx, 1); err != nil {
		return Report{}, canceled(ctx)
	}
	defer e.slots.Release(1)

	report, err := e.run(ctx, call)
	report.Duration = time.Since(began)
	return report, err
}

// Inspect reads the checkpoint that a call would start from, and starts no process. The report of a stack without one is
// empty.
func (e *Engine) Inspect(ctx context.Context, call Call) (Report, error) {
	s := &stack{Engine: e, call: call}
	data, err := s.checkpoint(ctx)
	if err != nil || data == nil {
		return Report{}, err
	}
	return s.read(data)
}

// concluding is how long reading the checkpoint may take after the work; with DefaultGrace it leaves time for the outcome.
const concluding = 10 * time.Second

func (e *Engine) run(ctx context.Context, call Call) (Report, error) {
	dir, err := os.MkdirTemp(e.options.WorkDir, "call-")
	if err != nil {
		return Report{}, fmt.Errorf("engine: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s := &stack{Engine: e, call: call, dir: dir}
	if proceed, err := s.prepare(ctx); err != nil || !proceed {
		return Report{}, err
	}
	program := e.language.serve(call.id(), call.Program)
	defer e.language.forget(call.id())

	log := filepath.Join(dir, "events.jsonl")
	process := e.start(ctx, s, log)
	report := Report{CPU: process.cpu, Adopted: s.adopting}
	// Whatever happened, and even when the run is being stopped: what is true now must be told.
	reading, cancel := context.WithTimeout(context.WithoutCancel(ctx), concluding)
	defer cancel()
	events, eventsErr := readEvents(log)
	report.Changes = events.changes()
	if err := s.conclude(reading, process.err == nil, &report); err != nil {
		return report, err
	}
	switch {
	case process.err == nil && eventsErr != nil:
		return report, fmt.Errorf("engine: the event log cannot be read: %w", eventsErr)
	// A CLI that is interrupted before its work began may end as if it had done it.
	case process.err == nil && call.Operation == Destroy && len(report.Resources) > 0:
		return report, unfinished(ctx, report)
	case process.err == nil && call.Operation == Up && ctx.Err() != nil && !program.complete():
		return report, canceled(ctx)
	case process.err == nil:
		return report, s.forgetKept(reading)
	case ctx.Err() != nil:
		return report, canceled(ctx)
	}
	if process.lost != nil {
		return report, lostBy(process.lost, report)
	}
	return report, failure(process, events, program.failed())
}

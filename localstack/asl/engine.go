package asl

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	randv2 "math/rand/v2"
	"strings"
	"sync"
	"unicode/utf8"
)

// Options configure an Engine; the zero value of each field has a sensible meaning.
type Options struct {
	Clock     Clock         // WallClock
	Handler   Handler       // without one, every task fails with States.TaskFailed
	Region    string        // us-east-1
	AccountID string        // 123456789012
	RoleARN   string        // arn:aws:iam::<account>:role/states
	NewID     func() string // random UUIDs; names of executions, tokens and States.UUID come from it
	Rand      *randv2.Rand  // seeded at random; jitter and States.MathRandom draw from it
	// Observer is called with each event as it is recorded, in order, one at a time; it must be quick and may call
	// the engine. Events that Resume takes from a history are not shown again.
	Observer func(x *Execution, e Event)
	// Recall gives the stored history of an execution that this engine does not know; nil if there is none. Resume
	// uses it for the executions that the resumed one had started.
	Recall func(executionARN string) []Event
}

// Engine runs executions. All of them share one loop, so nothing of theirs runs at the same time except handlers.
type Engine struct {
	options Options

	mu         sync.Mutex
	queue      []func()
	running    bool
	machines   map[string]*Machine
	executions map[string]*Execution // by ARN
	started    []*Execution
	tokens     map[string]*attempt
	order      int64 // of the last try of any task
}

// NewEngine makes an engine.
func NewEngine(o Options) *Engine {
	if o.Clock == nil {
		o.Clock = WallClock{}
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.AccountID == "" {
		o.AccountID = "123456789012"
	}
	if o.RoleARN == "" {
		o.RoleARN = "arn:aws:iam::" + o.AccountID + ":role/states"
	}
	if o.NewID == nil {
		o.NewID = randomUUID
	}
	if o.Rand == nil {
		o.Rand = randv2.New(randv2.NewPCG(randv2.Uint64(), randv2.Uint64()))
	}
	if o.Handler == nil {
		o.Handler = HandlerFunc(func(_ context.Context, t Task) (json.RawMessage, error) {
			return nil, &TaskError{errorTaskFailed, "no handler for " + t.Resource}
		})
	}
	return &Engine{options: o, machines: map[string]*Machine{}, executions: map[string]*Execution{},
		tokens: map[string]*attempt{}}
}

func randomUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// Register makes a machine known by name, for Start and for the machines that start it by name or ARN. A name can be
// registered again; executions that run go on with what they began with.
func (e *Engine) Register(name string, m *Machine) error {
	if !validName(name) {
		return fmt.Errorf("register state machine %q: a name has 1 to 80 letters, digits, - and _", name)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.machines[name] = m
	return nil
}

func validName(s string) bool {
	return s != "" && utf8.RuneCountInString(s) <= maxNameLength && !strings.ContainsAny(s, " \t\n\r<>{}[]?*\"#%\\^|~`$&,;:/")
}

// MachineARN is the ARN of the machine of that name.
func (e *Engine) MachineARN(name string) string {
	return fmt.Sprintf("arn:aws:states:%s:%s:stateMachine:%s", e.options.Region, e.options.AccountID, name)
}

// machineName takes the name out of a state machine's ARN; a version or alias is dropped.
func machineName(nameOrARN string) string {
	_, after, isARN := strings.Cut(nameOrARN, ":stateMachine:")
	if !isARN {
		return nameOrARN
	}
	name, _, _ := strings.Cut(after, ":")
	return name
}

func (e *Engine) machine(nameOrARN string) (*Machine, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m, ok := e.machines[machineName(nameOrARN)]
	return m, ok
}

// StartInput is what Start runs.
type StartInput struct {
	StateMachine string          // a registered machine, by name or ARN; with Machine, the name it goes by
	Machine      *Machine        // instead of a registered one
	Name         string          // of the execution; made by NewID if empty
	Input        json.RawMessage // {} if empty
	RoleARN      string          // the engine's if empty
	Express      bool            // an express execution: another ARN, no RedriveCount
}

// ErrMachineUnknown, ErrExecutionExists and ErrInvalidInput are why Start refuses.
var (
	ErrMachineUnknown  = errors.New("the state machine does not exist")
	ErrExecutionExists = errors.New("an execution of that name exists already")
	ErrInvalidInput    = errors.New("the input is not valid")
)

// Start begins an execution and returns at once. When ctx ends, the execution is suspended: its handlers are cancelled,
// nothing more is recorded, and Resume can go on from its history; Stop ends it for good. The same name with the same
// input, while it runs, gives the running execution.
func (e *Engine) Start(ctx context.Context, in StartInput) (*Execution, error) {
	x, begun, err := e.prepare(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", in.StateMachine, err)
	}
	if !begun {
		e.post(x.begin)
	}
	return x, nil
}

// prepare makes the execution and enters it in the engine's books; begun says that it was there before.
func (e *Engine) prepare(ctx context.Context, in StartInput) (x *Execution, begun bool, err error) {
	m, machine := in.Machine, machineName(in.StateMachine)
	if m == nil {
		var ok bool
		if m, ok = e.machine(in.StateMachine); !ok {
			return nil, false, fmt.Errorf("%w: %q is not registered", ErrMachineUnknown, in.StateMachine)
		}
	} else if machine == "" {
		machine = "machine"
	}
	text := string(in.Input)
	if strings.TrimSpace(text) == "" {
		text = "{}"
	}
	v, err := parseJSON(text)
	if err != nil {
		return nil, false, fmt.Errorf("%w: %w", ErrInvalidInput, err)
	}
	input := payloadOf(v)
	if len(input.text) > maxPayload {
		return nil, false, fmt.Errorf("%w: it has %d bytes, at most %d are allowed", ErrInvalidInput, len(input.text), maxPayload)
	}
	name := in.Name
	if name == "" {
		name = e.options.NewID()
	}
	if !validName(name) {
		return nil, false, fmt.Errorf("%w: the name %q of an execution has 1 to 80 letters, digits, - and _",
			ErrInvalidInput, name)
	}
	x = e.newExecution(ctx, m, m.body, machine, name, in.Express)
	x.input = input
	if in.RoleARN != "" {
		x.roleARN = in.RoleARN
	}
	return e.enter(x)
}

// enter adds x to the books, or gives the one of that name that runs already with the same input.
func (e *Engine) enter(x *Execution) (*Execution, bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if other, exists := e.executions[x.arn]; exists {
		x.cancel(nil)
		if other.Status() == StatusRunning && equalValues(other.input.value, x.input.value) {
			return other, true, nil
		}
		return nil, false, fmt.Errorf("%w: %s", ErrExecutionExists, x.arn)
	}
	e.executions[x.arn] = x
	e.started = append(e.started, x)
	return x, false, nil
}

// Execution finds an execution by ARN, or by name if only one has it.
func (e *Engine) Execution(nameOrARN string) (*Execution, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if x, ok := e.executions[nameOrARN]; ok {
		return x, true
	}
	var found *Execution
	for _, x := range e.started {
		if x.name == nameOrARN {
			if found != nil {
				return nil, false
			}
			found = x
		}
	}
	return found, found != nil
}

// Executions lists all executions in the order in which they started.
func (e *Engine) Executions() []*Execution {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]*Execution(nil), e.started...)
}

// post runs f on the loop, after everything posted before.
func (e *Engine) post(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.queue = append(e.queue, f)
	if !e.running {
		e.running = true
		rest := e.options.Clock.Busy()
		go e.loop(rest)
	}
}

// loop works the queue off; there is one at a time, and none while there is nothing to do.
func (e *Engine) loop(rest func()) {
	defer rest()
	for {
		e.mu.Lock()
		work := e.queue
		e.queue = nil
		if len(work) == 0 {
			e.running = false
			e.mu.Unlock()
			return
		}
		e.mu.Unlock()
		for _, f := range work {
			f()
		}
	}
}

func (e *Engine) nextOrder() int64 {
	e.order++
	return e.order
}

package asl

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var began = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// bench is an engine in virtual time whose tasks are functions by name.
type bench struct {
	*Engine
	t     *testing.T
	clock *VirtualClock

	mu        sync.Mutex
	functions map[string]HandlerFunc
	calls     []Task
	events    []Event
}

func newBench(t *testing.T, functions map[string]HandlerFunc, change ...func(*Options)) *bench {
	b := &bench{t: t, clock: NewVirtualClock(began), functions: functions}
	ids := 0
	o := Options{Clock: b.clock, Handler: b, Rand: rand.New(rand.NewPCG(7, 7)),
		NewID:    func() string { b.mu.Lock(); defer b.mu.Unlock(); ids++; return fmt.Sprintf("id-%d", ids) },
		Observer: func(_ *Execution, e Event) { b.mu.Lock(); b.events = append(b.events, e); b.mu.Unlock() }}
	for _, c := range change {
		c(&o)
	}
	b.Engine = NewEngine(o)
	return b
}

func (b *bench) Handle(ctx context.Context, task Task) (json.RawMessage, error) {
	b.mu.Lock()
	b.calls = append(b.calls, task)
	name := task.Function
	if name == "" {
		name = task.Resource
	}
	f, ok := b.functions[name]
	b.mu.Unlock()
	if !ok {
		return nil, &TaskError{"NoSuchFunction", name}
	}
	return f(ctx, task)
}

func (b *bench) called() []Task {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Task(nil), b.calls...)
}

func (b *bench) parse(definition string) *Machine {
	b.t.Helper()
	m, err := Parse([]byte(definition))
	require.NoError(b.t, err)
	return m
}

func (b *bench) begin(definition, input string) *Execution {
	b.t.Helper()
	x, err := b.Start(b.t.Context(), StartInput{Machine: b.parse(definition), StateMachine: "machine", Name: "run",
		Input: json.RawMessage(input)})
	require.NoError(b.t, err)
	return x
}

func (b *bench) wait(x *Execution) Result {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	r, err := x.Wait(ctx)
	require.NoError(b.t, err)
	return r
}

func (b *bench) run(definition, input string) (Result, *Execution) {
	b.t.Helper()
	x := b.begin(definition, input)
	return b.wait(x), x
}

func (b *bench) elapsed() time.Duration { return b.clock.Now().Sub(began) }

func kinds(history []Event) []string {
	list := make([]string, len(history))
	for i, e := range history {
		list[i] = e.Type
	}
	return list
}

// visited lists the states that an execution entered, in order.
func visited(history []Event) []string {
	var list []string
	for _, e := range history {
		if len(e.Type) > 12 && e.Type[len(e.Type)-12:] == "StateEntered" {
			list = append(list, e.Details.Name)
		}
	}
	return list
}

func gives(out string) HandlerFunc {
	return func(context.Context, Task) (json.RawMessage, error) { return json.RawMessage(out), nil }
}

func fails(name, cause string) HandlerFunc {
	return func(context.Context, Task) (json.RawMessage, error) { return nil, &TaskError{name, cause} }
}

func echo(_ context.Context, task Task) (json.RawMessage, error) { return task.Input, nil }

// inTurn answers each call with the next function; the last one goes on answering.
func inTurn(list ...HandlerFunc) HandlerFunc {
	var mu sync.Mutex
	n := 0
	return func(ctx context.Context, task Task) (json.RawMessage, error) {
		mu.Lock()
		f := list[min(n, len(list)-1)]
		n++
		mu.Unlock()
		return f(ctx, task)
	}
}

const functionARN = "arn:aws:lambda:us-east-1:123456789012:function:"

// single wraps one state as a machine.
func single(state string) string { return `{"StartAt":"S","States":{"S":` + state + `}}` }

package asl

import (
	"math/rand/v2"
	"time"
)

// branch walks through one workflow: the machine's own, a branch of a Parallel, an iteration of a Map. Everything in
// it happens on the engine's loop.
type branch struct {
	execution *Execution
	flow      *workflow
	vars      *variables
	item      *object // the Map's item as the context object shows it; nil outside a Map
	previous  int64   // the branch's last event
	visit     *visit  // the state it is in
	dead      bool
	over      func(out payload, f *fault)

	next    string
	input   payload
	pending bool
	walking bool
}

// visit is one stay in one state.
type visit struct {
	branch    *branch
	state     *state
	input     payload // raw: before InputPath
	enteredID int64
	enteredAt time.Time
	retries   int
	tries     map[int]int64 // of each retrier
	token     string        // of the current try of a Task
	stop      func(record bool, why *TaskError)
}

func (b *branch) start(name string, in payload) {
	b.next, b.input, b.pending = name, in, true
	b.walk()
}

// walk goes from state to state until one has to wait; it does not recurse, however long the way.
func (b *branch) walk() {
	if b.walking {
		return
	}
	b.walking = true
	for b.pending && !b.dead {
		b.pending = false
		b.enter()
	}
	b.walking = false
}

// end reports the branch's result to whoever started it.
func (b *branch) end(out payload, f *fault) {
	b.dead, b.visit = true, nil
	b.over(out, f)
}

// abort kills the branch from outside. With record, what was cut off gets its events.
func (b *branch) abort(record bool, why *TaskError) {
	if b == nil || b.dead {
		return
	}
	b.dead = true
	v := b.visit
	if v == nil {
		return
	}
	b.visit = nil
	if v.stop != nil {
		v.stop(record, why)
	}
	if record {
		ev, _ := b.execution.record(b.previous, v.state.kind+"StateAborted", Details{})
		b.previous = ev.ID
	}
}

func (b *branch) enter() {
	s := b.flow.states[b.next]
	ev, old := b.execution.record(b.previous, s.entered(), Details{Name: s.name, Input: b.input.text})
	if b.dead || b.execution.ended {
		return
	}
	if old {
		b.input = payloadFromText(ev.Details.Input, b.input)
	}
	b.previous = ev.ID
	v := &visit{branch: b, state: s, input: b.input, enteredID: ev.ID, enteredAt: ev.Timestamp}
	b.visit = v
	v.run()
}

// payloadFromText prefers what a history holds over what was computed again, which may hold another UUID.
func payloadFromText(text string, computed payload) payload {
	if text == computed.text || text == "" {
		return computed
	}
	v, err := parseJSON(text)
	if err != nil {
		return computed
	}
	return payload{v, text}
}

// alive says whether v is still what its branch does; late answers ask it.
func (v *visit) alive() bool { return v.branch.visit == v && !v.branch.dead }

func (v *visit) run() {
	var f *fault
	switch v.state.kind {
	case kindPass:
		f = v.pass()
	case kindTask:
		f = v.try()
	case kindChoice:
		f = v.choose()
	case kindWait:
		f = v.wait()
	case kindSucceed:
		f = v.through()
	case kindFail:
		f = v.failOnPurpose()
	case kindParallel:
		f = v.fork()
	case kindMap:
		f = v.iterate()
	}
	if f != nil {
		v.failed(f)
	}
}

// again is another try of a state that failed.
func (v *visit) again() {
	if v.alive() {
		v.retries++
		v.run()
		v.branch.walk()
	}
}

func (v *visit) scope(data any) *scope {
	e := v.branch.execution.engine
	return &scope{data: data, makeContext: v.context, vars: v.branch.vars, newID: e.options.NewID,
		random: func() *rand.Rand { return e.options.Rand }}
}

// context is the context object, "$$", at this moment.
func (v *visit) context() *object {
	x := v.branch.execution
	execution := objectOf("Id", x.arn, "Input", x.input.value, "StartTime", stamp(x.startedAt), "Name", x.name,
		"RoleArn", x.roleARN)
	if !x.express {
		execution.set("RedriveCount", number("0"))
	}
	here := objectOf("Name", v.state.name, "EnteredTime", stamp(v.enteredAt))
	switch v.state.kind {
	case kindTask, kindMap, kindParallel:
		here.set("RetryCount", intNumber(int64(v.retries)))
	}
	c := objectOf("Execution", execution, "StateMachine", objectOf("Id", x.machineARN, "Name", x.machineName), "State", here)
	if v.state.kind == kindTask && v.state.service.waitsForToken() && v.token != "" {
		c.set("Task", objectOf("Token", v.token))
	}
	if v.branch.item != nil {
		c.set("Map", v.branch.item)
	}
	return c
}

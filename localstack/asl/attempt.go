package asl

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// launch lets the task run for real.
func (a *attempt) launch() {
	v := a.visit
	if !v.alive() || a.over {
		return
	}
	e := v.branch.execution.engine
	a.order = e.nextOrder()
	e.mu.Lock()
	e.tokens[v.token] = a
	e.mu.Unlock()
	a.arm()
	s := v.state.service
	switch {
	case s.waitsForToken() && a.submitted: // resumed: only the token is missing
	case s.kind == serviceExecution:
		a.startExecution()
	default:
		if s.sync() {
			a.submit("")
		}
		a.callHandler()
	}
	v.branch.walk()
}

// arm starts the timeout and the heartbeat. A callback's time runs from when it was scheduled, also over a resumption;
// work that is done again has its whole time again.
func (a *attempt) arm() {
	e := a.visit.branch.execution.engine
	clock := e.options.Clock
	if a.timeout > 0 {
		left := time.Duration(a.timeout) * time.Second
		if a.submitted {
			left = a.startedAt.Add(left).Sub(clock.Now())
		}
		a.stopTimeout = clock.AfterFunc(left, func() { e.post(func() { a.timedOut(errorTimeout) }) })
	}
	if a.heartbeat > 0 && a.visit.state.service.heartbeats() {
		a.beat()
	}
}

func (a *attempt) beat() {
	if a.over {
		return
	}
	if a.stopHeartbeat != nil {
		a.stopHeartbeat()
	}
	e := a.visit.branch.execution.engine
	a.stopHeartbeat = e.options.Clock.AfterFunc(time.Duration(a.heartbeat)*time.Second,
		func() { e.post(func() { a.timedOut(errorHeartbeat) }) })
}

// answered takes what the handler gave.
func (a *attempt) answered(out json.RawMessage, err error) {
	if a.over || !a.visit.alive() {
		return
	}
	a.cancel = nil
	s := a.visit.state.service
	if err != nil {
		a.failed(faultFrom(err, s))
		a.visit.branch.walk()
		return
	}
	if len(out) == 0 {
		out = json.RawMessage("null")
	}
	v, err := parseJSON(string(out))
	if err != nil {
		a.failed(&fault{name: errorRuntime,
			cause: fmt.Sprintf("The task '%s' gave a result that is not JSON: %v", a.visit.state.name, err)})
		a.visit.branch.walk()
		return
	}
	p := payloadOf(v)
	if s.kind == serviceInvoke {
		p = a.invoked(p)
	}
	if s.waitsForToken() {
		a.submit(p.text)
		a.visit.branch.walk()
		return
	}
	a.finished(p)
}

// finished takes the task's result.
func (a *attempt) finished(p payload) {
	if a.over || !a.visit.alive() {
		return
	}
	if len(p.text) > maxPayload {
		what := a.visit.state.service.name
		if a.visit.state.service.kind != serviceInvoke {
			what = a.visit.state.resource
		}
		a.failed(tooLarge(what, true))
		a.visit.branch.walk()
		return
	}
	d := a.details()
	d.Output = p.text
	if a.record("Succeeded", d) {
		a.visit.succeeded(p.value)
	}
}

func (a *attempt) failed(f *fault) {
	d := a.details()
	d.Error, d.Cause = f.name, f.cause
	if a.record("Failed", d) {
		a.visit.failed(f)
	}
}

func (a *attempt) timedOut(name string) {
	if a.over || !a.visit.alive() {
		return
	}
	cancel := a.cancel
	a.cancel, a.over = nil, true // the child that ends over it has nothing to say any more
	a.endWork(cancel, &TaskError{Name: name})
	d := a.details()
	d.Error = name
	if a.record("TimedOut", d) {
		a.visit.failed(&fault{name: name})
	}
	a.visit.branch.walk()
}

// record ends the try with its last event; false if that ended the execution.
func (a *attempt) record(what string, d Details) bool {
	v := a.visit
	ev, _ := v.branch.execution.record(a.previous, a.kind(what), d)
	a.close()
	v.stop = nil
	if !v.alive() {
		return false
	}
	v.branch.previous = ev.ID
	return true
}

// replayed repeats a try that is over in the history.
func (a *attempt) replayed(ev Event) {
	if a.over || !a.visit.alive() {
		return
	}
	switch ev.Type {
	case a.kind("Succeeded"):
		v, err := parseJSON(ev.Details.Output)
		if err == nil {
			a.finished(payload{v, ev.Details.Output})
		}
	case a.kind("Failed"):
		f := &fault{name: ev.Details.Error, cause: ev.Details.Cause}
		f.measured = f.name == errorDataLimit && (f.cause == tooLarge(a.visit.state.resource, true).cause ||
			f.cause == tooLarge(a.visit.state.service.name, true).cause)
		a.failed(f)
		a.visit.branch.walk()
	default:
		a.timedOut(ev.Details.Error)
	}
}

// close ends the bookkeeping of the try.
func (a *attempt) close() {
	a.over = true
	for _, stop := range []func(){a.stopTimeout, a.stopHeartbeat} {
		if stop != nil {
			stop()
		}
	}
	e := a.visit.branch.execution.engine
	e.mu.Lock()
	if e.tokens[a.visit.token] == a {
		delete(e.tokens, a.visit.token)
	}
	e.mu.Unlock()
}

// abort ends the try from outside.
func (a *attempt) abort(_ bool, why *TaskError) {
	cancel := a.cancel
	a.cancel = nil
	a.close()
	a.endWork(cancel, why)
}

// endWork cancels the handler, and the execution that a .sync task waits for.
func (a *attempt) endWork(cancel context.CancelCauseFunc, why *TaskError) {
	if cancel != nil {
		cancel(why)
	}
	if a.child != nil && a.visit.state.service.sync() && a.visit.branch.execution.ctx.Err() == nil {
		a.child.abort(why.Name, why.Cause)
	}
}

package asl

import (
	"context"
	"time"
)

// attempt is one try of a Task.
type attempt struct {
	visit     *visit
	order     int64
	input     payload // what goes to the service: the Parameters
	scheduled int64
	previous  int64 // its last event
	startedAt time.Time
	timeout   int64 // seconds
	heartbeat int64
	submitted bool
	over      bool
	child     *Execution

	cancel        context.CancelCauseFunc // of the handler
	stopTimeout   func()
	stopHeartbeat func()
}

// try begins one try of a Task.
func (v *visit) try() *fault {
	data, f := v.effectiveInput()
	if f != nil {
		return f
	}
	x := v.branch.execution
	v.token = x.replayedToken(v.branch.previous, v.state)
	if v.token == "" {
		v.token = x.engine.options.NewID()
	}
	a := &attempt{visit: v}
	if a.timeout, f = v.limit(v.state.timeout, "TimeoutSecondsPath", data); f != nil {
		return f
	}
	if a.heartbeat, f = v.limit(v.state.heartbeat, "HeartbeatSecondsPath", data); f != nil {
		return f
	}
	if data, f = v.filled(v.state.parameters, data); f != nil {
		return f
	}
	a.input = payloadOf(data)
	if len(a.input.text) > maxPayload {
		return tooLarge(v.state.name, false)
	}
	if !a.schedule() {
		return nil
	}
	v.stop = a.abort
	ends := []string{a.kind("Succeeded"), a.kind("Failed"), a.kind("TimedOut")}
	x.resume(a.previous, ends, a.replayed, a.launch)
	return nil
}

// kind is the type of one of the task's events.
func (a *attempt) kind(what string) string { return a.visit.state.service.eventPrefix() + what }

// schedule records that the task was scheduled and started; false if the execution ended over it.
func (a *attempt) schedule() bool {
	v := a.visit
	x, s := v.branch.execution, v.state
	d := a.details()
	d.TimeoutInSeconds, d.HeartbeatInSeconds, d.TaskToken = a.timeout, a.heartbeat, v.token
	switch s.service.kind {
	case serviceFunction, serviceActivity:
		d.Resource, d.Input = s.resource, a.input.text
	default:
		d.Region, d.Parameters = x.engine.options.Region, a.input.text
	}
	ev, old := x.record(v.branch.previous, a.kind("Scheduled"), d)
	if !v.alive() {
		return false
	}
	if old {
		a.input = payloadFromText(ev.Details.Input+ev.Details.Parameters, a.input)
		a.timeout, a.heartbeat = ev.Details.TimeoutInSeconds, ev.Details.HeartbeatInSeconds
	}
	a.scheduled = ev.ID
	if ev, _ = x.record(ev.ID, a.kind("Started"), a.details()); !v.alive() {
		return false
	}
	a.previous, a.startedAt = ev.ID, ev.Timestamp
	v.branch.previous = ev.ID
	if _, ok := x.replayedEvent(a.previous, []string{eventTaskSubmitted}); ok {
		a.submit("")
	}
	return v.alive()
}

// details are those that all events of a service integration share.
func (a *attempt) details() Details {
	s := a.visit.state.service
	if s.kind == serviceFunction || s.kind == serviceActivity {
		return Details{}
	}
	return Details{ResourceType: s.name, Resource: s.resourceName()}
}

// submit records that the service has taken the task on.
func (a *attempt) submit(output string) {
	if a.submitted {
		return
	}
	a.submitted = true
	d := a.details()
	d.Output = output
	ev, _ := a.visit.branch.execution.record(a.previous, eventTaskSubmitted, d)
	if a.visit.alive() {
		a.previous = ev.ID
		a.visit.branch.previous = ev.ID
	}
}

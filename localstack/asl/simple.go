package asl

import (
	"errors"
	"fmt"
	"time"
)

// pass gives Result, or the input as Parameters shape it.
func (v *visit) pass() *fault {
	data, f := v.effectiveInput()
	if f != nil {
		return f
	}
	if v.state.hasResult {
		return v.deliver(v.state.result)
	}
	if data, f = v.filled(v.state.parameters, data); f != nil {
		return f
	}
	return v.deliver(data)
}

// through is the way through states that only filter: OutputPath of InputPath of the input.
func (v *visit) through() *fault {
	data, f := v.effectiveInput()
	if f != nil {
		return f
	}
	return v.onward(v.state.next, v.state.assign, data)
}

func (v *visit) onward(next string, assign fields, data any) *fault {
	out, f := v.selected(v.state.outputPath, data)
	if f != nil {
		return f
	}
	return v.leave(next, out, assign, data)
}

func (v *visit) choose() *fault {
	data, f := v.effectiveInput()
	if f != nil {
		return f
	}
	at := v.scope(data)
	for i := range v.state.rules {
		r := &v.state.rules[i]
		ok, err := r.test.passes(at)
		if err != nil {
			return v.faultOf(err)
		}
		if ok {
			return v.onward(r.next, r.assign, data)
		}
	}
	if v.state.defaultNext == "" {
		return v.named(errorNoChoice,
			"Failed to transition out of the state. The state does not point to a next state.")
	}
	return v.onward(v.state.defaultNext, v.state.defaultAssign, data)
}

// failOnPurpose ends with the error that a Fail state names.
func (v *visit) failOnPurpose() *fault {
	w := &v.state.fail
	name, f := v.failText("ErrorPath", w.namePath, w.name)
	if f != nil {
		return f
	}
	cause, f := v.failText("CausePath", w.causePath, w.cause)
	if f != nil {
		return f
	}
	return &fault{name: name, cause: cause}
}

func (v *visit) failText(field string, e expression, otherwise string) (string, *fault) {
	if e == nil {
		return otherwise, nil
	}
	at := v.scope(v.input.value)
	r, err := e.eval(at)
	if missing := (*absent)(nil); errors.As(err, &missing) {
		return "", v.faultOf(&unresolved{missing.path, field, at.shown(missing.path)})
	}
	if err != nil {
		return "", v.faultOf(err)
	}
	text, isText := r.(string)
	if !isText {
		return "", v.runtime(fmt.Sprintf("The %s field must give a string, not %s.", field, kindOf(r)))
	}
	return text, nil
}

// wait lets the state's time pass. The end is reckoned from when the state was entered, so a resumed wait is no longer.
func (v *visit) wait() *fault {
	data, f := v.effectiveInput()
	if f != nil {
		return f
	}
	until, f := v.waitUntil(data)
	if f != nil {
		return f
	}
	x := v.branch.execution
	over := func() {
		if v.alive() {
			if f := v.onward(v.state.next, v.state.assign, data); f != nil {
				v.failed(f)
			}
			v.branch.walk()
		}
	}
	x.resume(v.branch.previous, []string{v.state.exited()}, func(Event) { over() }, func() {
		if !v.alive() {
			return
		}
		clock := x.engine.options.Clock
		cancel := clock.AfterFunc(until.Sub(clock.Now()), func() { x.engine.post(over) })
		v.stop = func(bool, *TaskError) { cancel() }
	})
	return nil
}

func (v *visit) waitUntil(data any) (time.Time, *fault) {
	w := &v.state.wait
	switch {
	case w.seconds.set:
		s, f := v.seconds(w.seconds, "SecondsPath", data)
		if f != nil {
			return time.Time{}, f
		}
		return v.enteredAt.Add(time.Duration(s) * time.Second), nil
	case w.path == nil:
		t, _ := parseTimestamp(w.timestamp)
		return t, nil
	}
	r, f := v.referred(w.path, "TimestampPath", data)
	if f != nil {
		return time.Time{}, f
	}
	if text, isText := r.(string); isText {
		if t, ok := parseTimestamp(text); ok {
			return t, nil
		}
	}
	return time.Time{}, v.runtime(fmt.Sprintf(
		"The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: %s == %s",
		w.path.text, javaText(r)))
}

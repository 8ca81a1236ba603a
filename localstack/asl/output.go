package asl

import "fmt"

// effectiveInput is the input after InputPath.
func (v *visit) effectiveInput() (any, *fault) { return v.selected(v.state.inputPath, v.input.value) }

func (v *visit) selected(s selection, data any) (any, *fault) {
	switch {
	case s.dropped:
		return newObject(0), nil
	case s.path == nil:
		return data, nil
	}
	r, err := s.path.eval(v.scope(data))
	if err != nil {
		return nil, v.faultOf(err)
	}
	return r, nil
}

func (v *visit) filled(t template, data any) (any, *fault) {
	if t == nil {
		return data, nil
	}
	r, err := t.fill(v.scope(data))
	if err != nil {
		return nil, v.faultOf(err)
	}
	return r, nil
}

// succeeded gives the state its result: ResultSelector, ResultPath, OutputPath, Assign, and on.
func (v *visit) succeeded(result any) {
	if f := v.deliver(result); f != nil {
		v.failed(f)
	}
	v.branch.walk()
}

func (v *visit) deliver(result any) *fault {
	shaped, f := v.filled(v.state.resultSelector, result)
	if f != nil {
		return f
	}
	out, f := v.placed(v.state.resultPath, v.state.resultDropped, shaped)
	if f != nil {
		return f
	}
	if out, f = v.selected(v.state.outputPath, out); f != nil {
		return f
	}
	return v.leave(v.state.next, out, v.state.assign, result)
}

// placed puts a result into the raw input.
func (v *visit) placed(at *path, dropped bool, result any) (any, *fault) {
	if dropped {
		return v.input.value, nil
	}
	if at == nil {
		return result, nil
	}
	out, ok := at.place(v.input.value, result)
	if !ok {
		return nil, v.named(errorResultPath,
			fmt.Sprintf("Unable to apply ResultPath '%s' to the input '%s'.", at.text, v.input.text))
	}
	return out, nil
}

// leave exits the state. data is what "$" means in assign.
func (v *visit) leave(next string, out any, assign fields, data any) *fault {
	b := v.branch
	var assigned *object
	if len(assign) > 0 {
		a, err := assign.fill(v.scope(data))
		if err != nil {
			return v.faultOf(err)
		}
		assigned = a.(*object)
	}
	p := v.input
	if same, isObject := out.(*object); !isObject || same != v.input.value {
		p = payloadOf(out)
	}
	if len(p.text) > maxPayload {
		return tooLarge(v.state.name, false)
	}
	texts, f := v.assignedTexts(assigned)
	if f != nil {
		return f
	}
	ev, old := b.execution.record(b.previous, v.state.exited(),
		Details{Name: v.state.name, Output: p.text, AssignedVariables: texts})
	if b.dead || b.execution.ended {
		return nil
	}
	if old {
		p = payloadFromText(ev.Details.Output, p)
		assigned = assignedFrom(ev.Details.AssignedVariables, assigned)
	}
	if assigned != nil {
		for i, name := range assigned.keys {
			b.vars.set(name, assigned.values[i])
		}
	}
	b.previous, b.visit = ev.ID, nil
	if next == "" {
		b.end(p, nil)
		return nil
	}
	b.next, b.input, b.pending = next, p, true
	return nil
}

func (v *visit) assignedTexts(assigned *object) (map[string]string, *fault) {
	if assigned == nil {
		return nil, nil
	}
	texts := make(map[string]string, len(assigned.keys))
	size := 0
	for i, name := range assigned.keys {
		texts[name] = jsonText(assigned.values[i])
		size += len(texts[name])
	}
	if size > maxPayload {
		return nil, tooLarge(v.state.name, false)
	}
	return texts, nil
}

func assignedFrom(texts map[string]string, computed *object) *object {
	if computed == nil {
		return nil
	}
	o := newObject(len(computed.keys))
	for i, name := range computed.keys {
		p := payload{computed.values[i], jsonText(computed.values[i])}
		o.set(name, payloadFromText(texts[name], p).value)
	}
	return o
}

// failed retries, catches, or ends the branch.
func (v *visit) failed(f *fault) {
	if !v.alive() {
		return
	}
	if v.retry(f) {
		return
	}
	if f.inner {
		kind := eventMapFailed
		if v.state.kind == kindParallel {
			kind = eventParallelFailed
		}
		ev, _ := v.branch.execution.record(v.branch.previous, kind, Details{Error: f.name, Cause: f.cause})
		v.branch.previous = ev.ID
		if !v.alive() {
			return
		}
	}
	if again := v.caught(f); again != nil {
		v.branch.end(payload{}, again)
	}
}

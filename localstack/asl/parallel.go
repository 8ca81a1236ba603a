package asl

// fork runs the branches of a Parallel; the first that fails aborts the others.
func (v *visit) fork() *fault {
	data, f := v.effectiveInput()
	if f != nil {
		return f
	}
	if data, f = v.filled(v.state.parameters, data); f != nil {
		return f
	}
	in := payloadOf(data)
	if len(in.text) > maxPayload {
		return tooLarge(v.state.name, false)
	}
	b := v.branch
	ev, _ := b.execution.record(b.previous, eventParallelStarted, Details{})
	if !v.alive() {
		return nil
	}
	b.previous = ev.ID
	t := &team{visit: v, results: make([]any, len(v.state.branches)), left: len(v.state.branches)}
	v.stop = t.stop
	for i, flow := range v.state.branches {
		member := &branch{execution: b.execution, flow: flow, vars: &variables{outer: b.vars}, item: b.item, previous: ev.ID}
		member.over = func(out payload, f *fault) { t.over(i, out, f) }
		t.members = append(t.members, member)
	}
	for _, member := range t.members {
		if t.closed {
			break
		}
		member.start(member.flow.startAt, in)
	}
	return nil
}

// team is the branches of one try of a Parallel.
type team struct {
	visit   *visit
	members []*branch
	results []any
	left    int
	closed  bool
}

func (t *team) over(i int, out payload, f *fault) {
	if t.closed || !t.visit.alive() {
		return
	}
	v := t.visit
	v.branch.previous = t.members[i].previous
	if f != nil {
		t.stop(true, &TaskError{"SiblingFailed", "another branch failed with " + f.name})
		inner := *f
		inner.inner = true
		v.stop = nil
		v.failed(&inner)
		v.branch.walk()
		return
	}
	t.results[i] = out.value
	if t.left--; t.left > 0 {
		return
	}
	t.closed = true
	v.stop = nil
	ev, _ := v.branch.execution.record(v.branch.previous, eventParallelSucceeded, Details{})
	if v.alive() {
		v.branch.previous = ev.ID
		v.joined(t.results)
	}
}

func (t *team) stop(record bool, why *TaskError) {
	t.closed = true
	for _, m := range t.members {
		if m.visit != nil || m.pending {
			m.abort(record, why)
		}
	}
}

// joined goes on with the results of a Parallel or Map, unless they are too large.
func (v *visit) joined(results []any) {
	if len(jsonText(results)) > maxPayload {
		v.failed(tooLarge(v.state.name, false))
		v.branch.walk()
		return
	}
	v.succeeded(results)
}

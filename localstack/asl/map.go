package asl

import "fmt"

// inlineConcurrency is how many iterations of an inline Map AWS runs at once at most.
const inlineConcurrency = 40

// iterate runs a Map's processor once for each item; the first iteration that fails aborts the others.
func (v *visit) iterate() *fault {
	data, f := v.effectiveInput()
	if f != nil {
		return f
	}
	m := v.state.loop
	atOnce, f := v.concurrency(data)
	if f != nil {
		return f
	}
	items, f := v.items(data)
	if f != nil {
		return f
	}
	b := v.branch
	length := len(items)
	ev, _ := b.execution.record(b.previous, eventMapStarted, Details{Length: &length})
	if !v.alive() {
		return nil
	}
	b.previous = ev.ID
	if m.distributed {
		return v.distribute(items, data, atOnce)
	}
	if atOnce == 0 || atOnce > inlineConcurrency {
		atOnce = inlineConcurrency
	}
	l := &loop{visit: v, items: items, data: data, atOnce: int(atOnce), startedID: ev.ID,
		results: make([]any, length), running: map[int]*branch{}}
	v.stop = l.stop
	l.pump()
	return nil
}

func (v *visit) concurrency(data any) (int64, *fault) {
	n, f := v.whole(v.state.loop.concurrency, "MaxConcurrencyPath", data)
	if f == nil && n < 0 {
		f = v.runtime(fmt.Sprintf("Expected non-negative integer for MaxConcurrency, got '%d' instead.", n))
	}
	return n, f
}

func (v *visit) items(data any) ([]any, *fault) {
	text := "$"
	r := data
	if p := v.state.loop.items; p != nil {
		text = p.text
		var err error
		if r, err = p.eval(v.scope(data)); err != nil {
			return nil, v.faultOf(err)
		}
	}
	items, isList := r.([]any)
	if !isList {
		return nil, v.runtime(fmt.Sprintf(`Reference path "%s" must point to array.`, text))
	}
	return items, nil
}

// itemInput is an iteration's input, and the item as "$$.Map" shows it.
func (v *visit) itemInput(data any, i int, item any) (payload, *object, *fault) {
	shown := objectOf("Item", objectOf("Index", intNumber(int64(i)), "Value", item))
	in := item
	if selector := v.state.loop.selector; selector != nil {
		at := v.scope(data)
		at.makeContext = func() *object {
			c := v.context()
			c.set("Map", shown)
			return c
		}
		filled, err := selector.fill(at)
		if err != nil {
			return payload{}, nil, v.faultOf(err)
		}
		in = filled
	}
	p := payloadOf(in)
	if len(p.text) > maxPayload {
		return payload{}, nil, tooLarge(v.state.name, false)
	}
	return p, shown, nil
}

// loop is the iterations of one try of an inline Map.
type loop struct {
	visit     *visit
	items     []any
	data      any
	atOnce    int
	startedID int64
	results   []any
	running   map[int]*branch
	next      int
	finished  int
	pumping   bool
	closed    bool
}

// pump starts iterations while there is room, and ends the loop when all have finished.
func (l *loop) pump() {
	if l.pumping {
		return
	}
	l.pumping = true
	for !l.closed && l.next < len(l.items) && len(l.running) < l.atOnce {
		l.next++
		l.begin(l.next - 1)
	}
	l.pumping = false
	if l.closed || l.finished < len(l.items) {
		return
	}
	l.closed = true
	v := l.visit
	v.stop = nil
	ev, _ := v.branch.execution.record(v.branch.previous, eventMapSucceeded, Details{})
	if v.alive() {
		v.branch.previous = ev.ID
		v.joined(l.results)
	}
}

func (l *loop) begin(i int) {
	v := l.visit
	in, shown, f := v.itemInput(l.data, i, l.items[i])
	if f != nil {
		l.fail(f)
		return
	}
	x := v.branch.execution
	ev, _ := x.record(l.startedID, eventIterationStarted, l.details(i))
	if !v.alive() {
		return
	}
	b := &branch{execution: x, flow: v.state.loop.processor, vars: &variables{outer: v.branch.vars}, item: shown,
		previous: ev.ID}
	b.over = func(out payload, f *fault) { l.over(i, b, out, f) }
	l.running[i] = b
	b.start(b.flow.startAt, in)
}

func (l *loop) details(i int) Details { return Details{Name: l.visit.state.name, Index: &i} }

func (l *loop) over(i int, b *branch, out payload, f *fault) {
	v := l.visit
	if l.closed || !v.alive() {
		return
	}
	delete(l.running, i)
	kind := eventIterationSucceeded
	if f != nil {
		kind = eventIterationFailed
	}
	ev, _ := v.branch.execution.record(b.previous, kind, l.details(i))
	if !v.alive() {
		return
	}
	v.branch.previous = ev.ID
	if f != nil {
		inner := *f
		inner.inner = true
		l.fail(&inner)
		return
	}
	l.results[i] = out.value
	l.finished++
	l.pump()
}

func (l *loop) fail(f *fault) {
	l.stop(true, &TaskError{"SiblingFailed", "another iteration failed with " + f.name})
	v := l.visit
	v.stop = nil
	v.failed(f)
	v.branch.walk()
}

func (l *loop) stop(record bool, why *TaskError) {
	l.closed = true
	for i := 0; i < l.next; i++ {
		b, ok := l.running[i]
		if !ok || b.dead {
			continue
		}
		b.abort(record, why)
		if record {
			l.visit.branch.execution.record(b.previous, eventIterationAborted, l.details(i))
		}
	}
}

package asl

import (
	"fmt"
	"strings"
)

// distributedConcurrency is how many children of a distributed Map run at once where the definition does not say.
const distributedConcurrency = 1000

// distribute runs each item as an execution of its own, with its own history, and tolerates as many failures as the
// state allows.
func (v *visit) distribute(items []any, data any, atOnce int64) *fault {
	r := &mapRun{visit: v, items: items, data: data, atOnce: distributedConcurrency, running: map[int]*Execution{}}
	if atOnce > 0 {
		r.atOnce = int(min(atOnce, distributedConcurrency))
	}
	if f := r.tolerances(); f != nil {
		return f
	}
	b := v.branch
	x := b.execution
	label := v.state.loop.label
	if label == "" {
		label = v.state.name
	}
	r.machine = x.machineName + "/" + strings.ReplaceAll(label, " ", "")
	arn := fmt.Sprintf("arn:aws:states:%s:%s:mapRun:%s:%s", x.engine.options.Region, x.engine.options.AccountID, r.machine,
		x.engine.options.NewID())
	ev, _ := x.record(b.previous, eventMapRunStarted, Details{MapRunARN: arn})
	if !v.alive() {
		return nil
	}
	b.previous = ev.ID
	r.id = ev.Details.MapRunARN[strings.LastIndexByte(ev.Details.MapRunARN, ':')+1:]
	r.results = make([]any, len(items))
	r.succeeded = make([]bool, len(items))
	v.stop = r.stop
	x.resume(ev.ID, []string{eventMapRunSucceeded, eventMapRunFailed}, r.replayed, r.pump)
	return nil
}

// mapRun is the children of one try of a distributed Map.
type mapRun struct {
	visit     *visit
	items     []any
	data      any
	atOnce    int
	machine   string
	id        string
	count     int64
	hasCount  bool
	fraction  float64
	results   []any
	succeeded []bool
	running   map[int]*Execution
	next      int
	finished  int
	failures  int
	pumping   bool
	closed    bool
}

func (r *mapRun) tolerances() *fault {
	m, v := r.visit.state.loop, r.visit
	var f *fault
	if r.count, f = v.whole(m.toleratedCount, "ToleratedFailureCountPath", r.data); f != nil {
		return f
	}
	if r.count < 0 {
		return v.runtime("ToleratedFailureCount cannot be negative.")
	}
	r.hasCount = m.toleratedCount.set
	if r.fraction, f = v.percent(m.toleratedFraction, "ToleratedFailurePercentagePath", r.data); f != nil {
		return f
	}
	if r.fraction < 0 || r.fraction > 100 {
		return v.runtime("ToleratedFailurePercentage must be between 0 and 100.")
	}
	return nil
}

// exceeded says whether more children have failed than the state tolerates; each limit that is given must hold.
func (r *mapRun) exceeded() bool {
	percent := r.visit.state.loop.toleratedFraction.set
	overCount := r.hasCount && int64(r.failures) > r.count
	overPercent := percent && float64(r.failures)*100/float64(len(r.items)) > r.fraction
	if !r.hasCount && !percent {
		return r.failures > 0
	}
	return overCount || overPercent
}

func (r *mapRun) pump() {
	if r.pumping || r.closed || !r.visit.alive() {
		return
	}
	r.pumping = true
	for !r.closed && r.next < len(r.items) && len(r.running) < r.atOnce {
		r.next++
		r.begin(r.next - 1)
	}
	r.pumping = false
	if !r.closed && r.finished == len(r.items) {
		r.complete()
	}
}

func (r *mapRun) begin(i int) {
	v := r.visit
	in, _, f := v.itemInput(r.data, i, r.items[i])
	if f != nil {
		r.stop(false, &TaskError{f.name, f.cause})
		v.failed(f)
		v.branch.walk()
		return
	}
	parent := v.branch.execution
	e := parent.engine
	child := e.newExecution(parent.outer, parent.machine, v.state.loop.processor, r.machine,
		fmt.Sprintf("%s-%d", r.id, i), v.state.loop.express)
	child.input, child.roleARN = in, parent.roleARN
	child.machineName, child.machineARN = parent.machineName, parent.machineARN
	known, fresh := e.adopt(child)
	r.running[i] = known
	if fresh {
		known.begin()
	}
	known.whenEnded(func() { r.over(i, known) })
}

// adopt enters a child that an engine starts on its loop; fresh says that it has not begun. A child that an earlier
// process left behind is found by its ARN, here or through Recall.
func (e *Engine) adopt(child *Execution) (x *Execution, fresh bool) {
	e.mu.Lock()
	other, exists := e.executions[child.arn]
	e.mu.Unlock()
	if exists {
		child.cancel(nil)
		return other, false
	}
	e.mu.Lock()
	e.executions[child.arn] = child
	e.started = append(e.started, child)
	e.mu.Unlock()
	if e.options.Recall != nil {
		if history := e.options.Recall(child.arn); len(history) > 0 {
			if child.restore(history) == nil && child.replayAll() == nil {
				return child, false
			}
		}
	}
	return child, true
}

func (r *mapRun) over(i int, child *Execution) {
	if r.closed || !r.visit.alive() {
		return
	}
	delete(r.running, i)
	r.finished++
	if child.result.Status == StatusSucceeded {
		v, err := parseJSON(string(child.result.Output))
		if err == nil {
			r.results[i], r.succeeded[i] = v, true
		}
	} else if r.failures++; r.exceeded() {
		r.stop(false, &TaskError{errorToleratedFailure, "too many children failed"})
		r.failed()
		return
	}
	r.pump()
}

// complete gathers the results; children that failed and were tolerated have none.
func (r *mapRun) complete() {
	results := []any{}
	for i, ok := range r.succeeded {
		if ok {
			results = append(results, r.results[i])
		}
	}
	r.joined(payloadOf(results))
}

// joined hands the results on. The event keeps them, so that a resumed execution need not ask the children again.
func (r *mapRun) joined(results payload) {
	r.closed = true
	v := r.visit
	v.stop = nil
	d := Details{Output: results.text}
	if len(results.text) > maxPayload {
		d.Output = ""
	}
	for _, kind := range []string{eventMapRunSucceeded, eventMapSucceeded} {
		ev, _ := v.branch.execution.record(v.branch.previous, kind, d)
		if !v.alive() {
			return
		}
		v.branch.previous = ev.ID
		d = Details{}
	}
	list, _ := results.value.([]any)
	v.joined(list)
}

func (r *mapRun) failed() {
	v := r.visit
	v.stop = nil
	f := &fault{name: errorToleratedFailure, cause: "The specified tolerated failure threshold was exceeded", inner: true}
	ev, _ := v.branch.execution.record(v.branch.previous, eventMapRunFailed, Details{Error: f.name, Cause: f.cause})
	if v.alive() {
		v.branch.previous = ev.ID
		v.failed(f)
		v.branch.walk()
	}
}

// replayed repeats how the children ended.
func (r *mapRun) replayed(ev Event) {
	switch v, err := parseJSON(ev.Details.Output); {
	case !r.visit.alive():
	case ev.Type == eventMapRunFailed:
		r.failed()
	case err != nil: // they were too large to be kept
		r.joined(payload{[]any{strings.Repeat(" ", maxPayload)}, ""})
	default:
		r.joined(payload{v, ev.Details.Output})
	}
}

func (r *mapRun) stop(bool, *TaskError) {
	r.closed = true
	for i := 0; i < r.next; i++ {
		if child, ok := r.running[i]; ok {
			child.abort("", "the Map state that started it has ended")
		}
	}
}

package asl

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrForeignHistory is a history that the machine could not have recorded.
var ErrForeignHistory = errors.New("the history does not belong to this state machine")

// Resume goes on with an execution from its recorded events, in their order and from the first. What the history holds
// is taken from it: results, inputs, variables and times. A task that was started and has no result runs again with
// the same input; a callback waits on with its token, and its and every Wait's time runs from when it began. An
// execution that had started others finds them in this engine or through Options.Recall, or starts them again.
//
// m may be nil if the machine is registered. A history that has ended gives an execution that has ended. The events of
// the history are not shown to the Observer again.
func (e *Engine) Resume(ctx context.Context, m *Machine, history []Event) (*Execution, error) {
	if len(history) == 0 || history[0].Type != eventExecutionStarted {
		return nil, fmt.Errorf("resume: %w: it does not begin with ExecutionStarted", ErrForeignHistory)
	}
	d := history[0].Details
	if m == nil {
		var ok bool
		if m, ok = e.machine(d.StateMachineARN); !ok {
			return nil, fmt.Errorf("resume %s: %w: %q is not registered", d.ExecutionARN, ErrMachineUnknown, d.StateMachineARN)
		}
	}
	parts := strings.Split(d.ExecutionARN, ":")
	if len(parts) < 8 {
		return nil, fmt.Errorf("resume: %w: %q is not the ARN of an execution", ErrForeignHistory, d.ExecutionARN)
	}
	x := e.newExecution(ctx, m, m.body, machineName(d.StateMachineARN), parts[7], parts[5] == "express")
	x.arn = d.ExecutionARN
	if err := x.restore(history); err != nil {
		return nil, fmt.Errorf("resume %s: %w", x.arn, err)
	}
	if _, again, err := e.enter(x); err != nil || again {
		return nil, fmt.Errorf("resume: %w: %s", ErrExecutionExists, x.arn)
	}
	answer := make(chan error, 1)
	e.post(func() { answer <- x.replayAll() })
	if err := <-answer; err != nil {
		return nil, fmt.Errorf("resume %s: %w", x.arn, err)
	}
	return x, nil
}

// replay is what is left of a history while it is being repeated.
type replay struct {
	byKey map[eventKey][]Event
	after map[int64][]Event // by previous event
	left  int
	due   replayQueue
	live  []func() // what begins when the repetition is over
}

func (r *replay) take(k eventKey) (Event, bool) {
	list := r.byKey[k]
	if len(list) == 0 {
		return Event{}, false
	}
	r.byKey[k] = list[1:]
	r.left--
	return list[0], true
}

// restore loads the history; the execution is not running yet.
func (x *Execution) restore(history []Event) error {
	first := history[0]
	v, err := parseJSON(first.Details.Input)
	if err != nil {
		return fmt.Errorf("%w: the input: %w", ErrForeignHistory, err)
	}
	r := &replay{byKey: map[eventKey][]Event{}, after: map[int64][]Event{}}
	for i, ev := range history {
		if ev.ID != int64(i)+1 {
			return fmt.Errorf("%w: event %d stands in place %d", ErrForeignHistory, ev.ID, i+1)
		}
		k := keyOf(ev.PreviousEventID, ev.Type, &ev.Details)
		r.byKey[k] = append(r.byKey[k], ev)
		r.after[ev.PreviousEventID] = append(r.after[ev.PreviousEventID], ev)
		r.left++
	}
	x.input = payload{v, first.Details.Input}
	x.roleARN = first.Details.RoleARN
	x.startedAt = first.Timestamp
	x.history = append([]Event(nil), history...)
	x.replay = r
	return nil
}

// replayAll runs on the loop: it repeats the history and lets go on what is not over.
func (x *Execution) replayAll() error {
	x.watch()
	x.root = x.newRoot()
	if last := x.history[len(x.history)-1]; finalEvent(last.Type) {
		x.replay = nil
		x.root.previous = last.PreviousEventID
		x.endAs(last)
		return nil
	}
	x.replay.take(keyOf(0, eventExecutionStarted, &Details{}))
	x.root.start(x.flow.startAt, x.input)
	for x.replay.due.Len() > 0 && !x.ended {
		heap.Pop(&x.replay.due).(*replayEntry).run()
	}
	live, left := x.replay.live, x.replay.left
	x.replay = nil
	if left > 0 {
		x.ended = true
		x.root.abort(false, &TaskError{"ExecutionSuspended", ErrForeignHistory.Error()})
		x.mu.Lock()
		x.suspended = ErrForeignHistory
		x.mu.Unlock()
		x.close()
		return fmt.Errorf("%w: %d of its %d events do not come up again", ErrForeignHistory, left, len(x.history))
	}
	if x.ended {
		return nil
	}
	x.limitTime()
	for _, f := range live {
		f()
	}
	x.root.walk()
	return nil
}

// endAs ends the execution as its last event says.
func (x *Execution) endAs(last Event) {
	r := Result{Error: last.Details.Error, Cause: last.Details.Cause}
	switch last.Type {
	case eventExecutionSucceeded:
		r.Status, r.Output = StatusSucceeded, []byte(last.Details.Output)
	case eventExecutionFailed:
		r.Status = StatusFailed
	case eventExecutionTimedOut:
		r.Status = StatusTimedOut
	default:
		r.Status = StatusAborted
	}
	x.end(r)
	x.mu.Lock()
	x.stoppedAt = last.Timestamp
	x.mu.Unlock()
}

// resume goes on after event previous: in a replay, if one of kinds followed it, with recorded when its turn comes;
// else with live, at once or when the replay is over.
func (x *Execution) resume(previous int64, kinds []string, recorded func(Event), live func()) {
	if x.replay == nil {
		live()
		return
	}
	if ev, ok := x.replayedEvent(previous, kinds); ok {
		heap.Push(&x.replay.due, &replayEntry{ev.ID, func() { recorded(ev) }})
		return
	}
	x.replay.live = append(x.replay.live, live)
}

// replayedEvent finds an event of one of kinds that was recorded after previous.
func (x *Execution) replayedEvent(previous int64, kinds []string) (Event, bool) {
	if x.replay == nil {
		return Event{}, false
	}
	for _, ev := range x.replay.after[previous] {
		for _, k := range kinds {
			if ev.Type == k {
				return ev, true
			}
		}
	}
	return Event{}, false
}

// replayedToken is the token of the try that was recorded after previous.
func (x *Execution) replayedToken(previous int64, s *state) string {
	ev, _ := x.replayedEvent(previous, s.startKinds())
	return ev.Details.TaskToken
}

func (x *Execution) timeOf(id int64) time.Time {
	if id < 1 || id > int64(len(x.history)) {
		return x.startedAt
	}
	return x.history[id-1].Timestamp
}

// replayEntry waits for its turn, which is that of its event in the history.
type replayEntry struct {
	id  int64
	run func()
}

type replayQueue []*replayEntry

func (q replayQueue) Len() int           { return len(q) }
func (q replayQueue) Less(i, j int) bool { return q[i].id < q[j].id }
func (q replayQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push is for container/heap.
func (q *replayQueue) Push(x any) { *q = append(*q, x.(*replayEntry)) }

// Pop is for container/heap.
func (q *replayQueue) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}

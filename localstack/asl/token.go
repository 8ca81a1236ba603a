package asl

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
)

// ErrTaskUnknown is the answer to a token that no task waits with: it never existed, or its task is over.
var ErrTaskUnknown = errors.New("no task waits with this token: it may have ended or timed out")

// SendTaskSuccess gives the result of a task that waits with a token.
func (e *Engine) SendTaskSuccess(token string, output json.RawMessage) error {
	v, err := parseJSON(string(output))
	if err != nil {
		return fmt.Errorf("send success: %w: %w", ErrInvalidInput, err)
	}
	a, err := e.waiting(token, true)
	if err != nil {
		return fmt.Errorf("send success: %w", err)
	}
	e.post(func() { a.answeredByToken(func() { a.finished(payloadOf(v)) }) })
	return nil
}

// SendTaskFailure fails a task that waits with a token.
func (e *Engine) SendTaskFailure(token, errorName, cause string) error {
	a, err := e.waiting(token, true)
	if err != nil {
		return fmt.Errorf("send failure: %w", err)
	}
	e.post(func() { a.answeredByToken(func() { a.failed(&fault{name: errorName, cause: cause}) }) })
	return nil
}

// SendTaskHeartbeat says that a task is still being worked on.
func (e *Engine) SendTaskHeartbeat(token string) error {
	a, err := e.waiting(token, false)
	if err != nil {
		return fmt.Errorf("send heartbeat: %w", err)
	}
	if a.heartbeat > 0 && a.visit.state.service.heartbeats() {
		e.post(a.beat)
	}
	return nil
}

// waiting finds the task of a token; with answer, nobody else can answer it afterwards.
func (e *Engine) waiting(token string, answer bool) (*attempt, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	a, ok := e.tokens[token]
	if !ok || answer && !a.visit.state.service.heartbeats() {
		return nil, ErrTaskUnknown
	}
	if answer {
		delete(e.tokens, token)
	}
	return a, nil
}

// answeredByToken ends the try; a handler that still runs has nothing more to say.
func (a *attempt) answeredByToken(end func()) {
	if a.over || !a.visit.alive() {
		return
	}
	if cancel := a.cancel; cancel != nil {
		a.cancel = nil
		cancel(&TaskError{"TaskAnswered", "the task was answered by its token"})
	}
	end()
	a.visit.branch.walk()
}

// TaskTokens lists the tokens that wait for an answer, in order, with the execution and state that each belongs to.
func (e *Engine) TaskTokens() []WaitingTask {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []WaitingTask
	for token, a := range e.tokens {
		if a.visit.state.service.waitsForToken() || a.visit.state.service.kind == serviceActivity {
			list = append(list, WaitingTask{token, a.visit.state.name, a.visit.branch.execution.Info()})
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Token < list[j].Token })
	return list
}

// WaitingTask is a task that ends by SendTaskSuccess or SendTaskFailure.
type WaitingTask struct {
	Token     string
	State     string
	Execution ExecutionInfo
}

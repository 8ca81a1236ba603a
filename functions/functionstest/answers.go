package functionstest

import (
	"context"
	"sync"
)

// Answers takes the results that waiting tasks are given, and remembers them.
type Answers struct {
	Waiting map[string]bool // tokens
	Err     error           // what every call answers, when set

	mu    sync.Mutex
	Given []string
}

// Succeed takes a result.
func (a *Answers) Succeed(_ context.Context, token string, output []byte) (bool, error) {
	return a.take(token, token+" "+string(output))
}

// Fail takes a failure.
func (a *Answers) Fail(_ context.Context, token, name, cause string) (bool, error) {
	return a.take(token, token+" "+name+": "+cause)
}

func (a *Answers) take(token, what string) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.Err != nil || !a.Waiting[token] {
		return false, a.Err
	}
	delete(a.Waiting, token)
	a.Given = append(a.Given, what)
	return true, nil
}

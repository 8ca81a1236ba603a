package functionstest

import (
	"context"
	"slices"
	"sync"

	"github.com/deployer-io/deployer/shared/run"
)

// Executions is a world's knowledge of executions: a test says which run.
type Executions struct {
	mu sync.Mutex
	// Live are the runs whose execution is on its way.
	Live map[string]bool
	// Requests are what runs were started with.
	Requests map[string]run.Request
	// Stopped are the runs that were stopped, in order.
	Stopped []string
	// Stuck is what stopping a run answers.
	Stuck map[string]error
}

// Running implements keeplocks.Executions.
func (e *Executions) Running(_ context.Context, id string) (bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.Live[id], nil
}

// Request implements cleanup.Executions.
func (e *Executions) Request(_ context.Context, id string) (*run.Request, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if request, known := e.Requests[id]; known {
		return &request, nil
	}
	return nil, nil
}

// Stop implements lock.Stopper.
func (e *Executions) Stop(_ context.Context, id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.Stuck[id]; err != nil {
		return err
	}
	if !slices.Contains(e.Stopped, id) {
		e.Stopped = append(e.Stopped, id)
	}
	delete(e.Live, id)
	return nil
}

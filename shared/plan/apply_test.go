package plan_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/plan"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// cloud makes what it is told to. Each deployment of a component gives it another version.
type cloud struct {
	fails func(short string) (clean bool, err error)

	mu      sync.Mutex
	applied map[string]int
	order   []string // of everything that was worked on
}

func (c *cloud) work(order execution.Order) (execution.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	short := order.Address.Short()
	c.order = append(c.order, short)
	if c.fails != nil {
		if clean, err := c.fails(short); err != nil {
			result := execution.Result{}
			if !clean {
				result.Changes, result.Resources = []execution.ResourceChange{{Operation: "create", Name: "one"}}, 1
			}
			return result, err
		}
	}
	c.applied[short]++
	return execution.Result{Outputs: outputs(short, 1+c.applied[short]), Resources: 2,
		Changes: []execution.ResourceChange{{Operation: "update", Name: "one"}}}, nil
}

func (c *cloud) Apply(_ context.Context, order execution.Order) (execution.Result, error) {
	return c.work(order)
}

func (c *cloud) Destroy(_ context.Context, order execution.Order) (execution.Result, error) {
	result, err := c.work(order)
	result.Outputs, result.Resources = nil, 0
	return result, err
}

func (c *cloud) Preview(context.Context, execution.Order, bool) (execution.Result, error) {
	return execution.Result{}, errors.New("not asked for")
}

type paper struct{}

func (paper) Begin(context.Context, execution.Assignment) (*execution.Outcome, bool, error) {
	return nil, false, nil
}
func (paper) End(context.Context, execution.Outcome) error { return nil }
func (paper) Check(context.Context) error                  { return nil }

// apply carries out the plan, wave by wave, and folds what became of it into what is known. It stops after a wave in which
// something failed. It returns the order in which components were worked on.
func (w *world) apply(p *plan.Plan, fails func(short string) (bool, error)) []string {
	w.t.Helper()
	c := &cloud{fails: fails, applied: map[string]int{}}
	executor := &execution.Executor{Provisioner: c, Journal: paper{}, Fence: paper{}, Parallelism: 4, Now: func() time.Time { return noon }}
	for wave := range p.Waves {
		batches, err := execution.Prepare(p, w.set, w.snapshot, 4, 0).Batches(wave)
		require.NoError(w.t, err)
		failed := false
		for _, batch := range batches {
			outcomes, err := executor.Run(context.Background(), batch)
			require.NoError(w.t, err)
			execution.Fold(w.snapshot, outcomes)
			for _, o := range outcomes {
				failed = failed || !o.Outcome.Fine()
			}
		}
		if failed {
			break
		}
	}
	return c.order
}

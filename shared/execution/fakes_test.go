package execution

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
)

var (
	scope = address.Scope("shop", "staging")
	noon  = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
)

// clock moves on by a second whenever it is looked at.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

// maker is a Provisioner that does what a test says, and remembers what it was told.
type maker struct {
	do func(ctx context.Context, order Order) (Result, error) // nil: it works

	mu      sync.Mutex
	orders  []Order
	verbs   []string
	running int
	most    int // steps at a time
}

func (m *maker) work(ctx context.Context, verb string, order Order) (Result, error) {
	m.mu.Lock()
	m.orders, m.verbs = append(m.orders, order), append(m.verbs, verb+" "+order.Address.Short())
	m.running++
	m.most = max(m.most, m.running)
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		m.running--
		m.mu.Unlock()
	}()
	if m.do != nil {
		return m.do(ctx, order)
	}
	return works(order), nil
}

func (m *maker) Apply(ctx context.Context, order Order) (Result, error) {
	return m.work(ctx, "apply", order)
}

func (m *maker) Destroy(ctx context.Context, order Order) (Result, error) {
	return m.work(ctx, "destroy", order)
}

func (m *maker) Preview(ctx context.Context, order Order, destroy bool) (Result, error) {
	verb := "preview"
	if destroy {
		verb = "preview-destroy"
	}
	return m.work(ctx, verb, order)
}

// order returns the last order for a component.
func (m *maker) order(t *testing.T, short string) Order {
	t.Helper()
	for _, order := range slices.Backward(m.orders) {
		if order.Address.Short() == short {
			return order
		}
	}
	require.Fail(t, "no order", short)
	return Order{}
}

func works(order Order) Result {
	return Result{Outputs: offers(order.Address.Short()), Resources: 2, Changes: []ResourceChange{{Type: "aws:sqs/queue:Queue", Name: "queue", ID: "q", Operation: "create"}}}
}

func offers(short string) map[string]json.RawMessage {
	return map[string]json.RawMessage{"arn": json.RawMessage(`"arn:` + short + `"`), "taskDefinitionArn": json.RawMessage(`"task:1"`)}
}

// book is a Journal in memory.
type book struct {
	beginErr, endErr error

	mu       sync.Mutex
	begun    map[string]int
	outcomes map[string]Outcome
	ends     map[string]int
}

func newBook() *book {
	return &book{begun: map[string]int{}, outcomes: map[string]Outcome{}, ends: map[string]int{}}
}

func (b *book) Begin(_ context.Context, a Assignment) (*Outcome, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.beginErr != nil {
		return nil, false, b.beginErr
	}
	short := a.Order.Address.Short()
	b.begun[short]++
	if earlier, ended := b.outcomes[short]; ended {
		return &earlier, false, nil
	}
	return nil, b.begun[short] > 1, nil
}

func (b *book) End(ctx context.Context, outcome Outcome) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if b.endErr != nil {
		return b.endErr
	}
	b.outcomes[outcome.Address.Short()] = outcome
	b.ends[outcome.Address.Short()]++
	return nil
}

// fence lets steps through until it is lost.
type fence struct {
	mu      sync.Mutex
	checks  int
	lostFor int // checks that pass before it is lost; 0: never
}

// LockGone is the error of a fence that was lost.
type LockGone struct{}

func (*LockGone) Error() string { return "the lock is another's by now" }

func (f *fence) Check(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.checks++
	if f.lostFor > 0 && f.checks > f.lostFor {
		return &LockGone{}
	}
	return nil
}

func at(short string) address.Address {
	a, err := address.Parse(scope.String() + "/" + short)
	if err != nil {
		panic(err)
	}
	return a
}

// assignment creates a queue after others of its batch.
func assignment(short string, within ...string) Assignment {
	definition, _ := resource.Lookup("SQS")
	spec := *definition.New().(*resource.SQS)
	spec.Retry.Limit = 0
	a := Assignment{Action: plan.Create, Revision: 1, Within: within, DependsOn: slices.Sorted(slices.Values(within)),
		Order: Order{Address: at(short), Kind: "SQS", Spec: &spec, Run: "run-1", Region: "eu-west-1", Epoch: "e4", Upstreams: map[string]Upstream{}}}
	for _, upstream := range within {
		a.Order.Upstreams[upstream] = Upstream{Kind: "SQS", Outputs: map[string]json.RawMessage{}, Reasons: []resource.Reason{resource.ReasonDependsOn}}
	}
	return a
}

// setting is an executor with all that it stands on.
type setting struct {
	*Executor
	maker *maker
	book  *book
	fence *fence
}

func newSetting() setting {
	s := setting{maker: &maker{}, book: newBook(), fence: &fence{}}
	s.Executor = &Executor{Provisioner: s.maker, Journal: s.book, Fence: s.fence, Parallelism: 4, Now: (&clock{now: noon}).Now,
		Sleep: func(context.Context, time.Duration) error { return nil }, Random: func() float64 { return 1 }}
	return s
}

// run carries out a batch and checks what is always so: one outcome for each assignment, in order, in the journal too.
func (s setting) run(t *testing.T, ctx context.Context, assignments ...Assignment) map[string]Outcome {
	t.Helper()
	outcomes, err := s.Run(ctx, Batch{SchemaVersion: SchemaVersion, Run: "run-1", Scope: scope, Assignments: assignments})
	require.NoError(t, err)
	require.Len(t, outcomes, len(assignments))
	byShort := map[string]Outcome{}
	for i, o := range outcomes {
		require.Equal(t, assignments[i].Order.Address, o.Address)
		require.NotEmpty(t, o.Outcome)
		require.False(t, o.EndedAt.Before(o.StartedAt))
		byShort[o.Address.Short()] = o
	}
	require.Equal(t, byShort, s.book.outcomes)
	return byShort
}

func verdicts(outcomes map[string]Outcome) map[string]Verdict {
	found := map[string]Verdict{}
	for short := range maps.Keys(outcomes) {
		found[short] = outcomes[short].Outcome
	}
	return found
}

package execution

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/resource"
)

// passes is an error that may pass.
type passes struct{}

func (*passes) Error() string   { return "rate exceeded" }
func (*passes) Retryable() bool { return true }

func TestWhatMayPassIsTriedAgain(t *testing.T) {
	for sentence, test := range map[string]struct {
		errs    []error // of the attempts; then it works
		limit   int
		waits   []time.Duration
		verdict Verdict
	}{
		"until it works":                         {[]error{&passes{}, fmt.Errorf("wrapped: %w", &passes{})}, 5, []time.Duration{5 * time.Second, 10 * time.Second}, Done},
		"as often as the component says":         {[]error{&passes{}, &passes{}, &passes{}}, 2, []time.Duration{5 * time.Second, 10 * time.Second}, Failed},
		"with waits that end growing":            {[]error{&passes{}, &passes{}, &passes{}, &passes{}}, 4, []time.Duration{5 * time.Second, 10 * time.Second, 15 * time.Second, 15 * time.Second}, Done},
		"and not what will not pass":             {[]error{errors.New("invalid")}, 5, nil, Failed},
		"and not when the component wants it so": {[]error{&passes{}}, 0, nil, Failed},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := newSetting()
			var waits []time.Duration
			s.Sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
			attempts := 0
			s.maker.do = func(_ context.Context, order Order) (Result, error) {
				attempts++
				if attempts <= len(test.errs) {
					return Result{Changes: []ResourceChange{{Operation: "update", Failed: true}}}, test.errs[attempts-1]
				}
				return works(order), nil
			}
			a := assignment("a/queue")
			a.Order.Spec.Base().Retry = resource.Retry{Limit: test.limit,
				Backoff: resource.Backoff{Duration: 5 * resource.Second, Factor: 2, MaxDuration: 15 * resource.Second}}
			o := s.run(t, t.Context(), a)["a/queue"]
			require.Equal(t, test.verdict, o.Outcome)
			require.Equal(t, test.waits, waits)
			require.Len(t, o.Changes, 1, "an attempt that left no mark is not told")
		})
	}
}

func TestTheNextAttemptLooksFirstWhenTheOneBeforeLeftSomethingOpen(t *testing.T) {
	s := newSetting()
	s.maker.do = func(_ context.Context, order Order) (Result, error) {
		if !order.Refresh {
			return Result{Pending: []string{"creating queue"}, Changes: []ResourceChange{{Operation: "create", Name: "policy", ID: "p"}}}, &passes{}
		}
		return works(order), nil
	}
	a := assignment("a/queue")
	a.Order.Spec.Base().Retry.Limit = 1
	o := s.run(t, t.Context(), a)["a/queue"]
	require.Equal(t, Done, o.Outcome)
	require.Len(t, o.Changes, 2, "what both attempts did is told")
}

func TestARunThatIsStoppedDoesNotTryAgain(t *testing.T) {
	s := newSetting()
	ctx, stop := context.WithCancel(t.Context())
	s.Sleep = func(ctx context.Context, _ time.Duration) error { stop(); return ctx.Err() }
	s.maker.do = func(context.Context, Order) (Result, error) { return Result{}, &passes{} }
	a := assignment("a/queue")
	a.Order.Spec.Base().Retry.Limit = 5
	require.Equal(t, Failed, s.run(t, ctx, a)["a/queue"].Outcome)
	require.Len(t, s.maker.orders, 1)
}

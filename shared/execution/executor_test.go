package execution

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

func TestEachStepBeginsWhenItsOwnUpstreamsAreDone(t *testing.T) {
	s := newSetting()
	slow := make(chan struct{})
	s.maker.do = func(_ context.Context, order Order) (Result, error) {
		switch order.Address.Short() {
		case "a/slow":
			<-slow // until the chain beside it has come to its end
		case "a/three":
			close(slow)
		}
		return works(order), nil
	}
	outcomes := s.run(t, t.Context(), assignment("a/slow"), assignment("a/one"), assignment("a/two", "a/one"), assignment("a/three", "a/two"),
		assignment("a/last", "a/slow", "a/three"))
	for short, o := range outcomes {
		require.Equal(t, Done, o.Outcome, short)
	}
	began := func(short string) int { return slices.Index(s.maker.verbs, "apply "+short) }
	require.Less(t, began("a/one"), began("a/two"))
	require.Less(t, began("a/two"), began("a/three"))
	require.Equal(t, 4, began("a/last"))
}

func TestNoMoreStepsRunAtATimeThanAllowed(t *testing.T) {
	for _, test := range []struct{ executor, batch, want int }{{3, 0, 3}, {3, 2, 2}, {2, 8, 2}, {0, 0, 1}} {
		s := newSetting()
		s.Parallelism = test.executor
		var arrived sync.WaitGroup
		arrived.Add(test.want)
		met := make(chan struct{})
		go func() { arrived.Wait(); close(met) }()
		var first sync.Mutex
		waiting := test.want
		s.maker.do = func(_ context.Context, order Order) (Result, error) {
			first.Lock()
			meet := waiting > 0
			waiting--
			first.Unlock()
			if meet {
				arrived.Done()
				<-met // so many are at work at the same moment
			}
			return works(order), nil
		}
		var assignments []Assignment
		for i := range 12 {
			assignments = append(assignments, assignment(fmt.Sprintf("a/c%d", i)))
		}
		_, err := s.Run(t.Context(), Batch{Run: "run-1", Parallelism: test.batch, Assignments: assignments})
		require.NoError(t, err)
		require.Equal(t, test.want, s.maker.most)
	}
}

func TestOfSeveralReadyStepsTheFirstOfTheBatchBegins(t *testing.T) {
	s := newSetting()
	s.Parallelism = 1
	s.run(t, t.Context(), assignment("a/z"), assignment("a/m", "a/z"), assignment("a/a"), assignment("a/b"))
	require.Equal(t, []string{"apply a/z", "apply a/m", "apply a/a", "apply a/b"}, s.maker.verbs)
}

func TestAFailureSkipsItsDependentsAndNothingElse(t *testing.T) {
	s := newSetting()
	s.maker.do = func(_ context.Context, order Order) (Result, error) {
		if order.Address.Short() == "a/bad" {
			return Result{}, errors.New("no such zone")
		}
		return works(order), nil
	}
	outcomes := s.run(t, t.Context(), assignment("a/bad"), assignment("a/next", "a/bad"), assignment("a/last", "a/next"), assignment("a/other"), assignment("a/more", "a/other"))
	require.Equal(t, map[string]Verdict{"a/bad": Failed, "a/next": Skipped, "a/last": Skipped, "a/other": Done, "a/more": Done}, verdicts(outcomes))
	require.Equal(t, "no such zone", outcomes["a/bad"].Message)
	require.Equal(t, run.Unexpected, outcomes["a/bad"].Error)
	require.False(t, outcomes["a/bad"].Dirty)
	require.Equal(t, "a/bad, which comes first, failed", outcomes["a/next"].Message)
	require.Equal(t, "a/next, which comes first, was skipped", outcomes["a/last"].Message)
	require.Len(t, s.maker.orders, 3)
}

func TestAStepIsDirtyWhenItLeftAMark(t *testing.T) {
	const no = "operation error ECS: UpdateService, https response error StatusCode: 400, RequestID: 1, api error InvalidParameterException: no"
	for sentence, test := range map[string]struct {
		result Result
		dirty  bool
	}{
		"nothing was touched":                                {Result{}, false},
		"the only change was refused":                        {Result{Changes: []ResourceChange{{Operation: "update", ID: "i", Failed: true, Message: no}}}, false},
		"the only change was not seen to its end":            {Result{Changes: []ResourceChange{{Operation: "update", ID: "i", Failed: true, Message: "timeout while waiting for state"}}}, true},
		"something was only read":                            {Result{Changes: []ResourceChange{{Operation: "read", ID: "i"}}}, false},
		"a creation failed and left nothing":                 {Result{Changes: []ResourceChange{{Operation: "create", Failed: true}}}, false},
		"a creation failed and there is something":           {Result{Changes: []ResourceChange{{Operation: "create", ID: "i", Failed: true}}}, true},
		"one change went through before the other failed":    {Result{Changes: []ResourceChange{{Operation: "create", ID: "i"}, {Operation: "create", Failed: true}}}, true},
		"a change began and is not known to have ended":      {Result{Pending: []string{"creating queue"}}, true},
		"a deletion went through before the other failed":    {Result{Changes: []ResourceChange{{Operation: "delete", ID: "i"}}}, true},
		"one thing was deleted and another was only refused": {Result{Changes: []ResourceChange{{Operation: "delete", Failed: true, Message: no}, {Operation: "update", Failed: true, Message: no}}}, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := newSetting()
			s.maker.do = func(context.Context, Order) (Result, error) { return test.result, errors.New("refused") }
			o := s.run(t, t.Context(), assignment("a/queue"))["a/queue"]
			require.Equal(t, Failed, o.Outcome)
			require.Equal(t, test.dirty, o.Dirty)
			require.Equal(t, test.result.Pending, o.Leftovers)
			require.Equal(t, "e4", o.Epoch)
		})
	}
}

func TestOutputsFlowWithinABatch(t *testing.T) {
	s := newSetting()
	reader, waiter := assignment("a/reader", "a/source"), assignment("a/waiter", "a/source")
	reader.Reads = []Read{{Component: "a/source", Output: "taskDefinitionArn"}, {Component: "b/other", Output: "arn"}}
	reader.Order.Upstreams["b/other"] = Upstream{Kind: "SNS", Outputs: offers("b/other")}
	outcomes := s.run(t, t.Context(), assignment("a/source"), reader, waiter)
	require.Equal(t, Done, outcomes["a/reader"].Outcome)
	require.Equal(t, offers("a/source"), s.maker.order(t, "a/reader").Upstreams["a/source"].Outputs)
	require.Equal(t, offers("b/other"), s.maker.order(t, "a/reader").Upstreams["b/other"].Outputs)
	require.Equal(t, map[string]json.RawMessage{"arn": json.RawMessage(`"arn:a/source"`)}, s.maker.order(t, "a/waiter").Upstreams["a/source"].Outputs,
		"who does not read the version does not see it")
	spec, err := json.Marshal(reader.Order.Spec)
	require.NoError(t, err)
	seen := s.maker.order(t, "a/reader").Upstreams
	require.Equal(t, plan.InputsDigest("SQS", 1, spec, seen), outcomes["a/reader"].InputsDigest)
}

func TestAReadOutputThatIsNotThereFailsCleanly(t *testing.T) {
	s := newSetting()
	reader := assignment("a/reader", "a/source")
	reader.Reads = []Read{{Component: "a/source", Output: "url"}}
	o := s.run(t, t.Context(), assignment("a/source"), reader)["a/reader"]
	require.Equal(t, Failed, o.Outcome)
	require.Equal(t, "OutputMissing", o.Error)
	require.False(t, o.Dirty)
}

func TestAConditionalUpdateIsDoneOnlyWhenItsInputsChanged(t *testing.T) {
	s := newSetting()
	before := assignment("a/waiter", "a/source")
	seen := map[string]Upstream{"a/source": {Kind: "SQS", Outputs: plan.See(offers("a/source")), Reasons: []resource.Reason{resource.ReasonDependsOn}}}
	spec, err := json.Marshal(before.Order.Spec)
	require.NoError(t, err)
	before.Action, before.Conditional, before.Known, before.Outputs = plan.Update, true, plan.InputsDigest("SQS", 1, spec, seen), offers("a/waiter")
	o := s.run(t, t.Context(), assignment("a/source"), before, assignment("a/last", "a/waiter"))
	require.Equal(t, map[string]Verdict{"a/source": Done, "a/waiter": Unchanged, "a/last": Done}, verdicts(o))
	require.Equal(t, plan.See(offers("a/waiter")), s.maker.order(t, "a/last").Upstreams["a/waiter"].Outputs, "its outputs stay what they are")

	for sentence, change := range map[string]func(*Assignment){
		"other inputs":             func(a *Assignment) { a.Known = "other" },
		"the last run was dirty":   func(a *Assignment) { a.Order.Refresh = true },
		"it is not conditional":    func(a *Assignment) { a.Conditional = false },
		"it is translated anew":    func(a *Assignment) { a.Revision = 2 },
		"its upstream is replaced": func(a *Assignment) { a.Known = plan.InputsDigest("SQS", 1, spec, nil) },
	} {
		s, a := newSetting(), before
		change(&a)
		require.Equal(t, Done, s.run(t, t.Context(), assignment("a/source"), a)["a/waiter"].Outcome, sentence)
	}
}

func TestAnInterruptedStepGoesOnAndLooksFirst(t *testing.T) {
	s := newSetting()
	a := assignment("a/queue")
	a.Action, a.Order.BaseEpoch = plan.Update, "e3"
	_, _, err := s.book.Begin(t.Context(), a) // by an executor that died
	require.NoError(t, err)
	require.Equal(t, Done, s.run(t, t.Context(), a)["a/queue"].Outcome)
	require.True(t, s.maker.order(t, "a/queue").Refresh)
	require.Equal(t, "e3", s.maker.order(t, "a/queue").BaseEpoch, "what was not yet taken over still has to be")
}

func TestAStepThatIsDoneIsNotDoneAgain(t *testing.T) {
	s := newSetting()
	first := s.run(t, t.Context(), assignment("a/queue"))
	require.Equal(t, first, s.run(t, t.Context(), assignment("a/queue")))
	require.Len(t, s.maker.orders, 1)
	require.Equal(t, 1, s.book.ends["a/queue"])
}

func TestAStepThatFailedIsDoneAgainInANewAttempt(t *testing.T) {
	for _, dirty := range []bool{false, true} {
		s := newSetting()
		s.maker.do = func(_ context.Context, order Order) (Result, error) {
			if dirty {
				return Result{Pending: []string{"creating queue"}}, errors.New("no")
			}
			return Result{}, errors.New("no")
		}
		require.Equal(t, Failed, s.run(t, t.Context(), assignment("a/queue"))["a/queue"].Outcome)
		s.maker.do = nil
		require.Equal(t, Done, s.run(t, t.Context(), assignment("a/queue"))["a/queue"].Outcome)
		require.Equal(t, dirty, s.maker.order(t, "a/queue").Refresh)
	}
}

func TestStoppingARunGivesEveryStepItsOutcome(t *testing.T) {
	s := newSetting()
	s.Parallelism = 2
	ctx, stop := context.WithCancel(t.Context())
	beside := make(chan struct{})
	s.maker.do = func(ctx context.Context, order Order) (Result, error) {
		switch order.Address.Short() {
		case "a/done":
			return works(order), nil
		case "a/beside":
			close(beside)
		case "a/cut":
			<-beside
			stop()
		}
		<-ctx.Done()
		return Result{Pending: []string{"creating queue"}, Resources: 1}, fmt.Errorf("cancelled: %w", ctx.Err())
	}
	outcomes := s.run(t, ctx, assignment("a/done"), assignment("a/cut", "a/done"), assignment("a/beside"), assignment("a/waits"), assignment("a/after", "a/cut"))
	require.Equal(t, map[string]Verdict{"a/done": Done, "a/cut": Failed, "a/beside": Failed, "a/waits": Skipped, "a/after": Skipped}, verdicts(outcomes))
	require.Equal(t, run.Stopped, outcomes["a/cut"].Error)
	require.True(t, outcomes["a/cut"].Dirty)
	require.Equal(t, []string{"creating queue"}, outcomes["a/cut"].Leftovers)
	require.Equal(t, notBegun, outcomes["a/waits"].Message)
}

func TestARunThatIsStoppedBeforeItBeganTouchesNothing(t *testing.T) {
	s := newSetting()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	outcomes := s.run(t, ctx, assignment("a/one"), assignment("a/two", "a/one"))
	require.Equal(t, map[string]Verdict{"a/one": Skipped, "a/two": Skipped}, verdicts(outcomes))
	require.Empty(t, s.maker.orders)
	require.Zero(t, s.fence.checks)
}

func TestALostFenceStopsEveryFurtherStep(t *testing.T) {
	s := newSetting()
	s.Parallelism, s.fence.lostFor = 1, 2
	outcomes := s.run(t, t.Context(), assignment("a/one"), assignment("a/two"), assignment("a/three"), assignment("a/four", "a/three"))
	require.Equal(t, map[string]Verdict{"a/one": Done, "a/two": Done, "a/three": Failed, "a/four": Skipped}, verdicts(outcomes))
	require.Equal(t, "LockGone", outcomes["a/three"].Error)
	require.False(t, outcomes["a/three"].Dirty)
	require.Len(t, s.maker.orders, 2)
	require.Zero(t, s.book.begun["a/three"], "nothing is intended without the lock")
}

func TestNothingIsDoneThatTheJournalDoesNotKnow(t *testing.T) {
	s := newSetting()
	s.book.beginErr = errors.New("the store is away")
	require.Equal(t, Failed, s.run(t, t.Context(), assignment("a/one"))["a/one"].Outcome)
	require.Empty(t, s.maker.orders)
}

func TestOutcomesThatCannotBeRecordedAreAnError(t *testing.T) {
	s := newSetting()
	s.book.endErr = errors.New("the store is away")
	outcomes, err := s.Run(t.Context(), Batch{Run: "run-1", Assignments: []Assignment{assignment("a/one"), assignment("a/two")}})
	require.ErrorContains(t, err, "the store is away")
	require.Equal(t, Done, outcomes[0].Outcome)
	require.Equal(t, Done, outcomes[1].Outcome)
}

func TestDestroyEndsDoneKeptOrFailed(t *testing.T) {
	for sentence, test := range map[string]struct {
		result  Result
		err     error
		verdict Verdict
		dirty   bool
	}{
		"deleted":                        {Result{Changes: []ResourceChange{{Operation: "delete"}}}, nil, Done, false},
		"kept as its policy says":        {Result{Kept: true, Resources: 2, Pending: []string{"aws:s3/bucket:Bucket b"}}, nil, Kept, false},
		"failed before it began":         {Result{Resources: 2}, errors.New("protected"), Failed, false},
		"failed with half of it deleted": {Result{Resources: 1, Changes: []ResourceChange{{Operation: "delete"}}}, errors.New("in use"), Failed, true},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := newSetting()
			s.maker.do = func(context.Context, Order) (Result, error) { return test.result, test.err }
			a := assignment("a/queue")
			a.Action, a.Outputs = plan.Delete, offers("a/queue")
			o := s.run(t, t.Context(), a)["a/queue"]
			require.Equal(t, test.verdict, o.Outcome)
			require.Equal(t, test.dirty, o.Dirty)
			require.Equal(t, []string{"destroy a/queue"}, s.maker.verbs)
			if test.verdict == Kept {
				require.Equal(t, test.result.Pending, o.Leftovers)
			}
		})
	}
}

func TestAComponentHasItsOwnTime(t *testing.T) {
	s := newSetting()
	s.maker.do = func(ctx context.Context, order Order) (Result, error) {
		if order.Address.Short() == "a/slow" {
			<-ctx.Done()
			return Result{Pending: []string{"creating queue"}}, fmt.Errorf("cancelled: %w", ctx.Err())
		}
		return works(order), nil
	}
	slow := assignment("a/slow")
	slow.Order.Spec.Base().Timeout = resource.Duration(20 * time.Millisecond)
	outcomes := s.run(t, t.Context(), slow, assignment("a/quick"))
	require.Equal(t, map[string]Verdict{"a/slow": Failed, "a/quick": Done}, verdicts(outcomes))
	require.Equal(t, run.TimedOut, outcomes["a/slow"].Error)
	require.True(t, outcomes["a/slow"].Dirty)
	require.Contains(t, outcomes["a/slow"].Message, "longer than its timeout of 20ms")
}

func TestStepsThatWaitForOneAnotherAreSkipped(t *testing.T) {
	s := newSetting()
	outcomes := s.run(t, t.Context(), assignment("a/one", "a/two"), assignment("a/two", "a/one"), assignment("a/three"))
	require.Equal(t, map[string]Verdict{"a/one": Skipped, "a/two": Skipped, "a/three": Done}, verdicts(outcomes))
}

func TestWatchSeesEachStepBeginAndEnd(t *testing.T) {
	s := newSetting()
	var seen []string
	s.Watch = func(o Outcome) { seen = append(seen, o.Address.Short()+":"+string(o.Outcome)) }
	s.run(t, t.Context(), assignment("a/one"), assignment("a/two", "a/one"))
	require.Equal(t, []string{"a/one:", "a/one:done", "a/two:", "a/two:done"}, seen)
}

package execution

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

func previews(t *testing.T, s setting, assignments ...Assignment) map[string]Preview {
	t.Helper()
	var mu sync.Mutex
	seen := map[string]Preview{}
	require.NoError(t, s.Preview(t.Context(), Batch{Run: "run-1", Scope: scope, Preview: "digest", Assignments: assignments},
		func(_ context.Context, p Preview) error {
			mu.Lock()
			defer mu.Unlock()
			seen[p.Address.Short()] = p
			return nil
		}))
	return seen
}

func TestAPreviewTellsWhatEachStepWouldDo(t *testing.T) {
	s := newSetting()
	gone := assignment("a/gone")
	gone.Action = plan.Delete
	seen := previews(t, s, assignment("a/queue"), assignment("b/after", "a/queue"), gone)
	require.Len(t, seen, 3)
	require.Equal(t, "create", seen["b/after"].Changes[0].Operation)
	require.Equal(t, "digest", seen["b/after"].Plan)
	require.ElementsMatch(t, []string{"preview a/queue", "preview b/after", "preview-destroy a/gone"}, s.maker.verbs)
	require.Empty(t, s.book.begun, "nothing is noted: nothing is done")
	require.Zero(t, s.fence.checks)
}

func TestAPreviewThatFailsSaysWhy(t *testing.T) {
	s := newSetting()
	s.maker.do = func(_ context.Context, order Order) (Result, error) {
		if order.Address.Component == "kept" {
			return Result{Kept: true}, nil
		}
		return Result{}, errors.New("AccessDenied")
	}
	waits := assignment("b/after", "a/queue")
	waits.Unknown = []string{"a/queue.arn", "a/queue.url", "a/topic.arn"}
	seen := previews(t, s, assignment("a/queue"), waits, assignment("a/kept"))
	require.Equal(t, run.Unexpected, seen["a/queue"].Error)
	require.Contains(t, seen["a/queue"].Message, "AccessDenied")
	require.Empty(t, seen["b/after"].Error, "it failed over stand-ins")
	require.Contains(t, seen["b/after"].Message, "known after apply: they depend on what a/queue, a/topic will be")
	require.Contains(t, seen["a/kept"].Message, "kept")
}

func TestWhatIsNotThereYetIsStoodInFor(t *testing.T) {
	set, p, snapshot := wanted()
	p.Digest = "digest"
	queue := known("a/queue")
	require.NotEmpty(t, queue.Outputs)
	delete(snapshot.Components, "platform/networking")
	set.Resources = append(set.Resources, resourceOf("platform/networking", "Networking"))
	batches, err := Prepare(p, set, snapshot, 0, 2).Previews(1)
	require.NoError(t, err)
	require.Len(t, batches, len(p.Steps))
	first := batches[0]
	require.Equal(t, []any{"digest", 2, 0}, []any{first.Preview, first.Parallelism, first.Number})
	a := first.Assignments[0]
	require.Contains(t, a.Unknown, "platform/networking.vpcId")
	require.JSONEq(t, `"known-after-apply"`, string(a.Order.Upstreams["platform/networking"].Outputs["vpcId"]))
	require.JSONEq(t, `["known-after-apply-1","known-after-apply-2"]`, string(a.Order.Upstreams["platform/networking"].Outputs["privateSubnetIds"]))
	require.Equal(t, offers("a/queue"), a.Order.Upstreams["a/queue"].Outputs, "what is known stays")
}

func TestAHaltedRunBeginsNothingNew(t *testing.T) {
	s := newSetting()
	s.Parallelism = 1
	asked := 0
	s.Halt = func(context.Context) error {
		if asked++; asked > 1 {
			return &run.Halted{Halt: run.Halt{By: "bo", Reason: "look first"}}
		}
		return nil
	}
	outcomes := s.run(t, t.Context(), assignment("a/one"), assignment("a/two"), assignment("b/after", "a/two"))
	require.Equal(t, map[string]Verdict{"a/one": Done, "a/two": Skipped, "b/after": Skipped}, verdicts(outcomes))
	require.Contains(t, outcomes["a/two"].Message, "halted by bo (look first)")
	require.Equal(t, []string{"apply a/one"}, s.maker.verbs)
}

func TestAStepDoesNotBeginWhenNobodyCanTellWhetherItMay(t *testing.T) {
	s := newSetting()
	s.Halt = func(context.Context) error { return errors.New("the bucket does not answer") }
	outcomes := s.run(t, t.Context(), assignment("a/one"))
	require.Equal(t, Failed, outcomes["a/one"].Outcome)
	require.False(t, outcomes["a/one"].Dirty)
	require.Empty(t, s.maker.verbs)
}

func resourceOf(short string, kind resource.Kind) *resource.Resource {
	definition, _ := resource.Lookup(kind)
	return &resource.Resource{Address: at(short), Kind: kind, Spec: definition.New()}
}

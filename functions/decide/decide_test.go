package decide_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/decide"
	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/requestapproval"
	"github.com/deployer-io/deployer/shared/run"
)

// waiting is a run of ana's that waits with the token "t" until so many people agree.
func waiting(t *testing.T, people int) (*functionstest.Run, *functionstest.Answers, decide.Entrance) {
	t.Helper()
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	in := requestapproval.In{Run: r.Ref, Token: "t"}
	in.Plan.Digest, in.Plan.ApprovalTimeout, in.Plan.MinApprovals = r.Plan.Digest, 3600, people
	_, err := requestapproval.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), in)
	require.NoError(t, err)
	answers := &functionstest.Answers{Waiting: map[string]bool{"t": true}}
	return r, answers, decide.Entrance{Pages: decide.Pages{Handler: decide.Handler{Objects: w.Objects, Answers: answers, Now: w.Now},
		Signer: decide.Key("a secret of the environment")}}
}

// send gives the function an event as Lambda does.
func send(t *testing.T, e decide.Entrance, event any) (decide.Out, error) {
	t.Helper()
	data, err := json.Marshal(event)
	require.NoError(t, err)
	out, err := e.Handle(t.Context(), data)
	if err != nil {
		return decide.Out{}, err
	}
	decided, ok := out.(decide.Out)
	require.True(t, ok, "%T", out)
	return decided, nil
}

func TestADecisionTypedInTheConsoleWakesTheRun(t *testing.T) {
	for decision, want := range map[string]string{
		"approve": `t {"verdict":"approved","by":["somebody unnamed"]}`,
		"reject":  "t ApprovalRejected: rejected by somebody unnamed: seen",
	} {
		_, answers, e := waiting(t, 1)
		out, err := send(t, e, map[string]string{"run": "r1", "decision": decision, "reason": "seen"})
		require.NoError(t, err)
		require.True(t, out.Woken)
		require.Equal(t, []string{want}, answers.Given)
	}
}

func TestTheLastApprovalThatIsNeededWakesTheRun(t *testing.T) {
	r, answers, e := waiting(t, 2)
	out, err := send(t, e, decide.In{Run: "r1", Decision: run.Approve, By: "bo"})
	require.NoError(t, err)
	require.Equal(t, decide.Out{Run: "r1", Verdict: run.Pending, Missing: 1}, out)
	out, err = send(t, e, decide.In{Run: "r1", Decision: run.Approve, By: "bo"})
	require.NoError(t, err, "the same person counts once")
	require.Equal(t, 1, out.Missing)
	require.Empty(t, answers.Given)
	out, err = send(t, e, decide.In{Run: "r1", Stack: "orders", Environment: "staging", Decision: run.Approve, By: "cy", Plan: r.Plan.Digest})
	require.NoError(t, err)
	require.Equal(t, decide.Out{Run: "r1", Verdict: run.Approved, Woken: true}, out)
}

func TestSayingItAgainWakesARunWhoseWakingFailed(t *testing.T) {
	_, answers, e := waiting(t, 1)
	answers.Err = errors.New("ThrottlingException")
	_, err := send(t, e, decide.In{Run: "r1", Decision: run.Approve, By: "bo"})
	require.ErrorContains(t, err, "ThrottlingException")
	answers.Err = nil
	out, err := send(t, e, decide.In{Run: "r1", Decision: run.Approve, By: "bo"})
	require.NoError(t, err)
	require.True(t, out.Woken)
	out, err = send(t, e, decide.In{Run: "r1", Decision: run.Approve, By: "bo"})
	require.NoError(t, err)
	require.False(t, out.Woken, "it has its answer")
}

func TestWhatCannotBeDecidedIsNamed(t *testing.T) {
	for want, in := range map[string]decide.In{
		"SelfApproval":    {Run: "r1", Decision: run.Approve, By: "ana"},
		"RunUnknown":      {Run: "r2", Decision: run.Approve, By: "bo"},
		"StalePlan":       {Run: "r1", Decision: run.Approve, By: "bo", Plan: "another"},
		"DecisionInvalid": {Run: "r1", Decision: "yes", By: "bo"},
	} {
		_, answers, e := waiting(t, 1)
		_, err := send(t, e, in)
		require.Error(t, err)
		require.Equal(t, want, run.FailureOf(err).Error)
		require.Empty(t, answers.Given)
	}
	r, _, e := waiting(t, 1)
	r.Pass(2 * time.Hour)
	_, err := send(t, e, decide.In{Run: "r1", Decision: run.Approve, By: "bo"})
	require.Equal(t, "ApprovalExpired", run.FailureOf(err).Error)
	_, err = send(t, e, decide.In{Run: "r1", Stack: "..", Environment: "staging", Decision: run.Approve, By: "bo"})
	require.Equal(t, "RunUnknown", run.FailureOf(err).Error)
}

package requestapproval_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/decide"
	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/requestapproval"
	"github.com/deployer-io/deployer/shared/run"
)

// told is a Teller that remembers, and fails when it is told to.
type told struct {
	wanted []requestapproval.Wanted
	err    error
}

func (w *told) ApprovalWanted(_ context.Context, wanted requestapproval.Wanted) error {
	w.wanted = append(w.wanted, wanted)
	return w.err
}

func ask(r *functionstest.Run, token string) requestapproval.In {
	in := requestapproval.In{Run: r.Ref, Token: token}
	in.Plan.Digest, in.Plan.ApprovalTimeout, in.Plan.MinApprovals = r.Plan.Digest, 3600, 2
	return in
}

func TestTheQuestionIsBoundToThePlanItsStateAndItsBundle(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	_, err := requestapproval.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), ask(r, "token-1"))
	require.NoError(t, err)
	var asked run.Approval
	require.NoError(t, r.Archive().Read(t.Context(), run.ApprovalArtifact, &asked))
	require.Len(t, asked.Bundle.SHA256, 64)
	asked.Bundle = run.BundleRef{}
	require.Equal(t, run.Approval{SchemaVersion: run.ApprovalVersion, Run: "r1", PlanDigest: r.Plan.Digest, Serial: w.State().Serial, StartedBy: "ana",
		MinApprovals: 2, Token: "token-1", RequestedAt: functionstest.Start, ExpiresAt: functionstest.Start.Add(time.Hour)}, asked)
}

func TestAskedAgainNobodysDecisionIsLost(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	answers := &functionstest.Answers{Waiting: map[string]bool{"token-3": true}}
	h := requestapproval.Handler{Objects: w.Objects, Now: w.Now, Answers: answers}
	decided := func(by string) {
		_, err := r.Archive().Decide(t.Context(), run.Decision{Decision: run.Approve, By: by, At: w.Now()})
		require.NoError(t, err)
	}
	_, err := h.Handle(t.Context(), ask(r, "token-1"))
	require.NoError(t, err)
	decided("bo")
	w.Pass(10 * time.Minute)
	_, err = h.Handle(t.Context(), ask(r, "token-2"))
	require.NoError(t, err)
	var asked run.Approval
	require.NoError(t, r.Archive().Read(t.Context(), run.ApprovalArtifact, &asked))
	require.Equal(t, "token-2", asked.Token)
	require.Len(t, asked.Decisions, 1)
	require.Equal(t, functionstest.Start.Add(time.Hour), asked.ExpiresAt, "trying again gives no more time")
	decided("cy")
	require.Empty(t, answers.Given)
	_, err = h.Handle(t.Context(), ask(r, "token-3"))
	require.NoError(t, err)
	require.Equal(t, []string{`token-3 {"verdict":"approved","by":["bo","cy"]}`}, answers.Given, "it was decided before the token was known")
}

func TestAFreshPlanIsAskedAboutAfresh(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	require.NoError(t, r.Archive().Replace(t.Context(), run.ApprovalArtifact, run.Approval{Run: "r1", PlanDigest: "old", MinApprovals: 1, ExpiresAt: w.Now().Add(time.Hour),
		Decisions: []run.Decision{{Decision: run.Approve, By: "bo"}}}))
	_, err := requestapproval.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), ask(r, "t"))
	require.NoError(t, err)
	var asked run.Approval
	require.NoError(t, r.Archive().Read(t.Context(), run.ApprovalArtifact, &asked))
	require.Empty(t, asked.Decisions)

	other := ask(r, "t")
	other.Plan.Digest = "another"
	_, err = requestapproval.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), other)
	require.Equal(t, "StalePlan", run.FailureOf(err).Error)
}

func TestPeopleAreToldWithLinksThatWork(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	teller := &told{}
	h := requestapproval.Handler{Objects: w.Objects, Now: w.Now, Teller: teller, Signer: decide.Key("secret"), BaseURL: "https://approvals.example.com"}
	out, err := h.Handle(t.Context(), ask(r, "t"))
	require.NoError(t, err)
	require.Empty(t, out.Untold)
	require.Len(t, teller.wanted, 1)
	wanted := teller.wanted[0]
	require.Equal(t, 2, wanted.Missing)
	require.Contains(t, wanted.Summary, "3 to create")
	require.Equal(t, "deployer approve r1", wanted.ApproveWith)
	require.True(t, strings.HasPrefix(wanted.RejectURL, "https://approvals.example.com/approvals/r1?"), wanted.RejectURL)
	require.Contains(t, wanted.RejectURL, "decision=reject")

	teller.err = errors.New("the topic is gone")
	out, err = h.Handle(t.Context(), ask(r, "t"))
	require.NoError(t, err, "who looks finds it all the same")
	require.Contains(t, out.Untold, "the topic is gone")
}

func TestALinkApprovesOnlyWhereItDoesNotMatterWhoHoldsIt(t *testing.T) {
	for _, c := range []struct {
		people int
		self   bool
		want   bool
	}{{1, true, true}, {1, false, false}, {2, true, false}, {2, false, false}} {
		w := functionstest.New(t)
		r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
		teller := &told{}
		in := ask(r, "t")
		in.Plan.MinApprovals, in.Plan.AllowSelf = c.people, c.self
		_, err := requestapproval.Handler{Objects: w.Objects, Now: w.Now, Teller: teller, Signer: decide.Key("secret"), BaseURL: "https://a.example.com"}.Handle(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, c.want, teller.wanted[0].ApproveURL != "", "%d people, allowSelf %v", c.people, c.self)
		require.NotEmpty(t, teller.wanted[0].RejectURL, "everybody may say no")
	}
}

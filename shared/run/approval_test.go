package run

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/objects"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func question() Approval {
	return Approval{SchemaVersion: ApprovalVersion, Run: "r1", PlanDigest: "abc", StartedBy: "ana", MinApprovals: 2, Token: "t",
		RequestedAt: noon, ExpiresAt: noon.Add(time.Hour)}
}

func says(by string, answer Answer) Decision {
	return Decision{Decision: answer, By: by, At: noon.Add(time.Minute)}
}

func TestDecisions(t *testing.T) {
	for sentence, c := range map[string]struct {
		change    func(*Approval)
		decisions []Decision
		want      Verdict
		err       string // name of the last decision's error
	}{
		"two people agree":                       {nil, []Decision{says("bo", Approve), says("cy", Approve)}, Approved, ""},
		"one of two is not enough":               {nil, []Decision{says("bo", Approve)}, Pending, ""},
		"the same person counts once":            {nil, []Decision{says("bo", Approve), says(" BO", Approve)}, Pending, ""},
		"one no is enough":                       {nil, []Decision{says("bo", Approve), says("cy", Reject)}, Refused, ""},
		"a person may take back a yes":           {nil, []Decision{says("bo", Approve), says("bo", Reject)}, Refused, ""},
		"the starter may not agree":              {nil, []Decision{says("Ana", Approve)}, Pending, "SelfApproval"},
		"the starter may agree where allowed":    {func(a *Approval) { a.AllowSelf, a.MinApprovals = true, 1 }, []Decision{says("ana", Approve)}, Approved, ""},
		"the starter may always say no":          {nil, []Decision{says("ana", Reject)}, Refused, ""},
		"after a yes there is no no":             {func(a *Approval) { a.MinApprovals = 1 }, []Decision{says("bo", Approve), says("cy", Reject)}, Approved, "ApprovalDecided"},
		"after a no there is no yes":             {nil, []Decision{says("bo", Reject), says("cy", Approve)}, Refused, "ApprovalDecided"},
		"said again after the end, it is fine":   {func(a *Approval) { a.MinApprovals = 1 }, []Decision{says("bo", Approve), says("bo", Approve)}, Approved, ""},
		"too late":                               {nil, []Decision{{Decision: Approve, By: "bo", At: noon.Add(time.Hour)}}, Pending, "ApprovalExpired"},
		"of another plan":                        {nil, []Decision{{Decision: Approve, By: "bo", At: noon, PlanDigest: "xyz"}}, Pending, "StalePlan"},
		"by a link that was used":                {nil, []Decision{{Decision: Approve, By: "bo", At: noon, Link: "l"}, {Decision: Approve, By: "cy", At: noon, Link: "l"}}, Pending, "LinkUsed"},
		"neither yes nor no":                     {nil, []Decision{says("bo", "maybe")}, Pending, "DecisionInvalid"},
		"by nobody":                              {nil, []Decision{says(" ", Approve)}, Pending, "DecisionInvalid"},
		"nobody said how many: one is enough":    {func(a *Approval) { a.MinApprovals = 0 }, []Decision{says("bo", Approve)}, Approved, ""},
		"nobody is asked twice about one person": {func(a *Approval) { a.MinApprovals = 3 }, []Decision{says("bo", Approve), says("cy", Approve)}, Pending, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			a := question()
			if c.change != nil {
				c.change(&a)
			}
			var err error
			for i, d := range c.decisions {
				a, err = a.Add(d)
				if i < len(c.decisions)-1 {
					require.NoError(t, err)
				}
			}
			require.Equal(t, c.want, a.Verdict())
			if c.err == "" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			require.Equal(t, c.err, FailureOf(err).Error)
		})
	}
}

func TestManyDecideAtOnceAndNoneIsLost(t *testing.T) {
	a := archive("r1")
	asked := question()
	asked.MinApprovals = 20
	require.NoError(t, a.Replace(t.Context(), ApprovalArtifact, asked))
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			_, err := a.Decide(t.Context(), says(fmt.Sprintf("person %d", i), Approve))
			require.NoError(t, err)
		})
	}
	group.Wait()
	var decided Approval
	require.NoError(t, a.Read(t.Context(), ApprovalArtifact, &decided))
	require.Len(t, decided.Decisions, 20)
	require.Equal(t, Approved, decided.Verdict())
	require.Zero(t, decided.Missing())
}

func TestARunThatHasAskedNobodyCannotBeDecidedOn(t *testing.T) {
	_, err := archive("r1").Decide(t.Context(), says("bo", Approve))
	var missing *ApprovalMissing
	require.ErrorAs(t, err, &missing)
}

func TestARunIsFoundByItsIDAlone(t *testing.T) {
	store := objects.NewMemory(time.Now)
	for _, ref := range []Ref{{"shop", "staging", "r1", Deploy}, {"shop", "production", "r2", Destroy}, {"web", "staging", "r3", Plan}} {
		a := Archive{Store: store, Ref: ref}
		require.NoError(t, a.Write(t.Context(), RequestArtifact, Request{Operation: ref.Operation}))
		require.NoError(t, a.Write(t.Context(), PlanArtifact, 1))
	}
	only := Ref{"web", "staging", "r4", Deploy}
	require.NoError(t, Archive{Store: store, Ref: only}.Write(t.Context(), ReportArtifact, 1), "its bundle could not be read")
	for _, want := range []Ref{{"shop", "staging", "r1", Deploy}, {"shop", "production", "r2", Destroy}, {"web", "staging", "r3", Plan}, only} {
		found, err := Find(t.Context(), store, want.ID)
		require.NoError(t, err)
		require.Equal(t, want, found)
	}
	for _, id := range []string{"r", "r5", "", "../r1", "r1/plan.json"} {
		_, err := Find(t.Context(), store, id)
		var unknown *RunUnknown
		require.ErrorAs(t, err, &unknown, id)
	}
	scopes, err := Scopes(t.Context(), store)
	require.NoError(t, err)
	require.Len(t, scopes, 3)
}

func TestWhoHaltsFirstIsKept(t *testing.T) {
	a := archive("r1")
	require.NoError(t, a.Halted(t.Context()))
	require.NoError(t, a.Halt(t.Context(), Halt{By: "bo", Reason: "the database is slow", At: noon}))
	require.NoError(t, a.Halt(t.Context(), Halt{By: "cy", At: noon}))
	err := a.Halted(t.Context())
	var halted *Halted
	require.ErrorAs(t, err, &halted)
	require.Equal(t, "bo", halted.By)
	require.ErrorContains(t, err, "the database is slow")
	require.Equal(t, "Halted", FailureOf(err).Error)
}

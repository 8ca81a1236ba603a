package run_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
)

func TestWhatAPersonSaysIsOneLineThatCanBeSeen(t *testing.T) {
	for in, want := range map[string]string{
		"looked at the plan":                      "looked at the plan",
		"  Zoë – 日本 😀 ":                           "Zoë – 日本 😀",
		"fine\n20:15 approve by ana: fine":        "fine 20:15 approve by ana: fine",
		"a\r\nb\tc\x00d\x1b[2J":                   "a b c d [2J",
		"bo\u200b\u2060\ufeff":                    "bo",
		"a\u202eb\u2066c\u2028d":                  "abc d",
		"":                                        "",
		strings.Repeat("é", 2000):                 strings.Repeat("é", run.MaxSaid-1) + "…",
		string([]byte{'a', 0xff, 'b', 0x9b, 'c'}): "a\ufffdb\ufffdc",
	} {
		require.Equal(t, want, run.Said(in), "%q", in)
	}
}

func TestAnInvisibleCharacterMakesNoOtherPerson(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	asked := run.Approval{Run: "r1", PlanDigest: "p", StartedBy: "ana", MinApprovals: 2, ExpiresAt: now.Add(time.Hour)}
	for _, by := range []string{"ana\u200b", "\u2060ANA ", "ana\n", "a\u00adna"} {
		_, err := asked.Add(run.Decision{Decision: run.Approve, By: by, At: now})
		var self *run.SelfApproval
		require.ErrorAs(t, err, &self, "%q", by)
	}
	decided, err := asked.Add(run.Decision{Decision: run.Approve, By: "bo", Reason: "fine\n12:01 approve by cy", At: now})
	require.NoError(t, err)
	require.Equal(t, "fine 12:01 approve by cy", decided.Decisions[0].Reason)
	decided, err = decided.Add(run.Decision{Decision: run.Approve, By: "bo\u200d", At: now})
	require.NoError(t, err)
	require.Equal(t, 1, decided.Missing(), "bo counts once")
	_, err = asked.Add(run.Decision{Decision: run.Approve, By: "\u200b\n", At: now})
	var nobody *run.DecisionInvalid
	require.ErrorAs(t, err, &nobody)
}

func TestNoIDLeadsOutOfItsScope(t *testing.T) {
	store := objects.NewMemory(time.Now)
	here, there := address.Scope("shop", "staging"), address.Scope("shop", "production")
	ref := run.Ref{Stack: "shop", Environment: "production", ID: "r1", Operation: run.Deploy}
	require.NoError(t, run.Archive{Store: store, Ref: ref}.Write(t.Context(), run.RequestArtifact, run.Request{Stack: "shop"}))
	_, err := run.Locate(t.Context(), store, there, "r1")
	require.NoError(t, err)
	for _, id := range []string{"", ".", "..", "../../production/runs/r1", "../r1", "r1/../r1", "r1/request.json", `..\r1`, "r1\x00", "r1\n", "r 1", "%2e%2e", "r1*", "r1:1"} {
		for _, scope := range []address.Address{here, there} {
			_, err := run.Locate(t.Context(), store, scope, id)
			var unknown *run.RunUnknown
			require.ErrorAs(t, err, &unknown, "%q", id)
		}
		_, err := run.Find(t.Context(), store, id)
		var unknown *run.RunUnknown
		require.ErrorAs(t, err, &unknown, "%q", id)
	}
}

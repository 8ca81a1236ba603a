package makeplan_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/makeplan"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
)

// ruled is the world's bundle with that approval in staging, and with a queue that differs by it from one to the next.
func ruled(approval, visibility string) map[string]string {
	files := maps.Clone(functionstest.Bundle)
	files["stack.yaml"] = strings.Replace(files["stack.yaml"], "approval: {mode: auto}", approval, 1)
	files["intake.yaml"] = strings.Replace(files["intake.yaml"], "90s", visibility, 1)
	return files
}

func TestTheStricterOfTheDeployedAndTheNewApprovalHolds(t *testing.T) {
	const two = "approval: {mode: required, minApprovals: 2}"
	for sentence, c := range map[string]struct {
		deployed, uploaded string
		approved           bool
		people             int
		self               bool
	}{
		"auto over two people":             {two, "approval: {mode: auto}", false, 2, false},
		"one of one's own over two people": {two, "approval: {mode: required, allowSelf: true}", false, 2, false},
		"two people over auto":             {"approval: {mode: auto}", two, false, 2, false},
		"self over auto":                   {"approval: {mode: auto}", "approval: {mode: required, allowSelf: true}", true, 1, true},
		"a condition over two people":      {two, "approval: {mode: autoApproveIf, autoApproveIf: 'true'}", false, 2, false},
		"auto over a condition that holds": {"approval: {mode: autoApproveIf, autoApproveIf: 'plan.counts.delete == 0'}",
			"approval: {mode: auto}", true, 1, false},
		"auto over a condition that does not hold": {"approval: {mode: autoApproveIf, autoApproveIf: 'plan.counts.update == 0', minApprovals: 3}",
			"approval: {mode: auto}", false, 3, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := functionstest.New(t)
			w.Deploy("r1", ruled(c.deployed, "90s"))
			r := w.Discover("r2", run.Deploy, ruled(c.uploaded, "80s"))
			r.Request.AutoApprove = true
			r.MakePlan()
			require.Equal(t, c.approved, r.Plan.Approved)
			require.Equal(t, c.people, r.Plan.MinApprovals)
			require.Equal(t, c.self, r.Plan.AllowSelf)
			var made plan.Plan
			require.NoError(t, r.Archive().Read(t.Context(), run.PlanArtifact, &made))
			require.Len(t, made.Rules, 1, "the plan says so")
			require.Contains(t, made.Rules[0], "approval: ")
		})
	}
}

func TestARuleIsTheNextOnesAsSoonAsItWasDeployedUnderTheFormer(t *testing.T) {
	w := functionstest.New(t)
	w.Deploy("r1", ruled("approval: {mode: required, minApprovals: 2}", "90s"))
	loose := ruled("approval: {mode: auto}", "90s")
	same := w.Discover("r2", run.Deploy, loose).MakePlan()
	require.Zero(t, same.Plan.Changes)
	same.Release()
	next := w.Discover("r3", run.Deploy, ruled("approval: {mode: auto}", "80s")).MakePlan()
	require.False(t, next.Plan.Approved, "a run without changes deploys no rule")
	next.Release()
	w.Deploy("r4", ruled("approval: {mode: auto}", "80s")) // as if two had agreed
	require.True(t, w.Discover("r5", run.Deploy, ruled("approval: {mode: auto}", "70s")).MakePlan().Plan.Approved)
}

func TestAFreezeThatIsDeployedHoldsUpTheBundleThatTakesItAway(t *testing.T) {
	w := functionstest.New(t)
	w.Deploy("r1", ruled("approval: {mode: auto}, windows: [{kind: deny, schedule: '30 12 * * *', duration: 1h, reason: lunch}]", "90s"))
	w.Pass(45 * time.Minute)
	r := w.Discover("r2", run.Deploy, ruled("approval: {mode: auto}", "80s")).Lock()
	in := makeplan.In{Run: r.Ref, Request: r.Request, Lease: &r.Lease}
	h := makeplan.Handler{Objects: w.Objects, Locker: w.Locker, Now: w.Now}
	_, err := h.Handle(t.Context(), in)
	require.Error(t, err)
	require.Equal(t, "FrozenWindow", run.FailureOf(err).Error)
	in.Request.OverrideFreeze, in.Round = "the site is down", 1
	_, err = h.Handle(t.Context(), in)
	require.NoError(t, err)
	var made plan.Plan
	require.NoError(t, r.Archive().Read(t.Context(), run.PlanArtifact, &made))
	require.Equal(t, []string{"window removed: deny 30 12 * * * for 1h, UTC"}, made.Rules)
}

package makeplan_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/buildgraph"
	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/makeplan"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
)

func TestAPlanIsMadeOnceAndAgain(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).Lock()
	h := makeplan.Handler{Objects: w.Objects, Locker: w.Locker, Now: w.Now, PerLevel: true}
	in := makeplan.In{Run: r.Ref, Request: r.Request, Lease: &r.Lease}
	first, err := h.Handle(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, plan.Counts{Create: 3}, first.Counts)
	require.Equal(t, 3, first.Changes)
	require.Equal(t, 2, first.Waves)
	require.True(t, first.Approved, "the environment says so")
	second, err := h.Handle(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, first, second)

	var made plan.Plan
	require.NoError(t, r.Archive().Read(t.Context(), run.PlanArtifact, &made))
	require.Equal(t, first.Digest, made.Digest)
	require.Len(t, made.Bundle.SHA256, 64, "the plan is of the very bundle that was read")
}

func TestWavesAreLevelsOrClusters(t *testing.T) {
	for perLevel, waves := range map[bool]int{true: 2, false: 1} {
		w := functionstest.New(t)
		r := w.Discover("r1", run.Deploy, functionstest.Bundle).Lock()
		out, err := makeplan.Handler{Objects: w.Objects, Locker: w.Locker, Now: w.Now, PerLevel: perLevel}.Handle(t.Context(), makeplan.In{Run: r.Ref, Request: r.Request, Lease: &r.Lease})
		require.NoError(t, err)
		require.Equal(t, waves, out.Waves)
	}
}

func TestApproval(t *testing.T) {
	auto := func(r *run.Request) { r.AutoApprove = true }
	for sentence, test := range map[string]struct {
		environment string
		change      func(*run.Request)
		approved    bool
		timeout     int
	}{
		"an environment that approves by itself":            {"staging", nil, true, 0},
		"an environment that wants people":                  {"production", nil, false, 2 * 60 * 60},
		"the starter's own word, where another's is wanted": {"production", auto, false, 2 * 60 * 60},
		"the starter's own word, where that is enough":      {"sandbox", auto, true, 0},
		"the starter's silence, where a word is enough":     {"sandbox", nil, false, 0},
	} {
		t.Run(sentence, func(t *testing.T) {
			files := maps.Clone(functionstest.Bundle)
			if test.environment != "staging" { // the world is staging's
				files["stack.yaml"] = strings.NewReplacer("name: staging", "name: other", "name: "+test.environment, "name: staging").Replace(files["stack.yaml"])
			}
			w := functionstest.New(t)
			r := w.Discover("r1", run.Deploy, files).Lock()
			if test.change != nil {
				test.change(&r.Request)
			}
			out, err := makeplan.Handler{Objects: w.Objects, Locker: w.Locker, Now: w.Now}.Handle(t.Context(), makeplan.In{Run: r.Ref, Request: r.Request, Lease: &r.Lease})
			require.NoError(t, err)
			require.Equal(t, test.approved, out.Approved)
			if test.timeout > 0 {
				require.Equal(t, test.timeout, out.ApprovalTimeout)
			}
			require.Positive(t, out.ApprovalTimeout)
		})
	}
}

func TestADestroyAsksThoseWhoWereAskedAboutTheDeployment(t *testing.T) {
	for sentence, c := range map[string]struct {
		approval   string
		auto, want bool // --auto-approve, approved
		people     int
		self       bool
	}{
		"nobody was: the starter's word is wanted":    {"mode: auto", false, false, 1, true},
		"nobody was: the starter's word is enough":    {"mode: auto", true, true, 1, true},
		"two others were":                             {"mode: required, minApprovals: 2, timeout: 2h", true, false, 2, false},
		"the starter's word is not that of somebody":  {"mode: required", true, false, 1, false},
		"the starter may say yes, and did beforehand": {"mode: required, allowSelf: true", true, true, 1, true},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := functionstest.New(t)
			files := maps.Clone(functionstest.Bundle)
			files["stack.yaml"] = strings.Replace(files["stack.yaml"], "mode: auto", c.approval, 1)
			w.Deploy("r1", files)
			for _, id := range []string{"r2", "r3"} { // of the second one, the last run is a destroy itself
				r := w.Discover(id, run.Destroy, nil)
				r.Request.AutoApprove = c.auto
				r.MakePlan()
				require.Equal(t, c.want, r.Plan.Approved)
				require.Equal(t, c.people, r.Plan.MinApprovals)
				require.Equal(t, c.self, r.Plan.AllowSelf)
				if strings.Contains(c.approval, "2h") {
					require.Equal(t, 2*60*60, r.Plan.ApprovalTimeout)
				}
				w.Fails["queue"] = execution.Result{}
				r.Rollout()
				r.Release()
			}
		})
	}
}

func TestARuleApprovesWhereItHolds(t *testing.T) {
	for condition, want := range map[string]bool{"plan.counts.delete == 0": true, "plan.counts.create == 0": false} {
		w := functionstest.New(t)
		files := maps.Clone(functionstest.Bundle)
		files["stack.yaml"] = strings.Replace(files["stack.yaml"], "mode: auto", "mode: autoApproveIf, autoApproveIf: '"+condition+"', minApprovals: 2", 1)
		r := w.Discover("r1", run.Deploy, files).MakePlan()
		require.Equal(t, want, r.Plan.Approved, condition)
		require.Equal(t, !want, r.Plan.Preview, "what nobody looks at is not previewed")
		require.Equal(t, 2, r.Plan.MinApprovals)
	}
}

func TestPlanningAloneNeedsNoLock(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Plan, functionstest.Bundle)
	_, err := buildgraph.Handler{Objects: w.Objects}.Handle(t.Context(), buildgraph.In{Run: r.Ref})
	require.NoError(t, err)
	out, err := makeplan.Handler{Objects: w.Objects, Locker: w.Locker, Now: w.Now}.Handle(t.Context(), makeplan.In{Run: r.Ref, Request: r.Request})
	require.NoError(t, err)
	require.Equal(t, 3, out.Changes)
}

func TestARunThatLostItsLockDoesNotPlan(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).Lock()
	r.Release()
	_, err := makeplan.Handler{Objects: w.Objects, Locker: w.Locker, Now: w.Now}.Handle(t.Context(), makeplan.In{Run: r.Ref, Request: r.Request, Lease: &r.Lease})
	var lost *lock.LockLost
	require.ErrorAs(t, err, &lost)
}

func TestAfterADeploymentThereIsNothingToDoAndADestroyDeletesAll(t *testing.T) {
	w := functionstest.New(t)
	w.Deploy("r1", functionstest.Bundle)
	again := w.Discover("r2", run.Deploy, functionstest.Bundle).MakePlan()
	require.Equal(t, plan.Counts{NoOp: 3}, again.Plan.Counts)
	require.Zero(t, again.Plan.Waves)
	again.Release()
	require.Equal(t, plan.Counts{Delete: 3}, w.Discover("r3", run.Destroy, nil).MakePlan().Plan.Counts)
}

func TestDataIsNotReplacedUnasked(t *testing.T) {
	w := functionstest.New(t)
	w.Deploy("r1", functionstest.Bundle)
	files := maps.Clone(functionstest.Bundle)
	files["intake.yaml"] = strings.Replace(files["intake.yaml"], "name: orderId", "name: number", 1)
	r := w.Discover("r2", run.Deploy, files).Lock()
	_, err := makeplan.Handler{Objects: w.Objects, Locker: w.Locker, Now: w.Now}.Handle(t.Context(), makeplan.In{Run: r.Ref, Request: r.Request, Lease: &r.Lease})
	var refused *plan.ReplaceRefused
	require.ErrorAs(t, err, &refused)
	require.ErrorContains(t, err, "intake.yaml:11:1: intake/table holds data")
	require.Equal(t, "ReplaceRefused", run.FailureOf(err).Error)
}

package confirmplan_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/confirmplan"
	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// frozen is the world's bundle where deployments are denied from half past twelve on, for an hour.
func frozen() map[string]string {
	files := maps.Clone(functionstest.Bundle)
	files["stack.yaml"] = strings.Replace(files["stack.yaml"], "approval: {mode: auto}",
		"approval: {mode: auto}, windows: [{kind: deny, schedule: '30 12 * * *', duration: 1h, reason: lunch}]", 1)
	return files
}

func TestAPlanIsConfirmedUnlessSomethingMoved(t *testing.T) {
	for sentence, c := range map[string]struct {
		change func(*functionstest.Run)
		want   string // error; "" when it may be carried out
	}{
		"nothing moved":     {func(*functionstest.Run) {}, ""},
		"the lock is lost":  {func(r *functionstest.Run) { r.Release() }, "LockLost"},
		"the lease ran out": {func(r *functionstest.Run) { r.Pass(2 * time.Hour) }, "LockLost"},
		"it was halted": {func(r *functionstest.Run) {
			require.NoError(r.T, r.Archive().Halt(r.T.Context(), run.Halt{By: "bo", At: r.Now()}))
		}, "Halted"},
		"another plan stands there": {func(r *functionstest.Run) { r.Plan.Digest = "another" }, "StalePlan"},
		"the state moved": {func(r *functionstest.Run) {
			_, err := state.NewStore(r.Objects, r.Ref.Scope()).Commit(r.T.Context(), state.Fence{Keys: r.Lease.Keys, Number: r.Lease.Fence}, nil,
				func(s *state.Snapshot) error { s.Run = "r0"; return nil })
			require.NoError(r.T, err)
		}, "StalePlan"},
		"a freeze began": {func(r *functionstest.Run) { r.Pass(45 * time.Minute) }, "FrozenWindow"},
		"it overrides the freeze": {func(r *functionstest.Run) {
			r.Request.OverrideFreeze = "the site is down"
			require.NoError(r.T, r.Archive().Replace(r.T.Context(), run.RequestArtifact, r.Request))
			r.Pass(45 * time.Minute)
		}, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := functionstest.New(t)
			r := w.Discover("r1", run.Deploy, frozen()).MakePlan()
			c.change(r)
			_, err := confirmplan.Handler{Objects: w.Objects, Locker: w.Locker, Now: w.Now}.Handle(t.Context(),
				confirmplan.In{Run: r.Ref, Lease: r.Lease, Digest: r.Plan.Digest})
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			require.Equal(t, c.want, run.FailureOf(err).Error, err.Error())
		})
	}
}

func TestADestroyKnowsOfNoFreeze(t *testing.T) {
	w := functionstest.New(t)
	w.Deploy("r1", frozen())
	r := w.Discover("r2", run.Destroy, nil).MakePlan()
	w.Pass(45 * time.Minute)
	_, err := confirmplan.Handler{Objects: w.Objects, Locker: w.Locker, Now: w.Now}.Handle(t.Context(), confirmplan.In{Run: r.Ref, Lease: r.Lease, Digest: r.Plan.Digest})
	require.NoError(t, err)
}

func TestAFreezeThatTheBundleTakesAwayHoldsAllTheSame(t *testing.T) {
	w := functionstest.New(t)
	w.Deploy("r1", frozen())
	files := maps.Clone(functionstest.Bundle)
	files["intake.yaml"] = strings.Replace(files["intake.yaml"], "90s", "80s", 1)
	r := w.Discover("r2", run.Deploy, files).MakePlan()
	w.Pass(45 * time.Minute)
	_, err := confirmplan.Handler{Objects: w.Objects, Locker: w.Locker, Now: w.Now}.Handle(t.Context(), confirmplan.In{Run: r.Ref, Lease: r.Lease, Digest: r.Plan.Digest})
	require.Error(t, err)
	require.Equal(t, "FrozenWindow", run.FailureOf(err).Error)
}

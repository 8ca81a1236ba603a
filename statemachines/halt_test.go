package statemachines_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/run"
)

func TestAHaltedRunFinishesWhatIsInFlightAndARetryDoesTheRest(t *testing.T) {
	w := levels(newWorld(t))
	w.cloud.during = func(_, short string) {
		if short == "orders/first" {
			require.NoError(t, w.archive("r1").Halt(t.Context(), run.Halt{By: "bo", Reason: "the region is slow", At: w.clock.Now()}))
		}
	}
	request := w.chain("rollback")
	x, result := w.deploy("r1", request)
	require.Equal(t, confirmed+rolledOut+"FailedClean", path(x))
	require.Equal(t, "Halted", result.Error)
	require.Contains(t, result.Cause, "halted by bo (the region is slow)")
	require.Equal(t, []string{"apply orders/first"}, w.cloud.calls, "what was in flight has ended, and nothing is taken back")
	require.Len(t, w.snapshot().Components, 1)
	w.free()

	w.cloud.calls, w.cloud.during = nil, nil
	request.Retry = "r1"
	_, result = w.deploy("r2", request)
	require.Equal(t, asl.StatusSucceeded, result.Status, result.Cause)
	require.Equal(t, []string{"apply orders/second", "apply orders/third"}, w.cloud.calls)
	w.free()
}

func (w *world) halts(id string) {
	require.NoError(w.t, w.archive(id).Halt(w.t.Context(), run.Halt{By: "bo", Reason: "let me look", At: w.clock.Now()}))
}

// A person who says that nothing new is to be begun means the rollback as well.
func TestAHaltedRunWhoseLastComponentFailsIsNotTakenBack(t *testing.T) {
	for name, before := range map[string]string{"while the component failed": "SettleWave", "after it had failed": "PlanRollback"} {
		t.Run(name, func(t *testing.T) {
			w := levels(newWorld(t))
			w.cloud.fail["orders/third"] = errors.New("TopicLimitExceeded")
			w.instead = func(_ context.Context, task asl.Task) (json.RawMessage, bool, error) {
				if task.Function == before && task.Execution.Name != "r1-wave-0" && task.Execution.Name != "r1-wave-1" {
					w.halts("r1")
				}
				return nil, false, nil
			}
			x, result := w.deploy("r1", w.chain("rollback"))
			require.Equal(t, confirmed+rolledOut+"FailedClean", path(x))
			require.Equal(t, "Halted", result.Error)
			require.Contains(t, result.Cause, "halted by bo (let me look)")
			require.Equal(t, []string{"apply orders/first", "apply orders/second", "apply orders/third"}, w.cloud.calls)
			require.Len(t, w.snapshot().Components, 2)
			w.truthful()
			w.free()
		})
	}
}

func TestAHaltThatComesDuringTheRollbackLetsItEnd(t *testing.T) {
	w := levels(newWorld(t))
	w.cloud.fail["orders/third"] = errors.New("TopicLimitExceeded")
	w.cloud.during = func(verb, _ string) {
		if verb == "destroy" {
			w.halts("r1")
		}
	}
	x, result := w.deploy("r1", w.chain("rollback"))
	require.Equal(t, confirmed+rolledOut+"FailedClean", path(x))
	require.Equal(t, "WaveFailed", result.Error, "it was not the halt that ended it")
	require.Empty(t, w.snapshot().Components)
	require.True(t, w.ending("r1").RolledBack)
	w.truthful()
	w.free()
}

// One batch holds a chain: its executor looks before each step.
func TestAHaltReachesTheExecutor(t *testing.T) {
	w := newWorld(t)
	w.cloud.during = func(_, short string) {
		if short == "orders/queue" {
			require.NoError(t, w.archive("r1").Halt(t.Context(), run.Halt{By: "bo", At: w.clock.Now()}))
		}
	}
	_, result := w.deploy("r1", run.Request{Bundle: w.upload(files()), AutoApprove: true})
	require.Equal(t, "Halted", result.Error, result.Cause)
	require.Equal(t, []string{"apply orders/queue"}, w.cloud.calls)
	var skipped execution.Outcome
	require.NoError(t, w.archive("r1").Read(t.Context(), run.OutcomeArtifact(scope.In("orders", "events")), &skipped))
	require.Equal(t, execution.Skipped, skipped.Outcome)
	w.free()
}

func TestAFreezeEndsARunBeforeAnythingUnlessAReasonIsGiven(t *testing.T) {
	w := newWorld(t)
	frozen := replace(t, stackFile, "approval:", "windows: [{kind: deny, schedule: '0 3 * * *', duration: 2h, reason: the night batch runs}], approval:")
	ref := w.upload(map[string]string{"stack.yaml": frozen})
	x, result := w.deploy("r1", run.Request{Bundle: ref, AutoApprove: true})
	require.Equal(t, "Start Discover BuildGraph LockNeeded AcquireLock LockTaken MakePlan ReleaseLock MakeReport Notify Ended FailedClean", path(x))
	require.Equal(t, "FrozenWindow", result.Error)
	require.Contains(t, result.Cause, "frozen until 2030-01-02 05:00 UTC (the night batch runs)")
	w.free()

	_, result = w.deploy("p1", run.Request{Bundle: ref, Operation: run.Plan})
	require.Equal(t, asl.StatusSucceeded, result.Status, "to plan is no deployment: %s", result.Cause)

	_, result = w.deploy("r2", run.Request{Bundle: ref, AutoApprove: true, OverrideFreeze: "the site is down"})
	require.Equal(t, asl.StatusSucceeded, result.Status, result.Cause)
	var request run.Request
	require.NoError(t, w.archive("r2").Read(t.Context(), run.RequestArtifact, &request))
	require.Equal(t, "the site is down", request.OverrideFreeze)
}

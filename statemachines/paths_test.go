package statemachines_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

var scope = address.Scope("shop", "staging")

const stackFile = `apiVersion: core.deployer.io/v1
kind: Stack
metadata: {name: shop}
spec:
  environments:
    - {name: staging, region: eu-west-1, approval: {mode: required, allowSelf: true}}
---
apiVersion: core.deployer.io/v1
kind: Service
metadata: {name: orders}
spec: {}
---
apiVersion: components.deployer.io/v1
kind: SQS
metadata: {name: queue, service: orders}
spec: {visibilityTimeout: 30s}
---
apiVersion: components.deployer.io/v1
kind: SNS
metadata: {name: events, service: orders}
spec:
  subscriptions:
    - {name: queue, queue: queue}
`

// files is a bundle of a queue and, waiting for it, a topic that delivers to it.
func files() map[string]string { return map[string]string{"stack.yaml": stackFile} }

const (
	untilPlan = "Start Discover BuildGraph LockNeeded AcquireLock LockTaken MakePlan PlanMade "
	previewed = "PreparePreview Preview PreviewBatch Previewed PlanShown "
	// confirmed is the way of a plan that nobody has to be asked about.
	confirmed = untilPlan + "PlanShown ConfirmPlan "
	asked     = untilPlan + previewed + "RequestApproval "
	rolledOut = "Rollout SaveState ReleaseLock MakeReport Notify Ended "
	wavePath  = "Start PrepareWave HooksBefore RunBatches ExecuteBatch BatchDone HooksAfter SettleWave Settled"
)

func (w *world) ending(id string) report.Report {
	w.t.Helper()
	var made report.Report
	archive := run.Archive{Store: w.objects, Ref: run.Ref{Stack: scope.Stack, Environment: scope.Environment, ID: id}}
	require.NoError(w.t, archive.Read(w.t.Context(), run.ReportArtifact, &made))
	return made
}

func TestADeploymentGoesThroughEveryStageAndEndsSucceeded(t *testing.T) {
	w := newWorld(t)
	x, result := w.deploy("r1", run.Request{Bundle: w.upload(files()), AutoApprove: true})
	require.Equal(t, asl.StatusSucceeded, result.Status, "%s: %s", result.Error, result.Cause)
	require.Equal(t, confirmed+rolledOut+"Succeeded", path(x))
	require.Equal(t, "Start WavesLeft RunWave WaveSettled WavesLeft RolledOut", w.path("r1-rollout"))
	require.Equal(t, wavePath, w.path("r1-wave-0"), "a queue and its topic are one batch: the executor runs them one after the other")
	require.Equal(t, []string{"apply orders/queue", "apply orders/events"}, w.cloud.calls)
	require.Equal(t, run.Succeeded, w.ending("r1").Ending)
	w.free()
	snapshot, _, err := state.NewStore(w.objects, scope).Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, state.Deployed, snapshot.Components["orders/events"].Status)
	require.Equal(t, []string{"orders/queue"}, snapshot.Components["orders/events"].DependsOn)
}

func TestASecondDeploymentFindsNothingToDoAndStartsNoTask(t *testing.T) {
	w := newWorld(t)
	ref := w.upload(files())
	w.deploy("r1", run.Request{Bundle: ref, AutoApprove: true})
	w.cloud.calls = nil
	x, result := w.deploy("r2", run.Request{Bundle: ref, AutoApprove: true})
	require.Equal(t, asl.StatusSucceeded, result.Status)
	require.Equal(t, untilPlan+"ReleaseLock MakeReport Notify Ended NoChanges", path(x))
	require.Empty(t, w.cloud.calls)
	require.Equal(t, run.NoChanges, w.ending("r2").Ending)
	w.free()
}

func TestAPlanTakesNoLock(t *testing.T) {
	w := newWorld(t)
	x, result := w.deploy("r1", run.Request{Bundle: w.upload(files()), Operation: run.Plan})
	require.Equal(t, asl.StatusSucceeded, result.Status)
	require.Equal(t, "Start Discover BuildGraph LockNeeded MakePlan PlanMade "+previewed+"ReleaseLock MakeReport Notify Ended Planned", path(x))
	require.ElementsMatch(t, []string{"preview orders/queue", "preview orders/events"}, w.cloud.calls)
	snapshot, _, err := state.NewStore(w.objects, scope).Read(t.Context())
	require.NoError(t, err)
	require.Zero(t, snapshot.Serial)
	require.Empty(t, snapshot.Floors)
}

func TestALockThatIsHeldEndsTheRunCleanly(t *testing.T) {
	w := newWorld(t)
	_, err := w.locker.Acquire(t.Context(), lock.Request{Addresses: []address.Address{scope}, LockedBy: "ada", Run: "other"})
	require.NoError(t, err)
	x, result := w.deploy("r1", run.Request{Bundle: w.upload(files()), AutoApprove: true})
	require.Equal(t, "Start Discover BuildGraph LockNeeded AcquireLock MakeReport Notify Ended FailedClean", path(x))
	require.Equal(t, "LockHeld", result.Error)
	require.Contains(t, result.Cause, "ada (run other)")
	require.Empty(t, w.cloud.calls)
}

func TestARunWaitsForALockAsLongAsItMay(t *testing.T) {
	w := newWorld(t)
	other, err := w.locker.Acquire(t.Context(), lock.Request{Addresses: []address.Address{scope}, Run: "other"})
	require.NoError(t, err)
	request := run.Request{Bundle: w.upload(files()), AutoApprove: true, LockTimeout: 60}
	release := w.clock.Hold()
	w.clock.AfterFunc(25*time.Second, func() { require.NoError(t, w.locker.Release(t.Context(), other)) })
	x := w.start("r1", request)
	release()
	result, err := x.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, asl.StatusSucceeded, result.Status, result.Cause)
	require.Contains(t, path(x), "LockNeeded AcquireLock LockTaken WaitForLock AcquireLock LockTaken WaitForLock AcquireLock LockTaken WaitForLock AcquireLock LockTaken MakePlan")

	_, err = w.locker.Acquire(t.Context(), lock.Request{Addresses: []address.Address{scope}, Run: "other"})
	require.NoError(t, err)
	_, result = w.deploy("r2", run.Request{Bundle: w.upload(files()), AutoApprove: true, LockTimeout: 15})
	require.Equal(t, "LockHeld", result.Error)
}

func TestAnInvalidBundleEndsTheRunBeforeAnyLock(t *testing.T) {
	for name, c := range map[string]struct{ from, to, err, cause string }{
		"an unknown field":      {"visibilityTimeout", "visibilityTimout", "InvalidConfiguration", "stack.yaml:16:8: error: spec.visibilityTimout"},
		"a dangling dependency": {"queue: queue}", "queue: nowhere}", "InvalidConfiguration", "nowhere"},
		"no YAML":               {"kind: SQS", "kind: [", "InvalidConfiguration", "stack.yaml:"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			broken := map[string]string{"stack.yaml": replace(t, stackFile, c.from, c.to)}
			x, result := w.deploy("r1", run.Request{Bundle: w.upload(broken), AutoApprove: true})
			require.Equal(t, "Start Discover MakeReport Notify Ended FailedClean", path(x))
			require.Equal(t, c.err, result.Error)
			require.Contains(t, result.Cause, c.cause)
			require.Equal(t, run.FailedClean, w.ending("r1").Ending)
		})
	}
}

func TestABundleThatIsNotThereIsRejected(t *testing.T) {
	w := newWorld(t)
	x, result := w.deploy("r1", run.Request{Bundle: run.BundleRef{Key: "bundles/shop/staging/none.zip"}, AutoApprove: true})
	require.Equal(t, "Start Discover MakeReport Notify Ended FailedClean", path(x))
	require.Equal(t, "BundleRejected", result.Error)
}

func TestAFailingComponentStopsWhatComesAfterIt(t *testing.T) {
	for name, c := range map[string]struct {
		half  bool
		final string
		state state.Status
	}{
		"that changed nothing ends clean":   {false, "FailedClean", ""},
		"that is left half-done ends dirty": {true, "FailedDirty", state.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.cloud.fail["orders/queue"], w.cloud.half = errors.New("QueueLimitExceeded"), c.half
			ref := w.upload(files())
			x, result := w.deploy("r1", run.Request{Bundle: ref, AutoApprove: true})
			require.Equal(t, confirmed+rolledOut+c.final, path(x))
			require.Equal(t, "Start WavesLeft RunWave WaveSettled KeepFailure PlanRollback RollbackPlanned WaveFailed", w.path("r1-rollout"))
			require.Equal(t, "Start PrepareWave HooksBefore RunBatches ExecuteBatch BatchFailed HooksAfter SettleWave Settled", w.path("r1-wave-0"))
			require.Equal(t, asl.StatusFailed, result.Status)
			require.Equal(t, []string{"apply orders/queue"}, w.cloud.calls)
			snapshot, _, err := state.NewStore(w.objects, scope).Read(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.state, snapshot.Components["orders/queue"].Status)
			w.free()

			delete(w.cloud.fail, "orders/queue")
			_, result = w.deploy("r2", run.Request{Bundle: ref, AutoApprove: true})
			require.Equal(t, asl.StatusSucceeded, result.Status, "the next run finishes the job: %s", result.Cause)
			require.Equal(t, []string{"apply orders/queue", "apply orders/queue", "apply orders/events"}, w.cloud.calls)
			w.free()
		})
	}
}

func TestDestroyDeletesDependentsFirst(t *testing.T) {
	w := newWorld(t)
	w.deploy("r1", run.Request{Bundle: w.upload(files()), AutoApprove: true})
	w.cloud.calls = nil
	x, result := w.deploy("r2", run.Request{Stack: "shop", Environment: "staging", Operation: run.Destroy, AutoApprove: true})
	require.Equal(t, asl.StatusSucceeded, result.Status, result.Cause)
	require.Equal(t, confirmed+rolledOut+"Succeeded", path(x))
	require.Equal(t, []string{"destroy orders/events", "destroy orders/queue"}, w.cloud.calls)
	snapshot, _, err := state.NewStore(w.objects, scope).Read(t.Context())
	require.NoError(t, err)
	require.Empty(t, snapshot.Components)
	w.free()
}

func TestAFunctionThatFailsForGoodFreesTheLock(t *testing.T) {
	for function, want := range map[string]string{
		"BuildGraph":  "Start Discover BuildGraph MakeReport Notify Ended FailedClean",
		"AcquireLock": "Start Discover BuildGraph LockNeeded AcquireLock MakeReport Notify Ended FailedClean",
		"MakePlan":    "Start Discover BuildGraph LockNeeded AcquireLock LockTaken MakePlan ReleaseLock MakeReport Notify Ended FailedClean",
		"PrepareWave": confirmed + rolledOut + "FailedClean",
		"SettleWave":  confirmed + rolledOut + "FailedDirty",
		"Executor":    confirmed + rolledOut + "FailedClean",
		"SaveState":   replace(t, confirmed+rolledOut, "ReleaseLock ", "") + "FailedDirty",
		"MakeReport":  confirmed + rolledOut + "Succeeded",
		"Notify":      confirmed + rolledOut + "Succeeded",
	} {
		t.Run(function, func(t *testing.T) {
			w := newWorld(t)
			w.broken[function] = &asl.TaskError{Name: "Unexpected", Cause: "out of order"}
			x, _ := w.deploy("r1", run.Request{Bundle: w.upload(files()), AutoApprove: true})
			require.Equal(t, want, path(x))
			w.truthful()
			if function == "SaveState" { // what the run did is not in the state, so its lock stays for whoever sees to that
				w.cleanUp("r1")
				require.Len(t, w.snapshot().Components, 2)
			}
			if function == "SettleWave" { // the rollback failed as well, as far as the rollout can tell
				require.True(t, w.quarantined())
				return
			}
			w.free()
		})
	}
}

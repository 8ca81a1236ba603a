package statemachines_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/catalog"
	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// chainFile is a topic, a second one that is deployed after it, and a third beside them.
const chainFile = `apiVersion: core.deployer.io/v1
kind: Stack
metadata: {name: shop}
spec:
  environments:
    - {name: staging, region: eu-west-1, approval: {mode: required, allowSelf: true}, onFailure: rollback}
---
apiVersion: core.deployer.io/v1
kind: Service
metadata: {name: orders}
spec: {}
---
apiVersion: components.deployer.io/v1
kind: SNS
metadata: {name: first, service: orders}
spec: {}
---
apiVersion: components.deployer.io/v1
kind: SNS
metadata: {name: second, service: orders}
spec: {dependsOn: [{component: first}]}
---
apiVersion: components.deployer.io/v1
kind: SNS
metadata: {name: third, service: orders}
spec: {dependsOn: [{component: second}]}
`

// levels makes each level of the plan a wave.
func levels(w *world) *world {
	w.functions = catalog.New(catalog.Ports{Objects: w.objects, Locker: w.locker, Answers: answers{w.engine}, Workers: workers{w}, Now: w.clock.Now, PerLevel: true})
	return w
}

func (w *world) chain(onFailure string) run.Request {
	return run.Request{Bundle: w.upload(map[string]string{"stack.yaml": strings.Replace(chainFile, "onFailure: rollback", "onFailure: "+onFailure, 1)}), AutoApprove: true}
}

func (w *world) snapshot() state.Snapshot {
	w.t.Helper()
	snapshot, _, err := state.NewStore(w.objects, scope).Read(w.t.Context())
	require.NoError(w.t, err)
	return snapshot
}

// quarantined reports whether only a person can free the lock.
func (w *world) quarantined() bool {
	w.t.Helper()
	held, err := w.locker.Held(w.t.Context(), scope)
	require.NoError(w.t, err)
	return len(held) == 1 && held[0].Quarantine != ""
}

const (
	threeWaves   = "Start WavesLeft RunWave WaveSettled WavesLeft RunWave WaveSettled WavesLeft RunWave WaveSettled "
	rollbackWave = "RunRollbackWave RollbackSettled "
)

func TestAFailureTakesBackWhatTheRunDidInReverse(t *testing.T) {
	for name, half := range map[string]bool{"the last component failed cleanly": false, "the last component was left half-done": true} {
		t.Run(name, func(t *testing.T) {
			w := levels(newWorld(t))
			w.cloud.fails, w.cloud.half = map[string]error{"apply orders/third": errors.New("TopicLimitExceeded")}, half
			request := w.chain("rollback")
			x, result := w.deploy("r1", request)
			require.Equal(t, confirmed+rolledOut+"FailedClean", path(x))
			taken, waves := []string{"destroy orders/second", "destroy orders/first"}, strings.Repeat(rollbackWave, 2)
			if half {
				taken, waves = append([]string{"destroy orders/third"}, taken...), strings.Repeat(rollbackWave, 3)
			}
			require.Equal(t, threeWaves+"KeepFailure PlanRollback RollbackPlanned "+waves+"RolledBack", w.path("r1-rollout"))
			require.Equal(t, wavePath, w.path("r1-rollback-wave-0"))
			require.Equal(t, append([]string{"apply orders/first", "apply orders/second", "apply orders/third"}, taken...), w.cloud.calls)
			require.Equal(t, "WaveFailed", result.Error)
			require.Empty(t, w.snapshot().Components)
			require.True(t, w.ending("r1").RolledBack)
			w.free()

			x, result = w.deploy("r2", request)
			require.Equal(t, "Start Discover BuildGraph LockNeeded AcquireLock LockTaken MakePlan ReleaseLock MakeReport Notify Ended FailedClean", path(x))
			require.Equal(t, "DeploymentHeld", result.Error)
			require.Contains(t, result.Cause, "--release")
			w.free()

			w.cloud.fails = nil
			request.Release = true
			_, result = w.deploy("r3", request)
			require.Equal(t, asl.StatusSucceeded, result.Status, result.Cause)
			require.Nil(t, w.snapshot().Hold)
			require.Equal(t, w.snapshot().Serial, w.snapshot().LastGood)
		})
	}
}

func TestASecondFailureNeedsAPerson(t *testing.T) {
	w := levels(newWorld(t))
	w.cloud.fail["orders/third"] = errors.New("TopicLimitExceeded")
	w.cloud.fails = map[string]error{"destroy orders/second": errors.New("AccessDenied")}
	x, result := w.deploy("r1", w.chain("rollback"))
	require.Equal(t, confirmed+rolledOut+"FailedDirty", path(x))
	require.Equal(t, threeWaves+"KeepFailure PlanRollback RollbackPlanned "+rollbackWave+"Quarantine RollbackFailed", w.path("r1-rollout"))
	require.Equal(t, "RollbackFailed", result.Error)
	held, err := w.locker.Held(t.Context(), scope)
	require.NoError(t, err)
	require.Len(t, held, 1)
	require.Contains(t, held[0].Quarantine, "run r1 failed, and so did taking back what it had done")
	made := w.ending("r1")
	require.False(t, made.RolledBack)
	require.NotEmpty(t, made.LeftBehind)

	_, result = w.deploy("r2", w.chain("stop"))
	require.Equal(t, "LockHeld", result.Error)
	require.Contains(t, result.Cause, "force")
}

func TestARunThatMayGoOnLeavesOutOnlyWhatNeedsTheFailedComponent(t *testing.T) {
	w := levels(newWorld(t))
	w.cloud.fail["orders/second"] = errors.New("TopicLimitExceeded")
	x, _ := w.deploy("r1", w.chain("continue"))
	require.Equal(t, confirmed+rolledOut+"FailedClean", path(x))
	require.Equal(t, threeWaves+"WavesLeft WaveFailed", w.path("r1-rollout"))
	require.Equal(t, []string{"apply orders/first", "apply orders/second"}, w.cloud.calls, "the third waits for the second")
	require.Len(t, w.snapshot().Components, 1)
	require.Zero(t, w.snapshot().LastGood)
	w.free()
}

func TestARunThatStopsLeavesWhatIsDone(t *testing.T) {
	w := levels(newWorld(t))
	w.cloud.fail["orders/second"] = errors.New("TopicLimitExceeded")
	request := w.chain("stop")
	x, _ := w.deploy("r1", request)
	require.Equal(t, confirmed+rolledOut+"FailedClean", path(x))
	require.Equal(t, "Start WavesLeft RunWave WaveSettled WavesLeft RunWave WaveSettled KeepFailure PlanRollback RollbackPlanned WaveFailed", w.path("r1-rollout"))
	require.Len(t, w.snapshot().Components, 1)
	delete(w.cloud.fail, "orders/second")
	_, result := w.deploy("r2", request)
	require.Equal(t, asl.StatusSucceeded, result.Status, "nothing is held: %s", result.Cause)
}

func TestARollbackThatCannotBePlannedLeavesWhatIsDone(t *testing.T) {
	w := levels(newWorld(t))
	w.cloud.fail["orders/third"] = errors.New("TopicLimitExceeded")
	w.broken["PlanRollback"] = &asl.TaskError{Name: "Unexpected", Cause: "out of order"}
	x, _ := w.deploy("r1", w.chain("rollback"))
	require.Equal(t, confirmed+rolledOut+"FailedClean", path(x))
	require.Equal(t, threeWaves+"KeepFailure PlanRollback WaveFailed", w.path("r1-rollout"))
	require.Len(t, w.snapshot().Components, 2)
	w.free()
}

func TestALockThatTheRolloutCouldNotQuarantineIsQuarantinedAtTheEnd(t *testing.T) {
	w := levels(newWorld(t))
	w.cloud.fail["orders/third"] = errors.New("TopicLimitExceeded")
	w.cloud.fails = map[string]error{"destroy orders/second": errors.New("AccessDenied")}
	w.broken["Quarantine"] = &asl.TaskError{Name: "TableUnavailable", Cause: "no answer"}
	x, _ := w.deploy("r1", w.chain("rollback"))
	require.Equal(t, confirmed+rolledOut+"FailedDirty", path(x))
	require.True(t, strings.HasSuffix(w.path("r1-rollout"), "Quarantine RollbackFailed"))
	require.True(t, w.quarantined())
	w.truthful()
}

func TestGoingBackToASerial(t *testing.T) {
	w := levels(newWorld(t))
	first := w.chain("rollback")
	_, result := w.deploy("r1", first)
	require.Equal(t, asl.StatusSucceeded, result.Status, result.Cause)
	good := w.snapshot()
	require.Equal(t, good.Serial, good.LastGood)
	grown := run.Request{AutoApprove: true, Bundle: w.upload(map[string]string{"stack.yaml": chainFile + `---
apiVersion: components.deployer.io/v1
kind: SNS
metadata: {name: fourth, service: orders}
spec: {dependsOn: [{component: third}]}
`})}
	_, result = w.deploy("r2", grown)
	require.Equal(t, asl.StatusSucceeded, result.Status, result.Cause)
	w.cloud.calls = nil

	x, result := w.machine("rollback", "r3", `{"stack":"shop","environment":"staging","to":`+strconv.FormatInt(good.Serial, 10)+`,"autoApprove":true}`)
	require.Equal(t, asl.StatusSucceeded, result.Status, result.Cause)
	require.Equal(t, "Start Asked Deploy BackThere", path(x))
	require.Equal(t, confirmed+rolledOut+"Succeeded", w.deployPath("r3"))
	require.Equal(t, []string{"destroy orders/fourth"}, w.cloud.calls)
	now := w.snapshot()
	require.Len(t, now.Components, 3)
	require.Equal(t, good.Bundle, now.Bundle)
	require.NotNil(t, now.Hold)
	w.free()

	_, result = w.deploy("r4", grown)
	require.Equal(t, "DeploymentHeld", result.Error, "what was replaced does not come back by itself")
	_, result = w.deploy("r5", first)
	require.Equal(t, asl.StatusSucceeded, result.Status, result.Cause)
}

func TestGoingBackNeedsASerialThatThereWas(t *testing.T) {
	w := levels(newWorld(t))
	_, result := w.deploy("r1", w.chain("rollback"))
	require.Equal(t, asl.StatusSucceeded, result.Status, result.Cause)
	for input, want := range map[string]string{
		`{"stack":"shop","environment":"staging"}`:            "Start Asked NoSerial",
		`{"stack":"shop","environment":"staging","to":0}`:     "Start Asked NoSerial",
		`{"stack":"shop","environment":"staging","to":"one"}`: "Start Asked NoSerial",
		`{"stack":"shop","environment":"staging","to":77}`:    "Start Asked Deploy Failed",
	} {
		x, result := w.machine("rollback", "b"+strconv.Itoa(len(input)), input)
		require.Equal(t, want, path(x))
		require.Equal(t, asl.StatusFailed, result.Status)
	}
	w.free()
}

// machine runs any machine to its end.
func (w *world) machine(name, execution, input string) (*asl.Execution, asl.Result) {
	w.t.Helper()
	x, err := w.engine.Start(context.WithoutCancel(w.t.Context()), asl.StartInput{StateMachine: name, Name: execution, Input: []byte(input)})
	require.NoError(w.t, err)
	result, err := x.Wait(w.t.Context())
	require.NoError(w.t, err)
	return x, result
}

// deployPath is the path of a run that another machine started: its execution bears the name of that one's.
func (w *world) deployPath(name string) string {
	w.t.Helper()
	for _, x := range w.engine.Executions() {
		if x.Name() == name && strings.HasPrefix(path(x), "Start Discover") {
			return path(x)
		}
	}
	w.t.Fatalf("no execution %s of deploy", name)
	return ""
}

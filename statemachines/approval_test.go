package statemachines_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/decide"
	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// waits returns the question of a run when it waits for the answer; not is the token of an earlier one.
func (w *world) waits(id, not string) run.Approval {
	w.t.Helper()
	x, started := w.engine.Execution(id)
	require.True(w.t, started, "no execution %s", id)
	for {
		over := x.Status() != asl.StatusRunning // looked at first: what it did before its end is there then
		for _, waiting := range w.engine.TaskTokens() {
			var approval run.Approval
			err := w.archive(id).Read(w.t.Context(), run.ApprovalArtifact, &approval)
			if waiting.Execution.Name == id && err == nil && approval.Token == waiting.Token && approval.Token != not {
				return approval
			}
		}
		require.False(w.t, over, "run %s has ended and waits for nobody: %s", id, path(x))
		time.Sleep(time.Millisecond) // between two looks; how many there are does not matter
	}
}

func (w *world) archive(id string) run.Archive {
	return run.Archive{Store: w.objects, Ref: run.Ref{Stack: scope.Stack, Environment: scope.Environment, ID: id}}
}

// says starts the machine decide, as a person does in the console, and returns the path that it took.
func (w *world) says(in decide.In) (string, asl.Result) {
	w.t.Helper()
	input, err := json.Marshal(in)
	require.NoError(w.t, err)
	x, err := w.engine.Start(context.WithoutCancel(w.t.Context()), asl.StartInput{StateMachine: "decide", Input: input})
	require.NoError(w.t, err)
	result, err := x.Wait(w.t.Context())
	require.NoError(w.t, err)
	return path(x), result
}

func TestApproval(t *testing.T) {
	for name, c := range map[string]struct {
		decide func(w *world)
		want   string
	}{
		"approved, the run goes on": {func(w *world) {
			was, _ := w.says(decide.In{Run: "r1", Decision: run.Approve, Reason: "looks right"})
			require.Equal(w.t, "Decide Decided Approved", was)
		}, "ConfirmPlan " + rolledOut + "Succeeded"},
		"rejected, nothing is changed": {func(w *world) {
			was, _ := w.says(decide.In{Run: "r1", Decision: run.Reject, Reason: "too late in the day", By: "bo"})
			require.Equal(w.t, "Decide Decided Rejected", was)
		}, "ReleaseLock MakeReport Notify Ended Rejected"},
		"nobody decides, nothing is changed": {func(*world) {}, "ReleaseLock MakeReport Notify Ended Rejected"},
		"halted while people thought about it": {func(w *world) {
			require.NoError(w.t, w.archive("r1").Halt(w.t.Context(), run.Halt{By: "cy", At: w.clock.Now()}))
			w.says(decide.In{Run: "r1", Decision: run.Approve})
		}, "ConfirmPlan ReleaseLock MakeReport Notify Ended FailedClean"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			ref := w.upload(files())
			release := w.clock.Hold()
			x := w.start("r1", run.Request{Bundle: ref})
			w.waits("r1", "")
			c.decide(w)
			release()
			_, err := x.Wait(t.Context())
			require.NoError(t, err)
			require.Equal(t, asked+c.want, path(x))
			w.free()
		})
	}
}

func TestADecisionThatCannotBeTakenSaysWhyAndTheRunWaitsOn(t *testing.T) {
	w := newWorld(t)
	ref := w.upload(files())
	defer w.clock.Hold()()
	x := w.start("r1", run.Request{Bundle: ref})
	w.waits("r1", "")
	for name, in := range map[string]decide.In{
		"RunUnknown":      {Run: "r2", Decision: run.Approve},
		"DecisionInvalid": {Run: "r1", Decision: "perhaps"},
		"StalePlan":       {Run: "r1", Decision: run.Approve, Plan: "another"},
	} {
		was, result := w.says(in)
		require.Equal(t, "Decide NotDecided", was)
		require.Equal(t, name, result.Error, result.Cause)
		require.Equal(t, asl.StatusRunning, x.Status())
	}
}

func TestTwoPeopleHaveToAgreeWhereTwoAreWanted(t *testing.T) {
	w := newWorld(t)
	ref := w.upload(map[string]string{"stack.yaml": replace(t, stackFile, "allowSelf: true", "minApprovals: 2")})
	release := w.clock.Hold()
	x := w.start("r1", run.Request{Bundle: ref, StartedBy: "ana", AutoApprove: true})
	require.Equal(t, 2, w.waits("r1", "").MinApprovals)
	was, result := w.says(decide.In{Run: "r1", Decision: run.Approve, By: "ana"})
	require.Equal(t, "Decide NotDecided", was)
	require.Equal(t, "SelfApproval", result.Error)
	for range 2 {
		was, _ = w.says(decide.In{Run: "r1", Decision: run.Approve, By: "bo"})
		require.Equal(t, "Decide Decided MoreNeeded", was, "the same person counts once")
	}
	was, _ = w.says(decide.In{Run: "r1", Decision: run.Approve, By: "cy"})
	require.Equal(t, "Decide Decided Approved", was)
	release()
	result, err := x.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, asl.StatusSucceeded, result.Status, result.Cause)
	w.free()
}

// A person approves a plan whose state another has changed meanwhile: the run plans anew and asks again, about that plan.
func TestAPlanThatBecameStaleIsMadeAnewAndAskedAboutAgain(t *testing.T) {
	w := newWorld(t)
	ref := w.upload(files())
	release := w.clock.Hold()
	x := w.start("r1", run.Request{Bundle: ref})
	first := w.waits("r1", "")
	w.moveState()
	w.says(decide.In{Run: "r1", Decision: run.Approve})
	second := w.waits("r1", first.Token)
	require.Greater(t, second.Serial, first.Serial)
	require.NotEqual(t, first.PlanDigest, second.PlanDigest)
	require.Empty(t, second.Decisions, "a yes to the old plan is none to the new one")
	w.says(decide.In{Run: "r1", Decision: run.Approve})
	release()
	result, err := x.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, asl.StatusSucceeded, result.Status, result.Cause)
	require.Equal(t, asked+"ConfirmPlan PlanAgain AcquireLock LockTaken MakePlan PlanMade "+previewed+"RequestApproval ConfirmPlan "+rolledOut+"Succeeded", path(x))
	w.free()
}

func TestAPlanIsMadeAnewAtMostTwice(t *testing.T) {
	w := newWorld(t)
	ref := w.upload(files())
	release := w.clock.Hold()
	x := w.start("r1", run.Request{Bundle: ref})
	last := ""
	for range 3 {
		last = w.waits("r1", last).Token
		w.moveState()
		w.says(decide.In{Run: "r1", Decision: run.Approve})
	}
	release()
	result, err := x.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, "StalePlan", result.Error, result.Cause)
	require.Equal(t, run.FailedClean, w.ending("r1").Ending)
	w.free()
}

// moveState writes the state as whoever holds the run's lock may.
func (w *world) moveState() {
	w.t.Helper()
	held, err := w.locker.Held(w.t.Context(), scope)
	require.NoError(w.t, err)
	require.Len(w.t, held, 1)
	lease := held[0].Lease()
	_, err = state.NewStore(w.objects, scope).Commit(w.t.Context(), state.Fence{Keys: lease.Keys, Number: lease.Fence}, nil,
		func(s *state.Snapshot) error { s.Run = "by-hand"; return nil })
	require.NoError(w.t, err)
}

// The plan is the same, so the yes to it still counts.
func TestALockThatWasLostWhilePeopleThoughtIsTakenAgain(t *testing.T) {
	w := newWorld(t)
	ref := w.upload(files())
	release := w.clock.Hold()
	x := w.start("r1", run.Request{Bundle: ref})
	w.waits("r1", "")
	held, err := w.locker.Held(t.Context(), scope)
	require.NoError(t, err)
	require.NoError(t, w.locker.Release(t.Context(), held[0].Lease()))
	w.says(decide.In{Run: "r1", Decision: run.Approve})
	release()
	result, err := x.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, asl.StatusSucceeded, result.Status, result.Cause)
	require.Equal(t, asked+"ConfirmPlan PlanAgain AcquireLock LockTaken MakePlan PlanMade "+previewed+"RequestApproval ConfirmPlan "+rolledOut+"Succeeded", path(x))
	w.free()
}

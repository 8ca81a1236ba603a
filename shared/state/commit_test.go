package state_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/state"
)

func TestACommitIsReadByAnyone(t *testing.T) {
	d := newDesk(t)
	f := d.install(fence(3, scope))
	s := d.commit(f, "run-1", front, db)
	require.EqualValues(t, 1, s.Serial)
	require.Equal(t, "id-1", s.Lineage)
	require.Equal(t, "00000001-run-1", s.Entry)
	require.Equal(t, d.now, s.At)
	require.EqualValues(t, 1, s.Components["web/front"].Serial)
	require.Equal(t, s, d.read())

	d.now = d.now.Add(time.Hour)
	next, err := d.Commit(t.Context(), f, []address.Address{front}, func(s *state.Snapshot) error {
		delete(s.Components, "web/front")
		s.Run, s.LastGood, s.Bundle = "run-2", 1, state.BundleRef{Key: "b.zip"}
		s.Serial, s.Lineage, s.Scope, s.Floors = 99, "mine", address.Scope("a", "b"), nil // are not the change's to set
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, next, d.read())
	require.EqualValues(t, 2, next.Serial)
	require.Equal(t, "id-1", next.Lineage)
	require.Equal(t, scope, next.Scope)
	require.Equal(t, map[string]int64{scope.LockKey(): 3}, next.Floors)
	require.Equal(t, "00000001-run-1", next.Previous)
	require.Equal(t, s.Components["data/db"], next.Components["data/db"])
	require.Len(t, next.Components, 1)
	require.Equal(t, []string{"history/00000001-run-1.json", "history/00000002-run-2.json"}, d.keys("history/"))
}

func TestTheHistoryHasASnapshotBeforeItBecomesTheState(t *testing.T) {
	d := newDesk(t)
	f := d.install(fence(1, scope))
	var order []string
	d.put = func(key string, apply func() error) error {
		order = append(order, strings.TrimPrefix(key, scope.Prefix()))
		return apply()
	}
	d.commit(f, "run-1", front)
	require.Equal(t, []string{"history/00000001-run-1.json", "state.json"}, order)
}

func TestAChangeThatFindsNothingToDoWritesNothing(t *testing.T) {
	d := newDesk(t)
	f := d.install(fence(1, scope))
	before := d.commit(f, "run-1", front)
	d.put = func(string, func() error) error { t.Error("something is written"); return nil }
	after, err := d.Commit(t.Context(), f, []address.Address{front}, func(*state.Snapshot) error { return state.ErrNoChange })
	require.NoError(t, err)
	require.Equal(t, before, after)
	_, err = d.Commit(t.Context(), f, []address.Address{front}, func(*state.Snapshot) error { return errNoAnswer })
	require.ErrorIs(t, err, errNoAnswer)
}

func TestCommitsThatCannotBe(t *testing.T) {
	d := newDesk(t)
	_, err := d.Commit(t.Context(), fence(1, scope), []address.Address{front}, deploy("run-1", front))
	require.ErrorContains(t, err, "without a fence installed")
	f := d.install(fence(1, web))
	elsewhere := address.Scope("shop", "staging").In("web", "front")
	for name, c := range map[string]struct {
		fence   state.Fence
		touched []address.Address
		change  func(*state.Snapshot) error
		detail  string
	}{
		"what the lock does not cover":     {f, []address.Address{db}, deploy("run-1", db), "may not be changed under the locks"},
		"more than it said":                {f, []address.Address{front}, deploy("run-1", front, back), "may not be changed under the locks"},
		"another scope":                    {f, []address.Address{elsewhere}, deploy("run-1"), "may not be changed under the locks"},
		"a lock of another scope":          {fence(1, elsewhere), []address.Address{front}, deploy("run-1", front), "is of no use for the state of"},
		"a fence without locks":            {state.Fence{Number: 1}, []address.Address{front}, deploy("run-1", front), "without locks or number"},
		"a fence without a number":         {fence(0, web), []address.Address{front}, deploy("run-1", front), "without locks or number"},
		"a lock key that is none":          {state.Fence{Keys: []string{"x"}, Number: 1}, []address.Address{front}, deploy("run-1", front), "no lock key"},
		"no run":                           {f, []address.Address{front}, deploy("", front), `run named ""`},
		"a run that leaves the folder":     {f, []address.Address{front}, deploy("../x", front), `run named "../x"`},
		"a component under another's name": {f, []address.Address{web}, misplaced, "stands under the name"},
		"an output that is no JSON":        {f, []address.Address{web}, unreadable, "encode web/front"},
	} {
		_, err := d.Commit(t.Context(), c.fence, c.touched, c.change)
		require.ErrorContains(t, err, c.detail, name)
	}
	require.Empty(t, d.keys("history/"))
	require.Zero(t, d.read().Serial)
}

func misplaced(s *state.Snapshot) error {
	s.Run = "run-1"
	s.Components["web/front"] = state.Record{Address: back}
	return nil
}

func unreadable(s *state.Snapshot) error {
	s.Run = "run-1"
	s.Components["web/front"] = state.Record{Address: front, Spec: json.RawMessage("{")}
	return nil
}

func TestRemovingWhatTheCommitDoesNotTouchIsRefused(t *testing.T) {
	d := newDesk(t)
	f := d.install(fence(1, scope))
	d.commit(f, "run-1", front, db)
	_, err := d.Commit(t.Context(), f, []address.Address{front}, func(s *state.Snapshot) error {
		delete(s.Components, "data/db")
		return nil
	})
	var notCovered *state.NotCovered
	require.ErrorAs(t, err, &notCovered)
	require.Equal(t, db, notCovered.Address)
}

// What a store may do to the write of state.json, and what comes of it: exactly one commit, whatever its client learns.
func TestUnclearAnswersToACommit(t *testing.T) {
	for name, c := range map[string]struct {
		put    func(call int, apply func() error) error
		serial int64
		failed bool
	}{
		"the request is lost": {func(call int, apply func() error) error {
			if call == 1 {
				return errNoAnswer
			}
			return apply()
		}, 2, false},
		"the reply is lost": {func(call int, apply func() error) error {
			if err := apply(); call > 1 {
				return err
			}
			return errNoAnswer
		}, 2, false},
		"a conflict, often": {func(call int, apply func() error) error {
			if call < 20 {
				return objects.ErrConflict
			}
			return apply()
		}, 2, false},
		"no answer, ever": {func(int, func() error) error { return errNoAnswer }, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			f := d.install(fence(1, scope))
			d.commit(f, "run-1", front)
			calls := 0
			d.put = func(key string, apply func() error) error {
				if key != d.Key() {
					return apply()
				}
				calls++
				return c.put(calls, apply)
			}
			s, err := d.Commit(t.Context(), f, []address.Address{front}, deploy("run-2", front))
			d.put = nil
			require.Equal(t, c.serial, d.read().Serial)
			if c.failed {
				var unavailable *state.StateUnavailable
				require.ErrorAs(t, err, &unavailable)
				require.ErrorIs(t, err, errNoAnswer)
				return
			}
			require.NoError(t, err)
			require.Equal(t, d.read(), s)
			problems, err := d.Verify(t.Context())
			require.NoError(t, err)
			require.Empty(t, problems)
		})
	}
}

func TestALostReplyIsFoundBehindTheCommitsOfOthers(t *testing.T) {
	d := newDesk(t)
	mine, other := d.install(fence(1, front)), d.install(fence(2, db))
	d.put = func(key string, apply func() error) error {
		if err := apply(); key != d.Key() {
			return err
		}
		d.put = nil
		for n := range 3 {
			d.commit(other, fmt.Sprintf("other-%d", n), db)
		}
		return errNoAnswer
	}
	s := d.commit(mine, "mine", front)
	require.EqualValues(t, 1, s.Serial)
	require.EqualValues(t, 4, d.read().Serial, "it was not committed a second time")
}

func TestACommitStartsAnewFromWhatOthersCommitted(t *testing.T) {
	d := newDesk(t)
	mine, other := d.install(fence(1, front)), d.install(fence(2, db))
	d.put = func(key string, apply func() error) error {
		if key == d.Key() {
			d.put = nil
			d.commit(other, "other", db)
		}
		return apply()
	}
	s := d.commit(mine, "mine", front)
	require.EqualValues(t, 2, s.Serial)
	require.Len(t, s.Components, 2)
	require.Len(t, d.keys("history/"), 3, "one of them never became the state")
	history, err := d.History(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"00000002-mine", "00000001-other"}, []string{history[0].Name, history[1].Name})
}

func TestAReducerThatCrashedIsRunAgain(t *testing.T) {
	d := newDesk(t)
	f := d.install(fence(1, scope))
	ctx, cancel := context.WithCancel(t.Context())
	d.put = func(key string, apply func() error) error {
		if key == d.Key() {
			cancel()
			return errNoAnswer // it was lost, and the reducer with it
		}
		return apply()
	}
	_, err := d.Commit(ctx, f, []address.Address{front}, deploy("run-1", front))
	require.ErrorIs(t, err, errNoAnswer)
	d.put, d.now = nil, d.now.Add(time.Minute)
	s := d.commit(f, "run-1", front)
	require.Equal(t, []string{"history/00000001-run-1.json"}, d.keys("history/"), "its second result is the first one")
	require.Equal(t, d.now.Add(-time.Minute), s.At)

	// Another result of the same run at the same serial stands beside the first one.
	d.put = func(key string, apply func() error) error {
		if key == d.Key() {
			return objects.ErrKey // final
		}
		return apply()
	}
	_, err = d.Commit(t.Context(), f, []address.Address{front, db}, deploy("run-2", front, db))
	require.ErrorIs(t, err, objects.ErrKey)
	d.put = nil
	s = d.commit(f, "run-2", front)
	require.Equal(t, "00000002-run-2~2", s.Entry)
	require.Equal(t, s, d.read())
	at, err := d.At(t.Context(), 2)
	require.NoError(t, err)
	require.Equal(t, s, at)
}

func TestARolledBackInputIsHeldUntilSomethingElseIsDeployed(t *testing.T) {
	d := newDesk(t)
	f := d.install(fence(1, scope))
	d.commit(f, "run-1", front)
	_, err := d.Commit(t.Context(), f, nil, func(s *state.Snapshot) error {
		s.Run, s.Hold = "run-2", &state.Hold{Run: "run-2", Reason: "web/front failed", At: d.now, Input: "sha"}
		return nil
	})
	require.NoError(t, err)
	held := d.commit(f, "run-3", db)
	require.Equal(t, "run-2", held.Hold.Run, "it stays until it is taken away")
	require.NoError(t, held.Admits("other"))
	var refused *state.DeploymentHeld
	require.ErrorAs(t, held.Admits("sha"), &refused)
	require.ErrorContains(t, refused, "run-2")
	require.ErrorContains(t, refused, "--release")
}

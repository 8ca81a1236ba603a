package state_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/state"
)

func intent(a address.Address) state.Intent {
	return state.Intent{Run: "run-1", Fence: 3, Address: a, Action: "update", Epoch: "e3", BaseEpoch: "e2", BaseCheckpoint: "abc"}
}

func TestAnIntentIsWrittenOnceInARun(t *testing.T) {
	d := newDesk(t)
	require.NoError(t, d.WriteIntent(t.Context(), intent(front)))
	require.NoError(t, d.WriteIntent(t.Context(), intent(db)))
	require.Equal(t, []string{"runs/run-1/intents/data/db.json", "runs/run-1/intents/web/front.json"}, d.keys("runs/"))
	second := intent(front)
	second.Fence = 4
	err := d.WriteIntent(t.Context(), second)
	var exists *state.IntentExists
	require.ErrorAs(t, err, &exists)
	require.EqualValues(t, 3, exists.Fence, "it tells what is there")
	require.EqualError(t, err, "the work on shop/production/web/front was begun before in run run-1")

	read, err := d.ReadIntent(t.Context(), "run-1", front)
	require.NoError(t, err)
	want := intent(front)
	want.SchemaVersion, want.At, want.Attempt = 1, d.now, "id-1"
	require.Equal(t, want, read)
	all, err := d.ReadIntents(t.Context(), "run-1")
	require.NoError(t, err)
	require.Equal(t, []address.Address{db, front}, []address.Address{all[0].Address, all[1].Address})
	none, err := d.ReadIntents(t.Context(), "run-2")
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = d.ReadIntent(t.Context(), "run-2", front)
	require.ErrorIs(t, err, objects.ErrNotFound)
}

func TestUnclearAnswersToAnIntent(t *testing.T) {
	d := newDesk(t)
	d.put = func(_ string, apply func() error) error {
		_ = apply()
		return errNoAnswer
	}
	require.NoError(t, d.WriteIntent(t.Context(), intent(front)), "it is there, and it is this one")
	d.put = func(string, func() error) error { return errNoAnswer }
	err := d.WriteIntent(t.Context(), intent(db))
	var unavailable *state.StateUnavailable
	require.ErrorAs(t, err, &unavailable)
	require.ErrorContains(t, err, "write the intent for data/db of shop/production: no clear answer, try again: no answer")
}

func TestIntentsThatCannotBe(t *testing.T) {
	d := newDesk(t)
	for name, i := range map[string]state.Intent{
		"for a service":           {Run: "run-1", Address: web},
		"for another scope":       {Run: "run-1", Address: address.Scope("shop", "staging").In("web", "front")},
		"of no run":               {Address: front},
		"of a run with a slash":   {Run: "a/b", Address: front},
		"of a run that is a step": {Run: "../run", Address: front},
	} {
		require.ErrorContains(t, d.WriteIntent(t.Context(), i), "state: an intent of run", name)
	}
	d.spoil(scope.RunPrefix("run-1")+"intents/web/front.json", "{")
	_, err := d.ReadIntents(t.Context(), "run-1")
	require.ErrorContains(t, err, "intents/web/front.json")
	d.spoil(scope.RunPrefix("run-1")+"intents/web/front.json", `{"schemaVersion": 2}`)
	_, err = d.ReadIntent(t.Context(), "run-1", front)
	require.ErrorContains(t, err, "newer schema")
}

func TestWhatToDoAfterARunThatDidNotEndWell(t *testing.T) {
	begun := intent(front)
	update := state.PendingOperation{Resource: "service", Stateful: true}
	create := state.PendingOperation{Resource: "target group", Creates: true}
	database := state.PendingOperation{Resource: "database", Creates: true, Stateful: true}
	for name, c := range map[string]struct {
		facts state.Facts
		want  state.Decision
	}{
		"no intent": {state.Facts{}, state.Nothing},
		"no intent, and a checkpoint of an earlier run":   {state.Facts{Checkpoint: "abc"}, state.Nothing},
		"intent, checkpoint unchanged":                    {state.Facts{Intent: &begun, Checkpoint: "abc"}, state.RunAgain},
		"intent, checkpoint changed":                      {state.Facts{Intent: &begun, Checkpoint: "def"}, state.RefreshFirst},
		"intent, checkpoint gone":                         {state.Facts{Intent: &begun}, state.RefreshFirst},
		"intent of a first deployment, no checkpoint":     {state.Facts{Intent: &state.Intent{}}, state.RunAgain},
		"checkpoint unchanged, a pending update":          {state.Facts{Intent: &begun, Checkpoint: "abc", Pending: []state.PendingOperation{update}}, state.RefreshFirst},
		"a pending create of something without data":      {state.Facts{Intent: &begun, Checkpoint: "def", Pending: []state.PendingOperation{create}}, state.RefreshFirst},
		"a pending create of something with data":         {state.Facts{Intent: &begun, Checkpoint: "def", Pending: []state.PendingOperation{update, create, database}}, state.StopForPerson},
		"outcome unmerged":                                {state.Facts{Intent: &begun, Checkpoint: "def", Outcome: true}, state.Merge},
		"outcome unmerged, with a pending create of data": {state.Facts{Intent: &begun, Outcome: true, Pending: []state.PendingOperation{database}}, state.Merge},
		"outcome merged":                                  {state.Facts{Intent: &begun, Checkpoint: "def", Outcome: true, Merged: true}, state.Nothing},
	} {
		require.Equal(t, c.want, state.Recover(c.facts), name)
	}
}

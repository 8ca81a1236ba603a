package execution

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

func newJournal() RunJournal {
	store := objects.NewMemory(func() time.Time { return noon })
	return RunJournal{Archive: run.Archive{Store: store, Ref: run.Ref{Stack: "shop", Environment: "staging", ID: "run-1", Operation: run.Deploy}},
		State: state.NewStore(store, scope), Fence: 4}
}

func TestTheJournalTellsOneAttemptOfAnother(t *testing.T) {
	j, a := newJournal(), assignment("a/queue")
	earlier, interrupted, err := j.Begin(t.Context(), a)
	require.NoError(t, err)
	require.Nil(t, earlier)
	require.False(t, interrupted)
	intent, err := j.State.ReadIntent(t.Context(), "run-1", at("a/queue"))
	require.NoError(t, err)
	require.Equal(t, "e4", intent.Epoch)
	require.EqualValues(t, 4, intent.Fence)

	earlier, interrupted, err = j.Begin(t.Context(), a)
	require.NoError(t, err)
	require.Nil(t, earlier)
	require.True(t, interrupted, "it began and did not end")

	for _, verdict := range []Verdict{Failed, Done} { // a later attempt's outcome replaces an earlier one
		o := a.begin("run-1", noon)
		o.Outcome, o.EndedAt = verdict, noon
		require.NoError(t, j.End(t.Context(), o))
		earlier, interrupted, err = j.Begin(t.Context(), a)
		require.NoError(t, err)
		require.False(t, interrupted)
		require.Equal(t, verdict, earlier.Outcome)
	}
}

func TestOutcomesAreReadInTheOrderAskedForAndThoseMissingLeftOut(t *testing.T) {
	j := newJournal()
	var asked []address.Address
	for _, short := range []string{"a/one", "a/two", "a/three"} {
		asked = append(asked, at(short))
		if short != "a/two" {
			o := assignment(short).begin("run-1", noon)
			o.Outcome = Done
			require.NoError(t, j.End(t.Context(), o))
		}
	}
	outcomes, err := Outcomes(t.Context(), j.Archive, asked)
	require.NoError(t, err)
	require.Len(t, outcomes, 2)
	require.Equal(t, "a/one", outcomes[0].Address.Short())
	require.Equal(t, "a/three", outcomes[1].Address.Short())
}

func TestABatchSurvivesItsJSON(t *testing.T) {
	j := newJournal()
	batch := Batch{SchemaVersion: SchemaVersion, Run: "run-1", Scope: scope, Assignments: []Assignment{assignment("a/queue"), assignment("a/topic", "a/queue")}}
	require.NoError(t, j.Archive.Write(t.Context(), run.BatchArtifact(0, 0), batch))
	var read Batch
	require.NoError(t, j.Archive.Read(t.Context(), run.BatchArtifact(0, 0), &read))
	batch.Assignments[0].Order.Upstreams = nil // no map and an empty one are the same
	require.Equal(t, batch, read)
}

func TestALostStepIsDirtyOnlyIfItHadBegunToWrite(t *testing.T) {
	a := assignment("a/queue", "a/other")
	a.Order.BaseEpoch = "e3"
	for _, touched := range []bool{false, true} {
		o, err := Lost(a, "run-1", touched, noon)
		require.NoError(t, err)
		require.Equal(t, Failed, o.Outcome)
		require.Equal(t, run.Stopped, o.Error)
		require.Equal(t, touched, o.Dirty)
		require.Equal(t, []string{"a/other"}, o.DependsOn)
		require.Equal(t, "eu-west-1", o.Region)
		snapshot := &state.Snapshot{Components: map[string]state.Record{"a/queue": known("a/queue")}}
		require.Equal(t, touched, Fold(snapshot, []Outcome{o}))
		record := snapshot.Components["a/queue"]
		require.Equal(t, map[bool]string{false: "e3", true: "e4"}[touched], record.Epoch)
		require.Equal(t, 2, record.Resources, "an executor that died could not count")
		require.JSONEq(t, `{"old":true}`, string(record.Spec))
	}
}

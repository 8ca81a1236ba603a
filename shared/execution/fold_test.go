package execution

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/state"
)

// known is a component as an earlier run left it.
func known(short string) state.Record {
	return state.Record{Address: at(short), Kind: "SQS", Status: state.Deployed, Action: "create", Spec: json.RawMessage(`{"old":true}`), Revision: 1, InputsDigest: "old",
		Outputs: offers(short), DependsOn: []string{"a/upstream"}, Account: "111122223333", Region: "eu-west-1", Epoch: "e3", Resources: 2, Run: "run-0",
		Serial: 5, CreatedAt: noon.Add(-time.Hour), UpdatedAt: noon.Add(-time.Hour), Duration: time.Minute}
}

// ended is the outcome of an update.
func outcomeOf(short string, change func(*Outcome)) Outcome {
	o := Outcome{SchemaVersion: SchemaVersion, Run: "run-1", Address: at(short), Kind: "SQS", Action: plan.Update, Outcome: Done, Spec: json.RawMessage(`{ "new": true }`),
		Revision: 2, InputsDigest: "new", DependsOn: []string{"a/other"}, Outputs: map[string]json.RawMessage{"arn": json.RawMessage(`"new"`)}, Resources: 3,
		Account: "111122223333", Region: "eu-west-1", Epoch: "e4", StartedAt: noon, EndedAt: noon.Add(10 * time.Second)}
	if change != nil {
		change(&o)
	}
	return o
}

func TestFold(t *testing.T) {
	fail := func(dirty bool, action plan.Action) func(*Outcome) {
		return func(o *Outcome) {
			o.Outcome, o.Action, o.Dirty, o.Message, o.Error = Failed, action, dirty, "refused", "ProvisionFailed"
		}
	}
	same := func(r *state.Record) {}
	for sentence, test := range map[string]struct {
		known   bool
		outcome Outcome
		after   func(*state.Record) // of the known record; nil: there is none
	}{
		"a step that is done is what the component is": {true, outcomeOf("a/c", nil), func(r *state.Record) {
			*r = state.Record{Address: at("a/c"), Kind: "SQS", Status: state.Deployed, Action: "update", Spec: json.RawMessage(`{"new":true}`), Revision: 2,
				InputsDigest: "new", Outputs: map[string]json.RawMessage{"arn": json.RawMessage(`"new"`)}, DependsOn: []string{"a/other"},
				Account: "111122223333", Region: "eu-west-1", Epoch: "e4", Resources: 3, Run: "run-1", Serial: 5, CreatedAt: noon.Add(-time.Hour),
				UpdatedAt: noon.Add(10 * time.Second), Duration: 10 * time.Second}
		}},
		"what was not needed changes nothing": {true, outcomeOf("a/c", func(o *Outcome) { o.Outcome, o.DependsOn = Unchanged, []string{"a/upstream"} }), same},
		"what was not needed still tells what it waits for": {true, outcomeOf("a/c", func(o *Outcome) { o.Outcome = Unchanged }), func(r *state.Record) {
			r.DependsOn = []string{"a/other"}
		}},
		"what was skipped changes nothing":                    {true, outcomeOf("a/c", func(o *Outcome) { o.Outcome = Skipped }), same},
		"what failed before it changed anything is as before": {true, outcomeOf("a/c", fail(false, plan.Update)), same},
		"what failed half-way keeps what it was and says so": {true, outcomeOf("a/c", fail(true, plan.Update)), func(r *state.Record) {
			r.Status, r.Error, r.InputsDigest, r.Action, r.Revision, r.DependsOn = state.Failed, "refused", "", "update", 2, []string{"a/other"}
			r.Epoch, r.Resources, r.Run, r.UpdatedAt, r.Duration = "e4", 3, "run-1", noon.Add(10*time.Second), 10*time.Second
		}},
		"what failed half-way into another kind is of that kind": {true, outcomeOf("a/c", func(o *Outcome) { fail(true, plan.Replace)(o); o.Kind = "SNS" }), func(r *state.Record) {
			r.Status, r.Error, r.InputsDigest, r.Action, r.Revision, r.DependsOn = state.Failed, "refused", "", "replace", 2, []string{"a/other"}
			r.Epoch, r.Resources, r.Run, r.UpdatedAt, r.Duration = "e4", 3, "run-1", noon.Add(10*time.Second), 10*time.Second
			r.Kind, r.Spec, r.Outputs = "SNS", json.RawMessage(`{"new":true}`), map[string]json.RawMessage{"arn": json.RawMessage(`"new"`)}
		}},
		"what was half deleted is being deleted": {true, outcomeOf("a/c", fail(true, plan.Delete)), func(r *state.Record) {
			r.Status, r.Error, r.InputsDigest, r.Action, r.Revision, r.DependsOn = state.Deleting, "refused", "", "delete", 2, []string{"a/other"}
			r.Epoch, r.Resources, r.Run, r.UpdatedAt, r.Duration = "e4", 3, "run-1", noon.Add(10*time.Second), 10*time.Second
		}},
		"what is deleted is gone":        {true, outcomeOf("a/c", func(o *Outcome) { o.Action = plan.Delete }), nil},
		"what was kept is let go of":     {true, outcomeOf("a/c", func(o *Outcome) { o.Action, o.Outcome = plan.Delete, Kept }), nil},
		"a creation that failed cleanly": {false, outcomeOf("a/c", fail(false, plan.Create)), nil},
		"a creation that was skipped":    {false, outcomeOf("a/c", func(o *Outcome) { o.Outcome = Skipped }), nil},
		"a creation that failed half-way is known from then on": {false, outcomeOf("a/c", fail(true, plan.Create)), func(r *state.Record) {
			*r = state.Record{Address: at("a/c"), Kind: "SQS", Status: state.Failed, Action: "create", Spec: json.RawMessage(`{"new":true}`), Revision: 2,
				Outputs: map[string]json.RawMessage{"arn": json.RawMessage(`"new"`)}, DependsOn: []string{"a/other"}, Error: "refused",
				Account: "111122223333", Region: "eu-west-1", Epoch: "e4", Resources: 3, Run: "run-1", CreatedAt: noon.Add(10 * time.Second),
				UpdatedAt: noon.Add(10 * time.Second), Duration: 10 * time.Second}
		}},
	} {
		t.Run(sentence, func(t *testing.T) {
			snapshot := &state.Snapshot{Components: map[string]state.Record{"a/beside": known("a/beside")}}
			if test.known {
				snapshot.Components["a/c"] = known("a/c")
			}
			want := map[string]state.Record{"a/beside": known("a/beside")}
			if test.after != nil {
				record := known("a/c")
				test.after(&record)
				want["a/c"] = record
			}
			_, before := snapshot.Components["a/c"]
			unchanged := before && test.after != nil && sameRecord(snapshot.Components["a/c"], want["a/c"]) || !before && test.after == nil
			require.Equal(t, !unchanged, Fold(snapshot, []Outcome{test.outcome}))
			require.Equal(t, want, snapshot.Components)
			require.False(t, Fold(snapshot, []Outcome{test.outcome}), "once more changes nothing")
			require.Equal(t, want, snapshot.Components)
		})
	}
}

func TestFoldingIsTheSameInAnyOrderAndFromAnyEncoding(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var outcomes []Outcome
		snapshot := func() *state.Snapshot {
			return &state.Snapshot{Components: map[string]state.Record{"a/c0": known("a/c0"), "a/c1": known("a/c1"), "a/c2": known("a/c2")}}
		}
		for _, short := range []string{"a/c0", "a/c1", "a/c2", "a/c3", "a/c4"} {
			outcomes = append(outcomes, outcomeOf(short, func(o *Outcome) {
				o.Outcome = rapid.SampledFrom([]Verdict{Done, Unchanged, Kept, Failed, Skipped}).Draw(rt, "verdict")
				o.Action = rapid.SampledFrom([]plan.Action{plan.Create, plan.Update, plan.Replace, plan.Delete}).Draw(rt, "action")
				o.Dirty = o.Outcome == Failed && rapid.Bool().Draw(rt, "dirty")
			}))
		}
		one, other := snapshot(), snapshot()
		Fold(one, outcomes)
		data, err := json.Marshal(rapid.Permutation(outcomes).Draw(rt, "order"))
		require.NoError(t, err)
		var read []Outcome
		require.NoError(t, json.Unmarshal(data, &read))
		for _, o := range read { // one at a time, and twice
			Fold(other, []Outcome{o})
			require.False(t, Fold(other, []Outcome{o}))
		}
		x, err := state.Encode(*one)
		require.NoError(t, err)
		y, err := state.Encode(*other)
		require.NoError(t, err)
		require.Equal(t, string(x), string(y))
		require.False(t, Fold(other, outcomes))
	})
}

func TestTouchedNamesEveryComponent(t *testing.T) {
	require.Equal(t, []string{"a/x", "a/y"}, func() []string {
		var shorts []string
		for _, a := range Touched([]Outcome{outcomeOf("a/x", nil), outcomeOf("a/y", nil)}) {
			shorts = append(shorts, a.Short())
		}
		return slices.Clip(shorts)
	}())
}

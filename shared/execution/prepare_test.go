package execution

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// wanted is a worker that reads a queue, waits for a topic, lives in a network and comes after another service.
func wanted() (*resource.Set, *plan.Plan, *state.Snapshot) {
	definition, _ := resource.Lookup("Worker")
	spec := definition.New()
	spec.Base().Tags = map[string]string{"team": "a"}
	set := &resource.Set{Scope: scope, Environment: resource.Environment{Name: "staging", Region: "eu-west-1", Account: "111122223333"},
		Resources: []*resource.Resource{{Address: at("a/worker"), Kind: "Worker", Spec: spec, Needs: []resource.Need{
			{Address: at("a/queue"), Reason: resource.ReasonDependsOn},
			{Address: at("a/queue"), Reason: resource.ReasonValue, Output: "taskDefinitionArn"},
			{Address: at("a/topic"), Reason: resource.ReasonDependsOn},
			{Address: at("b/first"), Reason: resource.ReasonService},
			{Address: at("platform/networking"), Reason: resource.ReasonPlatform},
		}}}}
	snapshot := &state.Snapshot{Components: map[string]state.Record{}}
	for short, kind := range map[string]string{"a/queue": "SQS", "a/topic": "SNS", "b/first": "SQS", "platform/networking": "Networking"} {
		snapshot.Components[short] = state.Record{Address: at(short), Kind: kind, Status: state.Deployed, Outputs: offers(short)}
	}
	old := known("a/old")
	old.Spec, old.DependsOn = json.RawMessage(`{"fifo":true}`), []string{"a/queue", "a/vanished"}
	snapshot.Components["a/old"] = old
	p := &plan.Plan{Run: "run-1", Scope: scope, Steps: []plan.Step{
		{Address: at("a/worker"), Kind: "Worker", Action: plan.Create},
		{Address: at("a/old"), Kind: "SQS", Action: plan.Delete, Needs: []string{"a/worker", "c/elsewhere"}}},
		Waves: []plan.Wave{{Batches: []plan.Batch{{Steps: []string{"a/worker", "a/old"}}}}}}
	return set, p, snapshot
}

func TestAnOrderHoldsWhatTheTranslationMaySeeAndNoMore(t *testing.T) {
	set, p, snapshot := wanted()
	batches, err := Prepare(p, set, snapshot, 9, 3).Batches(0)
	require.NoError(t, err)
	require.Len(t, batches, 1)
	require.Equal(t, 3, batches[0].Parallelism)
	a := batches[0].Assignments[0]
	require.Equal(t, []string{"a/queue", "a/topic", "b/first", "platform/networking"}, a.DependsOn)
	require.Equal(t, []Read{{Component: "a/queue", Output: "taskDefinitionArn"}}, a.Reads)
	require.Equal(t, map[string]Upstream{
		"a/queue":             {Kind: "SQS", Outputs: offers("a/queue"), Reasons: []resource.Reason{resource.ReasonDependsOn, resource.ReasonValue}},
		"a/topic":             {Kind: "SNS", Outputs: plan.See(offers("a/topic")), Reasons: []resource.Reason{resource.ReasonDependsOn}},
		"platform/networking": {Kind: "Networking", Outputs: plan.See(offers("platform/networking")), Reasons: []resource.Reason{resource.ReasonPlatform}},
	}, a.Order.Upstreams, "a service's order gives no access")
	require.Equal(t, map[string]string{"team": "a"}, a.Order.Tags)
	require.Equal(t, []string{"111122223333", "eu-west-1", "", "e9"}, []string{a.Order.Account, a.Order.Region, a.Order.BaseEpoch, a.Order.Epoch})
	require.False(t, a.Order.Refresh)
}

func TestARollbackWritesWhereTheRunThatItTakesBackCannot(t *testing.T) {
	set, p, snapshot := wanted()
	p.Run = run.Ref{ID: "run-1"}.Undo().ID
	old := snapshot.Components["a/old"]
	old.Epoch = Epoch(9) // the run has touched it
	snapshot.Components["a/old"] = old
	batches, err := Prepare(p, set, snapshot, 9, 0).Batches(0)
	require.NoError(t, err)
	for _, a := range batches[0].Assignments {
		require.Equal(t, "e9-rollback", a.Order.Epoch)
	}
	require.Equal(t, "e9", batches[0].Assignments[1].Order.BaseEpoch)
}

func TestADeletionGoesByWhatWasDeployed(t *testing.T) {
	set, p, snapshot := wanted()
	batches, err := Prepare(p, set, snapshot, 9, 0).Batches(0)
	require.NoError(t, err)
	a := batches[0].Assignments[1]
	require.Equal(t, plan.Delete, a.Action)
	require.True(t, a.Order.Spec.(*resource.SQS).FIFO)
	require.Equal(t, []string{"a/worker"}, a.Within, "only what is in the batch")
	require.Equal(t, []string{"111122223333", "eu-west-1", "e3", "e9"}, []string{a.Order.Account, a.Order.Region, a.Order.BaseEpoch, a.Order.Epoch})
	require.Len(t, a.Order.Upstreams, 1, "one that is gone tells nothing")
	require.Equal(t, resource.Kind("SQS"), a.Order.Upstreams["a/queue"].Kind)
}

func TestAComponentThatIsNotWholeIsLookedAtFirst(t *testing.T) {
	set, p, snapshot := wanted()
	record := known("a/worker")
	record.Status = state.Failed
	snapshot.Components["a/worker"] = record
	batches, err := Prepare(p, set, snapshot, 9, 0).Batches(0)
	require.NoError(t, err)
	require.True(t, batches[0].Assignments[0].Order.Refresh)
}

func TestAPlanThatDoesNotFitIsAnError(t *testing.T) {
	set, p, snapshot := wanted()
	for sentence, spoil := range map[string]func(){
		"no such wave":                   func() { p.Waves = nil },
		"a step without a resource":      func() { set.Resources = nil },
		"a batch without a step":         func() { p.Steps = nil },
		"a deletion of an unknown kind":  func() { p.Steps[1].Kind = "Zeppelin" },
		"a deletion with a damaged spec": func() { r := snapshot.Components["a/old"]; r.Spec = nil; snapshot.Components["a/old"] = r },
	} {
		set, p, snapshot = wanted()
		spoil()
		_, err := Prepare(p, set, snapshot, 9, 0).Batches(0)
		require.Error(t, err, sentence)
	}
}

package plan_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/state"
)

// chat is a small deployed system: an API that reads a table and a queue, a worker that waits for the API, and a topic
// that nobody needs.
func chat(t testing.TB) *world {
	w := newWorld(t)
	w.want("platform/networking", "Networking")
	w.want("chat/messages", "DynamoDB")
	w.want("chat/queue", "SQS")
	w.want("chat/events", "SNS")
	w.want("chat/api", "MicroService", "platform:platform/networking", "chat/messages.endpoint", "chat/queue.arn")
	w.want("chat/worker", "Worker", "platform:platform/networking", "chat/api")
	w.deploy()
	return w
}

func revisionOf(kind resource.Kind) int {
	definition, _ := resource.Lookup(kind)
	return definition.Revision
}

func api(w *world) *resource.MicroService  { return w.find("chat/api").Spec.(*resource.MicroService) }
func messages(w *world) *resource.DynamoDB { return w.find("chat/messages").Spec.(*resource.DynamoDB) }

func TestWhatAStepDoesAndWhy(t *testing.T) {
	for sentence, test := range map[string]struct {
		given       func(w *world)
		component   string
		action      plan.Action
		conditional bool
		reason      string // the first
	}{
		"a component that is not in the state is created": {
			func(w *world) { w.want("chat/archive", "S3") }, "chat/archive", plan.Create, false, "not in the state"},
		"a component that is as it was deployed has no step": {
			func(*world) {}, "chat/api", plan.NoOp, false, ""},
		"a component whose spec is written otherwise but says the same has no step": {
			func(w *world) {
				w.record("chat/api", func(r *state.Record) { r.Spec = json.RawMessage("\n " + string(r.Spec) + " ") })
			}, "chat/api", plan.NoOp, false, ""},
		"a component whose spec differs is updated": {
			func(w *world) { api(w).Replicas = 9 }, "chat/api", plan.Update, false, "spec differs"},
		"a component that failed before is done again": {
			func(w *world) { w.record("chat/api", func(r *state.Record) { r.Status = state.Failed }) }, "chat/api", plan.Update, false, "the last run left it failed"},
		"a component whose deletion failed and that is wanted again is made whole": {
			func(w *world) { w.record("chat/api", func(r *state.Record) { r.Status = state.Deleting }) }, "chat/api", plan.Update, false, "the last run left it deleting"},
		"a component whose kind is translated anew is updated": {
			func(w *world) { w.record("chat/api", func(r *state.Record) { r.Revision = 0 }) }, "chat/api", plan.Update, false,
			fmt.Sprintf("deployer translates MicroService anew (revision %d, was 0)", revisionOf("MicroService"))},
		"a component whose kind changes is replaced": {
			func(w *world) { w.want("chat/events", "SQS") }, "chat/events", plan.Replace, false, "kind changes from SNS to SQS"},
		"a component whose environment moves to another region is replaced": {
			func(w *world) {
				w.set.Environment.Region = "eu-central-1"
				w.unwant("chat/messages")
				w.unwant("chat/queue")
				w.unwant("chat/api")
				w.unwant("chat/worker")
			},
			"chat/events", plan.Replace, false, "region changes from eu-west-1 to eu-central-1"},
		"a component that reads an output which has changed since is updated": {
			func(w *world) {
				w.record("chat/messages", func(r *state.Record) { r.Outputs = outputs("chat/other", 1) })
			}, "chat/api", plan.Update, false, "what it sees of the components it needs has changed since it was deployed"},
		"a component that reads an output in another encoding of the same value has no step": {
			func(w *world) {
				w.record("chat/messages", func(r *state.Record) { r.Outputs["endpoint"] = json.RawMessage(`"\u0063hat.messages.internal"`) })
			}, "chat/api", plan.NoOp, false, ""},
		"a component that reads of one which is updated is updated if the outputs turn out to change": {
			func(w *world) { messages(w).TTLAttribute = "expires" }, "chat/api", plan.Update, true, "only if the outputs of chat/messages change"},
		"a component that waits for one which is updated is updated if the outputs turn out to change": {
			func(w *world) { api(w).Replicas = 9 }, "chat/worker", plan.Update, true, "only if the outputs of chat/api change"},
		"a component behind a conditional one is conditional too": {
			func(w *world) { messages(w).TTLAttribute = "expires" }, "chat/worker", plan.Update, true, "only if the outputs of chat/api change"},
		"a new version of a component that is only waited for is no change": {
			func(w *world) { w.record("chat/api", func(r *state.Record) { r.Outputs = outputs("chat/api", 2) }) }, "chat/worker", plan.NoOp, false, ""},
		"a new version of a component whose version is read is a change": {
			func(w *world) {
				w.want("chat/worker", "Worker", "platform:platform/networking", "chat/api.taskDefinitionArn")
				w.deploy()
				w.record("chat/api", func(r *state.Record) { r.Outputs = outputs("chat/api", 2) })
			}, "chat/worker", plan.Update, false, "what it sees of the components it needs has changed since it was deployed"},
		"a component in a network that is another one now is updated": {
			func(w *world) {
				w.record("platform/networking", func(r *state.Record) { r.Outputs = outputs("platform/other", 1) })
			}, "chat/worker", plan.Update, false, "what it sees of the components it needs has changed since it was deployed"},
		"a component that gets a platform component beside it is updated": {
			func(w *world) {
				w.want("platform/security", "Security")
				w.want("chat/worker", "Worker", "platform:platform/networking", "platform:platform/security", "chat/api")
			}, "chat/worker", plan.Update, false, "what it sees of the components it needs has changed since it was deployed"},
		"a component whose service begins to wait for another keeps its resources": {
			func(w *world) {
				w.want("chat/worker", "Worker", "platform:platform/networking", "chat/api", "service:chat/events")
			},
			"chat/worker", plan.Update, true, "what it waits for has changed; its resources stay as they are"},
		"a component of a service that waits for an updated one has no step": {
			func(w *world) {
				w.want("chat/worker", "Worker", "platform:platform/networking", "chat/api", "service:chat/events")
				w.deploy()
				w.find("chat/events").Spec.Base().Tags = map[string]string{"team": "chat"}
			}, "chat/worker", plan.NoOp, false, ""},
		"a component that is no longer in the bundle is deleted": {
			func(w *world) { w.unwant("chat/events") }, "chat/events", plan.Delete, false, "removed from the bundle"},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := chat(t)
			test.given(w)
			step := w.step(test.component)
			require.Equal(t, test.action, step.Action)
			require.Equal(t, test.conditional, step.Conditional)
			if test.reason == "" {
				require.Empty(t, step.Reasons)
			} else {
				require.NotEmpty(t, step.Reasons)
				require.Equal(t, test.reason, step.Reasons[0])
			}
		})
	}
}

func TestAFieldThatCannotBeChangedInPlaceForcesReplacement(t *testing.T) {
	for sentence, test := range map[string]struct {
		change   func(w *world)
		replaces map[string]bool // changed paths
		action   plan.Action
	}{
		"a field of ReplaceOn": {func(w *world) { api(w).Platform = resource.EKS }, map[string]bool{"platform": true}, plan.Replace},
		"a field below one of ReplaceOn": {func(w *world) { messages(w).PartitionKey.Name = "other"; messages(w).AllowReplace = true },
			map[string]bool{"allowReplace": false, "partitionKey.name": true}, plan.Replace},
		"an entry of a list of ReplaceOn, by its name": {func(w *world) {
			messages(w).LocalIndexes[0].SortKey.Name = "other"
			messages(w).AllowReplace = true
		}, map[string]bool{"allowReplace": false, "localIndexes[by-date].sortKey.name": true}, plan.Replace},
		"another field": {func(w *world) { api(w).Replicas = 7 }, map[string]bool{"replicas": false}, plan.Update},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := chat(t)
			messages(w).LocalIndexes = []resource.LocalIndex{{Name: "by-date", SortKey: resource.KeyAttribute{Name: "date", Type: "S"}}}
			w.deploy()
			test.change(w)
			p := w.plan()
			require.NotEmpty(t, p.Steps)
			step := p.Steps[0]
			require.Equal(t, test.action, step.Action)
			found := map[string]bool{}
			for _, change := range step.Changes {
				found[change.Path] = change.Replaces
			}
			require.Equal(t, test.replaces, found)
		})
	}
}

func TestValuesThatAreKnownOnlyLaterShowAsUnknown(t *testing.T) {
	w := chat(t)
	messages(w).TTLAttribute = "expires"
	api(w).Replicas = 9
	step := w.step("chat/api")
	require.Equal(t, plan.Update, step.Action)
	require.False(t, step.Conditional)
	require.Equal(t, []string{"replicas", "spec.env[1].valueFrom"}, []string{step.Changes[0].Path, step.Changes[1].Path})
	require.True(t, step.Changes[1].Unknown)
	require.Equal(t, "9", string(step.Changes[0].After))
}

func TestOrder(t *testing.T) {
	for sentence, test := range map[string]struct {
		given func(w *world)
		needs map[string][]string
	}{
		"what is created waits for what it needs": {
			func(w *world) { w.snapshot.Components = map[string]state.Record{} },
			map[string][]string{"platform/networking": nil, "chat/messages": nil, "chat/api": {"chat/messages", "chat/queue", "platform/networking"},
				"chat/worker": {"chat/api", "platform/networking"}}},
		"an unchanged component between two changed ones keeps their order": {
			func(w *world) {
				w.want("a/first", "SQS")
				w.want("a/middle", "SNS", "service:a/first")
				w.want("a/last", "SQS", "a/middle")
				w.deploy()
				w.find("a/first").Spec.Base().Tags = map[string]string{"x": "y"}
				w.find("a/last").Spec.Base().Tags = map[string]string{"x": "y"}
			}, map[string][]string{"a/first": nil, "a/last": {"a/first"}}},
		"what goes away waits until its dependents are gone": {
			func(w *world) { w.unwant("chat/worker"); w.unwant("chat/api"); w.unwant("chat/messages") },
			map[string][]string{"chat/worker": nil, "chat/api": {"chat/worker"}, "chat/messages": {"chat/api"}}},
		"what goes away waits until its dependents have let go": {
			func(w *world) {
				w.unwant("chat/queue")
				w.want("chat/api", "MicroService", "platform:platform/networking", "chat/messages.endpoint")
			}, map[string][]string{"chat/api": nil, "chat/queue": {"chat/api"}}},
		"what only followed another service lets go of it as well": {
			func(w *world) {
				w.want("chat/worker", "Worker", "platform:platform/networking", "chat/api", "service:chat/events")
				w.deploy()
				w.unwant("chat/events")
				w.want("chat/worker", "Worker", "platform:platform/networking", "chat/api")
			}, map[string][]string{"chat/worker": nil, "chat/events": {"chat/worker"}}},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := chat(t)
			test.given(w)
			p := w.plan()
			for short, needs := range test.needs {
				step, ok := p.Step(short)
				require.True(t, ok, short)
				require.Equal(t, needs, step.Needs, short)
			}
		})
	}
}

func TestDestroyDeletesDependentsFirst(t *testing.T) {
	w := chat(t)
	p, err := plan.Destroy(scope, w.snapshot, plan.Options{PerLevel: true})
	require.NoError(t, err)
	require.Equal(t, plan.Counts{Delete: 6}, p.Counts)
	var waves [][]string
	for _, wave := range p.Waves {
		waves = append(waves, wave.Batches[0].Steps)
	}
	require.Equal(t, [][]string{{"chat/events", "chat/worker"}, {"chat/api"}, {"chat/messages", "chat/queue", "platform/networking"}}, waves)
	for _, step := range p.Steps {
		require.Equal(t, []string{"destroy was asked for"}, step.Reasons)
	}
}

func TestDestroyIsNotStoppedByAServiceOrderThatWasTurnedRound(t *testing.T) {
	w := newWorld(t)
	w.want("a/one", "SQS", "service:b/two")
	w.want("b/two", "SQS")
	w.deploy()
	w.want("a/one", "SQS")
	w.want("b/two", "SQS", "service:a/one")
	w.apply(w.plan(), nil)
	p, err := plan.Destroy(scope, w.snapshot, plan.Options{})
	require.NoError(t, err)
	require.Len(t, p.Steps, 2)
}

func TestDataThatWouldGoIsSeenInThePlan(t *testing.T) {
	for policy, kind := range map[resource.DeletionPolicy]resource.Kind{resource.Snapshot: "RDS", resource.Retain: "S3", resource.Delete: "SQS"} {
		w := newWorld(t)
		w.want("a/data", kind).Base().DeletionPolicy = policy
		w.want("a/topic", "SNS")
		w.deploy()
		w.unwant("a/data")
		w.unwant("a/topic")
		step := w.step("a/data")
		require.True(t, step.Stateful)
		require.Equal(t, policy, step.DeletionPolicy)
		require.False(t, w.step("a/topic").Stateful)
	}
	w := chat(t)
	w.record("chat/events", func(r *state.Record) { r.Kind = "Zeppelin" })
	w.unwant("chat/events")
	require.True(t, w.step("chat/events").Stateful, "a kind that this version does not know is handled with the greater care")
}

func TestAPlanIsRefusedThatWouldDestroyWhatIsGuarded(t *testing.T) {
	for sentence, test := range map[string]struct {
		given   func(w *world)
		refused map[string]string // the message by component
	}{
		"replacing a component that holds data": {
			func(w *world) { messages(w).PartitionKey.Name = "other" },
			map[string]string{"chat/messages": "services/chat.yaml:3:1: chat/messages holds data, and a change of partitionKey.name would delete it and create it anew: " +
				"take the change back, or write allowReplace: true"}},
		"changing the kind of a component that holds data": {
			func(w *world) { w.want("chat/queue", "SNS") },
			map[string]string{"chat/queue": "services/chat.yaml:3:1: chat/queue holds data, and a change of its kind would delete it and create it anew: " +
				"take the change back, or write allowReplace: true"}},
		"replacing a protected component": {
			func(w *world) { api(w).Platform, api(w).Protect, api(w).AllowReplace = resource.EKS, true, true },
			map[string]string{"chat/api": "services/chat.yaml:3:1: chat/api is protected, and a change of platform would replace it: " +
				"take the change back, or take protect: true out first"}},
		"deleting a protected component": {
			func(w *world) {
				w.find("chat/events").Spec.Base().Protect = true
				w.deploy()
				w.unwant("chat/events")
			},
			map[string]string{"chat/events": "chat/events is protected and would be deleted: take protect: true out of its document, apply that, and delete it then"}},
		"moving an environment to another account": {
			func(w *world) {
				for short := range w.snapshot.Components {
					w.record(short, func(r *state.Record) { r.Account = "111122223333" })
				}
				w.set.Environment.Account = "444455556666"
			},
			map[string]string{"chat/api": "chat/api (and 5 more) is in account 111122223333, and environment staging is now in 444455556666: " +
				"destroy the environment with its old account first, or add another environment"}},
		"and all of them at once": {
			func(w *world) { messages(w).PartitionKey.Name = "other"; w.want("chat/queue", "SNS") },
			map[string]string{"chat/messages": "", "chat/queue": ""}},
		"but not replacing data that its author gives up": {
			func(w *world) { messages(w).PartitionKey.Name = "other"; messages(w).AllowReplace = true }, nil},
		"and not replacing data that was never made": {
			func(w *world) {
				messages(w).PartitionKey.Name = "other"
				w.record("chat/messages", func(r *state.Record) { r.Status, r.Resources = state.Failed, 0 })
			}, nil},
		"and not replacing a component without data": {
			func(w *world) { api(w).Platform = resource.EKS }, nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := chat(t)
			test.given(w)
			_, err := w.make(plan.Options{})
			if test.refused == nil {
				require.NoError(t, err)
				return
			}
			var refused *plan.ReplaceRefused
			require.ErrorAs(t, err, &refused)
			require.Len(t, refused.Refusals, len(test.refused))
			for _, refusal := range refused.Refusals {
				message, expected := test.refused[refusal.Component]
				require.True(t, expected, refusal.Component)
				if message != "" {
					require.Equal(t, message, err.Error())
				}
			}
		})
	}
}

func TestDestroyRefusesWhatIsProtected(t *testing.T) {
	w := chat(t)
	w.find("chat/events").Spec.Base().Protect = true
	w.deploy()
	_, err := plan.Destroy(scope, w.snapshot, plan.Options{})
	var refused *plan.ReplaceRefused
	require.ErrorAs(t, err, &refused)
}

func TestTheDigestIsOfThePlanAndNotOfTheRun(t *testing.T) {
	w := chat(t)
	api(w).Replicas = 9
	one := w.plan()
	other := w.plan()
	require.Equal(t, one, other)
	api(w).Replicas = 10
	require.NotEqual(t, one.Digest, w.plan().Digest)
}

func TestTheInputsDigestKnowsNoWhiteSpaceAndNoEscapes(t *testing.T) {
	up := func(endpoint string) map[string]plan.Upstream {
		return map[string]plan.Upstream{"a/b": {Kind: "SQS", Outputs: map[string]json.RawMessage{"endpoint": json.RawMessage(endpoint)}, Reasons: []resource.Reason{resource.ReasonValue}}}
	}
	one := plan.InputsDigest("SNS", 1, []byte(`{"a":1}`), up(`{"x":"<","y":[1,2]}`))
	require.Equal(t, one, plan.InputsDigest("SNS", 1, []byte("{ \"a\":\n1}"), up(`{"y": [1, 2], "x": "\u003c"}`)))
	for _, different := range []string{
		plan.InputsDigest("SQS", 1, []byte(`{"a":1}`), up(`{"x":"<","y":[1,2]}`)),
		plan.InputsDigest("SNS", 2, []byte(`{"a":1}`), up(`{"x":"<","y":[1,2]}`)),
		plan.InputsDigest("SNS", 1, []byte(`{"a":2}`), up(`{"x":"<","y":[1,2]}`)),
		plan.InputsDigest("SNS", 1, []byte(`{"a":1}`), up(`{"x":"<","y":[2,1]}`)),
		plan.InputsDigest("SNS", 1, []byte(`{"a":1}`), nil),
	} {
		require.NotEqual(t, one, different)
	}
}

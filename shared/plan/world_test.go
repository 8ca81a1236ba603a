package plan_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/graph"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

var scope = address.Scope("shop", "staging")

// world is what is wanted and what is known.
type world struct {
	t        testing.TB
	set      *resource.Set
	snapshot *state.Snapshot
}

func newWorld(t testing.TB) *world {
	return &world{t: t, set: &resource.Set{SchemaVersion: resource.SchemaVersion, Scope: scope, Environment: resource.Environment{Name: "staging", Region: "eu-west-1",
		OnFailure: resource.OnFailureRollback}},
		snapshot: &state.Snapshot{SchemaVersion: state.SchemaVersion, Lineage: "lineage", Serial: 7, Scope: scope, Components: map[string]state.Record{}}}
}

func at(short string) address.Address {
	service, component, _ := strings.Cut(short, "/")
	return scope.In(service, component)
}

// want adds a component to what is wanted. Needs are written as "service/component" (dependsOn), "service/component.output"
// (valueFrom), "service:service/component" and "platform:service/component".
func (w *world) want(short string, kind resource.Kind, needs ...string) resource.Spec {
	definition, known := resource.Lookup(kind)
	require.True(w.t, known, kind)
	r := &resource.Resource{Address: at(short), Kind: kind, Spec: definition.New(), Position: diag.Position{File: "services/" + r1(short) + ".yaml", Line: 3, Column: 1}}
	for i, text := range needs {
		need := resource.Need{Reason: resource.ReasonDependsOn, Path: fmt.Sprintf("spec.dependsOn[%d].component", i)}
		if rest, ok := strings.CutPrefix(text, "service:"); ok {
			need.Reason, need.Path, text = resource.ReasonService, "spec.dependsOn[0]", rest
		} else if rest, ok := strings.CutPrefix(text, "platform:"); ok {
			need.Reason, need.Path, text = resource.ReasonPlatform, "", rest
		} else if name, output, ok := strings.Cut(text, "."); ok {
			need.Reason, need.Output, need.Path, text = resource.ReasonValue, output, fmt.Sprintf("spec.env[%d].valueFrom", i), name
		}
		need.Address = at(text)
		r.Needs = append(r.Needs, need)
	}
	slices.SortFunc(r.Needs, func(a, b resource.Need) int {
		return cmpOr(a.Address.Compare(b.Address), strings.Compare(string(a.Reason), string(b.Reason)), strings.Compare(a.Path, b.Path))
	})
	w.unwant(short)
	w.set.Resources = append(w.set.Resources, r)
	slices.SortFunc(w.set.Resources, func(a, b *resource.Resource) int { return a.Address.Compare(b.Address) })
	return r.Spec
}

func r1(short string) string { before, _, _ := strings.Cut(short, "/"); return before }

func cmpOr(values ...int) int {
	for _, v := range values {
		if v != 0 {
			return v
		}
	}
	return 0
}

func (w *world) unwant(short string) {
	w.set.Resources = slices.DeleteFunc(w.set.Resources, func(r *resource.Resource) bool { return r.Address == at(short) })
}

func (w *world) find(short string) *resource.Resource {
	r, ok := w.set.Find(at(short))
	require.True(w.t, ok, short)
	return r
}

// outputs is what a component offers once it is deployed: an ARN, an endpoint and a version.
func outputs(short string, version int) map[string]json.RawMessage {
	return map[string]json.RawMessage{
		"arn":               json.RawMessage(`"arn:aws:x:eu-west-1:111122223333:` + short + `"`),
		"endpoint":          json.RawMessage(`"` + strings.ReplaceAll(short, "/", ".") + `.internal"`),
		"taskDefinitionArn": json.RawMessage(fmt.Sprintf(`"arn:aws:ecs:task:%d"`, version)),
	}
}

// deploy makes everything that is wanted known as deployed, and forgets the rest.
func (w *world) deploy() {
	known := w.snapshot.Components
	w.snapshot.Components = map[string]state.Record{}
	for _, r := range w.set.Resources {
		short := r.Address.Short()
		before := known[short]
		out := before.Outputs
		if out == nil {
			out = outputs(short, 1)
		}
		w.snapshot.Components[short] = state.Record{Address: r.Address, Kind: string(r.Kind), Status: state.Deployed, Outputs: out, Region: "eu-west-1",
			Epoch: "e3", Resources: 2, DependsOn: plan.DependsOn(r)}
	}
	for _, r := range w.set.Resources {
		record := w.snapshot.Components[r.Address.Short()]
		definition, _ := resource.Lookup(r.Kind)
		spec, err := json.Marshal(r.Spec)
		require.NoError(w.t, err)
		record.Spec, record.Revision = spec, definition.Revision
		record.InputsDigest = plan.InputsDigest(r.Kind, definition.Revision, spec, plan.Upstreams(r.Needs, func(short string) (resource.Kind, map[string]json.RawMessage) {
			upstream := w.snapshot.Components[short]
			return resource.Kind(upstream.Kind), upstream.Outputs
		}))
		w.snapshot.Components[r.Address.Short()] = record
	}
}

// record changes what is known of a component.
func (w *world) record(short string, change func(*state.Record)) {
	record, known := w.snapshot.Components[short]
	require.True(w.t, known, short)
	change(&record)
	w.snapshot.Components[short] = record
}

func (w *world) make(options plan.Options) (*plan.Plan, error) {
	w.t.Helper()
	order, err := graph.FromSet(w.set)
	require.NoError(w.t, err)
	options.Run, options.Operation = "run-1", run.Deploy
	return plan.Make(w.set, order, w.snapshot, options)
}

func (w *world) plan() *plan.Plan {
	w.t.Helper()
	p, err := w.make(plan.Options{PerLevel: true})
	require.NoError(w.t, err)
	return p
}

// step is the step of a component; its action is no-op where the plan has none.
func (w *world) step(short string) plan.Step {
	w.t.Helper()
	if step, ok := w.plan().Step(short); ok {
		return *step
	}
	return plan.Step{Address: at(short), Action: plan.NoOp}
}

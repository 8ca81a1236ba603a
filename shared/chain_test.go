package shared_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/graph"
	compiler "github.com/deployer-io/deployer/shared/pipeline"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

var updateChain = flag.Bool("update", false, "write the golden files of the chain anew")

// A chain is everything that one run hands from stage to stage, as files in testdata: each is checked against what its
// stage makes of the file before it, so that one difference shows where a journey turned.
type chain struct {
	folder   string // below testdata
	bundle   string // folder with the documents
	scope    address.Address
	perLevel bool
	fails    map[string]execution.Result // what is left of components that fail
	ending   run.Ending
}

var chains = map[string]chain{
	"a whole platform is created": {folder: "user-platform-staging", bundle: "../examples/user-platform",
		scope: address.Scope("user-platform", "staging"), ending: run.Succeeded},
	"a component fails half-way": {folder: "orders-failing", bundle: "testdata/orders-failing/bundle", scope: address.Scope("orders", "staging"), perLevel: true,
		fails: map[string]execution.Result{"intake/api": {Resources: 3, Pending: []string{"creating aws:ecs/service:Service api"},
			Changes: []execution.ResourceChange{{Type: "aws:iam/role:Role", Name: "task", ID: "orders-staging-intake-api", Operation: "create"}}}},
		ending: run.FailedDirty},
}

// start is when every chain's run begins.
var start = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func TestTheGoldenChain(t *testing.T) {
	for sentence, c := range chains {
		t.Run(sentence, func(t *testing.T) {
			t.Run("bundle to resources", c.resources)
			t.Run("resources to graph", c.graph)
			t.Run("resources, graph and state to plan", c.plan)
			t.Run("plan to outcomes", c.outcomes)
			t.Run("outcomes to state", c.state)
			t.Run("plan and outcomes to report", c.report)
			t.Run("state to the next plan", c.next)
		})
	}
}

// golden compares what a stage made with the file of that name.
func (c chain) golden(t *testing.T, name string, data []byte) {
	t.Helper()
	file := c.file(name)
	if *updateChain {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, data, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "write it with go test ./shared -update")
	require.Equal(t, string(want), string(data))
}

func (c chain) goldenJSON(t *testing.T, name run.Artifact, value any) {
	t.Helper()
	data, err := run.Encode(value)
	require.NoError(t, err)
	c.golden(t, string(name), data)
}

func (c chain) file(name string) string {
	return filepath.Join("testdata", c.folder, filepath.FromSlash(name))
}

// read decodes the file that a stage before left.
func (c chain) read(t *testing.T, name run.Artifact, into any) {
	t.Helper()
	data, err := os.ReadFile(c.file(string(name)))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, into))
}

func (c chain) resources(t *testing.T) {
	files, mistakes, err := bundle.FromFolder(c.bundle, bundle.Limits{})
	require.NoError(t, err)
	require.Empty(t, mistakes)
	compiled, mistakes := compiler.Compile(files, compiler.Options{Scope: c.scope, Now: start})
	require.Empty(t, mistakes)
	c.goldenJSON(t, run.ResourcesArtifact, compiled.Set)
}

func (c chain) graph(t *testing.T) {
	var set resource.Set
	c.read(t, run.ResourcesArtifact, &set)
	made, err := graph.FromSet(&set)
	require.NoError(t, err)
	c.goldenJSON(t, run.GraphArtifact, made)
}

// makePlan plans from a state.
func (c chain) makePlan(t *testing.T, snapshot *state.Snapshot) *plan.Plan {
	t.Helper()
	var set resource.Set
	c.read(t, run.ResourcesArtifact, &set)
	var order graph.Graph
	c.read(t, run.GraphArtifact, &order)
	made, err := plan.Make(&set, &order, snapshot, plan.Options{Run: "run-1", Operation: run.Deploy, PerLevel: c.perLevel,
		Bundle: run.BundleRef{Key: "bundles/" + c.scope.String() + "/1.zip", VersionID: "v1"}})
	require.NoError(t, err)
	return made
}

func (c chain) before() *state.Snapshot {
	return &state.Snapshot{SchemaVersion: state.SchemaVersion, Lineage: "0f5c2a4e", Scope: c.scope, Floors: map[string]int64{c.scope.LockKey(): 1},
		Components: map[string]state.Record{}}
}

func (c chain) plan(t *testing.T) { c.goldenJSON(t, run.PlanArtifact, c.makePlan(t, c.before())) }

// outcomes carries the plan out, wave by wave, until one fails; each wave starts from what the golden outcomes before it say.
func (c chain) outcomes(t *testing.T) {
	var set resource.Set
	c.read(t, run.ResourcesArtifact, &set)
	var p plan.Plan
	c.read(t, run.PlanArtifact, &p)
	snapshot := c.before()
	clock := &steady{now: start}
	executor := execution.Executor{Provisioner: pretender{c.fails}, Journal: noJournal{}, Fence: noJournal{}, Parallelism: 1, Now: clock.Now}
	if *updateChain {
		require.NoError(t, os.RemoveAll(c.file("outcomes")))
	}
	for wave := range p.Waves {
		batches, err := execution.Prepare(&p, &set, snapshot, 1, 0).Batches(wave)
		require.NoError(t, err)
		failed := false
		for _, batch := range batches {
			outcomes, err := executor.Run(t.Context(), batch)
			require.NoError(t, err)
			for _, o := range outcomes {
				c.goldenJSON(t, run.OutcomeArtifact(o.Address), o)
				failed = failed || !o.Outcome.Fine()
			}
		}
		if execution.Fold(snapshot, c.readOutcomes(t, &p)); failed {
			break
		}
	}
}

// readOutcomes reads the outcomes that there are, in the plan's order.
func (c chain) readOutcomes(t *testing.T, p *plan.Plan) []execution.Outcome {
	t.Helper()
	var outcomes []execution.Outcome
	for _, step := range p.Steps {
		if _, err := os.Stat(c.file(string(run.OutcomeArtifact(step.Address)))); errors.Is(err, os.ErrNotExist) {
			continue
		}
		var o execution.Outcome
		c.read(t, run.OutcomeArtifact(step.Address), &o)
		outcomes = append(outcomes, o)
	}
	return outcomes
}

func (c chain) state(t *testing.T) {
	var p plan.Plan
	c.read(t, run.PlanArtifact, &p)
	snapshot := c.before()
	require.True(t, execution.Fold(snapshot, c.readOutcomes(t, &p)))
	snapshot.Serial, snapshot.Run = 1, "run-1"
	data, err := state.Encode(*snapshot)
	require.NoError(t, err)
	c.golden(t, "state.json", data)
}

func (c chain) report(t *testing.T) {
	var p plan.Plan
	c.read(t, run.PlanArtifact, &p)
	facts := report.Facts{Ref: run.Ref{Stack: c.scope.Stack, Environment: c.scope.Environment, ID: "run-1", Operation: run.Deploy},
		Request: run.Request{StartedBy: "ana"}, Ending: c.ending, StartedAt: start, EndedAt: start.Add(10 * time.Minute)}
	if len(c.fails) > 0 {
		facts.Failure = &run.Failure{Error: "WaveFailed", Cause: "1 of 1 components in wave 2 failed or were skipped; the report says which"}
	}
	made := report.New(facts, &p, c.readOutcomes(t, &p))
	c.goldenJSON(t, run.ReportArtifact, made)
	var text bytes.Buffer
	require.NoError(t, made.Text(&text))
	c.golden(t, string(run.ReportTextArtifact), text.Bytes())
}

// next plans again from the state that the run left: what failed is all there is to do.
func (c chain) next(t *testing.T) {
	data, err := os.ReadFile(c.file("state.json"))
	require.NoError(t, err)
	snapshot, err := state.Decode(data)
	require.NoError(t, err)
	again := c.makePlan(t, &snapshot)
	if len(c.fails) == 0 {
		require.Empty(t, again.Steps)
		return
	}
	for _, step := range again.Steps {
		record, known := snapshot.Components[step.Address.Short()]
		require.True(t, !known || record.Status == state.Failed, step.Address.Short())
	}
	require.NotEmpty(t, again.Steps)
}

// steady is a clock that moves on by ten seconds whenever it is looked at.
type steady struct {
	mu  sync.Mutex
	now time.Time
}

func (s *steady) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(10 * time.Second)
	return s.now
}

// ProvisionRefused is the pretender's error.
type ProvisionRefused struct{ Component string }

func (e *ProvisionRefused) Error() string {
	return e.Component + " could not be made: the service did not become steady"
}

// pretender offers what each kind declares, and makes nothing.
type pretender struct{ fails map[string]execution.Result }

func (p pretender) Apply(_ context.Context, order execution.Order) (execution.Result, error) {
	short := order.Address.Short()
	if left, fails := p.fails[short]; fails {
		return left, &ProvisionRefused{Component: short}
	}
	definition, _ := resource.Lookup(order.Kind)
	result := execution.Result{Outputs: map[string]json.RawMessage{}, Resources: 2,
		Changes: []execution.ResourceChange{{Type: "pretended:" + string(order.Kind), Name: order.Address.Component, ID: short, Operation: "create"}}}
	for _, output := range resource.Offers(definition, order.Spec) {
		result.Outputs[output.Name] = pretend(order, output)
	}
	return result, nil
}

func pretend(order execution.Order, output resource.Output) json.RawMessage {
	name := strings.ReplaceAll(order.Address.Short(), "/", "-") + "-" + output.Name
	switch {
	case output.Secret:
		return json.RawMessage(fmt.Sprintf(`{"secretRef":%q}`, name))
	case output.Type == resource.Number:
		return json.RawMessage("8080")
	case output.Type == resource.TextList:
		return json.RawMessage(fmt.Sprintf("[%q,%q]", name+"-a", name+"-b"))
	case output.Type == resource.TextMap:
		return json.RawMessage(fmt.Sprintf(`{"first":%q}`, name))
	}
	return json.RawMessage(fmt.Sprintf("%q", name))
}

func (p pretender) Destroy(context.Context, execution.Order) (execution.Result, error) {
	return execution.Result{}, errors.New("nothing is destroyed in a chain")
}

func (p pretender) Preview(context.Context, execution.Order, bool) (execution.Result, error) {
	return execution.Result{}, errors.New("nothing is previewed in a chain")
}

// noJournal remembers nothing, and its fence always holds.
type noJournal struct{}

func (noJournal) Begin(context.Context, execution.Assignment) (*execution.Outcome, bool, error) {
	return nil, false, nil
}
func (noJournal) End(context.Context, execution.Outcome) error { return nil }
func (noJournal) Check(context.Context) error                  { return nil }

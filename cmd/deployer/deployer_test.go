package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

const example = "../../examples/user-platform"

// shell runs commands as a person would, with a fake in the place of Pulumi and the cloud.
type shell struct {
	t     *testing.T
	dir   string
	cloud *fakeCloud
	env   map[string]string
}

func newShell(t *testing.T) *shell {
	return &shell{t: t, dir: filepath.Join(t.TempDir(), ".deployer"), cloud: &fakeCloud{fail: map[string]error{}}, env: map[string]string{}}
}

type answer struct {
	code     int
	out, err string
}

func (s *shell) run(args ...string) answer {
	s.t.Helper()
	var out, err bytes.Buffer
	o := &options{console: console{in: strings.NewReader(""), out: &out, err: &err, getenv: func(name string) string { return s.env[name] }},
		provisioner: s.cloud}
	code := execute(s.t.Context(), append(args, "--dir", s.dir), o)
	return answer{code, out.String(), err.String()}
}

// fakeCloud is a Provisioner whose outputs are the declared ones.
type fakeCloud struct {
	mu       sync.Mutex
	calls    []string         // that changed something
	previews []string         // service/component
	during   func(string)     // when set, is called while a component is worked on
	fail     map[string]error // by service/component
}

func (c *fakeCloud) do(verb string, order execution.Order) (execution.Result, error) {
	short := order.Address.Short()
	if c.during != nil {
		c.during(short)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, verb+" "+short)
	if err := c.fail[short]; err != nil {
		return execution.Result{}, err
	}
	definition, _ := resource.Lookup(order.Kind)
	outputs := map[string]json.RawMessage{}
	for _, output := range definition.Outputs {
		outputs[output.Name], _ = json.Marshal(short + ":" + output.Name)
	}
	return execution.Result{Outputs: outputs, Resources: 1}, nil
}

func (c *fakeCloud) Apply(_ context.Context, order execution.Order) (execution.Result, error) {
	return c.do("apply", order)
}

func (c *fakeCloud) Destroy(_ context.Context, order execution.Order) (execution.Result, error) {
	return c.do("destroy", order)
}

func (c *fakeCloud) Preview(_ context.Context, order execution.Order, _ bool) (execution.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	short := order.Address.Short()
	c.previews = append(c.previews, short)
	return execution.Result{Changes: []execution.ResourceChange{{Type: "aws:test:Thing", Name: short, Operation: "create"}}}, nil
}

func TestTheExampleIsValidInEveryEnvironment(t *testing.T) {
	s := newShell(t)
	for _, environment := range []string{"development", "staging", "production"} {
		a := s.run("validate", example, "-e", environment)
		require.Equal(t, exitOK, a.code, a.err)
		require.Contains(t, a.out, "14 components in 4 waves")
	}
	require.NoDirExists(t, s.dir)
}

func TestApplyThenNothingToDoThenOneChangeThenDestroy(t *testing.T) {
	s := newShell(t)
	a := s.run("apply", example, "-e", "staging", "--auto-approve")
	require.Equal(t, exitOK, a.code, a.err)
	require.Len(t, s.cloud.calls, 14)
	require.Contains(t, a.out, "Succeeded")
	require.Contains(t, a.out, "14 succeeded")
	_, told, found := strings.Cut(a.out, "\nReport: ")
	require.True(t, found, a.out)
	written, err := os.ReadFile(strings.TrimSpace(told))
	require.NoError(t, err)
	require.Contains(t, a.out, string(written), "what is on the screen is the report")

	s.cloud.calls = nil
	a = s.run("apply", example, "-e", "staging", "--auto-approve")
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, a.out, "NoChanges")
	require.Empty(t, s.cloud.calls, "an unchanged stack costs nothing")

	a = s.run("plan", example, "-e", "staging", "--set", "edge/gateway.replicas=5", "--detailed-exitcode")
	require.Equal(t, exitChanges, a.code, a.err)
	require.Contains(t, a.out, "replicas: 3 -> 5")
	a = s.run("apply", example, "-e", "staging", "--set", "edge/gateway.replicas=5", "--auto-approve")
	require.Equal(t, exitOK, a.code, a.err)
	require.Equal(t, []string{"apply edge/gateway"}, s.cloud.calls)

	s.cloud.calls = nil
	a = s.run("destroy", "-s", "user-platform", "-e", "staging", "--auto-approve")
	require.Equal(t, exitOK, a.code, a.err)
	require.Len(t, s.cloud.calls, 14)
	networking := slices.Index(s.cloud.calls, "destroy platform/networking")
	require.Greater(t, networking, slices.Index(s.cloud.calls, "destroy accounts/db"), "what others live in goes after them")
	require.Greater(t, networking, slices.Index(s.cloud.calls, "destroy edge/public"))
	a = s.run("status", "-s", "user-platform", "-e", "staging")
	require.Contains(t, a.out, "Nothing is left half-done.")
}

func TestWithOutputJSONStandardOutputIsOneJSONValue(t *testing.T) {
	s := newShell(t)
	for _, c := range []struct {
		args []string
		into any
	}{
		{[]string{"validate", example, "-e", "staging"}, &map[string]any{}},
		{[]string{"graph", example, "-e", "staging"}, &map[string]any{}},
		{[]string{"plan", example, "-e", "staging"}, &map[string]any{}},
		{[]string{"apply", example, "-e", "staging", "--auto-approve"}, &report.Report{}},
		{[]string{"outputs", example, "-e", "staging"}, &map[string]map[string]any{}},
		{[]string{"status", example, "-e", "staging"}, &map[string]any{}},
		{[]string{"destroy", example, "-e", "staging", "--auto-approve"}, &report.Report{}},
	} {
		a := s.run(append(c.args, "--output", "json")...)
		require.Equal(t, exitOK, a.code, a.err)
		require.NoError(t, json.Unmarshal([]byte(a.out), c.into), "%v: %s", c.args, a.out)
	}
}

func TestEveryMistakeIsToldAtOnceAndNothingIsWritten(t *testing.T) {
	s := newShell(t)
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "stack.yaml"), []byte(mistakes), 0o600))
	a := s.run("apply", folder, "--auto-approve")
	require.Equal(t, exitConfiguration, a.code)
	for _, want := range []string{
		"stack.yaml:14:1: error: kind", "Databse", // an unknown kind
		"visibilityTimout",        // an unknown field
		"${var.nowhere}",          // an undefined variable
		"nothing-there",           // a dangling reference
		"components wait for one", // a cycle
		"stands twice",            // a duplicate address
		"nothing was changed",
	} {
		require.Contains(t, a.err, want)
	}
	require.NoDirExists(t, s.dir)
}

const mistakes = `apiVersion: core.deployer.io/v1
kind: Stack
metadata: {name: shop}
spec:
  environments:
    - {name: staging, region: eu-west-1}
---
apiVersion: core.deployer.io/v1
kind: Service
metadata: {name: orders}
spec:
  description: ${var.nowhere}
---
apiVersion: components.deployer.io/v1
kind: Databse
metadata: {name: db, service: orders}
spec: {}
---
apiVersion: components.deployer.io/v1
kind: SQS
metadata: {name: queue, service: orders}
spec:
  visibilityTimout: 30s
  dependsOn: [{component: topic}]
---
apiVersion: components.deployer.io/v1
kind: SNS
metadata: {name: topic, service: orders}
spec:
  dependsOn: [{component: queue}, {component: nothing-there}]
---
apiVersion: components.deployer.io/v1
kind: S3
metadata: {name: twice, service: orders}
spec: {}
---
apiVersion: components.deployer.io/v1
kind: S3
metadata: {name: twice, service: orders}
spec: {}
`

func TestFlagsMayComeFromTheEnvironmentAndTheCommandLineWins(t *testing.T) {
	s := newShell(t)
	s.env["DEPLOYER_ENVIRONMENT"] = "staging"
	require.Equal(t, exitOK, s.run("validate", example).code)
	a := s.run("validate", example, "-e", "nowhere")
	require.Equal(t, exitConfiguration, a.code)
	s.env["DEPLOYER_OUTPUT"] = "xml"
	a = s.run("validate", example)
	require.Equal(t, exitConfiguration, a.code)
	require.Contains(t, a.err, "xml")
}

func TestGraphFormats(t *testing.T) {
	s := newShell(t)
	for format, want := range map[string]string{"tree": "Wave 4\n", "dot": "digraph", "mermaid": "graph LR", "json": `"waves"`} {
		a := s.run("graph", example, "-e", "staging", "--format", format)
		require.Equal(t, exitOK, a.code, a.err)
		require.Contains(t, a.out, want)
	}
	require.Equal(t, exitConfiguration, s.run("graph", example, "-e", "staging", "--format", "svg").code)
}

func TestEndingsHaveTheirExitCodes(t *testing.T) {
	for _, c := range []struct {
		ending run.Ending
		err    string
		want   int
	}{
		{run.Succeeded, "", 0}, {run.NoChanges, "", 0}, {run.FailedClean, "WaveFailed", 4}, {run.FailedDirty, "WaveFailed", 11},
		{run.FailedClean, "LockHeld", 10}, {run.FailedClean, "PolicyViolation", 5}, {run.FailedClean, "InvalidConfiguration", 2},
		{run.Rejected, "ApprovalRejected", 8}, {run.Rejected, "ApprovalExpired", 9},
	} {
		require.Equal(t, c.want, codeOfEnding(c.ending, &run.Failure{Error: c.err}), "%s %s", c.ending, c.err)
	}
}

func TestSchema(t *testing.T) {
	s := newShell(t)
	require.Contains(t, s.run("schema").out, "MicroService\n")
	a := s.run("schema", "RDS")
	require.Equal(t, exitOK, a.code)
	require.True(t, json.Valid([]byte(a.out)))
	require.Equal(t, exitNotFound, s.run("schema", "Nothing").code)
}

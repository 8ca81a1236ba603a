package recovery_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

func (w *world) held(t *testing.T) []lock.Holding {
	t.Helper()
	held, err := w.locker.Held(w.ctx, scope)
	require.NoError(t, err)
	return held
}

func (w *world) report(ctx context.Context, id string) (report.Report, error) {
	var made report.Report
	ref := run.Ref{Stack: scope.Stack, Environment: scope.Environment, ID: id}
	return made, run.Archive{Store: w.memory, Ref: ref}.Read(ctx, run.ReportArtifact, &made)
}

// failure is why a run failed.
func (w *world) failure(ctx context.Context, id string) string {
	made, err := w.report(ctx, id)
	switch {
	case err != nil:
		return err.Error()
	case made.Failure == nil:
		return string(made.Ending)
	}
	return fmt.Sprintf("%s: %s: %s", made.Ending, made.Failure.Error, made.Failure.Cause)
}

// whole looks at what a run has left: its report, a state and a history that are not damaged, at most one of everything.
func (w *world) whole(ctx context.Context, id string) (problems []string) {
	if _, err := w.report(ctx, id); err != nil {
		problems = append(problems, fmt.Sprintf("run %s has no report: %v", id, err))
	}
	found, err := state.NewStore(w.memory, scope).Verify(ctx)
	if err != nil {
		problems = append(problems, err.Error())
	}
	for _, problem := range found {
		problems = append(problems, problem.Key+": "+problem.Refusal.Error())
	}
	for _, twice := range w.cloud.twice {
		problems = append(problems, twice+" was created twice")
	}
	return problems
}

// problems looks at everything after a run that ended well: the cloud is what was wanted, and the state says so.
func (w *world) problems(ctx context.Context, id string, truth map[string]string) []string {
	problems := w.whole(ctx, id)
	there := w.cloud.truth()
	for _, short := range both(truth, there) {
		if truth[short] != there[short] {
			problems = append(problems, fmt.Sprintf("%s is %q in the cloud, not %q", short, there[short], truth[short]))
		}
	}
	snapshot, _, err := state.NewStore(w.memory, scope).Read(ctx)
	if err != nil {
		return append(problems, err.Error())
	}
	for _, short := range both(there, snapshot.Components) {
		problems = append(problems, w.disagreement(short, there[short], snapshot.Components[short])...)
	}
	held, err := w.locker.Held(w.ctx, address.Address{})
	if err != nil || len(held) > 0 {
		problems = append(problems, fmt.Sprintf("locks are left: %v %v", held, err))
	}
	return problems
}

// disagreement is where the state's record of a component differs from what exists.
func (w *world) disagreement(short, digest string, record state.Record) []string {
	if record.Status != state.Deployed {
		return []string{fmt.Sprintf("%s exists as %q, the state has it as %q", short, digest, record.Status)}
	}
	spec, err := resource.DecodeSpec(resource.Kind(record.Kind), record.Spec)
	if err != nil {
		return []string{err.Error()}
	}
	var problems []string
	if known := digestOf(spec); known != digest {
		problems = append(problems, fmt.Sprintf("%s exists as %q, the state knows %q", short, digest, known))
	}
	if arn := string(record.Outputs["arn"]); !w.cloud.exists(unquoted(arn)) {
		problems = append(problems, fmt.Sprintf("the state has %s under %s, which does not exist", short, arn))
	}
	return problems
}

func unquoted(text string) string {
	if len(text) < 2 {
		return text
	}
	return text[1 : len(text)-1]
}

// both are the keys of either, in order.
func both[A, B any](a map[string]A, b map[string]B) []string {
	all := map[string]bool{}
	for key := range a {
		all[key] = true
	}
	for key := range b {
		all[key] = true
	}
	return slices.Sorted(maps.Keys(all))
}

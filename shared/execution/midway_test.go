package execution

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/resource"
)

// passing is an error that may pass by itself.
type passing struct{ error }

func (passing) Retryable() bool { return true }

func TestAMigrationRunsWithTheNewVersionBeforeItIsStarted(t *testing.T) {
	next := map[string]json.RawMessage{"taskDefinitionArn": json.RawMessage(`"task:2"`), "clusterName": json.RawMessage(`"main"`),
		"securityGroupId": json.RawMessage(`"sg-1"`)}
	migrate := resource.Hook{Name: "migrate", ECSTask: &resource.ECSTaskHook{Command: []string{"migrate"}}, OnFailure: resource.HookAbort}
	first := resource.Hook{Name: "first", Lambda: &resource.LambdaHook{Function: resource.Input{Value: "first"}}}
	last := resource.Hook{Name: "last", Lambda: &resource.LambdaHook{Function: resource.Input{Value: "last"}}}
	for sentence, test := range map[string]struct {
		hooks    []resource.Hook
		taskless bool  // the provisioner has no task that could be run
		once     error // of the first attempt, after the hooks
		fails    error // of what hooks call
		quiet    bool
		want     Verdict
		error    string
		order    []string // what happened
	}{
		"in its turn": {hooks: []resource.Hook{first, migrate, last}, want: Done,
			order: []string{"first", "begun", "task:2", "last", "started"}},
		"its failure leaves the former version": {hooks: []resource.Hook{migrate, last}, fails: errors.New("exit code 1"), want: Failed,
			error: "HookFailed", order: []string{"begun", "task:2"}},
		"another attempt does not migrate again": {hooks: []resource.Hook{migrate}, once: passing{errors.New("throttled")}, want: Done,
			order: []string{"begun", "task:2", "begun", "started"}},
		"without a task nothing is well": {hooks: []resource.Hook{migrate}, taskless: true, want: Failed, error: "HookFailed",
			order: []string{"begun", "started"}},
		"what was is brought back": {hooks: []resource.Hook{first, migrate}, quiet: true, want: Done, order: []string{"begun", "started"}},
		"others wait for nothing":  {hooks: []resource.Hook{first}, want: Done, order: []string{"first", "begun", "started"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			var happened []string
			calls := &recorder{happened: &happened, err: test.fails}
			x, a := patient(&ward{services: []Service{steady("task:2")}, targets: well}, &site{}, resource.Verify{})
			x.Calls = calls
			works, once := x.maker.do, test.once
			x.maker.do = func(ctx context.Context, order Order) (Result, error) {
				happened = append(happened, "begun")
				if order.Midway != nil && !test.taskless {
					if err := order.Midway(next); err != nil {
						return Result{Changes: []ResourceChange{{Type: "aws:ecs/taskDefinition:TaskDefinition", Operation: "create", ID: "task:2"}}},
							errors.New("the program failed")
					}
				}
				if err := once; err != nil {
					once = nil
					return Result{}, err
				}
				happened = append(happened, "started")
				return works(ctx, order)
			}
			a.Order.Spec.Base().Hooks.Pre, a.Quiet = test.hooks, test.quiet
			a.Order.Spec.Base().Retry = resource.Retry{Limit: 1}
			o := x.run(t, t.Context(), a)["a/api"]
			require.Equal(t, test.want, o.Outcome, o.Message)
			require.Equal(t, test.error, o.Error)
			require.Equal(t, test.order, happened)
			if test.fails != nil {
				require.Contains(t, o.Message, `the pre hook "migrate" failed: exit code 1`)
				require.True(t, o.Dirty, "the task's definition is there")
			}
		})
	}
}

// recorder is a Calls that notes when it was called.
type recorder struct {
	happened *[]string
	err      error
}

func (r *recorder) Invoke(_ context.Context, _ Place, function string, _ []byte) error {
	*r.happened = append(*r.happened, function)
	return nil
}

func (r *recorder) RunTask(_ context.Context, _ Place, call TaskCall) error {
	*r.happened = append(*r.happened, call.TaskDefinition)
	return r.err
}

package wiring_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/wiring"
)

const (
	machines  = "arn:aws:states:eu-west-1:111122223333:stateMachine:deployer-staging-"
	executing = "arn:aws:states:eu-west-1:111122223333:execution:deployer-staging-"
)

// account is Step Functions and ECS, as far as the adapter asks them.
type account struct {
	executions map[string]sfntypes.ExecutionStatus // by ARN
	input      string
	tasks      map[string]*task // by ARN
	stopped    []string         // in order, executions and tasks
	broken     error
}

type task struct {
	startedBy, desired, last string
	slow                     int // looks until it has stopped
}

func (a *account) DescribeExecution(_ context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	status, known := a.executions[*in.ExecutionArn]
	switch {
	case a.broken != nil:
		return nil, a.broken
	case !known:
		return nil, &sfntypes.ExecutionDoesNotExist{}
	}
	return &sfn.DescribeExecutionOutput{ExecutionArn: in.ExecutionArn, Status: status, Input: aws.String(a.input)}, nil
}

func (a *account) StopExecution(_ context.Context, in *sfn.StopExecutionInput, _ ...func(*sfn.Options)) (*sfn.StopExecutionOutput, error) {
	a.stopped = append(a.stopped, strings.TrimPrefix(*in.ExecutionArn, executing))
	a.executions[*in.ExecutionArn] = sfntypes.ExecutionStatusAborted
	return &sfn.StopExecutionOutput{}, nil
}

// ListTasks gives one task a page.
func (a *account) ListTasks(_ context.Context, in *ecs.ListTasksInput, _ ...func(*ecs.Options)) (*ecs.ListTasksOutput, error) {
	var arns []string
	for arn, t := range a.tasks {
		if t.startedBy == *in.StartedBy && t.desired == string(in.DesiredStatus) && *in.Cluster == "cluster" {
			arns = append(arns, arn)
		}
	}
	slices.Sort(arns)
	after, _ := slices.BinarySearch(arns, aws.ToString(in.NextToken)+"~")
	if in.NextToken == nil {
		after = 0
	}
	if after >= len(arns) {
		return &ecs.ListTasksOutput{}, nil
	}
	out := &ecs.ListTasksOutput{TaskArns: arns[after : after+1]}
	if after+1 < len(arns) {
		out.NextToken = aws.String(arns[after])
	}
	return out, nil
}

func (a *account) DescribeTasks(_ context.Context, in *ecs.DescribeTasksInput, _ ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error) {
	out := &ecs.DescribeTasksOutput{}
	for _, arn := range in.Tasks {
		t := a.tasks[arn]
		if t.desired == "STOPPED" {
			if t.slow--; t.slow < 0 {
				t.last = "STOPPED"
			}
		}
		out.Tasks = append(out.Tasks, ecstypes.Task{TaskArn: aws.String(arn), LastStatus: aws.String(t.last), DesiredStatus: aws.String(t.desired)})
	}
	return out, nil
}

func (a *account) StopTask(_ context.Context, in *ecs.StopTaskInput, _ ...func(*ecs.Options)) (*ecs.StopTaskOutput, error) {
	a.stopped = append(a.stopped, *in.Task)
	a.tasks[*in.Task].desired = "STOPPED"
	return &ecs.StopTaskOutput{}, nil
}

func adapter(a *account) (*wiring.Executions, *time.Duration) {
	waited := new(time.Duration)
	return &wiring.Executions{StepFunctions: a, Tasks: a, Guards: []string{machines + "deploy", machines + "rollback"},
		Rollout: machines + "rollout", Wave: machines + "wave", Cluster: "cluster",
		Sleep: func(_ context.Context, d time.Duration) error { *waited += d; return nil }}, waited
}

func TestRunning(t *testing.T) {
	for name, c := range map[string]struct {
		executions map[string]sfntypes.ExecutionStatus
		want       bool
	}{
		"an execution on its way":      {map[string]sfntypes.ExecutionStatus{executing + "deploy:r1": sfntypes.ExecutionStatusRunning}, true},
		"one of the second machine":    {map[string]sfntypes.ExecutionStatus{executing + "rollback:r1": sfntypes.ExecutionStatusRunning}, true},
		"one that was stopped":         {map[string]sfntypes.ExecutionStatus{executing + "deploy:r1": sfntypes.ExecutionStatusAborted}, false},
		"only another run's execution": {map[string]sfntypes.ExecutionStatus{executing + "deploy:r2": sfntypes.ExecutionStatusRunning}, false},
	} {
		t.Run(name, func(t *testing.T) {
			e, _ := adapter(&account{executions: c.executions})
			running, err := e.Running(t.Context(), "r1")
			require.NoError(t, err)
			require.Equal(t, c.want, running)
		})
	}
	e, _ := adapter(&account{broken: errors.New("throttled")})
	_, err := e.Running(t.Context(), "r1")
	require.ErrorContains(t, err, "throttled", "who does not answer does not say that a run has ended")
}

func TestStopEndsTheGuardFirstThenItsWorkersThenTheTasks(t *testing.T) {
	a := &account{executions: map[string]sfntypes.ExecutionStatus{
		executing + "deploy:r1": sfntypes.ExecutionStatusRunning, executing + "rollout:r1-rollout": sfntypes.ExecutionStatusRunning,
		executing + "wave:r1-wave-0": sfntypes.ExecutionStatusSucceeded, executing + "wave:r1-wave-1": sfntypes.ExecutionStatusRunning,
	}, tasks: map[string]*task{
		"task-1": {"r1", "STOPPED", "STOPPED", 0}, "task-2": {"r1", "RUNNING", "RUNNING", 2}, "task-3": {"r1", "RUNNING", "PENDING", 0},
		"task-4": {"r1", "STOPPED", "DEACTIVATING", 0}, "task-5": {"r2", "RUNNING", "RUNNING", 0},
	}}
	e, waited := adapter(a)
	require.NoError(t, e.Stop(t.Context(), "r1"))
	require.Equal(t, []string{"deploy:r1", "rollout:r1-rollout", "wave:r1-wave-1", "task-2", "task-3"}, a.stopped)
	require.Equal(t, "RUNNING", a.tasks["task-5"].last, "another run's task goes on")
	require.Equal(t, 9*time.Second, *waited, "until all have stopped")
	a.stopped = nil
	require.NoError(t, e.Stop(t.Context(), "r1"))
	require.Empty(t, a.stopped, "once more finds nothing to do")
}

func TestATaskThatTakesLongIsNotWaitedForForEver(t *testing.T) {
	e, waited := adapter(&account{tasks: map[string]*task{"task-1": {"r1", "RUNNING", "RUNNING", 1000}}})
	err := e.Stop(t.Context(), "r1")
	var stopping *wiring.RunStopping
	require.ErrorAs(t, err, &stopping)
	require.Equal(t, 1, stopping.Tasks)
	require.True(t, stopping.Stopping())
	require.Equal(t, 21*time.Second, *waited)
}

func TestRequestIsTheInputOfTheExecution(t *testing.T) {
	e, _ := adapter(&account{executions: map[string]sfntypes.ExecutionStatus{executing + "deploy:r1": sfntypes.ExecutionStatusFailed},
		input: `{"bundle":{"key":"bundles/shop/staging/b.zip"}}`})
	request, err := e.Request(t.Context(), "r1")
	require.NoError(t, err)
	require.Equal(t, "bundles/shop/staging/b.zip", request.Bundle.Key)
	request, err = e.Request(t.Context(), "r2")
	require.NoError(t, err)
	require.Nil(t, request)
}

func TestWorkersAreStoppedWithoutTheirGuard(t *testing.T) {
	a := &account{executions: map[string]sfntypes.ExecutionStatus{
		executing + "deploy:r1": sfntypes.ExecutionStatusRunning, executing + "rollout:r1-rollout": sfntypes.ExecutionStatusAborted,
		executing + "wave:r1-wave-0": sfntypes.ExecutionStatusRunning,
	}, tasks: map[string]*task{"task-1": {"r1", "RUNNING", "RUNNING", 1}, "task-2": {"r1-rollback", "RUNNING", "RUNNING", 0}}}
	e, _ := adapter(a)
	require.NoError(t, e.StopWorkers(t.Context(), "r1"))
	require.Equal(t, []string{"wave:r1-wave-0", "task-1", "task-2"}, a.stopped)
	require.Equal(t, sfntypes.ExecutionStatusRunning, a.executions[executing+"deploy:r1"], "it is the guard that asks")
}

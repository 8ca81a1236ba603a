package wiring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/deployer-io/deployer/shared/run"
)

// StepFunctions is what is asked of Step Functions; *sfn.Client answers it.
type StepFunctions interface {
	DescribeExecution(ctx context.Context, in *sfn.DescribeExecutionInput, options ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error)
	StopExecution(ctx context.Context, in *sfn.StopExecutionInput, options ...func(*sfn.Options)) (*sfn.StopExecutionOutput, error)
}

// Tasks is what is asked of ECS; *ecs.Client answers it.
type Tasks interface {
	ListTasks(ctx context.Context, in *ecs.ListTasksInput, options ...func(*ecs.Options)) (*ecs.ListTasksOutput, error)
	DescribeTasks(ctx context.Context, in *ecs.DescribeTasksInput, options ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error)
	StopTask(ctx context.Context, in *ecs.StopTaskInput, options ...func(*ecs.Options)) (*ecs.StopTaskOutput, error)
}

// Executions knows and stops the executions of runs: those of Step Functions, and the tasks that they started.
type Executions struct {
	StepFunctions StepFunctions
	Tasks         Tasks
	// Guards are the ARNs of the machines whose executions bear a run's name; Workers those of the machines whose
	// executions bear it with a suffix: "-rollout" of the first, "-wave-0", "-wave-1" ... of the second.
	Guards  []string
	Rollout string
	Wave    string
	Cluster string // ARN
	// Patience is how long Stop waits for tasks to end; 0: 20 seconds. A task has two minutes from the signal.
	Patience time.Duration
	// Sleep waits for d or until ctx ends, and then returns its error; nil: by a timer.
	Sleep func(ctx context.Context, d time.Duration) error
}

// RunStopping is the error of a run that has been told to stop and whose tasks have not ended yet.
type RunStopping struct {
	Run   string
	Tasks int
}

func (e *RunStopping) Error() string {
	return fmt.Sprintf("run %s is being stopped: %d of its tasks have not ended yet, which takes up to two minutes; try again then", e.Run, e.Tasks)
}

// Stopping marks the error as one that passes.
func (*RunStopping) Stopping() bool { return true }

const (
	patience = 20 * time.Second
	lookEach = 3 * time.Second
	why      = "its lock is taken away"
)

// Running reports whether a run's execution is on its way.
func (e *Executions) Running(ctx context.Context, id string) (bool, error) {
	for _, guard := range e.Guards {
		described, err := e.describe(ctx, guard, id)
		if err != nil {
			return false, err
		}
		if described != nil && described.Status == sfntypes.ExecutionStatusRunning {
			return true, nil
		}
	}
	return false, nil
}

// Request returns what a run was started with; nil where Step Functions does not know the run.
func (e *Executions) Request(ctx context.Context, id string) (*run.Request, error) {
	for _, guard := range e.Guards {
		described, err := e.describe(ctx, guard, id)
		if err != nil {
			return nil, err
		}
		if described == nil || described.Input == nil {
			continue
		}
		var request run.Request
		if err := json.Unmarshal([]byte(*described.Input), &request); err != nil {
			return nil, fmt.Errorf("the input of execution %s: %w", id, err)
		}
		return &request, nil
	}
	return nil, nil
}

// Stop ends the run's executions, the guard first so that it starts nothing any more, and then its tasks. The error is
// *RunStopping when those have not ended within Patience.
func (e *Executions) Stop(ctx context.Context, id string) error {
	for _, guard := range e.Guards {
		if _, err := e.stop(ctx, guard, id); err != nil {
			return err
		}
	}
	return e.StopWorkers(ctx, id)
}

// StopWorkers ends what the run's guard has started: the rollout, its waves and their tasks. Where all of it has ended it
// only looks. The error is *RunStopping when tasks have not ended within Patience.
func (e *Executions) StopWorkers(ctx context.Context, id string) error {
	if _, err := e.stop(ctx, e.Rollout, id+"-rollout"); err != nil {
		return err
	}
	for _, part := range run.Parts(id) {
		known, err := true, error(nil)
		for wave := 0; err == nil && known; wave++ {
			known, err = e.stop(ctx, e.Wave, fmt.Sprintf("%s-wave-%d", part, wave))
		}
		if err != nil {
			return err
		}
		if err := e.stopTasks(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// describe returns an execution; nil when there is none of that name.
func (e *Executions) describe(ctx context.Context, machine, name string) (*sfn.DescribeExecutionOutput, error) {
	described, err := e.StepFunctions.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String(executionARN(machine, name))})
	var unknown *sfntypes.ExecutionDoesNotExist
	if errors.As(err, &unknown) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at execution %s: %w", name, err)
	}
	return described, nil
}

// executionARN is that of a machine's execution.
func executionARN(machine, name string) string {
	return strings.Replace(machine, ":stateMachine:", ":execution:", 1) + ":" + name
}

// stop ends one execution if it runs; known says whether there is one of that name.
func (e *Executions) stop(ctx context.Context, machine, name string) (known bool, err error) {
	described, err := e.describe(ctx, machine, name)
	if err != nil || described == nil || described.Status != sfntypes.ExecutionStatusRunning {
		return described != nil, err
	}
	_, err = e.StepFunctions.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: described.ExecutionArn,
		Error: aws.String(run.Stopped), Cause: aws.String(why)})
	if err != nil {
		return true, fmt.Errorf("stop execution %s: %w", name, err)
	}
	return true, nil
}

// stopTasks stops the tasks that the run started and waits for them.
func (e *Executions) stopTasks(ctx context.Context, id string) error {
	waited, most := time.Duration(0), e.Patience
	if most == 0 {
		most = patience
	}
	for {
		left, err := e.tasksLeft(ctx, id)
		if err != nil || len(left) == 0 {
			return err
		}
		for _, task := range left {
			if aws.ToString(task.DesiredStatus) == string(ecstypes.DesiredStatusStopped) {
				continue
			}
			if _, err := e.Tasks.StopTask(ctx, &ecs.StopTaskInput{Cluster: aws.String(e.Cluster), Task: task.TaskArn, Reason: aws.String(why)}); err != nil {
				return fmt.Errorf("stop task %s of run %s: %w", aws.ToString(task.TaskArn), id, err)
			}
		}
		if waited >= most {
			return &RunStopping{Run: id, Tasks: len(left)}
		}
		if err := e.sleep(ctx, lookEach); err != nil {
			return err
		}
		waited += lookEach
	}
}

// tasksLeft returns the run's tasks that have not ended.
func (e *Executions) tasksLeft(ctx context.Context, id string) ([]ecstypes.Task, error) {
	var arns []string
	for _, desired := range []ecstypes.DesiredStatus{ecstypes.DesiredStatusRunning, ecstypes.DesiredStatusStopped} {
		pages := ecs.NewListTasksPaginator(e.Tasks, &ecs.ListTasksInput{Cluster: aws.String(e.Cluster), StartedBy: aws.String(id), DesiredStatus: desired})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("list the tasks of run %s: %w", id, err)
			}
			arns = append(arns, page.TaskArns...)
		}
	}
	var left []ecstypes.Task
	for some := range slices.Chunk(arns, 100) { // as many as one call describes
		described, err := e.Tasks.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String(e.Cluster), Tasks: some})
		if err != nil {
			return nil, fmt.Errorf("look at the tasks of run %s: %w", id, err)
		}
		for _, task := range described.Tasks {
			if status := aws.ToString(task.LastStatus); status != "STOPPED" && status != "DELETED" {
				left = append(left, task)
			}
		}
	}
	return left, nil
}

func (e *Executions) sleep(ctx context.Context, d time.Duration) error {
	if e.Sleep != nil {
		return e.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

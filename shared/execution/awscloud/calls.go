package awscloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/deployer-io/deployer/shared/execution"
)

// lookEvery is the wait between two looks at a task.
const lookEvery = 6 * time.Second

func pause(ctx context.Context) error {
	timer := time.NewTimer(lookEvery)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Invoke implements execution.Calls.
func (c *Cloud) Invoke(ctx context.Context, at execution.Place, function string, event []byte) error {
	out, err := c.in(at).Functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(function), Payload: event})
	switch {
	case err != nil:
		return err
	case out.FunctionError != nil:
		return fmt.Errorf("the function %s failed (%s): %.500s", function, *out.FunctionError, out.Payload)
	case out.StatusCode/100 != 2:
		return fmt.Errorf("the function %s answered with status %d", function, out.StatusCode)
	}
	return nil
}

// RunTask implements execution.Calls. When ctx ends, the task is stopped.
func (c *Cloud) RunTask(ctx context.Context, at execution.Place, call execution.TaskCall) error {
	clients := c.in(at)
	container, err := containerOf(ctx, clients.ECS, call.TaskDefinition)
	if err != nil {
		return err
	}
	override := ecstypes.ContainerOverride{Name: aws.String(container), Command: call.Command}
	for _, name := range slices.Sorted(maps.Keys(call.Env)) {
		override.Environment = append(override.Environment, ecstypes.KeyValuePair{Name: aws.String(name), Value: aws.String(call.Env[name])})
	}
	in := &ecs.RunTaskInput{TaskDefinition: aws.String(call.TaskDefinition), Cluster: aws.String(call.Cluster), LaunchType: ecstypes.LaunchTypeFargate,
		Count: aws.Int32(1), StartedBy: aws.String(call.StartedBy), Overrides: &ecstypes.TaskOverride{ContainerOverrides: []ecstypes.ContainerOverride{override}},
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{Subnets: call.Subnets,
			SecurityGroups: []string{call.SecurityGroup}, AssignPublicIp: ecstypes.AssignPublicIpDisabled}}}
	out, err := clients.ECS.RunTask(ctx, in)
	switch {
	case err != nil:
		return err
	case len(out.Failures) > 0:
		return fmt.Errorf("ECS started no task of %s: %s %s", call.TaskDefinition, aws.ToString(out.Failures[0].Reason), aws.ToString(out.Failures[0].Detail))
	case len(out.Tasks) == 0:
		return fmt.Errorf("ECS started no task of %s and does not say why", call.TaskDefinition)
	}
	return c.ended(ctx, clients.ECS, call.Cluster, aws.ToString(out.Tasks[0].TaskArn), container)
}

// containerOf is the container that a command and variables are for: the first of the definition, which is the component's.
func containerOf(ctx context.Context, client ECS, definition string) (string, error) {
	out, err := client.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String(definition)})
	if err != nil {
		return "", err
	}
	if out.TaskDefinition == nil || len(out.TaskDefinition.ContainerDefinitions) == 0 {
		return "", fmt.Errorf("the task definition %s has no container", definition)
	}
	return aws.ToString(out.TaskDefinition.ContainerDefinitions[0].Name), nil
}

// ended waits until a task has ended; its container is the one that matters.
func (c *Cloud) ended(ctx context.Context, client ECS, cluster, task, container string) error {
	for {
		out, err := client.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String(cluster), Tasks: []string{task}})
		if err == nil && len(out.Tasks) == 1 && aws.ToString(out.Tasks[0].LastStatus) == "STOPPED" {
			return exit(out.Tasks[0], container)
		}
		if waiting := c.sleep(ctx); waiting != nil {
			stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			_, stopped := client.StopTask(stopping, &ecs.StopTaskInput{Cluster: aws.String(cluster), Task: aws.String(task), Reason: aws.String("its hook took too long")})
			return errors.Join(waiting, stopped, err)
		}
	}
}

// exit is nil for a task whose container ended with 0. The others are stopped with it, with whatever code.
func exit(task ecstypes.Task, container string) error {
	for _, one := range task.Containers {
		switch {
		case aws.ToString(one.Name) != container:
		case one.ExitCode == nil:
			return fmt.Errorf("the task %s was not begun: %s %s", aws.ToString(task.TaskArn), aws.ToString(task.StoppedReason), aws.ToString(one.Reason))
		case *one.ExitCode != 0:
			return fmt.Errorf("the task %s ended with exit code %d", aws.ToString(task.TaskArn), *one.ExitCode)
		default:
			return nil
		}
	}
	return fmt.Errorf("the task %s ended without its container %s: %s", aws.ToString(task.TaskArn), container, aws.ToString(task.StoppedReason))
}

// Secret implements execution.Secrets.
func (c *Cloud) Secret(ctx context.Context, at execution.Place, name, key string) (string, error) {
	out, err := c.in(at).Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(name)})
	if err != nil {
		return "", err
	}
	text := aws.ToString(out.SecretString)
	if key == "" {
		return text, nil
	}
	var fields map[string]any
	if json.Unmarshal([]byte(text), &fields) != nil {
		return "", fmt.Errorf("the secret %s is no JSON object, so it has no field %s", name, key)
	}
	value, there := fields[key].(string)
	if !there {
		return "", fmt.Errorf("the secret %s has no text field %s", name, key)
	}
	return value, nil
}

package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/deployer-io/deployer/cmd/executor/task"
	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/execution/outbound"
	"github.com/deployer-io/deployer/statemachines"
)

const runTask = "arn:aws:states:::ecs:runTask.sync"

// register makes the state machines known, with names of this environment in the place of ${...}.
func (e *Environment) register() error {
	for _, name := range statemachines.Names() {
		definition, err := statemachines.Definition(name, e.fill)
		if err != nil {
			return err
		}
		machine, err := asl.Parse(definition)
		if err != nil {
			return fmt.Errorf("state machine %s: %w", name, err)
		}
		if err := e.engine.Register(name, machine); err != nil {
			return err
		}
	}
	return nil
}

// fill says what stands for a placeholder of the definitions here.
func (e *Environment) fill(name string) (string, bool) {
	if machine, ok := strings.CutSuffix(name, "Machine"); ok {
		return e.engine.MachineARN(strings.ToLower(machine)), true
	}
	if strings.HasPrefix(name, "Executor") {
		return "embedded", true
	}
	_, isFunction := e.functions[name]
	return name, isFunction
}

// handle does one try of a task: a function is called as Lambda would call it, an ECS task is the executor's task, here in
// this process.
func (e *Environment) handle(ctx context.Context, t asl.Task) (json.RawMessage, error) {
	if t.Resource == runTask {
		return e.runTask(ctx, t)
	}
	function, ok := e.functions[t.Function]
	if !ok {
		return nil, &asl.TaskError{Name: "Lambda.ResourceNotFoundException", Cause: "no function " + t.Function}
	}
	out, err := function.Invoke(ctx, t.Input)
	var named messages.InvokeResponse_Error
	if errors.As(err, &named) {
		return nil, &asl.TaskError{Name: named.Type, Cause: named.Message}
	}
	return out, err
}

// ecsTask is what the wave machine asks ECS for, as far as it matters here.
type ecsTask struct {
	StartedBy string // the run
	Overrides struct {
		ContainerOverrides []struct {
			Name        string
			Environment []struct{ Name, Value string }
		}
	}
}

// lookAgain is the wait between two looks at what is not yet as it should be; things go faster here.
const lookAgain = 100 * time.Millisecond

func (e *Environment) runTask(ctx context.Context, t asl.Task) (json.RawMessage, error) {
	var asked ecsTask
	if err := json.Unmarshal(t.Input, &asked); err != nil {
		return nil, fmt.Errorf("run task: %w", err)
	}
	defer e.tasks.begin(asked.StartedBy)()
	environment := map[string]string{}
	for _, container := range asked.Overrides.ContainerOverrides {
		for _, variable := range container.Environment {
			environment[variable.Name] = variable.Value
		}
	}
	provisioner, err := e.provision()
	if err != nil {
		return nil, &asl.TaskError{Name: "ECS.AmazonECSException", Cause: err.Error()}
	}
	ports := task.Ports{Objects: e.Objects, Locker: e.Locker, Provisioner: provisioner, HTTP: outbound.New(outbound.WithLoopback),
		Parallelism: e.options.Parallelism, Now: e.options.Now, Log: e.options.Log, Look: lookAgain}
	if e.options.Provisioner == nil { // the simulated cloud is at work
		w := watched{e.cloud}
		ports.Health, ports.Calls, ports.Secrets = w, w, w
		ports.HTTP = web{cloud: e.cloud, real: ports.HTTP}
	}
	err = task.Run(ctx, func(name string) string { return environment[name] }, ports)
	if err != nil {
		// As ECS answers a task whose container ended with another code than 0.
		return nil, &asl.TaskError{Name: "States.TaskFailed", Cause: err.Error()}
	}
	return json.RawMessage(`{"Containers":[{"Name":"executor","ExitCode":0}],"LastStatus":"STOPPED"}`), nil
}

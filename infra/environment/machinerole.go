package environment

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// calls are what the Tasks of a definition call: for each resource ARN of a Task, the placeholders of what it is called
// on, sorted.
type calls map[string][]string

// what names, for the kinds of Task that our machines use, the parameter that holds the placeholder.
var what = map[string]string{
	"arn:aws:states:::lambda:invoke":                  "FunctionName",
	"arn:aws:states:::lambda:invoke.waitForTaskToken": "FunctionName",
	"arn:aws:states:::states:startExecution":          "StateMachineArn",
	"arn:aws:states:::states:startExecution.sync:2":   "StateMachineArn",
	"arn:aws:states:::aws-sdk:sfn:startExecution":     "StateMachineArn",
	"arn:aws:states:::ecs:runTask.sync":               "TaskDefinition",
}

type state struct {
	Type          string
	Resource      string
	Parameters    map[string]any
	ItemProcessor *definition
	Branches      []definition
}

type definition struct{ States map[string]state }

// callsOf reads a definition. A kind of Task whose permissions nobody has written down is an error, not a guess.
func callsOf(source string) (calls, error) {
	var top definition
	if err := json.Unmarshal([]byte(source), &top); err != nil {
		return nil, err
	}
	found := calls{}
	if err := found.collect(top); err != nil {
		return nil, err
	}
	for resource := range found {
		slices.Sort(found[resource])
		found[resource] = slices.Compact(found[resource])
	}
	return found, nil
}

func (c calls) collect(from definition) error {
	for name, one := range from.States {
		if one.ItemProcessor != nil {
			if err := c.collect(*one.ItemProcessor); err != nil {
				return err
			}
		}
		for _, branch := range one.Branches {
			if err := c.collect(branch); err != nil {
				return err
			}
		}
		if one.Type != "Task" {
			continue
		}
		parameter, ok := what[one.Resource]
		if !ok {
			return fmt.Errorf("state %s: what a role needs for %s is not written down; add it to infra/environment/machinerole.go",
				name, one.Resource)
		}
		value, _ := one.Parameters[parameter].(string)
		match := placeholder.FindStringSubmatch(value)
		if match == nil || match[0] != value {
			return fmt.Errorf("state %s: %s is %q; write ${Name}", name, parameter, value)
		}
		c[one.Resource] = append(c[one.Resource], match[1])
	}
	return nil
}

// machinePermissions are exactly what a machine's Tasks call, and what Step Functions needs to log, trace and encrypt.
func (n names) machinePermissions(called calls, keep storage) []statement {
	statements := []statement{
		{sid: "DeliverLogs", resources: []string{"*"}, because: "The log delivery actions have no resource types.",
			actions: verbs("logs", "CreateLogDelivery", "DeleteLogDelivery", "DescribeLogGroups", "DescribeResourcePolicies",
				"GetLogDelivery", "ListLogDeliveries", "PutResourcePolicy", "UpdateLogDelivery")},
		{sid: "Trace", resources: []string{"*"}, because: tracing.because,
			actions: verbs("xray", "GetSamplingRules", "GetSamplingTargets", "PutTelemetryRecords", "PutTraceSegments")},
		{sid: "UseTheDataKey", actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, resources: []string{keep.dataKey}},
	}
	var invoke, start, wait []string
	for _, resource := range sorted(called) {
		for _, target := range called[resource] {
			switch {
			case strings.Contains(resource, ":lambda:invoke"):
				invoke = append(invoke, n.functionARN(target))
			case strings.HasSuffix(resource, ":startExecution.sync:2"):
				start = append(start, n.machineARN(machineOf(target)))
				wait = append(wait, n.executionsARN(machineOf(target)))
			case strings.HasSuffix(resource, ":startExecution"):
				start = append(start, n.machineARN(machineOf(target)))
			}
		}
	}
	add := func(sid string, actions, resources []string) {
		if len(resources) > 0 {
			slices.Sort(resources)
			statements = append(statements, statement{sid: sid, actions: actions, resources: slices.Compact(resources)})
		}
	}
	add("Invoke", []string{"lambda:InvokeFunction"}, invoke)
	add("StartExecutions", []string{"states:StartExecution"}, start)
	add("WaitForExecutions", []string{"states:DescribeExecution", "states:StopExecution"}, wait)
	runsTasks := len(called["arn:aws:states:::ecs:runTask.sync"]) > 0
	if runsTasks {
		statements = append(statements, n.runTasks()...)
	}
	statements = append(statements, n.waitByRule(len(wait) > 0, runsTasks)...)
	return statements
}

func machineOf(target string) string { return strings.ToLower(strings.TrimSuffix(target, "Machine")) }

func sorted(called calls) []string {
	keys := make([]string, 0, len(called))
	for resource := range called {
		keys = append(keys, resource)
	}
	slices.Sort(keys)
	return keys
}

// runTasks starts the executor's task definition in its cluster, with its two roles and with nothing else.
func (n names) runTasks() []statement {
	return []statement{
		{sid: "RunTasks", actions: []string{"ecs:RunTask"}, resources: []string{n.taskDefinitionARN()},
			when: conditions{"ArnEquals": {"ecs:cluster": n.clusterARN()}}},
		{sid: "TendTasks", actions: []string{"ecs:DescribeTasks", "ecs:StopTask"}, resources: []string{n.tasksARN()}},
		{sid: "TagTasks", actions: []string{"ecs:TagResource"}, resources: []string{n.tasksARN()},
			when: conditions{"StringEquals": {"ecs:CreateAction": "RunTask"}}},
		{sid: "PassTaskRoles", actions: []string{"iam:PassRole"},
			resources: []string{n.iam("role/" + n.taskExecutionRole()), n.iam("role/" + n.taskRole())},
			when:      conditions{"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}},
	}
}

// waitByRule lets Step Functions keep the rules of its own by which it learns that what it waits for has ended.
func (n names) waitByRule(executions, tasks bool) []statement {
	var rules []string
	if executions {
		rules = append(rules, n.arn("events", "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"))
	}
	if tasks {
		rules = append(rules, n.arn("events", "rule/StepFunctionsGetEventsForECSTaskRule"))
	}
	if len(rules) == 0 {
		return nil
	}
	return []statement{{sid: "WaitByRule", actions: []string{"events:DescribeRule", "events:PutRule", "events:PutTargets"}, resources: rules}}
}

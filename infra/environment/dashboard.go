package environment

import (
	"encoding/json"
	"strings"
)

// dashboard is the body of the installation's dashboard: what happens, what is wrong, what it takes.
func (n names) dashboard(alarms []alarm, sources Sources) string {
	var functions, errors [][]any
	for _, one := range present(sources) {
		functions = append(functions, []any{"AWS/Lambda", "Duration", "FunctionName", n.function(one.task), map[string]any{"stat": "p99"}})
		errors = append(errors, []any{"AWS/Lambda", "Errors", "FunctionName", n.function(one.task)})
	}
	var runs [][]any
	for _, name := range []string{"ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"} {
		runs = append(runs, []any{"AWS/States", name, "StateMachineArn", n.machineARN("deploy")})
	}
	var own [][]any
	for _, name := range []string{"FailedDirty", "PolicyViolations", "StuckLocks"} {
		own = append(own, []any{"Deployer", name, "Installation", n.Name})
	}
	var states []string
	for _, one := range alarms {
		states = append(states, n.arn("cloudwatch", "alarm:"+n.prefix()+"-"+one.name))
	}
	body, err := json.Marshal(map[string]any{"widgets": []any{
		map[string]any{"type": "alarm", "x": 0, "y": 0, "width": 24, "height": 3,
			"properties": map[string]any{"title": "Alarms", "alarms": states}},
		n.graph("Runs", 0, 3, "Sum", runs),
		n.graph("How long runs take", 12, 3, "Maximum", [][]any{{"AWS/States", "ExecutionTime", "StateMachineArn", n.machineARN("deploy")}}),
		n.graph("What needs a look", 0, 9, "Maximum", own),
		n.graph("Executor tasks", 12, 9, "Average", [][]any{
			{"ECS/ContainerInsights", "RunningTaskCount", "ClusterName", n.cluster()},
			{"ECS/ContainerInsights", "MemoryUtilized", "ClusterName", n.cluster()}}),
		n.graph("Functions: duration, p99", 0, 15, "Maximum", functions),
		n.graph("Functions: errors", 12, 15, "Sum", errors),
	}})
	if err != nil {
		panic(err) // only strings and numbers
	}
	return string(body)
}

func (n names) graph(title string, x, y int, statistic string, metrics [][]any) map[string]any {
	return map[string]any{"type": "metric", "x": x, "y": y, "width": 12, "height": 6, "properties": map[string]any{
		"title": title, "region": n.Region, "stat": statistic, "period": 300, "view": "timeSeries", "metrics": metrics,
	}}
}

func camel(name string) string {
	var b strings.Builder
	for _, part := range strings.Split(name, "-") {
		b.WriteString(title(part))
	}
	return b.String()
}

package environment

import (
	"strings"

	"github.com/deployer-io/deployer/infra/settings"
)

// names gives every resource its name and ARN. They follow from the settings alone.
type names struct{ settings.Environment }

func (n names) prefix() string              { return "deployer-" + n.Name }
func (n names) stack(room string) string    { return n.prefix() + "-" + room }
func (n names) function(task string) string { return n.prefix() + "-" + strings.ToLower(task) }
func (n names) machine(name string) string  { return n.prefix() + "-" + name }
func (n names) topic(name string) string    { return n.prefix() + "-" + name }
func (n names) cluster() string             { return n.prefix() + "-executor" }
func (n names) family() string              { return n.prefix() + "-executor" }
func (n names) undelivered() string         { return n.prefix() + "-undelivered" }
func (n names) accessLogs() string          { return n.StateBucket + "-logs" }
func (n names) boundaryName() string        { return "DeployerBoundary-" + n.Name }
func (n names) taskRole() string            { return "TaskRole-" + n.Name }
func (n names) taskExecutionRole() string   { return "TaskExecutionRole-" + n.Name }
func (n names) functionRole(task string) string {
	return "DeployerFunction-" + n.Name + "-" + strings.ToLower(task)
}
func (n names) executionRole(machine string) string {
	return "DeployerExecutionRole-" + n.Name + "-" + machine
}
func (n names) serviceRole(name string) string { return "DeployerService-" + n.Name + "-" + name }
func (n names) policy(name string) string      { return "Deployer" + name + "-" + n.Name }

func (n names) keyAlias(name string) string { return "alias/" + n.prefix() + "-" + name }
func (n names) functionLog(name string) string {
	return "/deployer/" + n.Name + "/functions/" + strings.ToLower(name)
}
func (n names) taskLog() string     { return "/deployer/" + n.Name + "/executor" }
func (n names) networkLog() string  { return "/deployer/" + n.Name + "/network" }
func (n names) endpointLog() string { return "/deployer/" + n.Name + "/approvals" }

// machineLog begins as AWS recommends for log groups that many services write to: the log service's resource policy does
// not grow with each of them.
func (n names) machineLog(name string) string { return "/aws/vendedlogs/states/" + n.machine(name) }

func (n names) partition() string { return settings.Partition(n.Region) }

func (n names) arn(service, resource string) string {
	return "arn:" + n.partition() + ":" + service + ":" + n.Region + ":" + n.Account + ":" + resource
}

func (n names) iam(resource string) string {
	return "arn:" + n.partition() + ":iam::" + n.Account + ":" + resource
}

func (n names) bucketARN(bucket string) string { return "arn:" + n.partition() + ":s3:::" + bucket }
func (n names) tableARN(table string) string   { return n.arn("dynamodb", "table/"+table) }
func (n names) functionARN(task string) string { return n.arn("lambda", "function:"+n.function(task)) }
func (n names) machineARN(name string) string {
	return n.arn("states", "stateMachine:"+n.machine(name))
}
func (n names) executionsARN(name string) string {
	return n.arn("states", "execution:"+n.machine(name)+":*")
}
func (n names) topicARN(name string) string { return n.arn("sns", n.topic(name)) }
func (n names) clusterARN() string          { return n.arn("ecs", "cluster/"+n.cluster()) }
func (n names) tasksARN() string            { return n.arn("ecs", "task/"+n.cluster()+"/*") }
func (n names) taskDefinitionARN() string   { return n.arn("ecs", "task-definition/"+n.family()+":*") }
func (n names) undeliveredARN() string      { return n.arn("sqs", n.undelivered()) }
func (n names) logARN(group string) string  { return n.arn("logs", "log-group:"+group) }
func (n names) ruleARN(name string) string  { return n.arn("events", "rule/"+n.prefix()+"-"+name) }
func (n names) scheduleARN(name string) string {
	return n.arn("scheduler", "schedule/"+n.prefix()+"/"+name)
}
func (n names) secretsProvider() string {
	return "awskms://" + n.keyAlias("secrets") + "?region=" + n.Region + "&awssdk=v2"
}

// boundaryARN is the permissions boundary of every role here and of every role that the executor creates.
func (n names) boundaryARN() string {
	if n.Boundary != "" {
		return n.Boundary
	}
	return n.iam("policy/" + n.boundaryName())
}

package environment

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
)

// addAccess creates the permissions boundary, and the managed policies that an account's administrators give to people and
// to CI. Who may start a run need not be who may approve it.
func addAccess(stack awscdk.Stack, n names) {
	if n.Boundary == "" {
		addBoundary(stack, n)
	}
	read := n.reading()
	n.addPolicy(stack, "Read", "See runs, plans, reports, state and locks", read)
	n.addPolicy(stack, "Start", "Upload bundles and start runs; not approve them", append(n.starting(), read...))
	n.addPolicy(stack, "Approve", "Approve or reject waiting runs; not start them", append(n.approving(), read...))
	n.addPolicy(stack, "Operate", "Stop runs, force a lock open, restore a state", append(n.operating(), read...))
}

func (n names) addPolicy(scope constructs.Construct, name, says string, may []statement) {
	created := awsiam.NewCfnManagedPolicy(scope, str(name+"Policy"), &awsiam.CfnManagedPolicyProps{
		ManagedPolicyName: str(n.policy(name)), Description: str(says), PolicyDocument: policy(may),
	})
	explain(created, may)
	forgive(created, excuse{"The wildcards end ARNs of this installation: its executions, its runs' keys, its functions.",
		[]string{"nag:AwsSolutions-IAM5"}})
}

func (n names) reading() []statement {
	bucket := n.bucketARN(n.StateBucket)
	return []statement{
		{sid: "ReadArtifacts", actions: []string{"s3:GetObject", "s3:GetObjectVersion"},
			resources: []string{bucket + "/bundles/*", bucket + "/stacks/*/*/state.json", bucket + "/stacks/*/*/history/*",
				bucket + "/stacks/*/*/runs/*"}},
		{sid: "ListArtifacts", actions: []string{"s3:ListBucket", "s3:ListBucketVersions"}, resources: []string{bucket}},
		{sid: "SeeLocks", actions: []string{"dynamodb:GetItem", "dynamodb:Scan"}, resources: []string{n.tableARN(n.LockTable)}},
		{sid: "SeeRuns", actions: []string{"states:DescribeStateMachine", "states:ListExecutions"},
			resources: []string{n.arn("states", "stateMachine:"+n.prefix()+"-*")}},
		{sid: "FollowRuns", actions: []string{"states:DescribeExecution", "states:GetExecutionHistory"},
			resources: []string{n.arn("states", "execution:"+n.prefix()+"-*")}},
		{sid: "KnowTheNames", actions: []string{"lambda:GetFunctionConfiguration"}, resources: []string{n.functionARN("Discover")}},
		{sid: "ReadLogs", actions: []string{"logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery"},
			resources: []string{n.logARN("/deployer/" + n.Name + "/*"), n.logARN("/aws/vendedlogs/states/" + n.prefix() + "-*")}},
		{sid: "FollowQueries", actions: []string{"logs:DescribeLogGroups", "logs:GetQueryResults"}, resources: []string{"*"},
			because: "A query's results belong to no log group: who may start no query gets no id of one; groups are listed all at once."},
		{sid: "Decrypt", actions: []string{"kms:Decrypt"}, resources: []string{n.arn("kms", "key/*")}, when: n.onlyDataKey()},
	}
}

// onlyDataKey names the data key by its alias: this stack comes before the key.
func (n names) onlyDataKey() conditions {
	return conditions{"ForAnyValue:StringEquals": {"kms:ResourceAliases": n.keyAlias("data")}}
}

func (n names) starting() []statement {
	return []statement{
		{sid: "Upload", actions: []string{"s3:PutObject"}, resources: []string{n.bucketARN(n.StateBucket) + "/bundles/*"}},
		{sid: "Encrypt", actions: []string{"kms:GenerateDataKey"}, resources: []string{n.arn("kms", "key/*")}, when: n.onlyDataKey()},
		{sid: "Start", actions: []string{"states:StartExecution"},
			resources: []string{n.machineARN("deploy"), n.machineARN("rollback")}},
	}
}

func (n names) approving() []statement {
	return []statement{{sid: "Decide", actions: []string{"states:StartExecution"}, resources: []string{n.machineARN("decide")}}}
}

func (n names) operating() []statement {
	bucket := n.bucketARN(n.StateBucket)
	return []statement{
		{sid: "StopRuns", actions: []string{"states:StopExecution", "states:RedriveExecution"},
			resources: []string{n.arn("states", "execution:"+n.prefix()+"-*")}},
		{sid: "StopTasks", actions: []string{"ecs:StopTask", "ecs:DescribeTasks"}, resources: []string{n.tasksARN()}},
		{sid: "ForceLocks", actions: lockWrites, resources: []string{n.tableARN(n.LockTable)}},
		{sid: "RestoreState", actions: []string{"s3:PutObject"},
			resources: []string{bucket + "/stacks/*/*/state.json", bucket + "/stacks/*/*/history/*"}},
		{sid: "HaltRuns", actions: []string{"s3:PutObject"}, resources: []string{bucket + "/stacks/*/*/runs/*/halt.json"}},
		{sid: "CleanUp", actions: []string{"lambda:InvokeFunction"}, resources: []string{n.functionARN("Cleanup")}},
		{sid: "EncryptState", actions: []string{"kms:GenerateDataKey"}, resources: []string{n.arn("kms", "key/*")}, when: n.onlyDataKey()},
	}
}

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
				bucket + "/stacks/*/*/runs/*", bucket + "/stacks/*/*/drift/*"}},
		{sid: "ListArtifacts", actions: []string{"s3:ListBucket", "s3:ListBucketVersions"}, resources: []string{bucket}},
		{sid: "SeeLocks", actions: []string{"dynamodb:GetItem", "dynamodb:Scan"}, resources: []string{n.tableARN(n.LockTable)}},
		{sid: "SeeRuns", actions: []string{"states:DescribeStateMachine", "states:ListExecutions"},
			resources: []string{n.arn("states", "stateMachine:"+n.prefix()+"-*")}},
		{sid: "FollowRuns", actions: []string{"states:DescribeExecution", "states:GetExecutionHistory"},
			resources: []string{n.arn("states", "execution:"+n.prefix()+"-*")}},
		{sid: "KnowTheNames", actions: []string{"lambda:GetFunctionConfiguration"}, resources: []string{n.functionARN("Discover")}},
		{sid: "ReadLogs", actions: []string{"logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery"},
			resources: []string{n.logARN("/deployer/" + n.Name + "/*"), n.logARN("/aws/vendedlogs/states/" + n.prefix() + "-*")}},
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

// addBoundary creates the most that any role of Deployer, and any role that Deployer creates, may ever do. It grants
// nothing by itself.
func addBoundary(scope constructs.Construct, n names) {
	statements := n.boundary()
	created := awsiam.NewCfnManagedPolicy(scope, str("Boundary"), &awsiam.CfnManagedPolicyProps{
		ManagedPolicyName: str(n.boundaryName()),
		Description:       str("The most that Deployer's roles, and the roles that it creates, may do"),
		PolicyDocument:    policy(statements),
	})
	explain(created, statements)
	forgive(created, excuse{"A boundary grants nothing: it limits what the policies beside it may grant.",
		[]string{"nag:AwsSolutions-IAM5", "checkov:CKV_AWS_107", "checkov:CKV_AWS_108", "checkov:CKV_AWS_109",
			"checkov:CKV_AWS_111", "guard:iam_managed_policy_no_statements_with_full_access_check"}})
	output(scope, "BoundaryARN", "The permissions boundary of every role that Deployer creates", created.Ref())
}

// boundary allows the services that components use, and takes away what would let a role out of its boundary, out of
// sight, or at Deployer's own memory.
func (n names) boundary() []statement {
	limit := "A boundary must speak of every resource that any policy beside it may speak of; it grants none."
	bucket := n.bucketARN(n.StateBucket)
	return []statement{
		{sid: "Services", actions: boundaryServices, resources: []string{"*"}, because: limit},
		{sid: "Roles", actions: boundaryIdentity, resources: []string{"*"}, because: limit},
		{sid: "KeepTheBoundary", deny: true, resources: []string{"*"},
			because: "Whatever role it is: without this boundary none may be created or changed.",
			actions: []string{"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"},
			when:    conditions{"StringNotEquals": {"iam:PermissionsBoundary": n.boundaryARN()}}},
		{sid: "NeverTakeItOff", deny: true, actions: []string{"iam:DeleteRolePermissionsBoundary"}, resources: []string{"*"},
			because: "No role at all may lose its boundary."},
		{sid: "LeaveDeployerAlone", deny: true,
			actions: []string{"iam:*Role*", "iam:*Policy*", "iam:*Policies", "lambda:Update*", "lambda:Delete*", "lambda:AddPermission",
				"states:UpdateStateMachine", "states:DeleteStateMachine", "sns:DeleteTopic", "sns:SetTopicAttributes",
				"events:DeleteRule", "events:DisableRule", "scheduler:UpdateSchedule", "scheduler:DeleteSchedule",
				"logs:DeleteLogGroup", "logs:DeleteLogStream", "logs:DeleteRetentionPolicy"},
			resources: n.ownResources()},
		{sid: "NobodyDeletesAuditRows", deny: true,
			actions:   []string{"dynamodb:DeleteItem", "dynamodb:UpdateItem", "dynamodb:PartiQLDelete", "dynamodb:PartiQLUpdate"},
			resources: []string{n.tableARN(n.LockTable)},
			when:      conditions{"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": "audit:*"}}},
		{sid: "KeepTheTables", deny: true,
			actions: []string{"dynamodb:DeleteTable", "dynamodb:UpdateTable", "dynamodb:UpdateTimeToLive",
				"dynamodb:DeleteResourcePolicy", "dynamodb:PutResourcePolicy", "dynamodb:UpdateContinuousBackups"},
			resources: []string{n.tableARN(n.LockTable), n.tableARN(n.RunTable)}},
		{sid: "KeepTheBuckets", deny: true,
			actions: []string{"s3:DeleteBucket*", "s3:PutBucket*", "s3:PutLifecycleConfiguration", "s3:PutEncryptionConfiguration",
				"s3:PutReplicationConfiguration", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"},
			resources: []string{bucket, bucket + "/*", n.bucketARN(n.accessLogs()), n.bucketARN(n.accessLogs()) + "/*"}},
		{sid: "KeepTheKeys", deny: true, resources: []string{n.arn("kms", "key/*")},
			actions: []string{"kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:DisableKeyRotation", "kms:PutKeyPolicy"},
			when:    conditions{"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/" + n.prefix() + "-*"}}},
	}
}

// ownResources are Deployer's own roles, policies, functions, machines, topics, rules, schedules and logs.
func (n names) ownResources() []string {
	return []string{
		n.iam("role/Deployer*-" + n.Name + "*"), n.iam("role/Task*Role-" + n.Name), n.iam("policy/Deployer*-" + n.Name),
		n.arn("lambda", "function:"+n.prefix()+"-*"), n.arn("states", "stateMachine:"+n.prefix()+"-*"),
		n.arn("sns", n.prefix()+"-*"), n.arn("events", "rule/"+n.prefix()+"-*"), n.arn("scheduler", "schedule/"+n.prefix()+"/*"),
		n.logARN("/deployer/" + n.Name + "/*"), n.logARN("/aws/vendedlogs/states/" + n.prefix() + "-*"),
	}
}

// boundaryServices are the services of the component kinds, and those of Deployer itself. Whole services: what is done in
// them is the executor's policies' matter.
var boundaryServices = []string{
	"acm:*", "apigateway:*", "application-autoscaling:*", "autoscaling:*", "backup:*", "cloudfront:*", "cloudwatch:*",
	"dynamodb:*", "ec2:*", "ecr:*", "ecs:*", "eks:*", "elasticache:*", "elasticfilesystem:*", "elasticloadbalancing:*",
	"events:*", "execute-api:*", "kafka:*", "kafka-cluster:*", "kms:*", "lambda:*", "logs:*", "memorydb:*", "rds:*", "rds-db:*",
	"route53:*", "s3:*", "scheduler:*", "secretsmanager:*", "servicediscovery:*", "sns:*", "sqs:*", "ssm:*", "ssmmessages:*",
	"states:*", "sts:*", "tag:*", "wafv2:*", "xray:*",
}

// boundaryIdentity is the part of IAM that creating a component's role needs. No users, no access keys, no providers
// except EKS's.
var boundaryIdentity = []string{
	"iam:AddRoleToInstanceProfile", "iam:AttachRolePolicy", "iam:CreateInstanceProfile", "iam:CreateOpenIDConnectProvider",
	"iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:CreateRole", "iam:CreateServiceLinkedRole", "iam:DeleteInstanceProfile",
	"iam:DeleteOpenIDConnectProvider", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:DeleteRole", "iam:DeleteRolePolicy",
	"iam:DetachRolePolicy", "iam:Get*", "iam:List*", "iam:PassRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy",
	"iam:RemoveRoleFromInstanceProfile", "iam:Tag*", "iam:Untag*", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole",
	"iam:UpdateRoleDescription",
}

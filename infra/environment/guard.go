package environment

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
)

// Deployer's own things are guarded three times: by the boundary, where it makes that itself; by what the executor's role
// never may, whoever made the boundary; and by the policies of the bucket, the table and the keys.

// rolePath is where the executor makes the roles and instance profiles of components: by it policies tell them from all
// other roles of the account.
func (n names) rolePath() string          { return "/deployer/" + n.Name + "/" }
func (n names) componentRoles() string    { return n.iam("role" + n.rolePath() + "*") }
func (n names) componentProfiles() string { return n.iam("instance-profile" + n.rolePath() + "*") }

// byComponents is met when a component's role asks.
func (n names) byComponents() conditions {
	return conditions{"ArnLike": {"aws:PrincipalArn": n.componentRoles()}}
}

// byOthers is met when a role below the boundary asks that is none of Deployer's own: a component's.
func (n names) byOthers() conditions {
	return conditions{"ArnNotLike": {"aws:PrincipalArn": n.ownRoles()}}
}

func (n names) ownRoles() []string {
	return []string{n.iam("role/Deployer*-" + n.Name + "*"), n.iam("role/Task*Role-" + n.Name)}
}

// ownResources are Deployer's own functions, machines, topics, queue, rules, schedules, alarms, tasks, logs and aliases.
func (n names) ownResources() []string {
	return []string{
		n.arn("lambda", "function:"+n.prefix()+"-*"), n.arn("states", "*:"+n.prefix()+"-*"),
		n.arn("sns", n.prefix()+"-*"), n.arn("sqs", n.prefix()+"-*"), n.arn("events", "rule/"+n.prefix()+"-*"),
		n.arn("scheduler", "schedule*/"+n.prefix()+"*"), n.arn("cloudwatch", "alarm:"+n.prefix()+"-*"),
		n.clusterARN(), n.tasksARN(), n.taskDefinitionARN(), n.arn("kms", n.keyAlias("*")),
		n.logARN("/deployer/" + n.Name + "/*"), n.logARN("/aws/vendedlogs/states/" + n.prefix() + "-*"),
	}
}

// memory is the state bucket with its access logs, and the tables.
func (n names) memory() []string {
	return []string{
		n.bucketARN(n.StateBucket), n.bucketARN(n.StateBucket) + "/*", n.bucketARN(n.accessLogs()), n.bucketARN(n.accessLogs()) + "/*",
		n.tableARN(n.LockTable),
	}
}

// ownServices are the services of ownResources and memory.
var ownServices = []string{
	"cloudwatch:*", "dynamodb:*", "ecs:*", "events:*", "kms:*", "lambda:*", "logs:*", "s3:*", "scheduler:*", "sns:*", "sqs:*",
	"states:*",
}

// keyEnds are the ways to lose a key or to hand it to others.
var keyEnds = verbs("kms", "CreateGrant", "DisableKey", "DisableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion")

// keepMemory keeps whoever may use the memory from doing away with it.
func (n names) keepMemory() []statement {
	bucket, logs := n.bucketARN(n.StateBucket), n.bucketARN(n.accessLogs())
	return []statement{
		{sid: "NobodyDeletesAuditRows", deny: true,
			actions:   []string{"dynamodb:DeleteItem", "dynamodb:UpdateItem", "dynamodb:PartiQLDelete", "dynamodb:PartiQLUpdate"},
			resources: []string{n.tableARN(n.LockTable)},
			when:      conditions{"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": "audit:*"}}},
		{sid: "KeepTheTables", deny: true,
			actions: []string{"dynamodb:DeleteTable*", "dynamodb:UpdateTable*", "dynamodb:CreateTableReplica", "dynamodb:UpdateTimeToLive",
				"dynamodb:DeleteResourcePolicy", "dynamodb:PutResourcePolicy", "dynamodb:UpdateContinuousBackups"},
			resources: []string{n.tableARN(n.LockTable)}},
		{sid: "KeepTheBuckets", deny: true,
			actions: []string{"s3:DeleteBucket*", "s3:PutBucket*", "s3:PutLifecycleConfiguration", "s3:PutEncryptionConfiguration",
				"s3:PutReplicationConfiguration", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"},
			resources: []string{bucket, bucket + "/*", logs, logs + "/*"}},
	}
}

// addNever creates what the executor never does, whatever its other policies allow: it carries out what bundles say, and a
// bundle may name Deployer's own functions, topics, buckets, tables and keys like any others. The account's own boundary,
// where there is one, knows nothing of them.
func (n names) addNever(scope constructs.Construct, keep storage) awsiam.CfnManagedPolicy {
	return awsiam.NewCfnManagedPolicy(scope, str("Never"), &awsiam.CfnManagedPolicyProps{
		ManagedPolicyName: str(n.policy("ExecutorNever")), Description: str("The executor: what it never does to Deployer itself"),
		PolicyDocument: policy(n.never(keep)),
	})
}

func (n names) never(keep storage) []statement {
	keys := []string{keep.dataKey, keep.secretsKey}
	if keep.linkKey != "" {
		keys = append(keys, keep.linkKey)
	}
	return append([]statement{
		{sid: "LeaveDeployerAlone", deny: true, resources: n.ownResources(), actions: ownServices},
		{sid: "LeaveItsRolesAlone", deny: true, actions: []string{"iam:*", "sts:*"},
			resources: append(n.ownRoles(), n.iam("policy/Deployer*-"+n.Name))},
		{sid: "WriteNoLocks", deny: true, resources: []string{n.tableARN(n.LockTable)},
			actions: []string{"dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem",
				"dynamodb:PartiQL*"}},
		{sid: "KeepTheKeys", deny: true, resources: keys, actions: append(slices.Clone(keyEnds), "kms:*Alias")},
	}, n.keepMemory()...)
}

// notForComponents is the bucket's, the table's and each key's own refusal of components' roles. It holds under a boundary
// that Deployer did not make, and where an author wrote a permission for everything.
func (n names) notForComponents(because string, actions []string, resources ...string) statement {
	return statement{sid: "NotForComponents", deny: true, principal: map[string]any{"AWS": "*"}, actions: actions,
		resources: resources, when: n.byComponents(), because: because}
}

// tableItems are the actions on a table's items.
var tableItems = verbs("dynamodb", "BatchGetItem", "BatchWriteItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PartiQLDelete",
	"PartiQLInsert", "PartiQLSelect", "PartiQLUpdate", "PutItem", "Query", "Scan", "UpdateItem")

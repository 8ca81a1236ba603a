package environment

import "slices"

// lockWrites are the actions of a transaction of typed conditional writes, and its reading back.
var lockWrites = []string{
	"dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem",
}

// locks is what the words of the table's column locks allow on the lock table.
var locks = map[string][]string{
	"look":  {"dynamodb:GetItem"},
	"hold":  lockWrites,
	"sweep": append(slices.Clone(lockWrites), "dynamodb:Scan"),
}

// reaches is what the words of the table's column also allow.
var reaches = map[string]func(names, storage) []statement{
	"stop runs":             names.stopRuns,
	"answer approvals":      names.answerApprovals,
	"sign links":            names.signLinks,
	"check links":           names.checkLinks,
	"find runs":             names.findRuns,
	"see checkpoints":       names.seeCheckpoints,
	"read the webhook":      names.readWebhook,
	"read stacks' webhooks": names.readStacksWebhooks,
	"tell stacks' topics":   names.tellStacksTopics,
	"tell deployments":      tell("deployments"),
	"tell approvals":        tell("approvals"),
	"tell security":         tell("security"),
	"tell operations":       tell("operations"),
	"set aside":             names.setAside,
}

// webhookTag is what a secret or parameter must bear whose webhook a stack's bundle may name.
const webhookTag = "deployer:webhook"

func tell(topic string) func(names, storage) []statement {
	return func(n names, _ storage) []statement {
		return []statement{{sid: "Tell" + title(topic), actions: []string{"sns:Publish"}, resources: []string{n.topicARN(topic)}}}
	}
}

// setAside lets Lambda put what the function failed at, when nobody waits for its answer, into the queue of what was not delivered.
func (n names) setAside(storage) []statement {
	return []statement{{sid: "SetAside", actions: []string{"sqs:SendMessage"}, resources: []string{n.undeliveredARN()}}}
}

// stopRuns is for whoever takes over a lock: the old execution and its tasks are stopped first, and waited for.
func (n names) stopRuns(storage) []statement {
	executions := n.arn("states", "execution:"+n.prefix()+"-*")
	return []statement{
		{sid: "StopExecutions", actions: []string{"states:DescribeExecution", "states:StopExecution"}, resources: []string{executions}},
		{sid: "StopTasks", actions: []string{"ecs:DescribeTasks", "ecs:StopTask"}, resources: []string{n.tasksARN()}},
		{sid: "ListTasks", actions: []string{"ecs:ListTasks"}, resources: []string{"*"},
			because: "ecs:ListTasks has no resource type for tasks; the condition confines it to the executor's cluster.",
			when:    conditions{"ArnEquals": {"ecs:cluster": n.clusterARN()}}},
	}
}

func (n names) answerApprovals(storage) []statement {
	return []statement{{sid: "AnswerApprovals", actions: []string{"states:SendTaskFailure", "states:SendTaskSuccess"},
		resources: []string{n.machineARN("deploy"), n.machineARN("rollback")}}}
}

func (n names) signLinks(keep storage) []statement {
	if keep.linkKey == "" {
		return nil
	}
	return []statement{{sid: "SignLinks", actions: []string{"kms:GenerateMac"}, resources: []string{keep.linkKey}}}
}

func (n names) checkLinks(keep storage) []statement {
	if keep.linkKey == "" {
		return nil
	}
	return []statement{{sid: "CheckLinks", actions: []string{"kms:VerifyMac"}, resources: []string{keep.linkKey}}}
}

func (n names) readWebhook(storage) []statement {
	if n.Notifications.SlackSecret == "" {
		return nil
	}
	return []statement{{sid: "ReadWebhook", actions: []string{"secretsmanager:GetSecretValue"},
		resources: []string{n.Notifications.SlackSecret}}}
}

// readStacksWebhooks is for the channels that bundles name: only what its owner has tagged for that.
func (n names) readStacksWebhooks(storage) []statement {
	return []statement{
		{sid: "ReadStacksWebhooks", actions: []string{"secretsmanager:GetSecretValue"}, resources: []string{n.arn("secretsmanager", "secret:*")},
			when: conditions{"StringEquals": {"secretsmanager:ResourceTag/" + webhookTag: "true"}}},
		{sid: "ReadStacksParameters", actions: []string{"ssm:GetParameter"}, resources: []string{n.arn("ssm", "parameter/*")},
			when: conditions{"StringEquals": {"ssm:resourceTag/" + webhookTag: "true"}}},
	}
}

// tellStacksTopics is for the topics that bundles name, in whatever region of this account.
func (n names) tellStacksTopics(storage) []statement {
	return []statement{{sid: "TellStacksTopics", actions: []string{"sns:Publish"},
		resources: []string{"arn:" + n.partition() + ":sns:*:" + n.Account + ":*"}}}
}

// findRuns is for finding a run by its id alone: listing which stacks and environments there are.
func (n names) findRuns(storage) []statement {
	return []statement{{sid: "FindRuns", actions: []string{"s3:ListBucket"}, resources: []string{n.bucketARN(n.StateBucket)},
		when: conditions{"StringEquals": {"s3:prefix": "stacks/"}}}}
}

// seeCheckpoints is for seeing whether there is a checkpoint of a component whose task was lost; not for reading it.
func (n names) seeCheckpoints(storage) []statement {
	return []statement{{sid: "SeeCheckpoints", actions: []string{"s3:ListBucket"}, resources: []string{n.bucketARN(n.StateBucket)},
		when: conditions{"StringLike": {"s3:prefix": pulumi}}}}
}

// permissions are all of one function: its row's, and what every function needs for its log and traces.
func (r row) permissions(n names, keep storage) []statement {
	statements := []statement{
		{sid: "Log", actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			resources: []string{n.logARN(n.functionLog(r.task)) + ":*"}},
		tracing,
		{sid: "UseTheDataKey", actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, resources: []string{keep.dataKey}},
	}
	statements = append(statements, n.objects(r.reads, r.writes, r.deletes)...)
	if r.locks != "" {
		statements = append(statements, statement{sid: "Locks", actions: locks[r.locks], resources: []string{n.tableARN(n.LockTable)}})
	}
	for _, word := range r.also {
		statements = append(statements, reaches[word](n, keep)...)
	}
	return statements
}

var tracing = statement{sid: "Trace", actions: []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
	resources: []string{"*"}, because: "X-Ray has no resource types for what is sent to it."}

// objects allows reading, writing and deleting below prefixes of the state bucket. The condition on listing holds only
// where a listing names its prefix: a read of a missing key asks for the same permission without one, and without it S3
// answers 403 instead of 404.
func (n names) objects(reads, writes, deletes []string) []statement {
	bucket := n.bucketARN(n.StateBucket)
	below := func(prefixes []string) []string {
		arns := make([]string, len(prefixes))
		for i, prefix := range prefixes {
			arns[i] = bucket + "/" + prefix
		}
		return arns
	}
	var statements []statement
	if len(reads) > 0 {
		statements = append(statements,
			statement{sid: "Read", actions: []string{"s3:GetObject", "s3:GetObjectVersion"}, resources: below(reads)},
			statement{sid: "List", actions: []string{"s3:ListBucket"}, resources: []string{bucket},
				when: conditions{"StringLikeIfExists": {"s3:prefix": reads}}})
	}
	if len(writes) > 0 {
		statements = append(statements, statement{sid: "Write", actions: []string{"s3:PutObject"}, resources: below(writes)})
	}
	if len(deletes) > 0 {
		statements = append(statements, statement{sid: "Delete", actions: []string{"s3:DeleteObject"}, resources: below(deletes)})
	}
	return statements
}

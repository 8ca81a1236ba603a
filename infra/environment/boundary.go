package environment

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
)

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

// boundary allows the services that components use, IAM only as far as the executor makes components' roles, and takes away
// what would let a role out of sight or at Deployer's own memory.
func (n names) boundary() []statement {
	executor := conditions{"ArnEquals": {"aws:PrincipalArn": n.iam("role/" + n.taskRole())}}
	return append([]statement{
		{sid: "Services", actions: boundaryServices, resources: []string{"*"}, because: boundless},
		{sid: "ExecutorServices", actions: executorServices, resources: []string{"*"}, when: executor, because: boundless},
		{sid: "SeeRoles", actions: []string{"iam:Get*", "iam:List*"}, resources: []string{"*"}, because: boundless},
		{sid: "MakeRoles", resources: []string{n.componentRoles(), n.componentProfiles()}, when: executor,
			actions: []string{"iam:*InstanceProfile*", "iam:*Role*"}},
		{sid: "PassComponentsRoles", actions: []string{"iam:PassRole"}, resources: []string{n.componentRoles()}},
		{sid: "PassExecutorsRoles", actions: []string{"iam:PassRole"},
			resources: []string{n.iam("role/" + n.taskExecutionRole()), n.iam("role/" + n.taskRole())},
			when:      conditions{"ArnLike": {"aws:PrincipalArn": n.iam("role/" + n.executionRole("*"))}}},
		{sid: "ServiceLinkedRoles", actions: []string{"iam:CreateServiceLinkedRole"},
			resources: []string{n.iam("role/aws-service-role/*")}},
		{sid: "KeepTheBoundary", deny: true, resources: []string{"*"},
			because: "Whatever role it is: without this boundary none may be created or changed.",
			actions: []string{"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"},
			when:    conditions{"StringNotEquals": {"iam:PermissionsBoundary": n.boundaryARN()}}},
		{sid: "NeverTakeItOff", deny: true, actions: []string{"iam:DeleteRolePermissionsBoundary"}, resources: []string{"*"},
			because: "No role at all may lose its boundary."},
		// The roles of the CDK's bootstrap trust the whole account, and one of them may do everything.
		{sid: "BecomeNobodyElse", deny: true, actions: []string{"sts:AssumeRole"},
			resources: append(n.ownRoles(), n.iam("role/cdk-*"))},
		{sid: "OthersStayOut", deny: true, actions: ownServices, resources: append(n.ownResources(), n.memory()...),
			when: n.byOthers()},
		{sid: "OthersUseNoKey", deny: true, actions: []string{"kms:*"}, resources: []string{n.arn("kms", "key/*")},
			when: conditions{"ArnNotLike": n.byOthers()["ArnNotLike"],
				"ForAnyValue:StringLike": {"kms:ResourceAliases": n.keyAlias("*")}}},
		{sid: "KeepTheKeys", deny: true, resources: []string{n.arn("kms", "key/*")}, actions: keyEnds,
			when: conditions{"ForAnyValue:StringLike": {"kms:ResourceAliases": n.keyAlias("*")}}},
	}, n.keepMemory()...)
}

const boundless = "A boundary must speak of every resource that any policy beside it may speak of; it grants none."

// boundaryServices are the services of the component kinds, and those of Deployer itself. Whole services: what is done in
// them is the executor's policies' matter. Systems Manager's agent speaks through ec2messages too.
var boundaryServices = []string{
	"acm:*", "apigateway:*", "application-autoscaling:*", "autoscaling:*", "backup:*", "cloudfront:*", "cloudwatch:*",
	"dynamodb:*", "ec2:*", "ec2messages:*", "ecr:*", "ecs:*", "eks:*", "elasticache:*", "elasticfilesystem:*",
	"elasticloadbalancing:*", "events:*", "execute-api:*", "kafka:*", "kafka-cluster:*", "kms:*", "lambda:*", "logs:*",
	"memorydb:*", "rds:*", "rds-db:*", "route53:*", "s3:*", "scheduler:*", "secretsmanager:*", "servicediscovery:*", "sns:*",
	"sqs:*", "ssm:*", "ssmmessages:*", "states:*", "sts:*", "tag:*", "wafv2:*", "xray:*",
}

// executorServices are services that no component calls: what watches over an account is set up by the executor alone.
var executorServices = []string{"cloudtrail:*", "dlm:*", "guardduty:*", "schemas:*"}

package environment

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
)

// family is what the executor may do for one family of component kinds. IAM's limits want several policies instead of one.
type family struct {
	name       string
	says       string
	statements func(names) []statement
	rules      []string // of scanners, excused for the reason that holds for all families
}

var families = []family{
	{"Containers", "MicroService, Worker, CronJob, Lambda, EC2Instance and what watches them", names.forContainers, nil},
	{"Data", "RDS, DocumentDB, DynamoDB, ElastiCache, MemoryDB, S3, EFS, EBS", names.forData, nil},
	{"Messages", "SQS, SNS, EventBridge, Kafka, MSK", names.forMessages, nil},
	{"Edges", "ALB, NLB, CloudFront, APIGateway and the network around them", names.forEdges, []string{"checkov:CKV_AWS_109", "checkov:CKV_AWS_111"}},
	{"Identity", "The roles, keys and secrets of components", names.forIdentity, nil},
	{"Platform", "Security, Observability and the copies of disks", names.forPlatform, nil},
}

const manyNames = "Components' resources bear names from bundles that are not written yet; the boundary and the region limit them."

// addTaskRole creates the executor's role: Deployer's own state, and by family what Pulumi does for components.
func (n names) addTaskRole(stack awscdk.Stack, keep storage) awsiam.CfnRole {
	var managed []any
	for _, one := range families {
		statements := one.statements(n)
		created := awsiam.NewCfnManagedPolicy(stack, str("May"+one.name), &awsiam.CfnManagedPolicyProps{
			ManagedPolicyName: str(n.policy("Executor" + one.name)), Description: str("The executor: " + one.says),
			PolicyDocument: policy(statements),
		})
		explain(created, statements)
		forgive(created, excuse{manyNames, append([]string{"nag:AwsSolutions-IAM5"}, one.rules...)})
		managed = append(managed, created.Ref())
	}
	managed = append(managed, n.addNever(stack, keep).Ref())
	return n.addRole(stack, "TaskRole", role{
		name: n.taskRole(), says: "The executor: Deployer's state, and what Pulumi does for components", service: "ecs-tasks",
		source: n.arn("ecs", "*"), managed: managed, may: n.forState(keep),
		excuses: []excuse{{"Stacks, environments and components have names that nobody knows beforehand.",
			[]string{"nag:AwsSolutions-IAM5"}}},
	})
}

// forState reads orders, checks the fence, writes outcomes, and keeps Pulumi's backend below each component's prefix.
func (n names) forState(keep storage) []statement {
	statements := append(n.objects([]string{runs, current, pulumi}, []string{runs, pulumi}, []string{pulumi}), []statement{
		{sid: "CheckTheFence", actions: locks["look"], resources: []string{n.tableARN(n.LockTable)}},
		{sid: "UseTheDataKey", actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, resources: []string{keep.dataKey}},
		{sid: "UseTheSecretsKey", actions: []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"},
			resources: []string{keep.secretsKey}},
		tracing,
	}...)
	return statements
}

// here confines a statement to the installation's region.
func (n names) here() conditions {
	return conditions{"StringEquals": {"aws:RequestedRegion": n.Region}}
}

// verbs lists actions of one service.
func verbs(service string, names ...string) []string {
	actions := make([]string, len(names))
	for i, name := range names {
		actions[i] = service + ":" + name
	}
	return actions
}

func join(lists ...[]string) []string {
	var all []string
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

func (n names) regional(sid string, actions ...[]string) statement {
	return statement{sid: sid, actions: join(actions...), resources: []string{"*"}, when: n.here(), because: manyNames}
}

func (n names) forContainers() []statement {
	return []statement{
		n.regional("Ecs", verbs("ecs", "CreateCapacityProvider", "CreateCluster", "CreateService", "DeleteCapacityProvider",
			"DeleteCluster", "DeleteService", "DeregisterTaskDefinition", "Describe*", "List*", "PutClusterCapacityProviders",
			"RegisterTaskDefinition", "RunTask", "StopTask", "TagResource", "UntagResource", "UpdateCluster", "UpdateClusterSettings",
			"UpdateService")),
		n.regional("Scaling", verbs("application-autoscaling", "DeleteScalingPolicy", "DeregisterScalableTarget", "Describe*",
			"ListTagsForResource", "PutScalingPolicy", "RegisterScalableTarget", "TagResource", "UntagResource"),
			verbs("autoscaling", "AttachLoadBalancerTargetGroups", "AttachTrafficSources", "DetachLoadBalancerTargetGroups",
				"DetachTrafficSources", "DisableMetricsCollection", "EnableMetricsCollection", "SetInstanceProtection", "CreateAutoScalingGroup", "CreateOrUpdateTags",
				"DeleteAutoScalingGroup", "DeletePolicy", "DeleteTags", "Describe*", "PutScalingPolicy", "StartInstanceRefresh",
				"UpdateAutoScalingGroup")),
		n.regional("Lambda", verbs("lambda", "AddPermission", "CreateAlias", "CreateEventSourceMapping", "CreateFunction",
			"CreateFunctionUrlConfig", "DeleteAlias", "DeleteEventSourceMapping", "DeleteFunction", "DeleteFunctionConcurrency",
			"DeleteFunctionUrlConfig", "DeleteProvisionedConcurrencyConfig", "Get*", "InvokeFunction", "List*", "PublishVersion",
			"PutFunctionConcurrency", "PutProvisionedConcurrencyConfig", "UpdateFunctionUrlConfig", "RemovePermission", "TagResource", "UntagResource", "UpdateAlias",
			"UpdateEventSourceMapping", "UpdateFunctionCode", "UpdateFunctionConfiguration")),
		n.regional("Schedules", verbs("scheduler", "CreateSchedule", "CreateScheduleGroup", "DeleteSchedule",
			"DeleteScheduleGroup", "Get*", "List*", "TagResource", "UntagResource", "UpdateSchedule")),
		n.regional("Clusters", verbs("eks", "AccessKubernetesApi", "CreatePodIdentityAssociation", "DeletePodIdentityAssociation",
			"DescribeCluster", "DescribePodIdentityAssociation", "ListClusters", "UpdatePodIdentityAssociation")),
		n.regional("Watching", verbs("logs", "CreateLogGroup", "DeleteLogGroup", "DeleteRetentionPolicy", "Describe*",
			"FilterLogEvents", "ListTagsForResource", "PutRetentionPolicy", "AssociateKmsKey", "TagResource", "UntagResource",
			"CreateLogDelivery", "DeleteLogDelivery", "GetLogDelivery", "ListLogDeliveries", "PutResourcePolicy",
			"UpdateLogDelivery"),
			verbs("cloudwatch", "DeleteAlarms", "DeleteDashboards", "Describe*", "GetDashboard", "GetMetric*", "ListMetrics",
				"ListTagsForResource", "PutDashboard", "PutMetricAlarm", "TagResource", "UntagResource")),
		n.regional("Discovery", verbs("servicediscovery", "Create*", "DeleteNamespace", "DeleteService", "Get*", "List*",
			"TagResource", "UntagResource", "UpdateService"),
			verbs("ecr", "BatchGetImage", "DescribeImages", "DescribeRepositories", "GetAuthorizationToken")),
		n.regional("Instances", verbs("ec2", "RunInstances", "StartInstances", "StopInstances", "TerminateInstances",
			"ModifyInstanceAttribute", "ModifyInstanceMetadataOptions", "AssociateIamInstanceProfile",
			"CreateLaunchTemplate", "CreateLaunchTemplateVersion", "DeleteLaunchTemplate", "ModifyLaunchTemplate")),
	}
}

func (n names) forData() []statement {
	return []statement{
		n.regional("Rds", verbs("rds", "AddTagsToResource", "CreateDBCluster*", "CreateDBInstance", "CreateDBInstanceReadReplica",
			"CreateDBParameterGroup", "DeleteDBInstanceAutomatedBackup", "PromoteReadReplica",
			"CreateDBSnapshot", "CreateDBSubnetGroup", "DeleteDBCluster*", "DeleteDBInstance", "DeleteDBParameterGroup",
			"DeleteDBSubnetGroup", "Describe*", "ListTagsForResource", "ModifyDB*", "RebootDBInstance", "RemoveTagsFromResource",
			"ResetDBClusterParameterGroup", "ResetDBParameterGroup", "RestoreDB*")),
		n.regional("DynamoDB", verbs("dynamodb", "CreateTable", "DeleteTable", "Describe*", "ListTagsOfResource", "TagResource",
			"UntagResource", "UpdateContinuousBackups", "UpdateContributorInsights", "UpdateTable", "UpdateTimeToLive", "CreateBackup", "PutResourcePolicy",
			"GetResourcePolicy", "DeleteResourcePolicy")),
		{sid: "Replicas", resources: []string{"arn:" + n.partition() + ":dynamodb:*:" + n.Account + ":table/*"},
			actions: verbs("dynamodb", "BatchWriteItem", "CreateTable", "CreateTableReplica", "DeleteItem", "DeleteTable",
				"DeleteTableReplica", "Describe*", "GetItem", "ListTagsOfResource", "PutItem", "Query", "Scan", "TagResource",
				"UntagResource", "UpdateContinuousBackups", "UpdateItem", "UpdateTable", "UpdateTimeToLive")},
		n.regional("Caches", verbs("elasticache", "AddTagsToResource", "Create*", "Delete*", "Describe*", "List*", "Modify*",
			"RemoveTagsFromResource", "IncreaseReplicaCount", "DecreaseReplicaCount"),
			verbs("memorydb", "Create*", "Delete*", "Describe*", "ListTags", "TagResource", "UntagResource", "Update*")),
		n.regional("Files", verbs("elasticfilesystem", "Create*", "DeleteAccessPoint", "DeleteFileSystem", "DeleteFileSystemPolicy",
			"DeleteMountTarget",
			"Describe*", "ListTagsForResource", "ModifyMountTargetSecurityGroups", "PutBackupPolicy", "PutFileSystemPolicy",
			"PutLifecycleConfiguration", "TagResource", "UntagResource", "UpdateFileSystem", "UpdateFileSystemProtection")),
		n.regional("Volumes", verbs("ec2", "AttachVolume", "CreateSnapshot", "CreateVolume", "DeleteVolume", "DetachVolume",
			"ModifyVolume")),
		n.regional("Buckets", verbs("s3", "CreateBucket", "DeleteBucket", "DeleteBucketPolicy", "GetAccelerateConfiguration",
			"GetBucket*", "GetEncryptionConfiguration", "GetLifecycleConfiguration", "GetReplicationConfiguration", "ListBucket",
			"ListTagsForResource", "PutBucket*", "PutEncryptionConfiguration", "PutLifecycleConfiguration",
			"PutReplicationConfiguration", "TagResource", "UntagResource")),
		n.regional("Backups", verbs("backup", "CreateBackup*", "DeleteBackupPlan", "DeleteBackupSelection", "DeleteBackupVault",
			"Describe*", "Get*", "List*", "StartBackupJob", "TagResource", "UntagResource", "UpdateBackupPlan")),
	}
}

func (n names) forMessages() []statement {
	return []statement{
		n.regional("Queues", verbs("sqs", "CreateQueue", "DeleteQueue", "Get*", "List*", "SetQueueAttributes", "TagQueue",
			"UntagQueue")),
		n.regional("Topics", verbs("sns", "CreateTopic", "DeleteTopic", "Get*", "List*", "SetSubscriptionAttributes",
			"SetTopicAttributes", "Subscribe", "TagResource", "Unsubscribe", "UntagResource")),
		n.regional("Buses", verbs("events", "CreateArchive", "CreateEventBus", "DeleteArchive", "DeleteEventBus", "DeleteRule",
			"Describe*", "List*", "PutPermission", "PutRule", "PutTargets", "RemovePermission", "RemoveTargets", "TagResource",
			"UntagResource", "UpdateArchive", "UpdateEventBus")),
		n.regional("Kafka", verbs("kafka", "BatchAssociateScramSecret", "BatchDisassociateScramSecret", "CreateCluster*",
			"CreateConfiguration", "DeleteCluster", "DeleteConfiguration", "Describe*", "Get*", "List*", "PutClusterPolicy",
			"TagResource", "UntagResource", "Update*"),
			verbs("kafka-cluster", "AlterTopic", "Connect", "CreateTopic", "DeleteTopic", "DescribeTopic")),
	}
}

func (n names) forEdges() []statement {
	return []statement{
		n.regional("LoadBalancers", verbs("elasticloadbalancing", "Add*", "Create*", "Delete*", "DeregisterTargets", "Describe*",
			"Modify*", "RegisterTargets", "RemoveListenerCertificates", "RemoveTags", "SetIpAddressType", "SetRulePriorities",
			"SetSecurityGroups", "SetSubnets", "SetWebACL")),
		n.regional("Gateways", verbs("apigateway", "DELETE", "GET", "PATCH", "POST", "PUT")),
		n.regional("Certificates", verbs("acm", "AddTagsToCertificate", "DeleteCertificate", "DescribeCertificate",
			"ListCertificates", "ListTagsForCertificate", "RemoveTagsFromCertificate", "RequestCertificate"),
			verbs("wafv2", "AssociateWebACL", "CreateIPSet", "CreateWebACL", "DeleteIPSet", "DeleteWebACL", "DisassociateWebACL",
				"GetIPSet", "GetWebACL*", "List*", "TagResource", "UntagResource", "UpdateIPSet", "UpdateWebACL"),
			verbs("apigateway", "SetWebACL")),
		n.regional("Network", verbs("ec2", "AllocateAddress", "AssociateAddress", "AssociateRouteTable", "AttachInternetGateway",
			"AuthorizeSecurityGroup*", "CreateFlowLogs", "CreateInternetGateway", "CreateNatGateway", "CreateRoute*",
			"CreateSecurityGroup", "CreateSubnet", "CreateTags", "CreateVpc", "CreateVpcEndpoint", "DeleteFlowLogs",
			"DeleteInternetGateway", "DeleteNatGateway", "DeleteRoute*", "DeleteSecurityGroup", "DeleteSubnet", "DeleteTags",
			"DeleteVpc", "DeleteVpcEndpoints", "Describe*", "DetachInternetGateway", "DisassociateAddress",
			"DisassociateRouteTable", "GetManagedPrefixList*", "ModifySecurityGroupRules", "ModifySubnetAttribute",
			"ModifyVpcAttribute", "ModifyVpcEndpoint", "ReleaseAddress", "ReplaceRoute*", "RevokeSecurityGroup*",
			"UpdateSecurityGroupRule*")),
		{sid: "EdgeLogs", resources: []string{"*"}, because: "The logs of CloudFront are set up in its own region alone. " + manyNames,
			actions: verbs("logs", "CreateDelivery", "Delete*Delivery*", "DescribeDeliver*", "GetDelivery*", "ListTagsForResource",
				"PutDeliveryDestination", "PutDeliverySource", "TagResource", "UntagResource", "UpdateDeliveryConfiguration"),
			when: conditions{"StringEquals": {"aws:RequestedRegion": edgeRegion}}},
		{sid: "GlobalEdges", resources: []string{"*"}, because: "CloudFront and Route 53 have no region. " + manyNames,
			actions: join(verbs("cloudfront", "AllowVendedLogDeliveryForResource", "CreateDistribution*", "CreateOriginAccessControl", "CreateCachePolicy",
				"DeleteDistribution", "DeleteOriginAccessControl", "DeleteCachePolicy", "Get*", "List*", "TagResource",
				"UntagResource", "UpdateDistribution", "UpdateOriginAccessControl", "UpdateCachePolicy"),
				verbs("route53", "ChangeResourceRecordSets", "ChangeTagsForResource", "CreateHostedZone", "DeleteHostedZone",
					"GetChange", "GetHostedZone", "List*"))},
	}
}

// forIdentity names roles by the path at which the executor makes them: no other role of the account can be changed, nor
// handed to what a bundle creates.
func (n names) forIdentity() []statement {
	bounded := conditions{"StringEquals": {"iam:PermissionsBoundary": n.boundaryARN()}}
	roles := []string{n.componentRoles()}
	return []statement{
		{sid: "MakeBoundedRoles", resources: roles, when: bounded, actions: verbs("iam", "AttachRolePolicy", "CreateRole",
			"PutRolePermissionsBoundary", "PutRolePolicy")},
		{sid: "TendRoles", resources: append(roles, n.componentProfiles()), actions: tendRoles},
		{sid: "PassRoles", actions: []string{"iam:PassRole"}, resources: roles,
			when: conditions{"StringEquals": {"iam:PassedToService": passedTo}}},
		{sid: "ServiceLinkedRoles", actions: []string{"iam:CreateServiceLinkedRole"}, resources: []string{n.iam("role/aws-service-role/*")},
			when: conditions{"StringEquals": {"iam:AWSServiceName": serviceLinked}}},
		n.regional("Keys", verbs("kms", "CreateAlias", "CreateGrant", "CreateKey", "DeleteAlias", "DescribeKey",
			"EnableKeyRotation", "GetKeyPolicy", "GetKeyRotationStatus", "ListAliases", "ListResourceTags", "PutKeyPolicy",
			"ScheduleKeyDeletion", "TagResource", "UntagResource", "UpdateAlias", "UpdateKeyDescription")),
		{sid: "UseKeysForServices", resources: []string{n.arn("kms", "key/*")},
			actions: verbs("kms", "Decrypt", "Encrypt", "GenerateDataKey*", "ReEncrypt*"),
			when:    conditions{"StringLike": {"kms:ViaService": "*." + n.Region + ".amazonaws.com*"}}},
		n.regional("Secrets", verbs("secretsmanager", "CancelRotateSecret", "CreateSecret", "DeleteSecret", "DescribeSecret",
			"GetResourcePolicy", "ListSecretVersionIds", "PutResourcePolicy", "PutSecretValue", "RotateSecret", "TagResource",
			"UntagResource", "UpdateSecret"),
			verbs("ssm", "AddTagsToResource", "DeleteParameter", "DescribeParameters", "ListTagsForResource", "PutParameter",
				"RemoveTagsFromResource")),
		n.readSecrets("ReadOwnSecrets", "StringLike", "deployer:stack", "*"),
		n.readSecrets("ReadSecretsForBundles", "StringEquals", readableTag, "true"),
		{sid: "ReadImagesOfAWS", actions: verbs("ssm", "GetParameter", "GetParameters"),
			resources: []string{"arn:" + n.partition() + ":ssm:" + n.Region + "::parameter/aws/service/*"}},
	}
}

// readableTag is what a secret or parameter must bear whose value a bundle may have the executor read.
const readableTag = "deployer:readable"

// readSecrets is for values that the executor itself needs: those it made, and those that their owner has tagged. A bundle
// can name any secret and send it anywhere with a hook; whoever writes one must not thereby read all of the account's.
func (n names) readSecrets(sid, operator, tag, value string) statement {
	return statement{sid: sid, resources: []string{n.arn("secretsmanager", "secret:*"), n.arn("ssm", "parameter/*")},
		actions: []string{"secretsmanager:GetSecretValue", "ssm:GetParameter", "ssm:GetParameters"},
		when:    conditions{operator: {"aws:ResourceTag/" + tag: value}}}
}

func (n names) forPlatform() []statement {
	return []statement{
		n.regional("Security", verbs("guardduty", "CreateDetector", "DeleteDetector", "GetDetector", "ListDetectors",
			"ListTagsForResource", "TagResource", "UntagResource", "UpdateDetector"),
			verbs("cloudtrail", "AddTags", "CreateTrail", "DeleteTrail", "Describe*", "Get*", "List*", "PutEventSelectors",
				"PutInsightSelectors", "RemoveTags", "StartLogging", "StopLogging", "UpdateTrail")),
		n.regional("Observability", verbs("xray", "CreateSamplingRule", "DeleteSamplingRule", "GetSamplingRules",
			"ListTagsForResource", "TagResource", "UntagResource", "UpdateSamplingRule"),
			verbs("schemas", "CreateDiscoverer", "DeleteDiscoverer", "DescribeDiscoverer", "ListTagsForResource",
				"StartDiscoverer", "StopDiscoverer", "TagResource", "UntagResource", "UpdateDiscoverer")),
		n.regional("Snapshots", verbs("dlm", "CreateLifecyclePolicy", "DeleteLifecyclePolicy", "GetLifecyclePolic*",
			"ListTagsForResource", "TagResource", "UntagResource", "UpdateLifecyclePolicy")),
	}
}

// edgeRegion is where everything about CloudFront lives.
const edgeRegion = "us-east-1"

// tendRoles is what the life of a component's role needs beside making it.
var tendRoles = verbs("iam", "AddRoleToInstanceProfile", "CreateInstanceProfile", "DeleteInstanceProfile", "DeleteRole",
	"DeleteRolePolicy", "DetachRolePolicy", "GetInstanceProfile", "GetRole", "GetRolePolicy", "ListAttachedRolePolicies",
	"ListInstanceProfilesForRole", "ListInstanceProfileTags", "ListRolePolicies", "ListRoleTags",
	"RemoveRoleFromInstanceProfile", "TagInstanceProfile", "TagRole", "UntagInstanceProfile", "UntagRole",
	"UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription")

// passedTo are the services that components' roles are for.
var passedTo = []string{
	"application-autoscaling.amazonaws.com", "apigateway.amazonaws.com", "autoscaling.amazonaws.com", "backup.amazonaws.com",
	"dlm.amazonaws.com", "ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "ecs.amazonaws.com", "events.amazonaws.com", "lambda.amazonaws.com",
	"monitoring.rds.amazonaws.com", "pods.eks.amazonaws.com", "rds.amazonaws.com", "s3.amazonaws.com", "scheduler.amazonaws.com",
	"vpc-flow-logs.amazonaws.com",
}

// serviceLinked are the services that make a role of their own when first used.
var serviceLinked = []string{
	"autoscaling.amazonaws.com", "dynamodb.application-autoscaling.amazonaws.com", "ecs.amazonaws.com",
	"ecs.application-autoscaling.amazonaws.com", "elasticache.amazonaws.com", "elasticfilesystem.amazonaws.com",
	"elasticloadbalancing.amazonaws.com", "kafka.amazonaws.com", "memorydb.amazonaws.com", "ops.apigateway.amazonaws.com",
	"rds.amazonaws.com", "backup.amazonaws.com", "guardduty.amazonaws.com", "replication.dynamodb.amazonaws.com",
	"schemas.amazonaws.com",
}

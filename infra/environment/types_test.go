package environment

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// needs says for each resource type of Pulumi that shared/provision makes, and for each it looks up, what AWS asks for while
// it is created, read, changed and deleted; from the permissions of the handlers in CloudFormation's resource schemas and the
// calls in the provider's sources. Here are those that tell a family's policy apart, not every Describe.
var needs = map[string]string{
	"apigateway.NewApiKey":          "apigateway:POST apigateway:GET apigateway:PATCH apigateway:DELETE",
	"apigateway.NewBasePathMapping": "apigateway:POST apigateway:DELETE",
	"apigateway.NewDeployment":      "apigateway:POST apigateway:DELETE",
	"apigateway.NewDomainName":      "apigateway:POST apigateway:PATCH acm:DescribeCertificate",
	"apigateway.NewMethodSettings":  "apigateway:PATCH",
	"apigateway.NewRestApi":         "apigateway:POST apigateway:PUT apigateway:PATCH apigateway:DELETE",
	"apigateway.NewStage": "apigateway:POST apigateway:PATCH logs:CreateLogDelivery logs:PutResourcePolicy " +
		"logs:DescribeResourcePolicies logs:ListLogDeliveries apigateway:SetWebACL",
	"apigateway.NewUsagePlan":                       "apigateway:POST apigateway:PATCH apigateway:DELETE",
	"apigateway.NewUsagePlanKey":                    "apigateway:POST apigateway:DELETE",
	"apigateway.NewVpcLink":                         "apigateway:POST apigateway:DELETE elasticloadbalancing:DescribeLoadBalancers",
	"apigatewayv2.NewApi":                           "apigateway:POST apigateway:PUT apigateway:PATCH apigateway:DELETE",
	"apigatewayv2.NewApiMapping":                    "apigateway:POST apigateway:DELETE",
	"apigatewayv2.NewAuthorizer":                    "apigateway:POST apigateway:DELETE",
	"apigatewayv2.NewDomainName":                    "apigateway:POST apigateway:DELETE acm:DescribeCertificate",
	"apigatewayv2.NewIntegration":                   "apigateway:POST apigateway:DELETE",
	"apigatewayv2.NewRoute":                         "apigateway:POST apigateway:DELETE",
	"apigatewayv2.NewStage":                         "apigateway:POST logs:CreateLogDelivery logs:UpdateLogDelivery logs:DeleteLogDelivery logs:ListLogDeliveries logs:PutResourcePolicy",
	"apigatewayv2.NewVpcLink":                       "apigateway:POST ec2:DescribeSubnets iam:CreateServiceLinkedRole",
	"appautoscaling.NewPolicy":                      "application-autoscaling:PutScalingPolicy application-autoscaling:DeleteScalingPolicy",
	"appautoscaling.NewTarget":                      "application-autoscaling:RegisterScalableTarget application-autoscaling:DeregisterScalableTarget iam:CreateServiceLinkedRole",
	"autoscaling.NewGroup":                          "autoscaling:CreateAutoScalingGroup autoscaling:UpdateAutoScalingGroup autoscaling:DeleteAutoScalingGroup autoscaling:EnableMetricsCollection autoscaling:SetInstanceProtection ec2:RunInstances",
	"aws.GetAvailabilityZones":                      "ec2:DescribeAvailabilityZones",
	"aws.GetCallerIdentity":                         "", // it needs no permission
	"aws.NewProvider":                               "",
	"cloudfront.NewDistribution":                    "cloudfront:CreateDistribution cloudfront:CreateDistributionWithTags cloudfront:UpdateDistribution cloudfront:DeleteDistribution cloudfront:TagResource wafv2:GetWebACL",
	"cloudfront.NewOriginAccessControl":             "cloudfront:CreateOriginAccessControl cloudfront:UpdateOriginAccessControl cloudfront:DeleteOriginAccessControl",
	"cloudtrail.NewTrail":                           "cloudtrail:CreateTrail cloudtrail:UpdateTrail cloudtrail:DeleteTrail cloudtrail:StartLogging cloudtrail:PutEventSelectors cloudtrail:AddTags cloudtrail:GetTrailStatus",
	"cloudwatch.NewDashboard":                       "cloudwatch:PutDashboard cloudwatch:DeleteDashboards",
	"cloudwatch.NewEventArchive":                    "events:CreateArchive events:UpdateArchive events:DeleteArchive",
	"cloudwatch.NewEventBus":                        "events:CreateEventBus events:DeleteEventBus",
	"cloudwatch.NewEventBusPolicy":                  "events:PutPermission events:RemovePermission",
	"cloudwatch.NewEventRule":                       "events:PutRule events:DeleteRule events:TagResource",
	"cloudwatch.NewEventTarget":                     "events:PutTargets events:RemoveTargets iam:PassRole@events",
	"cloudwatch.NewLogDelivery":                     "logs:CreateDelivery@us-east-1 logs:GetDelivery@us-east-1 logs:DeleteDelivery@us-east-1",
	"cloudwatch.NewLogDeliveryDestination":          "logs:PutDeliveryDestination@us-east-1 logs:GetDeliveryDestination@us-east-1 logs:DeleteDeliveryDestination@us-east-1",
	"cloudwatch.NewLogDeliverySource":               "logs:PutDeliverySource@us-east-1 logs:GetDeliverySource@us-east-1 logs:DeleteDeliverySource@us-east-1 cloudfront:AllowVendedLogDeliveryForResource",
	"cloudwatch.NewLogGroup":                        "logs:CreateLogGroup logs:DeleteLogGroup logs:PutRetentionPolicy logs:AssociateKmsKey",
	"cloudwatch.NewMetricAlarm":                     "cloudwatch:PutMetricAlarm cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms",
	"dlm.NewLifecyclePolicy":                        "dlm:CreateLifecyclePolicy dlm:GetLifecyclePolicy dlm:UpdateLifecyclePolicy dlm:DeleteLifecyclePolicy iam:PassRole@dlm",
	"docdb.NewCluster":                              "rds:CreateDBCluster rds:ModifyDBCluster rds:DeleteDBCluster",
	"docdb.NewClusterInstance":                      "rds:CreateDBInstance rds:DeleteDBInstance",
	"docdb.NewClusterParameterGroup":                "rds:CreateDBClusterParameterGroup rds:ModifyDBClusterParameterGroup rds:DeleteDBClusterParameterGroup",
	"docdb.NewSubnetGroup":                          "rds:CreateDBSubnetGroup rds:DeleteDBSubnetGroup",
	"dynamodb.LookupTable":                          "dynamodb:DescribeTable",
	"dynamodb.NewContributorInsights":               "dynamodb:UpdateContributorInsights dynamodb:DescribeContributorInsights",
	"dynamodb.NewTable":                             "dynamodb:CreateTable dynamodb:UpdateTable dynamodb:DeleteTable dynamodb:UpdateTimeToLive dynamodb:UpdateContinuousBackups dynamodb:CreateTableReplica@eu-north-1 dynamodb:CreateTable@eu-north-1 dynamodb:DeleteTableReplica@eu-north-1",
	"ebs.NewVolume":                                 "ec2:CreateVolume ec2:ModifyVolume ec2:DeleteVolume ec2:CreateSnapshot kms:CreateGrant kms:GenerateDataKeyWithoutPlaintext kms:ReEncryptFrom kms:Decrypt",
	"ec2.NewDefaultSecurityGroup":                   "ec2:DescribeSecurityGroups ec2:RevokeSecurityGroupIngress ec2:RevokeSecurityGroupEgress",
	"ec2.NewEip":                                    "ec2:AllocateAddress ec2:ReleaseAddress ec2:CreateTags",
	"ec2.NewFlowLog":                                "ec2:CreateFlowLogs ec2:DeleteFlowLogs iam:PassRole@vpc-flow-logs",
	"ec2.NewInstance":                               "ec2:RunInstances ec2:TerminateInstances ec2:ModifyInstanceAttribute iam:PassRole@ec2",
	"ec2.NewInternetGateway":                        "ec2:CreateInternetGateway ec2:AttachInternetGateway ec2:DetachInternetGateway ec2:DeleteInternetGateway",
	"ec2.NewLaunchTemplate":                         "ec2:CreateLaunchTemplate ec2:CreateLaunchTemplateVersion ec2:ModifyLaunchTemplate ec2:DeleteLaunchTemplate iam:PassRole@ec2",
	"ec2.NewNatGateway":                             "ec2:CreateNatGateway ec2:DeleteNatGateway",
	"ec2.NewRoute":                                  "ec2:CreateRoute ec2:ReplaceRoute ec2:DeleteRoute",
	"ec2.NewRouteTable":                             "ec2:CreateRouteTable ec2:DeleteRouteTable",
	"ec2.NewRouteTableAssociation":                  "ec2:AssociateRouteTable ec2:DisassociateRouteTable ec2:ReplaceRouteTableAssociation",
	"ec2.NewSecurityGroup":                          "ec2:CreateSecurityGroup ec2:DeleteSecurityGroup ec2:RevokeSecurityGroupEgress",
	"ec2.NewSubnet":                                 "ec2:CreateSubnet ec2:ModifySubnetAttribute ec2:DeleteSubnet",
	"ec2.NewVolumeAttachment":                       "ec2:AttachVolume ec2:DetachVolume",
	"ec2.NewVpc":                                    "ec2:CreateVpc ec2:ModifyVpcAttribute ec2:DeleteVpc",
	"ec2.NewVpcEndpoint":                            "ec2:CreateVpcEndpoint ec2:ModifyVpcEndpoint ec2:DeleteVpcEndpoints",
	"ecs.NewCapacityProvider":                       "ecs:CreateCapacityProvider ecs:DeleteCapacityProvider autoscaling:CreateOrUpdateTags",
	"ecs.NewCluster":                                "ecs:CreateCluster ecs:UpdateCluster ecs:DeleteCluster iam:CreateServiceLinkedRole",
	"ecs.NewClusterCapacityProviders":               "ecs:PutClusterCapacityProviders",
	"ecs.NewService":                                "ecs:CreateService ecs:UpdateService ecs:DeleteService iam:PassRole@ecs",
	"ecs.NewTaskDefinition":                         "ecs:RegisterTaskDefinition ecs:DeregisterTaskDefinition iam:PassRole@ecs-tasks",
	"efs.NewAccessPoint":                            "elasticfilesystem:CreateAccessPoint elasticfilesystem:DeleteAccessPoint",
	"efs.NewBackupPolicy":                           "elasticfilesystem:PutBackupPolicy",
	"efs.NewFileSystem":                             "elasticfilesystem:CreateFileSystem elasticfilesystem:UpdateFileSystem elasticfilesystem:DeleteFileSystem elasticfilesystem:PutLifecycleConfiguration",
	"efs.NewFileSystemPolicy":                       "elasticfilesystem:PutFileSystemPolicy elasticfilesystem:DeleteFileSystemPolicy elasticfilesystem:DescribeFileSystemPolicy",
	"efs.NewMountTarget":                            "elasticfilesystem:CreateMountTarget elasticfilesystem:DeleteMountTarget elasticfilesystem:ModifyMountTargetSecurityGroups",
	"eks.LookupCluster":                             "eks:DescribeCluster",
	"elasticache.NewCluster":                        "elasticache:CreateCacheCluster elasticache:ModifyCacheCluster elasticache:DeleteCacheCluster iam:CreateServiceLinkedRole",
	"elasticache.NewParameterGroup":                 "elasticache:CreateCacheParameterGroup elasticache:ModifyCacheParameterGroup elasticache:DeleteCacheParameterGroup",
	"elasticache.NewReplicationGroup":               "elasticache:CreateReplicationGroup elasticache:ModifyReplicationGroup elasticache:IncreaseReplicaCount elasticache:DeleteReplicationGroup",
	"elasticache.NewSubnetGroup":                    "elasticache:CreateCacheSubnetGroup elasticache:DeleteCacheSubnetGroup",
	"guardduty.NewDetector":                         "guardduty:CreateDetector guardduty:GetDetector guardduty:UpdateDetector guardduty:DeleteDetector guardduty:TagResource iam:CreateServiceLinkedRole",
	"iam.NewInstanceProfile":                        "iam:CreateInstanceProfile iam:AddRoleToInstanceProfile iam:RemoveRoleFromInstanceProfile iam:DeleteInstanceProfile iam:TagInstanceProfile",
	"iam.NewRole":                                   "iam:CreateRole iam:GetRole iam:TagRole iam:UpdateAssumeRolePolicy iam:UpdateRole iam:PutRolePermissionsBoundary iam:ListInstanceProfilesForRole iam:ListAttachedRolePolicies iam:DeleteRole",
	"iam.NewRolePolicy":                             "iam:PutRolePolicy iam:GetRolePolicy iam:DeleteRolePolicy",
	"iam.NewRolePolicyAttachment":                   "iam:AttachRolePolicy iam:ListAttachedRolePolicies iam:DetachRolePolicy",
	"kms.NewAlias":                                  "kms:CreateAlias kms:UpdateAlias kms:DeleteAlias",
	"kms.NewKey":                                    "kms:CreateKey kms:PutKeyPolicy kms:EnableKeyRotation kms:ScheduleKeyDeletion kms:TagResource",
	"lambda.NewAlias":                               "lambda:CreateAlias lambda:UpdateAlias lambda:DeleteAlias",
	"lambda.NewEventSourceMapping":                  "lambda:CreateEventSourceMapping lambda:UpdateEventSourceMapping lambda:DeleteEventSourceMapping",
	"lambda.NewFunction":                            "lambda:CreateFunction lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:PublishVersion lambda:PutFunctionConcurrency lambda:DeleteFunction iam:PassRole@lambda",
	"lambda.NewFunctionUrl":                         "lambda:CreateFunctionUrlConfig lambda:GetFunctionUrlConfig lambda:UpdateFunctionUrlConfig lambda:DeleteFunctionUrlConfig",
	"lambda.NewPermission":                          "lambda:AddPermission lambda:RemovePermission lambda:GetPolicy",
	"lambda.NewProvisionedConcurrencyConfig":        "lambda:PutProvisionedConcurrencyConfig lambda:GetProvisionedConcurrencyConfig lambda:DeleteProvisionedConcurrencyConfig",
	"lb.NewListener":                                "elasticloadbalancing:CreateListener elasticloadbalancing:ModifyListener elasticloadbalancing:DeleteListener",
	"lb.NewListenerCertificate":                     "elasticloadbalancing:AddListenerCertificates elasticloadbalancing:RemoveListenerCertificates",
	"lb.NewListenerRule":                            "elasticloadbalancing:CreateRule elasticloadbalancing:ModifyRule elasticloadbalancing:DeleteRule",
	"lb.NewLoadBalancer":                            "elasticloadbalancing:CreateLoadBalancer elasticloadbalancing:ModifyLoadBalancerAttributes elasticloadbalancing:DeleteLoadBalancer iam:CreateServiceLinkedRole",
	"lb.NewTargetGroup":                             "elasticloadbalancing:CreateTargetGroup elasticloadbalancing:ModifyTargetGroup elasticloadbalancing:DeleteTargetGroup",
	"memorydb.NewAcl":                               "memorydb:CreateACL memorydb:UpdateACL memorydb:DeleteACL",
	"memorydb.NewCluster":                           "memorydb:CreateCluster memorydb:UpdateCluster memorydb:DeleteCluster iam:CreateServiceLinkedRole",
	"memorydb.NewParameterGroup":                    "memorydb:CreateParameterGroup memorydb:UpdateParameterGroup memorydb:DeleteParameterGroup",
	"memorydb.NewSubnetGroup":                       "memorydb:CreateSubnetGroup memorydb:DeleteSubnetGroup",
	"memorydb.NewUser":                              "memorydb:CreateUser memorydb:UpdateUser memorydb:DeleteUser",
	"msk.NewCluster":                                "kafka:CreateClusterV2 kafka:CreateCluster kafka:UpdateBrokerStorage kafka:DeleteCluster iam:CreateServiceLinkedRole",
	"msk.NewConfiguration":                          "kafka:CreateConfiguration kafka:UpdateConfiguration kafka:DeleteConfiguration",
	"msk.NewScramSecretAssociation":                 "kafka:BatchAssociateScramSecret kafka:BatchDisassociateScramSecret kms:CreateGrant",
	"msk.NewServerlessCluster":                      "kafka:CreateClusterV2 kafka:DeleteCluster",
	"rds.NewCluster":                                "rds:CreateDBCluster rds:ModifyDBCluster rds:DeleteDBCluster rds:AddTagsToResource iam:CreateServiceLinkedRole secretsmanager:CreateSecret kms:CreateGrant",
	"rds.NewClusterInstance":                        "rds:CreateDBInstance rds:ModifyDBInstance rds:DeleteDBInstance iam:PassRole@monitoring.rds",
	"rds.NewClusterParameterGroup":                  "rds:CreateDBClusterParameterGroup rds:ModifyDBClusterParameterGroup rds:ResetDBClusterParameterGroup rds:DeleteDBClusterParameterGroup",
	"rds.NewInstance":                               "rds:CreateDBInstance rds:CreateDBInstanceReadReplica rds:ModifyDBInstance rds:RebootDBInstance rds:DeleteDBInstance rds:DeleteDBInstanceAutomatedBackup iam:PassRole@monitoring.rds",
	"rds.NewParameterGroup":                         "rds:CreateDBParameterGroup rds:ModifyDBParameterGroup rds:ResetDBParameterGroup rds:DeleteDBParameterGroup",
	"rds.NewSubnetGroup":                            "rds:CreateDBSubnetGroup rds:ModifyDBSubnetGroup rds:DeleteDBSubnetGroup",
	"route53.NewRecord":                             "route53:ChangeResourceRecordSets route53:GetChange route53:ListResourceRecordSets",
	"s3.NewBucket":                                  "s3:CreateBucket s3:DeleteBucket s3:PutBucketTagging s3:GetBucketTagging s3:ListBucket",
	"s3.NewBucketCorsConfiguration":                 "s3:PutBucketCORS s3:GetBucketCORS",
	"s3.NewBucketLifecycleConfiguration":            "s3:PutLifecycleConfiguration s3:GetLifecycleConfiguration",
	"s3.NewBucketLogging":                           "s3:PutBucketLogging s3:GetBucketLogging",
	"s3.NewBucketNotification":                      "s3:PutBucketNotification s3:GetBucketNotification",
	"s3.NewBucketObjectLockConfiguration":           "s3:PutBucketObjectLockConfiguration s3:GetBucketObjectLockConfiguration",
	"s3.NewBucketOwnershipControls":                 "s3:PutBucketOwnershipControls s3:GetBucketOwnershipControls",
	"s3.NewBucketPolicy":                            "s3:PutBucketPolicy s3:GetBucketPolicy s3:DeleteBucketPolicy",
	"s3.NewBucketPublicAccessBlock":                 "s3:PutBucketPublicAccessBlock s3:GetBucketPublicAccessBlock",
	"s3.NewBucketReplicationConfig":                 "s3:PutReplicationConfiguration s3:GetReplicationConfiguration iam:PassRole@s3",
	"s3.NewBucketServerSideEncryptionConfiguration": "s3:PutEncryptionConfiguration s3:GetEncryptionConfiguration",
	"s3.NewBucketVersioning":                        "s3:PutBucketVersioning s3:GetBucketVersioning",
	"scheduler.NewSchedule":                         "scheduler:CreateSchedule scheduler:UpdateSchedule scheduler:DeleteSchedule iam:PassRole@scheduler",
	"schemas.NewDiscoverer":                         "schemas:CreateDiscoverer schemas:DescribeDiscoverer schemas:UpdateDiscoverer schemas:DeleteDiscoverer schemas:TagResource iam:CreateServiceLinkedRole",
	"secretsmanager.LookupSecret":                   "secretsmanager:DescribeSecret",
	"secretsmanager.LookupSecretVersionOutput":      "secretsmanager:GetSecretValue",
	"secretsmanager.NewSecret":                      "secretsmanager:CreateSecret secretsmanager:UpdateSecret secretsmanager:DeleteSecret secretsmanager:TagResource kms:GenerateDataKey kms:Decrypt",
	"secretsmanager.NewSecretRotation":              "secretsmanager:RotateSecret secretsmanager:CancelRotateSecret",
	"secretsmanager.NewSecretVersion":               "secretsmanager:PutSecretValue secretsmanager:GetSecretValue kms:GenerateDataKey kms:Decrypt",
	"servicediscovery.NewPrivateDnsNamespace":       "servicediscovery:CreatePrivateDnsNamespace servicediscovery:DeleteNamespace route53:CreateHostedZone route53:DeleteHostedZone",
	"servicediscovery.NewService":                   "servicediscovery:CreateService servicediscovery:UpdateService servicediscovery:DeleteService",
	"sns.NewTopic":                                  "sns:CreateTopic sns:SetTopicAttributes sns:DeleteTopic sns:TagResource",
	"sns.NewTopicPolicy":                            "sns:SetTopicAttributes sns:GetTopicAttributes",
	"sns.NewTopicSubscription":                      "sns:Subscribe sns:SetSubscriptionAttributes sns:Unsubscribe",
	"sqs.NewQueue":                                  "sqs:CreateQueue sqs:SetQueueAttributes sqs:DeleteQueue sqs:TagQueue",
	"sqs.NewQueuePolicy":                            "sqs:SetQueueAttributes sqs:GetQueueAttributes",
	"sqs.NewRedriveAllowPolicy":                     "sqs:SetQueueAttributes",
	"ssm.LookupParameterOutput":                     "ssm:GetParameter",
	"vpc.NewSecurityGroupEgressRule":                "ec2:AuthorizeSecurityGroupEgress ec2:RevokeSecurityGroupEgress ec2:ModifySecurityGroupRules",
	"vpc.NewSecurityGroupIngressRule":               "ec2:AuthorizeSecurityGroupIngress ec2:RevokeSecurityGroupIngress ec2:ModifySecurityGroupRules",
	"wafv2.NewIpSet":                                "wafv2:CreateIPSet wafv2:GetIPSet wafv2:UpdateIPSet wafv2:DeleteIPSet wafv2:ListTagsForResource wafv2:TagResource",
	"wafv2.NewWebAcl":                               "wafv2:CreateWebACL wafv2:GetWebACL wafv2:UpdateWebACL wafv2:DeleteWebACL wafv2:ListTagsForResource wafv2:TagResource",
	"wafv2.NewWebAclAssociation":                    "wafv2:AssociateWebACL wafv2:DisassociateWebACL wafv2:GetWebACLForResource elasticloadbalancing:SetWebACL apigateway:SetWebACL",
	"xray.NewSamplingRule":                          "xray:CreateSamplingRule xray:UpdateSamplingRule xray:DeleteSamplingRule xray:GetSamplingRules xray:TagResource",
}

// used are the functions of pulumi-aws that make or look up resources and that shared/provision calls, by package.Name.
func used(t *testing.T) []string {
	files, err := filepath.Glob("../../shared/provision/*.go")
	require.NoError(t, err)
	var found []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		file, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
		require.NoError(t, err)
		aws := map[string]string{} // a package by its name in the file
		for _, one := range file.Imports {
			path, _ := strconv.Unquote(one.Path.Value)
			if base, below, ok := strings.Cut(path, "pulumi-aws/sdk/v7/go/aws"); ok && strings.HasPrefix(base, "github.com") {
				local := filepath.Base(path)
				if one.Name != nil {
					local = one.Name.Name
				}
				aws[local] = strings.TrimPrefix(below, "/")
				if below == "" {
					aws[local] = "aws"
				}
			}
		}
		ast.Inspect(file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			if name, ok := call.Fun.(*ast.SelectorExpr); ok {
				local, _ := name.X.(*ast.Ident)
				if of := aws[identOf(local)]; of != "" && makes(name.Sel.Name) {
					found = append(found, of+"."+name.Sel.Name)
				}
			}
			return true
		})
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func identOf(of *ast.Ident) string {
	if of == nil {
		return ""
	}
	return of.Name
}

func makes(name string) bool {
	for _, verb := range []string{"New", "Lookup", "Get"} {
		if strings.HasPrefix(name, verb) && !strings.HasSuffix(name, "Args") {
			return true
		}
	}
	return false
}

// The executor may do, with its role and below its boundary, what each resource type needs in its whole life.
func TestTheExecutorMayMakeEveryResourceType(t *testing.T) {
	types := used(t)
	require.Greater(t, len(types), 100, "the test must find the types")
	for _, one := range types {
		_, known := needs[one]
		require.True(t, known, "%s: say in needs what AWS asks for it, and let the executor's role do it (taskrole.go)", one)
	}
	for one := range needs {
		if !slices.Contains(types, one) {
			t.Errorf("%s: nothing makes it any more: its row can go, and perhaps its permissions", one)
		}
	}
	for _, where := range []installation{staging, small} {
		executor := where.roles(t)["TaskRole-"+where.name]
		for one, actions := range needs {
			for _, want := range strings.Fields(actions) {
				asked := where.lifeOf(want)
				if !executor.may(t, asked) {
					t.Errorf("%s: %s needs %s on %s", where.name, one, want, asked.resource)
				}
			}
		}
	}
}

// lifeOf is a request about something that a component has. After an @ stands the region, or to which service a role is passed.
func (i installation) lifeOf(want string) request {
	action, special, _ := strings.Cut(want, "@")
	service, verb, _ := strings.Cut(action, ":")
	limit := "arn:aws:iam::111122223333:policy/DeployerBoundary-staging"
	if i == small {
		limit = "arn:aws:iam::444455556666:policy/company/boundary"
	}
	asked := request{action: action, resource: i.arn(service, "shop"), about: map[string][]string{
		"aws:RequestedRegion": {i.region}, "aws:ResourceTag/deployer:stack": {"shop"}, "iam:PermissionsBoundary": {limit},
		"kms:ViaService": {"ec2." + i.region + ".amazonaws.com"}, "kms:ResourceAliases": {"alias/shop"},
	}}
	switch {
	case verb == "CreateServiceLinkedRole":
		asked.resource, asked.about["iam:AWSServiceName"] = i.role("aws-service-role/x"), []string{serviceLinked[0]}
	case verb == "PassRole":
		asked.resource, asked.about["iam:PassedToService"] = i.role("deployer/"+i.name+"/shop"), []string{special + ".amazonaws.com"}
	case strings.Contains(verb, "InstanceProfile") && service == "iam" && verb != "ListInstanceProfilesForRole":
		asked.resource = "arn:aws:iam::" + i.account + ":instance-profile/deployer/" + i.name + "/shop"
	case service == "iam":
		asked.resource = i.role("deployer/" + i.name + "/shop")
	case service == "kms":
		asked.resource = i.arn("kms", "key/abc")
	case service == "secretsmanager":
		asked.resource = i.arn("secretsmanager", "secret:shop")
	case service == "ssm":
		asked.resource = i.arn("ssm", "parameter/shop")
	case special != "":
		asked.about["aws:RequestedRegion"] = []string{special}
		asked.resource = "arn:aws:" + service + ":" + special + ":" + i.account + ":table/shop"
	}
	return asked
}

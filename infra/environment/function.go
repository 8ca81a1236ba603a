package environment

import (
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"
)

// present are the rows whose functions are created.
func present(sources Sources) []row {
	var created []row
	for _, one := range rows {
		if sources.Functions[strings.ToLower(one.task)] || needed(one.task) {
			created = append(created, one)
		}
	}
	return created
}

func needed(task string) bool {
	for _, one := range atLeast {
		if one == task {
			return true
		}
	}
	return false
}

func addFunctions(stack awscdk.Stack, n names, keep storage, sources Sources) {
	artifact := awss3assets.NewAsset(stack, str("Artifact"), &awss3assets.AssetProps{
		Path: str(sources.Artifact), DisplayName: str("Deployer's functions"),
	})
	variables := n.functionVariables(sources)
	var endpoint awsapigatewayv2.CfnApi
	if n.Approval.Endpoint && sources.Functions["decide"] {
		endpoint = addEndpoint(stack, n, keep)
		variables["DEPLOYER_APPROVAL_URL"] = endpoint.AttrApiEndpoint()
		variables["DEPLOYER_APPROVAL_KEY"] = str(n.keyAlias("links"))
	}
	for _, one := range present(sources) {
		n.addFunction(stack, one, artifact, keep, variables)
	}
	if endpoint != nil {
		forgive(n.permit(stack, "Decide", "Endpoint", "apigateway", n.arn("execute-api", *endpoint.Ref()+"/*/*/approvals/*")),
			excuse{"The source is this one API; its ARN is put together from the API's id, which the rule does not read.",
				[]string{"guard:lambda_function_public_access_prohibited_check"}})
	}
	if sources.Functions["notify"] {
		for _, topic := range topics {
			n.permit(stack, "Notify", title(topic.name), "sns", n.topicARN(topic.name))
			n.deliver(stack, topic.name)
		}
	}
}

// functionVariables are the environment of every function: names only, never a secret.
func (n names) functionVariables(sources Sources) map[string]*string {
	variables := map[string]*string{
		"DEPLOYER_INSTALLATION":    str(n.Name),
		"DEPLOYER_STATE_BUCKET":    str(n.StateBucket),
		"DEPLOYER_LOCK_TABLE":      str(n.LockTable),
		"DEPLOYER_DEPLOY_MACHINE":  str(n.machineARN("deploy")),
		"DEPLOYER_ROLLOUT_MACHINE": str(n.machineARN("rollout")),
		"DEPLOYER_WAVE_MACHINE":    str(n.machineARN("wave")),
		"DEPLOYER_CLUSTER":         str(n.clusterARN()),
	}
	if sources.Machines["rollback"] {
		variables["DEPLOYER_ROLLBACK_MACHINE"] = str(n.machineARN("rollback"))
	}
	for _, topic := range topics {
		variables["DEPLOYER_TOPIC_"+strings.ToUpper(topic.name)] = str(n.topicARN(topic.name))
	}
	if n.Notifications.SlackSecret != "" {
		variables["DEPLOYER_SLACK_SECRET"] = str(n.Notifications.SlackSecret)
	}
	return variables
}

func (n names) addFunction(scope constructs.Construct, r row, artifact awss3assets.Asset, keep storage, variables map[string]*string) {
	name := strings.ToLower(r.task)
	log := n.addLog(scope, r.task+"Log", n.functionLog(r.task), keep)
	created := n.addRole(scope, r.task+"Role", role{
		name: n.functionRole(r.task), says: "The function " + name + " of Deployer", service: "lambda",
		source: n.functionARN(r.task), may: r.permissions(n, keep),
		excuses: []excuse{{"Stacks and environments have names that nobody knows beforehand: the wildcards stand for them, for " +
			"runs and for this installation's executions.", []string{"nag:AwsSolutions-IAM5"}}},
	})
	properties := &awslambda.CfnFunctionProps{
		FunctionName:  str(n.function(r.task)),
		Description:   str("Deployer " + n.Name + ": the Task " + r.task),
		Runtime:       str("provided.al2023"),
		Architectures: strs("arm64"),
		Handler:       str(name),
		Code:          &awslambda.CfnFunction_CodeProperty{S3Bucket: artifact.S3BucketName(), S3Key: artifact.S3ObjectKey()},
		Role:          created.AttrArn(),
		Timeout:       num(r.seconds),
		MemorySize:    num(r.mib),
		TracingConfig: &awslambda.CfnFunction_TracingConfigProperty{Mode: str("Active")},
		LoggingConfig: &awslambda.CfnFunction_LoggingConfigProperty{LogFormat: str("JSON"), LogGroup: log.Ref()},
		Environment:   &awslambda.CfnFunction_EnvironmentProperty{Variables: &variables},
	}
	if r.reserved > 0 && n.Reserves() {
		properties.ReservedConcurrentExecutions = num(r.reserved)
	}
	function := awslambda.NewCfnFunction(scope, str(r.task), properties)
	forgive(function, functionExcuses...)
	if r.aside() {
		n.setFailuresAside(scope, r.task, function)
	}
}

// aside reports whether what the function failed at is put into a queue. It is for those that are called without anybody waiting
// for the answer: to whom SNS, EventBridge or Scheduler could give an event, the event counts as delivered, whatever becomes of
// it. The keeper needs none: its next minute does the same work again, and an alarm counts its failures.
func (r row) aside() bool { return slices.Contains(r.also, "set aside") }

// setFailuresAside has Lambda try twice more what the function failed at, and then put it into the queue.
func (n names) setFailuresAside(scope constructs.Construct, task string, function awslambda.CfnFunction) {
	awslambda.NewCfnEventInvokeConfig(scope, str(task+"Failures"), &awslambda.CfnEventInvokeConfigProps{
		FunctionName: function.Ref(), Qualifier: str("$LATEST"), MaximumRetryAttempts: num(2), MaximumEventAgeInSeconds: num(6 * 3600),
		DestinationConfig: &awslambda.CfnEventInvokeConfig_DestinationConfigProperty{
			OnFailure: &awslambda.CfnEventInvokeConfig_OnFailureProperty{Destination: str(n.undeliveredARN())},
		},
	})
}

var functionExcuses = []excuse{
	{"It calls AWS's APIs with its role and reaches nothing in a network.",
		[]string{"checkov:CKV_AWS_117", "guard:lambda_inside_vpc_check"}},
	{"A reservation takes from the account's other functions; only where overlapping or flooding would do harm is there one.",
		[]string{"checkov:CKV_AWS_115"}},
	{"Its callers wait for the answer and retry; what a function that nobody waits for failed at goes to a queue by its " +
		"EventInvokeConfig, or is done again a minute later.",
		[]string{"checkov:CKV_AWS_116"}},
	{"The environment holds names, never secrets; a customer key would put a call to KMS into every cold start.",
		[]string{"checkov:CKV_AWS_173"}},
}

// permit lets a service call a function on behalf of one resource.
func (n names) permit(scope constructs.Construct, task, caller, service, source string) awslambda.CfnPermission {
	permission := awslambda.NewCfnPermission(scope, str(task+"From"+caller), &awslambda.CfnPermissionProps{
		Action: str("lambda:InvokeFunction"), FunctionName: str(n.functionARN(task)), Principal: str(service + ".amazonaws.com"),
		SourceArn: str(source), // it holds the account; not every service passes SourceAccount too
	})
	permission.AddDependency(scope.Node().FindChild(str(task)).(awscdk.CfnResource))
	return permission
}

func (n names) addLog(scope constructs.Construct, id, name string, keep storage) awslogs.CfnLogGroup {
	log := awslogs.NewCfnLogGroup(scope, str(id), &awslogs.CfnLogGroupProps{
		LogGroupName: str(name), RetentionInDays: num(n.LogRetentionDays), KmsKeyId: str(keep.dataKey),
	})
	log.ApplyRemovalPolicy(awscdk.RemovalPolicy_DESTROY, nil)
	forgive(log,
		excuse{"The retention is a setting (logRetentionDays); what must be kept longer is in the state's history.",
			[]string{"guard:cloudwatch_log_group_retention_period_check"}},
		excuse{"It is encrypted with the data key of the stack storage; the rule does not follow keys from stack to stack.",
			[]string{"guard:cloudwatch_log_group_encrypted_check"}})
	return log
}

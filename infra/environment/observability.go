package environment

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsbudgets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
)

// metric is one metric of CloudWatch. The namespace Deployer holds what the functions say of themselves by embedded metric
// lines in their logs, with the dimension Installation.
type metric struct {
	namespace string
	name      string
	dimension string
	value     string
	statistic string
	others    [][2]string // further dimensions: name and value
}

// alarm fires when its metric reaches the threshold in a period.
type alarm struct {
	name      string
	says      string // what happened and what to do
	metric    metric
	threshold int
	minutes   int // the period
	times     int // periods in a row
	below     bool
	silence   string // how a period without data counts: notBreaching or breaching
	topic     string
}

// alarms are the installation's. A quiet metric is good news except for the keeper's.
func (n names) alarms(sources Sources) []alarm {
	deploy := func(name string) metric {
		return metric{namespace: "AWS/States", name: name, dimension: "StateMachineArn", value: n.machineARN("deploy"), statistic: "Sum"}
	}
	own := func(name, statistic string) metric {
		return metric{namespace: "Deployer", name: name, dimension: "Installation", value: n.Name, statistic: statistic}
	}
	all := []alarm{
		{"run-failed", "A run failed: its report says why and what is left", deploy("ExecutionsFailed"), 1, 5, 1, false, "notBreaching", "deployments"},
		{"run-timed-out", "A run exceeded its time: see whether its lock was freed", deploy("ExecutionsTimedOut"), 1, 5, 1, false, "notBreaching", "operations"},
		{"run-aborted", "A run was stopped: see whether its lock was freed", deploy("ExecutionsAborted"), 1, 5, 1, false, "notBreaching", "operations"},
		{"run-dirty", "A run ended FailedDirty: its report lists what is half-done", own("FailedDirty", "Sum"), 1, 1, 1, false, "notBreaching", "operations"},
		{"policy-violations", "A bundle violated a policy with severity deny", own("PolicyViolations", "Sum"), 1, 5, 1, false, "notBreaching", "security"},
		{"stuck-locks", "Locks outlived their lease: see deployer lock list", own("StuckLocks", "Maximum"), 1, 1, 3, false, "notBreaching", "operations"},
		{"starts-throttled", "Step Functions throttles: ask for a higher quota", metric{namespace: "AWS/States", name: "ExecutionThrottled",
			dimension: "StateMachineArn", value: n.machineARN("wave"), statistic: "Sum"}, 1, 5, 1, false, "notBreaching", "operations"},
		{"functions-throttled", "Lambda throttles in this account and region: ask for a higher concurrency quota",
			metric{namespace: "AWS/Lambda", name: "Throttles", statistic: "Sum"}, 1, 5, 1, false, "notBreaching", "operations"},
		{"locks-throttled", "The lock table throttles writes", metric{namespace: "AWS/DynamoDB", name: "WriteThrottleEvents",
			dimension: "TableName", value: n.LockTable, statistic: "Sum"}, 1, 5, 1, false, "notBreaching", "operations"},
		{"undelivered", "An event, schedule or message could not be delivered, or what took it failed: look into the queue " + n.undelivered(),
			metric{namespace: "AWS/SQS", name: "ApproximateNumberOfMessagesVisible", dimension: "QueueName", value: n.undelivered(), statistic: "Maximum"},
			1, 5, 1, false, "notBreaching", "operations"},
	}
	if sources.Functions["keeplocks"] {
		keeper := metric{namespace: "AWS/Lambda", dimension: "FunctionName", value: n.function("KeepLocks"), statistic: "Sum"}
		silent, failing := keeper, keeper
		silent.name, failing.name = "Invocations", "Errors"
		all = append(all,
			alarm{"keeper-silent", "The keeper of locks does not run: locks will not be renewed", silent, 1, 5, 1, true, "breaching", "operations"},
			alarm{"keeper-failing", "The keeper of locks fails: see its log", failing, 1, 1, 5, false, "notBreaching", "operations"})
	}
	for _, one := range present(sources) {
		if one.aside() {
			all = append(all, alarm{strings.ToLower(one.task) + "-failing", "The function " + strings.ToLower(one.task) + " fails: see its log", metric{
				namespace: "AWS/Lambda", name: "Errors", dimension: "FunctionName", value: n.function(one.task), statistic: "Sum"},
				1, 5, 1, false, "notBreaching", "operations"})
		}
	}
	if n.Replica != nil { // of replication's metrics this one is published in the source's region (S3 User Guide, "S3 Replication metrics")
		all = append(all, alarm{"replication-failing", "Versions of the state bucket could not be copied to " + n.Replica.Bucket + ": see their replication status",
			metric{namespace: "AWS/S3", name: "OperationsFailedReplication", dimension: "SourceBucket", value: n.StateBucket, statistic: "Maximum",
				others: [][2]string{{"DestinationBucket", n.Replica.Bucket}, {"RuleId", replicationRule}}},
			1, 5, 1, false, "notBreaching", "operations"})
	}
	if n.Approval.Endpoint && sources.Functions["decide"] {
		all = append(all, alarm{"approvals-failing", "Approval links fail: see the function decide's log", metric{namespace: "AWS/Lambda",
			name: "Errors", dimension: "FunctionName", value: n.function("Decide"), statistic: "Sum"}, 1, 5, 1, false, "notBreaching", "operations"})
	}
	return all
}

func addObservability(stack awscdk.Stack, n names, sources Sources) {
	alarms := n.alarms(sources)
	for _, one := range alarms {
		n.addAlarm(stack, one)
	}
	awscloudwatch.NewCfnDashboard(stack, str("Dashboard"), &awscloudwatch.CfnDashboardProps{
		DashboardName: str(n.prefix()), DashboardBody: str(n.dashboard(alarms, sources)),
	})
	if n.Budget != nil {
		addBudget(stack, n)
	}
}

func (n names) addAlarm(scope constructs.Construct, a alarm) {
	comparison := "GreaterThanOrEqualToThreshold"
	if a.below {
		comparison = "LessThanThreshold"
	}
	properties := &awscloudwatch.CfnAlarmProps{
		AlarmName: str(n.prefix() + "-" + a.name), AlarmDescription: str(a.says), ActionsEnabled: on,
		Namespace: str(a.metric.namespace), MetricName: str(a.metric.name), Statistic: str(a.metric.statistic),
		ComparisonOperator: str(comparison), Threshold: num(a.threshold), Period: num(a.minutes * 60),
		EvaluationPeriods: num(a.times), TreatMissingData: str(a.silence),
		AlarmActions: &[]any{n.topicARN(a.topic)}, OkActions: &[]any{n.topicARN(a.topic)},
	}
	if a.metric.dimension != "" {
		var dimensions []any
		for _, one := range append([][2]string{{a.metric.dimension, a.metric.value}}, a.metric.others...) {
			dimensions = append(dimensions, &awscloudwatch.CfnAlarm_DimensionProperty{Name: str(one[0]), Value: str(one[1])})
		}
		properties.Dimensions = dimensions
	}
	awscloudwatch.NewCfnAlarm(scope, str("Alarm"+camel(a.name)), properties)
}

// addBudget watches the cost of what bears the installation's tag, which must be activated as a cost allocation tag.
func addBudget(scope constructs.Construct, n names) {
	notify := func(kind string, percent int) *awsbudgets.CfnBudget_NotificationWithSubscribersProperty {
		return &awsbudgets.CfnBudget_NotificationWithSubscribersProperty{
			Notification: &awsbudgets.CfnBudget_NotificationProperty{
				NotificationType: str(kind), ComparisonOperator: str("GREATER_THAN"), Threshold: num(percent), ThresholdType: str("PERCENTAGE"),
			},
			Subscribers: []any{&awsbudgets.CfnBudget_SubscriberProperty{
				SubscriptionType: str("SNS"), Address: str(n.topicARN("operations")),
			}},
		}
	}
	awsbudgets.NewCfnBudget(scope, str("Budget"), &awsbudgets.CfnBudgetProps{
		Budget: &awsbudgets.CfnBudget_BudgetDataProperty{
			BudgetName: str(n.prefix()), BudgetType: str("COST"), TimeUnit: str("MONTHLY"),
			BudgetLimit: &awsbudgets.CfnBudget_SpendProperty{Amount: num(n.Budget.MonthlyUSD), Unit: str("USD")},
			CostFilters: map[string]any{"TagKeyValue": []string{"user:deployer:installation$" + n.Name}},
		},
		NotificationsWithSubscribers: []any{notify("ACTUAL", 80), notify("FORECASTED", 100)},
	})
}

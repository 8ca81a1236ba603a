package environment

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/deployer-io/deployer/events"
)

// addSchedules creates what starts by itself: a run for each upload, cleaning up after an execution that was stopped or
// failed, the keeper of locks, and the daily pruning of history.
func addSchedules(stack awscdk.Stack, n names, sources Sources) {
	addUploadRule(stack, n)
	if sources.Functions["cleanup"] {
		addStatusRule(stack, n)
	}
	awsscheduler.NewCfnScheduleGroup(stack, str("Group"), &awsscheduler.CfnScheduleGroupProps{Name: str(n.prefix())})
	if sources.Functions["keeplocks"] {
		n.addSchedule(stack, schedule{"keeplocks", "Renews the locks of running executions, frees those of ended ones", 1,
			n.functionARN("KeepLocks"), "lambda:InvokeFunction", 30, ""})
	}
	if sources.Functions["cleanup"] {
		n.addSchedule(stack, schedule{name: "prune", says: "Throws away the state's history that is older than it is kept", minutes: 24 * 60,
			target: n.functionARN("Cleanup"), action: "lambda:InvokeFunction", seconds: 12 * 3600, input: `{"prune": true}`})
	}
}

// addUploadRule starts the machine upload for each new version of a zip below bundles/STACK/ENVIRONMENT/.
func addUploadRule(scope constructs.Construct, n names) {
	starter := n.addRole(scope, "UploadRuleRole", role{
		name: n.serviceRole("upload"), says: "Starts a run for each uploaded bundle", service: "events", source: n.ruleARN("upload"),
		may: []statement{{sid: "Start", actions: []string{"states:StartExecution"}, resources: []string{n.machineARN(upload)}}},
	})
	awsevents.NewCfnRule(scope, str("UploadRule"), &awsevents.CfnRuleProps{
		Name: str(n.prefix() + "-upload"), Description: str("A bundle was uploaded"), State: str("ENABLED"),
		EventPattern: n.pattern("upload"),
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Id: str("Upload"), Arn: str(n.machineARN(upload)), RoleArn: starter.AttrArn(),
			InputTransformer: &awsevents.CfnRule_InputTransformerProperty{
				InputPathsMap: &map[string]*string{
					"bucket": str("$.detail.bucket.name"), "key": str("$.detail.object.key"),
					"version": str("$.detail.object.version-id"), "time": str("$.time"),
				},
				InputTemplate: str(`{"bucket": <bucket>, "key": <key>, "versionId": <version>, "time": <time>}`),
			},
			RetryPolicy:      &awsevents.CfnRule_RetryPolicyProperty{MaximumEventAgeInSeconds: num(3600), MaximumRetryAttempts: num(20)},
			DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: str(n.undeliveredARN())},
		}},
	})
}

// addStatusRule is the quick way to notice an execution that ended without its own ending; the keeper is the sure way.
func addStatusRule(scope constructs.Construct, n names) {
	rule := awsevents.NewCfnRule(scope, str("StatusRule"), &awsevents.CfnRuleProps{
		Name: str(n.prefix() + "-status"), Description: str("A run was stopped, failed or timed out"), State: str("ENABLED"),
		EventPattern: n.pattern("status"),
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Id: str("Cleanup"), Arn: str(n.functionARN("Cleanup")),
			RetryPolicy:      &awsevents.CfnRule_RetryPolicyProperty{MaximumEventAgeInSeconds: num(3600), MaximumRetryAttempts: num(20)},
			DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: str(n.undeliveredARN())},
		}},
	})
	awslambda.NewCfnPermission(scope, str("CleanupFromStatusRule"), &awslambda.CfnPermissionProps{
		Action: str("lambda:InvokeFunction"), FunctionName: str(n.functionARN("Cleanup")), Principal: str("events.amazonaws.com"),
		SourceArn: rule.AttrArn(),
	})
}

// pattern is a pattern of events/patterns with this environment's names in it.
func (n names) pattern(name string) map[string]any {
	text := events.Pattern(name, map[string]string{
		"StateBucket": n.StateBucket, "DeployMachine": n.machineARN("deploy"), "RollbackMachine": n.machineARN("rollback"),
	})
	var pattern map[string]any
	if err := json.Unmarshal(text, &pattern); err != nil {
		panic(fmt.Errorf("events/patterns/%s.json: %w", name, err)) // it is part of the program
	}
	return pattern
}

type schedule struct {
	name    string
	says    string
	minutes int
	target  string
	action  string
	seconds int    // older than this a missed start is of no use
	input   string // "": when it was to start
}

func (n names) addSchedule(scope constructs.Construct, s schedule) {
	starter := n.addRole(scope, title(s.name)+"ScheduleRole", role{
		name: n.serviceRole(s.name), says: s.says, service: "scheduler", source: n.arn("scheduler", "schedule-group/"+n.prefix()),
		may: []statement{
			{sid: "Start", actions: []string{s.action}, resources: []string{s.target}},
			{sid: "SetAside", actions: []string{"sqs:SendMessage"}, resources: []string{n.undeliveredARN()}},
		},
	})
	rate := fmt.Sprintf("rate(%d minutes)", s.minutes)
	if s.minutes == 1 {
		rate = "rate(1 minute)"
	}
	if s.input == "" {
		s.input = `{"scheduledAt": "<aws.scheduler.scheduled-time>"}`
	}
	created := awsscheduler.NewCfnSchedule(scope, str(title(s.name)+"Schedule"), &awsscheduler.CfnScheduleProps{
		Name: str(s.name), GroupName: str(n.prefix()), Description: str(s.says), ScheduleExpression: str(rate), State: str("ENABLED"),
		FlexibleTimeWindow: &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: str("OFF")},
		Target: &awsscheduler.CfnSchedule_TargetProperty{
			Arn: str(s.target), RoleArn: starter.AttrArn(), Input: str(s.input),
			RetryPolicy:      &awsscheduler.CfnSchedule_RetryPolicyProperty{MaximumEventAgeInSeconds: num(max(60, s.seconds)), MaximumRetryAttempts: num(2)},
			DeadLetterConfig: &awsscheduler.CfnSchedule_DeadLetterConfigProperty{Arn: str(n.undeliveredARN())},
		},
	})
	created.AddDependency(scope.Node().FindChild(str("Group")).(awscdk.CfnResource))
}

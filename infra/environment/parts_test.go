package environment

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func one(t *testing.T, stack, kind, id string) map[string]any {
	found, ok := templates(t)["deployer-"+stack].Resources[id]
	require.True(t, ok, "%s has no %s", stack, id)
	require.Equal(t, kind, found.Type)
	return found.Properties
}

func TestNewsReachPeopleWithAndWithoutAChannel(t *testing.T) {
	for _, stack := range []string{"staging-functions", "small-functions"} {
		template := templates(t)["deployer-"+stack]
		require.Len(t, template.of("AWS::SNS::Subscription"), len(topics), stack)
		for _, id := range template.of("AWS::SNS::Subscription") {
			require.Equal(t, "lambda", template.Resources[id].Properties["Protocol"])
			require.Contains(t, template.Resources[id].Properties["Endpoint"], "-notify")
		}
		notify := mustJSON(template.Resources["NotifyRole"].Properties["Policies"])
		require.Contains(t, notify, `"secretsmanager:ResourceTag/deployer:webhook":"true"`, "only secrets whose owner says so")
		require.Contains(t, notify, `"ssm:resourceTag/deployer:webhook":"true"`)
	}
	variables := mustJSON(one(t, "staging-functions", "AWS::Lambda::Function", "Notify")["Environment"])
	for _, name := range []string{"DEPLOYER_INSTALLATION", "DEPLOYER_TOPIC_DEPLOYMENTS", "DEPLOYER_TOPIC_OPERATIONS", "DEPLOYER_SLACK_SECRET",
		"DEPLOYER_APPROVAL_URL", "DEPLOYER_APPROVAL_KEY"} {
		require.Contains(t, variables, `"`+name+`"`)
	}
}

func TestWhatStartsByItself(t *testing.T) {
	rule := one(t, "staging-schedules", "AWS::Events::Rule", "UploadRule")
	require.Contains(t, mustJSON(rule["EventPattern"]), "example-deployer-state")
	target := rule["Targets"].([]any)[0].(map[string]any)
	require.Equal(t, "arn:aws:states:eu-west-1:111122223333:stateMachine:deployer-staging-upload", target["Arn"])
	require.Equal(t, `{"bucket": <bucket>, "key": <key>, "versionId": <version>, "time": <time>}`,
		target["InputTransformer"].(map[string]any)["InputTemplate"])
	keeper := one(t, "staging-schedules", "AWS::Scheduler::Schedule", "KeeplocksSchedule")
	require.Equal(t, "rate(1 minute)", keeper["ScheduleExpression"])
	prune := one(t, "staging-schedules", "AWS::Scheduler::Schedule", "PruneSchedule")
	require.Equal(t, `{"prune": true}`, prune["Target"].(map[string]any)["Input"])
	require.Len(t, templates(t)["deployer-staging-schedules"].of("AWS::Scheduler::Schedule"), 2)
	for _, template := range templates(t) {
		for _, id := range append(template.of("AWS::Events::Rule"), template.of("AWS::Scheduler::Schedule")...) {
			require.Contains(t, mustJSON(template.Resources[id].Properties), "-undelivered", "%s has no dead-letter queue", id)
		}
	}
}

func TestAlarmsReachATopicAndSayWhatToDo(t *testing.T) {
	template := templates(t)["deployer-staging-observability"]
	require.Greater(t, len(template.of("AWS::CloudWatch::Alarm")), 10)
	for _, id := range template.of("AWS::CloudWatch::Alarm") {
		of := template.Resources[id].Properties
		require.NotEmpty(t, of["AlarmActions"], id)
		require.Contains(t, of["AlarmDescription"], " ", id)
	}
	var body any
	require.NoError(t, json.Unmarshal([]byte(one(t, "staging-observability", "AWS::CloudWatch::Dashboard", "Dashboard")["DashboardBody"].(string)), &body))
	require.Contains(t, mustJSON(one(t, "staging-observability", "AWS::Budgets::Budget", "Budget")), "user:deployer:installation$staging")
	require.Empty(t, templates(t)["deployer-small-observability"].of("AWS::Budgets::Budget"))
}

func TestNoSecretStandsInATemplate(t *testing.T) {
	for name, template := range templates(t) {
		require.NotRegexp(t, `hooks\.slack\.com|AKIA[A-Z0-9]{16}|-----BEGIN`, string(template.text), name)
	}
}

package embedded

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud"
	"github.com/deployer-io/deployer/shared/execution"
)

func TestTheSimulatedCloudAnswersVerificationAndHooks(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	c, err := cloud.Open(cloud.Options{Now: func() time.Time { return now }})
	require.NoError(t, err)
	defer c.Close()
	w, here := watched{c}, execution.Place{Account: "111122223333", Region: "eu-west-1"}
	add := func(token, id string, properties map[string]any) string {
		made, err := c.Add(cloud.Existing{Type: token, ID: id, Account: here.Account, Region: here.Region, Properties: properties})
		require.NoError(t, err)
		return made
	}
	alarm := add("aws:cloudwatch/metricAlarm:MetricAlarm", "errors", map[string]any{"name": "errors", "comparisonOperator": "GreaterThanThreshold",
		"evaluationPeriods": 1, "threshold": 5, "namespace": "shop", "metricName": "Errors"})
	alarms, err := w.Alarms(t.Context(), here, []string{"errors", "none"})
	require.NoError(t, err)
	require.Equal(t, []execution.Alarm{{Name: "errors", State: "OK", Reason: alarms[0].Reason}}, alarms)
	require.NoError(t, c.SetCondition(alarm, "insufficientData"))
	alarms, err = w.Alarms(t.Context(), here, []string{"errors"})
	require.NoError(t, err)
	require.Equal(t, "INSUFFICIENT_DATA", alarms[0].State)

	metric := execution.Metric{Namespace: "shop", Name: "Latency", Period: time.Minute}
	values, err := w.Measure(t.Context(), here, metric, now, now.Add(time.Hour))
	require.NoError(t, err)
	require.Empty(t, values)
	require.NoError(t, c.PutMetric(here.Account, here.Region, cloud.Metric{Namespace: "shop", Name: "Latency", Value: 3}))
	values, err = w.Measure(t.Context(), here, metric, now.Add(-time.Hour), now.Add(150*time.Second))
	require.NoError(t, err)
	require.Equal(t, []float64{3, 3}, values)

	require.NoError(t, w.Invoke(t.Context(), here, "arn:aws:lambda:eu-west-1:111122223333:function:warmer", nil))
	require.NoError(t, w.RunTask(t.Context(), here, execution.TaskCall{TaskDefinition: "arn:aws:ecs:eu-west-1:111122223333:task-definition/api:3"}))
	for _, token := range []string{"aws:lambda/*", "aws:ecs/*"} {
		_, err = c.Inject(cloud.Fault{Kind: "error", Code: "ServiceException", Match: cloud.Match{Type: token, Operation: "invoke"}})
		require.NoError(t, err)
	}
	require.ErrorContains(t, w.Invoke(t.Context(), here, "warmer", nil), "ServiceException")
	require.ErrorContains(t, w.RunTask(t.Context(), here, execution.TaskCall{TaskDefinition: "x/api:3"}), "ServiceException")

	secret := add("aws:secretsmanager/secret:Secret", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:token-abc", map[string]any{"name": "token"})
	add("aws:secretsmanager/secretVersion:SecretVersion", "", map[string]any{"secretId": secret, "secretString": `{"key":"value"}`})
	text, err := w.Secret(t.Context(), here, "token", "key")
	require.NoError(t, err)
	require.Equal(t, "value", text)
	_, err = w.Secret(t.Context(), here, "other", "")
	require.Error(t, err)
	_, err = w.Secret(t.Context(), here, "token", "none")
	require.ErrorContains(t, err, "no value for")
	_, err = w.Service(t.Context(), here, "main", "api")
	require.Error(t, err)
	_, err = w.Targets(t.Context(), here, "group")
	require.Error(t, err)
}

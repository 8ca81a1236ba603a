package awscloud

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/execution"
)

// account answers as AWS does.
type account struct {
	services []ecstypes.Service
	tasks    []ecstypes.Task // one look after another
	failures []ecstypes.Failure
	run      *ecs.RunTaskInput
	stopped  bool
	targets  []elbtypes.TargetHealthDescription
	alarms   *cloudwatch.DescribeAlarmsOutput
	points   []cwtypes.Datapoint
	asked    *cloudwatch.GetMetricStatisticsInput
	invoked  *lambda.InvokeOutput
	secret   string
}

func (a *account) DescribeServices(context.Context, *ecs.DescribeServicesInput, ...func(*ecs.Options)) (*ecs.DescribeServicesOutput, error) {
	return &ecs.DescribeServicesOutput{Services: a.services}, nil
}

func (a *account) RunTask(_ context.Context, in *ecs.RunTaskInput, _ ...func(*ecs.Options)) (*ecs.RunTaskOutput, error) {
	a.run = in
	if len(a.failures) > 0 {
		return &ecs.RunTaskOutput{Failures: a.failures}, nil
	}
	return &ecs.RunTaskOutput{Tasks: []ecstypes.Task{{TaskArn: aws.String("task")}}}, nil
}

func (a *account) DescribeTasks(context.Context, *ecs.DescribeTasksInput, ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error) {
	task := a.tasks[0]
	if len(a.tasks) > 1 {
		a.tasks = a.tasks[1:]
	}
	return &ecs.DescribeTasksOutput{Tasks: []ecstypes.Task{task}}, nil
}

func (a *account) StopTask(context.Context, *ecs.StopTaskInput, ...func(*ecs.Options)) (*ecs.StopTaskOutput, error) {
	a.stopped = true
	return &ecs.StopTaskOutput{}, nil
}

func (a *account) DescribeTaskDefinition(context.Context, *ecs.DescribeTaskDefinitionInput, ...func(*ecs.Options)) (*ecs.DescribeTaskDefinitionOutput, error) {
	return &ecs.DescribeTaskDefinitionOutput{TaskDefinition: &ecstypes.TaskDefinition{ContainerDefinitions: []ecstypes.ContainerDefinition{
		{Name: aws.String("api")}, {Name: aws.String("router")}}}}, nil
}

func (a *account) DescribeTargetHealth(context.Context, *elb.DescribeTargetHealthInput, ...func(*elb.Options)) (*elb.DescribeTargetHealthOutput, error) {
	return &elb.DescribeTargetHealthOutput{TargetHealthDescriptions: a.targets}, nil
}

func (a *account) DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	return a.alarms, nil
}

func (a *account) GetMetricStatistics(_ context.Context, in *cloudwatch.GetMetricStatisticsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricStatisticsOutput, error) {
	a.asked = in
	return &cloudwatch.GetMetricStatisticsOutput{Datapoints: a.points}, nil
}

func (a *account) Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	return a.invoked, nil
}

func (a *account) GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return &secretsmanager.GetSecretValueOutput{SecretString: aws.String(a.secret)}, nil
}

func (a *account) cloud() *Cloud {
	return From(func(string) Clients { return Clients{ECS: a, Balancers: a, Watch: a, Functions: a, Secrets: a} },
		func(ctx context.Context) error { return ctx.Err() })
}

var here = execution.Place{Region: "eu-west-1"}

func TestAServiceIsToldWithItsPrimaryDeploymentFirst(t *testing.T) {
	a := &account{services: []ecstypes.Service{{DesiredCount: 2, RunningCount: 3, Events: []ecstypes.ServiceEvent{{Message: aws.String("newest")}, {Message: aws.String("older")}},
		Deployments: []ecstypes.Deployment{{Status: aws.String("ACTIVE"), TaskDefinition: aws.String("t:1"), RolloutState: ecstypes.DeploymentRolloutStateCompleted},
			{Status: aws.String("PRIMARY"), TaskDefinition: aws.String("t:2"), RunningCount: 1, DesiredCount: 2}}}}}
	s, err := a.cloud().Service(t.Context(), here, "main", "api")
	require.NoError(t, err)
	require.Equal(t, execution.Service{Desired: 2, Running: 3, Message: "newest", Deployments: []execution.Deployment{
		{Primary: true, TaskDefinition: "t:2", State: execution.InProgress, Running: 1, Desired: 2}, {TaskDefinition: "t:1", State: execution.Completed}}}, s)
	a.services = nil
	_, err = a.cloud().Service(t.Context(), here, "main", "api")
	require.ErrorContains(t, err, "no service api")
}

func TestTargetsAndAlarms(t *testing.T) {
	a := &account{targets: []elbtypes.TargetHealthDescription{{Target: &elbtypes.TargetDescription{Id: aws.String("10.0.0.1")},
		TargetHealth: &elbtypes.TargetHealth{State: elbtypes.TargetHealthStateEnumUnhealthy, Description: aws.String("502")}}},
		alarms: &cloudwatch.DescribeAlarmsOutput{MetricAlarms: []cwtypes.MetricAlarm{{AlarmName: aws.String("one"), StateValue: cwtypes.StateValueOk}},
			CompositeAlarms: []cwtypes.CompositeAlarm{{AlarmName: aws.String("two"), StateValue: cwtypes.StateValueInsufficientData, StateReason: aws.String("none")}}}}
	targets, err := a.cloud().Targets(t.Context(), here, "group")
	require.NoError(t, err)
	require.Equal(t, []execution.Target{{ID: "10.0.0.1", State: "unhealthy", Reason: "502"}}, targets)
	alarms, err := a.cloud().Alarms(t.Context(), here, []string{"one", "two"})
	require.NoError(t, err)
	require.Equal(t, []execution.Alarm{{Name: "one", State: "OK"}, {Name: "two", State: "INSUFFICIENT_DATA", Reason: "none"}}, alarms)
}

func TestAMetricIsMeasuredInWholePeriods(t *testing.T) {
	from := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	point := func(minute int, value float64) cwtypes.Datapoint {
		return cwtypes.Datapoint{Timestamp: aws.Time(from.Add(time.Duration(minute) * time.Minute)), Sum: aws.Float64(value), ExtendedStatistics: map[string]float64{"p99": value * 10}}
	}
	a := &account{points: []cwtypes.Datapoint{point(2, 7), point(1, 4), point(0, 3)}}
	m := execution.Metric{Namespace: "n", Name: "m", Statistic: "Sum", Period: time.Minute, Dimensions: map[string]string{"b": "2", "a": "1"}}
	values, err := a.cloud().Measure(t.Context(), here, m, from, from.Add(150*time.Second))
	require.NoError(t, err)
	require.Equal(t, []float64{3, 4}, values, "the third period is not over")
	require.Equal(t, "a", *a.asked.Dimensions[0].Name)
	require.Equal(t, []cwtypes.Statistic{"Sum"}, a.asked.Statistics)
	m.Statistic = "p99"
	values, err = a.cloud().Measure(t.Context(), here, m, from, from.Add(3*time.Minute))
	require.NoError(t, err)
	require.Equal(t, []float64{30, 40, 70}, values)
	require.Equal(t, []string{"p99"}, a.asked.ExtendedStatistics)
}

func TestAFunctionThatFailsIsAnError(t *testing.T) {
	a := &account{invoked: &lambda.InvokeOutput{StatusCode: 200}}
	require.NoError(t, a.cloud().Invoke(t.Context(), here, "f", nil))
	a.invoked = &lambda.InvokeOutput{StatusCode: 200, FunctionError: aws.String("Unhandled"), Payload: []byte(`{"errorMessage":"no"}`)}
	require.ErrorContains(t, a.cloud().Invoke(t.Context(), here, "f", nil), "Unhandled")
	a.invoked = &lambda.InvokeOutput{StatusCode: 429}
	require.ErrorContains(t, a.cloud().Invoke(t.Context(), here, "f", nil), "429")
}

func TestATaskIsRunToItsEnd(t *testing.T) {
	call := execution.TaskCall{TaskDefinition: "t:2", Cluster: "main", SecurityGroup: "sg", Subnets: []string{"s1"}, Command: []string{"migrate"},
		Env: map[string]string{"B": "2", "A": "1"}, StartedBy: "r1"}
	ended := func(code *int32) ecstypes.Task {
		return ecstypes.Task{LastStatus: aws.String("STOPPED"), StoppedReason: aws.String("CannotPull"), Containers: []ecstypes.Container{
			{Name: aws.String("router"), ExitCode: aws.Int32(143)}, {Name: aws.String("api"), ExitCode: code}}}
	}
	for sentence, test := range map[string]struct {
		account account
		want    string
	}{
		"well":                {account{tasks: []ecstypes.Task{{LastStatus: aws.String("PENDING")}, ended(aws.Int32(0))}}, ""},
		"with another code":   {account{tasks: []ecstypes.Task{ended(aws.Int32(3))}}, "exit code 3"},
		"before it began":     {account{tasks: []ecstypes.Task{ended(nil)}}, "CannotPull"},
		"it was not started":  {account{failures: []ecstypes.Failure{{Reason: aws.String("RESOURCE:CPU")}}}, "RESOURCE:CPU"},
		"without a container": {account{tasks: []ecstypes.Task{{LastStatus: aws.String("STOPPED")}}}, "without its container api"},
	} {
		t.Run(sentence, func(t *testing.T) {
			err := test.account.cloud().RunTask(t.Context(), here, call)
			if test.want != "" {
				require.ErrorContains(t, err, test.want)
				return
			}
			require.NoError(t, err)
			override := test.account.run.Overrides.ContainerOverrides[0]
			require.Equal(t, "api", *override.Name)
			require.Equal(t, []string{"migrate"}, override.Command)
			require.Equal(t, "A", *override.Environment[0].Name)
			require.Equal(t, "r1", *test.account.run.StartedBy)
		})
	}
	a := &account{tasks: []ecstypes.Task{{LastStatus: aws.String("RUNNING")}}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.True(t, errors.Is(a.cloud().RunTask(ctx, here, call), context.Canceled))
	require.True(t, a.stopped, "nobody waits for it any more")
}

func TestASecretIsATextOrAFieldOfAnObject(t *testing.T) {
	a := &account{secret: `{"key":"value","number":3}`}
	text, err := a.cloud().Secret(t.Context(), here, "s", "")
	require.NoError(t, err)
	require.Equal(t, a.secret, text)
	text, err = a.cloud().Secret(t.Context(), here, "s", "key")
	require.NoError(t, err)
	require.Equal(t, "value", text)
	for _, key := range []string{"none", "number"} {
		_, err = a.cloud().Secret(t.Context(), here, "s", key)
		require.ErrorContains(t, err, "no text field "+key)
	}
	a.secret = "plain"
	_, err = a.cloud().Secret(t.Context(), here, "s", "key")
	require.ErrorContains(t, err, "no JSON object")
	require.NotContains(t, err.Error(), "plain")
}

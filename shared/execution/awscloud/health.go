package awscloud

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/deployer-io/deployer/shared/execution"
)

// Service implements execution.Health.
func (c *Cloud) Service(ctx context.Context, at execution.Place, cluster, service string) (execution.Service, error) {
	out, err := c.in(at).ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String(cluster), Services: []string{service}})
	if err != nil {
		return execution.Service{}, err
	}
	if len(out.Services) == 0 {
		return execution.Service{}, fmt.Errorf("ECS knows no service %s in the cluster %s", service, cluster)
	}
	found := out.Services[0]
	s := execution.Service{Desired: int(found.DesiredCount), Running: int(found.RunningCount)}
	if len(found.Events) > 0 { // the newest is the first
		s.Message = aws.ToString(found.Events[0].Message)
	}
	for _, d := range found.Deployments {
		s.Deployments = append(s.Deployments, execution.Deployment{Primary: aws.ToString(d.Status) == "PRIMARY", TaskDefinition: aws.ToString(d.TaskDefinition),
			State: stateOf(d), Reason: aws.ToString(d.RolloutStateReason), Running: int(d.RunningCount), Desired: int(d.DesiredCount)})
	}
	slices.SortStableFunc(s.Deployments, func(a, b execution.Deployment) int { return cmp.Compare(rank(a), rank(b)) })
	return s, nil
}

func rank(d execution.Deployment) int {
	if d.Primary {
		return 0
	}
	return 1
}

// stateOf is a deployment's state. Controllers other than ECS's own tell none: then the counts do.
func stateOf(d ecstypes.Deployment) execution.DeploymentState {
	switch {
	case d.RolloutState != "":
		return execution.DeploymentState(d.RolloutState)
	case d.RunningCount == d.DesiredCount && d.PendingCount == 0:
		return execution.Completed
	}
	return execution.InProgress
}

// Targets implements execution.Health.
func (c *Cloud) Targets(ctx context.Context, at execution.Place, targetGroup string) ([]execution.Target, error) {
	out, err := c.in(at).Balancers.DescribeTargetHealth(ctx, &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: aws.String(targetGroup)})
	if err != nil {
		return nil, err
	}
	var targets []execution.Target
	for _, d := range out.TargetHealthDescriptions {
		t := execution.Target{}
		if d.Target != nil {
			t.ID = aws.ToString(d.Target.Id)
		}
		if d.TargetHealth != nil {
			t.State, t.Reason = string(d.TargetHealth.State), aws.ToString(d.TargetHealth.Description)
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// perCall is how many alarms one call describes.
const perCall = 100

// Alarms implements execution.Health.
func (c *Cloud) Alarms(ctx context.Context, at execution.Place, names []string) ([]execution.Alarm, error) {
	var alarms []execution.Alarm
	for some := range slices.Chunk(names, perCall) {
		pages := cloudwatch.NewDescribeAlarmsPaginator(c.in(at).Watch, &cloudwatch.DescribeAlarmsInput{AlarmNames: some,
			AlarmTypes: []cwtypes.AlarmType{cwtypes.AlarmTypeMetricAlarm, cwtypes.AlarmTypeCompositeAlarm}})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, a := range page.MetricAlarms {
				alarms = append(alarms, execution.Alarm{Name: aws.ToString(a.AlarmName), State: string(a.StateValue), Reason: aws.ToString(a.StateReason)})
			}
			for _, a := range page.CompositeAlarms {
				alarms = append(alarms, execution.Alarm{Name: aws.ToString(a.AlarmName), State: string(a.StateValue), Reason: aws.ToString(a.StateReason)})
			}
		}
	}
	return alarms, nil
}

// Measure implements execution.Health.
func (c *Cloud) Measure(ctx context.Context, at execution.Place, m execution.Metric, from, to time.Time) ([]float64, error) {
	in := &cloudwatch.GetMetricStatisticsInput{Namespace: aws.String(m.Namespace), MetricName: aws.String(m.Name), StartTime: aws.Time(from),
		EndTime: aws.Time(to), Period: aws.Int32(int32(m.Period / time.Second))}
	for _, name := range slices.Sorted(maps.Keys(m.Dimensions)) {
		in.Dimensions = append(in.Dimensions, cwtypes.Dimension{Name: aws.String(name), Value: aws.String(m.Dimensions[name])})
	}
	percentile := strings.HasPrefix(m.Statistic, "p")
	if percentile {
		in.ExtendedStatistics = []string{m.Statistic}
	} else {
		in.Statistics = []cwtypes.Statistic{cwtypes.Statistic(m.Statistic)}
	}
	out, err := c.in(at).Watch.GetMetricStatistics(ctx, in)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out.Datapoints, func(a, b cwtypes.Datapoint) int { return aws.ToTime(a.Timestamp).Compare(aws.ToTime(b.Timestamp)) })
	var values []float64
	for _, d := range out.Datapoints {
		if aws.ToTime(d.Timestamp).Add(m.Period).After(to) {
			continue // not whole yet
		}
		value, there := d.ExtendedStatistics[m.Statistic]
		if !percentile {
			value, there = statistic(d, m.Statistic)
		}
		if there {
			values = append(values, value)
		}
	}
	return values, nil
}

func statistic(d cwtypes.Datapoint, name string) (float64, bool) {
	value := map[string]*float64{"Average": d.Average, "Sum": d.Sum, "Minimum": d.Minimum, "Maximum": d.Maximum, "SampleCount": d.SampleCount}[name]
	return aws.ToFloat64(value), value != nil
}

// Snapshot implements execution.Health.
func (c *Cloud) Snapshot(ctx context.Context, at execution.Place, s execution.Snapshot) (execution.SnapshotState, error) {
	return c.in(at).Snapshots.Describe(ctx, s)
}

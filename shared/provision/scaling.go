package provision

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/appautoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

type (
	targetArgs     = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs
	predefinedArgs = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs
	customArgs     = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationArgs
	metricArgs     = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArgs
	metricArray    = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArray
	statArgs       = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricMetricStatArgs
	statMetricArgs = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricMetricStatMetricArgs
	dimensionArgs  = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricMetricStatMetricDimensionArgs
	dimensionArray = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricMetricStatMetricDimensionArray
)

// autoscaling changes the number of copies so that each of the author's targets is met.
func (p *program) autoscaling(s *service, of *ecs.Service) error {
	target, err := appautoscaling.NewTarget(p.Context, "scaling", &appautoscaling.TargetArgs{
		MinCapacity: pulumi.Int(s.scaling.Min), MaxCapacity: pulumi.Int(s.scaling.Max),
		ResourceId:        pulumi.Sprintf("service/%s/%s", s.net.clusterName, of.Name),
		ScalableDimension: pulumi.String("ecs:service:DesiredCount"), ServiceNamespace: pulumi.String("ecs"),
	})
	if err != nil {
		return err
	}
	policy := func(name string, value int, configuration *targetArgs) error {
		if value == 0 {
			return nil
		}
		configuration.TargetValue = pulumi.Float64(value)
		configuration.ScaleInCooldown = pulumi.Int(int(s.scaling.ScaleInCooldown.Seconds()))
		configuration.ScaleOutCooldown = pulumi.Int(int(s.scaling.ScaleOutCooldown.Seconds()))
		_, err := appautoscaling.NewPolicy(p.Context, "scaling-"+name, &appautoscaling.PolicyArgs{
			Name: pulumi.String(p.name(maxLongName, name)), PolicyType: pulumi.String("TargetTrackingScaling"),
			ResourceId:        target.ResourceId,
			ScalableDimension: target.ScalableDimension, ServiceNamespace: target.ServiceNamespace,
			TargetTrackingScalingPolicyConfiguration: configuration,
		})
		return err
	}
	if err := policy("cpu", s.scaling.CPU, predefined("ECSServiceAverageCPUUtilization", nil)); err != nil {
		return err
	}
	if err := policy("memory", s.scaling.Memory, predefined("ECSServiceAverageMemoryUtilization", nil)); err != nil {
		return err
	}
	if s.front != nil {
		if err := policy("requests", s.scaling.RequestsPerTarget, predefined("ALBRequestCountPerTarget",
			s.front.label)); err != nil {
			return err
		}
	}
	return policy("queue", s.scaling.QueueDepth, queuePerCopy(s))
}

func predefined(metric string, label pulumi.StringPtrInput) *targetArgs {
	return &targetArgs{PredefinedMetricSpecification: &predefinedArgs{PredefinedMetricType: pulumi.String(metric),
		ResourceLabel: label}}
}

// queuePerCopy is the number of waiting messages for each running copy. Without a running copy it is the number of
// messages, so that scaling from zero begins with the first one.
func queuePerCopy(s *service) *targetArgs {
	stat := func(id, namespace, metric, statistic string, dimensions ...string) *metricArgs {
		var array dimensionArray
		for i := 0; i < len(dimensions); i += 2 {
			array = append(array, &dimensionArgs{Name: pulumi.String(dimensions[i]),
				Value: pulumi.String(dimensions[i+1])})
		}
		return &metricArgs{Id: pulumi.String(id), ReturnData: pulumi.Bool(false),
			MetricStat: &statArgs{Stat: pulumi.String(statistic),
				Metric: &statMetricArgs{Namespace: pulumi.String(namespace), MetricName: pulumi.String(metric),
					Dimensions: array}}}
	}
	return &targetArgs{CustomizedMetricSpecification: &customArgs{Metrics: metricArray{
		stat("waiting", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", "QueueName", s.queue),
		stat("running", "ECS/ContainerInsights", "RunningTaskCount", "Average", "ClusterName", s.net.clusterName,
			"ServiceName", s.task.name),
		&metricArgs{Id: pulumi.String("perCopy"),
			Expression: pulumi.String("IF(FILL(running, 0) > 0, waiting / running, waiting)"),
			Label:      pulumi.String("messages waiting for each copy"), ReturnData: pulumi.Bool(true)},
	}}}
}

// requestLabel names the pair of load balancer and target group whose requests are counted: the end of the one's ARN and the
// end of the other's (Application Auto Scaling, PredefinedMetricSpecification).
func requestLabel(listenerARN, targetGroupARN string) string {
	_, listener, _ := strings.Cut(listenerARN, ":listener/") // app/NAME/ID/LISTENER
	balancer := listener[:max(strings.LastIndexByte(listener, '/'), 0)]
	_, group, _ := strings.Cut(targetGroupARN, ":targetgroup/")
	return balancer + "/targetgroup/" + group
}

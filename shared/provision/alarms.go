package provision

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

const platformObservability = resource.PlatformService + "/observability"

// thresholds are those of the environment's Observability document, by name.
type thresholds map[string]string

// watched returns where alarms go and from which values they rise; false where the environment has none.
func (p *program) watched() (topic string, limits thresholds, ok bool) {
	u := upstream{Upstream: p.order.Upstreams[platformObservability]}
	topic = u.text("alarmTopicArn")
	return topic, outputAs[map[string]string](u, "alarmThresholds"), topic != ""
}

// alarm is a metric that is compared with a threshold.
type alarm struct {
	name, about       string
	namespace, metric string
	dimensions        pulumi.StringMap
	statistic         string // Average without it
	below             bool   // rises when the metric falls below the threshold
	limit             string // the threshold's name
	scale             float64
	remainder         bool     // the threshold is what remains of a hundred percent
	fixed             *float64 // a threshold that is the same everywhere
	minutes           int      // how long it must hold; 5 without it
	queries           cloudwatch.MetricAlarmMetricQueryArray
}

// alarms makes alarms, where the environment has somebody to tell.
func (p *program) alarms(all ...alarm) error {
	topic, limits, ok := p.watched()
	if !ok {
		return nil
	}
	for _, a := range all {
		threshold, known := a.threshold(limits)
		if !known {
			continue
		}
		if _, err := cloudwatch.NewMetricAlarm(p.Context, "alarm-"+a.name,
			a.arguments(p, topic, threshold)); err != nil {
			return err
		}
	}
	return nil
}

func (a alarm) threshold(limits thresholds) (float64, bool) {
	if a.fixed != nil {
		return *a.fixed, true
	}
	value, err := strconv.ParseFloat(limits[a.limit], 64)
	if err != nil {
		span, spanErr := time.ParseDuration(limits[a.limit])
		value, err = span.Seconds(), spanErr
	}
	if a.scale != 0 {
		value *= a.scale
	}
	if a.remainder {
		value = 100 - value
	}
	return value, err == nil
}

func (a alarm) arguments(p *program, topic string, threshold float64) *cloudwatch.MetricAlarmArgs {
	comparison := "GreaterThanThreshold"
	if a.below {
		comparison = "LessThanThreshold"
	}
	minutes := a.minutes
	if minutes == 0 {
		minutes = 5
	}
	arguments := &cloudwatch.MetricAlarmArgs{
		Name:               pulumi.String(p.name(maxLongName, a.name)),
		AlarmDescription:   pulumi.String(a.about + " of " + p.order.Address.String()),
		ComparisonOperator: pulumi.String(comparison), Threshold: pulumi.Float64(threshold),
		EvaluationPeriods: pulumi.Int(minutes),
		DatapointsToAlarm: pulumi.Int(minutes), TreatMissingData: pulumi.String("notBreaching"),
		AlarmActions: pulumi.Array{pulumi.String(topic)}, OkActions: pulumi.Array{pulumi.String(topic)},
	}
	if a.queries != nil {
		arguments.MetricQueries = a.queries
		return arguments
	}
	statistic := a.statistic
	if statistic == "" {
		statistic = "Average"
	}
	arguments.Namespace, arguments.MetricName, arguments.Dimensions = pulumi.String(a.namespace),
		pulumi.String(a.metric), a.dimensions
	arguments.Statistic, arguments.Period = pulumi.String(statistic), pulumi.Int(60)
	return arguments
}

func (p *program) serviceAlarms(s *service) error {
	dimensions := pulumi.StringMap{"ClusterName": pulumi.String(s.net.clusterName),
		"ServiceName": pulumi.String(s.task.name)}
	return p.alarms(
		alarm{name: "cpu", about: "the use of the processor", namespace: "AWS/ECS", metric: "CPUUtilization",
			dimensions: dimensions, limit: "cpu"},
		alarm{name: "memory", about: "the use of memory", namespace: "AWS/ECS", metric: "MemoryUtilization",
			dimensions: dimensions, limit: "memory"},
	)
}

// databaseAlarms watches a database. storage is its disk in GiB, 0 for one that grows by itself.
func (p *program) databaseAlarms(dimension, id string, storage int) error {
	dimensions := pulumi.StringMap{dimension: pulumi.String(id)}
	all := []alarm{{name: "cpu", about: "the use of the processor", namespace: "AWS/RDS", metric: "CPUUtilization",
		dimensions: dimensions, limit: "cpu"}}
	if storage > 0 {
		const gib = 1 << 30
		all = append(all, alarm{name: "storage", about: "the free disk", namespace: "AWS/RDS",
			metric: "FreeStorageSpace", dimensions: dimensions,
			below: true, limit: "freeStorage", scale: float64(storage) * gib / 100})
	}
	return p.alarms(all...)
}

// nodes names the nodes of a cache or a memory database as AWS does: NAME-001 without shards, NAME-0001-001 with them.
func nodes(name string, shards, perShard int, sharded bool) []string {
	var all []string
	for shard := range shards {
		for node := range perShard {
			id := fmt.Sprintf("%s-%04d-%03d", name, shard+1, node+1)
			if !sharded {
				id = fmt.Sprintf("%s-%03d", name, node+1)
			}
			all = append(all, id)
		}
	}
	return all
}

const metricsPerAlarm = 10 // as many as CloudWatch allows

// nodeAlarms watches the busiest and the fullest of some nodes, of which CloudWatch has no common metric. dimensions says
// under what a node's metrics are; a metric without a name is left out.
func (p *program) nodeAlarms(namespace, cpu, memory string, nodes []string,
	dimensions func(node string) pulumi.StringMap) error {
	var all []alarm
	for _, m := range []struct{ name, about, metric string }{{"cpu", "the use of the processor", cpu},
		{"memory", "the use of memory", memory}} {
		if m.metric != "" {
			all = append(all, busiestAlarms(m.name, m.about, m.name, namespace, m.metric, nodes, dimensions)...)
		}
	}
	return p.alarms(all...)
}

// busiestAlarms watches the greatest of the same metric of several nodes, in as many alarms as are needed.
func busiestAlarms(name, about, limit, namespace, metric string, nodes []string,
	dimensions func(node string) pulumi.StringMap) []alarm {
	var all []alarm
	for group := range slices.Chunk(nodes, metricsPerAlarm) {
		a := alarm{name: name, about: about, limit: limit, queries: busiest(namespace, metric, group, dimensions)}
		if len(all) > 0 {
			a.name = fmt.Sprintf("%s-%d", name, len(all)+1)
		}
		all = append(all, a)
	}
	return all
}

// busiest is the greatest of the same metric of several nodes.
func busiest(namespace, metric string, nodes []string,
	dimensions func(node string) pulumi.StringMap) cloudwatch.MetricAlarmMetricQueryArray {
	var queries cloudwatch.MetricAlarmMetricQueryArray
	for i, node := range nodes {
		queries = append(queries, &cloudwatch.MetricAlarmMetricQueryArgs{Id: pulumi.Sprintf("node%d", i+1),
			ReturnData: pulumi.Bool(false),
			Metric: &cloudwatch.MetricAlarmMetricQueryMetricArgs{Namespace: pulumi.String(namespace),
				MetricName: pulumi.String(metric),
				Period:     pulumi.Int(60), Stat: pulumi.String("Average"), Dimensions: dimensions(node)}})
	}
	return append(queries, &cloudwatch.MetricAlarmMetricQueryArgs{Id: pulumi.String("busiest"),
		Expression: pulumi.String("MAX(METRICS())"),
		Label:      pulumi.String("the busiest node"), ReturnData: pulumi.Bool(true)})
}

func cacheNode(node string) pulumi.StringMap {
	return pulumi.StringMap{"CacheClusterId": pulumi.String(node)}
}

func (p *program) queueAlarms(of, dead *sqs.Queue) error {
	all := []alarm{{name: "age", about: "the age of the oldest message", namespace: "AWS/SQS",
		metric:     "ApproximateAgeOfOldestMessage",
		dimensions: pulumi.StringMap{"QueueName": of.Name}, statistic: "Maximum", limit: "messageAge"}}
	if dead != nil {
		var none float64
		all = append(all, alarm{name: "dead-letters", about: "messages that nobody could handle", namespace: "AWS/SQS",
			fixed: &none, minutes: 1,
			metric: "ApproximateNumberOfMessagesVisible", dimensions: pulumi.StringMap{"QueueName": dead.Name},
			statistic: "Maximum"})
	}
	return p.alarms(all...)
}

// rate is the share of one metric in another, in percent.
func rate(namespace, part, whole string, dimensions pulumi.StringMap) cloudwatch.MetricAlarmMetricQueryArray {
	sum := func(id, metric string) *cloudwatch.MetricAlarmMetricQueryArgs {
		return &cloudwatch.MetricAlarmMetricQueryArgs{Id: pulumi.String(id), ReturnData: pulumi.Bool(false),
			Metric: &cloudwatch.MetricAlarmMetricQueryMetricArgs{Namespace: pulumi.String(namespace),
				MetricName: pulumi.String(metric),
				Period:     pulumi.Int(60), Stat: pulumi.String("Sum"), Dimensions: dimensions}}
	}
	return cloudwatch.MetricAlarmMetricQueryArray{sum("part", part), sum("whole", whole),
		&cloudwatch.MetricAlarmMetricQueryArgs{
			Id: pulumi.String("rate"), Expression: pulumi.String("IF(whole > 0, 100 * part / whole, 0)"),
			Label: pulumi.String("percent"), ReturnData: pulumi.Bool(true)}}
}

func (p *program) balancerAlarms(of *lb.LoadBalancer) error {
	dimensions := pulumi.StringMap{"LoadBalancer": of.ArnSuffix}
	return p.alarms(alarm{name: "errors", about: "the share of failed requests", limit: "errorRate",
		queries: rate("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "RequestCount", dimensions)})
}

func (p *program) functionAlarms(name pulumi.StringInput) error {
	dimensions := pulumi.StringMap{"FunctionName": name}
	return p.alarms(alarm{name: "errors", about: "the share of failed calls", limit: "errorRate",
		queries: rate("AWS/Lambda", "Errors", "Invocations", dimensions)})
}

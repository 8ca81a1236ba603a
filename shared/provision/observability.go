package provision

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/sns"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/xray"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

func observability(p *program, spec *resource.Observability) error {
	if spec.Alarms.Enabled {
		if err := p.alarmTopic(&spec.Alarms); err != nil {
			return err
		}
	}
	if spec.Dashboard {
		body, err := asJSON(p.dashboard())
		if err != nil {
			return err
		}
		made, err := cloudwatch.NewDashboard(p.Context, "dashboard",
			&cloudwatch.DashboardArgs{DashboardName: pulumi.String(p.name(maxLongName, "")),
				DashboardBody: pulumi.String(body)})
		if err != nil {
			return err
		}
		p.output("dashboardName", made.DashboardName)
	}
	return p.sampling(spec.Tracing)
}

// alarmTopic is where all alarms of the environment go. AWS's own key for topics lets CloudWatch in no more than anybody
// else's, so without a key of the environment's the topic has none.
func (p *program) alarmTopic(spec *resource.Alarms) error {
	p.output("alarmThresholds", pulumi.StringMap{
		"cpu": pulumi.String(strconv.Itoa(spec.CPU)), "memory": pulumi.String(strconv.Itoa(spec.Memory)),
		"errorRate":   pulumi.String(strconv.FormatFloat(spec.ErrorRate, 'g', -1, 64)),
		"freeStorage": pulumi.String(strconv.Itoa(spec.FreeStorage)),
		"messageAge":  pulumi.String(fmt.Sprintf("%ds", int(spec.MessageAge.Seconds())))})
	topic := pulumi.StringInput(pulumi.String(string(spec.ExistingTopic)))
	if spec.ExistingTopic == "" {
		made, err := sns.NewTopic(p.Context, "alarms",
			&sns.TopicArgs{Name: pulumi.String(p.name(maxLongName, "alarms")), KmsMasterKeyId: p.key("")})
		if err != nil {
			return err
		}
		policy, err := p.deliveryPolicy("sns:Publish", "sns:Publish", made.Arn, "cloudwatch.amazonaws.com",
			"events.amazonaws.com")
		if err != nil {
			return err
		}
		if _, err := sns.NewTopicPolicy(p.Context, "alarms", &sns.TopicPolicyArgs{Arn: made.Arn,
			Policy: policy}); err != nil {
			return err
		}
		topic = made.Arn
	}
	for _, address := range spec.Emails {
		if _, err := sns.NewTopicSubscription(p.Context, address, &sns.TopicSubscriptionArgs{Topic: topic,
			Protocol: pulumi.String("email"),
			Endpoint: pulumi.String(address)}); err != nil {
			return err
		}
	}
	p.output("alarmTopicArn", topic)
	return nil
}

// sampling says which share of requests X-Ray records of what the environment's names begin with.
func (p *program) sampling(spec resource.Tracing) error {
	if !spec.Enabled {
		return nil
	}
	of := p.order.Address
	any := pulumi.String("*")
	_, err := xray.NewSamplingRule(p.Context, "sampling",
		&xray.SamplingRuleArgs{RuleName: pulumi.String(p.name(maxLoadBalancerName, "")),
			ServiceName: pulumi.String(of.Stack + "-" + of.Environment + "-*"),
			FixedRate:   pulumi.Float64(spec.SamplePercent / 100), ReservoirSize: pulumi.Int(1),
			Priority: pulumi.Int(1000), Version: pulumi.Int(1), Host: any, HttpMethod: any, ResourceArn: any,
			ServiceType: any, UrlPath: any})
	return err
}

// dashboard is the body of a dashboard of CloudWatch (Amazon CloudWatch API Reference, "Dashboard body structure and syntax").
type dashboard struct {
	Widgets []widget `json:"widgets"`
}

type widget struct {
	Type       string     `json:"type"`
	X          int        `json:"x"`
	Y          int        `json:"y"`
	Width      int        `json:"width"`
	Height     int        `json:"height"`
	Properties properties `json:"properties"`
}

type properties struct {
	Title   string  `json:"title"`
	Region  string  `json:"region"`
	View    string  `json:"view"`
	Stacked bool    `json:"stacked"`
	Period  int     `json:"period"`
	Metrics [][]any `json:"metrics"`
}

// graphs are what the dashboard shows: each the same metric of everything in the environment that has it.
var graphs = []struct{ title, dimensions, metric, statistic string }{
	{"Services: processor", "AWS/ECS,ClusterName,ServiceName", "CPUUtilization", "Average"},
	{"Services: memory", "AWS/ECS,ClusterName,ServiceName", "MemoryUtilization", "Average"},
	{"Load balancers: requests", "AWS/ApplicationELB,LoadBalancer", "RequestCount", "Sum"},
	{"Load balancers: failed requests", "AWS/ApplicationELB,LoadBalancer", "HTTPCode_Target_5XX_Count", "Sum"},
	{"Load balancers: response time", "AWS/ApplicationELB,LoadBalancer", "TargetResponseTime", "p95"},
	{"Functions: calls", "AWS/Lambda,FunctionName", "Invocations", "Sum"},
	{"Functions: failed calls", "AWS/Lambda,FunctionName", "Errors", "Sum"},
	{"Databases: processor", "AWS/RDS,DBInstanceIdentifier", "CPUUtilization", "Average"},
	{"Databases: connections", "AWS/RDS,DBInstanceIdentifier", "DatabaseConnections", "Average"},
	{"Caches: processor", "AWS/ElastiCache,CacheClusterId", "EngineCPUUtilization", "Average"},
	{"Queues: age of the oldest message", "AWS/SQS,QueueName", "ApproximateAgeOfOldestMessage", "Maximum"},
	{"Queues: messages waiting", "AWS/SQS,QueueName", "ApproximateNumberOfMessagesVisible", "Average"},
}

// dashboard searches for whatever is there, so that it needs no change when components come and go.
func (p *program) dashboard() dashboard {
	const columns, width, height = 3, 8, 6
	of := p.order.Address
	words := strings.Join(strings.Split(of.Stack+"-"+of.Environment, "-"),
		" ") // a search finds words, not parts of names
	var d dashboard
	for i, g := range graphs {
		search := fmt.Sprintf(`SEARCH('{%s} MetricName="%s" %s', '%s', 60)`, g.dimensions, g.metric, words, g.statistic)
		d.Widgets = append(d.Widgets, widget{Type: "metric", X: i % columns * width, Y: i / columns * height,
			Width: width, Height: height,
			Properties: properties{Title: g.title, Region: p.order.Region, View: "timeSeries", Period: 60,
				Metrics: [][]any{{map[string]string{"expression": search, "id": fmt.Sprintf("e%d", i+1)}}}}})
	}
	return d
}

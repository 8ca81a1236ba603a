// Package awscloud is AWS as execution sees it: the SDK's configuration goes in; how services fare, what alarms and metrics
// say, and the calls of hooks come out.
package awscloud

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/deployer-io/deployer/shared/execution"
)

// Clients are what is asked of AWS in one region; the SDK's clients answer it.
type Clients struct {
	ECS       ECS
	Balancers Balancers
	Watch     Watch
	Functions Functions
	Secrets   Secrets
	Snapshots Snapshots
}

// ECS is what is asked of ECS.
type ECS interface {
	DescribeServices(ctx context.Context, in *ecs.DescribeServicesInput, options ...func(*ecs.Options)) (*ecs.DescribeServicesOutput, error)
	RunTask(ctx context.Context, in *ecs.RunTaskInput, options ...func(*ecs.Options)) (*ecs.RunTaskOutput, error)
	DescribeTasks(ctx context.Context, in *ecs.DescribeTasksInput, options ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error)
	StopTask(ctx context.Context, in *ecs.StopTaskInput, options ...func(*ecs.Options)) (*ecs.StopTaskOutput, error)
	DescribeTaskDefinition(ctx context.Context, in *ecs.DescribeTaskDefinitionInput, options ...func(*ecs.Options)) (*ecs.DescribeTaskDefinitionOutput, error)
}

// Balancers is what is asked of Elastic Load Balancing.
type Balancers interface {
	DescribeTargetHealth(ctx context.Context, in *elasticloadbalancingv2.DescribeTargetHealthInput, options ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.DescribeTargetHealthOutput, error)
}

// Watch is what is asked of CloudWatch.
type Watch interface {
	DescribeAlarms(ctx context.Context, in *cloudwatch.DescribeAlarmsInput, options ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
	GetMetricStatistics(ctx context.Context, in *cloudwatch.GetMetricStatisticsInput, options ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricStatisticsOutput, error)
}

// Functions is what is asked of Lambda.
type Functions interface {
	Invoke(ctx context.Context, in *lambda.InvokeInput, options ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// Secrets is what is asked of Secrets Manager.
type Secrets interface {
	GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, options ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// Snapshots is what is asked of the services that keep snapshots.
type Snapshots interface {
	// Describe describes a snapshot; its name is empty when there is none.
	Describe(ctx context.Context, s execution.Snapshot) (execution.SnapshotState, error)
}

// Cloud implements execution.Health, execution.Calls and execution.Secrets in the credentials' account.
type Cloud struct {
	make  func(region string) Clients
	sleep func(ctx context.Context) error // between two looks at a task

	mu      sync.Mutex
	regions map[string]Clients
}

var (
	_ execution.Health  = (*Cloud)(nil)
	_ execution.Calls   = (*Cloud)(nil)
	_ execution.Secrets = (*Cloud)(nil)
)

// New returns a Cloud whose clients are made of config, each for its region.
func New(config aws.Config) *Cloud {
	return From(func(region string) Clients {
		in := config.Copy()
		if region != "" {
			in.Region = region
		}
		return Clients{ECS: ecs.NewFromConfig(in), Balancers: elasticloadbalancingv2.NewFromConfig(in), Watch: cloudwatch.NewFromConfig(in),
			Functions: lambda.NewFromConfig(in, func(o *lambda.Options) { o.RetryMaxAttempts = 1 }), // a hook has its own retries
			Secrets:   secretsmanager.NewFromConfig(in), Snapshots: newSnapshotClient(in)}
	}, pause)
}

// From returns a Cloud with the clients that build makes for a region; sleep waits between two looks at a task.
func From(build func(region string) Clients, sleep func(ctx context.Context) error) *Cloud {
	return &Cloud{make: build, sleep: sleep, regions: map[string]Clients{}}
}

func (c *Cloud) in(at execution.Place) Clients {
	c.mu.Lock()
	defer c.mu.Unlock()
	clients, made := c.regions[at.Region]
	if !made {
		clients = c.make(at.Region)
		c.regions[at.Region] = clients
	}
	return clients
}

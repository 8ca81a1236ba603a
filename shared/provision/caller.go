package provision

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/scheduler"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// callers makes what calls the function: event sources, schedules, an address.
func (p *program) callers(spec *resource.Lambda, of *lambda.Function, alias *lambda.Alias) error {
	if spec.ProvisionedConcurrency > 0 {
		if _, err := lambda.NewProvisionedConcurrencyConfig(p.Context, "warm",
			&lambda.ProvisionedConcurrencyConfigArgs{FunctionName: of.Name,
				Qualifier: alias.Name, ProvisionedConcurrentExecutions: pulumi.Int(spec.ProvisionedConcurrency)}); err != nil {
			return err
		}
	}
	for i := range spec.EventSources {
		if err := p.eventSource(&spec.EventSources[i], alias); err != nil {
			return err
		}
	}
	if err := p.functionSchedules(spec, alias); err != nil {
		return err
	}
	return p.functionURL(spec, of, alias)
}

func (p *program) eventSource(e *resource.EventSource, alias *lambda.Alias) error {
	arguments := &lambda.EventSourceMappingArgs{FunctionName: alias.Arn, BatchSize: pulumi.Int(e.BatchSize),
		Enabled:                        pulumi.Bool(true),
		MaximumBatchingWindowInSeconds: seconds(e.BatchingWindow)}
	if e.ReportBatchItemFailures && e.Kafka.IsZero() {
		arguments.FunctionResponseTypes = texts("ReportBatchItemFailures")
	}
	ref, output := e.Queue, "arn"
	switch {
	case !e.Stream.IsZero():
		ref, output = e.Stream, "streamArn"
		arguments.StartingPosition, arguments.MaximumRetryAttempts = pulumi.String(e.StartingPosition),
			pulumi.Int(e.MaximumRetries)
		arguments.BisectBatchOnFunctionError = pulumi.Bool(true)
	case !e.Kafka.IsZero():
		ref = e.Kafka
		arguments.StartingPosition, arguments.Topics = pulumi.String(e.StartingPosition), texts(e.Topic)
	case e.MaximumConcurrency > 0:
		arguments.ScalingConfig = &lambda.EventSourceMappingScalingConfigArgs{MaximumConcurrency: pulumi.Int(e.MaximumConcurrency)}
	}
	arn, err := p.read(ref.Component, output)
	if err != nil {
		return err
	}
	arguments.EventSourceArn = pulumi.String(arn)
	var filters lambda.EventSourceMappingFilterCriteriaFilterArray
	for _, filter := range e.Filters {
		text, err := asJSON(filter)
		if err != nil {
			return err
		}
		filters = append(filters, &lambda.EventSourceMappingFilterCriteriaFilterArgs{Pattern: pulumi.String(text)})
	}
	if len(filters) > 0 {
		arguments.FilterCriteria = &lambda.EventSourceMappingFilterCriteriaArgs{Filters: filters}
	}
	_, err = lambda.NewEventSourceMapping(p.Context, "source-"+e.Name, arguments)
	return err
}

func (p *program) functionSchedules(spec *resource.Lambda, alias *lambda.Alias) error {
	if len(spec.Schedules) == 0 {
		return nil
	}
	role, err := p.role("schedule", "scheduler.amazonaws.com", "calls "+p.order.Address.Short(),
		[]statement{{sid: "Call", actions: []string{"lambda:InvokeFunction"}, resources: on(alias.Arn)}})
	if err != nil {
		return err
	}
	for i := range spec.Schedules {
		s := &spec.Schedules[i]
		target := &scheduler.ScheduleTargetArgs{Arn: alias.Arn, RoleArn: role.Arn}
		if len(s.Input) > 0 {
			text, err := asJSON(s.Input)
			if err != nil {
				return err
			}
			target.Input = pulumi.String(text)
		}
		if _, err := scheduler.NewSchedule(p.Context, "schedule-"+s.Name,
			&scheduler.ScheduleArgs{Name: pulumi.String(p.name(maxRoleName, s.Name)),
				ScheduleExpression:         pulumi.String(s.Schedule.Expression()),
				ScheduleExpressionTimezone: pulumi.String(s.Timezone),
				FlexibleTimeWindow:         &scheduler.ScheduleFlexibleTimeWindowArgs{Mode: pulumi.String("OFF")},
				Target:                     target},
			p.afterGrants()); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) functionURL(spec *resource.Lambda, of *lambda.Function, alias *lambda.Alias) error {
	if spec.URL == nil {
		return nil
	}
	arguments := &lambda.FunctionUrlArgs{FunctionName: of.Name, Qualifier: alias.Name,
		AuthorizationType: pulumi.String("AWS_IAM")}
	if spec.URL.Auth == "none" {
		arguments.AuthorizationType = pulumi.String("NONE")
		if _, err := lambda.NewPermission(p.Context, "everybody", &lambda.PermissionArgs{Function: of.Name,
			Qualifier: alias.Name, Principal: pulumi.String("*"),
			Action:              pulumi.String("lambda:InvokeFunctionUrl"),
			FunctionUrlAuthType: pulumi.String("NONE")}); err != nil {
			return err
		}
		// Who comes by the address needs both (AWS Lambda Developer Guide, "Control access to Lambda function URLs").
		if _, err := lambda.NewPermission(p.Context, "everybody-calls", &lambda.PermissionArgs{Function: of.Name,
			Qualifier: alias.Name, Principal: pulumi.String("*"),
			Action: pulumi.String("lambda:InvokeFunction")}); err != nil {
			return err
		}
	}
	if cors := spec.URL.CORS; cors != nil {
		arguments.Cors = &lambda.FunctionUrlCorsArgs{AllowOrigins: texts(cors.Origins...),
			AllowMethods: texts(cors.Methods...),
			AllowHeaders: texts(cors.Headers...), ExposeHeaders: texts(cors.ExposeHeaders...),
			MaxAge: seconds(cors.MaxAge)}
	}
	made, err := lambda.NewFunctionUrl(p.Context, "address", arguments)
	if err != nil {
		return err
	}
	p.output("url", made.FunctionUrl)
	return nil
}

// allowCall lets an AWS service call a function for one of its resources. The ARN of a Lambda component is that of its
// alias, which a permission names by itself.
func (p *program) allowCall(name, arn, service string, source pulumi.StringInput) (*lambda.Permission, error) {
	parts := strings.Split(arn, ":") // arn:aws:lambda:REGION:ACCOUNT:function:NAME[:ALIAS]
	arguments := &lambda.PermissionArgs{Function: pulumi.String(arn), Action: pulumi.String("lambda:InvokeFunction"),
		Principal: pulumi.String(service),
		SourceArn: source.ToStringOutput().ToStringPtrOutput()}
	if len(parts) == 8 {
		arguments.Function, arguments.Qualifier = pulumi.String(strings.Join(parts[:7], ":")), pulumi.String(parts[7])
	} else if len(parts) != 7 {
		return nil, fmt.Errorf("%q is no ARN of a function", arn)
	}
	if service == "s3.amazonaws.com" {
		arguments.SourceAccount = pulumi.String(p.account) // a bucket's ARN does not hold it
	}
	return lambda.NewPermission(p.Context, name, arguments)
}

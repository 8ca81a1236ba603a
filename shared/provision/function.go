package provision

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/scheduler"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

func function(p *program, spec *resource.Lambda) error {
	name := p.name(maxRoleName, "")
	log, err := p.logGroup("log", "/deployer/"+p.order.Address.String(), spec.LogRetention)
	if err != nil {
		return err
	}
	env, err := p.environment(spec.Env)
	if err != nil {
		return err
	}
	role, err := p.functionRole(spec, env, log)
	if err != nil {
		return err
	}
	arguments, err := p.functionArguments(spec, env, log, role, name)
	if err != nil {
		return err
	}
	made, err := lambda.NewFunction(p.Context, "function", arguments, p.patience(), p.afterGrants())
	if err != nil {
		return err
	}
	alias, err := lambda.NewAlias(p.Context, spec.Alias, &lambda.AliasArgs{Name: pulumi.String(spec.Alias), FunctionName: made.Name, FunctionVersion: made.Version})
	if err != nil {
		return err
	}
	p.output("name", made.Name)
	p.output("arn", alias.Arn)
	p.output("functionArn", made.Arn)
	p.output("version", made.Version)
	p.output("roleArn", role.Arn)
	p.output("logGroupName", log.Name)
	if err := p.callers(spec, made, alias); err != nil {
		return err
	}
	return p.functionAlarms(made.Name)
}

// functionRole may do what the references and the author say, write the log, and what the function's own settings need.
func (p *program) functionRole(spec *resource.Lambda, env environment, log *cloudwatch.LogGroup) (*iam.Role, error) {
	special := map[string]use{}
	for i := range spec.EventSources {
		e := &spec.EventSources[i]
		for _, ref := range []resource.ComponentRef{e.Queue, e.Stream, e.Kafka} {
			if !ref.IsZero() {
				special[ref.Component] = consumes
			}
		}
	}
	own, err := p.permissions(spec.Permissions)
	if err != nil {
		return nil, err
	}
	statements := []statement{{sid: "Log", resources: on(pulumi.Sprintf("%s:*", log.Arn)), actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}}}
	if spec.Tracing {
		statements = append(statements, statement{sid: "Trace", resources: on(pulumi.String("*")),
			actions: []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"}})
	}
	if spec.VPC {
		statements = append(statements, statement{sid: "Network", resources: on(pulumi.String("*")), actions: []string{"ec2:AssignPrivateIpAddresses",
			"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"}})
	}
	statements = append(statements, env.access...)
	statements = append(statements, p.access(special)...)
	return p.role("function", "lambda.amazonaws.com", "what "+p.order.Address.Short()+" may do", append(statements, own...))
}

func (p *program) functionArguments(spec *resource.Lambda, env environment, log *cloudwatch.LogGroup, role *iam.Role, name string) (*lambda.FunctionArgs, error) {
	architecture := map[resource.Architecture]string{resource.X86: "x86_64", resource.ARM: "arm64"}
	arguments := &lambda.FunctionArgs{
		Name: pulumi.String(name), Role: role.Arn, Publish: pulumi.Bool(true), Architectures: texts(architecture[spec.Architecture]),
		MemorySize: pulumi.Int(spec.Memory), Timeout: pulumi.Int(int(spec.InvocationTimeout.Seconds())),
		EphemeralStorage:             &lambda.FunctionEphemeralStorageArgs{Size: pulumi.Int(spec.EphemeralStorage)},
		ReservedConcurrentExecutions: pulumi.Int(spec.ReservedConcurrency),
		LoggingConfig:                &lambda.FunctionLoggingConfigArgs{LogFormat: pulumi.String("JSON"), LogGroup: log.Name},
		TracingConfig:                &lambda.FunctionTracingConfigArgs{Mode: pulumi.String("PassThrough")},
		KmsKeyArn:                    p.key(""),
	}
	if spec.Tracing {
		arguments.TracingConfig = &lambda.FunctionTracingConfigArgs{Mode: pulumi.String("Active")}
	}
	if variables := env.variables(); len(variables) > 0 {
		arguments.Environment = &lambda.FunctionEnvironmentArgs{Variables: variables}
	}
	if !spec.DeadLetterQueue.IsZero() {
		arn, err := p.read(spec.DeadLetterQueue.Component, "arn")
		if err != nil {
			return nil, err
		}
		arguments.DeadLetterConfig = &lambda.FunctionDeadLetterConfigArgs{TargetArn: pulumi.String(arn)}
	}
	if err := p.functionCode(spec, arguments); err != nil {
		return nil, err
	}
	return arguments, p.functionNetwork(spec, arguments)
}

// variables are the environment of a function. The ARN of a secret stands where a container would have its value: the
// function reads it itself.
func (e environment) variables() pulumi.StringMap {
	variables := pulumi.StringMap{}
	for _, v := range e.plain {
		variables[v.Name] = pulumi.String(v.Value)
	}
	for _, v := range e.secrets {
		variables[v.Name] = pulumi.String(v.secretARN)
	}
	return variables
}

func (p *program) functionCode(spec *resource.Lambda, arguments *lambda.FunctionArgs) error {
	layers, err := p.resolveAll(spec.Layers)
	if err != nil {
		return err
	}
	if spec.Code == nil {
		arguments.PackageType, arguments.ImageUri = pulumi.String("Image"), pulumi.String(spec.Image)
		if len(spec.Command) > 0 {
			arguments.ImageConfig = &lambda.FunctionImageConfigArgs{Commands: texts(spec.Command...)}
		}
		return nil
	}
	bucket, err := spec.Code.Bucket.Resolve(p.upstream)
	if err != nil {
		return err
	}
	arguments.S3Bucket, arguments.S3Key, arguments.S3ObjectVersion = pulumi.String(bucket.Text), pulumi.String(spec.Code.Key), p.optional(spec.Code.Version)
	arguments.SourceCodeHash, arguments.Runtime, arguments.Handler = p.optional(spec.Code.SHA256), p.optional(spec.Runtime), p.optional(spec.Handler)
	if len(layers) > 0 {
		arguments.Layers = texts(layers...)
	}
	return nil
}

func (p *program) functionNetwork(spec *resource.Lambda, arguments *lambda.FunctionArgs) error {
	if !spec.VPC {
		return nil
	}
	net, err := p.network()
	if err != nil {
		return err
	}
	group, err := p.clientGroup(net.vpcID, "function "+p.order.Address.Short(), nil)
	if err != nil {
		return err
	}
	arguments.VpcConfig = &lambda.FunctionVpcConfigArgs{SubnetIds: texts(net.privateSubnets...), SecurityGroupIds: pulumi.StringArray{group.ID()}}
	p.output("securityGroupId", group.ID())
	return nil
}

// callers makes what calls the function: event sources, schedules, an address.
func (p *program) callers(spec *resource.Lambda, of *lambda.Function, alias *lambda.Alias) error {
	if spec.ProvisionedConcurrency > 0 {
		if _, err := lambda.NewProvisionedConcurrencyConfig(p.Context, "warm", &lambda.ProvisionedConcurrencyConfigArgs{FunctionName: of.Name,
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
	arguments := &lambda.EventSourceMappingArgs{FunctionName: alias.Arn, BatchSize: pulumi.Int(e.BatchSize), Enabled: pulumi.Bool(true),
		MaximumBatchingWindowInSeconds: seconds(e.BatchingWindow)}
	if e.ReportBatchItemFailures && e.Kafka.IsZero() {
		arguments.FunctionResponseTypes = texts("ReportBatchItemFailures")
	}
	ref, output := e.Queue, "arn"
	switch {
	case !e.Stream.IsZero():
		ref, output = e.Stream, "streamArn"
		arguments.StartingPosition, arguments.MaximumRetryAttempts = pulumi.String(e.StartingPosition), pulumi.Int(e.MaximumRetries)
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
		if _, err := scheduler.NewSchedule(p.Context, "schedule-"+s.Name, &scheduler.ScheduleArgs{Name: pulumi.String(p.name(maxRoleName, s.Name)),
			ScheduleExpression: pulumi.String(s.Schedule.Expression()), ScheduleExpressionTimezone: pulumi.String(s.Timezone),
			FlexibleTimeWindow: &scheduler.ScheduleFlexibleTimeWindowArgs{Mode: pulumi.String("OFF")}, Target: target}, p.afterGrants()); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) functionURL(spec *resource.Lambda, of *lambda.Function, alias *lambda.Alias) error {
	if spec.URL == nil {
		return nil
	}
	arguments := &lambda.FunctionUrlArgs{FunctionName: of.Name, Qualifier: alias.Name, AuthorizationType: pulumi.String("AWS_IAM")}
	if spec.URL.Auth == "none" {
		arguments.AuthorizationType = pulumi.String("NONE")
		if _, err := lambda.NewPermission(p.Context, "everybody", &lambda.PermissionArgs{Function: of.Name, Qualifier: alias.Name, Principal: pulumi.String("*"),
			Action: pulumi.String("lambda:InvokeFunctionUrl"), FunctionUrlAuthType: pulumi.String("NONE")}); err != nil {
			return err
		}
	}
	if cors := spec.URL.CORS; cors != nil {
		arguments.Cors = &lambda.FunctionUrlCorsArgs{AllowOrigins: texts(cors.Origins...), AllowMethods: texts(cors.Methods...),
			AllowHeaders: texts(cors.Headers...), ExposeHeaders: texts(cors.ExposeHeaders...), MaxAge: seconds(cors.MaxAge)}
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
	arguments := &lambda.PermissionArgs{Function: pulumi.String(arn), Action: pulumi.String("lambda:InvokeFunction"), Principal: pulumi.String(service),
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

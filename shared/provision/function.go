package provision

import (
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/lambda"
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
	alias, err := lambda.NewAlias(p.Context, spec.Alias, &lambda.AliasArgs{Name: pulumi.String(spec.Alias),
		FunctionName: made.Name, FunctionVersion: made.Version})
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
	if code := spec.Code; code != nil && code.Bucket.ValueFrom != nil {
		special[code.Bucket.ValueFrom.Component] = none // who deploys fetches the code, not the function: it must not change its own
	}
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
	statements := []statement{{sid: "Log", resources: on(pulumi.Sprintf("%s:*", log.Arn)),
		actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}}}
	if spec.Tracing {
		statements = append(statements, statement{sid: "Trace", resources: on(pulumi.String("*")),
			actions: []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"}})
	}
	if spec.VPC {
		statements = append(statements, statement{sid: "Network", resources: on(pulumi.String("*")),
			actions: []string{"ec2:AssignPrivateIpAddresses",
				"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces",
				"ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"}})
	}
	statements = append(statements, env.access...)
	statements = append(statements, p.access(special)...)
	return p.role("function", "lambda.amazonaws.com", "what "+p.order.Address.Short()+" may do",
		append(statements, own...))
}

func (p *program) functionArguments(spec *resource.Lambda, env environment, log *cloudwatch.LogGroup, role *iam.Role,
	name string) (*lambda.FunctionArgs, error) {
	architecture := map[resource.Architecture]string{resource.X86: "x86_64", resource.ARM: "arm64"}
	arguments := &lambda.FunctionArgs{
		Name: pulumi.String(name), Role: role.Arn, Publish: pulumi.Bool(true),
		Architectures: texts(architecture[spec.Architecture]),
		MemorySize:    pulumi.Int(spec.Memory), Timeout: pulumi.Int(int(spec.InvocationTimeout.Seconds())),
		EphemeralStorage:             &lambda.FunctionEphemeralStorageArgs{Size: pulumi.Int(spec.EphemeralStorage)},
		ReservedConcurrentExecutions: pulumi.Int(spec.ReservedConcurrency),
		LoggingConfig: &lambda.FunctionLoggingConfigArgs{LogFormat: pulumi.String("JSON"),
			LogGroup: log.Name},
		TracingConfig: &lambda.FunctionTracingConfigArgs{Mode: pulumi.String("PassThrough")},
		KmsKeyArn:     p.key(""),
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
	arguments.S3Bucket, arguments.S3Key, arguments.S3ObjectVersion = pulumi.String(bucket.Text),
		pulumi.String(spec.Code.Key), p.optional(spec.Code.Version)
	arguments.SourceCodeHash, arguments.Runtime, arguments.Handler = p.optional(spec.Code.SHA256),
		p.optional(spec.Runtime), p.optional(spec.Handler)
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
	arguments.VpcConfig = &lambda.FunctionVpcConfigArgs{SubnetIds: texts(net.privateSubnets...),
		SecurityGroupIds: pulumi.StringArray{group.ID()}}
	p.output("securityGroupId", group.ID())
	return nil
}

package provision

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/schemas"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// eventBus is the bus of a component: one that was made, or the account's own.
type eventBus struct {
	name, arn pulumi.StringInput
	own       bool
}

func events(p *program, spec *resource.EventBridge) error {
	bus, err := p.eventBus(spec)
	if err != nil {
		return err
	}
	p.output("name", bus.name)
	p.output("arn", bus.arn)
	if err := p.eventArchive(bus, spec); err != nil {
		return err
	}
	role, err := p.senderRole(spec.Rules)
	if err != nil {
		return err
	}
	for i := range spec.Rules {
		if err := p.eventRule(bus, &spec.Rules[i], role); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) eventBus(spec *resource.EventBridge) (eventBus, error) {
	if spec.DefaultBus {
		return eventBus{name: pulumi.String("default"), arn: pulumi.String(p.arn("events", "event-bus/default"))}, nil
	}
	arguments := &cloudwatch.EventBusArgs{Name: pulumi.String(p.name(maxLongName, "")),
		Description: pulumi.String("events of " + p.order.Address.Short())}
	if !spec.SchemaDiscovery { // EventBridge looks for schemas only on buses under a key of its own
		arguments.KmsKeyIdentifier = p.key(spec.KMSKey)
	}
	made, err := cloudwatch.NewEventBus(p.Context, "bus", arguments)
	if err != nil {
		return eventBus{}, err
	}
	if len(spec.Senders) > 0 {
		s := statement{sid: "Senders", actions: []string{"events:PutEvents"}, resources: on(made.Arn),
			principal: &principal{kind: "AWS"}}
		for _, account := range spec.Senders {
			s.principal.names = append(s.principal.names, "arn:"+p.partition+":iam::"+account+":root")
		}
		policy, err := document(s)
		if err != nil {
			return eventBus{}, err
		}
		if _, err := cloudwatch.NewEventBusPolicy(p.Context, "senders",
			&cloudwatch.EventBusPolicyArgs{EventBusName: made.Name, Policy: policy}); err != nil {
			return eventBus{}, err
		}
	}
	if spec.SchemaDiscovery {
		if _, err := schemas.NewDiscoverer(p.Context, "schemas", &schemas.DiscovererArgs{SourceArn: made.Arn,
			Description: pulumi.String("events of " + p.order.Address.Short())}); err != nil {
			return eventBus{}, err
		}
	}
	return eventBus{name: made.Name, arn: made.Arn, own: true}, nil
}

func (p *program) eventArchive(bus eventBus, spec *resource.EventBridge) error {
	if spec.ArchiveDays == 0 {
		return nil
	}
	made, err := cloudwatch.NewEventArchive(p.Context, "archive",
		&cloudwatch.EventArchiveArgs{Name: pulumi.String(p.name(maxArchiveName, "")),
			EventSourceArn: bus.arn, RetentionDays: pulumi.Int(max(spec.ArchiveDays, 0)), // 0 is for ever
			KmsKeyIdentifier: p.key(spec.KMSKey), Description: pulumi.String("events of " + p.order.Address.Short())})
	if err != nil {
		return err
	}
	p.output("archiveArn", made.Arn)
	return nil
}

// startedBy says what a role needs so that events start or reach a service's resources; targets of other services say for
// themselves whom they let in.
var startedBy = map[string][]string{
	"states": {"states:StartExecution"}, "events": {"events:PutEvents"},
	"kinesis":  {"kinesis:PutRecord", "kinesis:PutRecords"},
	"firehose": {"firehose:PutRecord", "firehose:PutRecordBatch"}, "codebuild": {"codebuild:StartBuild"},
	"codepipeline": {"codepipeline:StartPipelineExecution"},
}

const apiDestination = ":api-destination/"

// senderRole is what EventBridge acts as towards targets that are named by their ARN; nil where none needs it.
func (p *program) senderRole(rules []resource.EventRule) (*iam.Role, error) {
	granted := map[string][]pulumi.StringInput{}
	for i := range rules {
		for j := range rules[i].Targets {
			arn, service, err := p.targetARN(&rules[i].Targets[j])
			if err != nil {
				return nil, err
			}
			if strings.Contains(arn, apiDestination) {
				service = "api-destination"
			}
			if !slices.Contains(granted[service], pulumi.StringInput(pulumi.String(arn))) {
				granted[service] = append(granted[service], pulumi.String(arn))
			}
		}
	}
	var statements []statement
	for i, service := range sortedKeys(granted) {
		actions := startedBy[service]
		if service == "api-destination" {
			actions = []string{"events:InvokeApiDestination"}
		}
		if len(actions) > 0 {
			statements = append(statements, statement{sid: "Start" + letters(i), actions: actions,
				resources: granted[service]})
		}
	}
	if len(statements) == 0 {
		return nil, nil
	}
	return p.role("targets", "events.amazonaws.com", "hands on events of "+p.order.Address.Short(), statements)
}

// targetARN returns the ARN of a target and its service.
func (p *program) targetARN(t *resource.EventTarget) (arn, service string, err error) {
	for _, ref := range []resource.ComponentRef{t.Queue, t.Topic, t.Function} {
		if !ref.IsZero() {
			arn, err = p.read(ref.Component, "arn")
		}
	}
	if arn == "" && err == nil {
		resolved, resolveErr := t.ARN.Resolve(p.upstream)
		arn, err = resolved.Text, resolveErr
	}
	parts := strings.SplitN(arn, ":", 4)
	if err == nil && (len(parts) < 4 || parts[0] != "arn") {
		err = fmt.Errorf("target %s: %q is no ARN", t.Name, arn)
	}
	if err != nil {
		return "", "", err
	}
	service = parts[2]
	if startedBy[service] == nil && service != "sqs" && service != "sns" && service != "lambda" {
		return "", "", fmt.Errorf("target %s: events are not handed to %s; targets are queues, topics, functions, state machines, event buses, "+
			"API destinations, streams, builds and pipelines", t.Name, service)
	}
	return arn, service, nil
}

func (p *program) eventRule(bus eventBus, spec *resource.EventRule, role *iam.Role) error {
	arguments := &cloudwatch.EventRuleArgs{Name: pulumi.String(p.name(maxRoleName, spec.Name)),
		EventBusName: bus.name.ToStringOutput().ToStringPtrOutput(),
		Description:  p.optional(spec.Description), State: pulumi.String(enabled(!spec.Disabled))}
	if spec.Schedule != "" {
		arguments.ScheduleExpression = pulumi.String(spec.Schedule.Expression())
	} else {
		pattern, err := asJSON(spec.Pattern)
		if err != nil {
			return err
		}
		arguments.EventPattern = pulumi.String(pattern)
	}
	rule, err := cloudwatch.NewEventRule(p.Context, spec.Name, arguments)
	if err != nil {
		return err
	}
	for i := range spec.Targets {
		if err := p.eventTarget(bus, rule, spec.Name, &spec.Targets[i], role); err != nil {
			return err
		}
	}
	dimensions := pulumi.StringMap{"RuleName": rule.Name}
	if bus.own {
		dimensions["EventBusName"] = bus.name
	}
	return p.alarms(alarm{name: "failed-" + spec.Name, about: "events of " + spec.Name + " that could not be handed on",
		namespace: "AWS/Events",
		metric:    "FailedInvocations", dimensions: dimensions, statistic: "Sum", fixed: new(float64), minutes: 1})
}

func (p *program) eventTarget(bus eventBus, rule *cloudwatch.EventRule, of string, t *resource.EventTarget,
	role *iam.Role) error {
	arn, service, err := p.targetARN(t)
	if err != nil {
		return err
	}
	name := of + "-" + t.Name
	arguments := &cloudwatch.EventTargetArgs{Rule: rule.Name,
		EventBusName: bus.name.ToStringOutput().ToStringPtrOutput(), Arn: pulumi.String(arn),
		TargetId: pulumi.String(t.Name),
		RetryPolicy: &cloudwatch.EventTargetRetryPolicyArgs{MaximumRetryAttempts: pulumi.Int(t.Retries),
			MaximumEventAgeInSeconds: pulumi.Int(int(t.MaximumAge.Seconds()))}}
	if len(t.Input) > 0 {
		text, err := asJSON(t.Input)
		if err != nil {
			return err
		}
		arguments.Input = pulumi.String(text)
	}
	if t.MessageGroup != "" {
		arguments.SqsTarget = &cloudwatch.EventTargetSqsTargetArgs{MessageGroupId: pulumi.String(t.MessageGroup)}
	}
	if !t.DeadLetterQueue.IsZero() {
		dead, err := p.read(t.DeadLetterQueue.Component, "arn")
		if err != nil {
			return err
		}
		arguments.DeadLetterConfig = &cloudwatch.EventTargetDeadLetterConfigArgs{Arn: pulumi.String(dead)}
	}
	options := []pulumi.ResourceOption{p.afterGrants()}
	if service == "lambda" {
		permission, err := p.allowCall(name, arn, "events.amazonaws.com", rule.Arn)
		if err != nil {
			return err
		}
		options = append(options, pulumi.DependsOn([]pulumi.Resource{permission}))
	} else if startedBy[service] != nil {
		arguments.RoleArn = role.Arn
	}
	_, err = cloudwatch.NewEventTarget(p.Context, name, arguments, options...)
	return err
}

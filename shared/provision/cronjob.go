package provision

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/scheduler"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

func cronJob(p *program, spec *resource.CronJob) error {
	net, err := p.network()
	if err != nil {
		return err
	}
	if spec.Platform == resource.EKS {
		return p.cronJobOnEKS(spec, net)
	}
	special := map[string]use{}
	if !spec.DeadLetterQueue.IsZero() {
		special[spec.DeadLetterQueue.Component] = none // the schedule sends there, not the container
	}
	t, err := p.task(&spec.Container, net, wish{special: special})
	if err != nil {
		return err
	}
	dead := ""
	if !spec.DeadLetterQueue.IsZero() {
		if dead, err = p.read(spec.DeadLetterQueue.Component, "arn"); err != nil {
			return err
		}
	}
	role, err := p.starterRole(t, net, dead)
	if err != nil {
		return err
	}
	made, err := scheduler.NewSchedule(p.Context, "schedule", p.scheduleArguments(spec, t, net, role, dead),
		p.afterGrants())
	if err != nil {
		return err
	}
	p.output("name", made.Name)
	p.output("arn", made.Arn)
	p.taskOutputs(t, net)
	return nil
}

func (p *program) scheduleArguments(spec *resource.CronJob, t *task, net network, role *iam.Role,
	dead string) *scheduler.ScheduleArgs {
	window := &scheduler.ScheduleFlexibleTimeWindowArgs{Mode: pulumi.String("OFF")}
	if spec.FlexibleWindow > 0 {
		window.Mode, window.MaximumWindowInMinutes = pulumi.String("FLEXIBLE"),
			pulumi.Int(int(spec.FlexibleWindow.Std().Minutes()))
	}
	run := &scheduler.ScheduleTargetEcsParametersArgs{TaskDefinitionArn: t.ready,
		TaskCount:            pulumi.Int(spec.Count),
		EnableEcsManagedTags: pulumi.Bool(true), EnableExecuteCommand: pulumi.Bool(spec.Exec),
		PropagateTags: pulumi.String("TASK_DEFINITION"),
		NetworkConfiguration: &scheduler.ScheduleTargetEcsParametersNetworkConfigurationArgs{Subnets: texts(net.privateSubnets...),
			SecurityGroups: pulumi.StringArray{t.group.ID()}, AssignPublicIp: pulumi.Bool(false)}}
	where := net.capacity(spec.Platform)
	run.LaunchType = p.optional(where.launchType)
	run.CapacityProviderStrategies = scheduleShares(where.shares)
	if spec.Platform == resource.Fargate {
		run.PlatformVersion = pulumi.String("LATEST")
	}
	target := &scheduler.ScheduleTargetArgs{Arn: pulumi.String(net.clusterARN), RoleArn: role.Arn, EcsParameters: run,
		RetryPolicy: &scheduler.ScheduleTargetRetryPolicyArgs{MaximumRetryAttempts: pulumi.Int(spec.StartRetries),
			MaximumEventAgeInSeconds: pulumi.Int(int(spec.MaximumDelay.Seconds()))}}
	if dead != "" {
		target.DeadLetterConfig = &scheduler.ScheduleTargetDeadLetterConfigArgs{Arn: pulumi.String(dead)}
	}
	return &scheduler.ScheduleArgs{Name: pulumi.String(p.name(maxRoleName, "")),
		Description:                pulumi.String("starts " + p.order.Address.String()),
		ScheduleExpression:         pulumi.String(spec.Schedule.Expression()),
		ScheduleExpressionTimezone: pulumi.String(spec.Timezone),
		State:                      pulumi.String(enabled(!spec.Suspended)), FlexibleTimeWindow: window, Target: target}
}

func scheduleShares(shares []capacityShare) scheduler.ScheduleTargetEcsParametersCapacityProviderStrategyArrayInput {
	if len(shares) == 0 {
		return nil
	}
	made := make(scheduler.ScheduleTargetEcsParametersCapacityProviderStrategyArray, len(shares))
	for i, share := range shares {
		made[i] = &scheduler.ScheduleTargetEcsParametersCapacityProviderStrategyArgs{
			CapacityProvider: pulumi.String(share.provider), Base: pulumi.Int(share.base), Weight: pulumi.Int(share.weight)}
	}
	return made
}

func enabled(is bool) string {
	if is {
		return "ENABLED"
	}
	return "DISABLED"
}

// starterRole may run the job's task and nothing else. ECS checks it against the task definition without a revision.
func (p *program) starterRole(t *task, net network, dead string) (*iam.Role, error) {
	family := pulumi.String(p.arn("ecs", "task-definition/"+t.name+":*"))
	run := statement{sid: "Run", actions: []string{"ecs:RunTask"}, resources: on(family)}
	run.when("ArnEquals", "ecs:cluster", pulumi.String(net.clusterARN))
	tag := statement{sid: "Tag", actions: []string{"ecs:TagResource"},
		resources: on(pulumi.String(strings.Replace(net.clusterARN, ":cluster/", ":task/", 1) + "/*"))}
	tag.when("StringEquals", "ecs:CreateAction", pulumi.String("RunTask"))
	pass := statement{sid: "Pass", actions: []string{"iam:PassRole"}, resources: on(t.role.Arn, t.starter.Arn)}
	pass.when("StringEquals", "iam:PassedToService", pulumi.String("ecs-tasks.amazonaws.com"))
	statements := []statement{run, tag, pass}
	if dead != "" {
		statements = append(statements, statement{sid: "DeadLetters", actions: []string{"sqs:SendMessage"},
			resources: on(pulumi.String(dead))})
		// Who sends to an encrypted queue needs its key.
		if key := p.security("kmsKeyArn"); key != "" {
			statements = append(statements, statement{sid: "DeadLettersKey", resources: on(pulumi.String(key)),
				actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}})
		}
	}
	return p.role("schedule", "scheduler.amazonaws.com", "starts runs of "+p.order.Address.Short(), statements)
}

// Package environment is one installation of Deployer in one account and region: checked settings go in, the CDK stacks of
// every part of it come out. Everything has a name that follows from the settings (names.go), so that a role can speak of
// what another stack creates later; only ids that AWS makes up travel from stack to stack, and a test knows each of them.
package environment

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/deployer-io/deployer/infra/settings"
)

// Rooms are the stacks of an environment in the order in which they are deployed.
var Rooms = []string{
	"access", "replica", "storage", "notifications", "executor", "functions", "machines", "schedules", "observability",
}

// Add adds the stacks of every environment to app.
func Add(app awscdk.App, chosen settings.Settings, sources Sources) error {
	for _, one := range chosen.Environments {
		if err := add(app, names{one}, sources); err != nil {
			return fmt.Errorf("environment %s: %w", one.Name, err)
		}
	}
	return nil
}

func add(app awscdk.App, n names, sources Sources) error {
	var before awscdk.Stack
	// Names tell CloudFormation nothing about order, so each stack says that it comes after the one before.
	room := func(region, name, says string) awscdk.Stack {
		created := newStack(app, n, region, name, says)
		if before != nil {
			created.AddDependency(before, str("Rooms gives the order"))
		}
		before = created
		return created
	}
	addAccess(room(n.Region, "access", "What everything of Deployer may do at most, and what people may do"), n)
	if n.Replica != nil {
		addReplica(room(n.Replica.Region, "replica", "The copy of Deployer's state in another region"), n)
	}
	keep := addStorage(room(n.Region, "storage", "Deployer's bundles, state, history, locks and keys"), n)
	addNotifications(room(n.Region, "notifications", "Whom Deployer tells"), n, keep)
	tasks, err := addExecutor(room(n.Region, "executor", "Where Pulumi runs: network, cluster and task"), n, keep, sources)
	if err != nil {
		return err
	}
	addFunctions(room(n.Region, "functions", "Deployer's Lambda functions, each with a role of its own"), n, keep, sources)
	if err := addMachines(room(n.Region, "machines", "Deployer's state machines"), n, keep, tasks, sources); err != nil {
		return err
	}
	addSchedules(room(n.Region, "schedules", "What starts by itself: uploads, the keeper, cleaning up"), n, sources)
	addObservability(room(n.Region, "observability", "Dashboard, alarms and budget"), n, sources)
	return nil
}

func newStack(app awscdk.App, n names, region, room, says string) awscdk.Stack {
	return awscdk.NewStack(app, str(n.stack(room)), &awscdk.StackProps{
		StackName:             str(n.stack(room)),
		Description:           str(says),
		Env:                   &awscdk.Environment{Account: str(n.Account), Region: str(region)},
		AnalyticsReporting:    jsii.Bool(false),
		TerminationProtection: jsii.Bool(room == "storage" || room == "replica"),
		Synthesizer:           awscdk.NewDefaultStackSynthesizer(&awscdk.DefaultStackSynthesizerProps{Qualifier: str(n.Qualifier)}),
		Tags:                  &map[string]*string{"deployer:installation": str(n.Name)},
	})
}

// retain keeps a resource when it leaves the template or its stack is deleted.
func retain(resource awscdk.CfnResource) {
	resource.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil)
}

// output shows a value after the deployment, for people; no stack reads it.
func output(scope constructs.Construct, id, says string, value *string) {
	awscdk.NewCfnOutput(scope, str(id), &awscdk.CfnOutputProps{Value: value, Description: str(says)})
}

var (
	str = func(text string) *string { return jsii.String(text) }
	num = func(number int) *float64 { return jsii.Number(number) }
	on  = jsii.Bool(true)
	off = jsii.Bool(false)
)

func strs(texts ...string) *[]*string { return jsii.Strings(texts...) }

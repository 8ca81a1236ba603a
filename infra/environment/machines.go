package environment

import (
	_ "embed" // the definition of upload
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/deployer-io/deployer/statemachines"
)

// uploadDefinition is the one machine that only AWS needs: EventBridge cannot name the execution that it starts.
//
//go:embed upload.asl.json
var uploadDefinition string

const upload = "upload"

func addMachines(stack awscdk.Stack, n names, keep storage, tasks tasks, sources Sources) error {
	for _, name := range machineNames(sources) {
		definition, err := definitionOf(name)
		if err != nil {
			return err
		}
		if err := n.addMachine(stack, name, definition, keep, tasks, sources); err != nil {
			return fmt.Errorf("state machine %s: %w", name, err)
		}
	}
	return nil
}

// machineNames are the machines of statemachines/ and upload, sorted.
func machineNames(sources Sources) []string {
	all := []string{upload}
	for name := range sources.Machines {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func definitionOf(name string) (string, error) {
	if name == upload {
		return uploadDefinition, nil
	}
	source, err := statemachines.Source(name)
	return string(source), err
}

// withPartition puts the region's partition into the ARNs of Step Functions' integrations; the files name that of most regions.
func (n names) withPartition(definition string) string {
	return strings.ReplaceAll(definition, `"arn:aws:states:::`, `"arn:`+n.partition()+`:states:::`)
}

func (n names) addMachine(stack awscdk.Stack, name, definition string, keep storage, tasks tasks, sources Sources) error {
	called, err := callsOf(definition)
	if err != nil {
		return err
	}
	substitutions, err := n.substitutions(definition, tasks, sources)
	if err != nil {
		return err
	}
	log := n.addLog(stack, title(name)+"Log", n.machineLog(name), keep)
	created := n.addRole(stack, title(name)+"Role", role{
		name: n.executionRole(name), says: "The state machine " + name + " of Deployer", service: "states",
		source: n.machineARN(name), may: n.machinePermissions(called, keep),
		excuses: []excuse{{"The wildcards stand for executions, tasks and task definition revisions of this installation.",
			[]string{"nag:AwsSolutions-IAM5"}}},
	})
	kind := "STANDARD"
	if name == upload {
		kind = "EXPRESS"
	}
	machine := awsstepfunctions.NewCfnStateMachine(stack, str(title(name)), &awsstepfunctions.CfnStateMachineProps{
		StateMachineName:        str(n.machine(name)),
		StateMachineType:        str(kind),
		RoleArn:                 created.AttrArn(),
		DefinitionString:        str(n.withPartition(definition)),
		DefinitionSubstitutions: &substitutions,
		TracingConfiguration:    &awsstepfunctions.CfnStateMachine_TracingConfigurationProperty{Enabled: on},
		EncryptionConfiguration: &awsstepfunctions.CfnStateMachine_EncryptionConfigurationProperty{
			Type: str("CUSTOMER_MANAGED_KMS_KEY"), KmsKeyId: str(keep.dataKey), KmsDataKeyReusePeriodSeconds: num(900),
		},
		LoggingConfiguration: &awsstepfunctions.CfnStateMachine_LoggingConfigurationProperty{
			Level: str("ALL"), IncludeExecutionData: off,
			Destinations: []any{&awsstepfunctions.CfnStateMachine_LogDestinationProperty{
				CloudWatchLogsLogGroup: &awsstepfunctions.CfnStateMachine_CloudWatchLogsLogGroupProperty{LogGroupArn: log.AttrArn()},
			}},
		},
	})
	output(stack, title(name)+"ARN", "The state machine "+name, machine.Ref())
	return nil
}

var placeholder = regexp.MustCompile(`\$\{([A-Za-z]+)\}`)

// substitutions says what CloudFormation puts for each ${Name} of a definition.
func (n names) substitutions(definition string, tasks tasks, sources Sources) (map[string]any, error) {
	known := map[string]any{
		"ExecutorCluster":        n.clusterARN(),
		"ExecutorTaskDefinition": n.family(), // without a revision: the newest
		"ExecutorSubnets":        tasks.subnets,
		"ExecutorSecurityGroup":  tasks.securityGroup,
	}
	for _, name := range machineNames(sources) {
		known[title(name)+"Machine"] = n.machineARN(name)
	}
	for _, one := range present(sources) {
		known[one.task] = n.function(one.task)
	}
	filled, missing := map[string]any{}, []string{}
	for _, match := range placeholder.FindAllStringSubmatch(definition, -1) {
		if value, ok := known[match[1]]; ok {
			filled[match[1]] = value
		} else {
			missing = append(missing, match[0])
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("nothing is known to put for %s: add its function to functions/ and its row to "+
			"infra/environment/functions.go, or its machine to statemachines/", strings.Join(missing, ", "))
	}
	return filled, nil
}

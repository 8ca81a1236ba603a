package environment

import (
	"testing"

	"github.com/deployer-io/deployer/infra/settings"
	"github.com/deployer-io/deployer/statemachines"
	"github.com/stretchr/testify/require"
)

func TestMachinesAreTheFilesAndLogNoData(t *testing.T) {
	template := templates(t)["deployer-staging-machines"]
	require.Len(t, template.of("AWS::StepFunctions::StateMachine"), len(statemachines.Names())+1)
	for _, name := range statemachines.Names() {
		of := one(t, "staging-machines", "AWS::StepFunctions::StateMachine", title(name))
		source, err := statemachines.Source(name)
		require.NoError(t, err)
		require.Equal(t, string(source), of["DefinitionString"])
		require.Equal(t, false, of["LoggingConfiguration"].(map[string]any)["IncludeExecutionData"])
		require.Equal(t, "ALL", of["LoggingConfiguration"].(map[string]any)["Level"])
		require.Equal(t, map[string]any{"Enabled": true}, of["TracingConfiguration"])
		require.Equal(t, "CUSTOMER_MANAGED_KMS_KEY", of["EncryptionConfiguration"].(map[string]any)["Type"])
		for _, match := range placeholder.FindAllStringSubmatch(string(source), -1) {
			require.Contains(t, of["DefinitionSubstitutions"], match[1], name)
		}
	}
}

func TestAMachineMayOnlyWhatItsTasksCall(t *testing.T) {
	allowed := func(name string) string {
		return mustJSON(templates(t)["deployer-staging-machines"].Resources[title(name)+"Role"].Properties["Policies"])
	}
	require.Contains(t, allowed("deploy"), "function:deployer-staging-makeplan")
	require.NotContains(t, allowed("deploy"), "deployer-staging-settlewave")
	require.Contains(t, allowed("deploy"), "ecs:RunTask") // of the preview
	require.NotContains(t, allowed("rollout"), "ecs:RunTask")
	require.Contains(t, allowed("deploy"), "stateMachine:deployer-staging-rollout")
	require.Contains(t, allowed("deploy"), "StepFunctionsGetEventsForStepFunctionsExecutionRule")
	require.Contains(t, allowed("rollout"), "stateMachine:deployer-staging-wave")
	require.Contains(t, allowed("rollout"), "deployer-staging-planrollback")
	require.NotContains(t, allowed("rollout"), "deployer-staging-savestate")
	require.Contains(t, allowed("wave"), "ecs:RunTask")
	require.Contains(t, allowed("wave"), "role/TaskRole-staging")
	require.Contains(t, allowed("upload"), "stateMachine:deployer-staging-deploy")
}

func TestATaskThatNobodyThoughtOfIsRefused(t *testing.T) {
	tests := map[string]struct{ source, want string }{
		"another service": {`{"States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}}}`,
			"not written down"},
		"a function by its name": {`{"States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
			"Parameters": {"FunctionName": "somebody-elses"}}}}`, "write ${Name}"},
		"deep inside": {`{"States": {"M": {"Type": "Map", "ItemProcessor": {"States": {"P": {"Type": "Parallel", "Branches": [
			{"States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke"}}}]}}}}}}`, "state A"},
		"no JSON": {`{`, "unexpected end"},
	}
	for sentence, test := range tests {
		t.Run(sentence, func(t *testing.T) {
			_, err := callsOf(test.source)
			require.ErrorContains(t, err, test.want)
		})
	}
	_, err := names{}.substitutions(`{"x": "${Preview} ${DriftMachine}"}`, tasks{}, Sources{})
	require.ErrorContains(t, err, "${Preview}, ${DriftMachine}")
}

func TestNamesFollowThePartition(t *testing.T) {
	n := names{settings.Environment{Name: "cn", Account: "111122223333", Region: "cn-north-1"}}
	require.Equal(t, "arn:aws-cn:lambda:cn-north-1:111122223333:function:deployer-cn-discover", n.functionARN("Discover"))
	for _, name := range append(statemachines.Names(), upload) {
		definition, err := definitionOf(name)
		require.NoError(t, err)
		require.NotContains(t, n.withPartition(definition), "arn:aws:", name)
	}
}

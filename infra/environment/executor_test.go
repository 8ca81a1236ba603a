package environment

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/stretchr/testify/require"
)

func TestTheExecutorIsConfined(t *testing.T) {
	for _, stack := range []string{"staging-executor", "small-executor"} {
		of := one(t, stack, "AWS::ECS::TaskDefinition", "TaskDefinition")
		container := of["ContainerDefinitions"].([]any)[0].(map[string]any)
		require.Equal(t, "executor", container["Name"])
		require.Equal(t, true, container["ReadonlyRootFilesystem"])
		require.EqualValues(t, 120, container["StopTimeout"])
		require.Equal(t, map[string]any{"Drop": []any{"ALL"}}, container["LinuxParameters"].(map[string]any)["Capabilities"])
		require.NotContains(t, container, "Secrets")
		group := one(t, stack, "AWS::EC2::SecurityGroup", "TaskSecurityGroup")
		require.NotContains(t, group, "SecurityGroupIngress")
	}
	text := mustJSON(one(t, "staging-executor", "AWS::ECS::TaskDefinition", "TaskDefinition"))
	require.Contains(t, text, "awskms://alias/deployer-staging-secrets?region=eu-west-1")
	require.Len(t, templates(t)["deployer-staging-executor"].of("AWS::EC2::Subnet"), 6)
	require.Len(t, templates(t)["deployer-staging-executor"].of("AWS::EC2::VPCEndpoint"), 6)
	require.Empty(t, templates(t)["deployer-small-executor"].of("AWS::EC2::VPC"))
	require.Contains(t, mustJSON(one(t, "small-machines", "AWS::StepFunctions::StateMachine", "Wave")["DefinitionSubstitutions"]),
		"subnet-0123456789abcdef0,subnet-0123456789abcdef1")
}

func TestOnlyTheExecutorDecryptsPulumisSecrets(t *testing.T) {
	var using []string
	for name, template := range templates(t) {
		for id, of := range template.Resources {
			if strings.HasPrefix(name, "deployer-staging") && of.Type == "AWS::IAM::Role" && strings.Contains(mustJSON(of.Properties), "SecretsKey") {
				using = append(using, name+"/"+id)
			}
		}
	}
	require.Equal(t, []string{"deployer-staging-executor/TaskRole"}, using)
}

func TestAnImageIsNeeded(t *testing.T) {
	chosen := full(t)
	chosen.Environments = chosen.Environments[1:]
	chosen.Environments[0].Executor.Image = ""
	sources := everything(t)
	sources.Image = false
	err := Add(awscdk.NewApp(&awscdk.AppProps{Outdir: str(t.TempDir())}), chosen, sources)
	require.ErrorContains(t, err, "environment small: executor: there is no image: set executor.image")
}

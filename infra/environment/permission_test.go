package environment

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// each calls check for every statement of every policy of every template.
func each(t *testing.T, check func(where string, of resource, statement map[string]any)) {
	count := 0
	for name, one := range templates(t) {
		for id, of := range one.Resources {
			for _, document := range policiesOf(of.Properties) {
				for _, statement := range statementsOf(document) {
					count++
					check(name+"/"+id+"/"+list(statement["Sid"])[0], of, statement)
				}
			}
		}
	}
	require.Greater(t, count, 200, "the test must find the policies")
}

func TestNoStatementAllowsEveryAction(t *testing.T) {
	each(t, func(where string, _ resource, statement map[string]any) {
		require.NotContains(t, statement, "NotAction", where)
		require.NotContains(t, list(statement["Action"]), "*", where)
	})
}

func TestEveryResourceHasAReason(t *testing.T) {
	each(t, func(where string, of resource, statement map[string]any) {
		require.NotContains(t, statement, "NotResource", where)
		if slices.Contains(list(statement["Resource"]), "*") {
			reasons, _ := of.Metadata[reasonsKey].(map[string]any)
			reason, _ := reasons[statement["Sid"].(string)].(string)
			require.NotEmpty(t, reason, "%s speaks of every resource: say why in its statement", where)
		}
	})
}

func TestAllowingEveryoneNeedsAnotherLimit(t *testing.T) {
	each(t, func(where string, _ resource, statement map[string]any) {
		if statement["Effect"] == "Allow" {
			require.NotContains(t, list(statement["Principal"]), "*", where)
		}
		if principal, ok := statement["Principal"].(map[string]any); ok && principal["Service"] != nil {
			account := "111122223333"
			if strings.Contains(where, "small") {
				account = "444455556666"
			}
			require.Contains(t, mustJSON(statement["Condition"]), account, "%s trusts a service on anybody's behalf", where)
		}
	})
}

func TestRolesStayBelowTheBoundary(t *testing.T) {
	for name, one := range templates(t) {
		for _, id := range one.of("AWS::IAM::Role") {
			properties := one.Resources[id].Properties
			boundary := "arn:aws:iam::111122223333:policy/DeployerBoundary-staging"
			if strings.Contains(name, "small") {
				boundary = "arn:aws:iam::444455556666:policy/company/boundary"
			}
			require.Equal(t, boundary, properties["PermissionsBoundary"], "%s/%s", name, id)
			trust := statementsOf(properties["AssumeRolePolicyDocument"].(map[string]any))
			require.Len(t, trust, 1, id)
			condition := trust[0]["Condition"].(map[string]any)
			ifSaid := ""
			if strings.Contains(mustJSON(trust[0]["Principal"]), `"lambda.amazonaws.com"`) {
				ifSaid = "IfExists" // whether Lambda says it, AWS does not document
			}
			require.Contains(t, condition["StringEquals"+ifSaid], "aws:SourceAccount", id)
			require.Contains(t, condition["ArnLike"+ifSaid], "aws:SourceArn", id)
		}
	}
}

func TestTheNamedRolesAreThere(t *testing.T) {
	var names []string
	for _, one := range templates(t) {
		for _, id := range one.of("AWS::IAM::Role") {
			names = append(names, one.Resources[id].Properties["RoleName"].(string))
		}
	}
	for _, want := range []string{"TaskRole-staging", "TaskExecutionRole-staging", "DeployerExecutionRole-staging-deploy",
		"DeployerExecutionRole-staging-wave", "TaskRole-small"} {
		require.Contains(t, names, want)
	}
	slices.Sort(names)
	require.Equal(t, len(names), len(slices.Compact(names)), "two roles of one name")
	for _, name := range names {
		require.LessOrEqual(t, len(name), 64, name)
	}
}

func TestRolesArePassedToNamedServicesOnly(t *testing.T) {
	passed := 0
	each(t, func(where string, _ resource, statement map[string]any) {
		if statement["Effect"] == "Allow" && slices.Contains(list(statement["Action"]), "iam:PassRole") &&
			!strings.Contains(where, "/Boundary/") {
			passed++
			require.Contains(t, mustJSON(statement["Condition"]), "iam:PassedToService", where)
		}
	})
	require.Equal(t, 6, passed, "the machines deploy and wave, and the executor, of each environment")
}

func TestTheExecutorPutsTheBoundaryOnEveryRoleItMakes(t *testing.T) {
	for name, boundary := range map[string]string{
		"deployer-staging-executor": "arn:aws:iam::111122223333:policy/DeployerBoundary-staging",
		"deployer-small-executor":   "arn:aws:iam::444455556666:policy/company/boundary",
	} {
		made := 0
		for _, id := range templates(t)[name].of("AWS::IAM::ManagedPolicy") {
			for _, statement := range statementsOf(templates(t)[name].Resources[id].Properties["PolicyDocument"].(map[string]any)) {
				for _, action := range []string{"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"} {
					if slices.Contains(list(statement["Action"]), action) {
						made++
						require.Equal(t, map[string]any{"StringEquals": map[string]any{"iam:PermissionsBoundary": boundary}}, statement["Condition"])
					}
				}
				require.NotContains(t, list(statement["Action"]), "iam:DeleteRolePermissionsBoundary")
			}
		}
		require.Equal(t, 3, made, name)
		require.Contains(t, string(templates(t)[name].text), `"Name": "DEPLOYER_PERMISSIONS_BOUNDARY"`)
	}
}

func TestNobodyDeletesAuditRows(t *testing.T) {
	guards := map[string]string{
		"deployer-staging-storage": "LockTable", "deployer-small-storage": "LockTable", "deployer-staging-access": "Boundary",
	}
	for name, id := range guards {
		found := false
		for _, document := range policiesOf(templates(t)[name].Resources[id].Properties) {
			for _, statement := range statementsOf(document) {
				if statement["Sid"] == "NobodyDeletesAuditRows" {
					found = true
					require.Equal(t, "Deny", statement["Effect"])
					require.Contains(t, list(statement["Action"]), "dynamodb:DeleteItem")
					require.JSONEq(t, `{"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": "audit:*"}}`, mustJSON(statement["Condition"]))
				}
			}
		}
		require.True(t, found, "%s/%s", name, id)
	}
}

func TestStartingAndApprovingAreSeparate(t *testing.T) {
	may := func(policy string) string {
		one := templates(t)["deployer-staging-access"].Resources[policy+"Policy"]
		var actions []string
		for _, statement := range statementsOf(one.Properties["PolicyDocument"].(map[string]any)) {
			if slices.Contains(list(statement["Action"]), "states:StartExecution") {
				actions = append(actions, list(statement["Resource"])...)
			}
		}
		return strings.Join(actions, " ")
	}
	require.Contains(t, may("Start"), "deployer-staging-deploy")
	require.NotContains(t, may("Start"), "decide")
	require.Contains(t, may("Approve"), "deployer-staging-decide")
	require.NotContains(t, may("Approve"), "deploy ")
	require.Empty(t, may("Read"))
}

// IAM counts a policy's characters without white space: 6,144 for a managed policy, 10,240 for all inline ones of a role.
func TestPoliciesFitIntoIAM(t *testing.T) {
	for name, one := range templates(t) {
		for _, id := range one.of("AWS::IAM::ManagedPolicy") {
			require.LessOrEqual(t, len(mustJSON(one.Resources[id].Properties["PolicyDocument"])), 6144, "%s/%s", name, id)
		}
		for _, id := range one.of("AWS::IAM::Role") {
			require.LessOrEqual(t, len(mustJSON(one.Resources[id].Properties["Policies"])), 10240, "%s/%s", name, id)
		}
	}
}

func TestEverySuppressionHasAReason(t *testing.T) {
	count := 0
	for name, one := range templates(t) {
		for id, of := range one.Resources {
			said, _ := of.Metadata["SuppressedBecause"].(map[string]any)
			if guard, ok := of.Metadata["guard"].(map[string]any); ok {
				for _, rule := range list(guard["SuppressedRules"]) {
					count++
					require.NotEmpty(t, said[rule], "%s/%s: %s", name, id, rule)
				}
			}
			for key, field := range map[string][2]string{"checkov": {"skip", "comment"}, "cdk_nag": {"rules_to_suppress", "reason"}} {
				metadata, _ := of.Metadata[key].(map[string]any)
				skips, _ := metadata[field[0]].([]any)
				for _, skip := range skips {
					count++
					require.NotEmpty(t, skip.(map[string]any)[field[1]], "%s/%s: %s", name, id, skip)
				}
			}
		}
	}
	require.Greater(t, count, 50)
}

func mustJSON(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(data)
}

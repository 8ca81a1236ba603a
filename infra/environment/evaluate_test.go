package environment

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// request is what IAM decides on. about are condition keys, each with its values.
type request struct {
	action, resource string
	about            map[string][]string
}

// matches compares as IAM does: * and ? in the pattern, case only where it counts.
func matches(pattern, text string) bool {
	quoted := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile("(?s)^" + quoted + "$").MatchString(text)
}

// decide is IAM's: "Deny", "Allow" or "" of one policy document. An operator that it does not know fails the test.
func decide(t *testing.T, document map[string]any, asked request) string {
	decision := ""
	for _, one := range statementsOf(document) {
		hit := slices.ContainsFunc(list(one["Action"]), func(pattern string) bool {
			return matches(strings.ToLower(pattern), strings.ToLower(asked.action))
		}) && slices.ContainsFunc(list(one["Resource"]), func(pattern string) bool { return matches(pattern, asked.resource) })
		if !hit || !holds(t, one["Condition"], asked.about) {
			continue
		}
		if one["Effect"] == "Deny" {
			return "Deny"
		}
		decision = "Allow"
	}
	return decision
}

func holds(t *testing.T, condition any, about map[string][]string) bool {
	operators, _ := condition.(map[string]any)
	for operator, keys := range operators {
		bare, ifExists := strings.CutSuffix(strings.TrimPrefix(operator, "ForAnyValue:"), "IfExists")
		require.Contains(t, []string{"StringEquals", "StringLike", "StringNotEquals", "ArnLike", "ArnNotLike", "ArnEquals"}, bare,
			"teach the evaluator this operator")
		negated := strings.Contains(bare, "Not")
		bare = strings.Replace(bare, "Not", "", 1)
		for key, wanted := range keys.(map[string]any) {
			values, there := about[key]
			if !there && (ifExists || negated) {
				continue
			}
			met := slices.ContainsFunc(values, func(value string) bool {
				return slices.ContainsFunc(list(wanted), func(pattern string) bool {
					if strings.HasPrefix(bare, "String") && !strings.HasSuffix(bare, "Like") {
						return pattern == value
					}
					return matches(pattern, value)
				})
			})
			if met == negated {
				return false
			}
		}
	}
	return true
}

// grantee is a role with all of its policies and its boundary.
type grantee struct {
	arn      string
	policies []map[string]any
	boundary map[string]any // nil: one that somebody else made; it allows everything here
}

func (g grantee) may(t *testing.T, asked request) bool {
	about := map[string][]string{"aws:PrincipalArn": {g.arn}}
	for key, values := range asked.about {
		about[key] = values
	}
	asked.about = about
	if g.boundary != nil && decide(t, g.boundary, asked) != "Allow" {
		return false
	}
	allowed := false
	for _, one := range g.policies {
		switch decide(t, one, asked) {
		case "Deny":
			return false
		case "Allow":
			allowed = true
		}
	}
	return allowed
}

// installation is one of the two of testdata/full.yaml: its account, its region and its boundary.
type installation struct{ name, account, region, bucket string }

var (
	staging = installation{"staging", "111122223333", "eu-west-1", "example-deployer-state"} // the boundary is Deployer's
	small   = installation{"small", "444455556666", "us-east-1", "example-small-state"}      // the boundary is given
)

func (i installation) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + i.region + ":" + i.account + ":" + resource
}
func (i installation) role(name string) string { return "arn:aws:iam::" + i.account + ":role/" + name }

func (i installation) boundary(t *testing.T) map[string]any {
	if i == small {
		return nil
	}
	return templates(t)["deployer-staging-access"].Resources["Boundary"].Properties["PolicyDocument"].(map[string]any)
}

// roles are all of an installation's own, by name.
func (i installation) roles(t *testing.T) map[string]grantee {
	found := map[string]grantee{}
	for name, one := range templates(t) {
		if !strings.HasPrefix(name, "deployer-"+i.name+"-") {
			continue
		}
		for _, id := range one.of("AWS::IAM::Role") {
			properties := one.Resources[id].Properties
			who := grantee{arn: i.role(properties["RoleName"].(string)), policies: policiesOf(properties["Policies"]), boundary: i.boundary(t)}
			managed, _ := properties["ManagedPolicyArns"].([]any)
			for _, ref := range managed {
				policy := one.Resources[ref.(map[string]any)["Ref"].(string)]
				who.policies = append(who.policies, policy.Properties["PolicyDocument"].(map[string]any))
			}
			found[properties["RoleName"].(string)] = who
		}
	}
	return found
}

// component is the role of a component whose author wrote that it may do everything.
func (i installation) component(t *testing.T) grantee {
	return grantee{arn: i.role("deployer/" + i.name + "/shop-production-orders-api-abc123-task"), boundary: i.boundary(t),
		policies: []map[string]any{{"Statement": []any{map[string]any{"Effect": "Allow", "Action": "*", "Resource": "*"}}}}}
}

// met makes the context in which a statement's condition holds: of each key one value.
func met(t *testing.T, condition any, boundary string) map[string][]string {
	about := map[string][]string{}
	operators, _ := condition.(map[string]any)
	for operator, keys := range operators {
		require.NotContains(t, operator, "Not", "an Allow that waits for something not to be: teach met")
		for key, wanted := range keys.(map[string]any) {
			about[key] = []string{strings.ReplaceAll(list(wanted)[0], "*", "any")}
		}
	}
	if about["iam:PermissionsBoundary"] == nil {
		about["iam:PermissionsBoundary"] = []string{boundary}
	}
	return about
}

// What a role is given and may not use is a mistake that shows in an account only: each Allow of each own role is asked for
// with its policies, its boundary and the executor's Never together.
func TestNoPermissionIsDead(t *testing.T) {
	for _, where := range []installation{staging, small} {
		asked := 0
		for name, who := range where.roles(t) {
			for _, document := range who.policies {
				for _, one := range statementsOf(document) {
					if one["Effect"] == "Deny" {
						continue
					}
					for _, action := range list(one["Action"]) {
						for _, pattern := range list(one["Resource"]) {
							asked++
							service := strings.SplitN(action, ":", 2)[0]
							if pattern == "*" {
								pattern = where.arn(service, "any/any")
							}
							about := met(t, one["Condition"], "arn:aws:iam::111122223333:policy/DeployerBoundary-staging")
							want := request{strings.ReplaceAll(action, "*", "Any"), strings.ReplaceAll(pattern, "*", "any"), about}
							require.True(t, who.may(t, want), "%s, %s: %s may not %s on %s", where.name, one["Sid"], name, want.action, want.resource)
						}
					}
				}
			}
		}
		require.Greater(t, asked, 900)
	}
}

// What a bundle could try through the executor, whose role carries out whatever bundles say.
func TestTheExecutorTakesOverNothing(t *testing.T) {
	for _, where := range []installation{staging, small} {
		executor := where.roles(t)["TaskRole-"+where.name]
		own := "deployer-" + where.name + "-"
		inRegion := map[string][]string{"aws:RequestedRegion": {where.region}, "kms:ResourceAliases": {"alias/" + own + "data"}}
		for _, one := range []struct{ actions, resource string }{
			{"iam:UpdateAssumeRolePolicy iam:DeleteRolePolicy iam:DetachRolePolicy iam:DeleteRole iam:AttachRolePolicy iam:PutRolePolicy " +
				"iam:CreateRole iam:PassRole iam:PutRolePermissionsBoundary iam:DeleteRolePermissionsBoundary iam:UpdateRole iam:TagRole",
				where.role("OrganizationAccountAccessRole")},
			{"iam:UpdateAssumeRolePolicy iam:PassRole", where.role("cdk-hnb659fds-cfn-exec-role-" + where.account + "-" + where.region)},
			{"sts:AssumeRole", where.role("cdk-hnb659fds-deploy-role-" + where.account + "-" + where.region)},
			{"iam:UpdateAssumeRolePolicy iam:PassRole iam:PutRolePolicy sts:AssumeRole", where.role("TaskRole-" + where.name)},
			{"iam:UpdateAssumeRolePolicy iam:PassRole iam:DeleteRole", where.role("DeployerFunction-" + where.name + "-decide")},
			{"iam:DeleteRolePermissionsBoundary", where.role("deployer/" + where.name + "/x")},
			{"iam:UpdateAssumeRolePolicy iam:PassRole iam:PutRolePolicy", where.role("deployer/another/x")},
			{"iam:CreatePolicyVersion iam:DeletePolicy iam:CreatePolicy iam:SetDefaultPolicyVersion",
				"arn:aws:iam::" + where.account + ":policy/DeployerBoundary-" + where.name},
			{"iam:CreatePolicyVersion", "arn:aws:iam::" + where.account + ":policy/DevelopersOwnPolicy"},
			{"iam:CreateUser iam:CreateAccessKey", "arn:aws:iam::" + where.account + ":user/boss"},
			{"lambda:InvokeFunction lambda:UpdateFunctionCode lambda:AddPermission lambda:PutFunctionConcurrency lambda:DeleteFunction",
				where.arn("lambda", "function:"+own+"decide")},
			{"lambda:InvokeFunction", where.arn("lambda", "function:"+own+"cleanup")},
			{"states:StartExecution states:SendTaskSuccess states:UpdateStateMachine", where.arn("states", "stateMachine:"+own+"decide")},
			{"states:StopExecution", where.arn("states", "execution:"+own+"deploy:run")},
			{"sns:Subscribe sns:Publish sns:SetTopicAttributes sns:DeleteTopic", where.arn("sns", own+"approvals")},
			{"sqs:SetQueueAttributes sqs:DeleteQueue", where.arn("sqs", own+"undelivered")},
			{"events:PutTargets events:PutRule events:RemoveTargets events:DeleteRule", where.arn("events", "rule/"+own+"status")},
			{"scheduler:UpdateSchedule scheduler:DeleteSchedule", where.arn("scheduler", "schedule/deployer-"+where.name+"/keeplocks")},
			{"cloudwatch:DeleteAlarms cloudwatch:PutMetricAlarm", where.arn("cloudwatch", "alarm:"+own+"run-dirty")},
			{"ecs:UpdateCluster ecs:DeleteCluster", where.arn("ecs", "cluster/"+own+"executor")},
			{"ecs:StopTask", where.arn("ecs", "task/"+own+"executor/abc")},
			{"logs:DeleteLogGroup logs:PutRetentionPolicy", where.arn("logs", "log-group:/deployer/"+where.name+"/functions/decide")},
			{"kms:DeleteAlias kms:UpdateAlias", where.arn("kms", "alias/"+own+"data")},
			{"s3:DeleteBucketPolicy s3:PutBucketPolicy s3:PutLifecycleConfiguration s3:PutReplicationConfiguration",
				"arn:aws:s3:::" + where.bucket},
			{"s3:PutObject", "arn:aws:s3:::" + where.bucket + "/stacks/shop/production/state.json"},
			{"s3:DeleteObjectVersion", "arn:aws:s3:::" + where.bucket + "/stacks/shop/production/pulumi/x"},
			{"dynamodb:PutItem dynamodb:UpdateItem dynamodb:DeleteItem dynamodb:UpdateTable dynamodb:DeleteTable " +
				"dynamodb:PutResourcePolicy dynamodb:UpdateTimeToLive dynamodb:CreateTableReplica",
				where.arn("dynamodb", "table/deployer-state-locks")},
			{"secretsmanager:GetSecretValue", where.arn("secretsmanager", "secret:payments/production/database-password")},
			{"ssm:GetParameter", where.arn("ssm", "parameter/payments/key")},
		} {
			for _, action := range strings.Fields(one.actions) {
				about := map[string][]string{"iam:PermissionsBoundary": {"arn:aws:iam::" + where.account + ":policy/DeployerBoundary-" + where.name,
					"arn:aws:iam::444455556666:policy/company/boundary"}, "iam:PassedToService": {"ec2.amazonaws.com"}}
				for key, values := range inRegion {
					about[key] = values
				}
				require.False(t, executor.may(t, request{action, one.resource, about}), "%s: %s on %s", where.name, action, one.resource)
			}
		}
	}
}

func TestTheExecutorLosesNoKey(t *testing.T) {
	for _, where := range []installation{staging, small} {
		never := templates(t)["deployer-"+where.name+"-executor"].Resources["Never"].Properties["PolicyDocument"].(map[string]any)
		for _, one := range statementsOf(never) {
			if one["Sid"] == "KeepTheKeys" {
				for _, key := range list(one["Resource"]) { // an import from the stack storage
					require.False(t, where.roles(t)["TaskRole-"+where.name].may(t, request{"kms:PutKeyPolicy", key,
						map[string][]string{"aws:RequestedRegion": {where.region}, "kms:ResourceAliases": {"alias/any"}}}))
				}
				require.Len(t, list(one["Resource"]), map[string]int{"staging": 3, "small": 2}[where.name])
			}
		}
	}
}

// A component's role is bounded by more than what its author wrote: below Deployer's boundary it is kept from everything of
// Deployer's and from IAM; below a given one the bucket, the table and the keys refuse it themselves.
func TestAComponentReachesNothingOfDeployers(t *testing.T) {
	component := staging.component(t)
	own := map[string][]string{"kms:ResourceAliases": {"alias/deployer-staging-secrets"}, "iam:PassedToService": {"ecs-tasks.amazonaws.com"},
		"iam:PermissionsBoundary": {"arn:aws:iam::111122223333:policy/DeployerBoundary-staging"}}
	for action, resource := range map[string]string{
		"s3:PutObject":               "arn:aws:s3:::example-deployer-state/stacks/shop/production/state.json",
		"s3:GetObject":               "arn:aws:s3:::example-deployer-state/stacks/shop/production/pulumi/x",
		"dynamodb:PutItem":           staging.arn("dynamodb", "table/deployer-state-locks"),
		"lambda:InvokeFunction":      staging.arn("lambda", "function:deployer-staging-decide"),
		"states:SendTaskSuccess":     staging.arn("states", "stateMachine:deployer-staging-deploy"),
		"states:StartExecution":      staging.arn("states", "stateMachine:deployer-staging-decide"),
		"sns:Subscribe":              staging.arn("sns", "deployer-staging-approvals"),
		"ecs:ExecuteCommand":         staging.arn("ecs", "task/deployer-staging-executor/abc"),
		"kms:Decrypt":                staging.arn("kms", "key/abc"),
		"kms:UpdateAlias":            staging.arn("kms", "alias/deployer-staging-data"),
		"iam:PassRole":               staging.role("TaskRole-staging"),
		"iam:CreateRole":             staging.role("deployer/staging/another"),
		"iam:UpdateAssumeRolePolicy": staging.role("OrganizationAccountAccessRole"),
		"iam:PutRolePolicy":          staging.role("deployer/staging/another"),
		"sts:AssumeRole":             staging.role("cdk-hnb659fds-deploy-role-111122223333-eu-west-1"),
		"cloudtrail:StopLogging":     staging.arn("cloudtrail", "trail/company"),
		"iam:CreateUser":             "arn:aws:iam::111122223333:user/x",
	} {
		require.False(t, component.may(t, request{action, resource, own}), "%s on %s", action, resource)
	}
	for action, resource := range map[string]string{
		"s3:PutObject":            "arn:aws:s3:::shop-images/x",
		"lambda:InvokeFunction":   staging.arn("lambda", "function:shop-production-orders"),
		"kms:Decrypt":             staging.arn("kms", "key/abc"),
		"ec2messages:GetEndpoint": "*",
		"iam:PassRole":            staging.role("deployer/staging/another"),
	} {
		about := map[string][]string{"kms:ResourceAliases": {"alias/shop"}}
		require.True(t, component.may(t, request{action, resource, about}), "%s on %s", action, resource)
	}
}

func TestTheMemoryRefusesComponents(t *testing.T) {
	for _, where := range []installation{staging, small} {
		storage := templates(t)["deployer-"+where.name+"-storage"]
		about := map[string][]string{"aws:PrincipalArn": {where.component(t).arn}}
		others := map[string][]string{"aws:PrincipalArn": {where.role("TaskRole-" + where.name)}}
		for id, asked := range map[string]request{
			"StateBucketPolicy": {action: "s3:GetObject", resource: "arn:aws:s3:::" + where.bucket + "/stacks/a/b/state.json"},
			"LockTable":         {action: "dynamodb:PutItem", resource: where.arn("dynamodb", "table/deployer-state-locks")},
			"DataKey":           {action: "kms:Decrypt", resource: "*"},
			"SecretsKey":        {action: "kms:Decrypt", resource: "*"},
		} {
			document := refusing(t, storage.Resources[id])
			asked.about = about
			require.Equal(t, "Deny", decide(t, document, asked), "%s/%s", where.name, id)
			asked.about = others
			require.NotEqual(t, "Deny", decide(t, document, asked), "%s/%s", where.name, id)
		}
	}
}

// refusing is the one statement of a resource's own policy that is for components.
func refusing(t *testing.T, of resource) map[string]any {
	for _, document := range policiesOf(of.Properties) {
		for _, one := range statementsOf(document) {
			if one["Sid"] == "NotForComponents" {
				return map[string]any{"Statement": []any{one}}
			}
		}
	}
	require.Fail(t, fmt.Sprintf("%s has no statement NotForComponents", of.Type))
	return nil
}

func TestARolesPoliciesAreFewEnough(t *testing.T) {
	for _, where := range []installation{staging, small} {
		for _, id := range templates(t)["deployer-"+where.name+"-executor"].of("AWS::IAM::Role") {
			managed, _ := templates(t)["deployer-"+where.name+"-executor"].Resources[id].Properties["ManagedPolicyArns"].([]any)
			require.LessOrEqual(t, len(managed), 10, "IAM's default quota")
		}
	}
}

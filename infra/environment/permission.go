package environment

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
)

// statement is one statement of a policy. One that speaks of every resource ("*") says why it must; the reason stands in
// the template's metadata beside the policy, and a test refuses a statement without one.
type statement struct {
	sid       string
	deny      bool
	actions   []string
	resources []string
	when      conditions
	principal any // of a resource's own policy: "*" or a map
	because   string
}

// conditions is IAM's: operator, key, value.
type conditions map[string]map[string]any

func (s statement) document() map[string]any {
	effect := "Allow"
	if s.deny {
		effect = "Deny"
	}
	document := map[string]any{
		"Sid": s.sid, "Effect": effect, "Action": oneOrMany(s.actions), "Resource": oneOrMany(s.resources),
	}
	if s.principal != nil {
		document["Principal"] = s.principal
	}
	if len(s.when) > 0 {
		document["Condition"] = s.when
	}
	return document
}

func oneOrMany(texts []string) any {
	if len(texts) == 1 {
		return texts[0]
	}
	return texts
}

func policy(statements []statement) map[string]any {
	documents := make([]any, len(statements))
	for i, one := range statements {
		documents[i] = one.document()
	}
	return map[string]any{"Version": "2012-10-17", "Statement": documents}
}

// reasonsKey is where the template's metadata keeps the reasons for Resource "*", by the statement's Sid.
const reasonsKey = "ReasonsForAnyResource"

func explain(resource awscdk.CfnResource, statements []statement) {
	reasons := map[string]any{}
	for _, one := range statements {
		if one.because != "" {
			reasons[one.sid] = one.because
		}
	}
	if len(reasons) > 0 {
		resource.AddMetadata(str(reasonsKey), reasons)
	}
}

// role is a role that a service of AWS takes on for one of this environment's resources and for nobody else's.
type role struct {
	name    string
	says    string
	service string // such as lambda
	source  string // ARN pattern of the resource on whose behalf
	may     []statement
	managed []any // ARNs of managed policies
	excuses []excuse
}

// addRole creates the role below the environment's permissions boundary.
func (n names) addRole(scope constructs.Construct, id string, r role) awsiam.CfnRole {
	trust := statement{sid: "OnlyForThisInstallation", actions: []string{"sts:AssumeRole"},
		principal: map[string]any{"Service": r.service + ".amazonaws.com"},
		when:      n.onBehalf(r)}
	trusted := trust.document()
	delete(trusted, "Resource") // a trust policy has none
	properties := &awsiam.CfnRoleProps{
		RoleName:                 str(r.name),
		Description:              str(r.says),
		AssumeRolePolicyDocument: map[string]any{"Version": "2012-10-17", "Statement": []any{trusted}},
		PermissionsBoundary:      n.boundaryARN(),
		Policies: []any{&awsiam.CfnRole_PolicyProperty{
			PolicyName: str("Permissions"), PolicyDocument: policy(r.may),
		}},
	}
	if len(r.managed) > 0 {
		properties.ManagedPolicyArns = &r.managed
	}
	created := awsiam.NewCfnRole(scope, str(id), properties)
	explain(created, r.may)
	var excuses []excuse
	if anything(r.may) {
		excuses = append(excuses, excuse{"The reason for each is in ReasonsForAnyResource beside this.",
			[]string{"nag:AwsSolutions-IAM5"}})
	}
	forgive(created, append(excuses, r.excuses...)...)
	return created
}

// onBehalf limits the trust to this installation's resource. AWS does not document that Lambda says for which function it
// takes on a role; no function could be created if it does not. So there the conditions hold where Lambda says it, and what
// keeps others' functions away is that nobody can pass a role to a function of another account.
func (n names) onBehalf(r role) conditions {
	if r.service == "lambda" {
		return conditions{
			"StringEqualsIfExists": {"aws:SourceAccount": n.Account},
			"ArnLikeIfExists":      {"aws:SourceArn": r.source},
		}
	}
	return conditions{
		"StringEquals": {"aws:SourceAccount": n.Account},
		"ArnLike":      {"aws:SourceArn": r.source},
	}
}

func anything(statements []statement) bool {
	for _, one := range statements {
		if one.because != "" {
			return true
		}
	}
	return false
}

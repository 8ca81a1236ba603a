package provision

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// sourceAware are the services that say for whose resource they assume a role, so that the trust can be limited to this
// account (AWS documents it for these alone).
var sourceAware = map[string]bool{
	"ecs-tasks.amazonaws.com": true, "scheduler.amazonaws.com": true, "events.amazonaws.com": true,
	"monitoring.rds.amazonaws.com": true, "backup.amazonaws.com": true, "vpc-flow-logs.amazonaws.com": true,
	"s3.amazonaws.com": true, "ecs.amazonaws.com": true, "apigateway.amazonaws.com": true,
}

// trust makes the trust policy of a role that an AWS service assumes.
func (p *program) trust(service string) (pulumi.StringOutput, error) {
	s := statement{sid: "Assume", actions: []string{"sts:AssumeRole"}, principal: ofService(service)}
	if sourceAware[service] {
		s.when("StringEquals", "aws:SourceAccount", pulumi.String(p.account))
	}
	return document(s)
}

// role makes a role for an AWS service, and with it one policy of the given statements; none, no policy.
func (p *program) role(name, service, description string, statements []statement) (*iam.Role, error) {
	assume, err := p.trust(service)
	if err != nil {
		return nil, err
	}
	return p.roleFor(name, assume, description, statements)
}

// roleFor makes a role for whom its trust policy names.
func (p *program) roleFor(name string, assume pulumi.StringOutput, description string,
	statements []statement) (*iam.Role, error) {
	boundary, err := p.boundary()
	if err != nil {
		return nil, err
	}
	role, err := iam.NewRole(p.Context, name, &iam.RoleArgs{
		Name: pulumi.String(p.name(maxRoleName, name)), Description: pulumi.String(description), Path: p.optional(p.rolePath),
		AssumeRolePolicy:    assume,
		PermissionsBoundary: boundary,
	})
	if err != nil || len(statements) == 0 {
		return role, err
	}
	policy, err := document(statements...)
	if err != nil {
		return nil, err
	}
	granted, err := iam.NewRolePolicy(p.Context, name, &iam.RolePolicyArgs{
		Name: pulumi.String("access"), Role: role.Name, Policy: policy,
	}, pulumi.Parent(role))
	p.granted = append(p.granted, granted)
	return role, err
}

// attach gives a role a policy that AWS maintains.
func (p *program) attach(name string, role *iam.Role, policy string) error {
	attached, err := iam.NewRolePolicyAttachment(p.Context, name, &iam.RolePolicyAttachmentArgs{Role: role.Name,
		PolicyArn: pulumi.String("arn:" + p.partition + ":iam::aws:policy/" + policy)}, pulumi.Parent(role))
	p.granted = append(p.granted, attached)
	return err
}

// afterGrants lets a resource wait until the roles made so far may do what they are for: something that starts before would
// fail.
func (p *program) afterGrants() pulumi.ResourceOption { return pulumi.DependsOn(p.granted) }

// profile lets EC2 instances have the role. It stands at the same path: the executor may make it nowhere else.
func (p *program) profile(name string, role *iam.Role, options ...pulumi.ResourceOption) (*iam.InstanceProfile, error) {
	return iam.NewInstanceProfile(p.Context, name, &iam.InstanceProfileArgs{Name: pulumi.String(p.name(maxRoleName, name)),
		Path: p.optional(p.rolePath), Role: role.Name}, options...)
}

// boundary is the policy that limits every role: the executor's, or else that of the environment's Security document. Where
// the executor has one, AWS lets it make roles with no other.
func (p *program) boundary() (pulumi.StringPtrInput, error) {
	own := ""
	if s, ok := p.order.Spec.(*resource.Security); ok {
		own = string(s.PermissionsBoundary)
	}
	asked := cmp.Or(own, p.security("permissionsBoundary"))
	if p.limit != "" && asked != "" && asked != p.limit {
		return nil, fmt.Errorf("the environment's Security document wants the permissions boundary %s, but this installation makes "+
			"roles only with %s: leave permissionsBoundary out, or install Deployer with that boundary", asked, p.limit)
	}
	return p.optional(cmp.Or(p.limit, asked)), nil
}

// permissions are the statements that the author wrote, beyond what the references give.
func (p *program) permissions(written []resource.Statement) ([]statement, error) {
	statements := make([]statement, 0, len(written))
	for i, w := range written {
		s := statement{sid: "Author" + letters(i), actions: w.Actions, explicit: true, deny: w.Effect == "Deny"}
		for _, input := range w.Resources {
			resolved, err := input.Resolve(p.upstream)
			if err != nil {
				return nil, err
			}
			s.resources = append(s.resources, pulumi.String(resolved.Text))
		}
		for operator, keys := range w.Conditions {
			for key, values := range keys {
				s.when(operator, key, texts(values...)...)
			}
		}
		statements = append(statements, s)
	}
	return statements, nil
}

// letters numbers with letters, A to Z, then AA: a Sid may hold digits, but numbers at its end read as versions.
func letters(i int) string {
	text := string(rune('A' + i%26))
	if i >= 26 {
		text = letters(i/26-1) + text
	}
	return text
}

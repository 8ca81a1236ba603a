package provision

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// statement is one permission of an IAM policy. Every statement allows; what is not allowed is denied.
type statement struct {
	sid        string // says what it is for; letters and digits
	actions    []string
	resources  []pulumi.StringInput
	conditions conditions
	explicit   bool       // the author wrote it, and answers for its wildcards
	principal  *principal // of a resource's policy or a role's trust
	deny       bool       // of a resource's policy only
}

// conditions are those of a statement: operator, then key, then the values of which one must match.
type conditions map[string]map[string][]pulumi.StringInput

// when adds a condition.
func (s *statement) when(operator, key string, values ...pulumi.StringInput) {
	if s.conditions == nil {
		s.conditions = conditions{}
	}
	if s.conditions[operator] == nil {
		s.conditions[operator] = map[string][]pulumi.StringInput{}
	}
	s.conditions[operator][key] = append(s.conditions[operator][key], values...)
}

// principal is who a resource's policy or a role's trust is about: services, or AWS accounts and roles, or a federation, by
// their names; "*" alone is everybody.
type principal struct {
	kind  string // Service, AWS or Federated
	names []string
}

// everybody is the principal of statements that refuse.
var everybody = &principal{names: []string{"*"}}

// ofService is the principal of one AWS service.
func ofService(name string) *principal { return &principal{"Service", []string{name}} }

// withoutResources lists the actions that may be allowed on "*", each with the reason.
var withoutResources = map[string]string{
	"ecr:GetAuthorizationToken":                 "the token is for all registries; AWS defines no resource for it",
	"xray:PutTraceSegments":                     "AWS defines no resource for it",
	"xray:PutTelemetryRecords":                  "AWS defines no resource for it",
	"xray:GetSamplingRules":                     "AWS defines no resource for it",
	"xray:GetSamplingTargets":                   "AWS defines no resource for it",
	"cloudwatch:PutMetricData":                  "AWS defines no resource for it; a condition limits the namespace",
	"ec2:CreateNetworkInterface":                "Lambda needs it in a VPC before the interface exists; AWS checks it at creation on *",
	"ec2:DescribeSubnets":                       "describing has no resources",
	"ec2:DescribeNetworkInterfaces":             "describing has no resources",
	"ec2:DeleteNetworkInterface":                "Lambda's interfaces are not known beforehand; AWS documents * for it",
	"ec2:AssignPrivateIpAddresses":              "as ec2:DeleteNetworkInterface",
	"ec2:UnassignPrivateIpAddresses":            "as ec2:DeleteNetworkInterface",
	"ssmmessages:CreateControlChannel":          "AWS defines no resource for it",
	"ssmmessages:CreateDataChannel":             "AWS defines no resource for it",
	"ssmmessages:OpenControlChannel":            "AWS defines no resource for it",
	"ssmmessages:OpenDataChannel":               "AWS defines no resource for it",
	"ssm:UpdateInstanceInformation":             "the agent calls it before the instance has an ARN of Systems Manager",
	"ec2messages:AcknowledgeMessage":            "AWS defines no resource for it",
	"ec2messages:DeleteMessage":                 "AWS defines no resource for it",
	"ec2messages:FailMessage":                   "AWS defines no resource for it",
	"ec2messages:GetEndpoint":                   "AWS defines no resource for it",
	"ec2messages:GetMessages":                   "AWS defines no resource for it",
	"ec2messages:SendReply":                     "AWS defines no resource for it",
	"logs:CreateLogDelivery":                    "AWS defines no resource for it",
	"logs:DescribeLogGroups":                    "describing has no resources",
	"elasticloadbalancing:DescribeTargetHealth": "describing has no resources",
}

// document makes the JSON of an IAM policy. A wildcard that is neither listed with a reason nor written by the author is an
// error of the translation.
func document(statements ...statement) (pulumi.StringOutput, error) {
	var values []any
	for _, s := range statements {
		if err := s.check(); err != nil {
			return pulumi.StringOutput{}, err
		}
		for _, resource := range s.resources {
			values = append(values, resource)
		}
		for _, operator := range sortedKeys(s.conditions) {
			for _, key := range sortedKeys(s.conditions[operator]) {
				for _, value := range s.conditions[operator][key] {
					values = append(values, value)
				}
			}
		}
	}
	return pulumi.All(values...).ApplyT(func(known []any) (string, error) {
		return render(statements, known)
	}).(pulumi.StringOutput), nil
}

func (s statement) check() error {
	for _, action := range s.actions {
		if !s.explicit && !s.deny && (action == "*" || strings.HasSuffix(action, ":*")) {
			return fmt.Errorf("statement %s allows action %s", s.sid, action)
		}
		for _, resource := range s.resources {
			if _, listed := withoutResources[action]; resource == pulumi.String("*") && !listed && !s.explicit &&
				!s.deny {
				return fmt.Errorf("statement %s allows %s on every resource without a listed reason", s.sid, action)
			}
		}
	}
	return nil
}

// refusePlain is the policy of something that lets nobody in without TLS.
func refusePlain(everything string, resources ...pulumi.StringInput) (pulumi.StringOutput, error) {
	s := statement{sid: "RefusePlain", deny: true, actions: []string{everything}, resources: resources,
		principal: everybody}
	s.when("Bool", "aws:SecureTransport", pulumi.String("false"))
	return document(s)
}

// policyStatement is a statement as IAM reads it, its fields in the usual order.
type policyStatement struct {
	Sid       string                    `json:"Sid,omitempty"`
	Effect    string                    `json:"Effect"`
	Principal any                       `json:"Principal,omitempty"`
	Action    []string                  `json:"Action"`
	Resource  []string                  `json:"Resource,omitempty"`
	Condition map[string]map[string]any `json:"Condition,omitempty"`
}

// render puts the known values, in the order in which document collected them, into the statements.
func render(statements []statement, known []any) (string, error) {
	next := func() string {
		value := known[0].(string)
		known = known[1:]
		return value
	}
	rendered := make([]policyStatement, len(statements))
	for i, s := range statements {
		r := policyStatement{Sid: s.sid, Effect: "Allow", Action: slices.Sorted(slices.Values(s.actions))}
		if s.deny {
			r.Effect = "Deny"
		}
		if s.principal != nil {
			r.Principal = s.principal.render()
		}
		for range s.resources {
			r.Resource = append(r.Resource, next())
		}
		r.Condition = s.conditions.render(next)
		rendered[i] = r
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": rendered})
	return string(text), err
}

func (c conditions) render(next func() string) map[string]map[string]any {
	if len(c) == 0 {
		return nil
	}
	rendered := map[string]map[string]any{}
	for _, operator := range sortedKeys(c) {
		rendered[operator] = map[string]any{}
		for _, key := range sortedKeys(c[operator]) {
			values := make([]string, len(c[operator][key]))
			for i := range values {
				values[i] = next()
			}
			rendered[operator][key] = values
			if len(values) == 1 {
				rendered[operator][key] = values[0]
			}
		}
	}
	return rendered
}

func (p principal) render() any {
	if slices.Equal(p.names, everybody.names) {
		return "*"
	}
	if len(p.names) == 1 {
		return map[string]string{p.kind: p.names[0]}
	}
	return map[string][]string{p.kind: p.names}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// on lists the resources of a statement.
func on(resources ...pulumi.StringInput) []pulumi.StringInput { return resources }

// texts makes inputs of texts.
func texts(values ...string) pulumi.StringArray {
	inputs := make(pulumi.StringArray, len(values))
	for i, value := range values {
		inputs[i] = pulumi.String(value)
	}
	return inputs
}

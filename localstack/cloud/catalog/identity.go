package catalog

import (
	"encoding/json"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

func identity() []Type {
	const arn = "arn:{partition}:iam::{account}:"
	const stamp = "{now}"
	return []Type{
		{
			Is: "iam.Role", Scope: Account, ID: "{name}", NameMax: 64, Replace: "name namePrefix path",
			Unordered: "inlinePolicies",
			Defaults:  object{"forceDetachPolicies": false, "maxSessionDuration": 3600, "path": "/"},
			Outputs:   object{"arn": arn + "role{path}{name}", "createDate": stamp, "uniqueId": "AROA{HEX17}"},
			Exists:    "409 EntityAlreadyExists: Role with name {name} already exists.",
			Missing:   "404 NoSuchEntity: The role with name {ref} cannot be found.",
			InUse:     "409 DeleteConflict: Cannot delete entity, must detach all policies first.",
			Check: func(c *Checking) {
				c.between("maxSessionDuration", 3600, 43200)
				checkPolicy(c, "assumeRolePolicy", true)
			},
			OnDelete: func(o *Op) error {
				if o.yes("forceDetachPolicies") {
					for _, is := range []string{"iam.RolePolicyAttachment", "iam.RolePolicy"} {
						for _, r := range Referring(o.Tx, o.Old, is) {
							o.Tx.Delete(r.Key())
						}
					}
				}
				return nil
			},
		},
		{
			Is: "iam.Policy", Scope: Account, ID: "{arn}", NameMax: 128, Replace: "name namePrefix path description",
			Defaults: object{"path": "/"},
			Outputs:  object{"arn": arn + "policy{path}{name}", "policyId": "ANPA{HEX17}", "attachmentCount": 0},
			Exists: "409 EntityAlreadyExists: A policy called {name} already exists. Duplicate names are not " +
				"allowed.",
			Missing: "404 NoSuchEntity: Policy {ref} does not exist or is not attachable.",
			InUse:   "409 DeleteConflict: Cannot delete a policy attached to entities.",
			Check:   func(c *Checking) { checkPolicy(c, "policy", false) },
		},
		{
			Is:         "iam.RolePolicy",
			Scope:      Account,
			ID:         "{role}:{name}",
			NameMax:    128,
			Replace:    "name namePrefix role",
			Unique:     "{role}:{name}",
			Overwrites: true,
			Refs:       []string{"role iam.Role"},
			Check:      func(c *Checking) { checkPolicy(c, "policy", false) },
		},
		{
			Is:         "iam.RolePolicyAttachment",
			Scope:      Account,
			ID:         "{role}/{policyArn}",
			Replace:    "role policyArn",
			Overwrites: true,
			Refs:       []string{"role iam.Role", "policyArn iam.Policy"},
			Before: func(o *Op) error {
				role := o.target("role")
				if role != nil && o.creating() && len(Referring(o.Tx, role, "iam.RolePolicyAttachment")) >= 10 {
					return o.refuse("409 LimitExceeded: Cannot exceed quota for PoliciesPerRole: 10")
				}
				return nil
			},
		},
		{
			Is: "iam.InstanceProfile", Scope: Account, ID: "{name}", NameMax: 128, Replace: "name namePrefix path",
			Defaults: object{"path": "/"},
			Outputs: object{
				"arn": arn + "instance-profile{path}{name}", "createDate": stamp, "uniqueId": "AIPA{HEX17}",
			},
			Refs:    []string{"role iam.Role"},
			Exists:  "409 EntityAlreadyExists: Instance Profile {name} already exists.",
			Missing: "404 NoSuchEntity: Instance Profile {ref} cannot be found.",
		},
		{
			Is: "iam.OpenIdConnectProvider", Scope: Account, ID: "{arn}", Replace: "url",
			Outputs: object{"arn": ""},
			Exists:  "409 EntityAlreadyExists: Provider with url {url} already exists.",
			Before: func(o *Op) error {
				o.State["arn"] = o.expand(arn) + "oidc-provider/" + strings.TrimPrefix(o.text("url"), "https://")
				return nil
			},
		},
		{
			Is:      "iam.ServiceLinkedRole",
			Scope:   Account,
			ID:      "{arn}",
			NameIn:  "-",
			Replace: "awsServiceName customSuffix",
			Unique:  "{awsServiceName}/{customSuffix}",
			Outputs: object{
				"arn": arn + "role{path}{name}", "name": "", "path": "/aws-service-role/{awsServiceName}/", "createDate": stamp, "uniqueId": "AROA{HEX17}",
			},
			Exists: "InvalidInput: Service role name AWSServiceRoleFor{awsServiceName} has been taken in this " +
				"account, please try a different suffix.",
			Before: func(o *Op) error {
				service, _, _ := strings.Cut(o.text("awsServiceName"), ".")
				o.fill("name", "AWSServiceRoleFor"+strings.ToUpper(service[:1])+service[1:])
				return nil
			},
		},
	}
}

// checkPolicy fails a known policy text that IAM would call malformed. A trust policy names who may assume the role.
func checkPolicy(c *Checking, name string, trust bool) {
	text := c.text(name)
	if text == "" {
		return
	}
	var policy map[string]any
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		c.Failf(name, "%q contains an invalid JSON policy: %v", snake(name), err)
		return
	}
	statements, ok := policy["Statement"].([]any)
	if !ok {
		statements = []any{policy["Statement"]}
	}
	for i, s := range statements {
		statement, ok := s.(map[string]any)
		switch {
		case !ok:
			c.Failf(name, "MalformedPolicyDocument: statement %d is no object", i)
		case statement["Effect"] != "Allow" && statement["Effect"] != "Deny":
			c.Failf(name, "MalformedPolicyDocument: statement %d: Effect must be Allow or Deny", i)
		case statement["Action"] == nil && statement["NotAction"] == nil:
			c.Failf(name, "MalformedPolicyDocument: Policy statement must contain actions.")
		case trust && statement["Principal"] == nil:
			c.Failf(name, "MalformedPolicyDocument: Missing required field Principal")
		case !trust && statement["Principal"] == nil && statement["Resource"] == nil && statement["NotResource"] == nil:
			c.Failf(name, "MalformedPolicyDocument: Policy statement must contain resources.")
		case !trust && strings.HasPrefix(c.Is, "iam.") && statement["Principal"] != nil:
			c.Failf(name, "MalformedPolicyDocument: Policy document should not specify a principal.")
		}
	}
}

// validJSON refuses a text that is no JSON.
func (o *Op) validJSON(name, refusal string) error {
	if text := property.Text(o.State, name); text != "" && !json.Valid([]byte(text)) {
		return o.refuse(refusal)
	}
	return nil
}

package catalog

import "strings"

func firewalls() []Type {
	scoped := func(kind string) func(*Op) error {
		return func(o *Op) error {
			where := map[bool]string{true: "global/", false: "regional/"}[o.text("scope") == "CLOUDFRONT"]
			o.State["arn"] = o.expand("arn:{partition}:wafv2:{region}:{account}:" + where + kind + "/{name}/{id}")
			return nil
		}
	}
	inVirginia := func(c *Checking) {
		if c.text("scope") == "CLOUDFRONT" && c.placeOf(c.In).Region != "us-east-1" {
			c.Failf("scope", "WAFInvalidParameterException: Error reason: The scope is not valid., field: SCOPE_VALUE, parameter: CLOUDFRONT (only in us-east-1)")
		}
	}
	scopes := map[string]string{"scope": "REGIONAL CLOUDFRONT", "ipAddressVersion": "IPV4 IPV6"}
	return []Type{
		{
			Is:        "wafv2.WebAcl",
			ID:        "{uuid}",
			NameMax:   128,
			Replace:   "name namePrefix scope",
			Renewed:   "lockToken",
			Unordered: "rules customResponseBodies",
			Unique:    "{scope}/{name}", Enums: map[string]string{"scope": "REGIONAL CLOUDFRONT"},
			Outputs: object{"arn": "", "capacity": 0, "lockToken": "{uuid}", "applicationIntegrationUrl": ""},
			Exists: "WAFDuplicateItemException: AWS WAF couldn’t perform the operation because some resource in " +
				"your request is a duplicate of an existing one.",
			Missing: "WAFNonexistentItemException: AWS WAF couldn’t perform the operation because your resource " +
				"doesn’t exist.",
			InUse: "WAFAssociatedItemException: AWS WAF couldn’t perform the operation because your resource " +
				"is being used by another resource or it’s associated with another resource.",
			Check: inVirginia, After: scoped("webacl"),
		},
		{
			Is:         "wafv2.WebAclAssociation",
			ID:         "{webAclArn},{resourceArn}",
			Replace:    "resourceArn webAclArn",
			Unique:     "{resourceArn}",
			Overwrites: true,
			Refs:       []string{"webAclArn wafv2.WebAcl", "resourceArn lb.LoadBalancer|apigateway.Stage +"},
			Before: func(o *Op) error {
				if strings.Contains(o.text("webAclArn"), ":global/") {
					return o.refuse("WAFInvalidParameterException: Error reason: A web ACL with scope CLOUDFRONT " +
						"is associated through the distribution, field: WEB_ACL_ARN")
				}
				return nil
			},
		},
		{
			Is: "wafv2.WebAclLoggingConfiguration", ID: "{resourceArn}", Replace: "resourceArn", Overwrites: true,
			Refs: []string{"resourceArn wafv2.WebAcl +", "logDestinationConfigs cloudwatch.LogGroup|s3.Bucket ?"},
		},
		{
			Is:      "wafv2.IpSet",
			ID:      "{uuid}",
			NameMax: 128,
			Replace: "ipAddressVersion name namePrefix scope",
			Renewed: "lockToken",
			Unique:  "{scope}/{name}",
			Enums:   scopes,
			Outputs: object{"arn": "", "lockToken": "{uuid}"},
			Exists: "WAFDuplicateItemException: AWS WAF couldn’t perform the operation because some resource in " +
				"your request is a duplicate of an existing one.",
			Missing: "WAFNonexistentItemException: AWS WAF couldn’t perform the operation because your resource " +
				"doesn’t exist.",
			Check: inVirginia, After: scoped("ipset"),
		},
	}
}

package catalog

func tracing() []Type {
	const arn = "arn:{partition}:xray:{region}:{account}:"
	return []Type{
		{
			Is: "xray.SamplingRule", ID: "{ruleName}", NameIn: "ruleName", NameMax: 32, Replace: "ruleName",
			Outputs: object{"arn": arn + "sampling-rule/{ruleName}"},
			Exists:  "InvalidRequestException: Rule with name {ruleName} already exists.",
			Check: func(c *Checking) {
				c.between("fixedRate", 0, 1)
				c.between("priority", 1, 9999)
				c.between("version", 1, 1)
				if name := c.text("ruleName"); len(name) > 32 {
					c.Failf("ruleName", "expected length of rule_name to be in the range (1 - 32), got %s", name)
				}
			},
		},
		{
			Is: "xray.Group", ID: "{arn}", NameIn: "groupName", NameMax: 32, Replace: "groupName",
			Outputs: object{
				"arn":                   arn + "group/{groupName}/{HEX26}",
				"insightsConfiguration": object{"insightsEnabled": false, "notificationsEnabled": false},
			},
			Exists: "InvalidRequestException: Group with name {groupName} already exists.",
		},
		{
			Is:         "xray.EncryptionConfig",
			ID:         "{region}",
			Unique:     "{account}",
			Overwrites: true,
			Enums:      map[string]string{"type": "KMS NONE"},
			Refs:       []string{"keyId kms.Key ~"},
		},
	}
}

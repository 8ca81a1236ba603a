package catalog

import "strings"

func keys() []Type {
	const arn = "arn:{partition}:kms:{region}:{account}:"
	return []Type{
		{
			Is:      "kms.Key",
			ID:      "{uuid}",
			Replace: "customerMasterKeySpec customKeyStoreId keyUsage multiRegion xksKeyId",
			Defaults: object{
				"bypassPolicyLockoutSafetyCheck": false, "customerMasterKeySpec": "SYMMETRIC_DEFAULT", "enableKeyRotation": false, "isEnabled": true,
				"keyUsage": "ENCRYPT_DECRYPT",
			},
			Enums: map[string]string{
				"keyUsage": "ENCRYPT_DECRYPT SIGN_VERIFY GENERATE_VERIFY_MAC KEY_AGREEMENT",
				"customerMasterKeySpec": "SYMMETRIC_DEFAULT RSA_2048 RSA_3072 RSA_4096 HMAC_224 HMAC_256 HMAC_384 HMAC_512 ECC_NIST_P256 ECC_NIST_P384 " +
					"ECC_NIST_P521 ECC_SECG_P256K1 SM2",
			},
			Outputs: object{
				"arn": arn + "key/{id}", "keyId": "{id}", "description": "", "multiRegion": false, "rotationPeriodInDays": 365,
				"policy": `{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow",` +
					`"Principal":{"AWS":"arn:{partition}:iam::{account}:root"},"Action":"kms:*","Resource":"*"}]}`,
			},
			Missing: "404 NotFoundException: Key '{ref}' does not exist",
			Check: func(c *Checking) {
				c.between("deletionWindowInDays", 7, 30)
				c.between("rotationPeriodInDays", 90, 2560)
				if c.text("enableKeyRotation") == "true" && c.text("customerMasterKeySpec") != "SYMMETRIC_DEFAULT" {
					c.Failf("enableKeyRotation", "only symmetric keys can be rotated by themselves")
				}
				checkPolicy(c, "policy", true)
			},
		},
		{
			Is: "kms.Alias", ID: "{name}", NameStart: "alias/", NameMax: 256, Replace: "name namePrefix",
			Outputs: object{"arn": arn + "{name}", "targetKeyArn": ""},
			Refs:    []string{"targetKeyId kms.Key +"},
			Exists:  "AlreadyExistsException: An alias with the name {arn} already exists",
			Check: func(c *Checking) {
				if name := c.text("name"); name != "" && (!strings.HasPrefix(name, "alias/") || strings.HasPrefix(name, "alias/aws/")) {
					c.Failf("name", "name must begin with 'alias/' and not be the alias of an AWS managed key: %s", name)
				}
			},
			Before: func(o *Op) error {
				if key := o.target("targetKeyId"); key != nil {
					o.State["targetKeyArn"] = key.Text("arn")
				}
				return nil
			},
		},
	}
}

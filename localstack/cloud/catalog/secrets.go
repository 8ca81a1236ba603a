package catalog

import (
	"maps"
	"strings"
	"time"

	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

func secrets() []Type {
	return []Type{
		{
			Is: "secretsmanager.Secret", ID: "{arn}", NameMax: 512, Replace: "name namePrefix",
			Defaults: object{"forceOverwriteReplicaSecret": false, "recoveryWindowInDays": 30},
			Outputs: object{
				"arn": "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-{hex6}", "policy": "",
				"replicas": list{},
			},
			Refs:    []string{"kmsKeyId kms.Key ~"},
			Exists:  "ResourceExistsException: The operation failed because the secret {name} already exists.",
			Missing: "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
			Check: func(c *Checking) {
				if property.Number(c.In, "recoveryWindowInDays") != 0 {
					c.between("recoveryWindowInDays", 7, 30)
				}
				checkPolicy(c, "policy", true)
			},
			Before:   refuseScheduledSecret,
			OnDelete: scheduleSecret,
		},
		{
			Is:      "secretsmanager.SecretVersion",
			ID:      "{secretId}|{versionId}",
			Replace: "secretId secretBinary secretString secretStringWoVersion",
			Outputs: object{
				"arn": "{secretId>arn}", "versionId": "terraform-{hex26}", "hasSecretStringWo": false,
				"versionStages": list{"AWSCURRENT"},
			},
			Refs:   []string{"secretId secretsmanager.Secret +"},
			Check:  func(c *Checking) { c.atMostOne("secretString", "secretBinary", "secretStringWo") },
			Before: func(o *Op) error { o.State["hasSecretStringWo"] = o.In["secretStringWo"] != nil; return nil },
			After:  moveStages,
		},
		{
			Is: "secretsmanager.SecretRotation", ID: "{secretId}", Replace: "secretId", Overwrites: true,
			Defaults: object{"rotateImmediately": true}, Outputs: object{"rotationEnabled": true},
			Refs: []string{"secretId secretsmanager.Secret +", "rotationLambdaArn lambda.Function ~"},
			Check: func(c *Checking) {
				if !c.unknown("rotationRules") {
					days, schedule := c.text("rotationRules.automaticallyAfterDays"), c.text("rotationRules.scheduleExpression")
					if (days == "") == (schedule == "") {
						c.Failf("rotationRules", "exactly one of automatically_after_days and schedule_expression must be set")
					}
				}
				c.between("rotationRules.automaticallyAfterDays", 1, 1000)
			},
		},
		{
			Is:         "secretsmanager.SecretPolicy",
			ID:         "{secretArn}",
			Replace:    "secretArn",
			Overwrites: true,
			Refs:       []string{"secretArn secretsmanager.Secret +"},
			Check:      func(c *Checking) { checkPolicy(c, "policy", true) },
		},
		parameter(),
	}
}

// scheduledType is the type of what stays of a deleted secret until its recovery window has passed.
const scheduledType = "cloud:scheduledDeletion"

func (o *Op) scheduledKey() world.Key {
	return world.Key{Type: scheduledType, Account: o.Account, Region: o.Region, ID: o.name()}
}

// scheduleSecret keeps the name of a deleted secret taken as long as the secret could be recovered.
func scheduleSecret(o *Op) error {
	if days := o.number("recoveryWindowInDays"); days > 0 {
		r := o.record(scheduledType, o.name(), object{"arn": o.text("arn")})
		r.Ready = o.Tx.Now().Add(time.Duration(days) * 24 * time.Hour)
		o.Tx.Put(r)
	}
	return nil
}

func refuseScheduledSecret(o *Op) error {
	if !o.creating() {
		return nil
	}
	scheduled := o.Tx.Get(o.scheduledKey())
	if scheduled == nil {
		return nil
	}
	if o.Tx.Now().Before(scheduled.Ready) {
		return o.refuse("InvalidRequestException: You can't create this secret because a secret with this name " +
			"is already scheduled for deletion.")
	}
	o.Tx.Delete(scheduled.Key())
	return nil
}

// moveStages takes a new version's stages away from the others: one version is current, the one before is the previous.
func moveStages(o *Op) error {
	secret := o.target("secretId")
	mine := property.Texts(o.State, "versionStages")
	if secret == nil || !contains(mine, "AWSCURRENT") {
		return nil
	}
	for _, r := range Referring(o.Tx, secret, "secretsmanager.SecretVersion") {
		stages := property.Texts(r.State, "versionStages")
		if r.ID == o.ID || len(stages) == 0 {
			continue
		}
		o.change(r, func(r *world.Record) {
			r.State["versionStages"] = list{}
			if contains(stages, "AWSCURRENT") {
				r.State["versionStages"] = list{"AWSPREVIOUS"}
			}
		})
	}
	return nil
}

func parameter() Type {
	return Type{
		Is: "ssm.Parameter", ID: "{name}", NameMax: 2048, Replace: "name",
		Enums: map[string]string{
			"type": "String StringList SecureString", "tier": "Standard Advanced Intelligent-Tiering",
			"dataType": "text aws:ec2:image aws:ssm:integration",
		},
		Outputs: object{
			"arn": "", "dataType": "text", "tier": "Standard", "keyId": "", "version": 1, "hasValueWo": false,
			"value": "", "insecureValue": "",
		},
		Refs: []string{"keyId kms.Key ~"},
		Exists: "ParameterAlreadyExists: The parameter already exists. To overwrite this value, set the " +
			"overwrite option in the request to true.",
		Check: func(c *Checking) {
			c.exactlyOne("value", "insecureValue", "valueWo")
			if c.text("type") == "SecureString" && c.given("insecureValue") {
				c.Failf("insecureValue", `invalid combination of "type" and "insecure_value": a SecureString takes "value"`)
			}
		},
		Before: func(o *Op) error {
			path := o.name()
			if !strings.HasPrefix(path, "/") {
				path = "/" + path
			}
			o.fill("arn", o.expand("arn:{partition}:ssm:{region}:{account}:parameter")+path)
			if o.text("type") == "SecureString" {
				o.fill("keyId", "alias/aws/ssm")
			}
			o.State["hasValueWo"] = o.In["valueWo"] != nil
			switch {
			case o.In["insecureValue"] != nil:
				o.State["value"] = o.State["insecureValue"]
			case o.text("type") != "SecureString" && o.In["value"] != nil:
				o.State["insecureValue"] = o.State["value"]
			}
			if !o.creating() {
				o.State["version"] = property.Number(o.Old.State, "version") + 1
				return nil
			}
			if o.yes("overwrite") {
				for _, r := range o.Tx.Named("!" + o.Token + "|" + o.name()) {
					if o.Sees(r) {
						o.State["version"] = property.Number(r.State, "version") + 1
						o.Tx.Delete(r.Key())
					}
				}
			}
			return nil
		},
	}
}

// with returns a copy of defaults with more of them.
func with(defaults, more object) object {
	all := maps.Clone(defaults)
	maps.Copy(all, more)
	return all
}

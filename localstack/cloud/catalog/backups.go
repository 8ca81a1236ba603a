package catalog

import "github.com/deployer-io/deployer/localstack/cloud/property"

func backups() []Type {
	const arn = "arn:{partition}:backup:{region}:{account}:"
	return []Type{
		{
			Is:       "backup.Vault",
			ID:       "{name}",
			NameMax:  50,
			Replace:  "name kmsKeyArn",
			Defaults: object{"forceDestroy": false},
			Outputs: object{
				"arn": arn + "backup-vault:{name}", "kmsKeyArn": "arn:{partition}:kms:{region}:{account}:key/{uuid}",
				"recoveryPoints": 0,
			},
			Refs:    []string{"kmsKeyArn kms.Key ~"},
			Exists:  "AlreadyExistsException: Backup vault with the same name already exists",
			Missing: "ResourceNotFoundException: Backup vault {ref} not found",
			InUse:   "InvalidRequestException: Backup vault {name} cannot be deleted: {by} stores backups in it.",
			OnDelete: func(o *Op) error {
				if property.Number(o.Hidden, "recoveryPoints") > 0 && !o.yes("forceDestroy") {
					return o.refuse("InvalidRequestException: Backup vault cannot be deleted because it contains " +
						"recovery points.")
				}
				return nil
			},
		},
		{
			Is: "backup.VaultPolicy", ID: "{backupVaultName}", Replace: "backupVaultName", Overwrites: true,
			Outputs: object{"backupVaultArn": "{backupVaultName>arn}"},
			Refs:    []string{"backupVaultName backup.Vault +"},
			Check:   func(c *Checking) { checkPolicy(c, "policy", true) },
		},
		{
			Is:        "backup.Plan",
			ID:        "{uuid}",
			NameMax:   50,
			Replace:   "name",
			Unordered: "rules advancedBackupSettings",
			Renewed:   "version",
			Outputs:   object{"arn": arn + "backup-plan:{id}", "version": "{hex48}"},
			Refs:      []string{"rules.targetVaultName backup.Vault ?"},
			Exists:    "AlreadyExistsException: Backup plan with the same plan document already exists",
			Missing:   "ResourceNotFoundException: Failed reading Backup plan with provided version",
			InUse: "InvalidRequestException: Related backup plan selections must be deleted prior to backup " +
				"plan deletion",
		},
		{
			Is:        "backup.Selection",
			ID:        "{uuid}",
			NameMax:   50,
			Replace:   "conditions iamRoleArn name notResources planId resources selectionTags",
			Unordered: "conditions selectionTags", Unique: "{planId}/{name}",
			Outputs: object{"conditions": list{}, "notResources": list{}},
			Refs:    []string{"planId backup.Plan", "iamRoleArn iam.Role ?"},
			Exists:  "AlreadyExistsException: Backup selection with the same name already exists",
		},
	}
}

package catalog

func audit() []Type {
	once := func(service string) string {
		return "409 ConflictException: " + service + " is already enabled in account {account}."
	}
	return []Type{
		{
			Is: "guardduty.Detector", ID: "{hex32}", Unique: "{account}", Defaults: object{"enable": true},
			Enums: map[string]string{"findingPublishingFrequency": "FIFTEEN_MINUTES ONE_HOUR SIX_HOURS"},
			Outputs: object{
				"arn": "arn:{partition}:guardduty:{region}:{account}:detector/{id}", "accountId": "{account}", "findingPublishingFrequency": "SIX_HOURS",
				"datasources": object{},
			},
			Exists: "BadRequestException: The request is rejected because a detector already exists for the " +
				"current account.",
			Missing: "BadRequestException: The request is rejected because the input detectorId is not owned by " +
				"the current account.",
		},
		{
			Is:         "guardduty.DetectorFeature",
			ID:         "{detectorId}/{name}",
			NameIn:     "-",
			Replace:    "detectorId name",
			Overwrites: true,
			Enums: map[string]string{
				"status": "ENABLED DISABLED",
				"name":   "S3_DATA_EVENTS EKS_AUDIT_LOGS EBS_MALWARE_PROTECTION RDS_LOGIN_EVENTS EKS_RUNTIME_MONITORING LAMBDA_NETWORK_LOGS RUNTIME_MONITORING",
			},
			Refs: []string{"detectorId guardduty.Detector +"},
		},
		{
			Is:        "cloudtrail.Trail",
			ID:        "{arn}",
			Replace:   "name",
			NameMax:   128,
			Unordered: "eventSelectors advancedEventSelectors insightSelectors",
			Defaults: object{
				"enableLogFileValidation": false, "enableLogging": true, "includeGlobalServiceEvents": true, "isMultiRegionTrail": false,
				"isOrganizationTrail": false,
			},
			Outputs: object{
				"arn": "arn:{partition}:cloudtrail:{region}:{account}:trail/{name}", "homeRegion": "{region}",
				"snsTopicArn": "{snsTopicName>arn}",
			},
			Refs: []string{
				"s3BucketName s3.Bucket ?", "snsTopicName sns.Topic ?", "cloudWatchLogsRoleArn iam.Role ?",
				"kmsKeyId kms.Key ~",
			},
			Exists: "TrailAlreadyExistsException: Trail {name} already exists for customer: {account}",
			Before: func(o *Op) error {
				bucket := o.target("s3BucketName")
				if bucket != nil && o.creating() && len(Referring(o.Tx, bucket, "s3.BucketPolicy")) == 0 {
					return o.refuse("InsufficientS3BucketPolicyException: Incorrect S3 bucket policy is detected " +
						"for bucket: {s3BucketName}")
				}
				return nil
			},
		},
		{
			Is: "securityhub.Account", ID: "{account}", Unique: "{account}", Replace: "",
			Defaults: object{"autoEnableControls": true, "enableDefaultStandards": true},
			Enums:    map[string]string{"controlFindingGenerator": "STANDARD_CONTROL SECURITY_CONTROL"},
			Outputs: object{
				"arn":                     "arn:{partition}:securityhub:{region}:{account}:hub/default",
				"controlFindingGenerator": "SECURITY_CONTROL",
			},
			Exists: once("Security Hub"),
		},
		{
			Is:         "securityhub.StandardsSubscription",
			ID:         "arn:{partition}:securityhub:{region}:{account}:subscription/{hex8}",
			Unique:     "{standardsArn}",
			Overwrites: true,
			Replace:    "standardsArn",
			Before: func(o *Op) error {
				for _, r := range o.Tx.OfType(token("securityhub.Account")) {
					if o.Sees(r) {
						return nil
					}
				}
				return o.refuse("401 InvalidAccessException: Account {account} is not subscribed to AWS Security Hub")
			},
		},
		{
			Is:       "accessanalyzer.Analyzer",
			ID:       "{analyzerName}",
			NameIn:   "-",
			Replace:  "analyzerName type",
			Defaults: object{"type": "ACCOUNT"},
			Enums: map[string]string{
				"type": "ACCOUNT ORGANIZATION ACCOUNT_INTERNAL_ACCESS ACCOUNT_UNUSED_ACCESS " +
					"ORGANIZATION_INTERNAL_ACCESS ORGANIZATION_UNUSED_ACCESS",
			},
			Outputs: object{"arn": "arn:{partition}:access-analyzer:{region}:{account}:analyzer/{analyzerName}"},
			Exists:  "409 ConflictException: Analyzer {analyzerName} already exists.",
		},
	}
}

package catalog

import "strings"

// deliveries are the ways in which services send their logs on.
func deliveries() []Type {
	const arn = "arn:{partition}:logs:{region}:{account}:"
	const conflict = "ConflictException: The requested update conflicted with another request."
	return []Type{
		{
			Is: "cloudwatch.LogDeliverySource", ID: "{name}", NameMax: 60, Replace: "name logType resourceArn",
			Outputs: object{"arn": arn + "delivery-source:{name}", "service": ""},
			Refs:    []string{"resourceArn cloudfront.Distribution|eks.Cluster ~"},
			Missing: "ResourceNotFoundException: Requested delivery source does not exist.",
			Exists:  conflict, InUse: "ConflictException: This delivery source is in use by {by}.",
			Before: func(o *Op) error {
				parts := strings.SplitN(o.text("resourceArn"), ":", 6)
				if len(parts) != 6 {
					return o.refuse("ValidationException: Invalid resource ARN.")
				}
				if parts[2] == "cloudfront" && o.Region != "us-east-1" {
					return o.refuse("ValidationException: Resources of cloudfront must be used in us-east-1.")
				}
				o.State["service"] = parts[2]
				return nil
			},
		},
		{
			Is: "cloudwatch.LogDeliveryDestination", ID: "{name}", NameMax: 60, Replace: "name",
			Enums:   map[string]string{"outputFormat": "json plain w3c raw parquet"},
			Outputs: object{"arn": arn + "delivery-destination:{name}", "deliveryDestinationType": ""},
			Refs: []string{
				"deliveryDestinationConfiguration.destinationResourceArn s3.Bucket|cloudwatch.LogGroup ?",
			},
			Missing: "ResourceNotFoundException: Requested delivery destination does not exist.",
			Exists:  conflict, InUse: "ConflictException: This delivery destination is in use by {by}.",
			Before: func(o *Op) error {
				kinds := map[string]string{"s3": "S3", "logs": "CWL", "firehose": "FH"}
				parts := strings.Split(o.text("deliveryDestinationConfiguration.destinationResourceArn")+"::", ":")
				o.fill("deliveryDestinationType", kinds[parts[2]])
				return nil
			},
		},
		{
			Is:      "cloudwatch.LogDelivery",
			ID:      "{hex16}",
			Replace: "deliveryDestinationArn deliverySourceName",
			Unique:  "{deliverySourceName}/{deliveryDestinationArn}",
			Outputs: object{
				"arn": arn + "delivery:{id}", "fieldDelimiter": "", "recordFields": list{},
				"s3DeliveryConfigurations": list{},
			},
			Refs: []string{
				"deliverySourceName cloudwatch.LogDeliverySource",
				"deliveryDestinationArn cloudwatch.LogDeliveryDestination",
			},
			Exists: "ConflictException: Delivery already exists between the source and the destination.",
		},
		{
			Is:      "cloudwatch.QueryDefinition",
			ID:      "{uuid}",
			Unique:  "{name}",
			Outputs: object{"queryDefinitionId": "{id}"},
			Exists:  "InvalidParameterException: A query definition with this name already exists.",
		},
	}
}

// upkeep is what looks after other resources: snapshots at set times, schemas of events, and the recorders and scanners of
// what is configured.
func upkeep() []Type {
	onRecorder := func(o *Op) error {
		for _, r := range o.Tx.OfType(token("cfg.Recorder")) {
			if o.Sees(r) {
				return nil
			}
		}
		return o.refuse("NoAvailableConfigurationRecorderException: Configuration recorder is not available to " +
			"put delivery channel.")
	}
	return []Type{
		{
			Is:       "dlm.LifecyclePolicy",
			ID:       "policy-0{hex16}",
			Replace:  "defaultPolicy",
			Defaults: object{"state": "ENABLED"},
			Enums: map[string]string{
				"state":                       "ENABLED DISABLED",
				"policyDetails.policyType":    "EBS_SNAPSHOT_MANAGEMENT IMAGE_MANAGEMENT EVENT_BASED_POLICY",
				"policyDetails.resourceTypes": "VOLUME INSTANCE",
			},
			Outputs: object{"arn": "arn:{partition}:dlm:{region}:{account}:policy/{id}"},
			Filled:  "policyDetails.policyType policyDetails.policyLanguage policyDetails.resourceLocations",
			Refs:    []string{"executionRoleArn iam.Role ?"},
			Check: func(c *Checking) {
				kind := c.text("policyDetails.policyType")
				if (kind == "" || kind == "EBS_SNAPSHOT_MANAGEMENT") && !c.given("policyDetails.targetTags") && !c.given("defaultPolicy") {
					c.Failf("policyDetails", "InvalidRequestException: Target tags are required")
				}
			},
		},
		{
			Is: "schemas.Discoverer", Unique: "{sourceArn}", Replace: "sourceArn",
			Outputs: object{"arn": "arn:{partition}:schemas:{region}:{account}:discoverer/{id}"},
			Refs:    []string{"sourceArn cloudwatch.EventBus +"},
			Exists:  "409 ConflictException: Discoverer with source {sourceArn} already exists.",
			Before: func(o *Op) error {
				source := o.text("sourceArn")
				o.ID = "events-event-bus-" + source[strings.LastIndex(source, "/")+1:]
				return nil
			},
		},
		{
			Is:       "cfg.Recorder",
			ID:       "{name}",
			Unique:   "{account}",
			Replace:  "name",
			Defaults: object{"name": "default"},
			NameIn:   "-",
			Outputs: object{
				"recordingGroup": object{"allSupported": true, "includeGlobalResourceTypes": false}, "recordingMode": object{"recordingFrequency": "CONTINUOUS"},
			},
			Refs: []string{"roleArn iam.Role ?"},
			Exists: "MaxNumberOfConfigurationRecordersExceededException: Failed to put configuration recorder " +
				"because the maximum number of customer managed configuration recorders: 1 is reached.",
			Missing: "NoSuchConfigurationRecorderException: Cannot find configuration recorder with the " +
				"specified name '{ref}'.",
		},
		{
			Is:       "cfg.DeliveryChannel",
			ID:       "{name}",
			Unique:   "{account}",
			Replace:  "name",
			Defaults: object{"name": "default"},
			NameIn:   "-",
			Before:   onRecorder,
			Refs:     []string{"s3BucketName s3.Bucket ?", "snsTopicArn sns.Topic ?"},
			Exists: "MaxNumberOfDeliveryChannelsExceededException: Failed to put delivery channel because the " +
				"maximum number of delivery channels: 1 is reached.",
		},
		{
			Is:         "cfg.RecorderStatus",
			ID:         "{name}",
			Replace:    "name",
			NameIn:     "-",
			Overwrites: true,
			Refs:       []string{"name cfg.Recorder +"},
			Before: func(o *Op) error {
				if o.yes("isEnabled") && len(o.Tx.OfType(token("cfg.DeliveryChannel"))) == 0 {
					return o.refuse("NoAvailableDeliveryChannelException: Delivery channel is not available to " +
						"start configuration recorder.")
				}
				return nil
			},
		},
		{
			Is: "cfg.Rule", ID: "{name}", NameMax: 128, Replace: "name", Unordered: "evaluationModes",
			Outputs: object{
				"arn":    "arn:{partition}:config:{region}:{account}:config-rule/{ruleId}",
				"ruleId": "config-rule-{hex6}", "evaluationModes": list{object{"mode": "DETECTIVE"}},
			},
			Filled: "evaluationModes.mode",
			Before: onRecorder,
		},
		{
			Is:         "inspector2.Enabler",
			ID:         "{*accountIds}-{*resourceTypes}",
			Unique:     "{account}",
			Replace:    "accountIds",
			Overwrites: true,
			Unordered:  "resourceTypes",
			Enums:      map[string]string{"resourceTypes": "EC2 ECR LAMBDA LAMBDA_CODE CODE_REPOSITORY"},
		},
		{
			Is: "macie2.Account", ID: "{account}", Unique: "{account}",
			Enums: map[string]string{
				"status": "ENABLED PAUSED", "findingPublishingFrequency": "FIFTEEN_MINUTES ONE_HOUR SIX_HOURS",
			},
			Outputs: object{
				"createdAt": "{now}", "updatedAt": "{now}", "status": "ENABLED", "findingPublishingFrequency": "FIFTEEN_MINUTES",
				"serviceRole": "arn:{partition}:iam::{account}:role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie",
			},
			Renewed: "updatedAt",
			Exists:  "409 ConflictException: Macie has already been enabled",
		},
	}
}

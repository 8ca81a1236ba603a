package catalog

import "strings"

func files() []Type {
	const arn = "arn:{partition}:elasticfilesystem:{region}:{account}:"
	return []Type{
		{
			Is: "efs.FileSystem", ID: "fs-{hex17}", Unique: "{creationToken}", Settles: 10e9,
			Replace:  "creationToken availabilityZoneName encrypted kmsKeyId performanceMode",
			Defaults: object{"throughputMode": "bursting"},
			Enums: map[string]string{
				"throughputMode": "bursting provisioned elastic", "performanceMode": "generalPurpose maxIO",
			},
			Outputs: object{
				"arn": arn + "file-system/{id}", "dnsName": "{id}.efs.{region}.amazonaws.com", "creationToken": "terraform-{hex26}", "ownerId": "{account}",
				"performanceMode": "generalPurpose", "name": "{tagsAll.Name}", "numberOfMountTargets": 0, "availabilityZoneId": "", "sizeInBytes": list{object{"value": 6144, "valueInIa": 0, "valueInStandard": 6144}},
				"protection": object{"replicationOverwrite": "ENABLED"},
			},
			Refs:    []string{"kmsKeyId kms.Key ~"},
			Exists:  "409 FileSystemAlreadyExists: File system with creation token {creationToken} already exists.",
			Missing: "404 FileSystemNotFound: File system '{ref}' does not exist.",
			InUse:   "409 FileSystemInUse: File system {id} has mount targets",
			Check: func(c *Checking) {
				if c.text("throughputMode") == "provisioned" && !c.given("provisionedThroughputInMibps") {
					c.Failf("provisionedThroughputInMibps", "provisioned_throughput_in_mibps is required when throughput_mode is provisioned")
				}
			},
		},
		{
			Is:      "efs.MountTarget",
			ID:      "fsmt-{hex17}",
			Unique:  "{fileSystemId}/{subnetId}",
			Replace: "fileSystemId ipAddress ipAddressType ipv6Address subnetId",
			Settles: 60e9,
			Outputs: object{
				"availabilityZoneId": "{subnetId>availabilityZoneId}", "availabilityZoneName": "{subnetId>availabilityZone}",
				"dnsName": "{fileSystemId}.efs.{region}.amazonaws.com", "mountTargetDnsName": "{availabilityZoneName}.{fileSystemId}.efs.{region}.amazonaws.com",
				"fileSystemArn": arn + "file-system/{fileSystemId}", "networkInterfaceId": "eni-{hex17}", "ownerId": "{account}", "ipAddress": "",
				"ipAddressType": "IPV4_ONLY",
			},
			Refs:   []string{"fileSystemId efs.FileSystem", "subnetId ec2.Subnet", "securityGroups " + anyGroup},
			Exists: "409 MountTargetConflict: mount target already exists in this AZ",
			Before: func(o *Op) error {
				system, subnet := o.target("fileSystemId"), o.target("subnetId")
				if !o.creating() || system == nil || subnet == nil {
					return nil
				}
				for _, other := range Referring(o.Tx, system, "efs.MountTarget") {
					if other.Text("availabilityZoneName") == subnet.Text("availabilityZone") {
						return o.refuse("409 MountTargetConflict: mount target already exists in this AZ")
					}
				}
				o.fill("ipAddress", drawAddress(o, "10"))
				return nil
			},
		},
		{
			Is: "efs.AccessPoint", ID: "fsap-{hex17}", Replace: "fileSystemId posixUser rootDirectory",
			Outputs: object{
				"arn": arn + "access-point/{id}", "fileSystemArn": arn + "file-system/{fileSystemId}", "ownerId": "{account}", "rootDirectory": object{"path": "/"},
			},
			Refs:    []string{"fileSystemId efs.FileSystem +"},
			Missing: "404 AccessPointNotFound: Access point '{ref}' does not exist.",
			InUse:   "409 AccessPointInUse: Access point {id} is in use by {by}",
		},
		{
			Is:         "efs.BackupPolicy",
			ID:         "{fileSystemId}",
			Replace:    "fileSystemId",
			Overwrites: true,
			Refs:       []string{"fileSystemId efs.FileSystem +"},
			Enums:      map[string]string{"backupPolicy.status": "ENABLED DISABLED"},
		},
		{
			Is:         "efs.FileSystemPolicy",
			ID:         "{fileSystemId}",
			Replace:    "fileSystemId",
			Overwrites: true,
			Refs:       []string{"fileSystemId efs.FileSystem +"},
			Defaults:   object{"bypassPolicyLockoutSafetyCheck": false},
			Check:      func(c *Checking) { checkPolicy(c, "policy", true) },
		},
	}
}

func queues() []Type {
	fifoEnd := func(in map[string]any) string {
		if in["fifoQueue"] == true {
			return ".fifo"
		}
		return ""
	}
	side := func(is string) Type {
		return Type{Is: is, ID: "{queueUrl}", Replace: "queueUrl", Overwrites: true, Refs: []string{"queueUrl sqs.Queue +"}}
	}
	policy := side("sqs.QueuePolicy")
	policy.Check = func(c *Checking) { checkPolicy(c, "policy", true) }
	return []Type{
		{
			Is:      "sqs.Queue",
			ID:      "https://sqs.{region}.amazonaws.com/{account}/{name}",
			NameMax: 80,
			NameEnd: fifoEnd,
			Replace: "name namePrefix fifoQueue",
			Defaults: object{
				"contentBasedDeduplication": false, "delaySeconds": 0, "fifoQueue": false, "maxMessageSize": 262144, "messageRetentionSeconds": 345600,
				"receiveWaitTimeSeconds": 0, "visibilityTimeoutSeconds": 30,
			},
			Enums: map[string]string{
				"deduplicationScope": "messageGroup queue", "fifoThroughputLimit": "perQueue perMessageGroupId",
			},
			Outputs: object{
				"arn": "arn:{partition}:sqs:{region}:{account}:{name}", "url": "{id}", "kmsDataKeyReusePeriodSeconds": 300, "deduplicationScope": "",
				"fifoThroughputLimit": "",
			},
			Refs: []string{"kmsMasterKeyId kms.Key ~"},
			Exists: "QueueAlreadyExists: A queue already exists with the same name and a different value for " +
				"some attribute",
			Missing: "AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist.",
			Check: func(c *Checking) {
				c.between("delaySeconds", 0, 900)
				c.between("maxMessageSize", 1024, 1048576)
				c.between("messageRetentionSeconds", 60, 1209600)
				c.between("receiveWaitTimeSeconds", 0, 20)
				c.between("visibilityTimeoutSeconds", 0, 43200)
				c.atMostOne("kmsMasterKeyId", "sqsManagedSseEnabled")
				if name := c.text("name"); name != "" && (c.text("fifoQueue") == "true") != strings.HasSuffix(name, ".fifo") {
					c.Failf("name", "invalid queue name: %s: a FIFO queue, and no other, has a name that ends with .fifo", name)
				}
				if c.text("contentBasedDeduplication") == "true" && c.text("fifoQueue") != "true" {
					c.Failf("contentBasedDeduplication", "content-based deduplication can only be set for FIFO queue")
				}
			},
			Before: func(o *Op) error {
				if o.yes("fifoQueue") {
					o.fill("deduplicationScope", "queue")
					o.fill("fifoThroughputLimit", "perQueue")
				}
				if o.creating() && !o.given("kmsMasterKeyId") && o.State["sqsManagedSseEnabled"] == nil {
					o.State["sqsManagedSseEnabled"] = true
				}
				return redriveTarget(o)
			},
		},
		policy,
		func() Type { t := side("sqs.RedrivePolicy"); t.Before = redriveTarget; return t }(),
		side("sqs.RedriveAllowPolicy"),
	}
}

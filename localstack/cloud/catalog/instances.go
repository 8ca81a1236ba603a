package catalog

import (
	"slices"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

func instances() []Type { return slices.Concat(machines(), volumes(), fleets()) }

func machines() []Type {
	return []Type{
		{
			Is: "ec2.Instance", ID: "i-{hex17}", Settles: 40e9,
			Replace: "ami associatePublicIpAddress availabilityZone ebsBlockDevices ephemeralBlockDevices enclaveOptions hibernation hostId keyName " +
				"networkInterfaces placementGroup placementPartitionNumber privateIp rootBlockDevice.encrypted rootBlockDevice.kmsKeyId securityGroups " +
				"subnetId tenancy ipv6AddressCount cpuOptions",
			Defaults: object{
				"getPasswordData": false, "sourceDestCheck": true, "userDataReplaceOnChange": false,
				"forceDestroy": false,
			},
			Outputs: object{
				"arn": ec2ARN + "instance/{id}", "availabilityZone": "{subnetId>availabilityZone}", "instanceState": "running",
				"primaryNetworkInterfaceId": "eni-{hex17}", "privateIp": "", "privateDns": "ip-{hex8}.{region}.compute.internal",
				"publicIp": "", "publicDns": "", "outpostArn": "", "passwordData": "", "instanceLifecycle": "", "spotInstanceRequestId": "",
				"tenancy": "default", "instanceInitiatedShutdownBehavior": "stop", "instanceType": "m1.small",
			},
			Refs: []string{
				"subnetId ec2.Subnet", "vpcSecurityGroupIds " + anyGroup, "iamInstanceProfile iam.InstanceProfile ?", "keyName ec2.KeyPair ?",
				"launchTemplate.id ec2.LaunchTemplate ?",
			},
			Missing: "InvalidInstanceID.NotFound: The instance ID '{ref}' does not exist",
			InUse:   "IncorrectState: The instance '{id}' is in use by {by}",
			Check: func(c *Checking) {
				if !c.given("ami") && !c.given("launchTemplate") {
					c.Failf("ami", "one of `ami,launch_template` must be specified")
				}
				if !c.given("instanceType") && !c.given("launchTemplate") {
					c.Failf("instanceType", "one of `instance_type,launch_template` must be specified")
				}
			},
			Before: func(o *Op) error {
				if o.creating() {
					o.fill("privateIp", drawAddress(o, "10"))
					if o.yes("associatePublicIpAddress") {
						o.State["publicIp"] = drawAddress(o, "54")
					}
				}
				return nil
			},
			OnDelete: func(o *Op) error {
				if o.yes("disableApiTermination") {
					return o.refuse("OperationNotPermitted: The instance '{id}' may not be terminated. Modify " +
						"its 'disableApiTermination' instance attribute and try again.")
				}
				return nil
			},
		},
		{
			Is:      "ec2.LaunchTemplate",
			ID:      "lt-{hex17}",
			NameMax: 125,
			Replace: "name namePrefix",
			Renewed: "latestVersion",
			Outputs: object{"arn": ec2ARN + "launch-template/{id}", "defaultVersion": 1},
			Refs: []string{
				"vpcSecurityGroupIds " + anyGroup + " ?", "iamInstanceProfile.arn iam.InstanceProfile ?",
				"iamInstanceProfile.name iam.InstanceProfile ?",
			},
			Exists: "InvalidLaunchTemplateName.AlreadyExistsException: Launch template name already in use.",
			Missing: "InvalidLaunchTemplateId.NotFound: The specified launch template, with template ID {ref}, " +
				"does not exist.",
			Check: func(c *Checking) { c.atMostOne("defaultVersion", "updateDefaultVersion") },
			After: func(o *Op) error {
				version := 1.0
				if !o.creating() {
					version = property.Number(o.Old.State, "latestVersion") + 1
				}
				o.State["latestVersion"] = version
				if o.yes("updateDefaultVersion") {
					o.State["defaultVersion"] = version
				}
				return nil
			},
		},
		{
			Is: "ec2.KeyPair", ID: "{keyName}", NameIn: "keyName", Replace: "keyName keyNamePrefix publicKey",
			Outputs: object{
				"arn": ec2ARN + "key-pair/{keyName}", "keyPairId": "key-{hex17}", "fingerprint": "{hex32}",
				"keyType": "rsa",
			},
			Exists:  "InvalidKeyPair.Duplicate: The keypair already exists",
			Missing: "InvalidKeyPair.NotFound: The key pair '{ref}' does not exist",
		},
	}
}

func volumes() []Type {
	return []Type{
		{
			Is: "ebs.Volume", ID: "vol-{hex17}", Settles: 5e9,
			Replace: "availabilityZone encrypted kmsKeyId snapshotId outpostArn multiAttachEnabled " +
				"volumeInitializationRate",
			Defaults: object{"finalSnapshot": false},
			Enums:    map[string]string{"type": "standard gp2 gp3 io1 io2 sc1 st1"},
			Outputs: object{
				"arn": ec2ARN + "volume/{id}", "createTime": "{now}", "type": "gp2", "iops": 0, "throughput": 0,
			},
			Refs:    []string{"kmsKeyId kms.Key ~", "snapshotId ebs.Snapshot ?"},
			Missing: "InvalidVolume.NotFound: The volume '{ref}' does not exist.",
			InUse:   "VolumeInUse: Volume {id} is currently attached to {by}",
			Check: func(c *Checking) {
				if !c.given("size") && !c.given("snapshotId") {
					c.Failf("size", "one of `size,snapshot_id` must be specified")
				}
				c.between("size", 1, 65536)
			},
			Before: func(o *Op) error {
				if !slices.Contains(Zones(o.Region), o.text("availabilityZone")) {
					return o.refuse("InvalidZone.NotFound: The zone '{availabilityZone}' does not exist.")
				}
				if from := o.target("snapshotId"); from != nil {
					o.fill("size", from.State["volumeSize"])
				}
				if !o.creating() && o.number("size") < property.Number(o.Old.State, "size") {
					return o.refuse("InvalidParameterValue: New size cannot be smaller than existing size")
				}
				switch o.text("type") {
				case "gp3":
					o.fill("iops", 3000.0)
					o.fill("throughput", 125.0)
				case "gp2", "":
					o.State["iops"] = min(max(3*o.number("size"), 100), 16000)
				}
				return nil
			},
			OnDelete: func(o *Op) error {
				if o.yes("finalSnapshot") {
					id := "snap-" + o.Tx.Hex(17)
					o.also("ebs.Snapshot", id, object{
						"arn": o.expand(ec2ARN + "snapshot/" + id), "volumeId": o.ID, "volumeSize": o.number("size"), "ownerId": o.Account,
						"encrypted": o.yes("encrypted"), "region": o.Region, "description": "final snapshot of " + o.ID,
					})
				}
				return nil
			},
		},
		{
			Is: "ebs.Snapshot", ID: "snap-{hex17}", Replace: "volumeId description outpostArn", Settles: 60e9,
			Outputs: object{
				"arn": ec2ARN + "snapshot/{id}", "ownerId": "{account}", "ownerAlias": "", "dataEncryptionKeyId": "", "kmsKeyId": "{volumeId>kmsKeyId}",
				"encrypted": false, "volumeSize": 0, "storageTier": "standard",
			},
			Refs:    []string{"volumeId ebs.Volume ~"},
			Missing: "InvalidSnapshot.NotFound: The snapshot '{ref}' does not exist.",
			Before: func(o *Op) error {
				volume := o.target("volumeId")
				if volume == nil && o.creating() {
					return o.refuse("InvalidVolume.NotFound: The volume '{volumeId}' does not exist.")
				}
				if volume != nil {
					o.fill("volumeSize", property.Number(volume.State, "size"))
					o.fill("encrypted", property.True(volume.State, "encrypted"))
				}
				return nil
			},
		},
		{Is: "ebs.EncryptionByDefault", ID: "{region}", Unique: "one", Overwrites: true, Defaults: object{"enabled": true}},
		{
			Is:      "ec2.VolumeAttachment",
			ID:      "vai-{hex10}",
			Replace: "deviceName instanceId volumeId",
			Unique:  "{instanceId}/{deviceName}",
			Refs:    []string{"instanceId ec2.Instance +", "volumeId ebs.Volume"},
			Before: func(o *Op) error {
				volume, instance := o.target("volumeId"), o.target("instanceId")
				if volume == nil || instance == nil || !o.creating() {
					return nil
				}
				if volume.Text("availabilityZone") != instance.Text("availabilityZone") {
					return o.refusef("InvalidVolume.ZoneMismatch: The volume '%s' is not in the same "+
						"availability zone as instance '%s'", volume.ID, instance.ID)
				}
				if len(Referring(o.Tx, volume, "ec2.VolumeAttachment")) > 0 && !property.True(volume.State, "multiAttachEnabled") {
					return o.refusef("VolumeInUse: %s is already attached to an instance", volume.ID)
				}
				return nil
			},
		},
	}
}

func fleets() []Type {
	const arn = "arn:{partition}:autoscaling:{region}:{account}:"
	return []Type{
		{
			Is: "autoscaling.Group", ID: "{name}", Replace: "name namePrefix", Unordered: "tags", Settles: 120e9,
			Defaults: object{
				"forceDelete": false, "forceDeleteWarmPool": false, "healthCheckGracePeriod": 300, "ignoreFailedScalingActivities": false,
				"metricsGranularity": "1Minute", "protectFromScaleIn": false, "waitForCapacityTimeout": "10m",
			},
			Outputs: object{
				"arn": arn + "autoScalingGroup:{uuid}:autoScalingGroupName/{name}", "defaultCooldown": 300, "healthCheckType": "EC2",
				"desiredCapacity": "{minSize}", "predictedCapacity": 0, "warmPoolSize": 0,
				"serviceLinkedRoleArn": "arn:{partition}:iam::{account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
			},
			Refs: []string{
				"vpcZoneIdentifiers ec2.Subnet", "launchTemplate.id ec2.LaunchTemplate", "targetGroupArns lb.TargetGroup ?",
				"mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.launchTemplateId ec2.LaunchTemplate",
			},
			Exists: "AlreadyExists: AutoScalingGroup by this name already exists - A group with the name {name} " +
				"already exists",
			Missing: "ValidationError: AutoScalingGroup name not found - AutoScalingGroup {ref} not found",
			InUse:   "ResourceInUse: You cannot delete an AutoScalingGroup while {by} uses it.",
			Check: func(c *Checking) {
				c.exactlyOne("launchConfiguration", "launchTemplate", "mixedInstancesPolicy")
				if !c.given("vpcZoneIdentifiers") && !c.given("availabilityZones") {
					c.Failf("vpcZoneIdentifiers", "one of `availability_zones,vpc_zone_identifier` must be specified")
				}
			},
			Before: func(o *Op) error {
				if o.number("minSize") > o.number("maxSize") {
					return o.refuse("ValidationError: Max bound, {maxSize}, must be greater than or equal to min " +
						"bound, {minSize}")
				}
				o.fill("desiredCapacity", o.number("minSize"))
				return nil
			},
		},
		{
			Is:       "autoscaling.Policy",
			ID:       "{name}",
			Replace:  "name autoscalingGroupName",
			Unique:   "{autoscalingGroupName}/{name}",
			Slot:     "{autoscalingGroupName}/{name}",
			Defaults: object{"enabled": true, "policyType": "SimpleScaling"},
			Outputs: object{
				"arn": arn + "scalingPolicy:{uuid}:autoScalingGroupName/{autoscalingGroupName}:policyName/{name}",
			},
			Refs: []string{"autoscalingGroupName autoscaling.Group +"},
		},
	}
}

package environment

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
)

// addStateBucket creates the bucket that holds everything: uploads below bundles/, the rest below stacks/.
func addStateBucket(scope constructs.Construct, n names, keep storage) {
	properties := n.privateBucket(n.StateBucket, keep.dataKey)
	properties.LoggingConfiguration = &awss3.CfnBucket_LoggingConfigurationProperty{
		DestinationBucketName: str(n.accessLogs()), LogFilePrefix: str("state/"),
	}
	properties.NotificationConfiguration = &awss3.CfnBucket_NotificationConfigurationProperty{
		EventBridgeConfiguration: &awss3.CfnBucket_EventBridgeConfigurationProperty{EventBridgeEnabled: on},
	}
	if n.ObjectLock != nil {
		properties.ObjectLockEnabled = on
		properties.ObjectLockConfiguration = &awss3.CfnBucket_ObjectLockConfigurationProperty{
			ObjectLockEnabled: str("Enabled"),
			Rule: &awss3.CfnBucket_ObjectLockRuleProperty{DefaultRetention: &awss3.CfnBucket_DefaultRetentionProperty{
				Mode: str(n.ObjectLock.Mode), Days: num(n.ObjectLock.Days),
			}},
		}
	}
	if n.Replica != nil {
		properties.ReplicationConfiguration = n.replication(scope, keep)
	}
	bucket := awss3.NewCfnBucket(scope, str("StateBucket"), properties)
	bucket.AddDependency(scope.Node().FindChild(str("AccessLogBucket")).(awscdk.CfnResource))
	retain(bucket)
	if n.ObjectLock == nil {
		forgive(bucket, excuse{"Object Lock is the setting objectLock: versions are kept either way.",
			[]string{"guard:s3_bucket_object_lock_enabled_check"}})
	}
	n.addBucketPolicy(scope, "StateBucketPolicy", bucket, n.StateBucket, []statement{
		n.notForComponents("", []string{"s3:*"}, n.bucketARN(n.StateBucket), n.bucketARN(n.StateBucket)+"/*")})
	output(scope, "StateBucketName", "Upload bundles here, below bundles/STACK/ENVIRONMENT/", bucket.Ref())
}

// addLogBucket creates the bucket of who read and wrote the state.
func addLogBucket(scope constructs.Construct, n names) {
	properties := n.privateBucket(n.accessLogs(), "")
	properties.LifecycleConfiguration = &awss3.CfnBucket_LifecycleConfigurationProperty{Rules: []any{
		&awss3.CfnBucket_RuleProperty{
			Id: str("ExpireLogs"), Status: str("Enabled"), ExpirationInDays: num(n.RetentionDays),
			NoncurrentVersionExpiration: &awss3.CfnBucket_NoncurrentVersionExpirationProperty{NoncurrentDays: num(1)},
		}}}
	bucket := awss3.NewCfnBucket(scope, str("AccessLogBucket"), properties)
	retain(bucket)
	forgive(bucket,
		excuse{"It is the access logs' destination: logging it into itself would never end.",
			[]string{"checkov:CKV_AWS_18", "guard:s3_bucket_logging_enabled_check"}},
		excuse{"S3 delivers access logs only to buckets without a customer key, and none with a lock's default retention.",
			[]string{"guard:s3_bucket_default_encryption_kms_check", "guard:s3_bucket_object_lock_enabled_check"}},
		excuse{"Nothing waits for an access log.", []string{"guard:s3_event_notifications_enabled_check"}})
	n.addBucketPolicy(scope, "AccessLogBucketPolicy", bucket, n.accessLogs(), []statement{{
		sid: "LogDelivery", principal: map[string]any{"Service": "logging.s3.amazonaws.com"},
		actions: []string{"s3:PutObject"}, resources: []string{n.bucketARN(n.accessLogs()) + "/state/*"},
		when: conditions{"StringEquals": {"aws:SourceAccount": n.Account}, "ArnLike": {"aws:SourceArn": n.bucketARN(n.StateBucket)}},
	}})
}

// privateBucket is what all buckets have in common. Without a key S3's own encryption is used.
func (n names) privateBucket(name, key string) *awss3.CfnBucketProps {
	encryption := &awss3.CfnBucket_ServerSideEncryptionByDefaultProperty{SseAlgorithm: str("AES256")}
	if key != "" {
		encryption = &awss3.CfnBucket_ServerSideEncryptionByDefaultProperty{SseAlgorithm: str("aws:kms"), KmsMasterKeyId: str(key)}
	}
	return &awss3.CfnBucketProps{
		BucketName: str(name),
		BucketEncryption: &awss3.CfnBucket_BucketEncryptionProperty{
			ServerSideEncryptionConfiguration: []any{&awss3.CfnBucket_ServerSideEncryptionRuleProperty{
				BucketKeyEnabled: on, ServerSideEncryptionByDefault: encryption,
			}}},
		VersioningConfiguration: &awss3.CfnBucket_VersioningConfigurationProperty{Status: str("Enabled")},
		PublicAccessBlockConfiguration: &awss3.CfnBucket_PublicAccessBlockConfigurationProperty{
			BlockPublicAcls: on, BlockPublicPolicy: on, IgnorePublicAcls: on, RestrictPublicBuckets: on,
		},
		OwnershipControls: &awss3.CfnBucket_OwnershipControlsProperty{Rules: []any{
			&awss3.CfnBucket_OwnershipControlsRuleProperty{ObjectOwnership: str("BucketOwnerEnforced")},
		}},
		LifecycleConfiguration: &awss3.CfnBucket_LifecycleConfigurationProperty{Rules: n.lifecycle()},
	}
}

// lifecycle lets old versions and old bundles go. The current state and its history never expire here: which serials are
// still needed, only the state's own pruning knows.
func (n names) lifecycle() []any {
	return []any{
		&awss3.CfnBucket_RuleProperty{Id: str("ExpireBundles"), Status: str("Enabled"), Prefix: str("bundles/"),
			ExpirationInDays: num(n.RetentionDays)},
		&awss3.CfnBucket_RuleProperty{Id: str("ExpireOldVersions"), Status: str("Enabled"),
			NoncurrentVersionExpiration:    &awss3.CfnBucket_NoncurrentVersionExpirationProperty{NoncurrentDays: num(n.RetentionDays)},
			ExpiredObjectDeleteMarker:      on,
			AbortIncompleteMultipartUpload: &awss3.CfnBucket_AbortIncompleteMultipartUploadProperty{DaysAfterInitiation: num(7)}},
	}
}

// addBucketPolicy refuses everything that does not come over TLS 1.2 or later, and allows what others add.
func (n names) addBucketPolicy(scope constructs.Construct, id string, bucket awss3.CfnBucket, name string, others []statement) {
	both := []string{n.bucketARN(name), n.bucketARN(name) + "/*"}
	statements := append([]statement{
		{sid: "OnlyTLS", deny: true, principal: "*", actions: []string{"s3:*"}, resources: both,
			when: conditions{"Bool": {"aws:SecureTransport": "false"}}},
		{sid: "OnlyTLS12", deny: true, principal: "*", actions: []string{"s3:*"}, resources: both,
			when: conditions{"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
	}, others...)
	created := awss3.NewCfnBucketPolicy(scope, str(id), &awss3.CfnBucketPolicyProps{
		Bucket: str(name), PolicyDocument: policy(statements),
	})
	created.AddDependency(bucket)
	retain(created)
}

// replicationRule is the one rule's name, by which its metrics are known.
const replicationRule = "Everything"

// replication copies every version to the replica's bucket under the replica's key. A key's alias serves as its name
// because the key itself lives in a stack of another region.
func (n names) replication(scope constructs.Construct, keep storage) *awss3.CfnBucket_ReplicationConfigurationProperty {
	there := "arn:" + n.partition() + ":kms:" + n.Replica.Region + ":" + n.Account + ":"
	source, target := n.bucketARN(n.StateBucket), n.bucketARN(n.Replica.Bucket)
	created := n.addRole(scope, "ReplicationRole", role{
		name: n.serviceRole("replication"), says: "Copies the state bucket to " + n.Replica.Region,
		service: "s3", source: source,
		may: []statement{
			{sid: "ReadTheBucket", actions: []string{"s3:GetReplicationConfiguration", "s3:ListBucket"}, resources: []string{source}},
			{sid: "ReadVersions", actions: []string{"s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl",
				"s3:GetObjectVersionTagging", "s3:GetObjectRetention", "s3:GetObjectLegalHold"}, resources: []string{source + "/*"}},
			{sid: "WriteReplicas", actions: []string{"s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"},
				resources: []string{target + "/*"}},
			{sid: "Decrypt", actions: []string{"kms:Decrypt"}, resources: []string{keep.dataKey}},
			{sid: "EncryptThere", actions: []string{"kms:Encrypt", "kms:GenerateDataKey"}, resources: []string{there + "key/*"},
				when: conditions{"ForAnyValue:StringEquals": {"kms:ResourceAliases": n.keyAlias("replica")}}},
		},
		excuses: []excuse{{"S3 replicates whole prefixes: the wildcards stand for the objects of the two buckets and for the key " +
			"of the replica, which its alias names.", []string{"nag:AwsSolutions-IAM5"}}},
	})
	return &awss3.CfnBucket_ReplicationConfigurationProperty{
		Role: created.AttrArn(),
		Rules: []any{&awss3.CfnBucket_ReplicationRuleProperty{
			Id: str(replicationRule), Status: str("Enabled"), Priority: num(1),
			Filter:                  &awss3.CfnBucket_ReplicationRuleFilterProperty{Prefix: str("")},
			DeleteMarkerReplication: &awss3.CfnBucket_DeleteMarkerReplicationProperty{Status: str("Enabled")},
			SourceSelectionCriteria: &awss3.CfnBucket_SourceSelectionCriteriaProperty{
				SseKmsEncryptedObjects: &awss3.CfnBucket_SseKmsEncryptedObjectsProperty{Status: str("Enabled")},
			},
			Destination: &awss3.CfnBucket_ReplicationDestinationProperty{
				Bucket:  str(target),
				Metrics: &awss3.CfnBucket_MetricsProperty{Status: str("Enabled")},
				EncryptionConfiguration: &awss3.CfnBucket_EncryptionConfigurationProperty{
					ReplicaKmsKeyId: str(there + n.keyAlias("replica")),
				},
			},
		}},
	}
}

// addReplica creates the bucket and the key in the replica's region. It is deployed before the bucket that fills it.
func addReplica(stack awscdk.Stack, n names) {
	key := awskms.NewCfnKey(stack, str("ReplicaKey"), &awskms.CfnKeyProps{
		Description: str("Encrypts the copy of Deployer's state"), EnableKeyRotation: on,
		KeyPolicy: policy(n.keyOwner()), PendingWindowInDays: num(30),
	})
	retain(key)
	explain(key, n.keyOwner())
	awskms.NewCfnAlias(stack, str("ReplicaKeyAlias"), &awskms.CfnAliasProps{
		AliasName: str(n.keyAlias("replica")), TargetKeyId: key.Ref(),
	})
	properties := n.privateBucket(n.Replica.Bucket, *key.AttrArn())
	if n.ObjectLock != nil {
		properties.ObjectLockEnabled = on // into a bucket without it, S3 replicates nothing of one that has it
	}
	bucket := awss3.NewCfnBucket(stack, str("ReplicaBucket"), properties)
	retain(bucket)
	forgive(bucket, excuse{"It is the copy: its source is logged and replicated, and versions come with their source's retention.",
		[]string{"nag:AwsSolutions-S1", "checkov:CKV_AWS_18", "guard:s3_bucket_logging_enabled_check",
			"guard:s3_event_notifications_enabled_check"}})
	if n.ObjectLock == nil {
		forgive(bucket, excuse{"Object Lock is the setting objectLock of its source.",
			[]string{"guard:s3_bucket_object_lock_enabled_check"}})
	}
	n.addBucketPolicy(stack, "ReplicaBucketPolicy", bucket, n.Replica.Bucket, nil)
}

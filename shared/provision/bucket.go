package provision

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

func bucket(p *program, spec *resource.S3) error {
	name := spec.BucketName
	if name == "" {
		// Bucket names are unique in the whole partition, not only in an account.
		name = p.name(maxBucketName, "", p.account, p.order.Region)
	}
	// A bucket that exists gets its lock with the lock's configuration; only a new one can be made with it.
	made, err := s3.NewBucket(p.Context, "bucket", &s3.BucketArgs{Bucket: pulumi.String(name),
		ObjectLockEnabled: pulumi.Bool(spec.ObjectLock != nil),
		// Without forceDestroy, S3 refuses to delete a bucket that still holds objects, and names it.
		ForceDestroy: pulumi.Bool(p.dismantle && spec.ForceDestroy)}, p.guard(),
		pulumi.IgnoreChanges([]string{"objectLockEnabled"}))
	if err != nil {
		return err
	}
	for _, part := range []func(*s3.Bucket, *resource.S3) error{p.bucketSafety, p.bucketVersions, p.bucketEncryption,
		p.bucketLifecycle, p.bucketCORS,
		p.bucketNotifications, p.bucketLogging} {
		if err := part(made, spec); err != nil {
			return err
		}
	}
	p.output("name", made.Bucket)
	p.output("arn", made.Arn)
	p.output("domainName", made.BucketRegionalDomainName)
	return nil
}

// bucketSafety shuts the public out, makes the account the owner of every object, and refuses what does not come over TLS.
func (p *program) bucketSafety(of *s3.Bucket, spec *resource.S3) error {
	private := pulumi.Bool(!spec.PublicAccess)
	block, err := s3.NewBucketPublicAccessBlock(p.Context, "private", &s3.BucketPublicAccessBlockArgs{Bucket: of.Bucket,
		BlockPublicAcls:   private,
		BlockPublicPolicy: private, IgnorePublicAcls: private, RestrictPublicBuckets: private})
	if err != nil {
		return err
	}
	ownership := "BucketOwnerEnforced"
	if spec.PublicAccess {
		ownership = "BucketOwnerPreferred"
	}
	if _, err := s3.NewBucketOwnershipControls(p.Context, "owner", &s3.BucketOwnershipControlsArgs{Bucket: of.Bucket,
		Rule: &s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String(ownership)}}); err != nil {
		return err
	}
	plain := statement{sid: "RefusePlain", deny: true, actions: []string{"s3:*"}, principal: everybody,
		resources: on(of.Arn, pulumi.Sprintf("%s/*", of.Arn))}
	plain.when("Bool", "aws:SecureTransport", pulumi.String("false"))
	statements := []statement{plain}
	// Load balancers, buckets, distributions and trails of this account may write their logs here: who does so comes after the
	// bucket, and a bucket has one policy.
	for _, service := range []string{"logdelivery.elasticloadbalancing.amazonaws.com", "logging.s3.amazonaws.com",
		"delivery.logs.amazonaws.com", "cloudtrail.amazonaws.com"} {
		s := statement{sid: "Log", actions: []string{"s3:PutObject"}, resources: on(pulumi.Sprintf("%s/*", of.Arn)),
			principal: ofService(service)}
		s.sid += letters(len(statements))
		s.when("StringEquals", "aws:SourceAccount", pulumi.String(p.account))
		statements = append(statements, s)
	}
	// So may distributions of this account read: theirs is the only way in from outside.
	read := statement{sid: "Distributions", actions: []string{"s3:GetObject"},
		resources: on(pulumi.Sprintf("%s/*", of.Arn)),
		principal: ofService("cloudfront.amazonaws.com")}
	read.when("ArnLike", "aws:SourceArn", pulumi.String(p.distributions()))
	policy, err := document(append(statements, read)...)
	if err != nil {
		return err
	}
	// S3 refuses two changes of a bucket's policies at the same time.
	_, err = s3.NewBucketPolicy(p.Context, "policy", &s3.BucketPolicyArgs{Bucket: of.Bucket, Policy: policy},
		pulumi.DependsOn([]pulumi.Resource{block}))
	return err
}

func (p *program) bucketVersions(of *s3.Bucket, spec *resource.S3) error {
	status := "Suspended"
	if spec.Versioning {
		status = "Enabled"
	}
	versions, err := s3.NewBucketVersioning(p.Context, "versions", &s3.BucketVersioningArgs{Bucket: of.Bucket,
		VersioningConfiguration: &s3.BucketVersioningVersioningConfigurationArgs{Status: pulumi.String(status)}})
	if err != nil {
		return err
	}
	if lock := spec.ObjectLock; lock != nil {
		if _, err := s3.NewBucketObjectLockConfiguration(p.Context, "lock",
			&s3.BucketObjectLockConfigurationArgs{Bucket: of.Bucket,
				Rule: &s3.BucketObjectLockConfigurationRuleArgs{DefaultRetention: &s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs{
					Mode: pulumi.String(strings.ToUpper(lock.Mode)), Days: pulumi.Int(lock.Days)}}},
			pulumi.DependsOn([]pulumi.Resource{versions})); err != nil {
			return err
		}
	}
	if spec.Replication == nil {
		return nil
	}
	return p.bucketReplication(of, spec, versions)
}

func (p *program) bucketEncryption(of *s3.Bucket, spec *resource.S3) error {
	byDefault := &s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs{SseAlgorithm: pulumi.String("AES256")}
	if spec.Encryption.Algorithm == "kms" {
		byDefault.SseAlgorithm, byDefault.KmsMasterKeyId = pulumi.String("aws:kms"), p.key(spec.Encryption.KMSKey)
	}
	_, err := s3.NewBucketServerSideEncryptionConfiguration(p.Context, "encryption",
		&s3.BucketServerSideEncryptionConfigurationArgs{Bucket: of.Bucket,
			Rules: s3.BucketServerSideEncryptionConfigurationRuleArray{&s3.BucketServerSideEncryptionConfigurationRuleArgs{
				ApplyServerSideEncryptionByDefault: byDefault,
				BucketKeyEnabled:                   pulumi.Bool(spec.Encryption.Algorithm == "kms")}}})
	return err
}

func (p *program) bucketLifecycle(of *s3.Bucket, spec *resource.S3) error {
	if len(spec.Lifecycle) == 0 {
		return nil
	}
	var rules s3.BucketLifecycleConfigurationRuleArray
	for _, rule := range spec.Lifecycle {
		made := &s3.BucketLifecycleConfigurationRuleArgs{Id: pulumi.String(rule.Name), Status: pulumi.String("Enabled"),
			Filter: &s3.BucketLifecycleConfigurationRuleFilterArgs{Prefix: pulumi.String(rule.Prefix)}}
		if rule.ExpireDays > 0 {
			made.Expiration = &s3.BucketLifecycleConfigurationRuleExpirationArgs{Days: pulumi.Int(rule.ExpireDays)}
		}
		if rule.NoncurrentExpireDays > 0 {
			made.NoncurrentVersionExpiration = &s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs{NoncurrentDays: pulumi.Int(rule.NoncurrentExpireDays)}
		}
		if rule.AbortUploadDays > 0 {
			made.AbortIncompleteMultipartUpload = &s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs{DaysAfterInitiation: pulumi.Int(rule.AbortUploadDays)}
		}
		var transitions s3.BucketLifecycleConfigurationRuleTransitionArray
		for _, t := range rule.Transitions {
			transitions = append(transitions,
				&s3.BucketLifecycleConfigurationRuleTransitionArgs{Days: pulumi.Int(t.Days),
					StorageClass: pulumi.String(t.StorageClass)})
		}
		if len(transitions) > 0 {
			made.Transitions = transitions
		}
		rules = append(rules, made)
	}
	_, err := s3.NewBucketLifecycleConfiguration(p.Context, "lifecycle",
		&s3.BucketLifecycleConfigurationArgs{Bucket: of.Bucket, Rules: rules})
	return err
}

func (p *program) bucketCORS(of *s3.Bucket, spec *resource.S3) error {
	if len(spec.CORS) == 0 {
		return nil
	}
	var rules s3.BucketCorsConfigurationCorsRuleArray
	for _, rule := range spec.CORS {
		made := &s3.BucketCorsConfigurationCorsRuleArgs{AllowedOrigins: texts(rule.Origins...),
			AllowedMethods: texts(rule.Methods...),
			MaxAgeSeconds:  seconds(rule.MaxAge)}
		if len(rule.Headers) > 0 {
			made.AllowedHeaders = texts(rule.Headers...)
		}
		if len(rule.ExposeHeaders) > 0 {
			made.ExposeHeaders = texts(rule.ExposeHeaders...)
		}
		rules = append(rules, made)
	}
	_, err := s3.NewBucketCorsConfiguration(p.Context, "cors", &s3.BucketCorsConfigurationArgs{Bucket: of.Bucket,
		CorsRules: rules})
	return err
}

func (p *program) bucketNotifications(of *s3.Bucket, spec *resource.S3) error {
	if len(spec.Notifications) == 0 && !spec.EventBridge {
		return nil
	}
	var queues s3.BucketNotificationQueueArray
	var topics s3.BucketNotificationTopicArray
	var functions s3.BucketNotificationLambdaFunctionArray
	var before []pulumi.Resource
	for _, n := range spec.Notifications {
		target, err := p.need(n.Target.Component)
		if err != nil {
			return err
		}
		values, err := target.must("arn")
		if err != nil {
			return err
		}
		arn, id, events := pulumi.String(values[0]), pulumi.String(n.Name), texts(n.Events...)
		prefix, suffix := p.optional(n.Prefix), p.optional(n.Suffix)
		switch target.Kind {
		case "SQS":
			queues = append(queues, &s3.BucketNotificationQueueArgs{QueueArn: arn, Id: id, Events: events,
				FilterPrefix: prefix, FilterSuffix: suffix})
		case "SNS":
			topics = append(topics, &s3.BucketNotificationTopicArgs{TopicArn: arn, Id: id, Events: events,
				FilterPrefix: prefix, FilterSuffix: suffix})
		default:
			permission, err := p.allowCall("notify-"+n.Name, values[0], "s3.amazonaws.com", of.Arn)
			if err != nil {
				return err
			}
			before = append(before, permission)
			functions = append(functions, &s3.BucketNotificationLambdaFunctionArgs{LambdaFunctionArn: arn, Id: id,
				Events: events, FilterPrefix: prefix, FilterSuffix: suffix})
		}
	}
	arguments := &s3.BucketNotificationArgs{Bucket: of.Bucket, Eventbridge: pulumi.Bool(spec.EventBridge)}
	if len(queues) > 0 {
		arguments.Queues = queues
	}
	if len(topics) > 0 {
		arguments.Topics = topics
	}
	if len(functions) > 0 {
		arguments.LambdaFunctions = functions
	}
	_, err := s3.NewBucketNotification(p.Context, "notifications", arguments, pulumi.DependsOn(before))
	return err
}

func (p *program) bucketLogging(of *s3.Bucket, spec *resource.S3) error {
	if spec.AccessLogs == nil {
		return nil
	}
	target, err := p.read(spec.AccessLogs.Bucket.Component, "name")
	if err != nil {
		return err
	}
	_, err = s3.NewBucketLogging(p.Context, "logging", &s3.BucketLoggingArgs{Bucket: of.Bucket,
		TargetBucket: pulumi.String(target),
		TargetPrefix: pulumi.String(spec.AccessLogs.Prefix)})
	return err
}

// bucketReplication copies new objects to another bucket, with a role that may do that and nothing else.
func (p *program) bucketReplication(of *s3.Bucket, spec *resource.S3, versions *s3.BucketVersioning) error {
	destination, err := spec.Replication.Destination.Resolve(p.upstream)
	if err != nil {
		return err
	}
	role, err := p.role("replication", "s3.amazonaws.com", "copies objects of "+p.order.Address.Short(), []statement{
		{sid: "Read", resources: on(of.Arn), actions: []string{"s3:GetReplicationConfiguration", "s3:ListBucket"}},
		{sid: "ReadObjects", resources: on(pulumi.Sprintf("%s/*", of.Arn)),
			actions: []string{"s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl",
				"s3:GetObjectVersionTagging"}},
		{sid: "Write", resources: on(pulumi.String(destination.Text + "/*")),
			actions: []string{"s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"}},
	})
	if err != nil {
		return err
	}
	markers := "Disabled"
	if spec.Replication.DeleteMarkers {
		markers = "Enabled"
	}
	_, err = s3.NewBucketReplicationConfig(p.Context, "replication", &s3.BucketReplicationConfigArgs{Bucket: of.Bucket,
		Role: role.Arn,
		Rules: s3.BucketReplicationConfigRuleArray{&s3.BucketReplicationConfigRuleArgs{Id: pulumi.String("copy"),
			Status:   pulumi.String("Enabled"),
			Priority: pulumi.Int(0), Filter: &s3.BucketReplicationConfigRuleFilterArgs{Prefix: pulumi.String(spec.Replication.Prefix)},
			DeleteMarkerReplication: &s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs{Status: pulumi.String(markers)},
			Destination: &s3.BucketReplicationConfigRuleDestinationArgs{Bucket: pulumi.String(destination.Text),
				StorageClass: p.optional(spec.Replication.StorageClass)}}}},
		pulumi.DependsOn([]pulumi.Resource{versions}))
	return err
}

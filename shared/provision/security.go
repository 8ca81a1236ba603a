package provision

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/cloudtrail"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/guardduty"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

func security(p *program, spec *resource.Security) error {
	key, err := p.environmentKey(&spec.Encryption)
	if err != nil {
		return err
	}
	if spec.PermissionsBoundary != "" {
		p.output("permissionsBoundary", pulumi.String(string(spec.PermissionsBoundary)))
	}
	if spec.WAF.Enabled {
		if err := p.firewall(&spec.WAF); err != nil {
			return err
		}
	}
	if spec.Detection.CloudTrail {
		if err := p.trail(key); err != nil {
			return err
		}
	}
	if spec.Detection.GuardDuty {
		if _, err := guardduty.NewDetector(p.Context, "attacks",
			&guardduty.DetectorArgs{Enable: pulumi.Bool(true)}); err != nil {
			return err
		}
	}
	return nil
}

// environmentKey makes the key that encrypts what names no key of its own; nil without one. What was encrypted with it may
// outlive it, so by default the key is let go of and not deleted.
func (p *program) environmentKey(spec *resource.KeySettings) (pulumi.StringPtrInput, error) {
	if existing := string(spec.ExistingKey); existing != "" {
		p.output("kmsKeyArn", pulumi.String(existing))
		p.output("kmsKeyId", pulumi.String(existing[strings.LastIndexByte(existing, '/')+1:]))
		return pulumi.String(existing), nil
	}
	if !spec.CustomerManagedKey {
		return nil, nil
	}
	policy, err := document(p.keyPolicy()...)
	if err != nil {
		return nil, err
	}
	key, err := kms.NewKey(p.Context, "key",
		&kms.KeyArgs{Description: pulumi.String("data of " + p.order.Address.Scope().String()),
			EnableKeyRotation:    pulumi.Bool(spec.Rotation),
			DeletionWindowInDays: pulumi.Int(int(spec.DeletionWindow.Days())), Policy: policy.ToStringPtrOutput()},
		p.guard(), pulumi.RetainOnDelete(p.common.DeletionPolicy == resource.Retain))
	if err != nil {
		return nil, err
	}
	if _, err := kms.NewAlias(p.Context, "key",
		&kms.AliasArgs{Name: pulumi.String("alias/" + p.name(maxLongName-len("alias/"), "")),
			TargetKeyId: key.ID()}); err != nil {
		return nil, err
	}
	p.output("kmsKeyArn", key.Arn)
	p.output("kmsKeyId", key.KeyId)
	return key.Arn.ToStringPtrOutput(), nil
}

// deliverers are the services that hand something encrypted on for the account: alarms and events to topics and queues,
// notifications of buckets, logs to buckets.
var deliverers = []string{"cloudwatch.amazonaws.com", "delivery.logs.amazonaws.com", "events.amazonaws.com",
	"s3.amazonaws.com", "sns.amazonaws.com"}

// keyPolicy lets the account's own policies decide who uses the key, as AWS's default does, and beside that the services that
// use it on the account's behalf. In the policy of a key, * is the key itself.
func (p *program) keyPolicy() []statement {
	itself := on(pulumi.String("*"))
	use := []string{"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"}
	statements := []statement{{sid: "Account", actions: []string{"kms:*"}, resources: itself, explicit: true,
		principal: &principal{"AWS", []string{"arn:" + p.partition + ":iam::" + p.account + ":root"}}}}
	logs := statement{sid: "Logs", resources: itself, explicit: true,
		principal: ofService("logs." + p.order.Region + ".amazonaws.com"),
		actions:   []string{"kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"}}
	logs.when("ArnLike", "kms:EncryptionContext:aws:logs:arn", pulumi.String(p.arn("logs", "*")))
	statements = append(statements, logs)
	for _, service := range deliverers {
		name, _, _ := strings.Cut(service, ".")
		s := statement{sid: "Deliver" + strings.ToUpper(name[:1]) + name[1:], actions: use, resources: itself,
			explicit: true, principal: ofService(service)}
		s.when("StringEquals", "aws:SourceAccount", pulumi.String(p.account))
		statements = append(statements, s)
	}
	edge := statement{sid: "Distributions", actions: use, resources: itself, explicit: true,
		principal: ofService("cloudfront.amazonaws.com")}
	edge.when("ArnLike", "aws:SourceArn", pulumi.String(p.distributions()))
	trail := statement{sid: "Trails", actions: use, resources: itself, explicit: true,
		principal: ofService("cloudtrail.amazonaws.com")}
	trail.when("ArnLike", "aws:SourceArn", pulumi.String(p.arn("cloudtrail", "trail/*")))
	return append(statements, edge, trail)
}

// distributions is the pattern of the ARNs of the account's distributions.
func (p *program) distributions() string {
	return fmt.Sprintf("arn:%s:cloudfront::%s:distribution/*", p.partition, p.account)
}

// trail records the calls of AWS's interfaces into a bucket of its own.
func (p *program) trail(key pulumi.StringPtrInput) error {
	name := p.name(maxRoleName, "trail")
	bucket, err := s3.NewBucket(p.Context, "trail",
		&s3.BucketArgs{Bucket: pulumi.String(p.name(maxBucketName, "trail", p.account, p.order.Region)),
			ForceDestroy: pulumi.Bool(p.dismantle && p.common.DeletionPolicy == resource.Delete)}, p.guard(),
		pulumi.RetainOnDelete(p.common.DeletionPolicy == resource.Retain))
	if err != nil {
		return err
	}
	block, err := s3.NewBucketPublicAccessBlock(p.Context, "trail",
		&s3.BucketPublicAccessBlockArgs{Bucket: bucket.Bucket, BlockPublicAcls: pulumi.Bool(true),
			BlockPublicPolicy: pulumi.Bool(true), IgnorePublicAcls: pulumi.Bool(true),
			RestrictPublicBuckets: pulumi.Bool(true)})
	if err != nil {
		return err
	}
	ask := statement{sid: "Ask", actions: []string{"s3:GetBucketAcl"}, resources: on(bucket.Arn),
		principal: ofService("cloudtrail.amazonaws.com")}
	write := statement{sid: "Write", actions: []string{"s3:PutObject"},
		principal: ofService("cloudtrail.amazonaws.com"),
		resources: on(pulumi.Sprintf("%s/AWSLogs/%s/*", bucket.Arn, p.account))}
	plain := statement{sid: "RefusePlain", deny: true, actions: []string{"s3:*"}, principal: everybody,
		resources: on(bucket.Arn, pulumi.Sprintf("%s/*", bucket.Arn))}
	plain.when("Bool", "aws:SecureTransport", pulumi.String("false"))
	for _, s := range []*statement{&ask, &write} {
		s.when("StringEquals", "aws:SourceArn", pulumi.String(p.arn("cloudtrail", "trail/"+name)))
	}
	policy, err := document(plain, ask, write)
	if err != nil {
		return err
	}
	allowed, err := s3.NewBucketPolicy(p.Context, "trail", &s3.BucketPolicyArgs{Bucket: bucket.Bucket, Policy: policy},
		pulumi.DependsOn([]pulumi.Resource{block}))
	if err != nil {
		return err
	}
	_, err = cloudtrail.NewTrail(p.Context, "trail", &cloudtrail.TrailArgs{Name: pulumi.String(name),
		S3BucketName: bucket.Bucket, KmsKeyId: key,
		IsMultiRegionTrail: pulumi.Bool(true), IncludeGlobalServiceEvents: pulumi.Bool(true),
		EnableLogFileValidation: pulumi.Bool(true)},
		pulumi.DependsOn([]pulumi.Resource{allowed}))
	return err
}

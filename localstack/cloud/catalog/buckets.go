package catalog

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// bucketZones are the hosted zones of S3's website endpoints, from S3's General Reference.
var bucketZones = map[string]string{
	"us-east-1": "Z3AQBSTGFYJSTF", "us-east-2": "Z2O1EMRO9K5GLX", "us-west-1": "Z2F56UZL2M1ACD", "us-west-2": "Z3BJ6K6RIION7M",
	"eu-west-1": "Z1BKCTXD74EZPE", "eu-west-2": "Z3GKZC51ZF0DB4", "eu-west-3": "Z3R1K369G5AVDG", "eu-central-1": "Z21DNDUVLTQW6Q",
	"eu-north-1": "Z3BAZG2TWCNX0D", "ap-southeast-1": "Z3O0J2DXBE1FTB", "ap-southeast-2": "Z1WCIGYICN2BYD", "ap-northeast-1": "Z2M4EHUR26P7ZW",
	"ap-south-1": "Z11RGJOFQNVJUP", "sa-east-1": "Z7KQH4QJS55SO", "ca-central-1": "Z1QDHH18159H29",
}

func buckets() []Type {
	side := func(is, replace string, more ...func(*Type)) Type {
		t := Type{Is: is, Scope: World, ID: "{bucket}", NameIn: "-", Replace: "bucket " + replace, Overwrites: true, Refs: []string{"bucket s3.Bucket +"}}
		for _, change := range more {
			change(&t)
		}
		return t
	}
	defaults := func(o object) func(*Type) { return func(t *Type) { t.Defaults = o } }
	outputs := func(o object) func(*Type) { return func(t *Type) { t.Outputs = o } }
	enums := func(m map[string]string) func(*Type) { return func(t *Type) { t.Enums = m } }
	refs := func(r ...string) func(*Type) { return func(t *Type) { t.Refs = append(t.Refs, r...) } }
	before := func(f func(*Op) error) func(*Type) { return func(t *Type) { t.Before = f } }
	block := object{"blockPublicAcls": false, "blockPublicPolicy": false, "ignorePublicAcls": false, "restrictPublicBuckets": false}
	return []Type{
		bucket(), bucketObject(),
		side("s3.BucketVersioning", "expectedBucketOwner", enums(map[string]string{"versioningConfiguration.status": "Enabled Suspended Disabled"})),
		side("s3.BucketServerSideEncryptionConfiguration", "expectedBucketOwner",
			enums(map[string]string{"rules.applyServerSideEncryptionByDefault.sseAlgorithm": "AES256 aws:kms aws:kms:dsse"}),
			refs("rules.applyServerSideEncryptionByDefault.kmsMasterKeyId kms.Key ~")),
		side("s3.BucketPublicAccessBlock", "", defaults(block)),
		side("s3.BucketLifecycleConfiguration", "expectedBucketOwner", enums(map[string]string{"rules.status": "Enabled Disabled"}),
			outputs(object{"transitionDefaultMinimumObjectSize": "all_storage_classes_128K"})),
		side("s3.BucketPolicy", "", func(t *Type) { t.Check = func(c *Checking) { checkPolicy(c, "policy", true) } }, before(refusePublicPolicy)),
		side("s3.BucketReplicationConfig", "", refs("role iam.Role ?", "rules.destination.bucket s3.Bucket ?"), before(needsVersioning),
			enums(map[string]string{"rules.status": "Enabled Disabled"})),
		side("s3.BucketOwnershipControls", "", enums(map[string]string{"rule.objectOwnership": "BucketOwnerPreferred ObjectWriter BucketOwnerEnforced"})),
		side("s3.BucketNotification", "", defaults(object{"eventbridge": false}),
			refs("queues.queueArn sqs.Queue ~", "topics.topicArn sns.Topic ~", "lambdaFunctions.lambdaFunctionArn lambda.Function ~"), before(needsDestinations)),
		side("s3.BucketCorsConfiguration", "expectedBucketOwner"),
		side("s3.BucketLogging", "expectedBucketOwner", refs("targetBucket s3.Bucket ?")),
		side("s3.BucketAcl", "expectedBucketOwner", func(t *Type) { t.ID = "{bucket},{acl}"; t.Unique = "{bucket}" }),
		side("s3.BucketWebsiteConfiguration", "expectedBucketOwner", outputs(object{
			"websiteEndpoint": "{bucket}.s3-website-{region}.amazonaws.com", "websiteDomain": "s3-website-{region}.amazonaws.com",
		})),
		side("s3.BucketAccelerateConfiguration", "expectedBucketOwner", enums(map[string]string{"status": "Enabled Suspended"})),
		side("s3.BucketIntelligentTieringConfiguration", "name", func(t *Type) {
			t.NameIn, t.ID, t.Unique = "", "{bucket}:{name}", "{bucket}:{name}"
			t.Defaults = object{"status": "Enabled"}
		}),
		side("s3.BucketObjectLockConfiguration", "expectedBucketOwner objectLockEnabled", defaults(object{"objectLockEnabled": "Enabled"})),
		{
			Is:         "s3.AccountPublicAccessBlock",
			Scope:      Account,
			ID:         "{account}",
			Unique:     "{account}",
			Replace:    "accountId",
			Overwrites: true,
			Defaults:   block,
			Outputs:    object{"accountId": "{account}"},
		},
	}
}

func bucket() Type {
	return Type{
		Is:       "s3.Bucket",
		Scope:    World,
		ID:       "{bucket}",
		NameIn:   "bucket",
		NameMax:  63,
		Replace:  "bucket bucketPrefix objectLockEnabled",
		Defaults: object{"forceDestroy": false},
		Outputs: object{
			"arn": "arn:{partition}:s3:::{bucket}", "bucketDomainName": "{bucket}.s3.amazonaws.com", "bucketRegion": "{region}",
			"bucketRegionalDomainName": "{bucket}.s3.{region}.amazonaws.com", "hostedZoneId": "", "websiteDomain": "", "websiteEndpoint": "",
			"requestPayer": "BucketOwner",
		},
		Missing: "404 NoSuchBucket: The specified bucket does not exist",
		InUse:   "409 BucketNotEmpty: The bucket you tried to delete is not empty",
		Check: func(c *Checking) {
			name := c.text("bucket")
			if name == "" {
				return
			}
			_, err := netip.ParseAddr(name)
			if !bucketName.MatchString(name) || strings.Contains(name, "..") || err == nil || strings.HasPrefix(name, "xn--") || strings.HasSuffix(name, "-s3alias") {
				c.Failf("bucket", "InvalidBucketName: %q is no name for a bucket: 3 to 63 of a-z, 0-9, '.' and '-', between letters or digits, and no IP address", name)
			}
		},
		Before: func(o *Op) error {
			if !o.creating() {
				return nil
			}
			if taken := o.Tx.Named(o.Token + "|" + o.name()); len(taken) > 0 {
				if taken[0].Account == o.Account {
					return o.refuse("409 BucketAlreadyOwnedByYou: Your previous request to create the named " +
						"bucket succeeded and you already own it.")
				}
				return o.refuse("409 BucketAlreadyExists: The requested bucket name is not available. The bucket " +
					"namespace is shared by all users of the system. Please select a different name and try " +
					"again.")
			}
			o.State["hostedZoneId"] = regionalZone(bucketZones, "s3", o.Region)
			return nil
		},
		OnDelete: func(o *Op) error {
			filled := len(Referring(o.Tx, o.Old, "s3.BucketObjectv2")) > 0 || property.Number(o.Hidden, "objects") > 0
			if filled && !o.yes("forceDestroy") {
				return o.refuse("409 BucketNotEmpty: The bucket you tried to delete is not empty")
			}
			return nil
		},
	}
}

func bucketObject() Type {
	return Type{
		Is:         "s3.BucketObjectv2",
		Scope:      World,
		ID:         "{bucket}/{key}",
		NameIn:     "-",
		Unique:     "{bucket}/{key}",
		Replace:    "bucket key",
		Overwrites: true,
		Defaults:   object{"forceDestroy": false}, Renewed: "etag versionId",
		Outputs: object{
			"arn": "arn:{partition}:s3:::{bucket}/{key}", "etag": "{hex32}", "versionId": "{hex32}", "checksumCrc32": "", "checksumCrc32c": "",
			"checksumCrc64nvme": "", "checksumSha1": "", "checksumSha256": "", "contentType": "application/octet-stream", "storageClass": "STANDARD",
			"serverSideEncryption": "AES256", "acl": "private",
		},
		Refs: []string{"bucket s3.Bucket +"},
	}
}

// refusePublicPolicy refuses a policy for everyone where the bucket's public access block forbids it.
func refusePublicPolicy(o *Op) error {
	owner := o.target("bucket")
	if owner == nil {
		return nil
	}
	for _, block := range Referring(o.Tx, owner, "s3.BucketPublicAccessBlock") {
		text := strings.NewReplacer(" ", "", "\n", "", "\t", "").Replace(o.text("policy"))
		public := strings.Contains(text, `"Principal":"*"`) || strings.Contains(text, `"Principal":{"AWS":"*"}`)
		if public && property.True(block.State, "blockPublicPolicy") && strings.Contains(text, `"Effect":"Allow"`) && !strings.Contains(text, `"Condition"`) {
			return o.refuse("403 AccessDenied: User is not authorized to perform: s3:PutBucketPolicy because " +
				"public policies are blocked by the BlockPublicPolicy block public access setting.")
		}
	}
	return nil
}

func needsVersioning(o *Op) error {
	owner := o.target("bucket")
	if owner == nil {
		return nil
	}
	enabled := slices.ContainsFunc(Referring(o.Tx, owner, "s3.BucketVersioning"), func(r *record) bool {
		return property.Text(r.State, "versioningConfiguration.status") == "Enabled"
	})
	if !enabled {
		return o.refuse("InvalidRequest: Versioning must be 'Enabled' on the bucket to apply a replication " +
			"configuration")
	}
	return nil
}

func needsDestinations(o *Op) error {
	for path, is := range map[string]string{"queues.queueArn": "sqs.Queue", "topics.topicArn": "sns.Topic", "lambdaFunctions.lambdaFunctionArn": "lambda.Function"} {
		for _, arn := range property.Texts(o.State, path) {
			if !o.foreign(arn) && o.find(is, arn) == nil {
				return o.refuse("InvalidArgument: Unable to validate the following destination configurations")
			}
		}
	}
	return nil
}

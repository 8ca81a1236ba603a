package resource

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

// CodeBucket is the code of rules about buckets.
const CodeBucket diag.Code = "bucket"

// S3 is a bucket of objects, private, versioned and encrypted.
type S3 struct {
	Common
	// the bucket's name, unique in the world; without it one is made from the address
	BucketName string `json:"bucketName,omitempty" jsonschema:"minLength=3,maxLength=63"`
	// keeps old versions of objects
	Versioning bool `json:"versioning"`
	// how objects are encrypted; they always are
	Encryption BucketEncryption `json:"encryption"`
	// lets a bucket policy or ACL make objects public; the account may still forbid it
	PublicAccess bool `json:"publicAccess,omitempty"`
	// what happens to objects with time
	Lifecycle []LifecycleRule `json:"lifecycle,omitempty" jsonschema:"maxItems=100"`
	// copies new objects to another bucket
	Replication *BucketReplication `json:"replication,omitempty"`
	// what web pages of other origins may do
	CORS []CORSRule `json:"cors,omitempty" jsonschema:"maxItems=100"`
	// who is told of new and deleted objects
	Notifications []BucketNotification `json:"notifications,omitempty" jsonschema:"maxItems=100"`
	// tells EventBridge of everything that happens
	EventBridge bool `json:"eventBridge,omitempty"`
	// where requests are logged
	AccessLogs *AccessLogs `json:"accessLogs,omitempty"`
	// keeps objects from being deleted for a time; it can only be given when the bucket is created
	ObjectLock *ObjectLock `json:"objectLock,omitempty"`
	// deletes the objects together with the bucket
	ForceDestroy bool `json:"forceDestroy,omitempty"`
}

// BucketEncryption says how objects are encrypted.
type BucketEncryption struct {
	// s3 uses keys that S3 keeps, kms those of KMS
	Algorithm string `json:"algorithm" jsonschema:"enum=s3,enum=kms"`
	// the KMS key, with kms; without it the environment's own, or AWS's
	KMSKey ARN `json:"kmsKey,omitempty"`
}

// LifecycleRule says what happens to objects with time.
type LifecycleRule struct {
	// the rule's name
	Name string `json:"name" jsonschema:"required,minLength=1,maxLength=255"`
	// the beginning of the keys that are meant; without it all
	Prefix string `json:"prefix,omitempty" jsonschema:"maxLength=1024"`
	// after how many days objects are deleted
	ExpireDays int `json:"expireDays,omitempty" jsonschema:"minimum=1"`
	// after how many days old versions are deleted
	NoncurrentExpireDays int `json:"noncurrentExpireDays,omitempty" jsonschema:"minimum=1"`
	// after how many days unfinished uploads are dropped
	AbortUploadDays int `json:"abortUploadDays,omitempty" jsonschema:"minimum=1"`
	// after how many days objects move to cheaper storage
	Transitions []Transition `json:"transitions,omitempty" jsonschema:"maxItems=5"`
}

// Transition moves objects to cheaper storage.
type Transition struct {
	// after how many days
	Days int `json:"days" jsonschema:"required,minimum=0"`
	// the storage class
	StorageClass string `json:"storageClass" jsonschema:"required,enum=STANDARD_IA,enum=ONEZONE_IA,enum=INTELLIGENT_TIERING,enum=GLACIER_IR,enum=GLACIER,enum=DEEP_ARCHIVE"`
}

// BucketReplication copies new objects to another bucket.
type BucketReplication struct {
	// the other bucket's ARN, or valueFrom an S3 component
	Destination Input `json:"destination" jsonschema:"required"`
	// the beginning of the keys that are copied; without it all
	Prefix string `json:"prefix,omitempty" jsonschema:"maxLength=1024"`
	// the storage class of the copies; without it that of the objects
	StorageClass string `json:"storageClass,omitempty" jsonschema:"enum=STANDARD,enum=STANDARD_IA,enum=ONEZONE_IA,enum=INTELLIGENT_TIERING,enum=GLACIER_IR,enum=GLACIER,enum=DEEP_ARCHIVE"`
	// deletes copies where the objects are deleted
	DeleteMarkers bool `json:"deleteMarkers,omitempty"`
}

// CORSRule lets web pages of other origins in.
type CORSRule struct {
	// the origins, as in https://www.example.com
	Origins []string `json:"origins" jsonschema:"required,minItems=1,uniqueItems=true"`
	// the methods
	Methods []string `json:"methods" jsonschema:"required,minItems=1,uniqueItems=true,enum=GET,enum=PUT,enum=POST,enum=DELETE,enum=HEAD"`
	// the headers that requests may have
	Headers []string `json:"headers,omitempty"`
	// the headers that pages may read
	ExposeHeaders []string `json:"exposeHeaders,omitempty"`
	// how long browsers remember it
	MaxAge Duration `json:"maxAge,omitempty"`
}

// BucketNotification tells a queue, topic or function of objects.
type BucketNotification struct {
	// the notification's name
	Name string `json:"name" jsonschema:"required,minLength=1,maxLength=60"`
	// who is told
	Target ComponentRef `json:"target" jsonschema:"required" kinds:"SQS,SNS,Lambda" reads:"arn"`
	// of what: s3:ObjectCreated:* and the like
	Events []string `json:"events" jsonschema:"required,minItems=1,uniqueItems=true,pattern=^s3:[A-Za-z]+(:[A-Za-z*]+)?$"`
	// the beginning of the keys that are meant
	Prefix string `json:"prefix,omitempty" jsonschema:"maxLength=1024"`
	// the end of the keys that are meant
	Suffix string `json:"suffix,omitempty" jsonschema:"maxLength=1024"`
}

// AccessLogs says where requests are logged.
type AccessLogs struct {
	// the S3 component
	Bucket ComponentRef `json:"bucket" jsonschema:"required" kinds:"S3" reads:"name,arn"`
	// the beginning of the logs' keys
	Prefix string `json:"prefix,omitempty" jsonschema:"maxLength=200"`
}

// ObjectLock keeps objects from being deleted.
type ObjectLock struct {
	// governance can be lifted by those who may, compliance by nobody
	Mode string `json:"mode" jsonschema:"required,enum=governance,enum=compliance"`
	// for how many days
	Days int `json:"days" jsonschema:"required,minimum=1,maximum=36500"`
}

// KindS3 is a bucket of objects.
var KindS3 = register(Definition{
	Kind: "S3", APIVersion: ComponentsV1, Family: Storage, Revision: 1, Stateful: true, NoSnapshot: true,
	Summary: "An S3 bucket: private, versioned and encrypted, with lifecycle, replication and notifications.",
	New: func() Spec {
		return &S3{Common: defaultCommon(Retain, 20*Minute), Versioning: true, Encryption: BucketEncryption{Algorithm: "s3"}}
	},
	Outputs: []Output{
		{Name: "name", Type: Text, Doc: "the bucket's name"},
		{Name: "arn", Type: Text, Doc: "the bucket's ARN"},
		{Name: "domainName", Type: Text, Doc: "the bucket's host name in its region"},
	},
	ReplaceOn: []string{"bucketName"},
})

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// Check keeps the rules over several fields.
func (s *S3) Check(k *Checker) {
	s.Common.check(k)
	if name := s.BucketName; name != "" {
		_, isAddress := netip.ParseAddr(name)
		if !bucketName.MatchString(name) || strings.Contains(name, "..") || isAddress == nil || strings.HasPrefix(name, "xn--") || strings.HasSuffix(name, "-s3alias") {
			k.Errorf(CodeBucket, "bucketName", "%q is no name of a bucket", shorten(name)).
				WithHint("3 to 63 small letters, digits, dots and hyphens, a letter or digit at both ends")
		}
	}
	k.only("encryption.kmsKey", s.Encryption.KMSKey != "", s.Encryption.Algorithm == "kms", "algorithm is kms")
	k.checkKey("encryption.kmsKey", s.Encryption.KMSKey)
	s.checkLifecycle(k)
	if !s.Versioning {
		k.need("versioning", false, s.Replication != nil, "replication needs versioning: true")
		k.need("versioning", false, s.ObjectLock != nil, "objectLock needs versioning: true")
	}
	names := make([]string, len(s.Notifications))
	for i, n := range s.Notifications {
		names[i] = n.Name
	}
	k.unique("notifications", ".name", names)
	for i, rule := range s.CORS {
		k.between(indexed("cors", i)+".maxAge", rule.MaxAge, 0, Day)
	}
	if s.PublicAccess {
		k.Warnf("public", "publicAccess", "objects of the bucket may be made public").WithHint("serve them through CloudFront instead")
	}
	if s.ForceDestroy && s.DeletionPolicy != Delete {
		k.Errorf(CodeDeletionPolicy, "forceDestroy", "deletes the objects although deletionPolicy is %s", s.DeletionPolicy).
			WithHint("write deletionPolicy: Delete if that is meant")
	}
}

func (s *S3) checkLifecycle(k *Checker) {
	names := make([]string, len(s.Lifecycle))
	for i := range s.Lifecycle {
		rule, at := &s.Lifecycle[i], indexed("lifecycle", i)
		names[i] = rule.Name
		if rule.ExpireDays == 0 && rule.NoncurrentExpireDays == 0 && rule.AbortUploadDays == 0 && len(rule.Transitions) == 0 {
			k.Errorf(CodeBucket, at, "the rule %q does nothing", rule.Name).WithHint("add expireDays, noncurrentExpireDays, abortUploadDays or transitions")
		}
		k.only(at+".noncurrentExpireDays", rule.NoncurrentExpireDays != 0, s.Versioning, "versioning is true")
		last := -1
		for j, t := range rule.Transitions {
			path := indexed(at+".transitions", j) + ".days"
			switch {
			case t.Days < 30 && strings.HasSuffix(t.StorageClass, "_IA"):
				k.Errorf(CodeBucket, path, "objects move to %s after 30 days at the earliest", t.StorageClass).WithHint("write 30 or more")
			case rule.ExpireDays != 0 && t.Days >= rule.ExpireDays:
				k.Errorf(CodeBucket, path, "objects are deleted after %d days, before they move", rule.ExpireDays).WithHint("move them earlier")
			case t.Days <= last:
				k.Errorf(CodeBucket, path, "comes no later than the transition before it").WithHint("order the transitions by days")
			}
			last = t.Days
		}
	}
	k.unique("lifecycle", ".name", names)
}

// Relate keeps the rules over the bucket and who it tells of objects.
func (s *S3) Relate(k *Checker, related Related) {
	for i := range s.Notifications {
		r, ok := related(s.Notifications[i].Target)
		if !ok {
			continue
		}
		queue, isQueue := r.Spec.(*SQS)
		topic, isTopic := r.Spec.(*SNS)
		if isQueue && queue.FIFO || isTopic && topic.FIFO {
			k.Errorf(CodeBucket, indexed("notifications", i)+".target", "S3 does not tell fifo queues and topics").
				WithHint("use one that is not fifo, or eventBridge")
		}
	}
	checkLogBucket(k, related, s.AccessLogs)
}

// checkLogBucket wants a bucket that AWS's log delivery can write to.
func checkLogBucket(k *Checker, related Related, logs *AccessLogs) {
	if logs == nil {
		return
	}
	if r, ok := related(logs.Bucket); ok {
		if bucket, is := r.Spec.(*S3); is && bucket.Encryption.Algorithm != "s3" {
			k.Errorf(CodeBucket, "accessLogs.bucket", "log delivery cannot write to %s, which is encrypted with kms", logs.Bucket.Component).
				WithHint("use a bucket with encryption.algorithm: s3")
		}
	}
}

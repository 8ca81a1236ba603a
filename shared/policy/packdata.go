package policy

import "github.com/deployer-io/deployer/shared/resource"

// Data is always encrypted at rest; these rules are about keys of one's own and about the way to the data.
var encryption = Pack{
	Name: "encryption", Summary: "Connections are encrypted, and keys are one's own.",
	Rules: []BuiltIn{
		{Name: "cache-connections", Severity: resource.Deny, Kinds: []string{"ElastiCacheRedis", "ElastiCacheMemcached"},
			Description: "What caches hold crosses the network encrypted.",
			Expression:  "resource.spec.transitEncryption", Message: "connections are not encrypted"},
		{Name: "database-connections", Severity: resource.Deny, Kinds: []string{"RDS", "DocumentDB"},
			Description: "Databases refuse connections without TLS.",
			Expression:  "resource.spec.requireTLS", Message: "clients may connect without TLS"},
		{Name: "cache-sign-in", Severity: resource.Deny, Kinds: []string{"ElastiCacheRedis"},
			Description: "Caches ask who connects.",
			Expression:  "resource.spec.auth == 'token'", Message: "clients need not sign in"},
		{Name: "public-listeners", Severity: resource.Deny, Kinds: []string{"ALB"},
			Description: "What crosses the internet is encrypted.",
			Expression:  "resource.spec.scheme == 'internal' || resource.spec.listeners.all(l, l.protocol == 'HTTPS' || l.redirectToHttps)",
			Message: "answers the internet in clear on {{ resource.spec.listeners.filter(l, l.protocol != 'HTTPS' && !l.redirectToHttps)" +
				".map(l, l.name) }}", Field: "spec.listeners"},
		{Name: "viewers", Severity: resource.Deny, Kinds: []string{"CloudFront"},
			Description: "Content is delivered over HTTPS.",
			Expression:  "resource.spec.defaultBehavior.viewer != 'allowAll' && resource.spec.behaviors.all(b, b.viewer != 'allowAll')",
			Message:     "delivers content in clear"},
		{Name: "customer-key", Severity: resource.Warn, Kinds: []string{"Security"},
			Description: "The environment's data is encrypted with a key of its own, whose use can be seen and stopped.",
			Expression:  "resource.spec.encryption.customerManagedKey || has(resource.spec.encryption.existingKey)",
			Message:     "data is encrypted with AWS's keys"},
		{Name: "key-rotation", Severity: resource.Deny, Kinds: []string{"Security"},
			Description: "A key's material is exchanged every year.",
			Expression: "!resource.spec.encryption.customerManagedKey || has(resource.spec.encryption.existingKey) || " +
				"resource.spec.encryption.rotation", Message: "the key is not rotated", Field: "spec.encryption.rotation"},
	},
}

var backups = Pack{
	Name: "backups", Summary: "Data can be brought back.",
	Rules: []BuiltIn{
		{Name: "databases", Severity: resource.Deny, Kinds: []string{"RDS", "DocumentDB"},
			Description: "A mistake may be noticed a week late.",
			Expression:  "resource.spec.backup.retentionDays >= 7",
			Message:     "backups are kept for {{ resource.spec.backup.retentionDays }} days, and at least 7 are wanted"},
		{Name: "tables", Severity: resource.Deny, Kinds: []string{"DynamoDB"},
			Description: "A table can be put back to any second of the last 35 days.",
			Expression:  "resource.spec.pointInTimeRecovery", Message: "pointInTimeRecovery is off"},
		{Name: "memory-databases", Severity: resource.Deny, Kinds: []string{"AWSMemoryDB"},
			Description: "What is kept in memory alone is lost with the cluster.",
			Expression:  "resource.spec.snapshotRetentionDays >= 1", Message: "no snapshots are taken"},
		{Name: "caches", Severity: resource.Warn, Kinds: []string{"ElastiCacheRedis"},
			Description: "A cache that is hard to fill again has snapshots.",
			Expression:  "resource.spec.snapshotRetentionDays >= 1", Message: "no snapshots are taken"},
		{Name: "file-systems", Severity: resource.Deny, Kinds: []string{"EFS"},
			Description: "Files can be brought back.",
			Expression:  "resource.spec.backup", Message: "no backups are taken"},
		{Name: "disks", Severity: resource.Deny, Kinds: []string{"EBS"},
			Description: "A disk lives in one zone; its snapshots do not.",
			Expression:  "resource.spec.backup.everyHours in [1, 2, 3, 4, 6, 8, 12, 24]", Message: "no snapshots are taken"},
		{Name: "buckets", Severity: resource.Deny, Kinds: []string{"S3"},
			Description: "Objects that are overwritten or deleted can be brought back.",
			Expression:  "resource.spec.versioning", Message: "old versions of objects are not kept"},
		{Name: "last-copy", Severity: resource.Deny,
			Kinds:       []string{"RDS", "DocumentDB", "DynamoDB", "AWSMemoryDB", "S3", "EFS", "EBS", "MSK"},
			Description: "Data outlives a document that was removed by mistake.",
			Expression:  "resource.spec.deletionPolicy != 'Delete'", Message: "the data goes with the component: deletionPolicy is Delete"},
	},
}

var tags = Pack{
	Name: "tags", Summary: "Every component says whose it is.",
	Rules: []BuiltIn{
		{Name: "required", Severity: resource.Deny,
			Description: "Costs and questions find their owner.",
			Expression:  requiredTagsMark + ".all(t, t in resource.tags && resource.tags[t] != '')",
			Message:     "lacks the tags {{ " + requiredTagsMark + ".filter(t, !(t in resource.tags) || resource.tags[t] == '') }}"},
	},
}

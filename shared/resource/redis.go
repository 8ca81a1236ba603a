package resource

import "github.com/deployer-io/deployer/shared/diag"

// CodeCache is the code of rules about caches.
const CodeCache diag.Code = "cache"

// ElastiCacheRedis is a cache that speaks Redis, kept in more than one zone.
type ElastiCacheRedis struct {
	Common
	// the engine: redis, or valkey, its open successor
	Engine string `json:"engine" jsonschema:"enum=redis,enum=valkey"`
	// the engine's version, as in 7.1 for redis or 8.0 for valkey
	Version string `json:"version" jsonschema:"required,pattern=^[0-9]+\\.[0-9x]+(\\.[0-9]+)?$" jsonschema_extras:"scalar=true"`
	// the size of each node, as in cache.r7g.large
	NodeType string `json:"nodeType" jsonschema:"required,pattern=^cache\\.[a-z0-9]+\\.[a-z0-9]+$"`
	// over how many shards the keys are spread; more than 1 is Redis' cluster mode
	Shards int `json:"shards" jsonschema:"minimum=1,maximum=500"`
	// how many copies each shard has beside its primary
	ReplicasPerShard int `json:"replicasPerShard" jsonschema:"minimum=0,maximum=5"`
	// spreads primary and copies over zones and changes over when one fails
	MultiAZ bool `json:"multiAZ"`
	// encrypts connections
	TransitEncryption bool `json:"transitEncryption"`
	// makes clients sign in: token makes a password in Secrets Manager, none asks for nothing
	Auth RedisAuth `json:"auth" jsonschema:"enum=token,enum=none"`
	// the KMS key of data at rest, which is always encrypted; without it the environment's own, or AWS's
	KMSKey ARN `json:"kmsKey,omitempty"`
	// how many days snapshots are kept; 0 takes none
	SnapshotRetentionDays int `json:"snapshotRetentionDays" jsonschema:"minimum=0,maximum=35"`
	// when snapshots are taken, in UTC, as in 03:00-04:00
	SnapshotWindow DayWindow `json:"snapshotWindow,omitempty"`
	// when AWS may work on it
	Maintenance Maintenance `json:"maintenance"`
	// what is dropped when memory is full, as in volatile-lru or noeviction
	EvictionPolicy string `json:"evictionPolicy" jsonschema:"enum=volatile-lru,enum=allkeys-lru,enum=volatile-lfu,enum=allkeys-lfu,enum=volatile-random,enum=allkeys-random,enum=volatile-ttl,enum=noeviction"`
	// parameters of the engine, in a parameter group of its own
	Parameters map[string]string `json:"parameters,omitempty" jsonschema_extras:"scalar=true"`
	// the port
	Port int `json:"port" jsonschema:"minimum=1,maximum=65535"`
	// makes changes at once, not in the maintenance window
	ApplyImmediately bool `json:"applyImmediately,omitempty"`
}

// RedisAuth is how clients sign in.
type RedisAuth string

// The ways to sign in.
const (
	RedisToken  RedisAuth = "token"
	RedisNoAuth RedisAuth = "none"
)

// KindElastiCacheRedis is a cache that speaks Redis.
var KindElastiCacheRedis = register(Definition{
	Kind: "ElastiCacheRedis", APIVersion: ComponentsV1, Family: Cache, Revision: 1, Networked: true, Stateful: true,
	Summary: "A Redis or Valkey cache in several zones, encrypted, with a password and snapshots.",
	New: func() Spec {
		return &ElastiCacheRedis{Common: defaultCommon(Snapshot, 60*Minute), Engine: "redis", Shards: 1, ReplicasPerShard: 1, MultiAZ: true,
			TransitEncryption: true, Auth: RedisToken, SnapshotRetentionDays: 7, Maintenance: Maintenance{AutoMinorVersionUpgrade: true},
			EvictionPolicy: "volatile-lru", Port: 6379}
	},
	Outputs: []Output{
		{Name: "endpoint", Type: Text, Doc: "the host name for reading and writing"},
		{Name: "readerEndpoint", Type: Text, Doc: "the host name for reading; with one shard only"},
		{Name: "port", Type: Number, Doc: "the port"},
		{Name: "password", Type: Text, Secret: true, Doc: "the password: a reference into secretArn; only with auth: token"},
		{Name: "secretArn", Type: Text, Doc: "the secret that holds the password; only with auth: token"},
		{Name: "id", Type: Text, Doc: "the id of the replication group"},
		{Name: "arn", Type: Text, Doc: "the ARN of the replication group"},
		{Name: "securityGroupId", Type: Text, Doc: "its security group"},
	},
	ReplaceOn: []string{"port", "kmsKey", "transitEncryption"},
})

// Lacks says why the spec does not have one of its kind's outputs; empty when it has.
func (e *ElastiCacheRedis) Lacks(output string) string {
	switch {
	case output == "readerEndpoint" && e.Shards > 1:
		return "it has more than one shard"
	case (output == "password" || output == "secretArn") && e.Auth != RedisToken:
		return "its auth is not token"
	}
	return ""
}

// Check keeps the rules over several fields.
func (e *ElastiCacheRedis) Check(k *Checker) {
	e.Common.check(k)
	if e.MultiAZ && e.ReplicasPerShard == 0 {
		k.Errorf(CodeCache, "replicasPerShard", "multiAZ needs at least one copy per shard").WithHint("write 1 or more, or multiAZ: false")
	}
	if e.Auth == RedisToken && !e.TransitEncryption {
		k.Errorf(CodeCache, "transitEncryption", "a password may not cross the network in clear").WithHint("write true")
	}
	if e.Engine == "valkey" && e.Version != "" && (e.Version < "7.2" || e.Version[0] == '1') && len(e.Version) > 1 && e.Version[1] == '.' {
		k.Errorf(CodeCache, "version", "there is no valkey %s", e.Version).WithHint("valkey begins with 7.2")
	}
	if e.Engine == "redis" && len(e.Version) > 1 && e.Version[1] == '.' && e.Version[0] > '7' {
		k.Errorf(CodeCache, "version", "ElastiCache has no redis %s", e.Version).WithHint("use 7.1, or engine: valkey")
	}
	k.only("snapshotWindow", e.SnapshotWindow != "", e.SnapshotRetentionDays > 0, "snapshotRetentionDays is more than 0")
	k.checkKey("kmsKey", e.KMSKey)
}

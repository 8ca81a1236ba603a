package resource

// AWSMemoryDB is a database that speaks Redis and keeps every write.
type AWSMemoryDB struct {
	Common
	// the engine: redis, or valkey, its open successor
	Engine string `json:"engine" jsonschema:"enum=redis,enum=valkey"`
	// the engine's version, as in 7.1
	Version string `json:"version" jsonschema:"required,pattern=^[0-9]+\\.[0-9]+$" jsonschema_extras:"scalar=true"`
	// the size of each node, as in db.r7g.large
	NodeType string `json:"nodeType" jsonschema:"required,pattern=^db\\.[a-z0-9]+\\.[a-z0-9]+$"`
	// over how many shards the keys are spread
	Shards int `json:"shards" jsonschema:"minimum=1,maximum=500"`
	// how many copies each shard has beside its primary
	ReplicasPerShard int `json:"replicasPerShard" jsonschema:"minimum=0,maximum=5"`
	// the user that is made; its password is kept in Secrets Manager
	Username string `json:"username" jsonschema:"pattern=^[a-z][a-z0-9-]{0\\,39}$"`
	// what the user may do, as a Redis ACL
	Access string `json:"access" jsonschema:"minLength=2,maxLength=500"`
	// the KMS key of data, which is always encrypted; without it the environment's own, or AWS's
	KMSKey ARN `json:"kmsKey,omitempty"`
	// how many days snapshots are kept; 0 takes none
	SnapshotRetentionDays int `json:"snapshotRetentionDays" jsonschema:"minimum=0,maximum=35"`
	// when snapshots are taken, in UTC, as in 03:00-04:00
	SnapshotWindow DayWindow `json:"snapshotWindow,omitempty"`
	// when AWS may work on it
	Maintenance Maintenance `json:"maintenance"`
	// parameters of the engine, in a parameter group of its own
	Parameters map[string]string `json:"parameters,omitempty" jsonschema_extras:"scalar=true"`
	// the port
	Port int `json:"port" jsonschema:"minimum=1,maximum=65535"`
}

// KindAWSMemoryDB is a database that speaks Redis.
var KindAWSMemoryDB = register(Definition{
	Kind: "AWSMemoryDB", APIVersion: ComponentsV1, Family: Cache, Revision: 1, Networked: true, Stateful: true,
	Summary: "A MemoryDB cluster: speaks Redis, keeps every write, encrypted, with a user and snapshots.",
	New: func() Spec {
		return &AWSMemoryDB{Common: defaultCommon(Snapshot, 60*Minute), Engine: "redis", Shards: 1, ReplicasPerShard: 1, Username: "app",
			Access: "on ~* &* +@all -@dangerous", SnapshotRetentionDays: 7, Maintenance: Maintenance{AutoMinorVersionUpgrade: true}, Port: 6379}
	},
	Outputs: []Output{
		{Name: "endpoint", Type: Text, Doc: "the host name that clients ask for the nodes"},
		{Name: "port", Type: Number, Doc: "the port"},
		{Name: "username", Type: Text, Doc: "the user"},
		{Name: "password", Type: Text, Secret: true, Doc: "the user's password: a reference into secretArn"},
		{Name: "secretArn", Type: Text, Doc: "the secret that holds username and password, as JSON"},
		{Name: "id", Type: Text, Doc: "the cluster's name"},
		{Name: "arn", Type: Text, Doc: "the cluster's ARN"},
		{Name: "securityGroupId", Type: Text, Doc: "its security group"},
	},
	ReplaceOn: []string{"engine", "port", "kmsKey"},
})

// Check keeps the rules over several fields.
func (m *AWSMemoryDB) Check(k *Checker) {
	m.Common.check(k)
	if m.Username == "default" {
		k.Errorf(CodeCache, "username", "%q is a name that the engine keeps for itself", m.Username).WithHint("choose another, as in app")
	}
	if m.ReplicasPerShard == 0 && k.environment != nil {
		k.Warnf(CodeCache, "replicasPerShard", "a shard without a copy is not reachable while its node is replaced").WithHint("write 1 or more")
	}
	k.only("snapshotWindow", m.SnapshotWindow != "", m.SnapshotRetentionDays > 0, "snapshotRetentionDays is more than 0")
	k.checkKey("kmsKey", m.KMSKey)
}

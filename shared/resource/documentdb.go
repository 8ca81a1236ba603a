package resource

import "strings"

// DocumentDB is a cluster that speaks MongoDB.
type DocumentDB struct {
	Common
	// the engine's version, as in 5.0.0
	Version string `json:"version" jsonschema:"required,pattern=^[0-9]+\\.[0-9]+(\\.[0-9]+)?$" jsonschema_extras:"scalar=true"`
	// the size of each instance, as in db.r6g.large
	InstanceClass string `json:"instanceClass" jsonschema:"required,pattern=^db\\.[a-z0-9]+\\.[a-z0-9]+$"`
	// how many instances the cluster has, the writer among them
	Instances int `json:"instances" jsonschema:"minimum=1,maximum=16"`
	// the name of the master user; its password is made and rotated in Secrets Manager and stands nowhere else
	Username string `json:"username" jsonschema:"pattern=^[A-Za-z][A-Za-z0-9_]{0\\,62}$"`
	// the port
	Port int `json:"port" jsonschema:"minimum=1150,maximum=65535"`
	// automatic backups
	Backup Backup `json:"backup"`
	// when AWS may work on it
	Maintenance Maintenance `json:"maintenance"`
	// refuses connections without TLS
	RequireTLS bool `json:"requireTLS"`
	// refuses to be deleted, on AWS's side
	DeletionProtection bool `json:"deletionProtection"`
	// the KMS key of data and backups; without it the environment's own, or AWS's
	KMSKey ARN `json:"kmsKey,omitempty"`
	// parameters of the engine, in a parameter group of its own
	Parameters map[string]string `json:"parameters,omitempty" jsonschema_extras:"scalar=true"`
	// the logs that are sent to CloudWatch
	LogExports []string `json:"logExports,omitempty" jsonschema:"uniqueItems=true,enum=audit,enum=profiler"`
	// standard pays for I/O, ioOptimized does not
	StorageType string `json:"storageType" jsonschema:"enum=standard,enum=ioOptimized"`
	// makes changes that need a restart at once, not in the maintenance window
	ApplyImmediately bool `json:"applyImmediately,omitempty"`
	// allows a change of version to a new major one
	AllowMajorVersionUpgrade bool `json:"allowMajorVersionUpgrade,omitempty"`
	// the snapshot that the cluster begins with
	SnapshotIdentifier string `json:"snapshotIdentifier,omitempty" jsonschema:"maxLength=255"`
}

// KindDocumentDB is a cluster that speaks MongoDB.
var KindDocumentDB = register(Definition{
	Kind: "DocumentDB", APIVersion: ComponentsV1, Family: Data, Revision: 1, Networked: true, Stateful: true,
	Summary: "A DocumentDB cluster, which speaks MongoDB, in several zones, encrypted and backed up.",
	New: func() Spec {
		return &DocumentDB{Common: defaultCommon(Snapshot, 90*Minute), Instances: 2, Username: "dbadmin", Port: 27017,
			Backup: Backup{RetentionDays: 14}, Maintenance: Maintenance{AutoMinorVersionUpgrade: true}, RequireTLS: true,
			DeletionProtection: true, LogExports: []string{}, StorageType: "standard"}
	},
	Outputs:   databaseOutputs(),
	ReplaceOn: []string{"username", "port", "kmsKey", "snapshotIdentifier"},
})

// Check keeps the rules over several fields.
func (d *DocumentDB) Check(k *Checker) {
	d.Common.check(k)
	if reservedUsers[strings.ToLower(d.Username)] {
		k.Errorf(CodeDatabase, "username", "%q is a name that the engine keeps for itself", d.Username).WithHint("choose another, as in dbadmin")
	}
	if d.Backup.RetentionDays == 0 {
		k.Errorf(CodeDatabase, "backup.retentionDays", "DocumentDB keeps backups for at least one day").WithHint("write 1 to 35")
	}
	if class := family(d.InstanceClass); class != "" && class[0] != 'r' && class != "t3" && class != "t4g" {
		k.Errorf(CodeDatabase, "instanceClass", "DocumentDB does not run on %s", d.InstanceClass).WithHint("use a db.r class, db.t3 or db.t4g")
	}
	k.checkKey("kmsKey", d.KMSKey)
}

package resource

import (
	"regexp"
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

// CodeDatabase is the code of rules about databases.
const CodeDatabase diag.Code = "database"

// RDS is a relational database: one instance with a standby, or an Aurora cluster.
type RDS struct {
	Common
	// the engine
	Engine RDSEngine `json:"engine" jsonschema:"required,enum=postgres,enum=mysql,enum=mariadb,enum=aurora-postgresql,enum=aurora-mysql"`
	// the engine's version, as in 16.4 or 8.0; without a minor part AWS chooses it
	Version string `json:"version" jsonschema:"required,pattern=^[0-9]+(\\.[0-9a-z_]+)*$" jsonschema_extras:"scalar=true"`
	// the size of each instance, as in db.r7g.large; db.serverless for Aurora Serverless v2
	InstanceClass string `json:"instanceClass" jsonschema:"required,pattern=^db\\.(serverless|[a-z0-9]+\\.[a-z0-9]+)$"`
	// how many instances an Aurora cluster has, the writer among them
	Instances int `json:"instances,omitempty" jsonschema:"minimum=1,maximum=16"`
	// the capacity of Aurora Serverless v2, in ACUs
	Serverless *AuroraCapacity `json:"serverless,omitempty"`
	// keeps a standby in another zone; an Aurora cluster has its other instances instead
	MultiAZ bool `json:"multiAZ"`
	// how many read replicas an instance has; an Aurora cluster has its other instances instead
	ReadReplicas int `json:"readReplicas,omitempty" jsonschema:"minimum=0,maximum=15"`
	// the name of the database that is created at first; none without it
	Database string `json:"database,omitempty" jsonschema:"pattern=^[A-Za-z][A-Za-z0-9_]{0\\,62}$"`
	// the name of the master user; its password is made and rotated in Secrets Manager and stands nowhere else
	Username string `json:"username" jsonschema:"pattern=^[A-Za-z][A-Za-z0-9_]{0\\,15}$"`
	// how often the master password is exchanged
	PasswordRotation Duration `json:"passwordRotation"`
	// lets users sign in with IAM
	IAMAuthentication bool `json:"iamAuthentication"`
	// the port; 0 is the engine's own: 5432 or 3306
	Port int `json:"port,omitempty" jsonschema:"minimum=1150,maximum=65535"`
	// the disk; an Aurora cluster grows by itself
	Storage DatabaseStorage `json:"storage"`
	// automatic backups
	Backup Backup `json:"backup"`
	// when AWS may work on it
	Maintenance Maintenance `json:"maintenance"`
	// refuses connections without TLS
	RequireTLS bool `json:"requireTLS"`
	// refuses to be deleted, on AWS's side
	DeletionProtection bool `json:"deletionProtection"`
	// the KMS key of data, backups and insights; without it the environment's own, or AWS's
	KMSKey ARN `json:"kmsKey,omitempty"`
	// parameters of the engine, in a parameter group of its own
	Parameters map[string]string `json:"parameters,omitempty" jsonschema_extras:"scalar=true"`
	// the logs that are sent to CloudWatch, as in postgresql, upgrade, error, slowquery, audit
	LogExports []string `json:"logExports,omitempty" jsonschema:"uniqueItems=true"`
	// keeps a week of query statistics
	PerformanceInsights bool `json:"performanceInsights"`
	// the distance between two measurements of the operating system; 0 takes none
	MonitoringInterval Duration `json:"monitoringInterval"`
	// allows a change of version to a new major one
	AllowMajorVersionUpgrade bool `json:"allowMajorVersionUpgrade,omitempty"`
	// makes changes that need a restart at once, not in the maintenance window
	ApplyImmediately bool `json:"applyImmediately,omitempty"`
	// the snapshot that the database begins with
	SnapshotIdentifier string `json:"snapshotIdentifier,omitempty" jsonschema:"maxLength=255"`
	// gives it an address that the internet can reach
	PubliclyAccessible bool `json:"publiclyAccessible,omitempty"`
	// addresses that may connect, beside the components that refer to it
	AllowedCIDRs []CIDR `json:"allowedCidrs,omitempty" jsonschema:"uniqueItems=true"`
}

// RDSEngine is a database engine.
type RDSEngine string

// The engines.
const (
	Postgres       RDSEngine = "postgres"
	MySQL          RDSEngine = "mysql"
	MariaDB        RDSEngine = "mariadb"
	AuroraPostgres RDSEngine = "aurora-postgresql"
	AuroraMySQL    RDSEngine = "aurora-mysql"
)

// IsAurora reports whether the engine runs as a cluster.
func (e RDSEngine) IsAurora() bool { return strings.HasPrefix(string(e), "aurora") }

// DefaultPort is the port that the engine listens on.
func (e RDSEngine) DefaultPort() int {
	if e == Postgres || e == AuroraPostgres {
		return 5432
	}
	return 3306
}

// EffectivePort is the port given, or the engine's own.
func (r *RDS) EffectivePort() int {
	if r.Port != 0 {
		return r.Port
	}
	return r.Engine.DefaultPort()
}

// AuroraCapacity bounds Aurora Serverless v2, in ACUs of about 2 GiB each.
type AuroraCapacity struct {
	// the least capacity; 0 lets it pause
	Min float64 `json:"min" jsonschema:"required,minimum=0,maximum=256,multipleOf=0.5"`
	// the greatest capacity
	Max float64 `json:"max" jsonschema:"required,minimum=1,maximum=256,multipleOf=0.5"`
}

// DatabaseStorage is the disk of a database; it is always encrypted.
type DatabaseStorage struct {
	// the size in GiB
	Size int `json:"size" jsonschema:"minimum=20,maximum=65536"`
	// how far it may grow by itself, in GiB; 0 keeps it as it is
	MaxSize int `json:"maxSize,omitempty" jsonschema:"minimum=22,maximum=65536"`
	// the type of the disk
	Type string `json:"type" jsonschema:"enum=gp3,enum=io2"`
	// operations per second; needed for io2
	IOPS int `json:"iops,omitempty" jsonschema:"minimum=1000,maximum=256000"`
	// MiB per second, for gp3 from 400 GiB
	Throughput int `json:"throughput,omitempty" jsonschema:"minimum=125,maximum=4000"`
}

// Backup is about automatic backups.
type Backup struct {
	// how many days they are kept
	RetentionDays int `json:"retentionDays" jsonschema:"minimum=0,maximum=35"`
	// when they are taken, in UTC, as in 03:00-04:00; without it AWS chooses
	Window DayWindow `json:"window,omitempty"`
}

// Maintenance is about AWS's own work.
type Maintenance struct {
	// when, in UTC, as in sun:04:30-sun:05:30; without it AWS chooses
	Window WeekWindow `json:"window,omitempty"`
	// installs new minor versions
	AutoMinorVersionUpgrade bool `json:"autoMinorVersionUpgrade"`
}

// KindRDS is a relational database.
var KindRDS = register(Definition{
	Kind: "RDS", APIVersion: ComponentsV1, Family: Data, Revision: 1, Networked: true, Stateful: true,
	Summary: "A relational database: PostgreSQL, MySQL or MariaDB with a standby, or an Aurora cluster.",
	New: func() Spec {
		return &RDS{
			Common: defaultCommon(Snapshot, 90*Minute), MultiAZ: true, Username: "dbadmin", PasswordRotation: 30 * Day, IAMAuthentication: true,
			Storage: DatabaseStorage{Size: 50, Type: "gp3"}, Backup: Backup{RetentionDays: 14},
			Maintenance: Maintenance{AutoMinorVersionUpgrade: true}, RequireTLS: true, DeletionProtection: true,
			PerformanceInsights: true, MonitoringInterval: Minute,
		}
	},
	Outputs: append(databaseOutputs(),
		Output{Name: "database", Type: Text, Doc: "the name of the first database; only with database"},
	),
	ReplaceOn: []string{"engine", "database", "username", "kmsKey", "snapshotIdentifier"},
})

func databaseOutputs() []Output {
	return []Output{
		{Name: "endpoint", Type: Text, Doc: "the host name for reading and writing"},
		{Name: "readerEndpoint", Type: Text, Doc: "the host name for reading; that of endpoint where there are no readers"},
		{Name: "port", Type: Number, Doc: "the port"},
		{Name: "username", Type: Text, Doc: "the master user"},
		{Name: "password", Type: Text, Secret: true, Doc: "the master user's password: a reference into secretArn"},
		{Name: "secretArn", Type: Text, Doc: "the secret that holds username and password, as JSON"},
		{Name: "id", Type: Text, Doc: "the identifier of the instance or cluster"},
		{Name: "arn", Type: Text, Doc: "the ARN of the instance or cluster"},
		{Name: "securityGroupId", Type: Text, Doc: "its security group"},
	}
}

// Lacks says why the spec does not have one of its kind's outputs; empty when it has.
func (r *RDS) Lacks(output string) string {
	if output == "database" && r.Database == "" {
		return "its database has no name"
	}
	return ""
}

// reservedUsers are names that an engine keeps for itself.
var reservedUsers = map[string]bool{"admin": true, "rdsadmin": true, "root": true, "postgres": false, "rds_superuser": true, "mysql": true, "public": true}

// Check keeps the rules over several fields.
func (r *RDS) Check(k *Checker) {
	r.Common.check(k)
	if r.Engine.IsAurora() {
		r.checkAurora(k)
	} else {
		r.checkInstance(k)
	}
	if reservedUsers[strings.ToLower(r.Username)] {
		k.Errorf(CodeDatabase, "username", "%q is a name that the engine keeps for itself", r.Username).WithHint("choose another, as in dbadmin")
	}
	k.between("passwordRotation", r.PasswordRotation, Day, 365*Day)
	checkMonitoring(k, r.MonitoringInterval)
	if r.PubliclyAccessible {
		k.Warnf("public", "publiclyAccessible", "the database gets an address that the internet can reach").WithHint("reach it through the network instead")
	}
	for i, cidr := range r.AllowedCIDRs {
		if cidr.IsAnywhere() {
			k.Errorf(CodePublic, indexed("allowedCidrs", i), "%s lets everybody connect", cidr).WithHint("name the networks that need to")
		}
	}
	checkProduction(k, r.Backup.RetentionDays)
	k.checkKey("kmsKey", r.KMSKey)
}

func (r *RDS) checkAurora(k *Checker) {
	serverless := r.InstanceClass == "db.serverless"
	k.need("serverless", r.Serverless != nil, serverless, "db.serverless has to know its capacity")
	k.only("serverless", r.Serverless != nil, serverless, "instanceClass is db.serverless")
	if s := r.Serverless; s != nil && s.Min > s.Max {
		k.Errorf(CodeDatabase, "serverless.min", "min (%g) is greater than max (%g)", s.Min, s.Max).WithHint("exchange them")
	}
	if class := family(r.InstanceClass); !serverless && auroraLacks(class) {
		k.Errorf(CodeDatabase, "instanceClass", "Aurora does not run on %s", r.InstanceClass).WithHint("use a db.r class, db.t3, db.t4g or db.serverless")
	}
	k.only("readReplicas", r.ReadReplicas != 0, false, "the engine is no aurora one; an Aurora cluster has instances")
	k.only("storage", k.Wrote("storage"), false, "the engine is no aurora one; an Aurora cluster grows by itself")
	if r.Backup.RetentionDays == 0 {
		k.Errorf(CodeDatabase, "backup.retentionDays", "Aurora keeps backups for at least one day").WithHint("write 1 to 35")
	}
}

var family = func(class string) string {
	parts := strings.Split(class, ".")
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}

var auroraClass = regexp.MustCompile(`^(r[0-9]+[a-z]*|x[0-9]+[a-z]*|t3|t4g|serverless)$`)

func auroraLacks(class string) bool { return class != "" && !auroraClass.MatchString(class) }

func (r *RDS) checkInstance(k *Checker) {
	k.only("instances", r.Instances != 0, false, "the engine is an aurora one; use multiAZ and readReplicas")
	k.only("serverless", r.Serverless != nil, false, "the engine is an aurora one")
	if r.InstanceClass == "db.serverless" {
		k.Errorf(CodeDatabase, "instanceClass", "only Aurora runs on db.serverless").WithHint("write an instance class such as db.m7g.large")
	}
	if r.Engine != Postgres && !strings.Contains(r.Version, ".") {
		k.Errorf(CodeDatabase, "version", "%s has no release %s alone: the second number belongs to it", r.Engine, r.Version).
			WithHint("write it in full, as in 8.4 of mysql or 11.4 of mariadb")
	}
	s := r.Storage
	if s.MaxSize != 0 && s.MaxSize*10 < s.Size*11 {
		k.Errorf(CodeDatabase, "storage.maxSize", "%d GiB leaves a disk of %d GiB too little room to grow", s.MaxSize, s.Size).
			WithHint("AWS wants at least a tenth more: %d", (s.Size*11+9)/10)
	}
	k.need("storage.iops", s.IOPS != 0, s.Type == "io2", "an io2 disk has to know its operations per second")
	if s.Type == "gp3" && s.Size < 400 {
		k.only("storage.iops", s.IOPS != 0, false, "the disk is io2, or gp3 of 400 GiB or more")
		k.only("storage.throughput", s.Throughput != 0, false, "the disk is gp3 of 400 GiB or more")
	}
	if r.ReadReplicas > 0 && r.Backup.RetentionDays == 0 {
		k.Errorf(CodeDatabase, "backup.retentionDays", "read replicas need automatic backups").WithHint("write 1 to 35")
	}
	if r.Engine == MariaDB && k.Wrote("iamAuthentication") && r.IAMAuthentication && strings.HasPrefix(r.Version, "10.5") {
		k.Errorf(CodeDatabase, "iamAuthentication", "MariaDB signs users in with IAM from 10.6 on").WithHint("raise version, or write false")
	}
}

// EffectiveInstances is how many instances an Aurora cluster has: two unless said otherwise, one without multiAZ.
func (r *RDS) EffectiveInstances() int {
	switch {
	case r.Instances > 0:
		return r.Instances
	case r.MultiAZ:
		return 2
	}
	return 1
}

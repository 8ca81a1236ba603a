package provision

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/rds"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// database is what instances and clusters of RDS have in common.
type database struct {
	spec       *resource.RDS
	name       string
	subnets    *rds.SubnetGroup
	group      *ec2.SecurityGroup
	monitoring pulumi.StringPtrInput // role that measures the operating system; nil without
}

const masterPassword = "secret for the master user's password"

func relational(p *program, spec *resource.RDS) error {
	db, err := p.databaseParts(spec)
	if err != nil {
		return err
	}
	p.output("port", pulumi.Int(spec.EffectivePort()))
	p.output("username", pulumi.String(spec.Username))
	p.output("securityGroupId", db.group.ID())
	if spec.Database != "" {
		p.output("database", pulumi.String(spec.Database))
	}
	if spec.Engine.IsAurora() {
		return p.aurora(db)
	}
	return p.databaseInstance(db)
}

// databaseParts makes what must be there before the database: where it lives and who may reach it.
func (p *program) databaseParts(spec *resource.RDS) (*database, error) {
	net, err := p.network()
	if err != nil {
		return nil, err
	}
	db := &database{spec: spec, name: p.name(maxDatabaseName, "")}
	subnets := net.privateSubnets
	if spec.PubliclyAccessible {
		if subnets, err = net.internetSubnets(); err != nil {
			return nil, err
		}
	}
	if db.subnets, err = rds.NewSubnetGroup(p.Context, "subnets", &rds.SubnetGroupArgs{Name: pulumi.String(db.name),
		SubnetIds:   texts(subnets...),
		Description: pulumi.String("subnets of " + p.order.Address.Short())}); err != nil {
		return nil, err
	}
	if db.group, err = p.group(net.vpcID, "database "+p.order.Address.Short()); err != nil {
		return nil, err
	}
	if err := p.admitPods(db.group.ID(), net, spec.EffectivePort(), spec.EffectivePort()); err != nil {
		return nil, err
	}
	for i, cidr := range spec.AllowedCIDRs {
		if err := p.admit(fmt.Sprintf("allowed-%d", i+1), db.group.ID(), "tcp", spec.EffectivePort(), string(cidr),
			"allowed by the author"); err != nil {
			return nil, err
		}
	}
	if spec.MonitoringInterval > 0 {
		role, err := p.role("monitoring", "monitoring.rds.amazonaws.com",
			"measures the operating system of "+p.order.Address.Short(), nil)
		if err != nil {
			return nil, err
		}
		if err := p.attach("monitoring", role, "service-role/AmazonRDSEnhancedMonitoringRole"); err != nil {
			return nil, err
		}
		db.monitoring = role.Arn
	}
	return db, nil
}

// parameterFamily is what RDS calls the engine's parameters in a version: postgres16, mysql8.0, aurora-postgresql16.
func parameterFamily(engine resource.RDSEngine, version string) string {
	parts := strings.Split(version, ".")
	if engine == resource.Postgres || engine == resource.AuroraPostgres || len(parts) < 2 {
		return string(engine) + parts[0]
	}
	return string(engine) + parts[0] + "." + parts[1]
}

// parameter is one setting of an engine and how it takes effect.
type parameter struct{ name, value, method string }

// parameters are the author's, and the one that refuses connections without TLS. That one can be changed while the engine
// runs; of others this is not known, and so they wait for a restart.
func (db *database) parameters() []parameter {
	var all []parameter
	for _, name := range sortedKeys(db.spec.Parameters) {
		all = append(all, parameter{name, db.spec.Parameters[name], "pending-reboot"})
	}
	if !db.spec.RequireTLS {
		return all
	}
	tls := parameter{"require_secure_transport", "ON", "immediate"}
	if strings.Contains(string(db.spec.Engine), "postgres") {
		tls = parameter{"rds.force_ssl", "1", "immediate"}
	}
	if !slices.ContainsFunc(all, func(p parameter) bool { return p.name == tls.name }) {
		all = append(all, tls)
	}
	return all
}

// finalSnapshot is the name of the snapshot that is taken when the database is deleted. For a deletion that deployer
// carries out it holds the run, since an older snapshot may have the other name.
func (p *program) finalSnapshot(limit int) pulumi.StringPtrInput {
	if !p.dismantle {
		return pulumi.String(p.name(limit, "final"))
	}
	return pulumi.String(p.name(limit, "final", p.order.Run))
}

// skipSnapshot reports whether the component's data goes without a last snapshot.
func (p *program) skipSnapshot() bool {
	return p.dismantle && p.common.DeletionPolicy == resource.Delete
}

func (p *program) databaseInstance(db *database) error {
	spec := db.spec
	family := parameterFamily(spec.Engine, spec.Version)
	group, err := rds.NewParameterGroup(p.Context, "parameters", &rds.ParameterGroupArgs{
		Name: pulumi.String(p.name(maxDatabaseName, "", family)), Family: pulumi.String(family),
		Description: pulumi.String("parameters of " + p.order.Address.Short()),
		Parameters:  instanceParameters(db.parameters())})
	if err != nil {
		return err
	}
	arguments := p.instanceArguments(db, db.name)
	arguments.ParameterGroupName = group.Name
	arguments.Username, arguments.ManageMasterUserPassword = pulumi.String(spec.Username), pulumi.Bool(true)
	arguments.MasterUserSecretKmsKeyId = p.key(spec.KMSKey)
	arguments.DbName, arguments.DbSubnetGroupName = p.optional(spec.Database), db.subnets.Name
	arguments.BackupRetentionPeriod, arguments.BackupWindow = pulumi.Int(spec.Backup.RetentionDays),
		p.optional(string(spec.Backup.Window))
	arguments.MultiAz, arguments.SnapshotIdentifier = pulumi.Bool(spec.MultiAZ), p.optional(spec.SnapshotIdentifier)
	arguments.DeletionProtection = pulumi.Bool(spec.DeletionProtection && !p.dismantle)
	arguments.SkipFinalSnapshot, arguments.FinalSnapshotIdentifier = pulumi.Bool(p.skipSnapshot()),
		p.finalSnapshot(maxDatabaseName)
	instance, err := rds.NewInstance(p.Context, "database", arguments, p.guard(), p.patience(), p.afterGrants())
	if err != nil {
		return err
	}
	reader, err := p.readReplicas(db, instance)
	if err != nil {
		return err
	}
	p.output("endpoint", instance.Address)
	p.output("readerEndpoint", reader)
	p.output("id", instance.Identifier)
	p.output("arn", instance.Arn)
	if err := p.databaseAlarms("DBInstanceIdentifier", db.name, spec.Storage.Size); err != nil {
		return err
	}
	secret := instance.MasterUserSecrets.ApplyT(func(all []rds.InstanceMasterUserSecret) (string, error) {
		return first(all, masterPassword, func(s rds.InstanceMasterUserSecret) *string { return s.SecretArn })
	}).(pulumi.StringOutput)
	return p.masterSecret(secret, spec)
}

// instanceArguments are those of an instance and of its read replicas alike.
func (p *program) instanceArguments(db *database, identifier string) *rds.InstanceArgs {
	spec := db.spec
	arguments := &rds.InstanceArgs{
		Identifier: pulumi.String(identifier), Engine: pulumi.String(string(spec.Engine)),
		EngineVersion: pulumi.String(spec.Version),
		InstanceClass: pulumi.String(spec.InstanceClass), AllocatedStorage: pulumi.Int(spec.Storage.Size),
		StorageType:      pulumi.String(spec.Storage.Type),
		StorageEncrypted: pulumi.Bool(true), KmsKeyId: p.key(spec.KMSKey),
		VpcSecurityGroupIds: pulumi.StringArray{db.group.ID()},
		Port:                pulumi.Int(spec.EffectivePort()), PubliclyAccessible: pulumi.Bool(spec.PubliclyAccessible),
		CopyTagsToSnapshot:               pulumi.Bool(true),
		IamDatabaseAuthenticationEnabled: pulumi.Bool(spec.IAMAuthentication),
		AutoMinorVersionUpgrade:          pulumi.Bool(spec.Maintenance.AutoMinorVersionUpgrade),
		AllowMajorVersionUpgrade:         pulumi.Bool(spec.AllowMajorVersionUpgrade),
		ApplyImmediately:                 pulumi.Bool(spec.ApplyImmediately),
		MaintenanceWindow:                p.optional(string(spec.Maintenance.Window)),
		EnabledCloudwatchLogsExports:     texts(spec.LogExports...),
		MonitoringInterval:               pulumi.Int(int(spec.MonitoringInterval.Seconds())),
		MonitoringRoleArn:                db.monitoring,
		PerformanceInsightsEnabled:       pulumi.Bool(spec.PerformanceInsights), DeleteAutomatedBackups: pulumi.Bool(false),
	}
	if spec.PerformanceInsights {
		arguments.PerformanceInsightsRetentionPeriod, arguments.PerformanceInsightsKmsKeyId = pulumi.Int(7),
			p.key(spec.KMSKey)
	}
	if spec.Storage.MaxSize > 0 {
		arguments.MaxAllocatedStorage = pulumi.Int(spec.Storage.MaxSize)
	}
	if spec.Storage.IOPS > 0 {
		arguments.Iops = pulumi.Int(spec.Storage.IOPS)
	}
	if spec.Storage.Throughput > 0 {
		arguments.StorageThroughput = pulumi.Int(spec.Storage.Throughput)
	}
	return arguments
}

// readReplicas makes the copies that are read from, and returns the host name for reading.
func (p *program) readReplicas(db *database, of *rds.Instance) (pulumi.StringOutput, error) {
	reader := of.Address
	for i := range db.spec.ReadReplicas {
		name := fmt.Sprintf("replica-%d", i+1)
		arguments := p.instanceArguments(db, p.name(maxDatabaseName, name))
		arguments.ReplicateSourceDb = of.Identifier
		// These come from the source.
		arguments.AllocatedStorage, arguments.Engine, arguments.EngineVersion, arguments.KmsKeyId = nil, nil, nil, nil
		arguments.SkipFinalSnapshot = pulumi.Bool(true) // its data is the source's
		replica, err := rds.NewInstance(p.Context, name, arguments, p.patience(), p.afterGrants())
		if err != nil {
			return reader, err
		}
		if i == 0 {
			reader = replica.Address
		}
	}
	return reader, nil
}

// masterSecret offers the secret that RDS keeps for the master user, and sets how often RDS exchanges the password.
func (p *program) masterSecret(arn pulumi.StringOutput, spec *resource.RDS) error {
	_, err := secretsmanager.NewSecretRotation(p.Context, "rotation", &secretsmanager.SecretRotationArgs{SecretId: arn,
		RotateImmediately: pulumi.Bool(false), RotationRules: &secretsmanager.SecretRotationRotationRulesArgs{
			AutomaticallyAfterDays: pulumi.Int(int(spec.PasswordRotation.Days()))}})
	p.output("secretArn", arn)
	p.passwordOutput(arn)
	return err
}

func instanceParameters(all []parameter) rds.ParameterGroupParameterArray {
	var array rds.ParameterGroupParameterArray
	for _, p := range all {
		array = append(array, &rds.ParameterGroupParameterArgs{Name: pulumi.String(p.name),
			Value: pulumi.String(p.value), ApplyMethod: pulumi.String(p.method)})
	}
	return array
}

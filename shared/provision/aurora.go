package provision

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// aurora makes an Aurora cluster and its instances.
func (p *program) aurora(db *database) error {
	spec := db.spec
	family := parameterFamily(spec.Engine, spec.Version)
	group, err := rds.NewClusterParameterGroup(p.Context, "parameters", &rds.ClusterParameterGroupArgs{
		Name: pulumi.String(p.name(maxDatabaseName, "", family)), Family: pulumi.String(family),
		Description: pulumi.String("parameters of " + p.order.Address.Short()),
		Parameters:  clusterParameters(db.parameters())})
	if err != nil {
		return err
	}
	arguments := &rds.ClusterArgs{
		ClusterIdentifier: pulumi.String(db.name), Engine: pulumi.String(string(spec.Engine)),
		EngineVersion: pulumi.String(spec.Version),
		DatabaseName:  p.optional(spec.Database), MasterUsername: pulumi.String(spec.Username),
		ManageMasterUserPassword: pulumi.Bool(true),
		MasterUserSecretKmsKeyId: p.key(spec.KMSKey), StorageEncrypted: pulumi.Bool(true), KmsKeyId: p.key(spec.KMSKey),
		DbSubnetGroupName: db.subnets.Name, VpcSecurityGroupIds: pulumi.StringArray{db.group.ID()},
		DbClusterParameterGroupName:      group.Name,
		Port:                             pulumi.Int(spec.EffectivePort()),
		BackupRetentionPeriod:            pulumi.Int(spec.Backup.RetentionDays),
		PreferredBackupWindow:            p.optional(string(spec.Backup.Window)),
		PreferredMaintenanceWindow:       p.optional(string(spec.Maintenance.Window)),
		IamDatabaseAuthenticationEnabled: pulumi.Bool(spec.IAMAuthentication), CopyTagsToSnapshot: pulumi.Bool(true),
		AllowMajorVersionUpgrade:     pulumi.Bool(spec.AllowMajorVersionUpgrade),
		ApplyImmediately:             pulumi.Bool(spec.ApplyImmediately),
		EnabledCloudwatchLogsExports: texts(spec.LogExports...),
		SnapshotIdentifier:           p.optional(spec.SnapshotIdentifier),
		DeletionProtection:           pulumi.Bool(spec.DeletionProtection && !p.dismantle),
		DeleteAutomatedBackups:       pulumi.Bool(false),
		SkipFinalSnapshot:            pulumi.Bool(p.skipSnapshot()),
		FinalSnapshotIdentifier:      p.finalSnapshot(maxDatabaseName),
	}
	if spec.Serverless != nil {
		arguments.Serverlessv2ScalingConfiguration = &rds.ClusterServerlessv2ScalingConfigurationArgs{
			MinCapacity: pulumi.Float64(spec.Serverless.Min), MaxCapacity: pulumi.Float64(spec.Serverless.Max)}
	}
	cluster, err := rds.NewCluster(p.Context, "database", arguments, p.guard(), p.patience())
	if err != nil {
		return err
	}
	for i := range spec.EffectiveInstances() {
		name := fmt.Sprintf("instance-%d", i+1)
		if _, err := rds.NewClusterInstance(p.Context, name, p.clusterInstance(db, cluster, name), p.patience(),
			p.afterGrants()); err != nil {
			return err
		}
	}
	if err := p.databaseAlarms("DBClusterIdentifier", db.name, 0); err != nil {
		return err
	}
	p.output("endpoint", cluster.Endpoint)
	p.output("readerEndpoint", cluster.ReaderEndpoint)
	p.output("id", cluster.ClusterIdentifier)
	p.output("arn", cluster.Arn)
	return p.masterSecret(cluster.MasterUserSecrets.ApplyT(func(all []rds.ClusterMasterUserSecret) (string, error) {
		return first(all, masterPassword, func(s rds.ClusterMasterUserSecret) *string { return s.SecretArn })
	}).(pulumi.StringOutput), spec)
}

func (p *program) clusterInstance(db *database, cluster *rds.Cluster, name string) *rds.ClusterInstanceArgs {
	spec := db.spec
	arguments := &rds.ClusterInstanceArgs{
		Identifier: pulumi.String(p.name(maxDatabaseName, name)), ClusterIdentifier: cluster.ID(),
		Engine:        rds.EngineType(string(spec.Engine)),
		EngineVersion: cluster.EngineVersionActual, InstanceClass: pulumi.String(spec.InstanceClass),
		DbSubnetGroupName:       db.subnets.Name,
		PubliclyAccessible:      pulumi.Bool(spec.PubliclyAccessible),
		AutoMinorVersionUpgrade: pulumi.Bool(spec.Maintenance.AutoMinorVersionUpgrade),
		ApplyImmediately:        pulumi.Bool(spec.ApplyImmediately), CopyTagsToSnapshot: pulumi.Bool(true),
		MonitoringInterval: pulumi.Int(int(spec.MonitoringInterval.Seconds())), MonitoringRoleArn: db.monitoring,
		PerformanceInsightsEnabled: pulumi.Bool(spec.PerformanceInsights),
	}
	if spec.PerformanceInsights {
		arguments.PerformanceInsightsRetentionPeriod, arguments.PerformanceInsightsKmsKeyId = pulumi.Int(7),
			p.key(spec.KMSKey)
	}
	return arguments
}

func clusterParameters(all []parameter) rds.ClusterParameterGroupParameterArray {
	var array rds.ClusterParameterGroupParameterArray
	for _, p := range all {
		array = append(array, &rds.ClusterParameterGroupParameterArgs{Name: pulumi.String(p.name),
			Value: pulumi.String(p.value), ApplyMethod: pulumi.String(p.method)})
	}
	return array
}

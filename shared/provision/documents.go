package provision

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/docdb"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

func documents(p *program, spec *resource.DocumentDB) error {
	net, err := p.network()
	if err != nil {
		return err
	}
	name := p.name(maxDatabaseName, "")
	subnets, err := docdb.NewSubnetGroup(p.Context, "subnets", &docdb.SubnetGroupArgs{Name: pulumi.String(name),
		SubnetIds:   texts(net.privateSubnets...),
		Description: pulumi.String("subnets of " + p.order.Address.Short())})
	if err != nil {
		return err
	}
	group, err := p.group(net.vpcID, "documents "+p.order.Address.Short())
	if err != nil {
		return err
	}
	if err := p.admitPods(group.ID(), net, spec.Port, spec.Port); err != nil {
		return err
	}
	parameters, err := p.documentParameters(spec)
	if err != nil {
		return err
	}
	cluster, err := docdb.NewCluster(p.Context, "database", p.documentCluster(spec, name, subnets, group, parameters),
		p.guard(), p.patience())
	if err != nil {
		return err
	}
	for i := range spec.Instances {
		instance := fmt.Sprintf("instance-%d", i+1)
		if _, err := docdb.NewClusterInstance(p.Context, instance, &docdb.ClusterInstanceArgs{
			Identifier: pulumi.String(p.name(maxDatabaseName, instance)), ClusterIdentifier: cluster.ID(),
			InstanceClass:              pulumi.String(spec.InstanceClass),
			AutoMinorVersionUpgrade:    pulumi.Bool(spec.Maintenance.AutoMinorVersionUpgrade),
			ApplyImmediately:           pulumi.Bool(spec.ApplyImmediately),
			CopyTagsToSnapshot:         pulumi.Bool(true),
			PreferredMaintenanceWindow: p.optional(string(spec.Maintenance.Window)),
		}, p.patience()); err != nil {
			return err
		}
	}
	secret := cluster.MasterUserSecrets.ApplyT(func(all []docdb.ClusterMasterUserSecret) (string, error) {
		return first(all, masterPassword, func(s docdb.ClusterMasterUserSecret) *string { return s.SecretArn })
	}).(pulumi.StringOutput)
	p.output("endpoint", cluster.Endpoint)
	p.output("readerEndpoint", cluster.ReaderEndpoint)
	p.output("port", pulumi.Int(spec.Port))
	p.output("username", pulumi.String(spec.Username))
	p.output("secretArn", secret)
	p.passwordOutput(secret)
	p.output("id", cluster.ClusterIdentifier)
	p.output("arn", cluster.Arn)
	p.output("securityGroupId", group.ID())
	return p.documentAlarms(name)
}

func (p *program) documentCluster(spec *resource.DocumentDB, name string, subnets *docdb.SubnetGroup,
	group *ec2.SecurityGroup,
	parameters *docdb.ClusterParameterGroup) *docdb.ClusterArgs {
	storage := map[string]string{"standard": "standard", "ioOptimized": "iopt1"}
	return &docdb.ClusterArgs{
		ClusterIdentifier: pulumi.String(name), Engine: pulumi.String("docdb"),
		EngineVersion:  pulumi.String(spec.Version),
		MasterUsername: pulumi.String(spec.Username), ManageMasterUserPassword: pulumi.Bool(true),
		Port:             pulumi.Int(spec.Port),
		StorageEncrypted: pulumi.Bool(true), KmsKeyId: p.key(spec.KMSKey),
		StorageType:       pulumi.String(storage[spec.StorageType]),
		DbSubnetGroupName: subnets.Name, VpcSecurityGroupIds: pulumi.StringArray{group.ID()},
		DbClusterParameterGroupName:  parameters.Name,
		BackupRetentionPeriod:        pulumi.Int(spec.Backup.RetentionDays),
		PreferredBackupWindow:        p.optional(string(spec.Backup.Window)),
		PreferredMaintenanceWindow:   p.optional(string(spec.Maintenance.Window)),
		EnabledCloudwatchLogsExports: texts(spec.LogExports...),
		ApplyImmediately:             pulumi.Bool(spec.ApplyImmediately),
		AllowMajorVersionUpgrade:     pulumi.Bool(spec.AllowMajorVersionUpgrade),
		SnapshotIdentifier:           p.optional(spec.SnapshotIdentifier),
		DeletionProtection:           pulumi.Bool(spec.DeletionProtection && !p.dismantle),
		SkipFinalSnapshot:            pulumi.Bool(p.skipSnapshot()),
		FinalSnapshotIdentifier:      p.finalSnapshot(maxDatabaseName),
	}
}

// documentParameters are the author's, whether connections need TLS, and what the exported logs need to be written at all.
func (p *program) documentParameters(spec *resource.DocumentDB) (*docdb.ClusterParameterGroup, error) {
	parts := strings.Split(spec.Version, ".") // the family is docdb and the version's first two parts
	family := "docdb" + strings.Join(parts[:min(len(parts), 2)], ".")
	values := map[string]string{"tls": "disabled"}
	if spec.RequireTLS {
		values["tls"] = "enabled"
	}
	if slices.Contains(spec.LogExports, "audit") {
		values["audit_logs"] = "enabled"
	}
	if slices.Contains(spec.LogExports, "profiler") {
		values["profiler"] = "enabled"
	}
	maps.Copy(values, spec.Parameters)
	var array docdb.ClusterParameterGroupParameterArray
	for _, name := range sortedKeys(values) {
		array = append(array, &docdb.ClusterParameterGroupParameterArgs{Name: pulumi.String(name),
			Value:       pulumi.String(values[name]),
			ApplyMethod: pulumi.String("pending-reboot")})
	}
	return docdb.NewClusterParameterGroup(p.Context, "parameters", &docdb.ClusterParameterGroupArgs{
		Name: pulumi.String(p.name(maxLongName, "", family)), Family: pulumi.String(family), Parameters: array,
		Description: pulumi.String("parameters of " + p.order.Address.Short())})
}

func (p *program) documentAlarms(id string) error {
	return p.alarms(alarm{name: "cpu", about: "the use of the processor", namespace: "AWS/DocDB",
		metric:     "CPUUtilization",
		dimensions: pulumi.StringMap{"DBClusterIdentifier": pulumi.String(id)}, limit: "cpu"})
}

package catalog

import (
	"slices"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

func auroraClusters() []Type {
	return []Type{
		{
			Is: "rds.Cluster", ID: "{clusterIdentifier}", NameIn: "clusterIdentifier", NameMax: 63, Settles: 120e9,
			Replace: "availabilityZones clusterIdentifier clusterIdentifierPrefix clusterScalabilityType databaseName dbSubnetGroupName dbSystemId engine " +
				"engineMode kmsKeyId masterUsername restoreToPointInTime s3Import snapshotIdentifier sourceRegion storageEncrypted",
			Defaults: object{
				"backupRetentionPeriod": 1, "copyTagsToSnapshot": false, "deleteAutomatedBackups": true, "engineMode": "provisioned",
				"skipFinalSnapshot": false,
			},
			Enums: map[string]string{
				"engine":     "aurora-mysql aurora-postgresql mysql postgres neptune",
				"engineMode": "global parallelquery provisioned serverless",
			},
			Outputs: object{
				"arn": rdsARN + "cluster:{clusterIdentifier}", "clusterResourceId": "cluster-{HEX26}", "caCertificateValidTill": "",
				"endpoint":       "{clusterIdentifier}.cluster-{hex12}.{region}.rds.amazonaws.com",
				"readerEndpoint": "{clusterIdentifier}.cluster-ro-{hex12}.{region}.rds.amazonaws.com", "hostedZoneId": "Z{HEX13}",
				"engineVersionActual": "", "clusterMembers": list{}, "masterUserSecrets": list{}, "dbSubnetGroupName": "default",
				"preferredBackupWindow": "03:00-03:30", "preferredMaintenanceWindow": "sun:05:00-sun:05:30", "networkType": "IPV4",
				"availabilityZones": list{"{region}a", "{region}b", "{region}c"}, "engineLifecycleSupport": "open-source-rds-extended-support",
			},
			Refs: []string{
				"dbSubnetGroupName rds.SubnetGroup", "vpcSecurityGroupIds " + anyGroup, "dbClusterParameterGroupName rds.ClusterParameterGroup",
				"kmsKeyId kms.Key ~", "snapshotIdentifier rds.ClusterSnapshot ~",
			},
			Exists:  "DBClusterAlreadyExistsFault: DB Cluster already exists",
			Missing: "404 DBClusterNotFoundFault: DBCluster {ref} not found.",
			InUse: "InvalidDBClusterStateFault: Cluster cannot be deleted, it still contains DB instances in " +
				"non-deleting state.",
			Check: func(c *Checking) {
				c.atMostOne("masterPassword", "manageMasterUserPassword")
				if !c.given("snapshotIdentifier") && !c.given("replicationSourceIdentifier") && !c.given("restoreToPointInTime") && !c.given("masterUsername") {
					c.Failf("masterUsername", `"master_username": required field is not set`)
				}
			},
			Before: func(o *Op) error { databaseDefaults(o, "dbClusterParameterGroupName"); return nil },
			After:  func(o *Op) error { managedSecret(o, "rds!cluster"); return nil },
			OnDelete: finalSnapshot("InvalidParameterCombination: Cannot delete protected Cluster, please disable deletion protection and try again.",
				noFinalSnapshot, "rds.ClusterSnapshot", "dbClusterSnapshotIdentifier", "cluster-snapshot", "dbClusterIdentifier"),
		},
		clusterInstance("rds.ClusterInstance", "rds.Cluster", object{
			"networkType": "IPV4", "engineVersionActual": "{clusterIdentifier>engineVersionActual}", "dbParameterGroupName": "{clusterIdentifier>dbClusterParameterGroupName}",
			"engineVersion": "{clusterIdentifier>engineVersion}", "dbSubnetGroupName": "{clusterIdentifier>dbSubnetGroupName}",
		}, object{"autoMinorVersionUpgrade": true, "copyTagsToSnapshot": false, "monitoringInterval": 0, "promotionTier": 0, "forceDestroy": false}),
		{
			Is:      "rds.ClusterSnapshot",
			ID:      "{dbClusterSnapshotIdentifier}",
			Replace: "dbClusterIdentifier dbClusterSnapshotIdentifier",
			Settles: 120e9,
			Outputs: object{
				"dbClusterSnapshotArn": rdsARN + "cluster-snapshot:{dbClusterSnapshotIdentifier}", "status": "available", "snapshotType": "manual",
				"allocatedStorage": 1, "availabilityZones": list{}, "engine": "", "engineVersion": "", "kmsKeyId": "", "licenseModel": "", "port": 0,
				"sourceDbClusterSnapshotArn": "", "storageEncrypted": false, "vpcId": "",
			},
			Refs: []string{"dbClusterIdentifier rds.Cluster|docdb.Cluster ?"},
			Exists: "DBClusterSnapshotAlreadyExistsFault: Cannot create the cluster snapshot because one with " +
				"the identifier {dbClusterSnapshotIdentifier} already exists.",
			Missing: "404 DBClusterSnapshotNotFoundFault: DBClusterSnapshot not found: {ref}",
		},
	}
}

// clusterInstance is one instance of an Aurora or DocumentDB cluster. The first one writes.
func clusterInstance(is, cluster string, outputs, defaults object) Type {
	all := object{
		"arn": rdsARN + "db:{identifier}", "dbiResourceId": "db-{HEX26}", "endpoint": "{identifier}.{hex12}.{region}.rds.amazonaws.com",
		"port": "", "kmsKeyId": "{clusterIdentifier>kmsKeyId}", "storageEncrypted": false, "writer": false, "availabilityZone": "{region}a",
		"caCertIdentifier": "rds-ca-rsa2048-g1", "preferredBackupWindow": "03:00-03:30", "preferredMaintenanceWindow": "sun:05:00-sun:05:30",
	}
	for name, v := range outputs {
		all[name] = v
	}
	replace := "availabilityZone clusterIdentifier engine identifier identifierPrefix"
	if is == "rds.ClusterInstance" {
		replace += " dbSubnetGroupName customIamInstanceProfile publiclyAccessible"
	}
	return Type{
		Is:       is,
		ID:       "{identifier}",
		NameIn:   "identifier",
		NameMax:  63,
		Replace:  replace,
		Outputs:  all,
		Defaults: defaults,
		Settles:  300e9,
		Refs:     []string{"clusterIdentifier " + cluster},
		Exists:   "DBInstanceAlreadyExists: DB instance already exists",
		Missing:  "404 DBInstanceNotFound: DBInstance {ref} not found.",
		Before: func(o *Op) error {
			owner := o.target("clusterIdentifier")
			if owner == nil || !o.creating() {
				return nil
			}
			if engine := o.text("engine"); engine != "" && engine != owner.Text("engine") {
				return o.refusef("InvalidParameterCombination: The engine name requested for your DB instance "+
					"(%s) doesn't match the engine name of your DB cluster (%s).", engine, owner.Text("engine"))
			}
			members := property.List(owner.State, "clusterMembers")
			o.State["port"], o.State["writer"] = property.Number(owner.State, "port"), len(members) == 0
			o.State["storageEncrypted"] = property.True(owner.State, "storageEncrypted")
			clone := owner.Clone()
			clone.State["clusterMembers"] = append(members, o.name())
			o.Tx.Put(clone)
			return nil
		},
		OnDelete: func(o *Op) error {
			if owner := o.target("clusterIdentifier"); owner != nil {
				clone := owner.Clone()
				members := slices.DeleteFunc(property.List(clone.State, "clusterMembers"), func(m any) bool { return m == o.name() })
				clone.State["clusterMembers"] = members
				o.Tx.Put(clone)
			}
			return nil
		},
	}
}

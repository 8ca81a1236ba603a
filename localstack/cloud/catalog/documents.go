package catalog

func documents() []Type {
	cluster := Type{
		Is: "docdb.Cluster", ID: "{clusterIdentifier}", NameIn: "clusterIdentifier", NameMax: 63, Settles: 120e9,
		Replace: "availabilityZones clusterIdentifier clusterIdentifierPrefix dbSubnetGroupName engine globalClusterIdentifier kmsKeyId masterUsername port " +
			"restoreToPointInTime snapshotIdentifier storageEncrypted",
		Defaults: object{"backupRetentionPeriod": 1, "engine": "docdb", "port": 27017, "skipFinalSnapshot": false},
		Enums:    map[string]string{"engine": "docdb", "storageType": "standard iopt1"},
		Outputs: object{
			"arn": rdsARN + "cluster:{clusterIdentifier}", "clusterResourceId": "cluster-{HEX26}", "hostedZoneId": "Z{HEX13}",
			"endpoint":       "{clusterIdentifier}.cluster-{hex12}.{region}.docdb.amazonaws.com",
			"readerEndpoint": "{clusterIdentifier}.cluster-ro-{hex12}.{region}.docdb.amazonaws.com",
			"clusterMembers": list{}, "masterUserSecrets": list{}, "dbSubnetGroupName": "default", "preferredBackupWindow": "03:00-03:30",
			"preferredMaintenanceWindow": "sun:05:00-sun:05:30", "availabilityZones": list{"{region}a", "{region}b", "{region}c"},
		},
		Refs: []string{
			"dbSubnetGroupName docdb.SubnetGroup|rds.SubnetGroup", "vpcSecurityGroupIds " + anyGroup, "dbClusterParameterGroupName docdb.ClusterParameterGroup",
			"kmsKeyId kms.Key ~",
		},
		Exists:  "DBClusterAlreadyExistsFault: DB Cluster already exists",
		Missing: "404 DBClusterNotFoundFault: DBCluster {ref} not found.",
		InUse: "InvalidDBClusterStateFault: Cluster cannot be deleted, it still contains DB instances in " +
			"non-deleting state.",
		Check: func(c *Checking) {
			c.atMostOne("masterPassword", "manageMasterUserPassword")
			if c.given("snapshotIdentifier") || c.given("globalClusterIdentifier") || c.given("restoreToPointInTime") {
				return
			}
			if !c.given("masterUsername") {
				c.Failf("masterUsername", `"master_username": required field is not set`)
			}
			if !c.given("masterPassword") && !c.given("masterPasswordWo") && c.text("manageMasterUserPassword") != "true" && !c.unknown("manageMasterUserPassword") {
				c.Failf("masterPassword", `"master_password": required field is not set; or set manage_master_user_password`)
			}
		},
		Before: func(o *Op) error { databaseDefaults(o, "dbClusterParameterGroupName"); return nil },
		After:  func(o *Op) error { managedDocDBSecret(o); return nil },
		OnDelete: finalSnapshot("InvalidParameterCombination: Cannot delete protected Cluster, please disable deletion protection and try again.",
			noFinalSnapshot, "rds.ClusterSnapshot", "dbClusterSnapshotIdentifier", "cluster-snapshot", "dbClusterIdentifier"),
	}
	group := subnetGroup("docdb.SubnetGroup", rdsARN+"subgrp:{name}", true)
	return []Type{
		cluster,
		clusterInstance("docdb.ClusterInstance", "docdb.Cluster", object{
			"dbSubnetGroupName": "{clusterIdentifier>dbSubnetGroupName}", "engineVersion": "{clusterIdentifier>engineVersion}", "publiclyAccessible": false,
		}, object{"autoMinorVersionUpgrade": true, "engine": "docdb", "promotionTier": 0}),
		group,
		{
			Is:        "docdb.ClusterParameterGroup",
			ID:        "{name}",
			Replace:   "name namePrefix family description",
			Unordered: "parameters",
			Defaults:  object{"description": "Managed by Pulumi"},
			Outputs:   object{"arn": rdsARN + "cluster-pg:{name}"},
			Exists:    "DBParameterGroupAlreadyExists: Parameter group {name} already exists",
			Missing:   "404 DBParameterGroupNotFound: DBClusterParameterGroup not found: {ref}",
			InUse: "InvalidDBParameterGroupState: One or more database clusters are still members of this " +
				"parameter group {name}",
		},
	}
}

// managedDocDBSecret: DocumentDB has no key of its own choice for the secret.
func managedDocDBSecret(o *Op) {
	managedSecret(o, "rds!cluster")
	delete(o.State, "masterUserSecretKmsKeyId")
}

package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

const rdsARN = "arn:{partition}:rds:{region}:{account}:"

func databases() []Type { return slices.Concat(rdsInstances(), auroraClusters(), groups(), proxies()) }

// enginePorts are the ports at which the engines listen unless told otherwise.
var enginePorts = map[string]float64{
	"postgres": 5432, "aurora-postgresql": 5432, "mysql": 3306, "aurora-mysql": 3306, "mariadb": 3306, "oracle": 1521, "sqlserver": 1433,
	"docdb": 27017,
}

// engineVersions are the versions taken when none is asked for.
var engineVersions = map[string]string{
	"postgres": "17.6", "aurora-postgresql": "16.9", "mysql": "8.4.6", "aurora-mysql": "8.0.mysql_aurora.3.08.2", "mariadb": "11.8.3",
	"oracle": "19.0.0.0.ru-2025-07.rur-2025-07.r1", "sqlserver": "16.00.4210.1.v1", "docdb": "5.0.0",
}

func engineFamily(engine string) string {
	for _, prefix := range []string{"oracle", "sqlserver"} {
		if strings.HasPrefix(engine, prefix) {
			return prefix
		}
	}
	return engine
}

// databaseDefaults fills in what depends on the engine.
func databaseDefaults(o *Op, parameterGroup string) {
	engine := engineFamily(o.text("engine"))
	o.fill("port", enginePorts[engine])
	o.fill("engineVersion", engineVersions[engine])
	version := o.text("engineVersion")
	if !o.creating() && !o.changed("engineVersion") {
		version = o.text("engineVersionActual")
	} else if full := engineVersions[engine]; strings.HasPrefix(full, version+".") {
		version = full
	}
	if _, ok := o.schema["engineVersionActual"]; ok {
		o.State["engineVersionActual"] = version
	}
	major, _, _ := strings.Cut(version, ".")
	if strings.HasSuffix(engine, "mysql") || engine == "mariadb" || engine == "docdb" {
		parts := strings.SplitN(version, ".", 3)
		major = strings.Join(parts[:min(2, len(parts))], ".")
	}
	o.fill(parameterGroup, "default."+engine+major)
}

// managedSecret makes the Secrets Manager secret in which RDS keeps a master user's password, or takes it away again.
func managedSecret(o *Op, prefix string) {
	wanted, have := o.yes("manageMasterUserPassword"), len(property.List(o.State, "masterUserSecrets")) > 0
	switch {
	case wanted && !have:
		id := prefix + "-" + o.uuid()
		arn := o.expand("arn:{partition}:secretsmanager:{region}:{account}:secret:") + id + "-" + o.Tx.Hex(6)
		key := o.text("masterUserSecretKmsKeyId")
		if key == "" {
			key = o.expand("arn:{partition}:kms:{region}:{account}:key/") + o.uuid()
			o.State["masterUserSecretKmsKeyId"] = key
		}
		o.also("secretsmanager.Secret", arn, object{
			"arn": arn, "name": id, "kmsKeyId": key, "region": o.Region, "tags": object{}, "tagsAll": object{},
			"description": "The secret associated with the primary RDS DB: " + o.text("arn"),
		})
		version := o.uuid()
		o.also("secretsmanager.SecretVersion", arn+"|"+version, object{
			"secretId": arn, "arn": arn, "versionId": version, "versionStages": list{"AWSCURRENT"}, "region": o.Region, "hasSecretStringWo": false,
			"secretString": fmt.Sprintf(`{"username":%q,"password":%q}`, o.text("username")+o.text("masterUsername"), o.Tx.Hex(28)),
		})
		o.State["masterUserSecrets"] = list{object{"kmsKeyId": key, "secretArn": arn, "secretStatus": "active"}}
	case !wanted && have:
		dropManagedSecret(o)
		o.State["masterUserSecrets"] = list{}
	case !have:
		o.State["masterUserSecrets"] = list{}
	}
}

func dropManagedSecret(o *Op) {
	for _, arn := range property.Texts(o.State, "masterUserSecrets.secretArn") {
		if r := o.find("secretsmanager.Secret", arn); r != nil {
			for _, version := range Referring(o.Tx, r, "secretsmanager.SecretVersion") {
				o.Tx.Delete(version.Key())
			}
			o.Tx.Delete(r.Key())
		}
	}
}

// finalSnapshot refuses the deletion of a protected database, and takes the snapshot that a deletion asks for.
func finalSnapshot(protected, missing, snapshotIs, idProperty, arnKind, of string) func(*Op) error {
	return func(o *Op) error {
		if o.yes("deletionProtection") {
			return o.refuse(protected)
		}
		if !o.yes("skipFinalSnapshot") {
			name := o.text("finalSnapshotIdentifier")
			if name == "" {
				return o.refuse(missing)
			}
			if o.find(snapshotIs, name) != nil {
				return o.refusef("DBSnapshotAlreadyExists: Cannot create the snapshot because a snapshot with "+
					"the identifier %s already exists.", name)
			}
			o.also(snapshotIs, name, object{
				idProperty: name, of: o.text(o.NameIn), "status": "available", "engine": o.text("engine"), "region": o.Region,
				strings.TrimSuffix(idProperty, "Identifier") + "Arn": o.expand(rdsARN) + arnKind + ":" + name, "snapshotType": "manual",
				"allocatedStorage": o.number("allocatedStorage"), "engineVersion": o.text("engineVersion"), "port": o.number("port"),
			})
		}
		dropManagedSecret(o)
		return nil
	}
}

const noFinalSnapshot = "InvalidParameterCombination: final_snapshot_identifier is required when skip_final_snapshot is false"

func rdsInstances() []Type {
	return []Type{
		{
			Is: "rds.Instance", ID: "db-{HEX26}", NameIn: "identifier", Settles: 360e9,
			Replace: "availabilityZone backupTarget characterSetName customIamInstanceProfile dbName engine kmsKeyId ncharCharacterSetName " +
				"restoreToPointInTime s3Import snapshotIdentifier storageEncrypted timezone username",
			Defaults: object{
				"applyImmediately": false, "autoMinorVersionUpgrade": true, "copyTagsToSnapshot": false, "dedicatedLogVolume": false,
				"deleteAutomatedBackups": true, "iamDatabaseAuthenticationEnabled": false, "monitoringInterval": 0, "performanceInsightsEnabled": false,
				"publiclyAccessible": false, "skipFinalSnapshot": false,
			},
			Enums: map[string]string{"storageType": "standard gp2 gp3 io1 io2", "networkType": "IPV4 DUAL"},
			Outputs: object{
				"arn": rdsARN + "db:{identifier}", "resourceId": "{id}", "address": "{identifier}.{hex12}.{region}.rds.amazonaws.com",
				"endpoint": "{address}:{port}", "hostedZoneId": "", "status": "available", "engineVersionActual": "", "latestRestorableTime": "",
				"availabilityZone": "{region}a", "backupWindow": "03:00-03:30", "maintenanceWindow": "sun:05:00-sun:05:30",
				"caCertIdentifier": "rds-ca-rsa2048-g1", "storageType": "gp2", "licenseModel": "general-public-license", "networkType": "IPV4",
				"backupTarget": "region", "databaseInsightsMode": "standard", "engineLifecycleSupport": "open-source-rds-extended-support",
				"optionGroupName": "default:{engine}", "dbSubnetGroupName": "default", "listenerEndpoints": list{}, "replicas": list{},
				"masterUserSecrets": list{},
			},
			Refs: []string{
				"dbSubnetGroupName rds.SubnetGroup", "vpcSecurityGroupIds " + anyGroup, "parameterGroupName rds.ParameterGroup", "kmsKeyId kms.Key ~",
				"monitoringRoleArn iam.Role ?", "snapshotIdentifier rds.Snapshot ~",
			},
			Also:    []string{"{identifier}"},
			Exists:  "DBInstanceAlreadyExists: DB instance already exists",
			Missing: "404 DBInstanceNotFound: DBInstance {ref} not found.",
			InUse:   "InvalidDBInstanceState: DB instance {identifier} is in use by {by}.",
			Check:   checkDatabase,
			Before: func(o *Op) error {
				if o.creating() && !o.given("allocatedStorage") && !o.given("snapshotIdentifier") && !o.given("replicateSourceDb") && !strings.HasPrefix(o.text("engine"), "aurora") {
					return o.refuse("InvalidParameterValue: Invalid storage size for engine name {engine}: a " +
						"value for allocated_storage is required")
				}
				if !o.creating() && o.number("allocatedStorage") < property.Number(o.Old.State, "allocatedStorage") {
					return o.refuse("InvalidParameterCombination: Invalid storage size: storage can only grow")
				}
				databaseDefaults(o, "parameterGroupName")
				if o.creating() {
					zone := regionalZone(map[string]string{"us-east-1": "Z2R2ITUGPM61AM", "eu-west-1": "Z29XKXDKYMONMX", "eu-central-1": "Z1RLNUO7B9Q6NB", "us-west-2": "Z1PVIF0B656C1W"}, "rds", o.Region)
					o.State["hostedZoneId"] = zone
				}
				o.settling = o.changed("instanceClass") || o.changed("allocatedStorage") || o.changed("engineVersion")
				return nil
			},
			After: func(o *Op) error { managedSecret(o, "rds!db"); return nil },
			OnDelete: finalSnapshot("InvalidParameterCombination: Cannot delete protected DB Instance, please disable deletion protection and try again.",
				noFinalSnapshot, "rds.Snapshot", "dbSnapshotIdentifier", "snapshot", "dbInstanceIdentifier"),
		},
		{
			Is:      "rds.Snapshot",
			ID:      "{dbSnapshotIdentifier}",
			Replace: "dbInstanceIdentifier dbSnapshotIdentifier",
			Settles: 120e9,
			Outputs: object{
				"dbSnapshotArn": rdsARN + "snapshot:{dbSnapshotIdentifier}", "status": "available", "snapshotType": "manual",
				"allocatedStorage": 20, "availabilityZone": "", "encrypted": false, "engine": "{dbInstanceIdentifier>engine}",
				"engineVersion": "{dbInstanceIdentifier>engineVersion}", "iops": 0, "kmsKeyId": "", "licenseModel": "", "optionGroupName": "", "port": 0,
				"sourceDbSnapshotIdentifier": "", "sourceRegion": "", "storageType": "", "vpcId": "",
			},
			Refs: []string{"dbInstanceIdentifier rds.Instance ?"},
			Exists: "DBSnapshotAlreadyExists: Cannot create the snapshot because a snapshot with the identifier " +
				"{dbSnapshotIdentifier} already exists.",
			Missing: "404 DBSnapshotNotFound: DBSnapshot not found: {ref}",
		},
	}
}

func checkDatabase(c *Checking) {
	c.atMostOne("password", "manageMasterUserPassword")
	for _, from := range []string{"snapshotIdentifier", "replicateSourceDb", "restoreToPointInTime", "s3Import"} {
		if c.given(from) {
			return
		}
	}
	if !c.given("engine") {
		c.Failf("engine", `"engine": required field is not set`)
	}
	if !c.given("username") {
		c.Failf("username", `"username": required field is not set`)
	}
	if !c.given("password") && !c.given("passwordWo") && c.text("manageMasterUserPassword") != "true" && !c.unknown("manageMasterUserPassword") {
		c.Failf("password", `"password": required field is not set; or set manage_master_user_password`)
	}
	c.between("backupRetentionPeriod", 0, 35)
}

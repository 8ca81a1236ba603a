package catalog

import (
	"github.com/deployer-io/deployer/localstack/cloud/property"
)

func groups() []Type {
	parameters := func(is, kind string) Type {
		return Type{
			Is: is, ID: "{name}", Replace: "name namePrefix family description", Unordered: "parameters",
			Defaults: object{"description": "Managed by Pulumi"},
			Outputs:  object{"arn": rdsARN + kind + ":{name}"},
			Exists:   "DBParameterGroupAlreadyExists: Parameter group {name} already exists",
			Missing:  "404 DBParameterGroupNotFound: DBParameterGroup not found: {ref}",
			InUse: "InvalidDBParameterGroupState: One or more database instances are still members of this " +
				"parameter group {name}, so the group cannot be deleted",
		}
	}
	instance := parameters("rds.ParameterGroup", "pg")
	instance.Defaults["skipDestroy"] = false
	return []Type{
		subnetGroup("rds.SubnetGroup", rdsARN+"subgrp:{name}", true),
		instance, parameters("rds.ClusterParameterGroup", "cluster-pg"),
		{
			Is:        "rds.OptionGroup",
			ID:        "{name}",
			Replace:   "name namePrefix engineName majorEngineVersion optionGroupDescription",
			Unordered: "options",
			Defaults:  object{"optionGroupDescription": "Managed by Pulumi", "skipDestroy": false},
			Outputs:   object{"arn": rdsARN + "og:{name}"},
			Exists:    "OptionGroupAlreadyExistsFault: The option group {name} already exists.",
		},
	}
}

// subnetGroup is the group of subnets of a database service. Databases need two zones.
func subnetGroup(is, arn string, twoZones bool) Type {
	t := Type{
		Is: is, ID: "{name}", Replace: "name namePrefix",
		Defaults: object{"description": "Managed by Pulumi"},
		Outputs:  object{"arn": arn},
		Refs:     []string{"subnetIds ec2.Subnet ?"},
		Exists:   "DBSubnetGroupAlreadyExists: The DB subnet group '{name}' already exists.",
		Missing:  "404 DBSubnetGroupNotFoundFault: DB subnet group '{ref}' not found.",
		InUse: "InvalidDBSubnetGroupStateFault: Cannot delete the subnet group '{name}' because at least one " +
			"database instance: {by} is still using it.",
		Before: func(o *Op) error {
			vpc, zones := vpcOf(o, "subnetIds")
			if twoZones && len(zones) < 2 && len(o.targets("subnetIds")) == len(property.Texts(o.State, "subnetIds")) {
				return o.refuse("DBSubnetGroupDoesNotCoverEnoughAZs: The DB subnet group doesn't meet " +
					"Availability Zone (AZ) coverage requirement. Add subnets to cover at least 2 AZs.")
			}
			if _, ok := o.schema["vpcId"]; ok {
				o.State["vpcId"] = vpc
			}
			return nil
		},
	}
	switch is {
	case "rds.SubnetGroup":
		t.Outputs["supportedNetworkTypes"], t.Outputs["vpcId"] = list{"IPV4"}, ""
	case "elasticache.SubnetGroup":
		t.Replace, t.Outputs["vpcId"] = "name", ""
		t.Exists = "CacheSubnetGroupAlreadyExists: Cache subnet group {name} already exists."
		t.Missing = "404 CacheSubnetGroupNotFoundFault: Cache Subnet Group {ref} does not exist."
		t.InUse = "CacheSubnetGroupInUse: Cache subnet group {name} is currently in use by a cache cluster."
	case "memorydb.SubnetGroup":
		t.Outputs["vpcId"] = ""
		t.Exists = "SubnetGroupAlreadyExistsFault: Subnet group {name} already exists."
		t.Missing = "SubnetGroupNotFoundFault: Subnet group not found: {ref}"
		t.InUse = "SubnetGroupInUseFault: Subnet group {name} is currently in use by a cluster."
	}
	return t
}

func proxies() []Type {
	return []Type{
		{
			Is:        "rds.Proxy",
			ID:        "{name}",
			NameMax:   60,
			Replace:   "name engineFamily vpcSubnetIds",
			Settles:   120e9,
			Unordered: "auths",
			Defaults:  object{"debugLogging": false, "requireTls": false},
			Enums:     map[string]string{"engineFamily": "MYSQL POSTGRESQL SQLSERVER"},
			Outputs: object{
				"arn": rdsARN + "db-proxy:prx-{hex17}", "endpoint": "{name}.proxy-{hex12}.{region}.rds.amazonaws.com",
				"idleClientTimeout": 1800, "defaultAuthScheme": "NONE",
			},
			Refs:    []string{"vpcSubnetIds ec2.Subnet", "vpcSecurityGroupIds " + anyGroup, "roleArn iam.Role ?"},
			Exists:  "DBProxyAlreadyExistsFault: A DB Proxy with the name {name} already exists.",
			Missing: "404 DBProxyNotFoundFault: DBProxy {ref} not found.",
		},
		{
			Is:         "rds.ProxyDefaultTargetGroup",
			ID:         "{dbProxyName}",
			NameIn:     "-",
			Unique:     "{dbProxyName}",
			Replace:    "dbProxyName",
			Overwrites: true,
			Outputs:    object{"arn": rdsARN + "target-group:prx-tg-{hex17}", "name": "default"},
			Refs:       []string{"dbProxyName rds.Proxy +"},
		},
		{
			Is: "rds.ProxyTarget", ID: "{dbProxyName}/{targetGroupName}/{type}/{rdsResourceId}",
			Replace: "dbProxyName targetGroupName dbInstanceIdentifier dbClusterIdentifier",
			Outputs: object{
				"endpoint": "", "port": "", "rdsResourceId": "", "targetArn": "",
				"trackedClusterId": "{dbClusterIdentifier}", "type": "",
			},
			Refs: []string{
				"dbProxyName rds.Proxy +", "dbInstanceIdentifier rds.Instance +", "dbClusterIdentifier rds.Cluster +",
			},
			Check: func(c *Checking) { c.exactlyOne("dbInstanceIdentifier", "dbClusterIdentifier") },
			Before: func(o *Op) error {
				kind, owner := "RDS_INSTANCE", o.target("dbInstanceIdentifier")
				if owner == nil {
					kind, owner = "TRACKED_CLUSTER", o.target("dbClusterIdentifier")
				}
				if owner != nil {
					o.State["type"], o.State["rdsResourceId"], o.State["targetArn"] = kind, owner.Text(Find(owner.Type).NameIn), owner.Text("arn")
					o.State["endpoint"], o.State["port"] = owner.Text("endpoint"), property.Number(owner.State, "port")
				}
				return nil
			},
		},
	}
}

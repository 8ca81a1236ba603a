package catalog

import (
	"fmt"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

const cacheARN = "arn:{partition}:elasticache:{region}:{account}:"

// cacheSnapshot is the type of a final snapshot, which no Pulumi type describes.
const cacheSnapshot = "aws:elasticache/snapshot:Snapshot"

func caches() []Type {
	return []Type{
		replicationGroup(), cacheCluster(), subnetGroup("elasticache.SubnetGroup", cacheARN+"subnetgroup:{name}", false),
		{
			Is:        "elasticache.ParameterGroup",
			ID:        "{name}",
			Replace:   "name family description",
			Unordered: "parameters",
			Defaults:  object{"description": "Managed by Pulumi"},
			Outputs:   object{"arn": cacheARN + "parametergroup:{name}"},
			Exists:    "CacheParameterGroupAlreadyExists: Cache parameter group {name} already exists.",
			Missing:   "404 CacheParameterGroupNotFound: CacheParameterGroup {ref} not found.",
			InUse: "InvalidCacheParameterGroupState: One or more cache clusters are still members of this " +
				"parameter group {name}, so the group cannot be deleted.",
		},
		{
			Is:      "elasticache.User",
			ID:      "{userId}",
			Replace: "userId userName",
			Outputs: object{"arn": cacheARN + "user:{userId}"},
			Enums:   map[string]string{"engine": "redis valkey REDIS VALKEY"},
			Exists:  "UserAlreadyExists: User {userId} already exists.",
			Missing: "404 UserNotFound: User {ref} not found.",
			InUse:   "InvalidUserState: User {userId} is a member of a user group.",
		},
		{
			Is:      "elasticache.UserGroup",
			ID:      "{userGroupId}",
			Replace: "userGroupId",
			Outputs: object{"arn": cacheARN + "usergroup:{userGroupId}"},
			Enums:   map[string]string{"engine": "redis valkey REDIS VALKEY"},
			Refs:    []string{"userIds elasticache.User"},
			Exists:  "UserGroupAlreadyExists: User group {userGroupId} already exists.",
			Missing: "404 UserGroupNotFound: User group {ref} not found.",
			InUse:   "InvalidUserGroupState: User group {userGroupId} is in use by {by}.",
		},
		{
			Is: "elasticache.UserGroupAssociation", ID: "{userGroupId},{userId}", Replace: "userGroupId userId",
			Refs: []string{"userGroupId elasticache.UserGroup +", "userId elasticache.User"},
		},
		{
			Is:      "elasticache.ServerlessCache",
			ID:      "{name}",
			NameMax: 40,
			Replace: "name kmsKeyId snapshotArnsToRestores subnetIds",
			Settles: 120e9,
			Outputs: object{
				"arn": cacheARN + "serverlesscache:{name}", "createTime": "{now}", "fullEngineVersion": "8.1", "majorEngineVersion": "8", "status": "available",
				"dailySnapshotTime": "03:00", "description": " ",
				"endpoints": list{
					object{"address": "{name}-{hex6}.serverless.{region}.cache.amazonaws.com", "port": 6379},
				},
				"readerEndpoints": list{
					object{"address": "{name}-{hex6}.serverless.{region}.cache.amazonaws.com", "port": 6380},
				},
			},
			Enums: map[string]string{"engine": "redis valkey memcached"},
			Refs: []string{
				"subnetIds ec2.Subnet", "securityGroupIds " + anyGroup, "userGroupId elasticache.UserGroup",
			},
			Exists: "ServerlessCacheAlreadyExistsFault: Serverless cache {name} already exists",
		},
	}
}

func replicationGroup() Type {
	return Type{
		Is:      "elasticache.ReplicationGroup",
		ID:      "{replicationGroupId}",
		NameIn:  "replicationGroupId",
		NameMax: 40,
		Settles: 480e9,
		Replace: "replicationGroupId atRestEncryptionEnabled dataTieringEnabled globalReplicationGroupId kmsKeyId networkType port securityGroupNames " +
			"snapshotArns snapshotName subnetGroupName",
		Unordered: "logDeliveryConfigurations",
		Defaults:  object{"automaticFailoverEnabled": false, "multiAzEnabled": false},
		Enums: map[string]string{
			"engine": "redis valkey", "transitEncryptionMode": "preferred required",
			"clusterMode": "enabled disabled compatible", "authTokenUpdateStrategy": "SET ROTATE DELETE",
		},
		Outputs: object{
			"arn": cacheARN + "replicationgroup:{replicationGroupId}", "engine": "redis", "engineVersion": "7.1", "engineVersionActual": "",
			"autoMinorVersionUpgrade": true, "clusterEnabled": false, "configurationEndpointAddress": "", "primaryEndpointAddress": "",
			"readerEndpointAddress": "", "memberClusters": list{}, "maintenanceWindow": "sun:05:00-sun:06:00", "snapshotWindow": "03:00-04:00",
			"networkType": "ipv4", "ipDiscovery": "ipv4", "nodeType": "cache.t4g.micro", "parameterGroupName": "", "subnetGroupName": "default",
			"clusterMode": "disabled",
		},
		Refs: []string{
			"subnetGroupName elasticache.SubnetGroup", "securityGroupIds " + anyGroup, "parameterGroupName elasticache.ParameterGroup", "kmsKeyId kms.Key ~",
			"userGroupIds elasticache.UserGroup", "notificationTopicArn sns.Topic ~",
		},
		Exists:  "ReplicationGroupAlreadyExists: Replication group {replicationGroupId} already exists.",
		Missing: "404 ReplicationGroupNotFoundFault: ReplicationGroup {ref} not found.",
		Check: func(c *Checking) {
			c.atMostOne("numCacheClusters", "numNodeGroups")
			if c.given("authToken") && c.text("transitEncryptionEnabled") != "true" && !c.unknown("transitEncryptionEnabled") {
				c.Failf("authToken", "InvalidParameterCombination: AUTH tokens require encryption in transit")
			}
			if n := len(c.text("authToken")); c.given("authToken") && n > 0 && (n < 16 || n > 128) {
				c.Failf("authToken", "%q must be between 16 and 128 characters long", "auth_token")
			}
			if c.text("multiAzEnabled") == "true" && c.text("automaticFailoverEnabled") == "false" {
				c.Failf("multiAzEnabled", "automatic_failover_enabled must be true if multi_az_enabled is true")
			}
			if id := c.text("replicationGroupId"); len(id) > 40 || strings.HasSuffix(id, "-") || strings.Contains(id, "--") {
				c.Failf("replicationGroupId", "%q must be 1 to 40 letters, digits and single hyphens, and not end with one", id)
			}
		},
		Before: placeReplicationGroup,
		OnDelete: func(o *Op) error {
			return cacheFinalSnapshot(o, o.text("finalSnapshotIdentifier"))
		},
	}
}

func placeReplicationGroup(o *Op) error {
	nodes, shards := o.number("numCacheClusters"), o.number("numNodeGroups")
	if shards == 0 {
		shards = 1
		o.State["numNodeGroups"] = shards
	}
	if nodes == 0 {
		nodes = shards * (o.number("replicasPerNodeGroup") + 1)
		o.State["numCacheClusters"] = nodes
	} else if shards == 1 {
		o.State["replicasPerNodeGroup"] = nodes - 1
	}
	if o.yes("automaticFailoverEnabled") && nodes < 2 {
		return o.refuse("InvalidParameterCombination: Replication group with automatic failover needs at least 2 " +
			"nodes.")
	}
	clustered := shards > 1 || strings.Contains(o.text("parameterGroupName"), "cluster.on") || o.text("clusterMode") == "enabled"
	o.State["clusterEnabled"] = clustered
	if o.In["engine"] == nil {
		o.fill("engine", "redis")
	}
	version := o.text("engineVersion")
	if version == "" {
		version = map[string]string{"valkey": "8.1"}[o.text("engine")]
	}
	if version == "" {
		version = "7.1"
	}
	o.State["engineVersion"], o.State["engineVersionActual"] = version, version+".0"
	major, _, _ := strings.Cut(version, ".")
	suffix := ""
	if clustered {
		suffix = ".cluster.on"
	}
	o.fill("parameterGroupName", "default."+o.text("engine")+major+suffix)
	o.State["memberClusters"] = memberNames(o.name(), int(nodes), int(shards), clustered)
	if !o.creating() {
		o.settling = o.changed("nodeType") || o.changed("numCacheClusters") || o.changed("engineVersion") || o.changed("numNodeGroups")
		return nil
	}
	domain := o.Tx.Hex(6) + "." + shortRegion(o.Region) + ".cache.amazonaws.com"
	prefix := ""
	if o.yes("transitEncryptionEnabled") {
		prefix = "master."
	}
	if clustered {
		o.State["configurationEndpointAddress"] = "clustercfg." + o.name() + "." + domain
	} else if prefix != "" {
		o.State["primaryEndpointAddress"] = prefix + o.name() + "." + domain
		o.State["readerEndpointAddress"] = "replica." + o.name() + "." + domain
	} else {
		o.State["primaryEndpointAddress"] = o.name() + "." + strings.Replace(domain, ".", ".ng.0001.", 1)
		o.State["readerEndpointAddress"] = o.name() + "-ro." + strings.Replace(domain, ".", ".ng.0001.", 1)
	}
	return nil
}

func memberNames(group string, nodes, shards int, clustered bool) []any {
	var names []any
	for i := range nodes {
		if clustered {
			names = append(names, fmt.Sprintf("%s-%04d-%03d", group, i%shards+1, i/shards+1))
		} else {
			names = append(names, fmt.Sprintf("%s-%03d", group, i+1))
		}
	}
	return names
}

// shortRegion is use1 for us-east-1, as ElastiCache's host names have it.
func shortRegion(region string) string {
	id, _, _ := strings.Cut(ZoneID(region+"a"), "-")
	return id
}

func cacheFinalSnapshot(o *Op, name string) error {
	if name == "" {
		return nil
	}
	snapshot := o.record(cacheSnapshot, name, object{"name": name, "of": o.name(), "status": "available"})
	if o.Tx.Get(snapshot.Key()) != nil {
		return o.refusef("SnapshotAlreadyExistsFault: Snapshot with specified name %s already exists.", name)
	}
	o.Tx.Put(snapshot)
	return nil
}

func cacheCluster() Type {
	return Type{
		Is: "elasticache.Cluster", ID: "{clusterId}", NameIn: "clusterId", NameMax: 50, Settles: 300e9,
		Replace: "clusterId availabilityZone engine ipDiscovery networkType outpostMode port preferredOutpostArn replicationGroupId snapshotArns " +
			"snapshotName subnetGroupName transitEncryptionEnabled",
		ReplaceToo: func(name string, state, _ map[string]any) bool {
			return name == "nodeType" && state["engine"] == "memcached"
		},
		Unordered: "logDeliveryConfigurations",
		Defaults:  object{"autoMinorVersionUpgrade": "true"},
		Enums:     map[string]string{"engine": "memcached redis valkey", "azMode": "single-az cross-az"},
		Outputs: object{
			"arn": cacheARN + "cluster:{clusterId}", "cacheNodes": list{}, "clusterAddress": "", "configurationEndpoint": "", "engineVersion": "",
			"engineVersionActual": "", "azMode": "single-az", "maintenanceWindow": "sun:05:00-sun:06:00", "parameterGroupName": "", "port": 0,
			"networkType": "ipv4", "ipDiscovery": "ipv4", "subnetGroupName": "default", "availabilityZone": "{region}a",
		},
		Refs: []string{
			"subnetGroupName elasticache.SubnetGroup", "securityGroupIds " + anyGroup, "parameterGroupName elasticache.ParameterGroup",
			"replicationGroupId elasticache.ReplicationGroup +",
		},
		Exists:  "CacheClusterAlreadyExists: Cache cluster {clusterId} already exists.",
		Missing: "404 CacheClusterNotFound: CacheCluster not found: {ref}",
		Check: func(c *Checking) {
			c.exactlyOne("engine", "replicationGroupId")
			if !c.given("nodeType") && !c.given("replicationGroupId") {
				c.Failf("nodeType", `"node_type" is required unless "replication_group_id" is set`)
			}
			if nodes := property.Number(c.In, "numCacheNodes"); c.text("engine") == "redis" && nodes > 1 {
				c.Failf("numCacheNodes", "engine \"redis\" does not support num_cache_nodes > 1")
			}
			if c.text("azMode") == "cross-az" && property.Number(c.In, "numCacheNodes") == 1 {
				c.Failf("azMode", "az_mode \"cross-az\" is not supported with num_cache_nodes = 1")
			}
		},
		Before: placeCacheCluster,
		OnDelete: func(o *Op) error {
			if o.text("engine") == "memcached" {
				return nil // keeps nothing
			}
			return cacheFinalSnapshot(o, o.text("finalSnapshotIdentifier"))
		},
	}
}

func placeCacheCluster(o *Op) error {
	memcached := o.text("engine") == "memcached"
	port, version := 6379.0, "7.1"
	if memcached {
		port, version = 11211.0, "1.6.22"
	}
	if o.number("port") == 0 {
		o.State["port"] = port
	}
	if o.number("numCacheNodes") == 0 {
		o.State["numCacheNodes"] = 1.0
	}
	o.fill("engineVersion", version)
	o.State["engineVersionActual"] = o.text("engineVersion")
	parts := strings.SplitN(o.text("engineVersion"), ".", 3)
	o.fill("parameterGroupName", "default."+o.text("engine")+strings.Join(parts[:min(len(parts), map[bool]int{true: 2, false: 1}[memcached])], "."))
	if o.creating() {
		o.Hidden["domain"] = o.Tx.Hex(6)
	}
	domain := property.Text(o.Hidden, "domain")
	ending := "." + shortRegion(o.Region) + ".cache.amazonaws.com"
	var nodes list
	for i := range int(o.number("numCacheNodes")) {
		id := fmt.Sprintf("%04d", i+1)
		nodes = append(nodes, object{
			"address": o.name() + "." + domain + "." + id + ending, "availabilityZone": o.Region + "a", "id": id, "port": o.number("port"), "outpostArn": "",
		})
	}
	o.State["cacheNodes"] = nodes
	if memcached {
		o.State["clusterAddress"] = o.name() + "." + domain + ".cfg" + ending
		o.State["configurationEndpoint"] = fmt.Sprintf("%s:%g", o.text("clusterAddress"), o.number("port"))
	}
	return nil
}

package catalog

import (
	"fmt"
	"strings"
)

const memoryARN = "arn:{partition}:memorydb:{region}:{account}:"

func memory() []Type {
	return []Type{
		{
			Is: "memorydb.Cluster", ID: "{name}", NameMax: 40, Settles: 600e9,
			Replace: "name namePrefix dataTiering kmsKeyArn multiRegionClusterName port snapshotArns " +
				"snapshotName subnetGroupName tlsEnabled engine",
			Defaults: object{
				"autoMinorVersionUpgrade": true, "dataTiering": false, "description": "Managed by Pulumi", "numReplicasPerShard": 1, "numShards": 1,
				"tlsEnabled": true,
			},
			Enums: map[string]string{"engine": "redis valkey"},
			Outputs: object{
				"arn": memoryARN + "cluster/{name}", "engine": "redis", "engineVersion": "7.1", "enginePatchVersion": "{engineVersion}.1",
				"maintenanceWindow": "sun:05:00-sun:06:00", "snapshotWindow": "03:00-04:00", "port": 6379, "parameterGroupName": "default.memorydb-redis7",
				"subnetGroupName": "default", "clusterEndpoints": list{}, "shards": list{},
			},
			Refs: []string{
				"subnetGroupName memorydb.SubnetGroup", "securityGroupIds " + anyGroup, "aclName memorydb.Acl ~", "parameterGroupName memorydb.ParameterGroup",
				"kmsKeyArn kms.Key ~", "snsTopicArn sns.Topic ~",
			},
			Exists:  "ClusterAlreadyExistsFault: Cluster with name {name} already exists.",
			Missing: "ClusterNotFoundFault: Cluster not found: {ref}",
			Before:  placeMemory,
			OnDelete: func(o *Op) error {
				return cacheFinalSnapshot(o, o.text("finalSnapshotName"))
			},
		},
		subnetGroup("memorydb.SubnetGroup", memoryARN+"subnetgroup/{name}", false),
		{
			Is:        "memorydb.ParameterGroup",
			ID:        "{name}",
			Replace:   "name namePrefix family description",
			Unordered: "parameters",
			Defaults:  object{"description": "Managed by Pulumi"},
			Outputs:   object{"arn": memoryARN + "parametergroup/{name}"},
			Exists:    "ParameterGroupAlreadyExistsFault: Parameter group {name} already exists.",
			Missing:   "ParameterGroupNotFoundFault: Parameter group not found: {ref}",
		},
		{
			Is: "memorydb.Acl", ID: "{name}", Replace: "name namePrefix", NameMax: 40,
			Outputs: object{"arn": memoryARN + "acl/{name}", "minimumEngineVersion": "6.2"},
			Refs:    []string{"userNames memorydb.User"},
			Exists:  "ACLAlreadyExistsFault: ACL {name} already exists.",
			Missing: "ACLNotFoundFault: ACL not found: {ref}",
			OnDelete: func(o *Op) error {
				for _, r := range Referring(o.Tx, o.Old, "memorydb.Cluster") {
					return o.refusef("InvalidACLStateFault: ACL %s is in use by cluster %s.", o.name(), r.ID)
				}
				return nil
			},
		},
		{
			Is: "memorydb.User", ID: "{userName}", Replace: "userName",
			Outputs: object{"arn": memoryARN + "user/{userName}", "minimumEngineVersion": "6.2"},
			Exists:  "UserAlreadyExistsFault: User {userName} already exists.",
			Missing: "UserNotFoundFault: User not found: {ref}",
			InUse:   "InvalidUserStateFault: User {userName} is a member of an ACL.",
		},
	}
}

func placeMemory(o *Op) error {
	if acl := o.text("aclName"); acl != "open-access" && o.find("memorydb.Acl", acl) == nil {
		return o.refusef("ACLNotFoundFault: ACL not found: %s", acl)
	}
	if !o.yes("tlsEnabled") && o.text("aclName") != "open-access" {
		return o.refuse("InvalidParameterCombination: Access control lists other than open-access need TLS.")
	}
	if o.text("engine") == "valkey" {
		o.fill("engineVersion", "7.3")
		o.fill("parameterGroupName", "default.memorydb-valkey7")
	}
	if o.number("port") == 0 {
		o.State["port"] = 6379.0
	}
	if o.creating() {
		o.Hidden["domain"] = o.Tx.Hex(6)
	}
	o.settling = o.changed("numShards") || o.changed("numReplicasPerShard") || o.changed("nodeType")
	domain := fmt.Sprint(o.Hidden["domain"]) + ".memorydb." + o.Region + ".amazonaws.com"
	o.State["clusterEndpoints"] = list{object{"address": "clustercfg." + o.name() + "." + domain, "port": o.number("port")}}
	slots := 16384 / int(max(o.number("numShards"), 1))
	var shards list
	for i := range int(o.number("numShards")) {
		shard := fmt.Sprintf("%04d", i+1)
		var nodes list
		for n := range int(o.number("numReplicasPerShard")) + 1 {
			name := fmt.Sprintf("%s-%s-%03d", o.name(), shard, n+1)
			nodes = append(nodes, object{
				"name": name, "availabilityZone": Zones(o.Region)[n%3], "createTime": o.born(),
				"endpoints": list{
					object{"address": strings.Join([]string{name, o.name(), domain}, "."), "port": o.number("port")},
				},
			})
		}
		shards = append(shards, object{
			"name": shard, "numNodes": float64(len(nodes)), "slots": fmt.Sprintf("%d-%d", i*slots, (i+1)*slots-1), "nodes": nodes,
		})
	}
	o.State["shards"] = shards
	return nil
}

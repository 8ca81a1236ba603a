package provision

import (
	"encoding/json"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/provision/engine"
)

// identities derives the id of a resource from what it was to be created with, for the types where the id is a name that
// deployer chose. An interrupted creation of such a resource is adopted: if it happened, a refresh finds it; if not, the
// refresh drops it and it is created.
var identities = map[string]func(order execution.Order, in map[string]json.RawMessage) string{
	"aws:iam/role:Role":                                   named("name"),
	"aws:cloudwatch/logGroup:LogGroup":                    named("name"),
	"aws:rds/subnetGroup:SubnetGroup":                     named("name"),
	"aws:rds/parameterGroup:ParameterGroup":               named("name"),
	"aws:rds/clusterParameterGroup:ClusterParameterGroup": named("name"),
	"aws:rds/clusterInstance:ClusterInstance":             named("identifier"),
	"aws:elasticache/subnetGroup:SubnetGroup":             named("name"),
	"aws:elasticache/parameterGroup:ParameterGroup":       named("name"),
	"aws:lambda/function:Function":                        named("name"),
	"aws:iam/rolePolicy:RolePolicy": joined(":", "role",
		"name"),
	"aws:s3/bucketPolicy:BucketPolicy":                                                       named("bucket"),
	"aws:s3/bucketVersioning:BucketVersioning":                                               named("bucket"),
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                 named("bucket"),
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                 named("bucket"),
	"aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration":                       named("bucket"),
	"aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": named("bucket"),
	"aws:s3/bucketNotification:BucketNotification":                                           named("bucket"),
	// Secrets Manager takes a name wherever it takes an ARN.
	"aws:secretsmanager/secret:Secret": named("name"),
	"aws:sns/topic:Topic":              topicIdentity,
	"aws:ecs/cluster:Cluster":          clusterIdentity,
}

type identity = func(order execution.Order, in map[string]json.RawMessage) string

func named(field string) identity {
	return func(_ execution.Order, in map[string]json.RawMessage) string { return plain(in[field]) }
}

func joined(separator string, fields ...string) identity {
	return func(_ execution.Order, in map[string]json.RawMessage) string {
		id := ""
		for i, field := range fields {
			value := plain(in[field])
			if value == "" {
				return ""
			}
			if i > 0 {
				id += separator
			}
			id += value
		}
		return id
	}
}

func topicIdentity(order execution.Order, in map[string]json.RawMessage) string {
	return arnIdentity(order, "sns", "", plain(in["name"]))
}

func clusterIdentity(order execution.Order, in map[string]json.RawMessage) string {
	return arnIdentity(order, "ecs", "cluster/", plain(in["name"]))
}

// arnIdentity needs the account, which the order may not hold.
func arnIdentity(order execution.Order, service, kind, name string) string {
	if order.Account == "" || name == "" {
		return ""
	}
	return "arn:" + partitionOf(order.Region) + ":" + service + ":" + order.Region + ":" + order.Account + ":" + kind + name
}

// plain returns a text of a checkpoint; "" for anything else, such as a secret or what is not known yet.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return ""
	}
	return text
}

// holdData are the types whose second copy would be a second place for the same data.
var holdData = map[string]string{
	"aws:rds/instance:Instance": "identifier", "aws:rds/cluster:Cluster": "clusterIdentifier",
	"aws:docdb/cluster:Cluster": "clusterIdentifier",
	"aws:dynamodb/table:Table":  "name", "aws:elasticache/replicationGroup:ReplicationGroup": "replicationGroupId",
	"aws:memorydb/cluster:Cluster": "name", "aws:s3/bucket:Bucket": "bucket",
	"aws:sqs/queue:Queue": "name", "aws:efs/fileSystem:FileSystem": "creationToken",
	"aws:ebs/volume:Volume":   "availabilityZone",
	"aws:msk/cluster:Cluster": "clusterName", "aws:msk/serverlessCluster:ServerlessCluster": "clusterName",
}

// resolve decides about operations that an interrupted run left pending. Updates and deletions are settled by the refresh
// that follows. Creations are adopted where the id is known, and stop for a person where data may be in them.
func resolve(order execution.Order, pending []engine.PendingOperation) ([]engine.Resolution, error) {
	resolutions := make([]engine.Resolution, len(pending))
	for i, operation := range pending {
		if operation.Operation != "creating" {
			continue
		}
		if field, holds := holdData[operation.Type]; holds {
			return nil, &PendingCreate{Component: order.Address.String(),
				Resource: operation.Type + " " + plain(operation.Inputs[field])}
		}
		if id := identities[operation.Type]; id != nil {
			resolutions[i].ID = id(order, operation.Inputs)
		}
	}
	return resolutions, nil
}

package provision

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/resource"
)

// bodies are the resources that are the component: when one of them goes and another comes, so does the component.
var bodies = map[resource.Kind][]string{
	"MicroService": {"aws:ecs/service:Service", "kubernetes:apps/v1:Deployment"},
	"Worker":       {"aws:ecs/service:Service", "kubernetes:apps/v1:Deployment"},
	"CronJob":      {"aws:scheduler/schedule:Schedule", "kubernetes:batch/v1:CronJob"},
	"Lambda":       {"aws:lambda/function:Function"},
	"EC2Instance":  {"aws:ec2/instance:Instance"}, "RDS": {"aws:rds/instance:Instance", "aws:rds/cluster:Cluster"},
	"DynamoDB": {"aws:dynamodb/table:Table"}, "DocumentDB": {"aws:docdb/cluster:Cluster"},
	"ElastiCacheRedis":     {"aws:elasticache/replicationGroup:ReplicationGroup"},
	"ElastiCacheMemcached": {"aws:elasticache/cluster:Cluster"},
	"AWSMemoryDB":          {"aws:memorydb/cluster:Cluster"}, "S3": {"aws:s3/bucket:Bucket"},
	"EFS": {"aws:efs/fileSystem:FileSystem"},
	"EBS": {"aws:ebs/volume:Volume"}, "SQS": {"aws:sqs/queue:Queue"}, "SNS": {"aws:sns/topic:Topic"},
	"Kafka": {"aws:msk/serverlessCluster:ServerlessCluster"}, "MSK": {"aws:msk/cluster:Cluster"},
	"EventBridge": {"aws:cloudwatch/eventBus:EventBus"},
	"ALB":         {"aws:lb/loadBalancer:LoadBalancer"}, "NLB": {"aws:lb/loadBalancer:LoadBalancer"},
	"CloudFront": {"aws:cloudfront/distribution:Distribution"},
	"APIGateway": {"aws:apigatewayv2/api:Api", "aws:apigateway/restApi:RestApi", "aws:apigateway/stage:Stage"},
	"Networking": {"aws:ec2/vpc:Vpc", "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"},
	"Security":   {"aws:kms/key:Key"}, "Observability": {"aws:sns/topic:Topic"},
}

// change is an edit of the fields at some paths of a spec.
type change struct {
	base string // the case that is changed
	path string // the field, as in Definition.ReplaceOn
	edit func(resource.Spec)
}

func changing[S resource.Spec](base, path string, edit func(S)) change {
	return change{base, path, func(spec resource.Spec) { edit(spec.(S)) }}
}

// Everything that is known to force a replacement, and of the rest what one might think does.
var changes = []change{
	changing("a microservice alone", "platform", func(s *resource.MicroService) { s.Platform = resource.ECSEC2 }),
	changing("a microservice alone", "image", func(s *resource.MicroService) { s.Image = "ghcr.io/shop/web:2" }),
	changing("a microservice alone", "architecture", func(s *resource.MicroService) { s.Architecture = resource.ARM }),
	changing("a worker on a queue", "platform", func(s *resource.Worker) { s.Platform = resource.EKS }),
	changing("a worker on a queue", "cpu", func(s *resource.Worker) { s.CPU, s.Memory = 1024, 2048 }),
	changing("a job every night", "platform", func(s *resource.CronJob) { s.Platform = resource.EKS }),
	changing("a job every night", "schedule", func(s *resource.CronJob) { s.Schedule = "0 4 * * *" }),
	changing("a function from an image", "image",
		func(s *resource.Lambda) { s.Image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/fn:2" }),
	changing("a function from an image", "architecture", func(s *resource.Lambda) { s.Architecture = resource.X86 }),
	changing("an instance", "ami", func(s *resource.EC2Instance) { s.AMI.ID = "ami-0fedcba9876543210" }),
	changing("an instance", "ami", func(s *resource.EC2Instance) {
		s.AMI = resource.MachineImage{Parameter: "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"}
	}),
	changing("an instance", "zone", func(s *resource.EC2Instance) { s.Zone = 1 }),
	changing("an instance", "publicIp", func(s *resource.EC2Instance) { s.PublicIP = true }),
	changing("an instance", "instanceType", func(s *resource.EC2Instance) { s.InstanceType = "t4g.large" }),
	changing("an instance", "rootDisk.kmsKey", func(s *resource.EC2Instance) { s.RootDisk.KMSKey = otherKey }),
	changing("an instance", "rootDisk.size", func(s *resource.EC2Instance) { s.RootDisk.Size = 200 }),
	changing("a postgres database", "engine", func(s *resource.RDS) { s.Engine, s.Version = resource.MySQL, "8.0.39" }),
	changing("a postgres database", "database", func(s *resource.RDS) { s.Database = "other" }),
	changing("a postgres database", "username", func(s *resource.RDS) { s.Username = "chief" }),
	changing("a postgres database", "kmsKey", func(s *resource.RDS) { s.KMSKey = otherKey }),
	changing("a postgres database", "version", func(s *resource.RDS) { s.Version = "16.6" }),
	changing("a postgres database", "instanceClass", func(s *resource.RDS) { s.InstanceClass = "db.m7g.xlarge" }),
	changing("a postgres database", "storage.size", func(s *resource.RDS) { s.Storage.Size = 100 }),
	changing("a postgres database", "port", func(s *resource.RDS) { s.Port = 5433 }),
	changing("a postgres database", "publiclyAccessible", func(s *resource.RDS) { s.PubliclyAccessible = true }),
	changing("a postgres database", "multiAZ", func(s *resource.RDS) { s.MultiAZ = false }),
	changing("a serverless aurora cluster", "database", func(s *resource.RDS) { s.Database = "other" }),
	changing("a serverless aurora cluster", "username", func(s *resource.RDS) { s.Username = "chief" }),
	changing("a serverless aurora cluster", "kmsKey", func(s *resource.RDS) { s.KMSKey = otherKey }),
	changing("a serverless aurora cluster", "port", func(s *resource.RDS) { s.Port = 5433 }),
	changing("a table", "partitionKey", func(s *resource.DynamoDB) { s.PartitionKey.Name = "sku" }),
	changing("a table", "sortKey", func(s *resource.DynamoDB) {
		s.SortKey = &resource.KeyAttribute{Name: "at", Type: resource.AttributeNumber}
	}),
	changing("a table with everything", "localIndexes",
		func(s *resource.DynamoDB) { s.LocalIndexes[0].Projection = resource.ProjectAll }),
	changing("a table", "billing", func(s *resource.DynamoDB) {
		s.Billing, s.Capacity = resource.Provisioned,
			&resource.TableCapacity{Read: resource.CapacityRange{Min: 5, Max: 50, Target: 70},
				Write: resource.CapacityRange{Min: 5, Max: 20, Target: 70}}
	}),
	changing("a table", "kmsKey", func(s *resource.DynamoDB) { s.KMSKey = otherKey }),
	changing("a document database", "username", func(s *resource.DocumentDB) { s.Username = "chief" }),
	changing("a document database", "port", func(s *resource.DocumentDB) { s.Port = 27018 }),
	changing("a document database", "kmsKey", func(s *resource.DocumentDB) { s.KMSKey = otherKey }),
	changing("a document database", "instances", func(s *resource.DocumentDB) { s.Instances = 3 }),
	changing("a document database", "instanceClass",
		func(s *resource.DocumentDB) { s.InstanceClass = "db.r6g.xlarge" }),
	changing("a redis cache", "port", func(s *resource.ElastiCacheRedis) { s.Port = 6380 }),
	changing("a redis cache", "kmsKey", func(s *resource.ElastiCacheRedis) { s.KMSKey = otherKey }),
	changing("a redis cache", "transitEncryption", func(s *resource.ElastiCacheRedis) {
		s.TransitEncryption,
			s.Auth = false, resource.RedisNoAuth
	}),
	changing("a redis cache", "nodeType", func(s *resource.ElastiCacheRedis) { s.NodeType = "cache.m7g.large" }),
	changing("a redis cache", "replicasPerShard", func(s *resource.ElastiCacheRedis) { s.ReplicasPerShard = 2 }),
	changing("a memcached cache", "port", func(s *resource.ElastiCacheMemcached) { s.Port = 11212 }),
	changing("a memcached cache", "nodeType",
		func(s *resource.ElastiCacheMemcached) { s.NodeType = "cache.m7g.large" }),
	changing("a memcached cache", "transitEncryption",
		func(s *resource.ElastiCacheMemcached) { s.TransitEncryption = false }),
	changing("a memcached cache", "multiAZ", func(s *resource.ElastiCacheMemcached) { s.MultiAZ = false }),
	changing("a memcached cache", "nodes", func(s *resource.ElastiCacheMemcached) { s.Nodes = 3 }),
	changing("a memory database", "port", func(s *resource.AWSMemoryDB) { s.Port = 6380 }),
	changing("a memory database", "kmsKey", func(s *resource.AWSMemoryDB) { s.KMSKey = otherKey }),
	changing("a memory database", "engine", func(s *resource.AWSMemoryDB) { s.Engine, s.Version = "valkey", "7.2" }),
	changing("a memory database", "username", func(s *resource.AWSMemoryDB) { s.Username = "other" }),
	changing("a memory database", "shards", func(s *resource.AWSMemoryDB) { s.Shards = 2 }),
	changing("a bucket", "bucketName", func(s *resource.S3) { s.BucketName = "quite-another-bucket" }),
	changing("a bucket", "objectLock",
		func(s *resource.S3) { s.ObjectLock = &resource.ObjectLock{Mode: "governance", Days: 1} }),
	changing("a bucket", "encryption", func(s *resource.S3) {
		s.Encryption.Algorithm, s.Encryption.KMSKey = "kms",
			otherKey
	}),
	changing("a file system", "performanceMode", func(s *resource.EFS) {
		s.PerformanceMode, s.ThroughputMode = "maxIO",
			"bursting"
	}),
	changing("a file system", "kmsKey", func(s *resource.EFS) { s.KMSKey = otherKey }),
	changing("a file system", "throughputMode", func(s *resource.EFS) { s.ThroughputMode = "bursting" }),
	changing("a disk", "zone", func(s *resource.EBS) { s.Zone = 1 }),
	changing("a disk", "kmsKey", func(s *resource.EBS) { s.KMSKey = otherKey }),
	changing("a disk", "snapshotId", func(s *resource.EBS) { s.SnapshotID = "snap-0123456789abcdef0" }),
	changing("a disk", "size", func(s *resource.EBS) { s.Size = 200 }),
	changing("a queue", "fifo", func(s *resource.SQS) { s.FIFO = true }),
	changing("a queue", "retention", func(s *resource.SQS) { s.Retention = resource.Day }),
	changing("a topic", "fifo", func(s *resource.SNS) { s.FIFO = true }),
	changing("a topic", "displayName", func(s *resource.SNS) { s.DisplayName = "Shop" }),
	changing("kafka brokers", "kmsKey", func(s *resource.MSK) { s.KMSKey = otherKey }),
	changing("kafka brokers", "instanceType", func(s *resource.MSK) { s.InstanceType = "kafka.m7g.xlarge" }),
	changing("kafka brokers", "version", func(s *resource.MSK) { s.Version = "3.9.x" }),
	changing("kafka brokers", "brokersPerZone", func(s *resource.MSK) { s.BrokersPerZone = 2 }),
	changing("kafka brokers", "storage.size", func(s *resource.MSK) { s.Storage.Size, s.Storage.MaxSize = 200, 0 }),
	changing("a bus of events", "defaultBus", func(s *resource.EventBridge) { s.DefaultBus = true }),
	changing("a bus of events", "archiveDays", func(s *resource.EventBridge) { s.ArchiveDays = 7 }),
	changing("an internal load balancer", "scheme", func(s *resource.ALB) { s.Scheme = resource.InternetFacing }),
	changing("an internal load balancer", "http2", func(s *resource.ALB) { s.HTTP2 = false }),
	changing("an internal network load balancer", "scheme",
		func(s *resource.NLB) { s.Scheme = resource.InternetFacing }),
	changing("an internal network load balancer", "crossZone", func(s *resource.NLB) { s.CrossZone = false }),
	changing("a distribution of a bucket", "priceClass",
		func(s *resource.CloudFront) { s.PriceClass = "PriceClass_All" }),
	changing("an http api", "protocol", func(s *resource.APIGateway) {
		s.Protocol, s.Stage, s.Routes[0].Route = resource.APIREST, "v1", "ANY /{proxy+}"
	}),
	changing("a rest api", "stage", func(s *resource.APIGateway) { s.Stage = "v2" }),
	changing("a rest api", "tracing", func(s *resource.APIGateway) { s.Tracing = true }),
	changing("a network", "cidr", func(s *resource.Networking) { s.CIDR = "10.77.0.0/16" }),
	changing("a network", "privateDomain", func(s *resource.Networking) { s.PrivateDomain = "inside.example" }),
	changing("a network", "natGateways", func(s *resource.Networking) { s.NATGateways = resource.NATSingle }),
	changing("security by default", "encryption.existingKey",
		func(s *resource.Security) { s.Encryption.ExistingKey = otherKey }),
	changing("security by default", "encryption.rotation",
		func(s *resource.Security) { s.Encryption.Rotation = false }),
	changing("observability by default", "alarms.emails",
		func(s *resource.Observability) { s.Alarms.Emails = []string{"ops@example.com"} }),
}

const otherKey = "arn:aws:kms:eu-west-1:123456789012:key/other"

// withoutChange are fields of ReplaceOn that no change above reaches, each with the reason.
var withoutChange = map[string]string{
	"Networking existing.vpcId":     "a network that exists is not the component's own; what stands in it is replaced with it",
	"RDS snapshotIdentifier":        "needs a snapshot of a database that exists",
	"DocumentDB snapshotIdentifier": "needs a snapshot of a database that exists",
}

func TestReplaceOnNamesEveryFieldAndOnlyFields(t *testing.T) {
	reached := map[string]bool{}
	for _, c := range changes {
		reached[string(cases[c.base].Kind)+" "+c.path] = true
	}
	for _, kind := range resource.Kinds() {
		definition, _ := resource.Lookup(kind)
		require.NotEmpty(t, bodies[kind], kind)
		for _, path := range definition.ReplaceOn {
			name := string(kind) + " " + path
			require.True(t, reached[name] != (withoutChange[name] != ""),
				"no change shows that %s of %s forces a replacement", path, kind)
		}
	}
}

func TestReplaceOnSaysWhatTheCloudDoes(t *testing.T) {
	if !everything() {
		t.Skip("runs the Pulumi CLI some two hundred times; DEPLOYER_E2E=1")
	}
	g := newGround(t, 2)
	ids := surround(t, g)
	byBase := map[string][]change{}
	for _, c := range changes {
		byBase[c.base] = append(byBase[c.base], c)
	}
	t.Run("changes", func(t *testing.T) {
		for base, all := range byBase {
			t.Run(base, func(t *testing.T) {
				t.Parallel()
				o := placed(t, g.on(t, cases[base]), ids)
				o.Address.Component = "c" + digestOf(base)[:6]
				if o.Kind == "Networking" {
					o.Address.Environment = o.Address.Component
				}
				o.Spec.Base().AllowReplace = true
				_, err := g.Apply(t.Context(), o)
				require.NoError(t, err)
				for _, c := range all {
					t.Run(c.path, func(t *testing.T) { compareReplacement(t, g, placed(t, o, ids), c, ids) })
				}
			})
		}
	})
}

func compareReplacement(t *testing.T, g *ground, o execution.Order, c change, ids *strings.Replacer) {
	t.Helper()
	c.edit(o.Spec)
	o = placed(t, o, ids)
	result, err := g.Preview(t.Context(), o, false)
	require.NoError(t, err, c.path)
	require.NotEmpty(t, result.Changes, "%s of %s changes nothing", c.path, o.Kind)
	var replaced []string
	for _, r := range result.Changes {
		if slices.Contains(bodies[o.Kind], r.Type) && (r.Operation == "replace" || r.Operation == "delete") &&
			r.Name != "dead-letters" {
			replaced = append(replaced, r.Type+" "+r.Operation)
		}
	}
	definition, _ := resource.Lookup(o.Kind)
	require.Equal(t, slices.Contains(definition.ReplaceOn, c.path), len(replaced) > 0, "%s %s: %v", o.Kind, c.path,
		replaced)
}

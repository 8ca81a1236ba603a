package provision

import (
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/resource"
)

// dataCases are those of what keeps data.
var dataCases = map[string]execution.Order{
	"a postgres database": order("RDS", func(s *resource.RDS) {
		s.Engine, s.Version, s.InstanceClass, s.Database = resource.Postgres, "16.4", "db.m7g.large", "shop"
	}),
	"a mysql database with replicas and parameters": order("RDS", func(s *resource.RDS) {
		s.Engine, s.Version, s.InstanceClass, s.ReadReplicas = resource.MySQL, "8.0.39", "db.m7g.large", 2
		s.Parameters = map[string]string{"max_connections": "500"}
		s.AllowedCIDRs = []resource.CIDR{"10.9.0.0/16"}
		s.DeletionPolicy = resource.Delete
	}),
	"a serverless aurora cluster": order("RDS", func(s *resource.RDS) {
		s.Engine, s.Version, s.InstanceClass = resource.AuroraPostgres, "16.4", "db.serverless"
		s.Serverless = &resource.AuroraCapacity{Min: 0.5, Max: 8}
	}),
	"a table": order("DynamoDB", func(s *resource.DynamoDB) {
		s.PartitionKey = resource.KeyAttribute{Name: "id", Type: resource.AttributeString}
	}),
	"a table with everything": order("DynamoDB", func(s *resource.DynamoDB) {
		s.PartitionKey = resource.KeyAttribute{Name: "id", Type: resource.AttributeString}
		s.SortKey = &resource.KeyAttribute{Name: "at", Type: resource.AttributeNumber}
		s.Billing, s.Capacity = resource.Provisioned,
			&resource.TableCapacity{Read: resource.CapacityRange{Min: 5, Max: 50, Target: 70},
				Write: resource.CapacityRange{Min: 5, Max: 20, Target: 70}}
		s.GlobalIndexes = []resource.GlobalIndex{{Name: "byOwner", PartitionKey: resource.KeyAttribute{Name: "owner",
			Type: resource.AttributeString},
			Projection: resource.ProjectInclude, Attributes: []string{"title"}}}
		s.LocalIndexes = []resource.LocalIndex{{Name: "bySize", SortKey: resource.KeyAttribute{Name: "size",
			Type: resource.AttributeNumber}, Projection: resource.ProjectKeys}}
		s.TTLAttribute, s.Stream, s.ContributorInsights = "expires", resource.StreamBoth, true
		s.Replicas = []string{"eu-central-1"}
	}),
	"a redis cache": order("ElastiCacheRedis", func(s *resource.ElastiCacheRedis) {
		s.Version, s.NodeType = "7.1", "cache.t4g.small"
	}),
	"a sharded valkey cache without a password": order("ElastiCacheRedis", func(s *resource.ElastiCacheRedis) {
		s.Engine, s.Version, s.NodeType, s.Shards, s.Auth = "valkey", "8.0", "cache.r7g.large", 6, resource.RedisNoAuth
	}, watchedUp()),
	"a document database": order("DocumentDB", func(s *resource.DocumentDB) {
		s.Version, s.InstanceClass = "5.0.0", "db.r6g.large"
	}),
	"a document database with logs and parameters": order("DocumentDB", func(s *resource.DocumentDB) {
		s.Version, s.InstanceClass, s.Instances, s.StorageType = "5.0.0", "db.r6g.large", 3, "ioOptimized"
		s.LogExports, s.RequireTLS = []string{"audit", "profiler"}, false
		s.Parameters = map[string]string{"ttl_monitor": "disabled"}
		s.DeletionPolicy = resource.Delete
	}, securityUp(), watchedUp()),
	"a memcached cache": order("ElastiCacheMemcached", func(s *resource.ElastiCacheMemcached) {
		s.Version, s.NodeType = "1.6.22", "cache.t4g.small"
	}),
	"a memcached cache in one zone with parameters": order("ElastiCacheMemcached",
		func(s *resource.ElastiCacheMemcached) {
			s.Version, s.NodeType, s.Nodes, s.MultiAZ = "1.6.22", "cache.t4g.small", 1, false
			s.Parameters = map[string]string{"max_item_size": "2097152"}
		}, watchedUp()),
	"a memory database": order("AWSMemoryDB", func(s *resource.AWSMemoryDB) {
		s.Version, s.NodeType = "7.1", "db.r7g.large"
	}),
	"a sharded valkey memory database": order("AWSMemoryDB", func(s *resource.AWSMemoryDB) {
		s.Engine, s.Version, s.NodeType, s.Shards = "valkey", "7.2", "db.r7g.large", 3
		s.Parameters = map[string]string{"maxmemory-policy": "noeviction"}
		s.DeletionPolicy = resource.Delete
	}, securityUp(), watchedUp()),
	"a bucket": order[*resource.S3]("S3", nil),
	"a bucket with everything": order("S3", func(s *resource.S3) {
		s.Encryption.Algorithm = "kms"
		s.Lifecycle = []resource.LifecycleRule{{Name: "old", Prefix: "logs/", ExpireDays: 365, NoncurrentExpireDays: 30,
			AbortUploadDays: 7,
			Transitions:     []resource.Transition{{Days: 30, StorageClass: "STANDARD_IA"}}}}
		s.Replication = &resource.BucketReplication{Destination: resource.Input{Value: "arn:aws:s3:::copies"},
			DeleteMarkers: true}
		s.CORS = []resource.CORSRule{{Origins: []string{"https://www.example.com"}, Methods: []string{"GET"},
			MaxAge: resource.Hour}}
		s.Notifications = []resource.BucketNotification{{Name: "new",
			Target: resource.ComponentRef{Component: "jobs/todo"}, Events: []string{"s3:ObjectCreated:*"},
			Suffix: ".csv"}}
		s.EventBridge, s.ObjectLock = true, &resource.ObjectLock{Mode: "governance", Days: 30}
		s.AccessLogs = &resource.AccessLogs{Bucket: resource.ComponentRef{Component: "files/logs"}, Prefix: "web/"}
	}, queueUp("jobs/todo"), up("files/logs", "S3", map[string]any{"name": "logs", "arn": "arn:aws:s3:::logs"}),
		securityUp()),
	"a file system": order[*resource.EFS]("EFS", nil),
	"a file system with access points and a fixed throughput": order("EFS", func(s *resource.EFS) {
		s.ThroughputMode, s.Throughput, s.InfrequentAccessDays, s.Backup = "provisioned", 100, 1, false
		point := resource.AccessPoint{Name: "uploads", Path: "/uploads"}
		point.SetDefaults()
		s.AccessPoints = []resource.AccessPoint{point}
	}, securityUp()),
	"a disk": order("EBS", func(s *resource.EBS) { s.Size = 100 }),
	"a disk with everything": order("EBS", func(s *resource.EBS) {
		s.Size, s.Type, s.IOPS, s.Zone, s.SnapshotID, s.DeletionPolicy = 200, "io2", 4000, 2, "snap-0123456789abcdef0",
			resource.Delete
		s.Backup.EveryHours = 0
	}, securityUp()),
	"a database that pods reach": order("RDS", func(s *resource.RDS) {
		s.Engine, s.Version, s.InstanceClass = resource.Postgres, "16.4", "db.m7g.large"
	}, clusterUp()),
}

package provision

import (
	"strconv"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/resource"
)

// a translation's golden cases: for each kind the least that its author must write, and cases that turn everything on.
var cases = map[string]execution.Order{
	"a microservice alone": order("MicroService", func(s *resource.MicroService) {
		s.Image = "ghcr.io/shop/web:1.4.2"
	}),
	"a microservice behind a load balancer, with a database, a cache, a queue, secrets and scaling": order("MicroService", func(s *resource.MicroService) {
		s.Image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web@sha256:" + digest
		s.Ports = []resource.Port{{Name: "http", Port: 8080, Protocol: resource.PortHTTP}}
		s.Env = []resource.EnvVar{
			{Name: "LOG_LEVEL", Value: pointer("info")},
			{Name: "DB_HOST", ValueFrom: &resource.OutputRef{Component: "data/db", Output: "endpoint"}},
			{Name: "DB_PASSWORD", ValueFrom: &resource.OutputRef{Component: "data/db", Output: "password"}},
			{Name: "API_KEY", SecretRef: &resource.SecretRef{Name: "shop/api", Key: "key",
				Provider: resource.SecretsManager}},
			{Name: "TOKEN", SecretRef: &resource.SecretRef{Name: "/shop/token", Provider: resource.SSM}},
		}
		s.Scaling = &resource.Scaling{Min: 2, Max: 10, CPU: 60, RequestsPerTarget: 500,
			ScaleInCooldown: 5 * resource.Minute, ScaleOutCooldown: resource.Minute}
		s.HealthCheck = &resource.HealthCheck{Path: "/healthz", Interval: 30 * resource.Second,
			Timeout: 5 * resource.Second, Retries: 3, StartPeriod: resource.Minute}
		s.Ingress = &resource.Ingress{LoadBalancer: resource.ComponentRef{Component: "edge/lb"},
			Hosts: []string{"api.example.com"}, Paths: []string{"/v1/*"}}
		s.Ingress.SetDefaults()
		s.Permissions = []resource.Statement{{Effect: "Allow", Actions: []string{"bedrock:InvokeModel"},
			Resources: []resource.Input{{Value: "arn:aws:bedrock:eu-west-1::foundation-model/any"}}}}
		s.Exec = true
	}, databaseUp(), cacheUp(), queueUp("jobs/todo"), balancerUp()),
	"a microservice that is replaced blue green": order("MicroService", func(s *resource.MicroService) {
		s.Image = "ghcr.io/shop/web:1.4.2"
		s.Ports = []resource.Port{{Name: "grpc", Port: 9090, Protocol: resource.PortGRPC}}
		s.Rollout.Strategy, s.Rollout.BakeTime = resource.BlueGreen, 10*resource.Minute
		s.Ingress = &resource.Ingress{LoadBalancer: resource.ComponentRef{Component: "edge/lb"}}
		s.Ingress.SetDefaults()
	}, balancerUp()),
	"a microservice on EC2 instances": order("MicroService", func(s *resource.MicroService) {
		s.Image, s.Platform = "ghcr.io/shop/web:1.4.2", resource.ECSEC2
	}),
	"a microservice with file systems that uses an instance": order("MicroService", func(s *resource.MicroService) {
		s.Image = "ghcr.io/shop/web:1.4.2"
		s.Volumes = []resource.Volume{{Name: "uploads", Path: "/data",
			EFS: resource.ComponentRef{Component: "files/shared"}, AccessPoint: "uploads"}}
	}, filesUp(), machineUp()),
	"a microservice under a security document": order("MicroService", func(s *resource.MicroService) {
		s.Image = "ghcr.io/shop/web:1.4.2"
	}, queueUp("jobs/todo"), securityUp()),
	"a microservice behind a network load balancer": order("MicroService", func(s *resource.MicroService) {
		s.Image = "ghcr.io/shop/game:1.4.2"
		s.Ports = []resource.Port{{Name: "game", Port: 7000, Protocol: resource.PortUDP}}
		s.Ingress = &resource.Ingress{LoadBalancer: resource.ComponentRef{Component: "edge/nlb"}}
		s.Ingress.SetDefaults()
	}, networkBalancerUp()),
	"a worker on a queue": order("Worker", func(s *resource.Worker) {
		s.Image = "ghcr.io/shop/worker:2.0.0"
		s.Queue = resource.ComponentRef{Component: "jobs/todo"}
		s.Scaling = &resource.Scaling{Min: 0, Max: 20, QueueDepth: 100, ScaleInCooldown: 5 * resource.Minute,
			ScaleOutCooldown: resource.Minute}
	}, queueUp("jobs/todo"), queueUp("jobs/done"), up("files/uploads", "S3",
		map[string]any{"name": "uploads", "arn": "arn:aws:s3:::uploads"}),
		up("data/items", "DynamoDB", map[string]any{"name": "items",
			"arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/items"}),
		up("news/events", "SNS", map[string]any{"name": "events", "arn": "arn:aws:sns:eu-west-1:123456789012:events"})),
	"a job every night": order("CronJob", func(s *resource.CronJob) {
		s.Image, s.Schedule = "ghcr.io/shop/report:2.0.0", "30 3 * * 1-5"
	}),
	"a job on EC2 instances with a window and a place for runs that failed to start": order("CronJob",
		func(s *resource.CronJob) {
			s.Image, s.Schedule, s.Timezone, s.Platform = "ghcr.io/shop/report:2.0.0", "rate(6 hours)", "Europe/Berlin",
				resource.ECSEC2
			s.FlexibleWindow, s.Suspended, s.Count = 15*resource.Minute, true, 2
			s.DeadLetterQueue = resource.ComponentRef{Component: "jobs/dead"}
		}, queueUp("jobs/dead"), queueUp("jobs/todo")),
	"a function from an image": order("Lambda", func(s *resource.Lambda) {
		s.Image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/fn:1"
	}),
	"a function with everything": order("Lambda", func(s *resource.Lambda) {
		s.Code = &resource.FunctionCode{Bucket: resource.Input{ValueFrom: &resource.OutputRef{Component: "files/code",
			Output: "name"}}, Key: "fn.zip", SHA256: "abc="}
		s.Runtime, s.Handler, s.VPC, s.ReservedConcurrency, s.ProvisionedConcurrency = "provided.al2023", "bootstrap",
			true, 50, 5
		s.Env = []resource.EnvVar{
			{Name: "DB_PASSWORD", ValueFrom: &resource.OutputRef{Component: "data/db", Output: "password"}},
			{Name: "MODE", Value: pointer("fast")},
			{Name: "TOKEN", SecretRef: &resource.SecretRef{Name: "/shop/token", Provider: resource.SSM}},
		}
		source := func(name string, edit func(*resource.EventSource)) resource.EventSource {
			e := resource.EventSource{Name: name}
			e.SetDefaults()
			edit(&e)
			return e
		}
		s.EventSources = []resource.EventSource{
			source("jobs", func(e *resource.EventSource) {
				e.Queue, e.MaximumConcurrency = resource.ComponentRef{Component: "jobs/todo"}, 10
				e.Filters = []map[string]any{{"body": map[string]any{"type": []any{"order"}}}}
			}),
			source("items", func(e *resource.EventSource) { e.Stream = resource.ComponentRef{Component: "data/items"} }),
			source("clicks", func(e *resource.EventSource) {
				e.Kafka, e.Topic = resource.ComponentRef{Component: "news/stream"}, "clicks"
			}),
		}
		s.Schedules = []resource.FunctionSchedule{{Name: "hourly", Schedule: "rate(1 hour)", Timezone: "UTC",
			Input: map[string]any{"full": true}}}
		s.URL = &resource.FunctionURL{Auth: "none",
			CORS: &resource.CORSRule{Origins: []string{"https://www.example.com"}, Methods: []string{"GET"}}}
		s.DeadLetterQueue = resource.ComponentRef{Component: "jobs/dead"}
		s.Layers = []resource.Input{{Value: "arn:aws:lambda:eu-west-1:580247275435:layer:LambdaInsightsExtension:53"}}
	}, databaseUp(), queueUp("jobs/todo"), queueUp("jobs/dead"), tableUp(), brokersUp(), securityUp(), watchedUp(),
		up("files/code", "S3", map[string]any{"name": "code", "arn": "arn:aws:s3:::code"})),
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
	"an instance": order("EC2Instance", func(s *resource.EC2Instance) {
		s.AMI.ID, s.InstanceType = "ami-0123456789abcdef0", "t4g.small"
	}),
	"an instance with everything": order("EC2Instance", func(s *resource.EC2Instance) {
		s.AMI.Parameter, s.InstanceType, s.PublicIP,
			s.Zone = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64", "m7g.large", true, 1
		s.UserData, s.ReplaceOnUserData, s.AutoRecovery = resource.Input{Value: "#!/bin/sh\necho hello\n"}, true, false
		s.RootDisk = resource.RootDisk{Size: 100, Type: "io2", IOPS: 3000}
		s.AllowedPorts = []resource.AllowedPort{{Port: 443, Protocol: "tcp",
			CIDRs: []resource.CIDR{"0.0.0.0/0", "::/0"}},
			{Port: 9000, ToPort: 9010, Protocol: "udp", CIDRs: []resource.CIDR{"10.8.0.0/16"}}}
		s.Disks = []resource.AttachedDisk{{EBS: resource.ComponentRef{Component: "data/disk"}, Device: "/dev/sdf"}}
		s.Permissions = []resource.Statement{{Effect: "Deny", Actions: []string{"s3:DeleteObject"},
			Resources: []resource.Input{{Value: "arn:aws:s3:::uploads/*"}}}}
	}, databaseUp(), filesUp(), machineUp(), securityUp(), watchedUp(),
		up("files/uploads", "S3", map[string]any{"name": "uploads", "arn": "arn:aws:s3:::uploads"}),
		up("data/disk", "EBS", map[string]any{"id": "vol-0123456789abcdef0", "availabilityZone": "eu-west-1b"})),
	"a queue": order[*resource.SQS]("SQS", nil),
	"a fifo queue whose dead letters go elsewhere": order("SQS", func(s *resource.SQS) {
		s.FIFO, s.HighThroughput, s.ContentBasedDeduplication = true, true, true
		s.DeadLetter.Queue = resource.ComponentRef{Component: "jobs/lost"}
	}, queueUp("jobs/lost")),
	"a topic": order[*resource.SNS]("SNS", nil),
	"a topic with subscriptions": order("SNS", func(s *resource.SNS) {
		s.Subscriptions = []resource.Subscription{
			{Name: "jobs", Queue: resource.ComponentRef{Component: "jobs/todo"}, Raw: true,
				Filter: map[string]any{"type": []any{"order"}}, FilterOn: "body"},
			{Name: "ops", Email: "ops@example.com"},
			{Name: "hook", HTTPS: resource.Input{Value: "https://hooks.example.com/x"},
				DeadLetterQueue: resource.ComponentRef{Component: "jobs/todo"}},
		}
	}, queueUp("jobs/todo")),
	"kafka without brokers": order[*resource.Kafka]("Kafka", nil),
	"kafka without brokers, with topics": order("Kafka", func(s *resource.Kafka) {
		s.Topics = []resource.Topic{{Name: "orders", Access: resource.TopicReadWrite},
			{Name: "audit-*", Access: resource.TopicWrite}}
	}),
	"kafka brokers": order("MSK", func(s *resource.MSK) { s.Version, s.InstanceType = "3.8.x", "kafka.m7g.large" }),
	"kafka brokers with everything": order("MSK", func(s *resource.MSK) {
		s.Version, s.InstanceType, s.BrokersPerZone, s.Storage = "3.8.x", "kafka.m7g.large", 4,
			resource.BrokerStorage{Size: 500}
		s.Configuration = map[string]string{"auto.create.topics.enable": "false", "default.replication.factor": "3"}
		s.Authentication.SCRAMSecrets = []resource.Input{{SecretRef: &resource.SecretRef{Name: "AmazonMSK_shop",
			Provider: resource.SecretsManager}},
			{Value: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:AmazonMSK_ops-Zz9Yy8"}}
		s.Topics = []resource.Topic{{Name: "clicks", Access: resource.TopicRead}}
	}, securityUp(), watchedUp()),
	"kafka express brokers": order("MSK", func(s *resource.MSK) {
		s.Version, s.InstanceType = "3.8.x",
			"express.m7g.large"
	}),
	"a worker on topics of kafka": order("Worker", func(s *resource.Worker) { s.Image = "ghcr.io/shop/worker:2.0.0" },
		up("news/stream", "Kafka", map[string]any{"arn": "arn:aws:kafka:eu-west-1:123456789012:cluster/stream/0f1e-2",
			"securityGroupId":  "sg-kafka",
			"bootstrapServers": "b-1.stream:9098", "topics": map[string]string{"orders": "readWrite",
				"audit-*": "write", "clicks": "read"}})),
	"a bus of events": order[*resource.EventBridge]("EventBridge", nil),
	"a bus of events with everything": order("EventBridge", func(s *resource.EventBridge) {
		s.ArchiveDays, s.SchemaDiscovery, s.Senders = -1, true, []string{"210987654321", "310987654321"}
		target := func(name string, edit func(*resource.EventTarget)) resource.EventTarget {
			t := resource.EventTarget{Name: name}
			t.SetDefaults()
			edit(&t)
			return t
		}
		s.Rules = []resource.EventRule{
			{Name: "orders", Description: "new orders", Pattern: map[string]any{"detail-type": []any{"order"}},
				Targets: []resource.EventTarget{
					target("queue", func(t *resource.EventTarget) {
						t.Queue, t.MessageGroup = resource.ComponentRef{Component: "jobs/todo"}, "orders"
						t.DeadLetterQueue = resource.ComponentRef{Component: "jobs/dead"}
					}),
					target("function", func(t *resource.EventTarget) {
						t.Function, t.Input = resource.ComponentRef{Component: "jobs/fn"}, map[string]any{"quick": true}
					}),
					target("topic", func(t *resource.EventTarget) { t.Topic = resource.ComponentRef{Component: "news/events"} }),
				}},
			{Name: "others", Pattern: map[string]any{"source": []any{"shop"}}, Disabled: true,
				Targets: []resource.EventTarget{
					target("machine", func(t *resource.EventTarget) {
						t.ARN = resource.Input{Value: "arn:aws:states:eu-west-1:123456789012:stateMachine:refund"}
					}),
					target("bus", func(t *resource.EventTarget) {
						t.ARN = resource.Input{Value: "arn:aws:events:eu-west-1:210987654321:event-bus/central"}
					}),
					target("hook", func(t *resource.EventTarget) {
						t.ARN = resource.Input{Value: "arn:aws:events:eu-west-1:123456789012:api-destination/hook/0123"}
					}),
				}},
		}
	}, queueUp("jobs/todo"), queueUp("jobs/dead"), functionUp(), securityUp(), watchedUp(),
		up("news/events", "SNS", map[string]any{"name": "events", "arn": "arn:aws:sns:eu-west-1:123456789012:events"})),
	"rules on the default bus": order("EventBridge", func(s *resource.EventBridge) {
		s.DefaultBus = true
		s.Rules = []resource.EventRule{{Name: "hourly", Schedule: "rate(1 hour)",
			Targets: []resource.EventTarget{{Name: "queue",
				Queue: resource.ComponentRef{Component: "jobs/todo"}, Retries: 3, MaximumAge: resource.Hour}}}}
	}, queueUp("jobs/todo")),
	"an internal load balancer": order("ALB", func(s *resource.ALB) {
		s.Listeners = []resource.Listener{listener("http", "HTTP")}
	}),
	"an internet-facing load balancer": order("ALB", func(s *resource.ALB) {
		secure, plain := listener("https", "HTTPS"), listener("http", "HTTP")
		secure.Certificates = []resource.Input{{Value: "arn:aws:acm:eu-west-1:123456789012:certificate/one"},
			{Value: "arn:aws:acm:eu-west-1:123456789012:certificate/two"}}
		plain.RedirectToHTTPS = true
		s.Scheme, s.Listeners = resource.InternetFacing, []resource.Listener{plain, secure}
		s.Domains = []resource.Domain{{Name: "api.example.com", HostedZoneID: "Z0123456789ABC"}}
		s.AccessLogs = &resource.AccessLogs{Bucket: resource.ComponentRef{Component: "files/logs"}}
	}, up("files/logs", "S3", map[string]any{"name": "logs", "arn": "arn:aws:s3:::logs"}), securityUp()),
	"an internal network load balancer": order("NLB", func(s *resource.NLB) {
		s.Listeners = []resource.NLBListener{networkListener("mqtt", "TCP", 1883)}
	}),
	"an internet-facing network load balancer": order("NLB", func(s *resource.NLB) {
		secure, game, dns := networkListener("mqtts", "TLS", 8883), networkListener("game", "UDP", 7000),
			networkListener("dns", "TCP_UDP", 53)
		secure.Certificates = []resource.Input{{Value: "arn:aws:acm:eu-west-1:123456789012:certificate/one"},
			{Value: "arn:aws:acm:eu-west-1:123456789012:certificate/two"}}
		secure.TargetPort, secure.PreserveClientIP, secure.HealthCheckPath = 1883, false, "/healthz"
		s.Scheme, s.Listeners, s.CrossZone = resource.InternetFacing, []resource.NLBListener{secure, game, dns}, false
		s.Domains = []resource.Domain{{Name: "mqtt.example.com", HostedZoneID: "Z0123456789ABC"}}
		s.AccessLogs = &resource.AccessLogs{Bucket: resource.ComponentRef{Component: "files/logs"}}
	}, up("files/logs", "S3", map[string]any{"name": "logs", "arn": "arn:aws:s3:::logs"}), watchedUp()),
	"a distribution of a bucket": order("CloudFront", func(s *resource.CloudFront) {
		s.Origins = []resource.Origin{{Name: "site", Bucket: resource.ComponentRef{Component: "files/site"}}}
		s.DefaultBehavior.Origin = "site"
	}, siteUp()),
	"a distribution with everything": order("CloudFront", func(s *resource.CloudFront) {
		s.Origins = []resource.Origin{{Name: "site", Bucket: resource.ComponentRef{Component: "files/site"},
			Path: "/v2"},
			{Name: "api", LoadBalancer: resource.ComponentRef{Component: "edge/lb"}, Headers: []resource.Header{
				{Name: "X-Origin", Value: resource.Input{Value: "edge"}},
				{Name: "X-Key", Value: resource.Input{SecretRef: &resource.SecretRef{Name: "shop/origin", Key: "key",
					Provider: resource.SecretsManager}}}}},
			{Name: "rest", API: resource.ComponentRef{Component: "edge/rest"}},
			{Name: "images", Domain: resource.Input{Value: "images.example.net"}}}
		s.DefaultBehavior.Origin = "site"
		b := resource.PathBehavior{Path: "/api/*"}
		b.SetDefaults()
		b.Origin, b.Methods, b.Cache, b.Forward, b.Viewer, b.SecurityHeaders = "api", "all", "disabled",
			"allExceptHost", "httpsOnly", false
		s.Behaviors = []resource.PathBehavior{b}
		s.Aliases, s.HostedZoneID = []string{"www.example.com", "example.com"}, "Z0123456789ABC"
		s.Certificate = resource.Input{Value: "arn:aws:acm:us-east-1:123456789012:certificate/one"}
		s.WebACL = resource.Input{Value: "arn:aws:wafv2:us-east-1:123456789012:global/webacl/edge/1"}
		s.DefaultRootObject, s.HTTP3 = "index.html", false
		s.ErrorResponses = []resource.ErrorResponse{{Code: 404, ResponseCode: 200, Path: "/index.html",
			CacheFor: 10 * resource.Second}, {Code: 503, CacheFor: resource.Second}}
		s.Countries = &resource.Countries{Mode: "allow", Codes: []string{"DE", "FR"}}
		s.AccessLogs = &resource.AccessLogs{Bucket: resource.ComponentRef{Component: "files/logs"}, Prefix: "edge/"}
	}, siteUp(), balancerUp(), watchedUp(), up("files/logs", "S3",
		map[string]any{"name": "logs", "arn": "arn:aws:s3:::logs"}),
		up("edge/rest", "APIGateway", map[string]any{"host": "abc.execute-api.eu-west-1.amazonaws.com", "id": "abc",
			"stageName": "v1"})),
	"an http api": order("APIGateway", func(s *resource.APIGateway) {
		s.Routes = []resource.Route{route("$default",
			func(r *resource.Route) { r.Function = resource.ComponentRef{Component: "jobs/fn"} })}
	}, functionUp()),
	"an http api with everything": order("APIGateway", func(s *resource.APIGateway) {
		s.Authorizers = []resource.Authorizer{{Name: "people",
			JWT: &resource.JWTAuthorizer{Issuer: resource.Input{Value: "https://login.example.com"},
				Audience: []string{"shop"}, Scopes: []string{"orders"}}}, {Name: "machines",
			Function: resource.ComponentRef{Component: "jobs/fn"}, CacheFor: resource.Minute}}
		s.Routes = []resource.Route{
			route("GET /orders/{id}", func(r *resource.Route) {
				r.Function, r.Authorizer = resource.ComponentRef{Component: "jobs/fn"}, "people"
			}),
			route("POST /orders", func(r *resource.Route) {
				r.Function, r.Authorizer = resource.ComponentRef{Component: "jobs/fn"}, "machines"
			}),
			route("ANY /web/{proxy+}", func(r *resource.Route) {
				r.LoadBalancer, r.Authorizer = resource.ComponentRef{Component: "edge/lb"}, "iam"
			}),
			route("GET /status", func(r *resource.Route) {
				r.URL, r.Timeout = resource.Input{Value: "https://status.example.com/v1"}, 5*resource.Second
			}),
		}
		s.CORS = &resource.CORSRule{Origins: []string{"https://www.example.com"}, Methods: []string{"GET", "POST"},
			Headers: []string{"authorization"}, MaxAge: resource.Hour}
		s.Domain = &resource.APIDomain{Name: "api.example.com",
			Certificate:  resource.Input{Value: "arn:aws:acm:eu-west-1:123456789012:certificate/one"},
			HostedZoneID: "Z0123456789ABC"}
		s.DisableDefaultEndpoint = true
	}, functionUp(), balancerUp(), networkUp(), watchedUp()),
	"a rest api": order("APIGateway", func(s *resource.APIGateway) {
		s.Protocol, s.Stage = resource.APIREST, "v1"
		s.Routes = []resource.Route{route("ANY /{proxy+}",
			func(r *resource.Route) { r.Function = resource.ComponentRef{Component: "jobs/fn"} })}
	}, functionUp()),
	"a rest api with everything": order("APIGateway", func(s *resource.APIGateway) {
		s.Protocol, s.Stage, s.Tracing = resource.APIREST, "v1", true
		s.Authorizers = []resource.Authorizer{{Name: "machines", Function: resource.ComponentRef{Component: "jobs/fn"},
			CacheFor: resource.Minute}}
		s.Routes = []resource.Route{
			route("GET /orders/{id}", func(r *resource.Route) {
				r.Function, r.Authorizer = resource.ComponentRef{Component: "jobs/fn"}, "machines"
			}),
			route("POST /orders", func(r *resource.Route) {
				r.Function, r.Authorizer, r.APIKeyRequired = resource.ComponentRef{Component: "jobs/fn"}, "iam", true
			}),
			route("ANY /web/{proxy+}", func(r *resource.Route) { r.LoadBalancer = resource.ComponentRef{Component: "edge/tcp"} }),
			route("GET /status/{part}", func(r *resource.Route) { r.URL = resource.Input{Value: "https://status.example.com/v1/{part}"} }),
		}
		s.CORS = &resource.CORSRule{Origins: []string{"https://www.example.com", "https://example.com"},
			Methods: []string{"GET"}, MaxAge: resource.Hour}
		s.Domain = &resource.APIDomain{Name: "api.example.com",
			Certificate:  resource.Input{Value: "arn:aws:acm:eu-west-1:123456789012:certificate/one"},
			HostedZoneID: "Z0123456789ABC"}
	}, functionUp(), networkUp(), securityUp(), watchedUp(), up("edge/tcp", "NLB",
		map[string]any{"securityGroupId": "sg-nlb",
			"arn":  "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/nlb/50dc6c495c0c9188",
			"urls": map[string]string{"web": "tcp://nlb.elb.amazonaws.com:8080"}})),
	"security by default": order[*resource.Security]("Security", nil),
	"security with everything": order("Security", func(s *resource.Security) {
		s.Encryption.Rotation, s.Encryption.DeletionWindow, s.DeletionPolicy = false, 7*resource.Day, resource.Delete
		s.PermissionsBoundary = "arn:aws:iam::123456789012:policy/boundary"
		s.WAF.Enabled, s.WAF.AllowedCIDRs, s.WAF.BlockedCIDRs = true, []resource.CIDR{"10.0.0.0/8", "fd00::/8"},
			[]resource.CIDR{"192.0.2.0/24"}
		s.Detection = resource.Detection{CloudTrail: true, GuardDuty: true}
	}),
	"security with a key that exists": order("Security", func(s *resource.Security) {
		s.Encryption.ExistingKey = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	}),
	"observability by default": order[*resource.Observability]("Observability", nil),
	"observability with everything": order("Observability", func(s *resource.Observability) {
		s.Alarms.Emails, s.Tracing.Enabled, s.Tracing.SamplePercent = []string{"ops@example.com"}, true, 12.5
	}, securityUp()),
	"observability with a topic that exists": order("Observability", func(s *resource.Observability) {
		s.Alarms.ExistingTopic, s.Dashboard = "arn:aws:sns:eu-west-1:123456789012:pager", false
	}),
	"a microservice on eks": order("MicroService", func(s *resource.MicroService) {
		s.Image, s.Platform = "ghcr.io/shop/web:1.4.2", resource.EKS
		s.Ports = []resource.Port{{Name: "http", Port: 8080, Protocol: resource.PortHTTP}}
	}, clusterUp()),
	"a microservice on eks with everything": order("MicroService", func(s *resource.MicroService) {
		s.Image, s.Platform, s.Architecture, s.User = "ghcr.io/shop/web:1.4.2", resource.EKS, resource.ARM, "1000:1000"
		s.Command, s.EntryPoint = []string{"serve"}, []string{"/app"}
		s.Ports = []resource.Port{{Name: "http", Port: 8080, Protocol: resource.PortHTTP},
			{Name: "metrics-and-traces", Port: 9102, Protocol: resource.PortTCP}}
		s.Env = []resource.EnvVar{{Name: "LOG_LEVEL", Value: pointer("info")},
			{Name: "DB_HOST", ValueFrom: &resource.OutputRef{Component: "data/db", Output: "endpoint"}},
			{Name: "API_KEY", SecretRef: &resource.SecretRef{Name: "shop/origin", Key: "key",
				Provider: resource.SecretsManager}}}
		s.HealthCheck = &resource.HealthCheck{Path: "/healthz", Interval: 30 * resource.Second,
			Timeout: 5 * resource.Second, Retries: 3, StartPeriod: resource.Minute}
		s.Scaling = &resource.Scaling{Min: 2, Max: 10, CPU: 60, Memory: 70, ScaleInCooldown: 5 * resource.Minute,
			ScaleOutCooldown: resource.Minute}
		s.Ingress = &resource.Ingress{Hosts: []string{"api.example.com"}, Paths: []string{"/v1/*"}}
		s.Ingress.SetDefaults()
		s.Ingress.Stickiness = resource.Hour
		s.EKS = &resource.EKSSettings{Namespace: "storefront", NodeSelector: map[string]string{"workload": "services"},
			MinAvailable: 1,
			Tolerations: []resource.Toleration{{Key: "workload", Value: "services", Effect: "NoSchedule"},
				{Key: "spot"}},
			IngressAnnotations: map[string]string{"alb.ingress.kubernetes.io/certificate-arn": "arn:aws:acm:eu-west-1:123456789012:certificate/one"},
			PodAnnotations:     map[string]string{"prometheus.io/scrape": "true"}}
		s.EKS.SetDefaults()
	}, clusterUp(), databaseUp(), queueUp("jobs/todo")),
	"a microservice on eks with a nameless way in": order("MicroService", func(s *resource.MicroService) {
		s.Image, s.Platform = "ghcr.io/shop/web:1.4.2", resource.EKS
		s.Ports = []resource.Port{{Name: "http", Port: 8080, Protocol: resource.PortHTTP}}
		s.Ingress = &resource.Ingress{}
		s.Ingress.SetDefaults()
	}, clusterUp()),
	"a worker on eks": order("Worker", func(s *resource.Worker) {
		s.Image, s.Platform, s.Queue = "ghcr.io/shop/worker:2.0.0", resource.EKS,
			resource.ComponentRef{Component: "jobs/todo"}
		s.HealthCheck = &resource.HealthCheck{Command: []string{"/alive"}, Interval: 30 * resource.Second,
			Timeout: 5 * resource.Second, Retries: 3}
	}, clusterUp(), queueUp("jobs/todo")),
	"a worker on eks with a file system": order("Worker", func(s *resource.Worker) {
		s.Image, s.Platform = "ghcr.io/shop/worker:2.0.0", resource.EKS
		s.Volumes = []resource.Volume{{Name: "uploads", Path: "/data",
			EFS: resource.ComponentRef{Component: "files/shared"}, AccessPoint: "uploads", ReadOnly: true}}
	}, clusterUp(), filesUp()),
	"a job on eks": order("CronJob", func(s *resource.CronJob) {
		s.Image, s.Schedule, s.Platform, s.Concurrency = "ghcr.io/shop/report:2.0.0", "30 3 * * 1-5", resource.EKS,
			resource.ConcurrencyForbid
	}, clusterUp()),
	"a database that pods reach": order("RDS", func(s *resource.RDS) {
		s.Engine, s.Version, s.InstanceClass = resource.Postgres, "16.4", "db.m7g.large"
	}, clusterUp()),
	"a network": order[*resource.Networking]("Networking", nil),
	"a network with one gateway, endpoints and instances": order("Networking", func(s *resource.Networking) {
		s.NATGateways, s.AvailabilityZones, s.CIDR = resource.NATSingle, 2, "10.20.0.0/22"
		s.Endpoints = []string{"s3", "ecr.api", "ecr.dkr"}
		s.Cluster.SpotPercent = 50
		s.Cluster.EC2 = &resource.ClusterInstances{InstanceType: "m7g.large", Max: 10}
		s.Cluster.EC2.SetDefaults()
		s.Cluster.EC2.Architecture = resource.ARM
	}),
	"a network that exists": order("Networking", func(s *resource.Networking) {
		s.Existing = &resource.ExistingNetwork{VPCID: "vpc-11111111", CIDR: "10.1.0.0/16",
			PrivateSubnetIDs:  []string{"subnet-11111111", "subnet-22222222"},
			AvailabilityZones: []string{"eu-west-1a", "eu-west-1b"}}
		s.Cluster.Existing = "shared"
		s.EKS = &resource.EKSCluster{Name: "shop-eks",
			OIDCProvider: "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF"}
	}),
}

const digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func pointer[T any](value T) *T { return &value }

func listener(name, protocol string) resource.Listener {
	l := resource.Listener{Name: name, Protocol: protocol}
	l.SetDefaults()
	return l
}

func databaseUp() map[string]execution.Upstream {
	return up("data/db", "RDS", map[string]any{"endpoint": "db.rds.amazonaws.com", "port": 5432,
		"securityGroupId": "sg-db", "arn": "arn:aws:rds:eu-west-1:123456789012:db:db",
		"password": map[string]string{"secretRef": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-abc",
			"key": "password"}})
}

func cacheUp() map[string]execution.Upstream {
	return up("data/cache", "ElastiCacheRedis", map[string]any{"endpoint": "cache.amazonaws.com", "port": 6379,
		"securityGroupId": "sg-cache"})
}

func queueUp(short string) map[string]execution.Upstream {
	return up(short, "SQS", map[string]any{"url": "https://sqs/" + short, "name": short,
		"arn": "arn:aws:sqs:eu-west-1:123456789012:" + short})
}

func balancerUp() map[string]execution.Upstream {
	const arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/lb/50dc6c495c0c9188/f2f7dc8efc522ab2"
	return up("edge/lb", "ALB", map[string]any{"listenerArn": arn, "listenerArns": map[string]string{"https": arn},
		"securityGroupId": "sg-lb",
		"dnsName":         "lb.elb.amazonaws.com", "url": "https://lb.elb.amazonaws.com"})
}

func securityUp() map[string]execution.Upstream {
	return up("platform/security", "Security",
		map[string]any{"kmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/environment",
			"webAclArn":           "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/env/1",
			"permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary"})
}

func tableUp() map[string]execution.Upstream {
	return up("data/items", "DynamoDB", map[string]any{"name": "items",
		"arn":       "arn:aws:dynamodb:eu-west-1:123456789012:table/items",
		"streamArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/items/stream/2024-01-01T00:00:00.000"})
}

func brokersUp() map[string]execution.Upstream {
	return up("news/stream", "MSK", map[string]any{"arn": "arn:aws:kafka:eu-west-1:123456789012:cluster/stream/0f1e-2",
		"bootstrapServers": "b-1.stream:9098", "securityGroupId": "sg-kafka"})
}

func watchedUp() map[string]execution.Upstream {
	return up("platform/observability", "Observability",
		map[string]any{"alarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms",
			"alarmThresholds": map[string]string{"cpu": "80", "memory": "85", "errorRate": "1", "messageAge": "15m",
				"freeStorage": "10"}})
}

func filesUp() map[string]execution.Upstream {
	return up("files/shared", "EFS", map[string]any{"id": "fs-0123456789abcdef0", "securityGroupId": "sg-files",
		"arn":            "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-0123456789abcdef0",
		"accessPointIds": map[string]string{"uploads": "fsap-0123456789abcdef0"}})
}

func machineUp() map[string]execution.Upstream {
	return up("legacy/erp", "EC2Instance", map[string]any{"id": "i-0123456789abcdef0", "securityGroupId": "sg-erp",
		"privateIp": "10.0.1.9"})
}

func functionUp() map[string]execution.Upstream {
	return up("jobs/fn", "Lambda", map[string]any{"name": "fn",
		"arn":         "arn:aws:lambda:eu-west-1:123456789012:function:fn:live",
		"functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:fn"})
}

func networkListener(name, protocol string, port int) resource.NLBListener {
	l := resource.NLBListener{Name: name, Port: port}
	l.SetDefaults()
	l.Protocol = protocol
	return l
}

func networkBalancerUp() map[string]execution.Upstream {
	const prefix = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:"
	return up("edge/nlb", "NLB", map[string]any{"arn": prefix + "loadbalancer/net/nlb/50dc6c495c0c9188",
		"dnsName": "nlb.elb.amazonaws.com", "securityGroupId": "sg-nlb",
		"listenerArns":    map[string]string{"game": prefix + "listener/net/nlb/50dc6c495c0c9188/f2f7dc8efc522ab2"},
		"targetGroupArns": map[string]string{"game": prefix + "targetgroup/game/0123456789abcdef"},
		"urls":            map[string]string{"game": "udp://nlb.elb.amazonaws.com:7000"}})
}

func siteUp() map[string]execution.Upstream {
	return up("files/site", "S3", map[string]any{"name": "site", "arn": "arn:aws:s3:::site",
		"domainName": "site.s3.eu-west-1.amazonaws.com"})
}

func route(text string, edit func(*resource.Route)) resource.Route {
	r := resource.Route{Route: text}
	r.SetDefaults()
	edit(&r)
	return r
}

// clusterUp is the network of an environment with an EKS cluster.
func clusterUp() map[string]execution.Upstream {
	ups := networkUp()
	network := ups["platform/networking"]
	for name, value := range map[string]string{"eksEndpoint": "https://ABCDEF.gr7.eu-west-1.eks.amazonaws.com",
		"eksCertificateAuthority": "Q0E=",
		"eksSecurityGroupId":      "sg-cluster"} {
		network.Outputs[name] = []byte(strconv.Quote(value))
	}
	return ups
}

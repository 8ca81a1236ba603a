package provision

import (
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/resource"
)

// containerCases are those of what runs code.
var containerCases = map[string]execution.Order{
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
	"a microservice on EC2 instances of a cluster that exists": order("MicroService", func(s *resource.MicroService) {
		s.Image, s.Platform = "ghcr.io/shop/web:1.4.2", resource.ECSEC2
	}, up("platform/networking", "Networking", networkWith(map[string]any{"capacityProvider": ""}))),
	"a microservice that runs on spot for the most part": order("MicroService", func(s *resource.MicroService) {
		s.Image = "ghcr.io/shop/web:1.4.2"
	}, up("platform/networking", "Networking", networkWith(map[string]any{"spotPercent": 80}))),
	"a job that runs on spot alone": order("CronJob", func(s *resource.CronJob) {
		s.Image, s.Schedule = "ghcr.io/shop/job:1.4.2", "rate(1 hour)"
	}, up("platform/networking", "Networking", networkWith(map[string]any{"spotPercent": 100}))),
	"a microservice that only reads a file system": order("MicroService", func(s *resource.MicroService) {
		s.Image, s.Exec = "ghcr.io/shop/web:1.4.2", true
		s.Volumes = []resource.Volume{{Name: "uploads", Path: "/data", ReadOnly: true,
			EFS: resource.ComponentRef{Component: "files/shared"}, AccessPoint: "uploads"}}
	}, filesUp()),
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
		}, securityUp(), queueUp("jobs/dead"), queueUp("jobs/todo")),
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
	"a worker on topics of kafka": order("Worker", func(s *resource.Worker) { s.Image = "ghcr.io/shop/worker:2.0.0" },
		up("news/stream", "Kafka", map[string]any{"arn": "arn:aws:kafka:eu-west-1:123456789012:cluster/stream/0f1e-2",
			"securityGroupId":  "sg-kafka",
			"bootstrapServers": "b-1.stream:9098", "topics": map[string]string{"orders": "readWrite",
				"audit-*": "write", "clicks": "read"}})),
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
}

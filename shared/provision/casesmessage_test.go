package provision

import (
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/resource"
)

// messageCases are those of what carries messages.
var messageCases = map[string]execution.Order{
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
}

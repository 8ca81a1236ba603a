package resource

import "github.com/deployer-io/deployer/shared/diag"

// CodeKafka is the code of rules about Kafka.
const CodeKafka diag.Code = "kafka"

// Kafka is MSK Serverless: topics without brokers to look after.
type Kafka struct {
	Common
	// the topics that are used; producers and consumers are given access to these alone
	Topics []Topic `json:"topics,omitempty" jsonschema:"maxItems=500"`
}

// Topic is a topic of Kafka.
type Topic struct {
	// the topic's name; * at its end means all that begin so
	Name string `json:"name" jsonschema:"required,pattern=^[A-Za-z0-9._-]{1\\,248}\\*?$"`
	// what the components that refer to the cluster may do with it
	Access TopicAccess `json:"access" jsonschema:"enum=read,enum=write,enum=readWrite"`
}

// SetDefaults lets everybody who refers to the cluster read and write.
func (t *Topic) SetDefaults() { t.Access = TopicReadWrite }

// TopicAccess is what may be done with a topic.
type TopicAccess string

// The ways to use a topic.
const (
	TopicRead      TopicAccess = "read"
	TopicWrite     TopicAccess = "write"
	TopicReadWrite TopicAccess = "readWrite"
)

// KindKafka is MSK Serverless.
var KindKafka = register(Definition{
	Kind: "Kafka", APIVersion: ComponentsV1, Family: Messaging, Revision: 1, Networked: true, Stateful: true, NoSnapshot: true,
	Summary: "MSK Serverless: Kafka without brokers to look after, with IAM access to named topics.",
	New:     func() Spec { return &Kafka{Common: defaultCommon(Retain, 60*Minute)} },
	Outputs: []Output{
		{Name: "bootstrapServers", Type: Text, Doc: "host names and ports for clients that sign in with IAM"},
		{Name: "arn", Type: Text, Doc: "the cluster's ARN"},
		{Name: "name", Type: Text, Doc: "the cluster's name"},
		{Name: "securityGroupId", Type: Text, Doc: "its security group"},
		{Name: "topics", Type: TextMap, Doc: "what may be done with each topic, by name; only with topics"},
	},
})

// Lacks says why the spec does not have one of its kind's outputs; empty when it has.
func (c *Kafka) Lacks(output string) string {
	if output == "topics" && len(c.Topics) == 0 {
		return "it names no topics"
	}
	return ""
}

// Check keeps the rules over several fields.
func (c *Kafka) Check(k *Checker) {
	c.Common.check(k)
	names := make([]string, len(c.Topics))
	for i, topic := range c.Topics {
		names[i] = topic.Name
	}
	k.unique("topics", ".name", names)
}

// MSK is a Kafka cluster with brokers.
type MSK struct {
	Common
	// the version of Kafka, as in 3.8.x
	Version string `json:"version" jsonschema:"required,pattern=^[0-9]+\\.[0-9]+\\.([0-9]+|x)(\\.kraft)?$" jsonschema_extras:"scalar=true"`
	// the size of each broker, as in kafka.m7g.large
	InstanceType string `json:"instanceType" jsonschema:"required,pattern=^(kafka|express)\\.[a-z0-9]+\\.[a-z0-9]+$"`
	// how many brokers stand in each zone
	BrokersPerZone int `json:"brokersPerZone" jsonschema:"minimum=1,maximum=30"`
	// the disk of each broker
	Storage BrokerStorage `json:"storage"`
	// how clients sign in
	Authentication KafkaAuthentication `json:"authentication"`
	// the topics that are used; producers and consumers that sign in with IAM are given access to these alone
	Topics []Topic `json:"topics,omitempty" jsonschema:"maxItems=500"`
	// the brokers' configuration, as in auto.create.topics.enable
	Configuration map[string]string `json:"configuration,omitempty" jsonschema_extras:"scalar=true"`
	// how much CloudWatch shows
	Monitoring string `json:"monitoring" jsonschema:"enum=DEFAULT,enum=PER_BROKER,enum=PER_TOPIC_PER_BROKER,enum=PER_TOPIC_PER_PARTITION"`
	// the KMS key of data, which is always encrypted; without it the environment's own, or AWS's
	KMSKey ARN `json:"kmsKey,omitempty"`
	// how many days the brokers' logs are kept; 0 is for ever
	LogRetention int `json:"logRetention" jsonschema:"enum=0,enum=1,enum=3,enum=5,enum=7,enum=14,enum=30,enum=60,enum=90,enum=180,enum=365"`
}

// BrokerStorage is the disk of a broker.
type BrokerStorage struct {
	// the size in GiB
	Size int `json:"size" jsonschema:"minimum=1,maximum=16384"`
	// how far it may grow by itself, in GiB; 0 keeps it as it is
	MaxSize int `json:"maxSize" jsonschema:"minimum=0,maximum=16384"`
}

// KafkaAuthentication is how clients sign in; connections are always encrypted.
type KafkaAuthentication struct {
	// with IAM
	IAM bool `json:"iam"`
	// with names and passwords that are kept in Secrets Manager under names that begin with AmazonMSK_
	SCRAMSecrets []Input `json:"scramSecrets,omitempty" jsonschema:"maxItems=100"`
}

// KindMSK is a Kafka cluster with brokers.
var KindMSK = register(Definition{
	Kind: "MSK", APIVersion: ComponentsV1, Family: Messaging, Revision: 1, Networked: true, Stateful: true, NoSnapshot: true,
	Summary: "An MSK cluster: Kafka brokers in every zone, encrypted, with IAM or SCRAM.",
	New: func() Spec {
		return &MSK{Common: defaultCommon(Retain, 120*Minute), BrokersPerZone: 1, Storage: BrokerStorage{Size: 100, MaxSize: 1000},
			Authentication: KafkaAuthentication{IAM: true}, Monitoring: "PER_BROKER", LogRetention: 30}
	},
	Outputs: []Output{
		{Name: "bootstrapServers", Type: Text, Doc: "host names and ports for clients that sign in with IAM; only with authentication.iam"},
		{Name: "bootstrapServersScram", Type: Text, Doc: "host names and ports for clients that sign in with SCRAM; only with authentication.scramSecrets"},
		{Name: "arn", Type: Text, Doc: "the cluster's ARN"},
		{Name: "name", Type: Text, Doc: "the cluster's name"},
		{Name: "securityGroupId", Type: Text, Doc: "its security group"},
		{Name: "topics", Type: TextMap, Doc: "what may be done with each topic, by name; only with topics"},
	},
	ReplaceOn: []string{"kmsKey"},
})

// Lacks says why the spec does not have one of its kind's outputs; empty when it has.
func (m *MSK) Lacks(output string) string {
	switch {
	case output == "bootstrapServers" && !m.Authentication.IAM:
		return "its authentication.iam is false"
	case output == "bootstrapServersScram" && len(m.Authentication.SCRAMSecrets) == 0:
		return "it has no authentication.scramSecrets"
	case output == "topics" && len(m.Topics) == 0:
		return "it names no topics"
	}
	return ""
}

// Check keeps the rules over several fields.
func (m *MSK) Check(k *Checker) {
	m.Common.check(k)
	if s := m.Storage; s.MaxSize != 0 && s.MaxSize < s.Size {
		k.Errorf(CodeKafka, "storage.maxSize", "the disk may grow to %d GiB and has %d already", s.MaxSize, s.Size).WithHint("raise maxSize, or write 0")
	}
	if !m.Authentication.IAM && len(m.Authentication.SCRAMSecrets) == 0 {
		k.Errorf(CodeKafka, "authentication", "nobody could sign in, and everybody would be let in").WithHint("write iam: true, or give scramSecrets")
	}
	names := make([]string, len(m.Topics))
	for i, topic := range m.Topics {
		names[i] = topic.Name
	}
	k.unique("topics", ".name", names)
	k.only("topics", len(m.Topics) > 0, m.Authentication.IAM, "authentication.iam is true")
	k.checkKey("kmsKey", m.KMSKey)
}

package provision

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// use is what a dependent does with an upstream.
type use string

const (
	uses     use = "uses"     // reads and writes, sends, publishes: what a client does
	consumes use = "consumes" // takes messages off a queue or a stream
	mounts   use = "mounts"   // a file system
	looks    use = "looks"    // mounts a file system, and only reads
	none     use = ""         // nothing: something else does, on its behalf
)

// grant makes the statements that a dependent's role gets for one upstream: what the use needs, on that upstream alone.
type grant func(u upstream) []statement

// keyUse is what a use does with the key that encrypts the upstream. Where the environment has a key of its own, data is
// encrypted with it, and so who reads must be able to decrypt.
var keyUse = map[resource.Kind]map[use][]string{
	"S3":       {uses: {"kms:Decrypt", "kms:GenerateDataKey"}},
	"DynamoDB": {uses: {"kms:Decrypt"}, consumes: {"kms:Decrypt"}},
	"SQS":      {uses: {"kms:Decrypt", "kms:GenerateDataKey"}, consumes: {"kms:Decrypt"}},
	"SNS":      {uses: {"kms:Decrypt", "kms:GenerateDataKey"}},
}

// grants says what each kind of upstream gives to a dependent that runs the author's code, by use. A kind that is not
// named gives nothing but its network openings.
var grants = map[resource.Kind]map[use]grant{
	"S3":          {uses: grantBucket},
	"DynamoDB":    {uses: grantTable, consumes: grantTableStream},
	"SQS":         {uses: grantSend, consumes: grantReceive},
	"SNS":         {uses: grantPublish},
	"EventBridge": {uses: grantEvents},
	"EFS":         {mounts: grantFiles, uses: grantFiles, looks: grantFilesToRead},
	"Lambda":      {uses: grantInvoke},
	"Kafka":       {uses: grantKafka, consumes: grantKafka},
	"MSK":         {uses: grantKafka, consumes: grantKafka},
}

func grantBucket(u upstream) []statement {
	arn := pulumi.String(u.text("arn"))
	return []statement{
		{sid: "Objects", actions: []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload",
			"s3:ListMultipartUploadParts"},
			resources: on(arn + "/*")},
		{sid: "Bucket", actions: []string{"s3:ListBucket", "s3:GetBucketLocation"}, resources: on(arn)},
	}
}

func grantTable(u upstream) []statement {
	arn := pulumi.String(u.text("arn"))
	return []statement{{sid: "Items", resources: on(arn, arn+"/index/*"), actions: []string{
		"dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem",
		"dynamodb:DescribeTable",
		"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem"}}}
}

func grantTableStream(u upstream) []statement {
	return []statement{{sid: "Stream", resources: on(pulumi.String(u.text("streamArn"))), actions: []string{
		"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"}}}
}

func grantSend(u upstream) []statement {
	return []statement{{sid: "Send", resources: on(pulumi.String(u.text("arn"))),
		actions: []string{"sqs:SendMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"}}}
}

func grantReceive(u upstream) []statement {
	return []statement{{sid: "Receive", resources: on(pulumi.String(u.text("arn"))), actions: []string{
		"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueUrl",
		"sqs:GetQueueAttributes"}}}
}

func grantPublish(u upstream) []statement {
	return []statement{{sid: "Publish", resources: on(pulumi.String(u.text("arn"))), actions: []string{"sns:Publish"}}}
}

func grantEvents(u upstream) []statement {
	return []statement{{sid: "Events", resources: on(pulumi.String(u.text("arn"))),
		actions: []string{"events:PutEvents"}}}
}

func grantFiles(u upstream) []statement {
	return filesWith(u, "elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite")
}

func grantFilesToRead(u upstream) []statement { return filesWith(u, "elasticfilesystem:ClientMount") }

func filesWith(u upstream, actions ...string) []statement {
	s := statement{sid: "Files", resources: on(pulumi.String(u.text("arn"))), actions: actions}
	s.when("Bool", "elasticfilesystem:AccessedViaMountTarget", pulumi.String("true"))
	return []statement{s}
}

func grantInvoke(u upstream) []statement {
	arn := pulumi.String(u.text("arn"))
	statements := []statement{{sid: "Invoke", resources: on(arn), actions: []string{"lambda:InvokeFunction"}}}
	if u.has("url") { // the address is the alias's, and wants an action of its own
		statements = append(statements, statement{sid: "Address", resources: on(arn), actions: []string{"lambda:InvokeFunctionUrl"}})
	}
	return statements
}

// grantKafka allows to read and write topics of one cluster: those that its author named, or all where none is. The ARNs of
// topics and groups hold the cluster's name and id: arn:aws:kafka:REGION:ACCOUNT:cluster/NAME/ID becomes
// ...:topic/NAME/ID/TOPIC.
func grantKafka(u upstream) []statement {
	arn := u.text("arn")
	topics := outputAs[map[string]string](u, "topics")
	if len(topics) == 0 {
		topics = map[string]string{"*": "readWrite"}
	}
	var read, write []pulumi.StringInput
	for _, name := range sortedKeys(topics) {
		topic := pulumi.String(strings.Replace(arn, ":cluster/", ":topic/", 1) + "/" + name)
		if topics[name] != "write" {
			read = append(read, topic)
		}
		if topics[name] != "read" {
			write = append(write, topic)
		}
	}
	cluster := []string{"kafka-cluster:Connect", "kafka-cluster:DescribeCluster"}
	if len(write) > 0 {
		cluster = append(cluster, "kafka-cluster:WriteDataIdempotently")
	}
	statements := []statement{{sid: "Cluster", resources: on(pulumi.String(arn)), actions: cluster}}
	if len(read) > 0 {
		statements = append(statements,
			statement{sid: "Read", resources: read, actions: []string{"kafka-cluster:DescribeTopic",
				"kafka-cluster:ReadData"}},
			statement{sid: "Groups", resources: on(pulumi.String(strings.Replace(arn, ":cluster/", ":group/",
				1) + "/*")),
				actions: []string{"kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"}})
	}
	if len(write) > 0 {
		statements = append(statements, statement{sid: "Write", resources: write,
			actions: []string{"kafka-cluster:CreateTopic", "kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"}})
	}
	return statements
}

// access returns the statements for everything that the component needs. special names the upstreams that it does something
// else with than a client does.
func (p *program) access(special map[string]use) []statement {
	var all []statement
	var keyActions []string
	for i, u := range p.upstreams() {
		how := uses
		if s, ok := special[u.short]; ok {
			how = s
		}
		give := grants[u.Kind][how]
		if give == nil {
			continue
		}
		for _, s := range give(u) {
			s.sid = fmt.Sprintf("%s%s%s", u.Kind, letters(i), s.sid) // a Sid is unique within its policy
			all = append(all, s)
		}
		keyActions = append(keyActions, keyUse[u.Kind][how]...)
	}
	if key := p.security("kmsKeyArn"); key != "" && len(keyActions) > 0 {
		slices.Sort(keyActions)
		all = append(all, statement{sid: "Key", resources: on(pulumi.String(key)), actions: slices.Compact(keyActions)})
	}
	return all
}

// opening is a port of an upstream's security group that a dependent must reach.
type opening struct {
	upstream string // service/component
	group    string // its security group
	from, to int
	protocol string
}

// listensOn says which ports each kind is reached on. Where the kind offers an output port or an address with a port, that
// one counts.
var listensOn = map[resource.Kind][2]int{
	"RDS": {5432, 5432}, "DocumentDB": {27017, 27017}, "ElastiCacheRedis": {6379, 6379},
	"ElastiCacheMemcached": {11211, 11211},
	"AWSMemoryDB":          {6379, 6379}, "EFS": {2049, 2049}, "MSK": {9096, 9098}, "Kafka": {9098, 9098},
	"MicroService": {0, 0}, "ALB": {0, 0}, "NLB": {1, 65535},
	"EC2Instance": {1, 65535}, // it does not say where its programs listen
}

// openings returns what the component must reach, sorted by upstream. An upstream without a port offers nothing. special
// names upstreams that are not reached over the network.
func (p *program) openings(special map[string]use) []opening {
	var all []opening
	for _, u := range p.upstreams() {
		ports, reached := listensOn[u.Kind]
		if how, isSpecial := special[u.short]; isSpecial && how == none || !reached || !u.has("securityGroupId") {
			continue
		}
		port := u.number("port")
		if u.Kind == "ALB" {
			port = portOf(u.text("url"))
		}
		if port != 0 {
			ports = [2]int{port, port}
		}
		if ports[0] != 0 {
			all = append(all, opening{upstream: u.short, group: u.text("securityGroupId"), from: ports[0], to: ports[1],
				protocol: "tcp"})
		}
	}
	return all
}

// portOf is the port of an address: the one written, or that of its scheme.
func portOf(url string) int {
	scheme, _, port := splitURL(url)
	if port == 0 {
		port = map[string]int{"http": 80, "https": 443}[scheme]
	}
	return port
}

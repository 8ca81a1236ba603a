package environment

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
)

// topics are what there is to be told of. Deployments and approvals are for a channel; security for those who watch over it;
// operations pages.
var topics = []struct{ name, says string }{
	{"deployments", "How each run ended"},
	{"approvals", "Runs that wait for a decision"},
	{"security", "Policies violated, locks forced open"},
	{"operations", "Something needs a person: runs that ended dirty, stuck locks, throttling, cost"},
}

func addNotifications(stack awscdk.Stack, n names, keep storage) {
	addUndelivered(stack, n)
	for _, topic := range topics {
		created := awssns.NewCfnTopic(stack, str(title(topic.name)+"Topic"), &awssns.CfnTopicProps{
			TopicName: str(n.topic(topic.name)), DisplayName: str("Deployer " + n.Name + ": " + topic.name),
			KmsMasterKeyId: str(keep.dataKey), SignatureVersion: str("2"),
		})
		awssns.NewCfnTopicPolicy(stack, str(title(topic.name)+"TopicPolicy"), &awssns.CfnTopicPolicyProps{
			Topics: &[]*string{created.Ref()}, PolicyDocument: policy(n.topicPolicy(topic.name)),
		})
		n.subscribe(stack, topic.name, created)
		output(stack, title(topic.name)+"TopicARN", topic.says, created.Ref())
	}
}

// addUndelivered creates the queue for what EventBridge, Scheduler and SNS could not deliver, and for what functions that were
// called without waiting failed at; an alarm watches it.
func addUndelivered(scope constructs.Construct, n names) {
	queue := awssqs.NewCfnQueue(scope, str("Undelivered"), &awssqs.CfnQueueProps{
		QueueName: str(n.undelivered()), SqsManagedSseEnabled: on, MessageRetentionPeriod: num(14 * 24 * 3600),
	})
	forgive(queue, excuse{"SQS encrypts it with a key of its own; a customer key would have to admit three more services.",
		[]string{"checkov:CKV_AWS_27"}}, excuse{"It is itself the dead-letter queue of the installation.",
		[]string{"nag:AwsSolutions-SQS3", "guard:sqs_dlq_check"}})
	forwarders := map[string]any{"Service": []string{"events.amazonaws.com", "scheduler.amazonaws.com", "sns.amazonaws.com"}}
	awssqs.NewCfnQueuePolicy(scope, str("UndeliveredPolicy"), &awssqs.CfnQueuePolicyProps{
		Queues: &[]*string{queue.Ref()},
		PolicyDocument: policy([]statement{
			{sid: "Forwarders", principal: forwarders, actions: []string{"sqs:SendMessage"}, resources: []string{n.undeliveredARN()},
				when: conditions{"StringEquals": {"aws:SourceAccount": n.Account}, "ArnLike": {"aws:SourceArn": []string{
					n.ruleARN("*"), n.scheduleARN("*"), n.arn("sns", n.prefix()+"-*")}}}},
			{sid: "OnlyTLS", deny: true, principal: "*", actions: []string{"sqs:*"}, resources: []string{n.undeliveredARN()},
				when: conditions{"Bool": {"aws:SecureTransport": "false"}}},
		}),
	})
}

func (n names) topicPolicy(topic string) []statement {
	arn := []string{n.topicARN(topic)}
	return []statement{
		{sid: "OnlyTLS", deny: true, principal: "*", actions: []string{"sns:Publish"}, resources: arn,
			when: conditions{"Bool": {"aws:SecureTransport": "false"}}},
		{sid: "Alarms", principal: map[string]any{"Service": "cloudwatch.amazonaws.com"},
			actions: []string{"sns:Publish"}, resources: arn,
			when: conditions{"StringEquals": {"aws:SourceAccount": n.Account},
				"ArnLike": {"aws:SourceArn": n.arn("cloudwatch", "alarm:"+n.prefix()+"-*")}}},
		{sid: "Budget", principal: map[string]any{"Service": "budgets.amazonaws.com"},
			actions: []string{"sns:Publish"}, resources: arn,
			when: conditions{"StringEquals": {"aws:SourceAccount": n.Account},
				"ArnLike": {"aws:SourceArn": "arn:" + n.partition() + ":budgets::" + n.Account + ":*"}}},
	}
}

// subscribe sends a topic to the addresses of the settings.
func (n names) subscribe(scope constructs.Construct, topic string, created awssns.CfnTopic) {
	for i, address := range n.Notifications.Emails {
		awssns.NewCfnSubscription(scope, str(fmt.Sprintf("%sMail%d", title(topic), i)), &awssns.CfnSubscriptionProps{
			TopicArn: created.Ref(), Protocol: str("email"), Endpoint: str(address),
		})
	}
}

// deliver sends a topic to the function notify, which sends it on to the installation's channel and to those whom the
// stack names. The function must exist by then.
func (n names) deliver(scope constructs.Construct, topic string) {
	created := awssns.NewCfnSubscription(scope, str(title(topic)+"Delivery"), &awssns.CfnSubscriptionProps{
		TopicArn: str(n.topicARN(topic)), Protocol: str("lambda"), Endpoint: str(n.functionARN("Notify")),
		RedrivePolicy: map[string]any{"deadLetterTargetArn": n.undeliveredARN()},
	})
	created.AddDependency(scope.Node().FindChild(str("Notify")).(awscdk.CfnResource))
}

func title(name string) string { return string(name[0]-'a'+'A') + name[1:] }

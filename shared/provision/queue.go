package provision

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/sns"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// fifoName ends a name as AWS wants it of queues and topics that keep the order.
func (p *program) fifoName(limit int, fifo bool, suffix string) string {
	if !fifo {
		return p.name(limit, suffix)
	}
	return p.name(limit-len(".fifo"), suffix, "fifo") + ".fifo"
}

func queue(p *program, spec *resource.SQS) error {
	arguments := p.queueArguments(spec, p.fifoName(maxQueueName, spec.FIFO, ""))
	arguments.VisibilityTimeoutSeconds, arguments.MessageRetentionSeconds = seconds(spec.VisibilityTimeout),
		seconds(spec.Retention)
	arguments.DelaySeconds, arguments.ReceiveWaitTimeSeconds = seconds(spec.Delay), seconds(spec.ReceiveWait)
	arguments.MaxMessageSize = pulumi.Int(spec.MaxMessageSize)
	if spec.HighThroughput {
		arguments.DeduplicationScope, arguments.FifoThroughputLimit = pulumi.String("messageGroup"),
			pulumi.String("perMessageGroupId")
	}
	var dead *sqs.Queue
	if spec.DeadLetter.Enabled {
		var arn pulumi.StringInput
		var err error
		if arn, dead, err = p.deadLetters(spec); err != nil {
			return err
		}
		arguments.RedrivePolicy = redrive(arn, spec.DeadLetter.MaxReceives)
		p.output("deadLetterArn", arn)
	}
	made, err := sqs.NewQueue(p.Context, "queue", arguments, p.guard())
	if err != nil {
		return err
	}
	if dead != nil {
		p.output("deadLetterUrl", dead.Url)
		if _, err := sqs.NewRedriveAllowPolicy(p.Context, "dead-letters",
			&sqs.RedriveAllowPolicyArgs{QueueUrl: dead.Url,
				RedriveAllowPolicy: made.Arn.ApplyT(func(arn string) (string, error) {
					return asJSON(map[string]any{"redrivePermission": "byQueue", "sourceQueueArns": []string{arn}})
				}).(pulumi.StringOutput)}); err != nil {
			return err
		}
	}
	policy, err := p.queuePolicy(made)
	if err != nil {
		return err
	}
	if _, err := sqs.NewQueuePolicy(p.Context, "queue", &sqs.QueuePolicyArgs{QueueUrl: made.Url,
		Policy: policy}); err != nil {
		return err
	}
	p.output("url", made.Url)
	p.output("arn", made.Arn)
	p.output("name", made.Name)
	return p.queueAlarms(made, dead)
}

// queueArguments are those of a queue and its dead-letter queue alike.
func (p *program) queueArguments(spec *resource.SQS, name string) *sqs.QueueArgs {
	arguments := &sqs.QueueArgs{Name: pulumi.String(name)}
	if spec.FIFO {
		arguments.FifoQueue, arguments.ContentBasedDeduplication = pulumi.Bool(true),
			pulumi.Bool(spec.ContentBasedDeduplication)
	}
	if key := p.key(spec.KMSKey); key != nil {
		arguments.KmsMasterKeyId, arguments.KmsDataKeyReusePeriodSeconds = key, pulumi.Int(300)
	} else {
		arguments.SqsManagedSseEnabled = pulumi.Bool(true)
	}
	return arguments
}

// deadLetters returns where messages go that nobody could handle: another component, or a queue that is made.
func (p *program) deadLetters(spec *resource.SQS) (pulumi.StringInput, *sqs.Queue, error) {
	if !spec.DeadLetter.Queue.IsZero() {
		arn, err := p.read(spec.DeadLetter.Queue.Component, "arn")
		return pulumi.String(arn), nil, err
	}
	arguments := p.queueArguments(spec, p.fifoName(maxQueueName, spec.FIFO, "dead"))
	arguments.MessageRetentionSeconds = seconds(spec.DeadLetter.Retention)
	dead, err := sqs.NewQueue(p.Context, "dead-letters", arguments, p.guard())
	if err != nil {
		return nil, nil, err
	}
	return dead.Arn, dead, nil
}

// queuePolicy refuses what does not come over TLS, and lets this account's topics, buckets and event rules deliver. Which of
// them do is not known here: they come after the queue.
func (p *program) queuePolicy(of *sqs.Queue) (pulumi.StringOutput, error) {
	return p.deliveryPolicy("sqs:SendMessage", "sqs:*", of.Arn, "sns.amazonaws.com", "s3.amazonaws.com",
		"events.amazonaws.com")
}

// deliveryPolicy is the policy of a queue or a topic.
func (p *program) deliveryPolicy(action, everything string, arn pulumi.StringInput,
	services ...string) (pulumi.StringOutput, error) {
	plain := statement{sid: "RefusePlain", deny: true, actions: []string{everything}, resources: on(arn),
		principal: everybody}
	plain.when("Bool", "aws:SecureTransport", pulumi.String("false"))
	statements := []statement{plain}
	for _, service := range services {
		name, _, _ := strings.Cut(service, ".")
		s := statement{sid: "Deliver" + strings.ToUpper(name[:1]) + name[1:], actions: []string{action},
			resources: on(arn), principal: ofService(service)}
		s.when("StringEquals", "aws:SourceAccount", pulumi.String(p.account))
		statements = append(statements, s)
	}
	return document(statements...)
}

func topic(p *program, spec *resource.SNS) error {
	arguments := &sns.TopicArgs{Name: pulumi.String(p.fifoName(maxLongName, spec.FIFO, "")),
		DisplayName:    p.optional(spec.DisplayName),
		KmsMasterKeyId: p.key(spec.KMSKey), SignatureVersion: pulumi.Int(2)}
	if arguments.KmsMasterKeyId == nil {
		arguments.KmsMasterKeyId = pulumi.String("alias/aws/sns")
	}
	if spec.FIFO {
		arguments.FifoTopic, arguments.ContentBasedDeduplication = pulumi.Bool(true),
			pulumi.Bool(spec.ContentBasedDeduplication)
	}
	made, err := sns.NewTopic(p.Context, "topic", arguments)
	if err != nil {
		return err
	}
	policy, err := p.deliveryPolicy("sns:Publish", "sns:Publish", made.Arn, "s3.amazonaws.com", "events.amazonaws.com",
		"cloudwatch.amazonaws.com")
	if err != nil {
		return err
	}
	if _, err := sns.NewTopicPolicy(p.Context, "topic", &sns.TopicPolicyArgs{Arn: made.Arn,
		Policy: policy}); err != nil {
		return err
	}
	for i := range spec.Subscriptions {
		if err := p.subscription(made, &spec.Subscriptions[i]); err != nil {
			return err
		}
	}
	p.output("arn", made.Arn)
	p.output("name", made.Name)
	return nil
}

func (p *program) subscription(of *sns.Topic, spec *resource.Subscription) error {
	protocol, endpoint, err := p.subscriber(spec)
	if err != nil {
		return err
	}
	arguments := &sns.TopicSubscriptionArgs{Topic: of.Arn, Protocol: pulumi.String(protocol),
		Endpoint: pulumi.String(endpoint)}
	if spec.Raw {
		arguments.RawMessageDelivery = pulumi.Bool(true)
	}
	if len(spec.Filter) > 0 {
		filter, err := asJSON(spec.Filter)
		if err != nil {
			return err
		}
		scopes := map[string]string{"attributes": "MessageAttributes", "body": "MessageBody"}
		arguments.FilterPolicy, arguments.FilterPolicyScope = pulumi.String(filter),
			pulumi.String(scopes[spec.FilterOn])
	}
	if !spec.DeadLetterQueue.IsZero() {
		arn, err := p.read(spec.DeadLetterQueue.Component, "arn")
		if err != nil {
			return err
		}
		text, err := asJSON(map[string]string{"deadLetterTargetArn": arn})
		if err != nil {
			return err
		}
		arguments.RedrivePolicy = pulumi.String(text)
	}
	if protocol == "lambda" {
		if _, err := p.allowCall(spec.Name, endpoint, "sns.amazonaws.com", of.Arn); err != nil {
			return err
		}
	}
	_, err = sns.NewTopicSubscription(p.Context, spec.Name, arguments)
	return err
}

// subscriber returns the protocol and the endpoint of who gets the messages.
func (p *program) subscriber(spec *resource.Subscription) (protocol, endpoint string, err error) {
	switch {
	case !spec.Queue.IsZero():
		endpoint, err = p.read(spec.Queue.Component, "arn")
		return "sqs", endpoint, err
	case !spec.Function.IsZero():
		endpoint, err = p.read(spec.Function.Component, "arn")
		return "lambda", endpoint, err
	case spec.Email != "":
		return "email", spec.Email, nil
	}
	resolved, err := spec.HTTPS.Resolve(p.upstream)
	if err == nil && resolved.Text == "" {
		err = fmt.Errorf("subscription %s has nobody to hand messages to", spec.Name)
	}
	return "https", resolved.Text, err
}

func redrive(arn pulumi.StringInput, receives int) pulumi.StringOutput {
	return arn.ToStringOutput().ApplyT(func(arn string) (string, error) {
		return asJSON(map[string]any{"deadLetterTargetArn": arn, "maxReceiveCount": receives})
	}).(pulumi.StringOutput)
}

func seconds(d resource.Duration) pulumi.IntPtrInput { return pulumi.Int(int(d.Seconds())) }

func asJSON(value any) (string, error) {
	text, err := json.Marshal(value)
	return string(text), err
}

// Package snsreport puts notices on SNS topics: a topic and a Notice go in, a message comes out that each kind of subscriber
// can use: people get text, functions and queues the notice as JSON.
package snsreport

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsarn "github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/deployer-io/deployer/shared/report"
)

// Client is what is asked of SNS; *sns.Client answers it.
type Client interface {
	Publish(ctx context.Context, in *sns.PublishInput, options ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// Topics publishes notices.
type Topics struct{ Client Client }

// The most that SNS takes of a subject, in characters; and of a notice's text, in bytes, so that a message, which holds it
// six times, stays below SNS's 256 KiB. The report has the rest.
const (
	maxSubject = 99
	maxText    = 8 << 10
)

// Publish puts a notice on the topic with that ARN, whatever region it is in. The attributes event, stack, environment and
// urgent are there for subscriptions that want to filter.
func (t Topics) Publish(ctx context.Context, topic string, n report.Notice) error {
	parsed, err := awsarn.Parse(topic)
	if err != nil || parsed.Service != "sns" {
		return fmt.Errorf("%q is no ARN of an SNS topic", topic)
	}
	message, err := message(n)
	if err != nil {
		return err
	}
	text := func(value string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
	}
	attributes := map[string]types.MessageAttributeValue{"event": text(string(n.Event)), "urgent": text(fmt.Sprint(n.Urgent))}
	for name, value := range map[string]string{"stack": n.Scope.Stack, "environment": n.Scope.Environment} {
		if value != "" { // SNS refuses empty ones
			attributes[name] = text(value)
		}
	}
	in := &sns.PublishInput{TopicArn: aws.String(topic), Subject: aws.String(subject(n.Title)), Message: aws.String(message),
		MessageStructure: aws.String("json"), MessageAttributes: attributes}
	if strings.HasSuffix(parsed.Resource, ".fifo") {
		in.MessageGroupId, in.MessageDeduplicationId = aws.String(group(n)), aws.String(fmt.Sprintf("%.100s-%s-%d", n.Run, n.Event, n.At.UnixMilli()))
	}
	if _, err := t.Client.Publish(ctx, in, func(o *sns.Options) { o.Region = parsed.Region }); err != nil {
		return fmt.Errorf("publish on %s: %w", topic, err)
	}
	return nil
}

// group keeps the messages about one stack and environment in order.
func group(n report.Notice) string {
	if n.Scope.Stack == "" {
		return "deployer"
	}
	return n.Scope.Stack + "-" + n.Scope.Environment
}

// message is the notice for each protocol: SNS delivers "default" where a protocol is not named.
func message(n report.Notice) (string, error) {
	if len(n.Text) > maxText {
		n.Text = strings.ToValidUTF8(n.Text[:maxText], "") + "\n..."
	}
	encoded, err := json.Marshal(n)
	if err != nil {
		return "", err
	}
	told := map[string]string{"default": n.String()}
	for _, protocol := range []string{"lambda", "sqs", "http", "https", "firehose"} {
		told[protocol] = string(encoded)
	}
	all, err := json.Marshal(told)
	return string(all), err
}

// subject is a title as SNS takes it: ASCII, one line, fewer than 100 characters, beginning with a letter, a digit or a mark.
func subject(title string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, strings.TrimSpace(title))
	if len(clean) > maxSubject {
		clean = clean[:maxSubject-3] + "..."
	}
	return clean
}

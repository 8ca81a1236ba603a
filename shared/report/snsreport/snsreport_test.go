package snsreport_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/report/snsreport"
	"github.com/deployer-io/deployer/shared/resource"
)

// topic is SNS, as far as the adapter asks it.
type topic struct {
	in     *sns.PublishInput
	region string
	err    error
}

func (t *topic) Publish(_ context.Context, in *sns.PublishInput, options ...func(*sns.Options)) (*sns.PublishOutput, error) {
	var chosen sns.Options
	for _, option := range options {
		option(&chosen)
	}
	t.in, t.region = in, chosen.Region
	return &sns.PublishOutput{}, t.err
}

var notice = report.Notice{SchemaVersion: 1, Event: resource.EventFailed, Scope: address.Scope("shop", "staging"), Run: "r1",
	Title: "FailedClean: deploy of shop/staging", Text: "Nothing is left.", At: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)}

func TestPeopleGetTextAndProgramsTheNotice(t *testing.T) {
	client := &topic{}
	require.NoError(t, snsreport.Topics{Client: client}.Publish(t.Context(), "arn:aws:sns:eu-central-1:111122223333:alerts", notice))
	require.Equal(t, "eu-central-1", client.region, "the topic's own")
	require.Equal(t, notice.Title, *client.in.Subject)
	require.Equal(t, "json", *client.in.MessageStructure)
	var told map[string]string
	require.NoError(t, json.Unmarshal([]byte(*client.in.Message), &told))
	require.Equal(t, notice.String(), told["default"])
	for _, protocol := range []string{"lambda", "sqs", "https"} {
		var again report.Notice
		require.NoError(t, json.Unmarshal([]byte(told[protocol]), &again))
		require.Equal(t, notice, again)
	}
	attributes := map[string]string{}
	for name, value := range client.in.MessageAttributes {
		attributes[name] = *value.StringValue
	}
	require.Equal(t, map[string]string{"event": "failed", "urgent": "false", "stack": "shop", "environment": "staging"}, attributes)
	require.Nil(t, client.in.MessageGroupId)
}

func TestAMessageIsWhatSNSTakes(t *testing.T) {
	client := &topic{}
	odd := report.Notice{Event: resource.EventLock, Title: "  ünder\nway " + strings.Repeat("x", 200), Text: strings.Repeat("\"", 300_000)}
	require.NoError(t, snsreport.Topics{Client: client}.Publish(t.Context(), "arn:aws:sns:eu-west-1:111122223333:alerts.fifo", odd))
	require.Equal(t, "?nder way "+strings.Repeat("x", 86)+"...", *client.in.Subject)
	require.Less(t, len(*client.in.Subject), 100)
	require.Less(t, len(*client.in.Message), 256<<10)
	require.NotContains(t, client.in.MessageAttributes, "stack", "SNS refuses empty values")
	require.Equal(t, "deployer", aws.ToString(client.in.MessageGroupId))
	require.NotEmpty(t, aws.ToString(client.in.MessageDeduplicationId))
}

func TestWhatCannotBePublishedIsNamed(t *testing.T) {
	require.ErrorContains(t, snsreport.Topics{Client: &topic{}}.Publish(t.Context(), "arn:aws:sqs:eu-west-1:111122223333:queue", notice), "no ARN of an SNS topic")
	err := snsreport.Topics{Client: &topic{err: errors.New("AuthorizationError")}}.Publish(t.Context(), "arn:aws:sns:eu-west-1:111122223333:alerts", notice)
	require.ErrorContains(t, err, "publish on arn:aws:sns:eu-west-1:111122223333:alerts: AuthorizationError")
}

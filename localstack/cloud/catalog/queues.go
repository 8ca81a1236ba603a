package catalog

import (
	"encoding/json"
	"strings"
)

// redriveTarget refuses a redrive policy whose dead-letter queue does not exist, or is of another sort.
func redriveTarget(o *Op) error {
	text := o.text("redrivePolicy")
	if text == "" {
		return nil
	}
	var policy struct {
		Target string `json:"deadLetterTargetArn"`
		Count  any    `json:"maxReceiveCount"`
	}
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		return o.refusef("InvalidParameterValue: Value %s for parameter RedrivePolicy is invalid. Reason: "+
			"Redrive policy is not a valid JSON map.", text)
	}
	if policy.Target == "" || policy.Count == nil {
		return o.refusef("InvalidParameterValue: Value %s for parameter RedrivePolicy is invalid. Reason: "+
			"Redrive policy must contain deadLetterTargetArn and maxReceiveCount.", text)
	}
	if o.foreign(policy.Target) {
		return nil
	}
	if o.find("sqs.Queue", policy.Target) == nil {
		return o.refusef("InvalidParameterValue: Value %s for parameter RedrivePolicy is invalid. Reason: Dead "+
			"letter target does not exist.", text)
	}
	if o.Is == "sqs.Queue" && o.yes("fifoQueue") != strings.HasSuffix(policy.Target, ".fifo") {
		return o.refusef("InvalidParameterValue: Value %s for parameter RedrivePolicy is invalid. Reason: "+
			"Dead-letter queue must be same type of queue as the source.", text)
	}
	return nil
}

func topics() []Type {
	const arn = "arn:{partition}:sns:{region}:{account}:{name}"
	return []Type{
		{
			Is: "sns.Topic", ID: "{arn}", Replace: "name namePrefix fifoTopic", Overwrites: true, // creating one that exists answers with it
			NameEnd: func(in map[string]any) string {
				if in["fifoTopic"] == true {
					return ".fifo"
				}
				return ""
			},
			Defaults: object{"contentBasedDeduplication": false, "fifoTopic": false},
			Outputs: object{
				"arn": arn, "owner": "{account}", "beginningArchiveTime": "", "fifoThroughputScope": "",
				"policy": `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow",` +
					`"Principal":{"AWS":"*"},"Action":["SNS:Publish","SNS:Subscribe"],"Resource":"*"}]}`,
			},
			Refs:    []string{"kmsMasterKeyId kms.Key ~"},
			Missing: "404 NotFound: Topic does not exist",
			Check: func(c *Checking) {
				if name := c.text("name"); name != "" && (c.text("fifoTopic") == "true") != strings.HasSuffix(name, ".fifo") {
					c.Failf("name", "invalid topic name: %s: a FIFO topic, and no other, has a name that ends with .fifo", name)
				}
				if c.text("contentBasedDeduplication") == "true" && c.text("fifoTopic") != "true" {
					c.Failf("contentBasedDeduplication", "content-based deduplication can only be set for FIFO topics")
				}
			},
		},
		{
			Is:         "sns.TopicSubscription",
			ID:         "{topic}:{uuid}",
			Unique:     "{topic}/{protocol}/{endpoint}",
			Replace:    "topic protocol endpoint",
			Overwrites: true,
			Defaults: object{
				"confirmationTimeoutInMinutes": 1, "endpointAutoConfirms": false, "rawMessageDelivery": false,
			},
			Enums: map[string]string{
				"protocol":          "application email email-json firehose http https lambda sms sqs",
				"filterPolicyScope": "MessageAttributes MessageBody",
			},
			Outputs: object{
				"arn": "{id}", "ownerId": "{account}", "confirmationWasAuthenticated": true, "pendingConfirmation": false, "filterPolicyScope": "",
			},
			Refs: []string{"topic sns.Topic +", "endpoint sqs.Queue|lambda.Function ~"},
			Before: func(o *Op) error {
				switch o.text("protocol") {
				case "email", "email-json":
					o.fill("pendingConfirmation", true)
					o.State["confirmationWasAuthenticated"] = false
				case "sqs", "lambda":
					if !strings.HasPrefix(o.text("endpoint"), "arn:") {
						return o.refusef("InvalidParameter: Invalid parameter: %s endpoint "+
							"ARN", strings.ToUpper(o.text("protocol")))
					}
				}
				if o.given("filterPolicy") {
					o.fill("filterPolicyScope", "MessageAttributes")
				}
				return o.validJSON("filterPolicy", "InvalidParameter: Invalid parameter: FilterPolicy: failed to parse JSON.")
			},
		},
		{
			Is:         "sns.TopicPolicy",
			ID:         "{arn}",
			Replace:    "arn",
			Overwrites: true,
			Outputs:    object{"owner": "{account}"},
			Refs:       []string{"arn sns.Topic +"},
			Check:      func(c *Checking) { checkPolicy(c, "policy", true) },
		},
	}
}

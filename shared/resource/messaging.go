package resource

import (
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

// The codes of rules about queues and topics.
const (
	CodeQueue diag.Code = "queue"
	CodeTopic diag.Code = "topic"
)

// SQS is a queue of messages, with a second one for those that nobody could handle.
type SQS struct {
	Common
	// keeps the order of messages and delivers each once; it can only be given when the queue is created
	FIFO bool `json:"fifo,omitempty"`
	// recognizes repeated messages by their content, with fifo
	ContentBasedDeduplication bool `json:"contentBasedDeduplication,omitempty"`
	// counts and orders per message group, for many groups at high speed, with fifo
	HighThroughput bool `json:"highThroughput,omitempty"`
	// how long a message is hidden after it was received; longer than handling it takes
	VisibilityTimeout Duration `json:"visibilityTimeout"`
	// how long messages are kept
	Retention Duration `json:"retention"`
	// the size of the largest message, in bytes
	MaxMessageSize int `json:"maxMessageSize" jsonschema:"minimum=1024,maximum=1048576"`
	// how long a new message is held back
	Delay Duration `json:"delay,omitempty"`
	// how long a call that receives waits for messages; more than 0 saves requests
	ReceiveWait Duration `json:"receiveWait"`
	// what happens to messages that nobody could handle
	DeadLetter DeadLetter `json:"deadLetter"`
	// the KMS key; without it the environment's own, or one that SQS keeps: messages are always encrypted
	KMSKey ARN `json:"kmsKey,omitempty"`
}

// DeadLetter says what happens to messages that nobody could handle.
type DeadLetter struct {
	// puts them into a second queue
	Enabled bool `json:"enabled"`
	// after how many attempts
	MaxReceives int `json:"maxReceives" jsonschema:"minimum=1,maximum=1000"`
	// how long the second queue keeps them
	Retention Duration `json:"retention"`
	// an SQS component that takes them; without it one is made
	Queue ComponentRef `json:"queue,omitzero" kinds:"SQS" reads:"arn"`
}

// KindSQS is a queue of messages.
var KindSQS = register(Definition{
	Kind: "SQS", APIVersion: ComponentsV1, Family: Messaging, Revision: 1, Stateful: true, NoSnapshot: true,
	Summary: "An SQS queue, encrypted, with a dead-letter queue.",
	New: func() Spec {
		return &SQS{Common: defaultCommon(Delete, 15*Minute), VisibilityTimeout: 30 * Second, Retention: 4 * Day, MaxMessageSize: 262144,
			ReceiveWait: 20 * Second, DeadLetter: DeadLetter{Enabled: true, MaxReceives: 5, Retention: 14 * Day}}
	},
	Outputs: []Output{
		{Name: "url", Type: Text, Doc: "the queue's URL"},
		{Name: "arn", Type: Text, Doc: "the queue's ARN"},
		{Name: "name", Type: Text, Doc: "the queue's name"},
		{Name: "deadLetterUrl", Type: Text, Doc: "the dead-letter queue's URL; only where one is made"},
		{Name: "deadLetterArn", Type: Text, Doc: "the dead-letter queue's ARN; only with deadLetter"},
	},
	ReplaceOn: []string{"fifo"},
})

// Lacks says why the spec does not have one of its kind's outputs; empty when it has.
func (s *SQS) Lacks(output string) string {
	switch {
	case strings.HasPrefix(output, "deadLetter") && !s.DeadLetter.Enabled:
		return "its deadLetter is not enabled"
	case output == "deadLetterUrl" && !s.DeadLetter.Queue.IsZero():
		return "its dead letters go to another component"
	}
	return ""
}

// Check keeps the rules over several fields.
func (s *SQS) Check(k *Checker) {
	s.Common.check(k)
	k.only("contentBasedDeduplication", s.ContentBasedDeduplication, s.FIFO, "fifo is true")
	k.only("highThroughput", s.HighThroughput, s.FIFO, "fifo is true")
	k.between("visibilityTimeout", s.VisibilityTimeout, 0, 12*Hour)
	k.between("retention", s.Retention, Minute, 14*Day)
	k.between("delay", s.Delay, 0, 15*Minute)
	k.between("receiveWait", s.ReceiveWait, 0, 20*Second)
	if s.DeadLetter.Enabled {
		k.between("deadLetter.retention", s.DeadLetter.Retention, Minute, 14*Day)
		if s.DeadLetter.Queue.IsZero() && s.DeadLetter.Retention < s.Retention {
			k.Errorf(CodeQueue, "deadLetter.retention", "dead letters (%s) are kept shorter than messages (%s): a message's age counts on", s.DeadLetter.Retention, s.Retention).
				WithHint("keep them longer")
		}
	}
	k.only("deadLetter.queue", !s.DeadLetter.Queue.IsZero(), s.DeadLetter.Enabled, "deadLetter.enabled is true")
	k.checkKey("kmsKey", s.KMSKey)
}

// SNS is a topic: what is published is handed to every subscription.
type SNS struct {
	Common
	// keeps the order of messages; only queues may subscribe; it can only be given when the topic is created
	FIFO bool `json:"fifo,omitempty"`
	// recognizes repeated messages by their content, with fifo
	ContentBasedDeduplication bool `json:"contentBasedDeduplication,omitempty"`
	// the sender's name in text messages and mails
	DisplayName string `json:"displayName,omitempty" jsonschema:"maxLength=100"`
	// who gets the messages
	Subscriptions []Subscription `json:"subscriptions,omitempty"`
	// the KMS key; without it the environment's own, or AWS's: messages are always encrypted
	KMSKey ARN `json:"kmsKey,omitempty"`
}

// Subscription hands a topic's messages on: exactly one of queue, function, email and https.
type Subscription struct {
	// the subscription's name
	Name string `json:"name" jsonschema:"required,minLength=1,maxLength=60"`
	// an SQS component
	Queue ComponentRef `json:"queue,omitzero" kinds:"SQS" reads:"arn,url"`
	// a Lambda component
	Function ComponentRef `json:"function,omitzero" kinds:"Lambda" reads:"arn"`
	// an address; the person has to agree
	Email string `json:"email,omitempty" jsonschema:"pattern=^[^@ ]+@[^@ ]+\\.[^@ ]+$"`
	// an https URL
	HTTPS Input `json:"https,omitzero"`
	// which messages: an SNS filter policy over attributes or body
	Filter map[string]any `json:"filter,omitempty"`
	// what the filter looks at
	FilterOn string `json:"filterOn" jsonschema:"enum=attributes,enum=body"`
	// hands over the message as it is, without SNS's envelope
	Raw bool `json:"raw,omitempty"`
	// an SQS component for messages that could not be handed over
	DeadLetterQueue ComponentRef `json:"deadLetterQueue,omitzero" kinds:"SQS" reads:"arn,url"`
}

// SetDefaults filters on attributes.
func (s *Subscription) SetDefaults() { s.FilterOn = "attributes" }

// KindSNS is a topic.
var KindSNS = register(Definition{
	Kind: "SNS", APIVersion: ComponentsV1, Family: Messaging, Revision: 1,
	Summary: "An SNS topic, encrypted, with its subscriptions.",
	New:     func() Spec { return &SNS{Common: defaultCommon(Delete, 15*Minute)} },
	Outputs: []Output{
		{Name: "arn", Type: Text, Doc: "the topic's ARN"},
		{Name: "name", Type: Text, Doc: "the topic's name"},
	},
	ReplaceOn: []string{"fifo"},
})

// Check keeps the rules over several fields.
func (s *SNS) Check(k *Checker) {
	s.Common.check(k)
	k.only("contentBasedDeduplication", s.ContentBasedDeduplication, s.FIFO, "fifo is true")
	names := make([]string, len(s.Subscriptions))
	for i := range s.Subscriptions {
		names[i] = s.Subscriptions[i].Name
		s.Subscriptions[i].check(k, indexed("subscriptions", i), s.FIFO)
	}
	k.unique("subscriptions", ".name", names)
	k.checkKey("kmsKey", s.KMSKey)
}

func (s *Subscription) check(k *Checker, path string, fifo bool) {
	given := 0
	for _, is := range []bool{!s.Queue.IsZero(), !s.Function.IsZero(), s.Email != "", !s.HTTPS.IsZero()} {
		if is {
			given++
		}
	}
	if given != 1 {
		k.Errorf(CodeConflict, path, "a subscription has exactly one of queue, function, email and https; this one has %d", given).
			WithHint("make it several subscriptions, or choose one")
		return
	}
	if fifo && s.Queue.IsZero() {
		k.Errorf(CodeTopic, path, "only queues subscribe to a fifo topic").WithHint("put an SQS component between")
	}
	if url := s.HTTPS.Value; url != "" && !strings.HasPrefix(url, "https://") {
		k.Errorf(CodeTopic, path+".https", "%q does not begin with https://", shorten(url)).WithHint("messages are not sent in clear")
	}
	k.only(path+".raw", s.Raw, s.Email == "" && s.Function.IsZero(), "the subscription is a queue or https")
}

// Relate keeps the rules over the queue and the one that takes its dead letters.
func (s *SQS) Relate(k *Checker, related Related) {
	r, ok := related(s.DeadLetter.Queue)
	if !ok {
		return
	}
	if queue, is := r.Spec.(*SQS); is && queue.FIFO != s.FIFO {
		k.Errorf(CodeQueue, "deadLetter.queue", "one of the two queues is fifo and the other is not").WithHint("make both fifo, or neither")
	}
}

// Relate keeps the rules over the topic and the queues that subscribe to it.
func (s *SNS) Relate(k *Checker, related Related) {
	for i := range s.Subscriptions {
		r, ok := related(s.Subscriptions[i].Queue)
		if !ok {
			continue
		}
		if queue, is := r.Spec.(*SQS); is && queue.FIFO && !s.FIFO {
			k.Errorf(CodeTopic, indexed("subscriptions", i)+".queue", "the fifo queue %s cannot subscribe to a topic that is not", s.Subscriptions[i].Queue.Component).
				WithHint("add fifo: true to the topic, or take it from the queue")
		}
	}
}

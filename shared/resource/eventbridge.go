package resource

import (
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

// CodeEvents is the code of rules about event buses.
const CodeEvents diag.Code = "events"

// EventBridge is a bus of events, with the rules that hand them on.
type EventBridge struct {
	Common
	// uses the account's default bus, where AWS's own events are, in place of one that is made
	DefaultBus bool `json:"defaultBus,omitempty"`
	// which events go where
	Rules []EventRule `json:"rules,omitempty" jsonschema:"maxItems=300"`
	// keeps events so that they can be sent again; 0 days keeps none, -1 keeps them for ever
	ArchiveDays int `json:"archiveDays,omitempty" jsonschema:"minimum=-1,maximum=36500"`
	// finds out what events look like
	SchemaDiscovery bool `json:"schemaDiscovery,omitempty"`
	// other accounts that may send events
	Senders []string `json:"senders,omitempty" jsonschema:"uniqueItems=true,pattern=^[0-9]{12}$" jsonschema_extras:"scalar=true"`
	// the KMS key of events; without it the environment's own, or AWS's
	KMSKey ARN `json:"kmsKey,omitempty"`
}

// EventRule hands events on: exactly one of pattern and schedule says which or when.
type EventRule struct {
	// the rule's name
	Name string `json:"name" jsonschema:"required,pattern=^[A-Za-z0-9._-]{1\\,40}$"`
	// what the rule is for
	Description string `json:"description,omitempty" jsonschema:"maxLength=512"`
	// an event pattern: which events
	Pattern map[string]any `json:"pattern,omitempty"`
	// when an event is made, on the default bus
	Schedule Schedule `json:"schedule,omitempty"`
	// hands nothing on for the time being
	Disabled bool `json:"disabled,omitempty"`
	// who gets the events
	Targets []EventTarget `json:"targets" jsonschema:"required,minItems=1,maxItems=5"`
}

// EventTarget gets events: exactly one of queue, topic, function and arn.
type EventTarget struct {
	// the target's name
	Name string `json:"name" jsonschema:"required,pattern=^[A-Za-z0-9._-]{1\\,60}$"`
	// an SQS component
	Queue ComponentRef `json:"queue,omitzero" kinds:"SQS" reads:"arn,url"`
	// an SNS component
	Topic ComponentRef `json:"topic,omitzero" kinds:"SNS" reads:"arn"`
	// a Lambda component
	Function ComponentRef `json:"function,omitzero" kinds:"Lambda" reads:"arn"`
	// anything else that EventBridge can send to: a state machine, another bus
	ARN Input `json:"arn,omitzero"`
	// what is sent in place of the event
	Input map[string]any `json:"input,omitempty"`
	// the group of the messages, for a fifo queue
	MessageGroup string `json:"messageGroup,omitempty" jsonschema:"maxLength=128"`
	// an SQS component that takes what could not be handed over
	DeadLetterQueue ComponentRef `json:"deadLetterQueue,omitzero" kinds:"SQS" reads:"arn,url"`
	// how often it is tried again
	Retries int `json:"retries" jsonschema:"minimum=0,maximum=185"`
	// how long it is tried again
	MaximumAge Duration `json:"maximumAge"`
}

// SetDefaults tries for a day.
func (t *EventTarget) SetDefaults() { t.Retries, t.MaximumAge = 185, Day }

// KindEventBridge is a bus of events.
var KindEventBridge = register(Definition{
	Kind: "EventBridge", APIVersion: ComponentsV1, Family: Messaging, Revision: 2,
	Summary: "An EventBridge bus with its rules, targets and archive.",
	New:     func() Spec { return &EventBridge{Common: defaultCommon(Delete, 15*Minute)} },
	Outputs: []Output{
		{Name: "name", Type: Text, Doc: "the bus's name"},
		{Name: "arn", Type: Text, Doc: "the bus's ARN"},
		{Name: "archiveArn", Type: Text, Doc: "the archive's ARN; only with archiveDays"},
	},
	ReplaceOn: []string{"defaultBus"},
})

// Lacks says why the spec does not have one of its kind's outputs; empty when it has.
func (e *EventBridge) Lacks(output string) string {
	if output == "archiveArn" && e.ArchiveDays == 0 {
		return "it has no archiveDays"
	}
	return ""
}

// Check keeps the rules over several fields.
func (e *EventBridge) Check(k *Checker) {
	e.Common.check(k)
	k.only("schemaDiscovery", e.SchemaDiscovery, !e.DefaultBus, "the bus is made")
	k.only("schemaDiscovery", e.SchemaDiscovery, e.KMSKey == "", "no kmsKey is given: EventBridge reads the events of a bus only under AWS's own key")
	k.only("senders", len(e.Senders) > 0, !e.DefaultBus, "the bus is made")
	k.only("kmsKey", e.KMSKey != "", !e.DefaultBus, "the bus is made")
	k.checkKey("kmsKey", e.KMSKey)
	names := make([]string, len(e.Rules))
	for i := range e.Rules {
		rule, path := &e.Rules[i], indexed("rules", i)
		names[i] = rule.Name
		if (len(rule.Pattern) == 0) == (rule.Schedule == "") {
			k.Errorf(CodeConflict, path, "a rule has either pattern or schedule").WithHint("write one of them")
		}
		k.only(path+".schedule", rule.Schedule != "", e.DefaultBus, "defaultBus is true")
		rule.checkTargets(k, path+".targets")
	}
	k.unique("rules", ".name", names)
}

func (r *EventRule) checkTargets(k *Checker, path string) {
	names := make([]string, len(r.Targets))
	for i := range r.Targets {
		t, at := &r.Targets[i], indexed(path, i)
		names[i] = t.Name
		given := 0
		for _, is := range []bool{!t.Queue.IsZero(), !t.Topic.IsZero(), !t.Function.IsZero(), !t.ARN.IsZero()} {
			if is {
				given++
			}
		}
		if given != 1 {
			k.Errorf(CodeConflict, at, "a target is exactly one of queue, topic, function and arn; this one is %d", given).
				WithHint("make it several targets, or choose one")
		}
		k.only(at+".messageGroup", t.MessageGroup != "", !t.Queue.IsZero(), "queue is given")
		k.between(at+".maximumAge", t.MaximumAge, Minute, Day)
		if t.ARN.Value != "" && !strings.HasPrefix(t.ARN.Value, "arn:aws") {
			k.Errorf(CodeEvents, at+".arn", "%q is no ARN", shorten(t.ARN.Value)).WithHint("arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE")
		}
	}
	k.unique(path, ".name", names)
}

// Relate keeps the rules over the bus and the queues it sends to.
func (e *EventBridge) Relate(k *Checker, related Related) {
	for i := range e.Rules {
		for j := range e.Rules[i].Targets {
			t := &e.Rules[i].Targets[j]
			r, ok := related(t.Queue)
			if !ok {
				continue
			}
			if queue, is := r.Spec.(*SQS); is && queue.FIFO && t.MessageGroup == "" {
				k.Errorf(CodeEvents, indexed(indexed("rules", i)+".targets", j)+".messageGroup", "the fifo queue %s wants to know the group of messages", t.Queue.Component).
					WithHint("add messageGroup")
			}
		}
	}
}

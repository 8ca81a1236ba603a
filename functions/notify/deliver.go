package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// Outlets reach people outside of the installation.
type Outlets interface {
	// Secret reads a secret's text. Its errors never hold the text.
	Secret(ctx context.Context, ref resource.SecretRef) (string, error)
	// Post sends JSON to a webhook. Its errors never hold the URL, which is a secret.
	Post(ctx context.Context, url string, body []byte) error
}

// record is one message of an SNS event.
type record struct {
	SNS struct {
		TopicArn string `json:"TopicArn"`
		Subject  string `json:"Subject"`
		Message  string `json:"Message"`
	} `json:"Sns"`
}

// NobodyReached is the error of news that reached none of those who should have it: SNS tries again, and keeps what it
// cannot deliver.
type NobodyReached struct{ Untold []string }

func (e *NobodyReached) Error() string { return "nobody was reached: " + strings.Join(e.Untold, "; ") }

// deliver sends the messages on. One addressee's failure is told in Out and in the log and keeps no other from its message.
func (h Handler) deliver(ctx context.Context, records []record) (Out, error) {
	d := delivery{Handler: h, out: Out{Told: []string{}}, posted: map[string]bool{}}
	for _, r := range records {
		var n report.Notice
		if err := json.Unmarshal([]byte(r.SNS.Message), &n); err == nil && n.SchemaVersion > 0 && n.Event != "" {
			if err := d.notice(ctx, n, n.Slack()); err != nil {
				return d.out, err
			}
			continue
		}
		d.post(ctx, "the installation", h.Webhook, foreign(r.SNS.Subject, r.SNS.Message))
	}
	if len(d.out.Told) == 0 && len(d.out.Untold) > 0 {
		return d.out, &NobodyReached{Untold: d.out.Untold}
	}
	return d.out, nil
}

// foreign is a message that Deployer did not write: an alarm, a budget.
func foreign(subject, text string) report.SlackMessage {
	var alarm struct{ AlarmName, AlarmDescription, NewStateValue, NewStateReason string }
	if err := json.Unmarshal([]byte(text), &alarm); err == nil && alarm.AlarmName != "" {
		n := report.Notice{Title: alarm.AlarmName + " is " + alarm.NewStateValue, Text: strings.TrimSpace(alarm.AlarmDescription + "\n" + alarm.NewStateReason),
			Urgent: alarm.NewStateValue == "ALARM"}
		return n.Slack()
	}
	if subject == "" {
		subject = "A message for those who run Deployer"
	}
	return report.Notice{Event: resource.EventLock, Title: subject, Text: text}.Slack()
}

// delivery is one call under way.
type delivery struct {
	Handler
	out    Out
	posted map[string]bool // webhooks: a channel that two names lead to gets a message once
}

// notice sends a notice to the installation's channel and to those whom the stack names.
func (d *delivery) notice(ctx context.Context, n report.Notice, message report.SlackMessage) error {
	wanted, err := d.wanted(ctx, n)
	if err != nil {
		return err
	}
	d.posted = map[string]bool{}
	d.post(ctx, "the installation", d.Webhook, message)
	for _, slack := range wanted.Slack {
		if concerns(n, slack.Events, slack.Environments) {
			d.post(ctx, "slack "+slack.Name, slack.Webhook.SecretRef, message)
		}
	}
	for _, topic := range wanted.SNS {
		if concerns(n, topic.Events, topic.Environments) && !d.own(string(topic.Topic)) {
			d.publish(ctx, "sns "+topic.Name, string(topic.Topic), n)
		}
	}
	return nil
}

// own reports whether a topic is the installation's: to publish there would call this function again, for ever.
func (d *delivery) own(topic string) bool {
	if d.Teller == nil {
		return false
	}
	for _, arn := range d.Teller.ARNs {
		if arn == topic {
			return true
		}
	}
	return false
}

// concerns reports whether somebody wants to be told. Who wants to know of failures wants to know of one that was taken back.
func concerns(n report.Notice, events []resource.Event, environments []string) bool {
	failed := n.Event == resource.EventRolledBack && n.Ending == run.FailedClean
	return (len(events) == 0 || slices.Contains(events, n.Event) || failed && slices.Contains(events, resource.EventFailed)) && (len(environments) == 0 || slices.Contains(environments, n.Scope.Environment))
}

func (d *delivery) post(ctx context.Context, name string, secret *resource.SecretRef, message report.SlackMessage) {
	if secret == nil || d.Outlets == nil {
		return
	}
	url, err := d.Outlets.Secret(ctx, *secret)
	if err != nil {
		d.failed(name, err)
		return
	}
	if d.posted[url] {
		return
	}
	d.posted[url] = true
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(message); err != nil {
		d.failed(name, err)
		return
	}
	if err := d.Outlets.Post(ctx, url, body.Bytes()); err != nil {
		d.failed(name, err)
		return
	}
	d.out.Told = append(d.out.Told, name)
}

func (d *delivery) publish(ctx context.Context, name, topic string, n report.Notice) {
	if d.Teller == nil || d.Teller.Topics == nil {
		return
	}
	if err := d.Teller.Topics.Publish(ctx, topic, n); err != nil {
		d.failed(name, err)
		return
	}
	d.out.Told = append(d.out.Told, name)
}

func (d *delivery) failed(name string, err error) {
	d.out.Untold = append(d.out.Untold, fmt.Sprintf("%s: %s", name, err))
}

// wanted is whom the stack wants to be told: as its bundle says that the run deploys, or, where that could not be read or
// there is no run, the one that was deployed last.
func (d *delivery) wanted(ctx context.Context, n report.Notice) (resource.Notifications, error) {
	if n.Scope.Stack == "" || n.Scope.Environment == "" {
		return resource.Notifications{}, nil
	}
	if n.Run != "" {
		set, err := d.resources(ctx, n.Ref())
		if set != nil || err != nil {
			return set.Stack.Notifications, err
		}
	}
	snapshot, _, err := state.NewStore(d.Objects, n.Scope.Scope()).Read(ctx)
	if err != nil || snapshot.Run == "" || snapshot.Run == n.Run {
		return resource.Notifications{}, ignoreCorrupt(err)
	}
	ref := n.Ref()
	ref.ID = snapshot.Run
	set, err := d.resources(ctx, ref)
	if set == nil {
		return resource.Notifications{}, err
	}
	return set.Stack.Notifications, err
}

// ignoreCorrupt lets a message go to the installation's own people although the stack's cannot be known.
func ignoreCorrupt(err error) error {
	var refused *state.StateCorrupt
	if errors.As(err, &refused) {
		return nil
	}
	return err
}

// resources are a run's; nil when it has none.
func (d *delivery) resources(ctx context.Context, ref run.Ref) (*resource.Set, error) {
	var set resource.Set
	err := run.Archive{Store: d.Objects, Ref: ref}.Read(ctx, run.ResourcesArtifact, &set)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil
	}
	return &set, err
}

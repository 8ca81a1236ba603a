package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/events"
	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/makereport"
	"github.com/deployer-io/deployer/functions/metric"
	"github.com/deployer-io/deployer/functions/notify"
	"github.com/deployer-io/deployer/functions/requestapproval"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

const topics = "arn:aws:sns:eu-west-1:111122223333:deployer-staging-"

// outside is everybody who can be told.
type outside struct {
	published []string // TOPIC: TITLE
	notices   []report.Notice
	posts     map[string][]string // by URL
	secrets   map[string]string
	broken    map[string]error // topics and URLs
}

func (o *outside) Publish(_ context.Context, topic string, n report.Notice) error {
	if err := o.broken[topic]; err != nil {
		return err
	}
	o.published, o.notices = append(o.published, strings.TrimPrefix(topic, topics)+": "+n.Title), append(o.notices, n)
	return nil
}

func (o *outside) Secret(_ context.Context, ref resource.SecretRef) (string, error) {
	if url, known := o.secrets[ref.Name]; known {
		return url, nil
	}
	return "", errors.New("read the secret " + ref.Name + ": ResourceNotFoundException")
}

func (o *outside) Post(_ context.Context, url string, body []byte) error {
	if err := o.broken[url]; err != nil {
		return err
	}
	o.posts[url] = append(o.posts[url], string(body))
	return nil
}

// told is the world, those who can be told, the function, and what it measured.
func told(t *testing.T) (*functionstest.World, *outside, notify.Handler, *bytes.Buffer) {
	t.Helper()
	w := functionstest.New(t)
	o := &outside{posts: map[string][]string{}, broken: map[string]error{}, secrets: map[string]string{"installation": "https://hooks/all",
		"orders/releases": "https://hooks/releases", "orders/failures": "https://hooks/failures"}}
	var measured bytes.Buffer
	arns := map[string]string{}
	for _, name := range notify.TopicNames() {
		arns[name] = topics + name
	}
	return w, o, notify.Handler{Objects: w.Objects, Outlets: o, Webhook: &resource.SecretRef{Name: "installation"}, Teller: &notify.Teller{
		Topics: o, ARNs: arns, Now: w.Now, Metrics: &metric.Writer{Installation: "staging", Out: &measured, Now: w.Now}}}, &measured
}

// Bundle names people: everybody at staging is told of failures, a topic of everything, and one channel is production's.
func bundle() map[string]string {
	files := map[string]string{}
	for path, text := range functionstest.Bundle {
		files[path] = text
	}
	files["stack.yaml"] += `  notifications:
    slack:
      - {name: releases, webhook: {secretRef: {name: orders/releases}}, events: [started, succeeded]}
      - {name: failures, webhook: {secretRef: {name: orders/failures}}, events: [failed]}
      - {name: production, webhook: {secretRef: {name: orders/nowhere}}, environments: [production]}
    sns:
      - {name: archive, topic: "arn:aws:sns:eu-west-1:444455556666:archive"}
      - {name: loop, topic: "` + topics + `deployments"}
`
	return files
}

func handle(t *testing.T, h notify.Handler, event any) notify.Out {
	t.Helper()
	data, err := json.Marshal(event)
	require.NoError(t, err)
	out, err := h.Handle(t.Context(), data)
	require.NoError(t, err)
	return out
}

// message is an event of SNS with that message.
func message(t *testing.T, text string) map[string]any {
	t.Helper()
	var event map[string]any
	require.NoError(t, json.Unmarshal(events.Sample("notify"), &event))
	event["Records"].([]any)[0].(map[string]any)["Sns"].(map[string]any)["Message"] = text
	return event
}

func notice(t *testing.T, n report.Notice) map[string]any {
	t.Helper()
	data, err := json.Marshal(n)
	require.NoError(t, err)
	return message(t, string(data))
}

func TestTheTaskTellsHowARunEnded(t *testing.T) {
	for sentence, c := range map[string]struct {
		ending  run.Ending
		failure *run.Failure
		topics  []string
		counted string
	}{
		"it worked":               {run.Succeeded, nil, []string{"deployments"}, ""},
		"it failed":               {run.FailedClean, &run.Failure{Error: "WaveFailed"}, []string{"deployments"}, ""},
		"something is left":       {run.FailedDirty, &run.Failure{Error: "WaveFailed"}, []string{"deployments", "operations"}, `"FailedDirty":1`},
		"a policy forbids it":     {run.FailedClean, &run.Failure{Error: "PolicyViolation"}, []string{"security"}, `"PolicyViolations":1`},
		"there was nothing to do": {run.NoChanges, nil, []string{}, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			w, o, h, measured := told(t)
			r := w.Discover("r1", run.Deploy, functionstest.Bundle)
			in := makereport.In{Run: &r.Ref, Execution: "r1", StartedAt: w.Now(), Request: r.Request, Ending: c.ending, Failure: c.failure}
			_, err := makereport.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), in)
			require.NoError(t, err)
			require.Equal(t, notify.Out{Told: c.topics}, handle(t, h, in))
			require.Len(t, o.published, len(c.topics))
			require.Empty(t, o.posts, "the topics see to the rest")
			if c.counted == "" {
				require.Empty(t, measured.String())
			} else {
				require.Contains(t, measured.String(), c.counted)
			}
		})
	}
}

func TestARunWithoutAReportIsToldAllTheSame(t *testing.T) {
	w, o, h, _ := told(t)
	in := makereport.In{Execution: "r1", Request: run.Request{Bundle: run.BundleRef{Key: "bundles/orders/staging/b.zip"}}, StartedAt: w.Now(),
		Ending: run.FailedClean, Failure: &run.Failure{Error: "BundleRejected", Cause: "it is no zip"}}
	require.Equal(t, []string{"deployments"}, handle(t, h, in).Told)
	require.Equal(t, []string{"deployments: FailedClean: deploy of orders/staging"}, o.published)
	require.Contains(t, o.notices[0].Text, "BundleRejected: it is no zip")
}

func TestATopicThatFailsKeepsNoOtherFromItsNews(t *testing.T) {
	_, o, h, _ := told(t)
	o.broken[topics+"deployments"] = errors.New("KMS.AccessDeniedException")
	names, err := h.Teller.Tell(t.Context(), report.Notice{Event: resource.EventFailed, Urgent: true})
	require.ErrorContains(t, err, "KMS.AccessDeniedException")
	require.Equal(t, []string{"operations"}, names)
}

func TestTheTellerKnowsWhoHasToKnow(t *testing.T) {
	_, o, h, measured := told(t)
	scope := address.Scope("orders", "staging")
	ref := run.Ref{Stack: "orders", Environment: "staging", ID: "r1", Operation: run.Deploy}
	require.NoError(t, h.Teller.Begun(t.Context(), ref, "ana", "Plan"))
	require.NoError(t, h.Teller.ApprovalWanted(t.Context(), requestapproval.Wanted{Run: ref, ApproveURL: "https://yes", RejectURL: "https://no", ApproveWith: "deployer approve r1"}))
	require.NoError(t, h.Teller.Drifted(t.Context(), scope, nil))
	require.NoError(t, h.Teller.Drifted(t.Context(), scope, []string{"intake/queue: gone"}))
	require.NoError(t, h.Teller.Unlocked(t.Context(), scope, "r1", "mona", "3 a.m."))
	require.Equal(t, []string{"deployments: orders/staging: deploy begins", "approvals: orders/staging: deploy waits for approval",
		"drift: orders/staging: 1 difference from what was deployed", "operations: orders/staging: a lock was freed by force",
		"security: orders/staging: a lock was freed by force"}, o.published)
	require.Equal(t, []string{"https://yes", "https://no"}, []string{o.notices[1].ApproveURL, o.notices[1].RejectURL})
	require.Contains(t, measured.String(), `"DriftFindings":0`, "that ends the alarm")
	require.Contains(t, measured.String(), `"DriftFindings":1`)
	var nobody *notify.Teller
	require.NoError(t, nobody.Begun(t.Context(), ref, "ana", "Plan"))
	require.NoError(t, nobody.Drifted(t.Context(), scope, nil))
	names, err := nobody.Ended(t.Context(), report.Report{})
	require.NoError(t, err)
	require.Empty(t, names)
}

func TestNewsGoToThoseWhomTheStackNames(t *testing.T) {
	w, o, h, _ := told(t)
	r := w.Discover("r1", run.Deploy, bundle())
	n := report.Notice{SchemaVersion: 1, Event: resource.EventSucceeded, Scope: r.Ref.Scope(), Run: "r1", Title: "Succeeded", At: w.Now()}
	require.Equal(t, []string{"the installation", "slack releases", "sns archive"}, handle(t, h, notice(t, n)).Told)
	require.Equal(t, []string{"arn:aws:sns:eu-west-1:444455556666:archive: Succeeded"}, o.published, "and not on the own topic again, for ever")
	n.Event, n.Title = resource.EventFailed, "Failed"
	require.Equal(t, []string{"the installation", "slack failures", "sns archive"}, handle(t, h, notice(t, n)).Told)
	require.Len(t, o.posts["https://hooks/failures"], 1)
	n.Event, n.Ending = resource.EventRolledBack, run.FailedClean
	require.Contains(t, handle(t, h, notice(t, n)).Told, "slack failures", "it failed, and was taken back")
	var sent report.SlackMessage
	require.NoError(t, json.Unmarshal([]byte(o.posts["https://hooks/failures"][0]), &sent))
	require.Equal(t, "Failed", sent.Text)
}

func TestNewsOfNoRunGoToThoseWhomTheLastOneNamed(t *testing.T) {
	w, o, h, _ := told(t)
	w.Deploy("r1", bundle())
	n := report.Drifted(address.Scope("orders", "staging"), []string{"intake/queue: gone"}, w.Now())
	require.Equal(t, []string{"the installation", "sns archive"}, handle(t, h, notice(t, n)).Told)
	n.Run = "r2" // its bundle could not be read
	require.Equal(t, []string{"the installation", "sns archive"}, handle(t, h, notice(t, n)).Told)
	require.Len(t, o.posts["https://hooks/all"], 2)
	elsewhere := report.Drifted(address.Scope("orders", "production"), []string{"x"}, w.Now())
	require.Equal(t, []string{"the installation"}, handle(t, h, notice(t, elsewhere)).Told)
}

func TestAChannelThatTwoNamesLeadToIsToldOnce(t *testing.T) {
	w, o, h, _ := told(t)
	r := w.Discover("r1", run.Deploy, bundle())
	o.secrets["orders/releases"] = "https://hooks/all"
	n := report.Notice{SchemaVersion: 1, Event: resource.EventSucceeded, Scope: r.Ref.Scope(), Run: "r1", Title: "Succeeded"}
	require.Equal(t, []string{"the installation", "sns archive"}, handle(t, h, notice(t, n)).Told)
	require.Len(t, o.posts["https://hooks/all"], 1)
}

func TestOneAddresseesFailureKeepsNoOtherFromItsMessage(t *testing.T) {
	w, o, h, _ := told(t)
	r := w.Discover("r1", run.Deploy, bundle())
	delete(o.secrets, "installation")
	o.broken["https://hooks/releases"] = errors.New("the webhook answered 404 Not Found: no_service")
	n := report.Notice{SchemaVersion: 1, Event: resource.EventSucceeded, Scope: r.Ref.Scope(), Run: "r1", Title: "Succeeded"}
	out := handle(t, h, notice(t, n))
	require.Equal(t, []string{"sns archive"}, out.Told)
	require.Equal(t, []string{"the installation: read the secret installation: ResourceNotFoundException",
		"slack releases: the webhook answered 404 Not Found: no_service"}, out.Untold)
	o.broken["arn:aws:sns:eu-west-1:444455556666:archive"] = errors.New("AuthorizationError")
	data, err := json.Marshal(notice(t, n))
	require.NoError(t, err)
	_, err = h.Handle(t.Context(), data)
	require.Equal(t, "NobodyReached", run.FailureOf(err).Error, "then SNS tries again")
}

func TestWhatDeployerDidNotWriteGoesToTheInstallationsChannel(t *testing.T) {
	for sentence, c := range map[string]struct{ text, want string }{
		"an alarm":                {`{"AlarmName":"deployer-staging-stuck-locks","AlarmDescription":"Locks outlived their lease","NewStateValue":"ALARM","NewStateReason":"3 datapoints"}`, "deployer-staging-stuck-locks is ALARM"},
		"a budget":                {"You have used 80 % of your budget", "You have used 80 % of your budget"},
		"JSON of others":          {`{"event":"x"}`, `{\"event\":\"x\"}`},
		"a run that nobody knows": {string(sampleMessage(t)), "user-platform"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, o, h, _ := told(t)
			require.Equal(t, []string{"the installation"}, handle(t, h, message(t, c.text)).Told)
			require.Contains(t, o.posts["https://hooks/all"][0], c.want)
		})
	}
}

func sampleMessage(t *testing.T) []byte {
	t.Helper()
	var event struct {
		Records []struct{ Sns struct{ Message string } }
	}
	require.NoError(t, json.Unmarshal(events.Sample("notify"), &event))
	return []byte(event.Records[0].Sns.Message)
}

func TestTheSampleIsANotice(t *testing.T) {
	var n report.Notice
	decoder := json.NewDecoder(bytes.NewReader(sampleMessage(t)))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&n))
	require.Equal(t, resource.EventSucceeded, n.Event)
	require.Equal(t, time.Date(2026, 11, 24, 10, 45, 0, 0, time.UTC), n.At)
}

func TestWithoutPeopleNothingHappens(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle)
	h := notify.Handler{Objects: w.Objects}
	require.Empty(t, handle(t, h, makereport.In{Run: &r.Ref, Ending: run.Succeeded}).Told)
	require.Empty(t, handle(t, h, notice(t, report.Notice{SchemaVersion: 1, Event: resource.EventFailed, Scope: r.Ref.Scope(), Run: "r1"})).Told)
	_, err := h.Handle(t.Context(), []byte(`[]`))
	require.Error(t, err)
	_, err = h.Handle(t.Context(), []byte(`{"request":{"bundle":{"key":"nonsense"}}}`))
	require.Error(t, err, "nobody knows which run that is")
}

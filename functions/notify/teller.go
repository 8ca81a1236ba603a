package notify

import (
	"context"
	"errors"
	"time"

	"github.com/deployer-io/deployer/functions/metric"
	"github.com/deployer-io/deployer/functions/requestapproval"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

// Topics publishes notices on topics.
type Topics interface {
	Publish(ctx context.Context, topic string, n report.Notice) error
}

// The installation's topics. Deployments and Approvals are for a channel, Drift and Security for those who own it,
// Operations pages.
const (
	Deployments = "deployments"
	Approvals   = "approvals"
	Drift       = "drift"
	Security    = "security"
	Operations  = "operations"
)

// TopicNames are all of them.
func TopicNames() []string { return []string{Deployments, Approvals, Drift, Security, Operations} }

// Teller puts news on the installation's topics, and counts what alarms watch. A nil Teller tells nobody.
type Teller struct {
	Topics  Topics            // nil: nobody is told
	ARNs    map[string]string // of the topics, by name; one that has none is left out
	Metrics *metric.Writer    // nil: nothing is counted
	Now     func() time.Time
}

var _ requestapproval.Teller = (*Teller)(nil)

// Tell publishes a notice and returns the names of the topics that have it, also with an error.
func (t *Teller) Tell(ctx context.Context, n report.Notice) (told []string, err error) {
	if t == nil || t.Topics == nil {
		return nil, nil
	}
	var errs []error
	for _, name := range topicsOf(n) {
		arn := t.ARNs[name]
		if arn == "" {
			continue
		}
		if err := t.Topics.Publish(ctx, arn, n); err != nil {
			errs = append(errs, err)
			continue
		}
		told = append(told, name)
	}
	return told, errors.Join(errs...)
}

// topicsOf says who has to know.
func topicsOf(n report.Notice) []string {
	switch n.Event {
	case resource.EventApproval:
		return []string{Approvals}
	case resource.EventDrift:
		return []string{Drift}
	case resource.EventPolicy:
		return []string{Security}
	case resource.EventLock:
		return []string{Operations, Security}
	}
	if n.Urgent {
		return []string{Deployments, Operations}
	}
	return []string{Deployments}
}

// Ended tells how a run ended, and counts endings that somebody has to look at.
func (t *Teller) Ended(ctx context.Context, r report.Report) (told []string, err error) {
	if t == nil {
		return nil, nil
	}
	more := map[string]string{"run": r.Run, "scope": r.Scope.String()}
	var counted error
	if r.Ending == run.FailedDirty {
		counted = t.Metrics.Put(metric.FailedDirty, 1, more)
	}
	n, news := r.Notice()
	if n.Event == resource.EventPolicy {
		counted = errors.Join(counted, t.Metrics.Put(metric.PolicyViolations, 1, more))
	}
	if !news {
		return nil, counted
	}
	told, err = t.Tell(ctx, n)
	return told, errors.Join(counted, err)
}

// Begun tells that a run begins to change things.
func (t *Teller) Begun(ctx context.Context, ref run.Ref, startedBy, summary string) error {
	if t == nil {
		return nil
	}
	_, err := t.Tell(ctx, report.Begun(ref, startedBy, summary, t.Now()))
	return err
}

// ApprovalWanted tells that a run waits for people.
func (t *Teller) ApprovalWanted(ctx context.Context, w requestapproval.Wanted) error {
	if t == nil {
		return nil
	}
	n := report.Wanted(w.Run, w.StartedBy, w.Summary, w.Missing, w.ExpiresAt, t.Now())
	n.ApproveURL, n.RejectURL, n.Command = w.ApproveURL, w.RejectURL, w.ApproveWith
	_, err := t.Tell(ctx, n)
	return err
}

// Drifted tells of differences from what was deployed, one line each, and counts them, none too: that ends the alarm.
func (t *Teller) Drifted(ctx context.Context, scope address.Address, findings []string) error {
	if t == nil {
		return nil
	}
	counted := t.Metrics.Put(metric.DriftFindings, len(findings), map[string]string{"scope": scope.String()})
	if len(findings) == 0 {
		return counted
	}
	_, err := t.Tell(ctx, report.Drifted(scope, findings, t.Now()))
	return errors.Join(counted, err)
}

// Unlocked tells that a lock was freed by force.
func (t *Teller) Unlocked(ctx context.Context, at address.Address, holder, actor, reason string) error {
	if t == nil {
		return nil
	}
	_, err := t.Tell(ctx, report.Unlocked(at, holder, actor, reason, t.Now()))
	return err
}

// Locked tells that a lock waits for a person.
func (t *Teller) Locked(ctx context.Context, at address.Address, holder, reason string) error {
	if t == nil {
		return nil
	}
	_, err := t.Tell(ctx, report.Locked(at, holder, reason, t.Now()))
	return err
}

func (t *Teller) now() time.Time {
	if t == nil || t.Now == nil {
		return time.Time{}
	}
	return t.Now()
}

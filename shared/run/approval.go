package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/deployer-io/deployer/shared/objects"
)

// ApprovalVersion is the version of approval.json's shape.
const ApprovalVersion = 1

// Approval is the question put to people, and what they said so far: approval.json. It is about one plan and no other.
type Approval struct {
	SchemaVersion  int       `json:"schemaVersion"`
	Run            string    `json:"run"`
	PlanDigest     string    `json:"planDigest"`
	Serial         int64     `json:"serial"` // of the state that the plan starts from
	Bundle         BundleRef `json:"bundle"`
	StartedBy      string    `json:"startedBy,omitempty"`
	MinApprovals   int       `json:"minApprovals"`
	AllowSelf      bool      `json:"allowSelf,omitempty"`      // those who started the run may agree to it
	OverrideFreeze string    `json:"overrideFreeze,omitempty"` // why it is to run in a freeze all the same
	Token          string    `json:"token"`                    // of the waiting task
	RequestedAt    time.Time `json:"requestedAt"`
	ExpiresAt      time.Time `json:"expiresAt"`
	// Decisions are in the order in which they were recorded. Once the question is decided, none is added.
	Decisions []Decision `json:"decisions,omitempty"`
}

// Decision is one person's answer.
type Decision struct {
	Decision Answer    `json:"decision"`
	By       string    `json:"by"`
	Reason   string    `json:"reason,omitempty"`
	At       time.Time `json:"at"`
	// PlanDigest is the plan that the person saw; empty: whichever is asked about.
	PlanDigest string `json:"planDigest,omitempty"`
	// Link identifies the single-use link by which the decision came.
	Link string `json:"link,omitempty"`
}

// Answer is what one person says.
type Answer string

// The answers.
const (
	Approve Answer = "approve"
	Reject  Answer = "reject"
)

// Verdict is what all answers come to.
type Verdict string

// The verdicts.
const (
	Pending  Verdict = "pending" // more people have to agree
	Approved Verdict = "approved"
	Refused  Verdict = "rejected" // one person is enough
)

// Verdict is what the decisions so far come to. The same person counts once.
func (a Approval) Verdict() Verdict {
	approvers := map[string]bool{}
	for _, d := range a.Decisions {
		if d.Decision == Reject {
			return Refused
		}
		approvers[person(d.By)] = true
	}
	if len(approvers) >= max(a.MinApprovals, 1) {
		return Approved
	}
	return Pending
}

// Missing is how many more people have to agree.
func (a Approval) Missing() int {
	approvers := map[string]bool{}
	for _, d := range a.Decisions {
		approvers[person(d.By)] = true
	}
	return max(0, max(a.MinApprovals, 1)-len(approvers))
}

// Rejection is the decision that ended it; nil when nobody said no.
func (a Approval) Rejection() *Decision {
	for i := range a.Decisions {
		if a.Decisions[i].Decision == Reject {
			return &a.Decisions[i]
		}
	}
	return nil
}

// person is a name by which it is compared: the case in which a name is written makes no other person of it, nor does what
// cannot be seen.
func person(name string) string { return strings.ToLower(Said(name)) }

// Add returns the approval with one more decision. A person who says the same again changes nothing. Errors:
// *DecisionInvalid, *StalePlan, *ApprovalDecided, *ApprovalExpired, *LinkUsed, *SelfApproval.
func (a Approval) Add(d Decision) (Approval, error) {
	d.By, d.Reason = Said(d.By), Said(d.Reason)
	if d.Decision != Approve && d.Decision != Reject || person(d.By) == "" {
		return a, &DecisionInvalid{Decision: string(d.Decision), By: d.By}
	}
	if d.PlanDigest != "" && d.PlanDigest != a.PlanDigest {
		return a, &StalePlan{Run: a.Run, Reason: "the plan that you saw is not the one that is asked about any more: look at it again"}
	}
	again, used := false, false
	for _, before := range a.Decisions {
		again = again || person(before.By) == person(d.By) && before.Decision == d.Decision
		used = used || d.Link != "" && before.Link == d.Link
	}
	verdict := a.Verdict()
	switch {
	case used:
		return a, &LinkUsed{Run: a.Run}
	case again:
		return a, nil
	case verdict != Pending:
		return a, &ApprovalDecided{Run: a.Run, Verdict: verdict, Last: a.Decisions[len(a.Decisions)-1]}
	case !d.At.Before(a.ExpiresAt):
		return a, &ApprovalExpired{Run: a.Run, At: a.ExpiresAt}
	case d.Decision == Approve && !a.AllowSelf && person(d.By) == person(a.StartedBy):
		return a, &SelfApproval{Run: a.Run, By: d.By}
	}
	d.PlanDigest, d.At = a.PlanDigest, d.At.UTC()
	a.Decisions = append(a.Decisions[:len(a.Decisions):len(a.Decisions)], d)
	return a, nil
}

// takes is how often a decision is tried when others are recorded at the same moment. One of them succeeds each time.
const takes = 32

// Decide records a decision on the run's waiting approval and returns what stands there then. Errors are those of Add, and
// *ApprovalMissing when nobody was asked.
func (a Archive) Decide(ctx context.Context, d Decision) (Approval, error) {
	for range takes {
		object, err := a.Store.Get(ctx, a.Key(ApprovalArtifact))
		if errors.Is(err, objects.ErrNotFound) {
			return Approval{}, &ApprovalMissing{Run: a.Ref.ID}
		}
		if err != nil {
			return Approval{}, err
		}
		var before Approval
		if err := json.Unmarshal(object.Data, &before); err != nil {
			return Approval{}, fmt.Errorf("decode %s: %w", object.Key, err)
		}
		after, err := before.Add(d)
		if err != nil || len(after.Decisions) == len(before.Decisions) {
			return after, err
		}
		data, err := Encode(after)
		if err != nil {
			return Approval{}, err
		}
		_, err = a.Store.Put(ctx, object.Key, data, objects.IfMatch(object.ETag))
		if !errors.Is(err, objects.ErrPrecondition) && !errors.Is(err, objects.ErrConflict) {
			return after, err
		}
	}
	return Approval{}, fmt.Errorf("the decision on run %s was not recorded: others keep writing; try again", a.Ref.ID)
}

package run

import (
	"fmt"
	"time"
)

// DecisionInvalid is the error of a decision that says neither yes nor no, or nobody's.
type DecisionInvalid struct{ Decision, By string }

func (e *DecisionInvalid) Error() string {
	if person(e.By) == "" {
		return "the decision names nobody: say by whom it is"
	}
	return fmt.Sprintf("the decision %q is not known: say approve or reject", e.Decision)
}

// StalePlan is the error of a plan that is no longer what would be carried out.
type StalePlan struct{ Run, Reason string }

func (e *StalePlan) Error() string {
	return fmt.Sprintf("the plan of run %s is stale: %s", e.Run, e.Reason)
}

// ApprovalMissing is the error of a decision on a run that has asked nobody.
type ApprovalMissing struct{ Run string }

func (e *ApprovalMissing) Error() string {
	return fmt.Sprintf("run %s does not wait for approval; 'deployer status %s' tells where it stands", e.Run, e.Run)
}

// ApprovalDecided is the error of a decision that comes after the last one.
type ApprovalDecided struct {
	Run     string
	Verdict Verdict
	Last    Decision
}

func (e *ApprovalDecided) Error() string {
	return fmt.Sprintf("run %s was %s already: %s at %s", e.Run, e.Verdict, e.Last.By, e.Last.At.Format(time.RFC3339))
}

// ApprovalExpired is the error of a plan that nobody decided on in time.
type ApprovalExpired struct {
	Run string
	At  time.Time
}

func (e *ApprovalExpired) Error() string {
	return fmt.Sprintf("the approval of run %s had to be given before %s; start a new run", e.Run, e.At.Format(time.RFC3339))
}

// SelfApproval is the error of those who agree to what they started themselves, where that is not enough.
type SelfApproval struct{ Run, By string }

func (e *SelfApproval) Error() string {
	return fmt.Sprintf("%s started run %s and cannot approve it: another person has to, or the environment's approval.allowSelf be set", e.By, e.Run)
}

// LinkUsed is the error of an approval link that has been used.
type LinkUsed struct{ Run string }

func (e *LinkUsed) Error() string {
	return fmt.Sprintf("this link has decided on run %s already: a link works once", e.Run)
}

// ApprovalRejected is the error with which a rejection wakes the waiting run.
type ApprovalRejected struct{ By, Reason string }

func (e *ApprovalRejected) Error() string {
	if e.Reason == "" {
		return "rejected by " + e.By
	}
	return "rejected by " + e.By + ": " + e.Reason
}

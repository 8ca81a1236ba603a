package run

import "time"

// ApprovalVersion is the version of approval.json's shape.
const ApprovalVersion = 1

// Approval is the question put to people, and what they said: approval.json.
type Approval struct {
	SchemaVersion int        `json:"schemaVersion"`
	Run           string     `json:"run"`
	PlanDigest    string     `json:"planDigest"` // a decision is about this plan and no other
	Token         string     `json:"token"`      // of the waiting task
	RequestedAt   time.Time  `json:"requestedAt"`
	ExpiresAt     time.Time  `json:"expiresAt"`
	Decisions     []Decision `json:"decisions,omitempty"`
}

// Decision is one person's answer.
type Decision struct {
	Decision string    `json:"decision"` // approve or reject
	By       string    `json:"by"`
	Reason   string    `json:"reason,omitempty"`
	At       time.Time `json:"at"`
}

// ApprovalRejected is the error with which a rejection wakes the waiting run.
type ApprovalRejected struct{ By, Reason string }

func (e *ApprovalRejected) Error() string { return "rejected by " + e.By + ": " + e.Reason }

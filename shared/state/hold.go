package state

import (
	"fmt"
	"time"
)

// Hold says that a run failed and was rolled back: what is deployed is what was there before it. The same bundle is not
// deployed again until a person says so, so that what starts runs by itself does not bring the failure back.
type Hold struct {
	Run    string    `json:"run"` // that was rolled back
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
	// Input is the digest of what the run was to deploy: its bundle and what was set over it.
	Input string `json:"input"`
}

// DeploymentHeld is the error of a deployment of the very input that was rolled back last.
type DeploymentHeld struct{ Hold }

func (e *DeploymentHeld) Error() string {
	return fmt.Sprintf("this very bundle was deployed by run %s at %s and rolled back (%s): mend it, or say --release to deploy it all the same",
		e.Run, e.At.UTC().Format(time.RFC3339), e.Reason)
}

// Admits returns *DeploymentHeld for the input that the snapshot holds back.
func (s *Snapshot) Admits(input string) error {
	if s.Hold != nil && s.Hold.Input == input {
		return &DeploymentHeld{*s.Hold}
	}
	return nil
}

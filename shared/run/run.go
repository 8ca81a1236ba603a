// Package run is one execution of a deployment: a Request starts it, a Ref travels through the state machines in its
// place, and its Archive keeps every artifact that the stages hand to one another.
package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/deployer-io/deployer/shared/address"
)

// Operation is what a run is asked to do.
type Operation string

// The operations.
const (
	Deploy  Operation = "deploy"
	Destroy Operation = "destroy"
	Plan    Operation = "plan" // as deploy, but ends with the plan: no lock, nothing changed
	// PlanDestroy ends with the plan of a destroy.
	PlanDestroy Operation = "plan-destroy"
	// Rollback brings a scope back to an earlier serial of its state.
	Rollback Operation = "rollback"
	// PlanRollback ends with the plan of a rollback.
	PlanRollback Operation = "plan-rollback"
)

// OnlyPlans reports whether the run changes nothing.
func (o Operation) OnlyPlans() bool { return o == Plan || o == PlanDestroy || o == PlanRollback }

// RollsBack reports whether the plan brings back what was; then the state's history takes the place of a bundle.
func (o Operation) RollsBack() bool { return o == Rollback || o == PlanRollback }

// Destroys reports whether the plan deletes everything.
func (o Operation) Destroys() bool { return o == Destroy || o == PlanDestroy }

// Ref says which run is meant; it is all that the state machines' payloads carry of it.
type Ref struct {
	Stack       string    `json:"stack"`
	Environment string    `json:"environment"`
	ID          string    `json:"id"`
	Operation   Operation `json:"operation"`
}

// Scope is the stack and environment that the run works on.
func (r Ref) Scope() address.Address { return address.Scope(r.Stack, r.Environment) }

// Prefix is the key prefix of the run's artifacts.
func (r Ref) Prefix() string { return r.Scope().RunPrefix(r.ID) }

// BundleRef is the very version of a bundle that is read. SHA256 is the content digest of its files, "" until read.
type BundleRef struct {
	Key       string `json:"key"`
	VersionID string `json:"versionId,omitempty"`
	SHA256    string `json:"sha256,omitempty"`
}

// Request starts a run: the input of the deploy state machine. The run's id is the execution's name.
type Request struct {
	Stack       string    `json:"stack,omitempty"` // with Environment: taken from the bundle's key when empty
	Environment string    `json:"environment,omitempty"`
	Operation   Operation `json:"operation,omitempty"` // deploy when empty
	Bundle      BundleRef `json:"bundle"`
	Sets        []string  `json:"sets,omitempty"` // --set SERVICE/COMPONENT.path=value or var.NAME=value
	Components  []string  `json:"components,omitempty"`
	AutoApprove bool      `json:"autoApprove,omitempty"`
	Parallelism int       `json:"parallelism,omitempty"`
	// LockTimeout is how long to wait for a lock that another run holds, in seconds; 0: not at all.
	LockTimeout int    `json:"lockTimeout,omitempty"`
	StartedBy   string `json:"startedBy,omitempty"`
	GitCommit   string `json:"gitCommit,omitempty"`
	CIRun       string `json:"ciRun,omitempty"`
	// OverrideFreeze lets the run begin in a freeze of its environment, for this reason.
	OverrideFreeze string `json:"overrideFreeze,omitempty"`
	// Shallow leaves out what the changes mean for each cloud resource: the plan is made without a preview.
	Shallow bool `json:"shallow,omitempty"`
	// Retry is an earlier run: only what failed in it, what waited for that, and what they need is done.
	Retry string `json:"retry,omitempty"`
	// To is the serial of the state that a rollback goes back to.
	To int64 `json:"to,omitempty"`
	// Release deploys a bundle all the same that was rolled back.
	Release bool `json:"release,omitempty"`
}

// Input is the digest of what the request asks to deploy: its bundle's contents and what was set over them.
func (r Request) Input() string {
	data, err := json.Marshal([]any{r.Bundle.SHA256, r.Sets})
	if err != nil {
		panic(fmt.Sprintf("run: texts do not encode: %v", err))
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Scope returns the stack and environment that the request names, or that its bundle's key
// (bundles/{stack}/{environment}/...) names.
func (r Request) Scope() (address.Address, error) {
	if r.Stack != "" && r.Environment != "" {
		return address.Parse(r.Stack + "/" + r.Environment)
	}
	parts := strings.Split(r.Bundle.Key, "/")
	if len(parts) < 4 || parts[0] != "bundles" {
		return address.Address{}, fmt.Errorf("bundle key %q: want bundles/{stack}/{environment}/{name}", r.Bundle.Key)
	}
	return address.Parse(parts[1] + "/" + parts[2])
}

// Ending is how a run ended; the names are the final states of the deploy machine.
type Ending string

// The endings. Clean: every component is as it was or as planned, and the state says which. Dirty: something is left
// half-done and a person has to look.
const (
	Succeeded   Ending = "Succeeded"
	NoChanges   Ending = "NoChanges"
	Planned     Ending = "Planned"
	Rejected    Ending = "Rejected"
	FailedClean Ending = "FailedClean"
	FailedDirty Ending = "FailedDirty"
)

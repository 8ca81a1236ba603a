// Package execution carries out a plan: a batch of orders goes in, one Outcome for each comes out, and outcomes are folded
// into a snapshot of the state. What is done, and only that, is what the plan says.
package execution

import (
	"encoding/json"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
)

// SchemaVersion is the version of the shapes of an outcome and a batch.
const SchemaVersion = 1

// Outcome is what became of one step: outcomes/{service}/{component}.json.
type Outcome struct {
	SchemaVersion int                        `json:"schemaVersion"`
	Run           string                     `json:"run"`
	Address       address.Address            `json:"address"`
	Kind          resource.Kind              `json:"kind"`
	Action        plan.Action                `json:"action"`
	Outcome       Verdict                    `json:"outcome"`
	Error         string                     `json:"error,omitempty"`   // the error's name
	Message       string                     `json:"message,omitempty"` // what happened and what to do, for a person
	Dirty         bool                       `json:"dirty,omitempty"`   // something is left half-done
	Leftovers     []string                   `json:"leftovers,omitempty"`
	Spec          json.RawMessage            `json:"spec,omitempty"`
	Revision      int                        `json:"revision,omitempty"`
	InputsDigest  string                     `json:"inputsDigest,omitempty"`
	DependsOn     []string                   `json:"dependsOn,omitempty"` // service/component, sorted
	Outputs       map[string]json.RawMessage `json:"outputs,omitempty"`
	Changes       []ResourceChange           `json:"changes,omitempty"`
	Hooks         []HookResult               `json:"hooks,omitempty"`
	Snapshots     []string                   `json:"snapshots,omitempty"` // last snapshots of data that has gone
	Resources     int                        `json:"resources"`
	Account       string                     `json:"account,omitempty"`
	Region        string                     `json:"region,omitempty"`
	Epoch         string                     `json:"epoch,omitempty"` // of the checkpoint that holds the component now
	StartedAt     time.Time                  `json:"startedAt"`
	EndedAt       time.Time                  `json:"endedAt"`
}

// Verdict is how a step ended.
type Verdict string

// The verdicts.
const (
	Done      Verdict = "done"      // the component is as planned
	Unchanged Verdict = "unchanged" // a conditional update was not needed
	Kept      Verdict = "kept"      // a deletion that the component's deletionPolicy turned into letting go
	Failed    Verdict = "failed"    // see Error, Message and Dirty
	Skipped   Verdict = "skipped"   // not begun, because a step before it failed or the run was stopped
)

// Fine reports whether what depends on the step may go on.
func (v Verdict) Fine() bool { return v == Done || v == Unchanged || v == Kept }

// Batch is what one executor task is given: waves/{n}/{batch}.json. It stands on its own: no other artifact is read.
type Batch struct {
	SchemaVersion int             `json:"schemaVersion"`
	Run           string          `json:"run"`
	Scope         address.Address `json:"scope"`
	Wave          int             `json:"wave"`
	Number        int             `json:"number"`
	Parallelism   int             `json:"parallelism,omitempty"` // steps at a time; 0: the executor's own
	Preview       string          `json:"preview,omitempty"`     // only tell what would be done; the digest of the plan
	Phase         *Phase          `json:"phase,omitempty"`       // only hooks are called
	Assignments   []Assignment    `json:"assignments"`
}

// Assignment is one step of a batch with all that its order needs.
type Assignment struct {
	Order       Order                      `json:"order"`
	Action      plan.Action                `json:"action"`
	Conditional bool                       `json:"conditional,omitempty"`
	Revision    int                        `json:"revision"`
	DependsOn   []string                   `json:"dependsOn,omitempty"` // all that the component needs, service/component, sorted
	Within      []string                   `json:"within,omitempty"`    // steps of this batch that come first
	Reads       []Read                     `json:"reads,omitempty"`     // outputs that the spec refers to
	Known       string                     `json:"known,omitempty"`     // the inputs digest of the last success
	Outputs     map[string]json.RawMessage `json:"outputs,omitempty"`   // the component's present outputs, kept when nothing changes
	Unknown     []string                   `json:"unknown,omitempty"`   // see Preview
	// Skip says why the step cannot be begun: what it waits for went wrong in an earlier wave.
	Skip string `json:"skip,omitempty"`
	// Quiet says that the component's hooks are not called: what a failed run did is taken back.
	Quiet bool `json:"quiet,omitempty"`
	// OnFailure is what the step's failure does to the run: unless it is continue, nothing more of the batch is begun.
	OnFailure resource.OnFailure `json:"onFailure,omitempty"`
}

// Read is one output that a component's spec refers to.
type Read struct {
	Component string `json:"component"` // service/component
	Output    string `json:"output"`
}

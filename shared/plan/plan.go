// Package plan says what should change: a set of resources, their graph and the state's snapshot go in, a Plan of Steps
// comes out, which execution then obeys. Destroying is a plan too.
package plan

import (
	"encoding/json"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

// SchemaVersion is the version of plan.json's shape.
const SchemaVersion = 1

// Action is what a step does to its component.
type Action string

// The actions. A component that is left alone has no step; it counts as NoOp.
const (
	Create  Action = "create"
	Update  Action = "update"
	Replace Action = "replace"
	Delete  Action = "delete"
	NoOp    Action = "no-op"
)

// Plan is the steps that bring a stack and environment from its state to what its bundle says.
type Plan struct {
	SchemaVersion int             `json:"schemaVersion"`
	Scope         address.Address `json:"scope"`
	Run           string          `json:"run"`
	Operation     run.Operation   `json:"operation"`
	Bundle        run.BundleRef   `json:"bundle"`
	Base          Base            `json:"base"`
	Counts        Counts          `json:"counts"`
	Steps         []Step          `json:"steps"` // ordered by wave, then level, then address; no no-ops
	Waves         []Wave          `json:"waves"`
	// OnFailure is what a failed component does to the run, unless its step says otherwise.
	OnFailure resource.OnFailure `json:"onFailure,omitempty"`
	// Rollback says what undoing the plan would come to; absent where it would not be undone.
	Rollback *Prospect `json:"rollback,omitempty"`
	// Kept is what the plan leaves as it is although it was to go or to be brought back, and why; sorted.
	Kept []Kept `json:"kept,omitempty"`
	// Rules is which of the rules over deployments the bundle changes, in words: who has to agree, when nothing may be
	// deployed, which policies hold.
	Rules []string `json:"rules,omitempty"`
	// Digest is the SHA-256 of the plan without Run and Digest: an approval is bound to it.
	Digest string `json:"digest"`
}

// Base is the state that the plan starts from. When it has moved, the plan is stale.
type Base struct {
	Lineage string `json:"lineage,omitempty"`
	Serial  int64  `json:"serial"`
}

// Counts is how many components each action touches. Conditional counts the updates that happen only if what they see of
// their upstreams turns out to have changed; they are part of Update as well.
type Counts struct {
	Create      int `json:"create"`
	Update      int `json:"update"`
	Replace     int `json:"replace"`
	Delete      int `json:"delete"`
	NoOp        int `json:"noOp"`
	Conditional int `json:"conditional"`
	// LeftOut is how many changes are left to another run; see Options.Only.
	LeftOut int `json:"leftOut,omitempty"`
}

// Changes is the number of components that a step touches.
func (c Counts) Changes() int { return c.Create + c.Update + c.Replace + c.Delete }

// Step is one component's change.
type Step struct {
	Address     address.Address `json:"address"`
	Kind        resource.Kind   `json:"kind"`
	Action      Action          `json:"action"`
	Reasons     []string        `json:"reasons"`               // why, in words
	Conditional bool            `json:"conditional,omitempty"` // see Counts
	Changes     []Change        `json:"changes,omitempty"`     // of the spec, sorted by path
	Needs       []string        `json:"needs,omitempty"`       // service/component of the steps that come before, sorted
	Stateful    bool            `json:"stateful,omitempty"`    // the component holds data
	// DeletionPolicy says what becomes of the data, where the step deletes or replaces a component that holds some.
	DeletionPolicy resource.DeletionPolicy `json:"deletionPolicy,omitempty"`
	// Saves says that a rollback deletes data here. AWS does so only after it has taken a last snapshot, as the component's
	// deletionPolicy has told it to; no other component's data is touched.
	Saves bool `json:"saves,omitempty"`
	// OnFailure is what the component's failure does to the run, where it says so itself.
	OnFailure resource.OnFailure `json:"onFailure,omitempty"`
	Where     string             `json:"where,omitempty"` // file:line:column of its document
	// Level is how many steps, this one included, come one after another at the least until this one: 1 waits for none.
	// Steps of one level do not wait for one another. A wave holds one level or several.
	Level int `json:"level"`
	// Seconds is how long the step is expected to take: as long as the last time, or as its kind usually does.
	Seconds int `json:"seconds"`
}

// Change is one field of a spec that differs. Before or After is absent where the field is.
type Change struct {
	Path   string          `json:"path"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	// Unknown says that After is an upstream's output that is known only after apply.
	Unknown bool `json:"unknown,omitempty"`
	// Replaces says that this field cannot be changed in place.
	Replaces bool `json:"replaces,omitempty"`
}

// Wave is batches none of which waits for another of the wave. A wave begins when the one before has ended.
type Wave struct {
	Batches []Batch `json:"batches"`
}

// Batch is the steps, by service/component, that one executor task carries out: each as soon as those of the batch that it
// needs are done, and of several that could begin the first.
type Batch struct {
	Steps []string `json:"steps"`
}

// Step returns the step of a component by its service/component.
func (p *Plan) Step(short string) (*Step, bool) {
	for i := range p.Steps {
		if p.Steps[i].Address.Short() == short {
			return &p.Steps[i], true
		}
	}
	return nil, false
}

// Answer is what the failure of a step, or of something else where step is nil, does to the run: what its component says,
// else what the environment says, else it ends the run. What deletes everything or brings back what was is not undone.
func (p *Plan) Answer(step *Step) resource.OnFailure {
	answer := p.OnFailure
	if step != nil && step.OnFailure != "" {
		answer = step.OnFailure
	}
	if answer == "" || answer == resource.OnFailureRollback && (p.Operation.Destroys() || p.Operation.RollsBack()) {
		return resource.OnFailureStop
	}
	return answer
}

// count adds a step's action.
func (c *Counts) count(s Step) {
	switch s.Action {
	case Create:
		c.Create++
	case Update:
		c.Update++
	case Replace:
		c.Replace++
	case Delete:
		c.Delete++
	case NoOp:
		c.NoOp++
	}
	if s.Conditional {
		c.Conditional++
	}
}

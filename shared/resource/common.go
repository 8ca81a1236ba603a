package resource

// Common holds the fields that every component has.
type Common struct {
	// components that have to be deployed before this one; what is read with valueFrom need not be repeated
	DependsOn []Dependency `json:"dependsOn,omitempty"`
	// tags of everything the component creates, over those of its service and its stack
	Tags map[string]string `json:"tags,omitempty"`
	// what happens to the data when the component is removed: Retain keeps it, Snapshot takes a last backup first, Delete does neither
	DeletionPolicy DeletionPolicy `json:"deletionPolicy" jsonschema:"enum=Retain,enum=Snapshot,enum=Delete"`
	// allows changes that delete the component and create it anew; a component that holds data is never replaced without it
	AllowReplace bool `json:"allowReplace,omitempty"`
	// refuses to delete or replace the component, whatever a plan says, until this is taken out
	Protect bool `json:"protect,omitempty"`
	// how long deploying the component may take
	Timeout Duration `json:"timeout"`
	// what happens to the deployment when this component fails; without it the environment's onFailure holds
	OnFailure OnFailure `json:"onFailure,omitempty" jsonschema:"enum=rollback,enum=stop,enum=continue"`
	// how often a step is tried again after an error that may pass: throttling, conflicts, lost connections
	Retry Retry `json:"retry"`
	// what runs before and after the component is deployed
	Hooks Hooks `json:"hooks,omitzero"`
	// what must hold before the component counts as deployed
	Verify Verify `json:"verify,omitzero"`
	// what happens when somebody changes the component outside of deployer
	Drift ComponentDrift `json:"drift,omitzero"`
}

// Base returns the common fields; embedding Common makes a struct half a Spec.
func (c *Common) Base() *Common { return c }

// Dependency names a component that has to be deployed first.
type Dependency struct {
	// the component, as service/component, or its name alone within the same service
	Component ComponentRef `json:"component" jsonschema:"required"`
	// why, for those who read the plan
	Reason string `json:"reason,omitempty" jsonschema:"maxLength=200"`
}

// DeletionPolicy says what happens to a removed component's data.
type DeletionPolicy string

// The deletion policies.
const (
	Retain   DeletionPolicy = "Retain"
	Snapshot DeletionPolicy = "Snapshot"
	Delete   DeletionPolicy = "Delete"
)

// OnFailure says what a failure does to the deployment.
type OnFailure string

// The answers to a failure.
const (
	OnFailureRollback OnFailure = "rollback" // undo what this run did, in reverse order
	OnFailureStop     OnFailure = "stop"     // start nothing more, leave what is done
	OnFailureContinue OnFailure = "continue" // go on with what does not depend on it
)

// Retry says how often and how soon a failed step is tried again.
type Retry struct {
	// the most attempts after the first; 0 tries once
	Limit int `json:"limit" jsonschema:"minimum=0,maximum=10"`
	// the wait between two attempts
	Backoff Backoff `json:"backoff"`
}

// Backoff is a wait that grows with every attempt; it is spread at random.
type Backoff struct {
	// the wait before the second attempt
	Duration Duration `json:"duration"`
	// by how much each wait is longer than the one before
	Factor float64 `json:"factor" jsonschema:"minimum=1,maximum=10"`
	// the longest wait
	MaxDuration Duration `json:"maxDuration"`
}

// ComponentDrift says what happens when a component is changed from outside. Nothing looks for that yet.
type ComponentDrift struct {
	// not yet: puts the component back as it is configured; without it the environment's setting holds
	AutoRemediate *bool `json:"autoRemediate,omitempty"`
	// not yet: fields whose changes are not reported, as in spec.replicas or tags.*
	Ignore []string `json:"ignore,omitempty" jsonschema:"minLength=1,uniqueItems=true"`
}

// defaultCommon is what a component has that says nothing. timeout is how long its kind usually takes, with room.
func defaultCommon(policy DeletionPolicy, timeout Duration) Common {
	return Common{
		DeletionPolicy: policy, Timeout: timeout,
		Retry: Retry{Limit: 2, Backoff: Backoff{Duration: 5 * Second, Factor: 2, MaxDuration: Minute}},
	}
}

// The longest and shortest time that deploying one component may be given.
const (
	minTimeout = Minute
	maxTimeout = 12 * Hour
)

func (c *Common) check(k *Checker) {
	k.between("timeout", c.Timeout, minTimeout, maxTimeout)
	if backoff := c.Retry.Backoff; backoff.Duration > backoff.MaxDuration {
		k.Errorf(CodeRange, "retry.backoff.duration", "the first wait (%s) is longer than maxDuration (%s)", backoff.Duration, backoff.MaxDuration).
			WithHint("raise maxDuration")
	}
	if c.DeletionPolicy == Snapshot && !k.definition.Stateful {
		k.Errorf(CodeDeletionPolicy, "deletionPolicy", "a %s holds no data of which a snapshot could be taken", k.definition.Kind).
			WithHint("write Delete or Retain")
	}
	if c.DeletionPolicy == Snapshot && k.definition.Stateful && k.definition.NoSnapshot {
		k.Errorf(CodeDeletionPolicy, "deletionPolicy", "AWS takes no final snapshot of a %s", k.definition.Kind).
			WithHint("write Retain to keep the data, or Delete")
	}
	checkTags(k, "tags", c.Tags)
	warnOfDrift(k, "drift")
	c.Hooks.check(k, "hooks")
	c.Verify.check(k, "verify")
}
